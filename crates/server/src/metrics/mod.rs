//! `GET /metrics`: numbers for Prometheus. What happens is counted as it happens ([`requests`], starts of workspaces); what
//! is there is asked for when somebody reads ([`present`]). No label names a person.

mod present;
mod process;
mod requests;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use maru_model::{Role, Text};
use prometheus_client::registry::Registry;

use crate::auth::{CurrentUser, WorkspaceCaller};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub use requests::{Metrics, count};

/// Where a connection comes from; requests from workspaces have none.
pub type Peer = ConnectInfo<std::net::SocketAddr>;

pub fn routes() -> Router<AppState> {
    Router::new().route("/metrics", get(show))
}

async fn show(State(state): State<AppState>, request: Request) -> ApiResult<Response> {
    let (mut parts, _) = request.into_parts();
    let inside = parts.extensions.get::<WorkspaceCaller>().is_some();
    let peer = parts.extensions.get::<Peer>().map(|ConnectInfo(address)| address.ip());
    if inside || !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) || is_passed_on(&parts.headers) {
        use axum::extract::FromRequestParts;
        let caller = CurrentUser::from_request_parts(&mut parts, &state).await?;
        if caller.user.role != Role::Admin {
            return Err(ApiError::forbidden(Text::new("Only administrators may read this.", "관리자만 볼 수 있습니다.")));
        }
    }
    let mut registry = Registry::default();
    state.metrics.register(&mut registry);
    registry.register(
        "maru_workspace_start_seconds",
        "How long starts of workspaces took, from their turn in the queue to ready",
        state.workspaces.start_times(),
    );
    present::register(&state, &mut registry).await?;
    process::register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).map_err(ApiError::internal)?;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], text).into_response())
}

/// Behind a proxy on this machine everybody comes from it.
fn is_passed_on(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name))
}
