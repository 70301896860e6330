use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maru_gateway::Entry;
use maru_model::ClassId;

use super::frame::{Frame, Staff};
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::pages::render;
use crate::proxy;
use crate::routes::{self, Row};
use crate::state::AppState;

/// Of the requests to a user's application, the newest.
const REQUESTS_SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage {
    frame: Frame,
    rows: Vec<Line>,
    /// Where a new user may be put.
    classes: Vec<(ClassId, String)>,
}

/// A row in words: what is not known is empty.
struct Line {
    user_id: String,
    workspace_id: String,
    login: String,
    name: String,
    role: &'static str,
    disabled: bool,
    state: String,
    phase: String,
    started_at: String,
    cpu: String,
    memory: String,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self {
            user_id: row.user_id,
            state: if row.workspace_id.is_some() { row.state } else { "none".to_owned() },
            workspace_id: row.workspace_id.unwrap_or_default(),
            login: row.login,
            name: row.name,
            role: row.role,
            disabled: row.disabled,
            phase: row.cause.or(row.phase).unwrap_or_default(),
            started_at: row.started_at.unwrap_or_default(),
            cpu: row.cpu.map(|cpus| format!("{:.0} %", cpus * 100.0)).unwrap_or_default(),
            memory: row.memory.map(|bytes| format!("{} MiB", bytes >> 20)).unwrap_or_default(),
        }
    }
}

impl UsersPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

pub async fn page(State(state): State<AppState>, Staff(caller): Staff, Lang(lang): Lang) -> ApiResult<Response> {
    let rows = routes::rows(&state, &caller.user, "", "", routes::PAGE_MAX, lang).await?.into_iter().map(Line::from).collect();
    let classes = state.store.classes_seen_by(&caller.user, "", "", routes::PAGE_MAX).await?;
    let classes = classes.into_iter().filter(|class| class.archived_at.is_none()).map(|class| (class.id, class.name)).collect();
    Ok(render(&UsersPage { frame: Frame::new(&state, &caller, lang, "users"), rows, classes })?.into_response())
}

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserPage {
    frame: Frame,
    user: Shown,
    classes: Vec<(ClassId, String)>,
    /// None where no log is kept, or the cluster is away.
    requests: Option<Vec<Asked>>,
}

/// One request to the user's application.
struct Asked {
    at: String,
    what: String,
    status: u16,
    bytes: u64,
    ms: u64,
    client: String,
}

impl From<Entry> for Asked {
    fn from(entry: Entry) -> Self {
        let at = routes::asked_at(&entry).map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default();
        let Entry { client, method, host, path, status, bytes, ms, .. } = entry;
        Self { at, what: format!("{method} {host}{path}"), status, bytes, ms, client }
    }
}

struct Shown {
    login: String,
    name: String,
    role: &'static str,
    disabled: bool,
}

impl UserPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

pub async fn one(State(state): State<AppState>, Staff(caller): Staff, Path(login): Path<String>, Lang(lang): Lang) -> ApiResult<Response> {
    let user = routes::seen_user(&state, &caller, &login).await?;
    let classes = state.store.classes_of(&user.id).await?;
    let requests = proxy::app_requests(&state, &user.login.namespace()).await.ok().flatten();
    let requests = requests.map(|entries| entries.into_iter().take(REQUESTS_SHOWN).map(Asked::from).collect());
    let user = Shown { login: user.login.to_string(), name: user.name, role: user.role.as_str(), disabled: user.disabled };
    Ok(render(&UserPage { frame: Frame::new(&state, &caller, lang, "users"), user, classes, requests })?.into_response())
}
