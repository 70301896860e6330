//! Users with their workspaces: listed, started, stopped, kept awake, one or many at once.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use jiff::Timestamp;
use maru_model::{Lang as Language, Text, UserId};
use maru_store::users::User;
use maru_workspace::{Owner, WorkspaceError, WorkspaceView};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PAGE_MAX, Page, sees};
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::routes::workspace::keep_alive::{STAFF_MAX, Wanted};
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/workspaces", get(workspaces))
        .route("/admin/workspaces/{id}/{op}", post(one))
        .route("/admin/workspaces/{id}/keep-alive", post(keep_alive).delete(let_go))
        .route("/admin/workspaces/bulk", post(bulk))
}

/// A user with the workspace as it is now.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Of the workspace in lists of workspaces, of the user in lists of users.
    pub id: String,
    pub user_id: String,
    pub login: String,
    pub name: String,
    pub role: &'static str,
    /// May not log in.
    pub disabled: bool,
    pub workspace_id: Option<String>,
    pub state: String,
    pub phase: Option<String>,
    pub cause: Option<String>,
    pub image: Option<String>,
    pub started_at: Option<String>,
    /// When it will be stopped unless somebody uses it; only where that is soon.
    pub idle_stop_at: Option<String>,
    /// Until then it is not stopped for being idle.
    pub keep_alive_until: Option<String>,
    /// CPUs in use.
    pub cpu: Option<f64>,
    /// Bytes in use.
    pub memory: Option<u64>,
}

/// The users that `viewer` may see, in the order of their logins, after the login `after`.
pub async fn rows(state: &AppState, viewer: &User, search: &str, after: &str, limit: i64, lang: Language) -> ApiResult<Vec<Row>> {
    let running = state.workspaces.list();
    let users = state.store.users_seen_by(viewer, search, after, limit).await?;
    Ok(users
        .into_iter()
        .map(|user| {
            let view = running.iter().find(|(owner, _)| owner.id == user.id).map(|(_, view)| view);
            row(&user, view, lang)
        })
        .collect())
}

pub(super) fn row(user: &User, view: Option<&WorkspaceView>, lang: Language) -> Row {
    let usage = view.and_then(|view| view.usage);
    Row {
        id: user.id.to_string(),
        user_id: user.id.to_string(),
        login: user.login.to_string(),
        name: user.name.clone(),
        role: user.role.as_str(),
        disabled: user.disabled,
        workspace_id: view.map(|view| view.id.to_string()),
        state: view.map_or("stopped", |view| view.state.as_str()).to_owned(),
        phase: view.and_then(|view| view.phase).map(|phase| phase.text().get(lang).to_owned()),
        cause: view.and_then(|view| view.cause.as_ref()).map(|cause| cause.get(lang).to_owned()),
        image: view.map(|view| view.image.clone()),
        started_at: view.and_then(|view| view.started_at).map(|at| at.to_string()),
        idle_stop_at: view.and_then(|view| view.idle_stop_at).map(|at| at.to_string()),
        keep_alive_until: view.and_then(|view| view.keep_alive_until).map(|at| at.to_string()),
        cpu: usage.map(|usage| usage.cpus),
        memory: usage.map(|usage| usage.memory),
    }
}

/// The users of a page who have a workspace.
async fn workspaces(
    State(state): State<AppState>,
    caller: CurrentUser,
    Query(page): Query<Page>,
    Lang(lang): Lang,
) -> ApiResult<Json<Value>> {
    caller.require_staff()?;
    let rows = rows(&state, &caller.user, &page.q, &page.cursor, page.limit(), lang).await?;
    let cursor = page.next(&rows, |row| &row.login);
    let workspaces: Vec<Row> = rows.into_iter().filter_map(|row| Some(Row { id: row.workspace_id.clone()?, ..row })).collect();
    Ok(Json(json!({"workspaces": workspaces, "cursor": cursor})))
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Start,
    Stop,
    Cancel,
    Force,
    Restart,
    Recreate,
}

impl Op {
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Cancel => "cancel",
            Self::Force => "force",
            Self::Restart => "restart",
            Self::Recreate => "recreate",
        }
    }
}

