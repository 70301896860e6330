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
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::options::Options;
use crate::proxy::Proxy;
use crate::{tls, watch};

/// How long whoever asks for health may take for the head of a request.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to agree on a key.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections may wait to be accepted: as tokio's own listeners.
const BACKLOG: u32 = 1024;

/// Runs the Ingress controller of the cluster behind `client` until `stop` is cancelled, then lets what is under way come to
/// its end. Health is told from the beginning. Applications are listened for, and `/readyz` says ok, once the first table is
/// there: before it any host would be 404, while a connection that is refused is tried again.
///
/// # Errors
/// Where a port can't be listened on, or the cluster is watched no longer.
pub async fn run(client: kube::Client, options: Options, stop: CancellationToken) -> Result<(), Error> {
    // A port that somebody has is told now, not once the cluster has answered.
    let (plain, secure) = (bind(options.listen)?, bind(options.listen_tls)?);
    let health = bind(options.health)?.listen(BACKLOG).map_err(listening(options.health))?;
    tracing::info!(listen = %options.listen, tls = %options.listen_tls, health = %options.health, classes = ?options.policy.classes, "the gateway starts");
    let proxy = Arc::new(Proxy::new(options, Some(client.clone()))?);
    let ready = Arc::new(AtomicBool::new(false));
    // Health and watches go on while connections are drained.
    let background = CancellationToken::new();
    let mut tables = proxy.tables();
    let mut watches = tokio::spawn(watch::run(client, Arc::clone(&proxy), background.clone()));
    let healths = tokio::spawn(serve_health(health, Arc::clone(&proxy), Arc::clone(&ready), stop.clone(), background.clone()));
    let served = tokio::select! {
        () = stop.cancelled() => Ok(()),
        // It can't be closed: the proxy is held here.
        _ = tables.changed() => serve_both(plain, secure, &proxy, &ready, stop).await,
        _ = &mut watches => Err(Error::Watches),
    };
    background.cancel();
    // Both end by the token; a panic in one has been reported already.
    if !watches.is_finished() {
        let _ = watches.await;
    }
    let _ = healths.await;
    served
}

async fn serve_both(
    plain: TcpSocket,
    secure: TcpSocket,
    proxy: &Arc<Proxy>,
    ready: &AtomicBool,
    stop: CancellationToken,
) -> Result<(), Error> {
    let plain = plain.listen(BACKLOG).map_err(listening(proxy.options().listen))?;
    let secure = secure.listen(BACKLOG).map_err(listening(proxy.options().listen_tls))?;
    ready.store(true, Ordering::Release);
    tracing::info!(hosts = proxy.table().hosts(), "applications are served");
    tokio::join!(serve(plain, Arc::clone(proxy), stop.clone()), serve_tls(secure, Arc::clone(proxy), stop)).1
}

/// A socket that has this address, and does not listen yet.
fn bind(address: SocketAddr) -> Result<TcpSocket, Error> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let bound = socket.and_then(|socket| {
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    });
    bound.map_err(listening(address))
}

fn listening(address: SocketAddr) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Listen { address, source }
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
    let patience = proxy.options().head_timeout;
    let asked = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let (proxy, scheme) = (Arc::clone(&proxy), scheme.clone());
        async move { Ok::<_, std::convert::Infallible>(proxy.handle(peer.ip(), &scheme, request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30)).max_concurrent_streams(256);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // hyper's own timeout begins once it knows the version, which a client that sends nothing never tells.
    let silent = tokio::time::sleep(patience);
    tokio::pin!(silent);
    let (mut waiting, mut stopping) = (true, false);
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, %peer, "a connection ended");
                }
                return;
            }
            () = cut.cancelled() => return,
            () = &mut silent, if waiting => {
                waiting = false;
                if !asked.load(Ordering::Relaxed) {
                    connection.as_mut().graceful_shutdown();
                }
            }
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
                .header_read_timeout(HEALTH_TIMEOUT)
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
        "/metrics" => (StatusCode::OK, proxy.records.metrics.render(proxy.tunnels().open(), proxy.table().hosts())),
        _ => (StatusCode::NOT_FOUND, "/healthz, /readyz or /metrics\n".into()),
    }
}
