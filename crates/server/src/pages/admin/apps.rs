//! Students' applications: all of a class, and one with its parts, events and logs.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maru_model::Lang as Language;
use maru_rollout::{App, AppMap, CurrentState, HealthState};

use super::frame::{Frame, Staff};
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::pages::render;
use crate::routes::{self, AppRow};
use crate::state::AppState;

/// A state in words, and how it is coloured.
fn pill(state: CurrentState, lang: Language) -> (&'static str, &'static str) {
    let (tone, en, ko) = match state {
        CurrentState::None => ("", "nothing deployed", "배포 안 함"),
        CurrentState::Progressing => ("busy", "on its way", "진행 중"),
        CurrentState::Healthy => ("good", "healthy", "정상"),
        CurrentState::Degraded => ("bad", "in trouble", "문제 있음"),
        CurrentState::Failed => ("bad", "rollout failed", "롤아웃 실패"),
    };
    (tone, if lang == Language::Ko { ko } else { en })
}

fn tone(state: HealthState) -> &'static str {
    match state {
        HealthState::Healthy => "good",
        HealthState::Paused | HealthState::Progressing => "busy",
        HealthState::Degraded => "bad",
    }
}

#[derive(Template)]
#[template(path = "admin/class_apps.html")]
struct ClassAppsPage {
    frame: Frame,
    class: maru_store::classes::Class,
    lines: Vec<Line>,
    healthy: usize,
    troubled: usize,
    cluster_answers: bool,
}

/// What is not known is empty.
struct Line {
    login: String,
    name: String,
    tone: &'static str,
    state: &'static str,
    ready: String,
    commit: String,
    time: String,
    url: String,
    message: String,
}

impl Line {
    fn new(row: AppRow, lang: Language) -> Self {
        let (tone, state) = pill(row.health, lang);
        Self {
            login: row.login,
            name: row.name,
            tone,
            state,
            ready: if row.wanted > 0 { format!("{} / {}", row.ready, row.wanted) } else { String::new() },
            commit: row.commit.map(|commit| commit.chars().take(7).collect()).unwrap_or_default(),
            time: row.time.unwrap_or_default(),
            url: row.url.unwrap_or_default(),
            message: row.message.unwrap_or_default(),
        }
    }
}

impl ClassAppsPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

pub async fn of_class(
    State(state): State<AppState>,
    Staff(caller): Staff,
    Path(id): Path<String>,
    Lang(lang): Lang,
) -> ApiResult<Response> {
    let class = routes::seen_class(&state, &caller, id).await?;
    let (rows, cluster_answers) = routes::class_apps(&state, &class, lang).await?;
    let count = |of: &[CurrentState]| rows.iter().filter(|row| of.contains(&row.health)).count();
    let (healthy, troubled) = (count(&[CurrentState::Healthy]), count(&[CurrentState::Degraded, CurrentState::Failed]));
    let lines = rows.into_iter().map(|row| Line::new(row, lang)).collect();
    let frame = Frame::new(&state, &caller, lang, "classes");
    Ok(render(&ClassAppsPage { frame, class, lines, healthy, troubled, cluster_answers })?.into_response())
}

#[derive(Template)]
#[template(path = "admin/app.html")]
struct AppPage {
    frame: Frame,
    login: String,
    name: String,
    tone: &'static str,
    state: &'static str,
    url: String,
    commit: String,
    /// Of the last rollout, where it did not get through.
    troubles: Vec<String>,
    parts: Vec<Part>,
    pods: Vec<PodLine>,
    events: Vec<EventLine>,
    cluster_answers: bool,
}

struct Part {
    name: String,
    tone: &'static str,
    message: String,
    place: String,
}

struct PodLine {
    name: String,
    tone: &'static str,
    phase: String,
    containers: String,
    restarts: i64,
}

struct EventLine {
    at: String,
    object: String,
    words: String,
    count: i64,
    warning: bool,
}

impl AppPage {
    fn new(frame: Frame, user: &maru_store::users::User, app: Option<&App>, map: &AppMap, lang: Language) -> Self {
        let (tone, state) = pill(app.map_or(CurrentState::None, |app| app.state), lang);
        let current = app.and_then(|app| app.current.as_ref());
        let failed = current.filter(|_| app.is_some_and(|app| app.state == CurrentState::Failed));
        Self {
            frame,
            login: user.login.to_string(),
            name: user.name.clone(),
            tone,
            state,
            url: app.and_then(|app| app.urls.first().cloned()).unwrap_or_default(),
            commit: current.map(|rollout| rollout.commit.chars().take(7).collect()).unwrap_or_default(),
            troubles: failed.iter().flat_map(|rollout| &rollout.diagnostics).map(|said| said.message.get(lang).to_owned()).collect(),
            parts: parts(map, lang),
            pods: pods(map),
            events: events(map, lang),
            cluster_answers: app.is_none_or(|app| app.cluster_answers),
        }
    }

    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        self.frame.t(en, ko)
    }
}

fn parts(map: &AppMap, lang: Language) -> Vec<Part> {
    let part = |node: &maru_rollout::MapNode| Part {
        name: format!("{} {}", node.health.object.kind, node.health.object.name),
        tone: tone(node.health.state),
        message: node.health.message.get(lang).to_owned(),
        place: node.place.as_ref().map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default(),
    };
    map.nodes.iter().map(part).collect()
}

fn pods(map: &AppMap) -> Vec<PodLine> {
    let line = |of: &maru_rollout::MapPod| {
        let pod = &of.pod;
        let said = |container: &maru_rollout::ContainerView| {
            let why = [container.state.as_str(), container.reason.as_str()].into_iter().filter(|word| !word.is_empty());
            format!("{}: {}", container.name, why.collect::<Vec<_>>().join(", "))
        };
        PodLine {
            name: pod.name.clone(),
            tone: if pod.ready || pod.phase == "Succeeded" { "good" } else { "busy" },
            phase: pod.phase.clone(),
            containers: pod.containers.iter().map(said).collect::<Vec<_>>().join("; "),
            restarts: pod.restarts,
        }
    };
    map.pods.iter().map(line).collect()
}

fn events(map: &AppMap, lang: Language) -> Vec<EventLine> {
    const SHOWN: usize = 30;
    let line = |event: &maru_rollout::EventView| EventLine {
        at: event.at.clone(),
        object: format!("{} {}", event.kind, event.name),
        words: event.words.get(lang).to_owned(),
        count: event.count,
        warning: event.warning,
    };
    map.events.iter().take(SHOWN).map(line).collect()
}

pub async fn one(State(state): State<AppState>, Staff(caller): Staff, Path(login): Path<String>, Lang(lang): Lang) -> ApiResult<Response> {
    let user = routes::seen_user(&state, &caller, &login).await?;
    let app = routes::app_of(&state, &user).await?;
    // What the database knows is shown without the cluster too, and the page says that it is away.
    let map = state.rollouts.map(&user).await.unwrap_or_default();
    let frame = Frame::new(&state, &caller, lang, "users");
    Ok(render(&AppPage::new(frame, &user, app.as_ref(), &map, lang))?.into_response())
}
