//! Students' applications as their instructors see them: how all of a class are, and one with its parts and logs. Nothing is
//! changed here; what programs write is looked at under the audit's eyes.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use maru_model::{Lang as Language, Role, Text};
use maru_rollout::{App, CurrentState, HealthState};
use maru_store::classes::Class;
use maru_store::users::User;
use serde::Serialize;
use serde_json::{Value, json};

use super::{seen_class, seen_user};
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::routes::app;
use crate::routes::app_map::{LogQuery, log_lines, map_json};
use crate::routes::builds::rfc3339;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/classes/{id}/apps", get(of_class))
        .route("/admin/users/{login}/app", get(show))
        .route("/admin/users/{login}/app/map", get(map))
        .route("/admin/users/{login}/app/logs", get(logs))
}

/// A student's application in a line.
#[derive(Debug, Serialize)]
pub struct AppRow {
    pub login: String,
    pub name: String,
    pub health: CurrentState,
    pub url: Option<String>,
    pub commit: Option<String>,
    pub time: Option<String>,
    /// Of all its workloads together.
    pub ready: i64,
    pub wanted: i64,
    /// What is wrong, or what it waits for.
    pub message: Option<String>,
}

impl AppRow {
    fn new(user: &User, app: Option<&App>, lang: Language) -> Self {
        let current = app.and_then(|app| app.current.as_ref());
        let count = |of: fn(&maru_rollout::ObjectHealth) -> Option<i64>| app.iter().flat_map(|app| &app.objects).filter_map(of).sum();
        Self {
            login: user.login.to_string(),
            name: user.name.clone(),
            health: app.map_or(CurrentState::None, |app| app.state),
            url: app.and_then(|app| app.urls.first().cloned()),
            commit: current.map(|rollout| rollout.commit.clone()),
            time: current.map(|rollout| rfc3339(rollout.finished_at.unwrap_or(rollout.created_at))),
            ready: count(|object| object.ready),
            wanted: count(|object| object.wanted),
            message: app.and_then(|app| message(app, lang)),
        }
    }
}

fn message(app: &App, lang: Language) -> Option<String> {
    let unhealthy = app.objects.iter().filter(|object| object.state != HealthState::Healthy).max_by_key(|object| object.state);
    let failed = app.current.as_ref().filter(|_| app.state == CurrentState::Failed);
    if let Some(diagnostic) = failed.and_then(|rollout| rollout.diagnostics.iter().find(|diagnostic| diagnostic.is_error())) {
        return diagnostic.message.get(lang).lines().next().map(str::to_owned);
    }
    if app.stopped {
        return Some(Text::new("stopped by its owner", "주인이 정지했습니다").get(lang).to_owned());
    }
    unhealthy.map(|object| format!("{} {}: {}", object.object.kind, object.object.name, object.message.get(lang)))
}

/// The applications of a class's students, by login; whether the cluster could be asked.
pub async fn class_apps(state: &AppState, class: &Class, lang: Language) -> ApiResult<(Vec<AppRow>, bool)> {
    // It gives its instructors no right any more.
    if class.archived_at.is_some() {
        return Ok((Vec::new(), true));
    }
    let members = state.store.class_members(&class.id, "", "", i64::MAX).await?;
    let students: Vec<User> =
        members.into_iter().filter(|(user, role)| *role == Role::Student && user.role == Role::Student).map(|(user, _)| user).collect();
    let apps = state.rollouts.apps(&students).await?;
    let answers = apps.iter().flatten().all(|app| app.cluster_answers);
    Ok((students.iter().zip(&apps).map(|(user, app)| AppRow::new(user, app.as_ref(), lang)).collect(), answers))
}

async fn of_class(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    let class = seen_class(&state, &caller, id).await?;
    let (apps, cluster_answers) = class_apps(&state, &class, lang).await?;
    Ok(Json(json!({"apps": apps, "cluster_answers": cluster_answers})))
}

async fn show(State(state): State<AppState>, caller: CurrentUser, Path(login): Path<String>, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    app::answer(&state, &seen_user(&state, &caller, &login).await?, lang).await
}

async fn map(State(state): State<AppState>, caller: CurrentUser, Path(login): Path<String>, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    let user = seen_user(&state, &caller, &login).await?;
    Ok(Json(map_json(&state.rollouts.map(&user).await?, lang)))
}

async fn logs(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(login): Path<String>,
    Query(query): Query<LogQuery>,
) -> ApiResult<Response> {
    let user = seen_user(&state, &caller, &login).await?;
    if user.id != caller.user.id {
        state.store.audit(&caller.user.id, Some(&user.id), "app.logs", "").await?;
    }
    log_lines(&state, &user, query.is_followed()).await
}
