//! Start, stop, the ladder from restart to factory reset, and how long it is kept awake; and the state, now or as it
//! changes.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use http::StatusCode;
use jiff::Timestamp;
use maru_workspace::{Notice, NoticeWords, State as WorkspaceState, WorkspaceError, WorkspaceView, Workspaces};
use serde::Deserialize;
use serde_json::{Value, json};

use super::keep_alive::{self, Wanted};
use super::owner;
use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::state::AppState;

/// What is said of a workspace after something was asked of it.
type Said = ApiResult<(StatusCode, Json<Value>)>;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace", get(show).put(ensure))
        .route("/workspace/events", get(events))
        .route("/workspace/stop", post(stop))
        .route("/workspace/cancel", post(cancel))
        .route("/workspace/force", post(force))
        .route("/workspace/restart", post(restart))
        .route("/workspace/recreate", post(recreate))
        .route("/workspace/reset", post(reset))
        .route("/workspace/reset/undo", post(undo_reset))
        .route("/workspace/homes", get(homes))
        .route("/workspace/keep-alive", post(keep).delete(let_go))
        .route("/workspace/activity", post(activity))
}

pub(super) fn body(view: &WorkspaceView, lang: maru_model::Lang) -> Value {
    json!({
        "id": view.id,
        "state": view.state,
        "phase": view.phase,
        // The same for people.
        "phase_text": view.phase.map(|phase| phase.text().get(lang).to_owned()),
        "cause": view.cause.as_ref().map(|cause| cause.get(lang)),
        "position": view.position,
        "deadline": view.deadline,
        "image": view.image,
        "started_at": view.started_at,
        "limits": view.limits,
        "home": view.home,
        "usage": view.usage,
        "notices": view.notices.iter().map(|notice| told(notice, lang)).collect::<Vec<_>>(),
        "idle_stop_at": view.idle_stop_at,
        "keep_alive_until": view.keep_alive_until,
        "safe_mode": view.safe_mode.map(|reason| json!({"reason": reason, "text": reason.text().get(lang)})),
        "undo_until": view.undo_until,
        "snapshot_trouble": view.snapshot_trouble.as_ref().map(|cause| cause.get(lang)),
    })
}

/// What ran out, for programs and for people.
fn told(notice: &Notice, lang: maru_model::Lang) -> Value {
    let NoticeWords { text, fix } = NoticeWords::of(notice);
    json!({
        "id": notice.id.to_string(),
        "kind": notice.kind,
        "at": Timestamp::from_millisecond(notice.id).ok(),
        "process": notice.process,
        "pid": notice.pid,
        "size": notice.size,
        "limit": notice.limit,
        "count": notice.count,
        "text": text.get(lang),
        "fix": fix.get(lang),
    })
}

/// 200 where nothing more will happen by itself, 202 while it does.
fn answer(view: &WorkspaceView, lang: maru_model::Lang) -> (StatusCode, Json<Value>) {
    let status = match view.state {
        WorkspaceState::Queued | WorkspaceState::Starting | WorkspaceState::Stopping => StatusCode::ACCEPTED,
        WorkspaceState::Stopped | WorkspaceState::Ready | WorkspaceState::Failed => StatusCode::OK,
    };
    (status, Json(body(view, lang)))
}

async fn show(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    Ok(Json(body(&state.workspaces.get(&owner(&user)).await?, lang)))
}

async fn ensure(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
) -> ApiResult<(StatusCode, Json<Value>)> {
    crate::starter::begin(&state, &user);
    Ok(answer(&state.workspaces.ensure(&owner(&user)).await?, lang))
}

/// Asks one thing of the caller's own workspace.
async fn ask<F>(
    state: &AppState,
    caller: &CurrentUser,
    lang: maru_model::Lang,
    ask: impl FnOnce(Workspaces, maru_workspace::Owner) -> F,
) -> Said
where
    F: Future<Output = Result<WorkspaceView, WorkspaceError>>,
{
    Ok(answer(&ask(state.workspaces.clone(), owner(&caller.user)).await?, lang))
}

async fn stop(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> Said {
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.stop(&owner).await).await
}

/// Gives up a start that is going on or waits; anything else goes its way.
async fn cancel(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> Said {
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.cancel(&owner).await).await
}

/// Ends and removes the container at once, whatever is going on. The home stays.
async fn force(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> Said {
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.force_stop(&owner).await).await
}

async fn restart(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> Said {
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.restart(&owner).await).await
}

async fn recreate(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> Said {
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.recreate(&owner).await).await
}

/// A new home gets the project cloned, as a user's first one does.
async fn reset(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> Said {
    crate::starter::ensure(&state, &caller.user).await?;
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.reset(&owner).await).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Undo {
    /// One of the homes that GET /workspace/homes lists; the last where nothing is said.
    home: Option<i64>,
}

async fn undo_reset(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang, undo: Option<Json<Undo>>) -> Said {
    let home = undo.and_then(|Json(undo)| undo.home);
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.undo_reset(&owner, home).await).await
}

/// The homes that resets put aside and that can be given back, the newest first.
async fn homes(State(state): State<AppState>, caller: CurrentUser) -> ApiResult<Json<Value>> {
    let time = |millis| Timestamp::from_millisecond(millis).ok();
    let homes = state.workspaces.previous_homes(&owner(&caller.user)).await?;
    let homes: Vec<_> = homes
        .into_iter()
        .map(|home| json!({"home": home.home, "retired_at": time(home.retired_at), "kept_until": time(home.kept_until)}))
        .collect();
    Ok(Json(json!({"homes": homes})))
}

/// `{hours}` more, or `{until}` a time; an hour where nothing is said.
async fn keep(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang, wanted: Option<Json<Wanted>>) -> Said {
    let owner = owner(&caller.user);
    let wanted = wanted.map(|Json(wanted)| wanted).unwrap_or_default();
    let present = state.workspaces.get(&owner).await?.keep_alive_until;
    let until = wanted.until(present, Timestamp::now(), keep_alive::OWNER_MAX)?;
    Ok(answer(&state.workspaces.keep_alive(&owner, Some(until)).await?, lang))
}

async fn let_go(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> Said {
    ask(&state, &caller, lang, async |workspaces, owner| workspaces.keep_alive(&owner, None).await).await
}

/// Somebody types in the page. Terminals tell it by themselves; an editor keeps it to itself until it saves.
async fn activity(State(state): State<AppState>, caller: CurrentUser) -> Result<StatusCode, ApiError> {
    state.workspaces.touch(&caller.user.id);
    Ok(StatusCode::NO_CONTENT)
}

/// The workspace at once and after every change.
async fn events(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let mut views = state.workspaces.subscribe(&owner(&user)).await?;
    views.mark_changed();
    let views = stream::unfold(views, |mut views| async move {
        views.changed().await.ok()?;
        let view = views.borrow_and_update().clone();
        Some((view, views))
    });
    let events = views.map(move |view| Ok(Event::default().data(body(&view, lang).to_string())));
    // Else an open page would keep a server that is asked to end.
    let events = events.take_until(state.shutdown.clone().cancelled_owned());
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
