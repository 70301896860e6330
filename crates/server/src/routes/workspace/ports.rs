//! Ports that something in the workspace listens on, and who may see their previews.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, put};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use jiff::Timestamp;
use maru_model::{Login, Text};
use maru_protocol::Port;
use maru_store::now_ms;
use maru_store::users::User;
use maru_workspace::{Sharing, Visibility, WorkspaceError};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::io::StreamReader;

use super::owner;
use crate::auth::CurrentUser;
use crate::config::Config;
use crate::error::{ApiError, ApiResult};
use crate::proxy::preview_port;
use crate::state::AppState;

/// Bytes of one list of ports: more than 65 535 of them need.
const LONGEST: usize = 16 << 20;
/// How long a port is public where nothing is said, and at most. Nobody remembers what they once made public.
const PUBLIC: u64 = 24 * 60 * 60;
const LONGEST_PUBLIC: u64 = 30 * 24 * 60 * 60;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/workspace/ports", get(list))
        .route("/workspace/ports/events", get(events))
        .route("/workspace/ports/{port}", put(share))
}

#[derive(Serialize)]
struct PortBody {
    port: u16,
    process: Option<String>,
    command: Option<String>,
    url: String,
    visibility: Visibility,
    expires_at: Option<Timestamp>,
}

impl PortBody {
    fn new(port: Port, sharing: Sharing, config: &Config, login: &Login) -> Self {
        Self {
            port: port.port,
            process: port.process,
            command: port.command,
            url: config.preview_url(login, port.port),
            visibility: sharing.visibility,
            expires_at: sharing.expires_at.and_then(|at| Timestamp::from_millisecond(at).ok()),
        }
    }
}

fn bodies(ports: &[Port], sharings: &BTreeMap<u16, Sharing>, config: &Config, login: &Login) -> Vec<PortBody> {
    let shared = |port: &Port| sharings.get(&port.port).copied().unwrap_or_default();
    ports.iter().map(|port| PortBody::new(port.clone(), shared(port), config, login)).collect()
}

async fn list(State(state): State<AppState>, CurrentUser { user, .. }: CurrentUser) -> ApiResult<Json<Vec<PortBody>>> {
    let link = state.workspaces.agent(&user.id).await?;
    let ports: Vec<Port> = link.get_json("/ports").await.map_err(|error| ApiError::from(WorkspaceError::from(error)))?;
    let sharings = state.workspaces.sharings(&user.id).await?;
    Ok(Json(bodies(&ports, &sharings, &state.config, &user.login)))
}

/// The list at once, and whenever a port opens or closes or is shared otherwise. Ends with the workspace.
async fn events(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let link = state.workspaces.agent(&user.id).await?;
    let unreachable = |error| ApiError::from(WorkspaceError::from(error));
    let request = Request::get("/ports/events").body(Empty::<Bytes>::new()).map_err(ApiError::internal)?;
    let answer = link.request(request).await.map_err(unreachable)?;
    if answer.status() != StatusCode::OK {
        // An agent of before: its container is made anew at the next start.
        return Err(unreachable(maru_workspace::LinkFailure::Answer(answer.status().to_string())));
    }
    let pieces = answer.into_body().into_data_stream().map_err(std::io::Error::other);
    let lines = FramedRead::new(StreamReader::new(pieces), LinesCodec::new_with_max_length(LONGEST)).boxed();
    let shutdown = state.shutdown.clone();
    let followed =
        Followed { sharings: state.proxies.sharings(), state, user, lines, ports: Vec::new(), said: String::new(), expiry: None };
    let events = stream::unfold(followed, |mut followed| async move {
        let list = followed.next().await?;
        Some((Ok(Event::default().data(list)), followed))
    });
    Ok(Sse::new(events.take_until(shutdown.cancelled_owned())).keep_alive(KeepAlive::default()))
}

struct Followed<L> {
    state: AppState,
    user: User,
    lines: L,
    sharings: watch::Receiver<u64>,
    ports: Vec<Port>,
    said: String,
    /// When the first of them is private again, in Unix milliseconds.
    expiry: Option<i64>,
}

