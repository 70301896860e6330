//! Builds: how they stand, their logs, their end.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use maru_build::{Build, Repository};
use maru_model::{BuildId, Lang};
use serde::Deserialize;
use serde_json::{Value, json};

use super::is_on;
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::lang;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/builds/{id}", get(show)).route("/builds/{id}/log", get(log)).route("/builds/{id}/cancel", post(cancel))
}

pub(super) fn json_of(build: &Build, repository: &Repository, lang: Lang) -> Value {
    json!({
        "id": build.id,
        "state": build.state,
        "number": build.number,
        "repository": repository.name,
        "commit": build.commit,
        "reason": build.reason.as_ref().map(|reason| reason.get(lang)),
        "created_at": rfc3339(build.created_at),
        "started_at": build.started_at.map(rfc3339),
        "finished_at": build.finished_at.map(rfc3339),
    })
}

/// Unix milliseconds as the contract writes a time.
pub(super) fn rfc3339(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_string()
}

async fn show(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(id): Path<String>,
) -> ApiResult<Json<Value>> {
    let build = state.builds.build(&user.id, &BuildId::from(id)).await?;
    let repository = state.builds.repository_of(&build).await?;
    let mut shown = json_of(&build, &repository, lang);
    if let Some(version) = state.builds.version_of(&build).await? {
        shown["digest"] = version.digest.into();
        shown["image"] = format!("{}:{}", maru_build::Builds::image(&user.login, &repository.name), version.number).into();
        shown["size"] = version.size.into();
    }
    Ok(Json(shown))
}

#[derive(Deserialize)]
struct LogQuery {
    follow: Option<String>,
    /// Bytes that whoever asks has already.
    #[serde(default)]
    from: u64,
}

async fn log(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(id): Path<String>,
    Query(asked): Query<LogQuery>,
) -> ApiResult<Response> {
    let id = BuildId::from(id);
    state.builds.build(&user.id, &id).await?;
    let follow = asked.follow.is_some_and(|value| value.is_empty() || is_on(&value));
    let mut answer = Response::new(Body::from_stream(state.builds.log(&id, asked.from, follow)));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // It is read while it is written: nothing on the way may hold it back.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    Ok(answer)
}

async fn cancel(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    lang::Lang(lang): lang::Lang,
    Path(id): Path<String>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let build = state.builds.cancel(&user.id, &BuildId::from(id)).await?;
    let repository = state.builds.repository_of(&build).await?;
    Ok((StatusCode::ACCEPTED, Json(json_of(&build, &repository, lang))))
}
