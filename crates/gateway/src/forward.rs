//! What every proxy of ours does to a message on its way: hop-by-hop headers off (RFC 9110, 7.6.1), and an upgraded
//! connection (WebSocket, SPDY, anything) turned into a tunnel. Bodies are never touched here: they stream.
//!
//! ```text
//! begin(&mut request) -> pending        headers cleaned, the handshake kept
//! response = send(request)              whoever the caller is speaking to
//! finish(&mut response, pending, …)     headers cleaned, both ends joined after a 101
//! ```

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use http::header::{
    CONNECTION, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_KEY, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{Request, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long both ends may take to hand over their connections after a 101.
const HANDOVER: Duration = Duration::from_secs(30);
const BUFFER: usize = 32 * 1024;

/// The upgraded connections that are open: somebody has to own them, and to end them.
#[derive(Clone, Debug)]
pub struct Tunnels {
    tasks: TaskTracker,
    stop: CancellationToken,
    held: Option<Arc<dyn Any + Send + Sync>>,
}

impl Tunnels {
    /// Tunnels that end when `stop` is cancelled.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self { tasks: TaskTracker::new(), stop, held: None }
    }

    /// The same owner, for tunnels that end when this `stop` is cancelled, and hold on to `held` while they are open.
    #[must_use]
    pub fn until(&self, stop: CancellationToken, held: Arc<dyn Any + Send + Sync>) -> Self {
        Self { tasks: self.tasks.clone(), stop, held: Some(held) }
    }

    /// The same owner, for tunnels that hold on to `held` while they are open.
    #[must_use]
    pub fn holding(&self, held: Arc<dyn Any + Send + Sync>) -> Self {
        self.until(self.stop.clone(), held)
    }

    /// How many are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.tasks.len()
    }

    /// Waits for the open ones to end by themselves; those left after `patience` are cut.
    pub async fn drain(&self, patience: Duration) {
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            self.stop.cancel();
            self.tasks.wait().await;
        }
    }

    fn join(&self, client: OnUpgrade, upstream: OnUpgrade) {
        let (stop, held) = (self.stop.clone(), self.held.clone());
        self.tasks.spawn(async move {
            let _held = held;
            tokio::select! {
                () = stop.cancelled() => {}
                ended = tunnel(client, upstream) => if let Err(error) = ended {
                    tracing::debug!(%error, "a tunnel ended");
                }
            }
        });
    }
}

async fn tunnel(client: OnUpgrade, upstream: OnUpgrade) -> std::io::Result<()> {
    let both = async { tokio::try_join!(client, upstream) };
    let (client, upstream) = tokio::time::timeout(HANDOVER, both).await?.map_err(std::io::Error::other)?;
    let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
    tokio::io::copy_bidirectional_with_sizes(&mut client, &mut upstream, BUFFER, BUFFER).await?;
    Ok(())
}

/// An upgrade that the client asked for, until the other side has answered.
#[derive(Debug)]
pub struct Pending(OnUpgrade);

/// The other side switched protocols though nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error("the answer was 101 Switching Protocols, which was not asked for")]
pub struct NotAsked;

/// Makes a request fit to be sent on: hop-by-hop headers are taken off, except for the handshake of an upgrade and
/// `TE: trailers`; the version becomes HTTP/1.1 and `Host` is present.
pub fn begin<B>(request: &mut Request<B>) -> Option<Pending> {
    let upgrade = upgrade_of(request.version(), request.headers());
    let client = upgrade.is_some().then(|| hyper::upgrade::on(&mut *request));
    if !request.headers().contains_key(HOST)
        && let Some(host) = request.uri().authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok())
    {
        request.headers_mut().insert(HOST, host);
    }
    let headers = request.headers_mut();
    let trailers = headers.get(TE).is_some_and(|te| has_token(te, "trailers"));
    strip(headers);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    // The server side of hyper has answered it already.
    headers.remove(EXPECT);
    join_cookies(headers);
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    *request.version_mut() = Version::HTTP_11;
    client.map(Pending)
}

