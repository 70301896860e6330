//! `NAME.apps.localhost`: passed to the gateway in the cluster, which knows the rest.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::uri::{Authority, Parts, Scheme};
use http::{HeaderValue, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use maru_cluster::{Cluster, ClusterError, ClusterState, Duplex};
use maru_gateway::{EXPLAIN, Entry, NAMESPACE, Page, REQUESTS};
use maru_model::Text;
use tower::Service;

use super::cookies;
use super::forward::{ForwardError, forwarded, root_cause};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub(super) type Client = legacy::Client<Connector, Body>;

/// Below the gateway's own, so that no request meets a connection that is being closed.
const IDLE: Duration = Duration::from_secs(20);

/// A server that starts has found its node in 0.3 s (two cores, busy).
const MOMENT: Duration = Duration::from_secs(3);

pub(super) fn client(cluster: Cluster) -> Client {
    legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(Connector(cluster))
}

/// Connects to the one gateway, whatever the address asked for.
#[derive(Clone, Debug)]
pub(super) struct Connector(Cluster);

impl Service<Uri> for Connector {
    type Response = ToGateway;
    type Error = ClusterError;
    type Future = Pin<Box<dyn Future<Output = Result<ToGateway, ClusterError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClusterError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let cluster = self.0.clone();
        Box::pin(async move { cluster.connect_gateway().await.map(|stream| ToGateway(TokioIo::new(stream))) })
    }
}

pub(super) struct ToGateway(TokioIo<Box<dyn Duplex>>);

impl Connection for ToGateway {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for ToGateway {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for ToGateway {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

pub(super) async fn serve(state: &AppState, mut request: Request) -> Response {
    forwarded(&mut request, if state.config.url_scheme() == "https" { "https" } else { "http" });
    cookies::keep_ours_back(request.headers_mut());
    request.headers_mut().remove(EXPLAIN);
    request.headers_mut().remove(REQUESTS);
    match pass(state, request).await {
        Ok(mut response) => {
            cookies::keep_theirs_apart(response.headers_mut());
            response
        }
        Err(page) => page,
    }
}

/// How the application is that answers at this host and path, and whose it is: what [`EXPLAIN`] gives. Nobody's where none answers.
pub(super) async fn explain(state: &AppState, mut request: Request) -> (Option<String>, Response) {
    request.headers_mut().insert(EXPLAIN, HeaderValue::from_static("1"));
    match pass(state, request).await {
        Ok(mut response) => {
            let namespace = response.headers_mut().remove(NAMESPACE);
            (namespace.and_then(|namespace| namespace.to_str().ok().map(str::to_owned)), response)
        }
        Err(page) => (None, page),
    }
}

/// What the gateway answers, or a page in words where it does not.
async fn pass(state: &AppState, request: Request) -> Result<Response, Response> {
    let asked = request.headers().clone();
    let cluster = state.cluster.settled(MOMENT).await;
    if !cluster.is_ready() {
        return Err(waiting(&cluster).answer(&asked).map(Body::from));
    }
    let client = &state.proxies.gateway;
    let answer = state.proxies.forwarder.forward(request, |request| client.request(to_gateway(request))).await;
    answer.map_err(|error| broken(&error).answer(&asked).map(Body::from))
}

/// The newest requests to a namespace's applications; `None` where no log of them is kept.
pub(super) async fn requests(state: &AppState, namespace: &str) -> ApiResult<Option<Vec<Entry>>> {
    let cluster = state.cluster.state();
    if !cluster.is_ready() {
        return Err(ApiError::cluster_not_ready(cluster.text()));
    }
    let request = Request::get("/").header(REQUESTS, namespace).body(Body::empty()).map_err(ApiError::internal)?;
    let answer = state.proxies.gateway.request(to_gateway(request)).await.map_err(|error| {
        let why = root_cause(&error);
        let said = Text::new(format!("The gateway does not answer: {why}."), format!("게이트웨이가 응답하지 않습니다: {why}"));
        ApiError::cluster_not_ready(said)
    })?;
    let body = answer.into_body().collect().await.map_err(ApiError::internal)?.to_bytes();
    serde_json::from_slice(&body).map_err(ApiError::internal)
}

fn to_gateway(mut request: Request) -> Request {
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(Authority::from_static("gateway"));
    parts.path_and_query = request.uri().path_and_query().cloned().or_else(|| Some(http::uri::PathAndQuery::from_static("/")));
    // All three parts are there.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    request
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
        let request = to_gateway(request);
        assert_eq!(request.uri(), "http://gateway/a/b?c=d");
        assert_eq!(request.headers()["host"], "kim.apps.localhost:8080");
    }
}