impl<L, E> Followed<L>
where
    L: Stream<Item = Result<String, E>> + Unpin,
{
    async fn next(&mut self) -> Option<String> {
        loop {
            let expiry = self.expiry;
            let expired = async {
                match expiry {
                    Some(at) => tokio::time::sleep(Duration::from_millis(u64::try_from(at - now_ms()).unwrap_or(0) + 1)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                line = self.lines.next() => {
                    let line = line?.ok()?;
                    if line.is_empty() {
                        continue;
                    }
                    self.ports = serde_json::from_str(&line).ok()?;
                }
                changed = self.sharings.changed() => changed.ok()?,
                () = expired => {}
            }
            let sharings = self.state.workspaces.sharings(&self.user.id).await.ok()?;
            self.expiry = sharings.values().filter_map(|sharing| sharing.expires_at).min();
            let list = serde_json::to_string(&bodies(&self.ports, &sharings, &self.state.config, &self.user.login)).ok()?;
            if list != self.said {
                self.said.clone_from(&list);
                return Some(list);
            }
        }
    }
}

#[derive(Deserialize)]
struct Share {
    visibility: Visibility,
    /// Seconds until it is private again.
    expires_in: Option<u64>,
}

impl Share {
    fn sharing(&self) -> ApiResult<Sharing> {
        let longest = if self.visibility == Visibility::Public { LONGEST_PUBLIC } else { 366 * 24 * 60 * 60 };
        let seconds = match (self.visibility, self.expires_in) {
            (Visibility::Private, _) => None,
            (Visibility::Public, None) => Some(PUBLIC),
            (_, given) => given,
        };
        if seconds.is_some_and(|seconds| seconds == 0 || seconds > longest) {
            return Err(ApiError::bad_request(Text::new(
                format!("expires_in is a number of seconds from 1 to {longest}."),
                format!("expires_in에는 1부터 {longest}까지의 초를 쓰세요."),
            )));
        }
        let expires_at = seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(|seconds| now_ms() + seconds * 1000);
        Ok(Sharing { visibility: self.visibility, expires_at })
    }
}

/// Of a port that nothing listens on yet too: it counts from then on.
async fn share(
    State(state): State<AppState>,
    CurrentUser { user, .. }: CurrentUser,
    Path(port): Path<String>,
    body: Bytes,
) -> ApiResult<Json<PortBody>> {
    let port = preview_port(&port).ok_or_else(|| {
        ApiError::bad_request(Text::new(
            "A preview's port is a number from 1 to 65535, and not 7070, which is Maru's own.",
            "미리보기 포트는 1부터 65535까지의 숫자이며, Maru가 쓰는 7070은 쓸 수 없습니다.",
        ))
    })?;
    let share: Share = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_request(Text::new(
            format!("Send {{\"visibility\": \"private\", \"class\" or \"public\", \"expires_in\": seconds}}: {error}."),
            format!("{{\"visibility\": \"private\", \"class\", \"public\" 중 하나, \"expires_in\": 초}} 형식으로 보내세요: {error}"),
        ))
    })?;
    let sharing = share.sharing()?;
    state.workspaces.share(&owner(&user), port, sharing).await?;
    state.proxies.sharing_changed();
    let port = Port { port, process: None, pid: None, command: None };
    Ok(Json(PortBody::new(port, sharing, &state.config, &user.login)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_is_so_for_a_while() {
        let share = |visibility, expires_in| Share { visibility, expires_in }.sharing();
        let ends_in = |sharing: Sharing| sharing.expires_at.map(|at| (at - now_ms() + 500) / 1000);
        assert_eq!(ends_in(share(Visibility::Public, None).unwrap()), Some(24 * 60 * 60));
        assert_eq!(ends_in(share(Visibility::Public, Some(60)).unwrap()), Some(60));
        assert_eq!(ends_in(share(Visibility::Class, None).unwrap()), None);
        assert_eq!(ends_in(share(Visibility::Private, Some(60)).unwrap()), None);
        for wrong in [0, u64::MAX, LONGEST_PUBLIC + 1] {
            assert!(share(Visibility::Public, Some(wrong)).is_err(), "{wrong}");
        }
    }
}