/// Makes an answer fit to be given back, and joins both connections if it is a 101.
///
/// # Errors
/// Where the other side switched protocols unasked; the answer must not be passed on then.
pub fn finish<B>(response: &mut Response<B>, pending: Option<Pending>, tunnels: &Tunnels) -> Result<(), NotAsked> {
    *response.version_mut() = Version::HTTP_11;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        strip(response.headers_mut());
        return Ok(());
    }
    let Pending(client) = pending.ok_or(NotAsked)?;
    let protocol = response.headers().get(UPGRADE).cloned();
    let upstream = hyper::upgrade::on(&mut *response);
    strip(response.headers_mut());
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        response.headers_mut().insert(UPGRADE, protocol);
    }
    tunnels.join(client, upstream);
    Ok(())
}

/// Whether a request is the handshake of a WebSocket.
#[must_use]
pub fn is_websocket(headers: &HeaderMap) -> bool {
    headers.contains_key(SEC_WEBSOCKET_KEY) && headers.get(UPGRADE).is_some_and(|u| has_token(u, "websocket"))
}

/// The protocol that is asked for. `h2c` is not passed on: we speak HTTP to the other side in our own way.
fn upgrade_of(version: Version, headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = version == Version::HTTP_11 && headers.get_all(CONNECTION).iter().any(|c| has_token(c, "upgrade"));
    headers.get(UPGRADE).filter(|protocol| asked && !has_token(protocol, "h2c")).cloned()
}

fn has_token(value: &HeaderValue, token: &str) -> bool {
    value.to_str().is_ok_and(|v| v.split(',').any(|t| t.trim().eq_ignore_ascii_case(token)))
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "http2-settings"] {
        headers.remove(name);
    }
}

/// HTTP/2 may cut the cookies into several fields, HTTP/1.1 may not (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let joined = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b"; "[..]);
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder().uri("http://app.apps.localhost:8080/x?y=1");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn hop_by_hop_headers_stay_here() {
        let mut request = request(&[
            ("connection", "keep-alive, X-Secret"),
            ("keep-alive", "timeout=5"),
            ("x-secret", "1"),
            ("te", "trailers, deflate"),
            ("transfer-encoding", "chunked"),
            ("proxy-authorization", "Basic x"),
            ("upgrade", "websocket"),
            ("accept", "*/*"),
        ]);
        assert!(begin(&mut request).is_none(), "no Connection: upgrade, no upgrade");
        let mut left: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "host", "te"]);
        assert_eq!(request.headers()[TE], "trailers");
        assert_eq!(request.headers()[HOST], "app.apps.localhost:8080");
    }

    #[test]
    fn an_upgrade_keeps_its_handshake() {
        let mut request = request(&[("connection", "keep-alive, Upgrade"), ("upgrade", "SPDY/3.1"), ("sec-websocket-key", "k")]);
        assert!(begin(&mut request).is_some());
        assert_eq!(request.headers()[CONNECTION], "upgrade");
        assert_eq!(request.headers()[UPGRADE], "SPDY/3.1");
        assert_eq!(request.headers()[SEC_WEBSOCKET_KEY], "k");
    }

    #[test]
    fn h2c_is_not_passed_on() {
        let mut request = request(&[("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c"), ("http2-settings", "AAMA")]);
        assert!(begin(&mut request).is_none());
        assert!(!request.headers().contains_key(UPGRADE) && !request.headers().contains_key("http2-settings"));
    }

    #[test]
    fn cookies_are_one_field() {
        let mut request = request(&[("cookie", "a=1"), ("cookie", "b=2")]);
        begin(&mut request);
        assert_eq!(request.headers().get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }

    #[tokio::test]
    async fn a_switch_nobody_asked_for_is_refused() {
        let mut response = Response::builder().status(101).header(UPGRADE, "x").body(()).unwrap();
        assert!(finish(&mut response, None, &Tunnels::new(CancellationToken::new())).is_err());
    }
}
