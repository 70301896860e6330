//! What the server passes on: applications to the gateway, previews to workspaces, `/k8s` to the cluster.
//!
//! ```text
//! NAME.apps.localhost            ── apps ───> the gateway in the cluster ──> pod
//! PORT--LOGIN.preview.localhost  ── preview ─> the workspace's agent ─────> a program's port
//! localhost/k8s/…                ── k8s ────> the cluster's API, as the caller
//! ```
//!
//! All three go through [`forward`]: bodies stream, upgrades are tunnels, nothing of ours leaks out.

mod access;
mod apps;
mod cookies;
mod forward;
mod k8s;
mod kubeconfig;
mod preview;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, header};
use tokio_util::sync::CancellationToken;

use access::PreviewAccess;

use crate::config::{APPS_DOMAIN, PREVIEW_DOMAIN};
use crate::state::AppState;

/// What the proxies keep: connections to the gateway, open tunnels, who may see which preview.
#[derive(Clone, Debug)]
pub struct Proxies {
    previews: PreviewAccess,
    gateway: apps::Client,
    forwarder: forward::Forwarder,
}

impl Proxies {
    /// Streams and tunnels end soon after `shutdown` is cancelled.
    #[must_use]
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { previews: PreviewAccess::default(), gateway: apps::client(), forwarder: forward::Forwarder::new(shutdown) }
    }
}

/// Middleware in front of all routes: requests for applications and previews never reach the IDE's own.
pub async fn by_host(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let host = host_name(request.headers(), request.uri());
    if under(&host, APPS_DOMAIN) {
        return apps::serve(&state, request).await;
    }
    if under(&host, PREVIEW_DOMAIN) {
        return preview::serve(&state, request).await;
    }
    next.run(request).await
}

/// Paths under `/api/v1`.
pub fn api_routes() -> Router<AppState> {
    Router::new().merge(kubeconfig::routes()).merge(preview::routes())
}

/// `/k8s`.
pub fn k8s_routes() -> Router<AppState> {
    k8s::routes()
}

/// The host name that was asked for, in lower case, without port.
fn host_name(headers: &HeaderMap, uri: &http::Uri) -> String {
    let host = uri.host().or_else(|| headers.get(header::HOST).and_then(|h| h.to_str().ok())).unwrap_or("");
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn under(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        let name = |host: &str| host_name(&HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]), &"/".parse().unwrap());
        assert_eq!(name("Shop-Kim.Apps.localhost:8080"), "shop-kim.apps.localhost");
        assert!(under("kim.apps.localhost", APPS_DOMAIN) && under("apps.localhost", APPS_DOMAIN));
        assert!(!under("xapps.localhost", APPS_DOMAIN) && !under("apps.localhost.evil.example", APPS_DOMAIN));
        assert!(!under("localhost", APPS_DOMAIN));
        assert_eq!(name("[::1]:8080"), "[::1]");
    }
}
