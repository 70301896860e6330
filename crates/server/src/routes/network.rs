//! What the page `/network` tries, to tell what a network lets through. Nothing here is anybody's, so anyone may ask: who
//! cannot even log in has most reason to.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Method, StatusCode, header};
use maru_model::Text;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

const EVENTS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(300);
/// Of an upload, in bytes.
const UPLOAD: usize = 16 * 1024 * 1024;
/// Of a message on the socket, how many, and for how long.
const MESSAGE: usize = 4096;
const MESSAGES: usize = 16;
const OPEN: Duration = Duration::from_secs(15);

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/network/method", any(method))
        .route("/network/events", get(events))
        .route("/network/stream", get(stream))
        .route("/network/upload", post(upload).layer(axum::extract::DefaultBodyLimit::disable()))
}

/// How the request came here.
async fn method(method: Method, headers: HeaderMap) -> Json<Value> {
    let if_match = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    Json(json!({"method": method.as_str(), "if_match": if_match}))
}

/// Events with pauses: a proxy that collects an answer before it passes it on brings them all at once.
async fn events(State(state): State<AppState>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = futures_util::stream::iter(1..=EVENTS).then(|number| async move {
        tokio::time::sleep(BETWEEN).await;
        Ok(Event::default().data(number.to_string()))
    });
    Sse::new(events.take_until(state.shutdown.clone().cancelled_owned()))
}

/// A WebSocket that says what it is told.
async fn stream(upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MESSAGE).max_frame_size(MESSAGE).on_upgrade(|socket| async {
        let _ = tokio::time::timeout(OPEN, echo(socket)).await;
    })
}

async fn echo(mut socket: WebSocket) {
    for _ in 0..MESSAGES {
        match socket.recv().await {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                if socket.send(message).await.is_err() {
                    return;
                }
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return,
        }
    }
}

/// Counts, and keeps nothing.
async fn upload(body: Body) -> ApiResult<Response> {
    let mut pieces = body.into_data_stream();
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| ApiError::bad_request(Text::verbatim(error.to_string())))?;
        bytes += piece.len();
        if bytes > UPLOAD {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                Text::new(format!("This test takes {UPLOAD} bytes at most."), format!("이 점검은 최대 {UPLOAD}바이트까지 받습니다.")),
            ));
        }
    }
    Ok(Json(json!({"bytes": bytes})).into_response())
}
