//! Deploy, as an API.

use std::convert::Infallible;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, StatusCode};
use maru_model::{DeploymentId, Text};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::CurrentUser;
use crate::deploy::DeployPlan;
use crate::error::{ApiError, ApiResult};
use crate::lang::Lang;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/deployments", get(latest).post(start))
        .route("/deployments/plan", get(plan))
        .route("/deployments/{id}", get(show))
        .route("/deployments/{id}/events", get(events))
        .route("/deployments/{id}/cancel", post(cancel))
}

#[derive(Deserialize, Default)]
struct Request {
    message: Option<String>,
}

/// The longest commit message and `Idempotency-Key` that are taken, in bytes.
const MESSAGE_MAX: usize = 4096;
const KEY_MAX: usize = 255;

async fn start(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let request: Request =
        if body.is_empty() { Request::default() } else { serde_json::from_slice(&body).map_err(|error| ApiError::bad_json(&error))? };
    let message = request.message.unwrap_or_default();
    let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap_or("")).filter(|key| !key.is_empty());
    if message.len() > MESSAGE_MAX || key.is_some_and(|key| key.len() > KEY_MAX) {
        return Err(ApiError::bad_request(Text::new(
            format!("The message may have {MESSAGE_MAX} bytes, the Idempotency-Key {KEY_MAX}."),
            format!("메시지는 {MESSAGE_MAX}바이트, Idempotency-Key는 {KEY_MAX}바이트까지입니다."),
        )));
    }
    let deployment = state.deployments.start(&state, &user, key, message.trim()).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"id": deployment.id, "state": deployment.state}))))
}

/// The newest one, if there is any: what a page shows that has just been opened.
async fn latest(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    let latest = state.deployments.latest(&state, &user.id).await?;
    Ok(Json(json!({"deployments": latest.iter().map(|deployment| deployment.json(lang)).collect::<Vec<_>>()})))
}

/// What a Deploy would do now; nothing is changed.
async fn plan(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    Ok(Json(DeployPlan::make(&state, &user).await?.json(lang)))
}

async fn show(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    Ok(Json(state.deployments.get(&state, &user.id, &DeploymentId::from(id)).await?.json(lang)))
}

/// The whole deployment at once and after every change, until it has ended.
async fn events(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
    Path(id): Path<String>,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let id = DeploymentId::from(id);
    // Followed before it is read: what happens in between is told by one of the two.
    let follow = state.deployments.follow(&id);
    let now = state.deployments.get(&state, &user.id, &id).await?;
    let first = stream::iter([now.clone()]);
    let rest = stream::unfold((follow, now.is_over()), |(follow, over)| async move {
        let mut follow = follow.filter(|_| !over)?;
        follow.changed().await.ok()?;
        let next = follow.borrow_and_update().clone();
        let over = next.is_over();
        Some((next, (Some(follow), over)))
    });
    let events = first.chain(rest).map(move |deployment| Ok(Event::default().data(deployment.json(lang).to_string())));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

async fn cancel(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Lang(lang): Lang,
    Path(id): Path<String>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let id = DeploymentId::from(id);
    let deployment = state.deployments.get(&state, &user.id, &id).await?;
    state.deployments.cancel(&id);
    Ok((StatusCode::ACCEPTED, Json(deployment.json(lang))))
}
