//! How the caller has the IDE: one small JSON object that the pages of all their browsers share. What is in it is the
//! pages' business; here it is only bounded, and nobody replaces what they have not seen.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use maru_model::Text;
use serde_json::{Map, Value};

use crate::auth::{CurrentUser, secret};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Hundreds of open files, with room to spare.
const MOST_BYTES: usize = 64 * 1024;

pub fn routes() -> Router<AppState> {
    Router::new().route("/me/settings", get(read).put(replace))
}

/// Of the content: the same again is the same.
fn tag_of(document: &str) -> String {
    format!("\"{}\"", &secret::hash(document)[..32])
}

/// Whether a header names this tag.
fn names(headers: &HeaderMap, name: HeaderName, tag: &str) -> Option<bool> {
    let list = headers.get(name)?.to_str().unwrap_or_default();
    Some(list.split(',').any(|item| matches!(item.trim(), "*") || item.trim() == tag))
}

async fn read(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, headers: HeaderMap) -> ApiResult<Response> {
    let document = state.store.preferences(&user.id).await?;
    let tag = tag_of(&document);
    if names(&headers, header::IF_NONE_MATCH, &tag) == Some(true) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::ETAG, tag)], [(header::CONTENT_TYPE, kind)], document).into_response())
}

async fn replace(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    if body.len() > MOST_BYTES {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            Text::new(
                format!("Settings have {} bytes; {MOST_BYTES} is the most that is kept.", body.len()),
                format!("설정이 {}바이트입니다. 최대 {MOST_BYTES}바이트까지 저장합니다.", body.len()),
            ),
        )
        .fix(Text::new("Close files that you do not need.", "필요 없는 파일을 닫으세요.")));
    }
    let object: Map<String, Value> = serde_json::from_slice(&body).map_err(|error| ApiError::bad_json(&error))?;
    let document = Value::Object(object).to_string();
    let now = state.store.preferences(&user.id).await?;
    let seen = names(&headers, header::IF_MATCH, &tag_of(&now)).unwrap_or(true);
    if !seen || !state.store.change_preferences(&user.id, &now, &document).await? {
        return conflict(&state, &user).await;
    }
    Ok((StatusCode::NO_CONTENT, [(header::ETAG, tag_of(&document))]).into_response())
}

/// What is there now has its tag in the answer.
async fn conflict(state: &AppState, user: &maru_store::users::User) -> ApiResult<Response> {
    let tag = tag_of(&state.store.preferences(&user.id).await?);
    let problem = ApiError::new(
        StatusCode::PRECONDITION_FAILED,
        "settings_changed",
        Text::new("Another browser changed the settings meanwhile.", "그사이 다른 브라우저에서 설정을 바꾸었습니다."),
    )
    .fix(Text::new("Read them again, and make the change in those.", "다시 읽은 뒤 거기에 바꾸세요."));
    Ok(([(header::ETAG, tag)], problem).into_response())
}
