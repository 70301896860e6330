//! `NAME.apps.localhost`: passed to the gateway in the cluster, which knows the rest.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::uri::{Authority, Parts, Scheme};
use http::{StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use maru_cluster::{Cluster, ClusterState};
use maru_gateway::Page;
use maru_model::Text;

use super::cookies;
use super::forward::{ForwardError, forwarded, root_cause};
use crate::state::AppState;

pub(super) type Client = legacy::Client<HttpConnector, Body>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Below the gateway's own, so that no request meets a connection that is being closed.
const IDLE: Duration = Duration::from_secs(20);

pub(super) fn client() -> Client {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector)
}

pub(super) async fn serve(state: &AppState, mut request: Request) -> Response {
    let asked = request.headers().clone();
    let gateway = match gateway(&state.cluster) {
        Ok(gateway) => gateway,
        Err(page) => return page.answer(&asked).map(Body::from),
    };
    forwarded(&mut request, if state.config.url_scheme() == "https" { "https" } else { "http" });
    cookies::keep_ours_back(request.headers_mut());
    let client = &state.proxies.gateway;
    let answer = state.proxies.forwarder.forward(request, |request| client.request(to(gateway, request))).await;
    match answer {
        Ok(mut response) => {
            cookies::keep_theirs_apart(response.headers_mut());
            response
        }
        Err(error) => broken(&error).answer(&asked).map(Body::from),
    }
}

fn to(gateway: SocketAddr, mut request: Request) -> Request {
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = gateway.to_string().parse::<Authority>().ok();
    parts.path_and_query = request.uri().path_and_query().cloned().or_else(|| Some(http::uri::PathAndQuery::from_static("/")));
    // All three parts are there; an address always is an authority.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    request
}

/// Where the gateway is, or a page that says why there is none.
fn gateway(cluster: &Cluster) -> Result<SocketAddr, Page> {
    let Some(address) = cluster.gateway_address() else {
        return Err(Page::new(
            StatusCode::NOT_FOUND,
            "cluster_serves",
            Text::new("This cluster serves its applications itself", "이 클러스터는 앱을 직접 서비스합니다"),
            Text::new(
                "Applications on a cluster of your own are reached through its own Ingress controller, not through Maru.",
                "직접 연결한 클러스터의 앱은 Maru가 아니라 그 클러스터의 Ingress 컨트롤러로 접속합니다.",
            ),
        ));
    };
    let state = cluster.state();
    if state.is_ready() { Ok(address) } else { Err(waiting(&state)) }
}

fn waiting(state: &ClusterState) -> Page {
    let page = Page::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "cluster_not_ready",
        Text::new("The cluster is not ready yet", "클러스터가 아직 준비되지 않았습니다"),
        state.text(),
    )
    .retry(5);
    match state {
        ClusterState::Failed { fix, .. } => page.step(fix.clone()),
        _ => page.step(Text::new(
            "Wait a little: applications start again by themselves when the cluster is there.",
            "잠시 기다려 주세요. 클러스터가 준비되면 앱은 저절로 다시 시작됩니다.",
        )),
    }
}

fn broken(error: &ForwardError<legacy::Error>) -> Page {
    let (code, title, why) = match error {
        ForwardError::Sending(error) if error.is_connect() => {
            ("gateway_starting", Text::new("The gateway is not there yet", "게이트웨이가 아직 준비되지 않았습니다"), root_cause(error))
        }
        ForwardError::Sending(error) => ("gateway_broken", Text::new("The connection broke off", "연결이 끊어졌습니다"), root_cause(error)),
        ForwardError::NotAsked(error) => {
            ("gateway_broken", Text::new("The answer makes no sense", "응답을 이해할 수 없습니다"), error.to_string())
        }
    };
    Page::new(
        StatusCode::BAD_GATEWAY,
        code,
        title,
        Text::new(
            format!("Applications are reached through the gateway in the cluster, and it did not answer: {why}."),
            format!("앱은 클러스터의 게이트웨이를 거쳐 접속합니다. 게이트웨이가 응답하지 않았습니다: {why}"),
        ),
    )
    .retry(3)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_to_the_gateway_with_its_host_kept() {
        let request = Request::get("/a/b?c=d").header("host", "kim.apps.localhost:8080").body(Body::empty()).unwrap();
        let request = to("10.213.0.2:80".parse().unwrap(), request);
        assert_eq!(request.uri(), "http://10.213.0.2:80/a/b?c=d");
        assert_eq!(request.headers()["host"], "kim.apps.localhost:8080");
    }
}
