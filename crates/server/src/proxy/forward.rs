//! One message through the server: what all proxies here have in common.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use maru_gateway::forward::{NotAsked, Tunnels, begin, finish};
use tokio_util::sync::CancellationToken;

/// How long streams may go on after the order to stop: time for a download that is nearly through, none for an
/// event stream that would never end.
const GRACE: Duration = Duration::from_secs(3);

/// Sends requests on, and owns the tunnels that come of it.
#[derive(Clone, Debug)]
pub(super) struct Forwarder {
    tunnels: Tunnels,
    shutdown: CancellationToken,
    until: Option<Until>,
}

/// What a stream holds on to while it goes on, and what ends it at once.
#[derive(Clone, Debug)]
struct Until {
    cut: CancellationToken,
    _held: Arc<dyn Any + Send + Sync>,
}

/// Why there is no answer to pass on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ForwardError<E> {
    #[error(transparent)]
    Sending(E),
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
}

impl Forwarder {
    pub(super) fn new(shutdown: CancellationToken) -> Self {
        Self { tunnels: Tunnels::new(shutdown.clone()), shutdown, until: None }
    }

    /// For one request, whose stream or tunnel holds on to `held` and ends when `cut` is cancelled, which is a child of
    /// the order to stop.
    pub(super) fn until(&self, cut: CancellationToken, held: Arc<dyn Any + Send + Sync>) -> Self {
        let tunnels = self.tunnels.until(cut.clone(), Arc::clone(&held));
        Self { tunnels, shutdown: self.shutdown.clone(), until: Some(Until { cut, _held: held }) }
    }

    /// Passes `request` on by `send`, and gives its answer; bodies stream, an upgrade becomes a tunnel.
    ///
    /// # Errors
    /// What `send` says, or that the other side switched protocols unasked.
    pub(super) async fn forward<B, E, F>(&self, mut request: Request, send: impl FnOnce(Request) -> F) -> Result<Response, ForwardError<E>>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
        F: Future<Output = Result<http::Response<B>, E>>,
    {
        let pending = begin(&mut request);
        request.extensions_mut().clear();
        let mut response = send(request).await.map_err(ForwardError::Sending)?;
        finish(&mut response, pending, &self.tunnels)?;
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, self.ending(Body::new(body))))
    }

    fn ending(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        let (shutdown, until) = (self.shutdown.clone(), self.until.clone());
        let end = Box::pin(async move {
            until.as_ref().map_or(&shutdown, |until| &until.cut).cancelled().await;
            if shutdown.is_cancelled() {
                tokio::time::sleep(GRACE).await;
            }
        });
        Body::new(Ending { body, end })
    }
}

/// A body that breaks off when it has to.
struct Ending {
    body: Body,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        // First: a flood that is to end would never be found waiting.
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err("broken off by the server".into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Tells the program behind whom it serves and under which address. What a client says itself is not believed:
/// there is no proxy in front that we know of.
pub(super) fn forwarded(request: &mut Request, scheme: &'static str) {
    let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_string());
    let host = request.uri().authority().map(|a| a.as_str().to_owned()).and_then(|a| HeaderValue::from_str(&a).ok());
    let headers = request.headers_mut();
    let host = host.or_else(|| headers.get(header::HOST).cloned());
    set(headers, "x-forwarded-for", peer.as_deref().and_then(|p| HeaderValue::from_str(p).ok()));
    set(headers, "x-forwarded-host", host);
    set(headers, "x-forwarded-proto", Some(HeaderValue::from_static(scheme)));
    headers.remove("x-real-ip");
    headers.remove(header::FORWARDED);
}

fn set(headers: &mut HeaderMap, name: &'static str, value: Option<HeaderValue>) {
    let name = HeaderName::from_static(name);
    match value {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    }
}

/// The last thing that an error says, which is what happened.
pub(super) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
