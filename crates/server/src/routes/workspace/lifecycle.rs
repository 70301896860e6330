//! Start, stop, restart, recreate; and the state, now or as it changes.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use http::StatusCode;
use maru_workspace::{State as WorkspaceState, WorkspaceView};
use serde_json::{Value, json};

use super::owner;
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace", get(show).put(ensure))
        .route("/workspace/events", get(events))
        .route("/workspace/stop", post(stop))
        .route("/workspace/restart", post(restart))
        .route("/workspace/recreate", post(recreate))
}

fn body(view: &WorkspaceView, lang: maru_model::Lang) -> Value {
    json!({
        "id": view.id,
        "state": view.state,
        "phase": view.phase,
        // The same for people.
        "phase_text": view.phase.map(|phase| phase.text().get(lang).to_owned()),
        "cause": view.cause.as_ref().map(|cause| cause.get(lang)),
        "position": view.position,
        "image": view.image,
        "started_at": view.started_at,
        "limits": view.limits,
        "usage": view.usage,
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
    // A new home gets the project cloned, so it has to be there before. Without it the workspace is still of use.
    if let Err(error) = crate::starter::ensure(&state, &user).await {
        tracing::warn!(?error, user = %user.login, "the starter project cannot be made");
    }
    Ok(answer(&state.workspaces.ensure(&owner(&user)).await?, lang))
}

async fn stop(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
) -> ApiResult<(StatusCode, Json<Value>)> {
    Ok(answer(&state.workspaces.stop(&owner(&user)).await?, lang))
}

async fn restart(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
) -> ApiResult<(StatusCode, Json<Value>)> {
    Ok(answer(&state.workspaces.restart(&owner(&user)).await?, lang))
}

async fn recreate(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
) -> ApiResult<(StatusCode, Json<Value>)> {
    Ok(answer(&state.workspaces.recreate(&owner(&user)).await?, lang))
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
