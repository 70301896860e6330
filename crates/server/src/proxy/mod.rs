//! What the server passes on: applications to the gateway, previews to workspaces, `/k8s` to the cluster.
//!
//! ```text
//! NAME.apps.localhost            ── apps ───> the gateway in the cluster ──> pod
//! PORT--LOGIN.preview.localhost  ── preview ─> the workspace's agent ─────> a program's port
//! localhost/k8s/…                ── k8s ────> the cluster's API, as the caller
//! ```
//!
//! All three go through [`forward`]: bodies stream, upgrades are tunnels, nothing of ours leaks out.

mod apps;
mod cookies;
mod forward;
mod k8s;
mod kubeconfig;
mod preview;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use maru_cluster::Cluster;
use maru_model::{Lang, Text};
use maru_store::users::User;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use preview::watch as watch_previews;
pub(crate) use preview::{form_urlencoded, preview_port};

use crate::auth::WorkspaceCaller;
use crate::config::{Config, under};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// What the proxies keep: connections to the gateway, open tunnels, who may see which preview.
#[derive(Clone, Debug)]
pub struct Proxies {
    permits: preview::Permits,
    visits: preview::Visits,
    /// Counts changes of how ports are shared.
    sharings: watch::Sender<u64>,
    gateway: apps::Client,
    forwarder: forward::Forwarder,
}

impl Proxies {
    /// Streams and tunnels end soon after `shutdown` is cancelled.
    #[must_use]
    pub fn new(cluster: Cluster, shutdown: CancellationToken) -> Self {
        Self {
            permits: preview::Permits::default(),
            visits: preview::Visits::default(),
            sharings: watch::Sender::default(),
            gateway: apps::client(cluster),
            forwarder: forward::Forwarder::new(shutdown),
        }
    }

    /// Somebody has changed who may see a port: streams that may not go on end, and lists of ports are read again.
    pub fn sharing_changed(&self) {
        self.visits.look();
        self.sharings.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Changes with every such change.
    pub fn sharings(&self) -> watch::Receiver<u64> {
        self.sharings.subscribe()
    }
}

/// Whose a request is, by the host that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    App,
    Preview,
    Own,
}

pub fn destination(request: &Request, config: &Config) -> Destination {
    let host = host_name(request.headers(), request.uri());
    if under(&host, &config.apps_domain) {
        Destination::App
    } else if under(&host, &config.preview_domain) {
        Destination::Preview
    } else {
        Destination::Own
    }
}

/// Middleware in front of all routes: requests for applications and previews never reach the IDE's own.
pub async fn by_host(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match destination(&request, &state.config) {
        Destination::App => return apps::serve(&state, request).await,
        Destination::Preview => return preview::serve(&state, request).await,
        Destination::Own => {}
    }
    let host = host_name(request.headers(), request.uri());
    let from_inside = request.extensions().get::<WorkspaceCaller>().is_some();
    if !from_inside && !is_ours(&host, &state.config) && !matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics") {
        return misdirected(&host, &state.config).into_response();
    }
    next.run(request).await
}

/// The name that people type, or one that no DNS server of somebody else's can point here (DNS rebinding): an
/// address, or this machine's own name for itself.
fn is_ours(host: &str, config: &Config) -> bool {
    let address = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    host.is_empty() || host == "localhost" || address.parse::<std::net::IpAddr>().is_ok() || host == config.url_host()
}

fn misdirected(host: &str, config: &Config) -> ApiError {
    let url = &config.url;
    ApiError::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        Text::new(
            format!("This Maru is not called {host}: its address is {url}."),
            format!("이 Maru의 주소는 {host}이(가) 아니라 {url}입니다."),
        ),
    )
    .fix(Text::new(
        format!("Use {url}; whoever runs this server can change the address by MARU_URL."),
        format!("{url}로 접속하세요. 서버 관리자는 MARU_URL로 주소를 바꿀 수 있습니다."),
    ))
}

/// Paths under `/api/v1`.
pub fn api_routes() -> Router<AppState> {
    Router::new().merge(kubeconfig::routes()).merge(preview::routes())
}

/// A shell in a container of the caller's, over the WebSocket that `request` opens.
pub async fn pod_shell(state: &AppState, user: &User, lang: Lang, pod: &str, container: Option<&str>, request: Request) -> Response {
    k8s::shell(state, user, lang, pod, container, request).await
}

/// An application's answer to a GET, as one that came in for it. None where this is no address of one.
pub async fn ask_app(state: &AppState, url: &Uri, agent: &'static str) -> Option<Response> {
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority()?.as_str();
    let request = Request::get(path).header(header::HOST, host).header(header::USER_AGENT, agent).body(Body::empty()).ok()?;
    Some(apps::serve(state, request).await)
}

/// How the application is that would answer this request, as its owner may read it, and in whose namespace it is.
pub async fn explain_app(state: &AppState, request: Request) -> (Option<String>, Response) {
    apps::explain(state, request).await
}

/// The newest requests to applications of a namespace; `None` where the installation keeps no log of them.
pub async fn app_requests(state: &AppState, namespace: &str) -> ApiResult<Option<Vec<maru_gateway::Entry>>> {
    apps::requests(state, namespace).await
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{APPS_DOMAIN, PREVIEW_DOMAIN};

    #[test]
    fn hosts_are_told_apart() {
        let name = |host: &str| host_name(&HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]), &"/".parse().unwrap());
        assert_eq!(name("Shop-Kim.Apps.localhost:8080"), "shop-kim.apps.localhost");
        assert!(under("kim.apps.localhost", APPS_DOMAIN) && under("apps.localhost", APPS_DOMAIN));
        assert!(!under("xapps.localhost", APPS_DOMAIN) && !under("apps.localhost.evil.example", APPS_DOMAIN));
        assert!(!under("localhost", APPS_DOMAIN));
        assert_eq!(name("[::1]:8080"), "[::1]");
        assert_eq!(name("8000--Kim.preview.localhost.:8080"), "8000--kim.preview.localhost");
    }

    #[test]
    fn only_names_that_nobody_else_can_point_here_are_ours() {
        let config = Config::for_tests();
        for ours in ["localhost", "127.0.0.1", "[::1]", "192.0.2.7", ""] {
            assert!(is_ours(ours, &config), "{ours}");
        }
        for foreign in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "xlocalhost", "[::1].evil.example"] {
            assert!(!is_ours(foreign, &config), "{foreign}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_host_leads_to_one_place(bytes in proptest::collection::vec(0x21..=0xff_u8, 0..20), label in "[a-zA-Z0-9.:\\[\\]-]{0,8}", domain in 0..3_usize) {
            let near = format!("{label}{}", [".apps.localhost", ".preview.localhost:8080", "localhost"][domain]);
            for host in [bytes, near.into_bytes()] {
                let Ok(value) = http::HeaderValue::from_bytes(&host) else { continue };
                let name = host_name(&HeaderMap::from_iter([(header::HOST, value)]), &"/".parse().unwrap());
                proptest::prop_assert!(!(under(&name, APPS_DOMAIN) && under(&name, PREVIEW_DOMAIN)));
                proptest::prop_assert_eq!(name.to_ascii_lowercase(), name.clone());
            }
        }
    }
}
