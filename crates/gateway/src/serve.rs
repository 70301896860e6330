//! The listeners: accepts connections, serves them by the proxy, and ends gracefully.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::options::Options;
use crate::proxy::Proxy;
use crate::{tls, watch};

/// How long a client may take for the head of its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to agree on a key.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs the Ingress controller in its cluster until `stop` is cancelled, then lets what is under way come to its end.
///
/// # Errors
/// Where the cluster's API is not configured or a port can't be listened on.
pub async fn run(options: Options, stop: CancellationToken) -> Result<(), Error> {
    let client = kube::Client::try_default().await.map_err(Error::Cluster)?;
    let listener = listen(options.listen).await?;
    let listener_tls = listen(options.listen_tls).await?;
    let health = listen(options.health).await?;
    tracing::info!(listen = %options.listen, tls = %options.listen_tls, health = %options.health, classes = ?options.policy.classes, "the gateway starts");
    let proxy = Arc::new(Proxy::new(options, Some(client.clone()))?);
    let ready = Arc::new(AtomicBool::new(false));
    // Health and watches go on while connections are drained.
    let background = CancellationToken::new();
    let watches = tokio::spawn(watch::run(client, Arc::clone(&proxy), Arc::clone(&ready), background.clone()));
    let healths = tokio::spawn(serve_health(health, Arc::clone(&proxy), Arc::clone(&ready), stop.clone(), background.clone()));
    let (_, served) = tokio::join!(serve(listener, Arc::clone(&proxy), stop.clone()), serve_tls(listener_tls, proxy, stop));
    background.cancel();
    // Both end by the token; a panic in one has been reported already.
    let _ = tokio::join!(watches, healths);
    served
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Serves what comes in on `listener` by `proxy` until `stop`, then drains.
pub async fn serve(listener: TcpListener, proxy: Arc<Proxy>, stop: CancellationToken) {
    accept(listener, None, proxy, stop).await;
}

/// The same for clients that speak TLS.
///
/// # Errors
/// Where this program cannot speak it.
pub async fn serve_tls(listener: TcpListener, proxy: Arc<Proxy>, stop: CancellationToken) -> Result<(), Error> {
    let acceptor = tls::acceptor(Arc::clone(&proxy.certificates))?;
    accept(listener, Some(acceptor), proxy, stop).await;
    Ok(())
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, proxy: Arc<Proxy>, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Without it a small answer may wait for an acknowledgement; that it fails on a dead socket does not matter.
                let _ = stream.set_nodelay(true);
                let (proxy, tls, stop, cut) = (Arc::clone(&proxy), tls.clone(), stop.clone(), cut.clone());
                connections.spawn(async move {
                    match tls {
                        None => connection(stream, peer, Scheme::HTTP, proxy, stop, cut).await,
                        Some(tls) => match shake_hands(&tls, stream).await {
                            Ok(stream) => connection(stream, peer, Scheme::HTTPS, proxy, stop, cut).await,
                            Err(error) => tracing::debug!(%error, %peer, "no agreement on a key"),
                        },
                    }
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: it gets better when connections end.
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    let patience = proxy.options().drain;
    let drained = async { tokio::join!(connections.wait(), proxy.tunnels().drain(patience)) };
    if tokio::time::timeout(patience + Duration::from_secs(1), drained).await.is_err() {
        tracing::warn!(left = connections.len(), "connections are cut");
        cut.cancel();
        connections.wait().await;
    }
}

async fn shake_hands(tls: &TlsAcceptor, stream: TcpStream) -> std::io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
    tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await.map_err(|_| std::io::ErrorKind::TimedOut)?
}

async fn connection<S>(stream: S, peer: SocketAddr, scheme: Scheme, proxy: Arc<Proxy>, stop: CancellationToken, cut: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (proxy, scheme) = (Arc::clone(&proxy), scheme.clone());
        async move { Ok::<_, std::convert::Infallible>(proxy.handle(peer.ip(), &scheme, request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30)).max_concurrent_streams(256);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, %peer, "a connection ended");
                }
                return;
            }
            () = cut.cancelled() => return,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn serve_health(
    listener: TcpListener,
    proxy: Arc<Proxy>,
    ready: Arc<AtomicBool>,
    stopping: CancellationToken,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => { tokio::time::sleep(Duration::from_millis(50)).await; continue }
            },
        };
        let (proxy, ready, stopping, stop) = (Arc::clone(&proxy), Arc::clone(&ready), stopping.clone(), stop.clone());
        connections.spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let (status, body) = health(request.uri().path(), &proxy, ready.load(Ordering::Acquire), stopping.is_cancelled());
                let mut response = Response::new(Full::new(Bytes::from(body)));
                *response.status_mut() = status;
                std::future::ready(Ok::<_, std::convert::Infallible>(response))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! { _ = connection => {}, () = stop.cancelled() => {} }
        });
    }
    connections.close();
    connections.wait().await;
}

fn health(path: &str, proxy: &Proxy, ready: bool, stopping: bool) -> (StatusCode, String) {
    match path {
        "/healthz" => (StatusCode::OK, "ok\n".into()),
        "/readyz" if stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into()),
        "/readyz" if !ready => (StatusCode::SERVICE_UNAVAILABLE, "the cluster has not told all its Ingresses yet\n".into()),
        "/readyz" => (StatusCode::OK, "ok\n".into()),
        "/metrics" => (StatusCode::OK, proxy.metrics.render(proxy.tunnels().open(), proxy.table().hosts())),
        _ => (StatusCode::NOT_FOUND, "/healthz, /readyz or /metrics\n".into()),
    }
}
