//! WebSockets and event streams by requests, for networks that let none through ([`crate::polls`]).

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use http::{StatusCode, header};
use maru_model::Text;
use serde::Deserialize;
use serde_json::json;

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::polls::{self, Answer, Inside, LIMIT, MESSAGE_LIMIT, Wish};
use crate::state::AppState;

/// Of what is asked for.
const WANTED: usize = 16 * 1024;
/// Of a box's name, in bytes.
const NAME: usize = 64;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/polls/{box}", get(hear).post(say))
        .route("/polls/{box}/sockets", post(open))
        .route("/polls/{box}/sockets/{socket}", delete(leave))
        .layer(DefaultBodyLimit::max(MESSAGE_LIMIT))
}

#[derive(Deserialize)]
struct Wanted {
    /// Of a WebSocket or an event stream, as it follows `/api/v1`, with its query.
    path: String,
    /// Of a WebSocket.
    protocol: Option<String>,
    /// It is an event stream.
    #[serde(default)]
    events: bool,
    /// Of an event stream: the id of the last event that was seen.
    last_event_id: Option<String>,
}

async fn open(
    State(state): State<AppState>,
    Extension(inside): Extension<Inside>,
    Path(name): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    let (mut caller, body) = request.into_parts();
    let CurrentUser { user, .. } = CurrentUser::from_request_parts(&mut caller, &state).await?;
    let body = axum::body::to_bytes(body, WANTED).await.map_err(|error| ApiError::bad_request(Text::verbatim(error.to_string())))?;
    let Wanted { path, protocol, events, last_event_id } = serde_json::from_slice(&body).map_err(|error| ApiError::bad_json(&error))?;
    if !path.starts_with('/') {
        return Err(ApiError::bad_request(Text::new("`path` begins with a slash.", "`path`는 /로 시작합니다.")));
    }
    if name.len() > NAME {
        return Err(ApiError::bad_request(Text::new("This name is too long.", "이름이 너무 깁니다.")));
    }
    if state.polls.is_full(&user.id) {
        let words = Text::new(
            format!("There are {LIMIT} such connections already, which is as many as may be at once."),
            format!("이런 연결은 한 번에 {LIMIT}개까지 열 수 있습니다."),
        );
        return Err(ApiError::new(StatusCode::CONFLICT, "poll_limit", words));
    }
    let uri = format!("/api/v1{path}");
    let origin = state.config.url_origin();
    let wish = if events { Wish::Events { after: last_event_id.as_deref() } } else { Wish::WebSocket { protocol: protocol.as_deref() } };
    match polls::connect(inside, &caller, &uri, wish, &origin, state.shutdown.clone()).await? {
        Answer::Open(line) => {
            let socket = state.polls.open(&user.id, &name, line, &state.shutdown);
            Ok((StatusCode::CREATED, Json(json!({"socket": socket}))).into_response())
        }
        Answer::Refused(answer) if answer.status().is_client_error() || answer.status().is_server_error() => Ok(answer),
        Answer::Refused(_) => Err(ApiError::bad_request(Text::new(
            "`path` is no WebSocket; an event stream is asked for with `events`.",
            "`path`가 WebSocket 주소가 아닙니다. 이벤트 스트림은 `events`로 요청하세요.",
        ))),
    }
}

async fn hear(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser, Path(name): Path<String>) -> ApiResult<Response> {
    let body = state.polls.hear(&user.id, &name).await.ok_or_else(ApiError::not_found)?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

async fn say(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(name): Path<String>,
    body: Bytes,
) -> ApiResult<StatusCode> {
    let said = state.polls.say(&user.id, &name, body).await;
    let said = said.map_err(|_| ApiError::bad_request(Text::new("These are no messages.", "메시지 형식이 아닙니다.")))?;
    said.map(|()| StatusCode::NO_CONTENT).ok_or_else(ApiError::not_found)
}

async fn leave(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path((name, socket)): Path<(String, u32)>,
) -> ApiResult<StatusCode> {
    state.polls.leave(&user.id, &name, socket).await.map(|()| StatusCode::NO_CONTENT).ok_or_else(ApiError::not_found)
}
