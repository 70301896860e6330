use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maru_model::{ClassLimits, ClassQuota, Egress, Quota, Role};
use maru_store::classes::Class;
use maru_store::users::User;

use super::frame::{Frame, Staff};
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::pages::render;
use crate::routes;
use crate::state::AppState;

/// The most members that are shown.
const SHOWN: i64 = 1000;

#[derive(Template)]
#[template(path = "admin/classes.html")]
struct ClassesPage {
    frame: Frame,
    classes: Vec<Class>,
}

impl ClassesPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }

    /// With the word, for a phone shows no heads of columns.
    fn students(&self, count: &i64) -> String {
        self.people(*count, "student", "학생")
    }

    fn instructors(&self, count: &i64) -> String {
        self.people(*count, "instructor", "강사")
    }

    fn people(&self, count: i64, en: &str, ko: &str) -> String {
        let plural = if count == 1 { "" } else { "s" };
        self.t(&format!("{count} {en}{plural}"), &format!("{ko} {count}명")).to_owned()
    }
}

pub async fn page(State(state): State<AppState>, Staff(caller): Staff, Lang(lang): Lang) -> ApiResult<Response> {
    let classes = state.store.classes_seen_by(&caller.user, "", "", SHOWN).await?;
    Ok(render(&ClassesPage { frame: Frame::new(&state, &caller, lang, "classes"), classes })?.into_response())
}

#[derive(Template)]
#[template(path = "admin/class.html")]
struct ClassPage {
    frame: Frame,
    class: Class,
    members: Vec<(User, Role)>,
    /// Empty: as installed.
    egress: &'static str,
    limits: LimitFields,
    quota: QuotaFields,
    /// Minutes; empty: as installed.
    sleep: String,
    sleep_installed: u32,
}

/// What is set, in the fields' units; empty where nothing is.
struct LimitFields {
    memory: String,
    cpus: String,
    disk: String,
    pids: String,
    sudo: bool,
    /// All that is set, as JSON: what has no field here stays as it is.
    rest: String,
}

impl LimitFields {
    fn new(limits: &ClassLimits) -> Self {
        let mebibytes = |bytes: Option<i64>| bytes.map(|bytes| (bytes >> 20).to_string()).unwrap_or_default();
        Self {
            memory: mebibytes(limits.memory),
            cpus: limits.cpus.map(|cpus| cpus.to_string()).unwrap_or_default(),
            disk: mebibytes(limits.disk),
            pids: limits.pids.map(|pids| pids.to_string()).unwrap_or_default(),
            sudo: limits.sudo == Some(true),
            rest: serde_json::to_string(limits).unwrap_or_default(),
        }
    }
}

/// The same of what applications may use, and beside each field what is installed.
struct QuotaFields {
    cpu: String,
    memory: String,
    pods: String,
    storage: String,
    container_cpu: String,
    container_memory: String,
    installed: Quota,
}

impl QuotaFields {
    fn new(quota: &ClassQuota) -> Self {
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let mebibytes = |bytes: Option<i64>| bytes.map(|bytes| (bytes >> 20).to_string()).unwrap_or_default();
        Self {
            cpu: number(quota.cpu),
            memory: mebibytes(quota.memory),
            pods: quota.pods.map(|pods| pods.to_string()).unwrap_or_default(),
            storage: mebibytes(quota.storage),
            container_cpu: number(quota.container_cpu),
            container_memory: mebibytes(quota.container_memory),
            installed: Quota::default(),
        }
    }

    fn mebibytes(bytes: &i64) -> i64 {
        bytes >> 20
    }
}

impl ClassPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

pub async fn one(State(state): State<AppState>, Staff(caller): Staff, Path(id): Path<String>, Lang(lang): Lang) -> ApiResult<Response> {
    let class = routes::seen_class(&state, &caller, id).await?;
    let members = state.store.class_members(&class.id, "", "", SHOWN).await?;
    let egress = state.store.class_egress(&class.id).await?.flatten().map_or("", Egress::as_str);
    let limits = LimitFields::new(&state.store.class_limits(&class.id).await?.unwrap_or_default());
    let quota = QuotaFields::new(&state.store.class_quota(&class.id).await?.unwrap_or_default());
    let sleep = state.store.class_sleep(&class.id).await?.flatten().map(|minutes| minutes.to_string()).unwrap_or_default();
    let sleep_installed = state.settings.now().app_sleep_minutes;
    let frame = Frame::new(&state, &caller, lang, "classes");
    Ok(render(&ClassPage { frame, class, members, egress, limits, quota, sleep, sleep_installed })?.into_response())
}