/// The owner of a workspace that is named by its id or its owner's. Those of users that the caller may not see are not
/// found.
async fn owner_of(state: &AppState, caller: &CurrentUser, id: &str) -> ApiResult<User> {
    caller.require_staff()?;
    let owner = state.workspaces.list().into_iter().find(|(_, view)| view.id.as_str() == id).map(|(owner, _)| owner.id);
    let user = state.store.user(&owner.unwrap_or_else(|| UserId::from(id))).await?.ok_or_else(ApiError::not_found)?;
    if sees(state, caller, &user).await? { Ok(user) } else { Err(ApiError::not_found()) }
}

pub(super) fn owner(user: &User) -> Owner {
    Owner { id: user.id.clone(), login: user.login.clone(), name: user.name.clone() }
}

/// The row after something was done, or why it was not.
fn said(user: &User, view: Result<WorkspaceView, WorkspaceError>, lang: Language) -> ApiResult<Row> {
    let view = view.map_err(|error| ApiError::new(StatusCode::CONFLICT, "workspace", error.cause()))?;
    Ok(Row { id: view.id.to_string(), ..row(user, Some(&view), lang) })
}

/// Does one thing to one workspace, and writes down who did it.
async fn act(state: &AppState, caller: &CurrentUser, id: &str, op: Op, lang: Language) -> ApiResult<Row> {
    let user = owner_of(state, caller, id).await?;
    state.store.audit(&caller.user.id, Some(&user.id), &format!("workspace.{}", op.as_str()), "").await?;
    let owner = owner(&user);
    let view = match op {
        Op::Start => {
            crate::starter::begin(state, &user);
            state.workspaces.ensure(&owner).await
        }
        Op::Stop => state.workspaces.stop_by_staff(&owner).await,
        Op::Cancel => state.workspaces.cancel(&owner).await,
        Op::Force => state.workspaces.force_stop(&owner).await,
        Op::Restart => state.workspaces.restart(&owner).await,
        Op::Recreate => state.workspaces.recreate(&owner).await,
    };
    said(&user, view, lang)
}

async fn one(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path((id, op)): Path<(String, Op)>,
    Lang(lang): Lang,
) -> ApiResult<Json<Row>> {
    act(&state, &caller, &id, op, lang).await.map(Json)
}

/// Keeps a student's workspace from being stopped for idleness: `{until}` a time, or `{hours}` more.
async fn keep_alive(
    State(state): State<AppState>,
    caller: CurrentUser,
    Path(id): Path<String>,
    Lang(lang): Lang,
    Json(wanted): Json<Wanted>,
) -> ApiResult<Json<Row>> {
    let user = owner_of(&state, &caller, &id).await?;
    let present = state.workspaces.get(&owner(&user)).await.map_err(ApiError::internal)?.keep_alive_until;
    let until = wanted.until(present, Timestamp::now(), STAFF_MAX)?;
    state.store.audit(&caller.user.id, Some(&user.id), "workspace.keep_alive", &until.to_string()).await?;
    said(&user, state.workspaces.keep_alive(&owner(&user), Some(until)).await, lang).map(Json)
}

async fn let_go(State(state): State<AppState>, caller: CurrentUser, Path(id): Path<String>, Lang(lang): Lang) -> ApiResult<Json<Row>> {
    let user = owner_of(&state, &caller, &id).await?;
    state.store.audit(&caller.user.id, Some(&user.id), "workspace.keep_alive", "no longer").await?;
    said(&user, state.workspaces.keep_alive(&owner(&user), None).await, lang).map(Json)
}

#[derive(Deserialize)]
struct Bulk {
    op: Op,
    ids: Vec<String>,
}

async fn bulk(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang, Json(asked): Json<Bulk>) -> ApiResult<Json<Value>> {
    caller.require_staff()?;
    if i64::try_from(asked.ids.len()).map_or(true, |ids| ids > PAGE_MAX) {
        return Err(ApiError::bad_request(Text::new(
            format!("At most {PAGE_MAX} at once."),
            format!("한 번에 {PAGE_MAX}개까지 할 수 있습니다."),
        )));
    }
    let mut results = Vec::new();
    for id in asked.ids {
        results.push(match act(&state, &caller, &id, asked.op, lang).await {
            Ok(row) => json!({"id": id, "ok": true, "workspace": row}),
            Err(error) => json!({"id": id, "ok": false, "error": error.body(lang)}),
        });
    }
    Ok(Json(json!({"results": results})))
}
