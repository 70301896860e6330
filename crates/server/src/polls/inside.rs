//! A WebSocket or an event stream of our own API, asked for within the process, as whoever asked us.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Extensions, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::MESSAGE_LIMIT;
use crate::auth::WorkspaceCaller;
use crate::error::ApiError;

pub type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// The whole server's own router, for requests within.
#[derive(Clone)]
pub struct Inside(pub Router);

/// Bytes on their way between the two ends.
const BUFFER: usize = 64 * 1024;
/// Who asks, and in which language.
const CALLER: [HeaderName; 4] = [header::AUTHORIZATION, header::COOKIE, header::HOST, header::ACCEPT_LANGUAGE];

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    WebSocket {
        protocol: Option<&'a str>,
    },
    /// Server-sent events, from the one after this id where it is given.
    Events {
        after: Option<&'a str>,
    },
}

/// What talks to the page.
pub enum Line {
    Socket(Box<Socket>),
    /// The stream as it is written.
    Events(Body),
}

/// What came of it: a line, or what was answered instead.
pub enum Answer {
    Open(Line),
    Refused(Response),
}

/// Asks for what is at `uri` with what `caller` proved. `origin` is ours: the caller has shown to be our page already.
pub async fn connect(
    Inside(app): Inside,
    caller: &Parts,
    uri: &str,
    wish: Wish<'_>,
    origin: &str,
    shutdown: CancellationToken,
) -> Result<Answer, ApiError> {
    let (ours, theirs) = tokio::io::duplex(BUFFER);
    tokio::spawn(serve(app, theirs, Marks::of(caller), shutdown));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(ours)).await.map_err(ApiError::internal)?;
    tokio::spawn(connection.with_upgrades());
    let mut answer = sender.send_request(request(caller, uri, wish, origin)?).await.map_err(ApiError::internal)?;
    if matches!(wish, Wish::Events { .. }) && is_events(&answer) {
        return Ok(Answer::Open(Line::Events(Body::new(answer.into_body()))));
    }
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Answer::Refused(answer.map(Body::new)));
    }
    let upgraded = hyper::upgrade::on(&mut answer).await.map_err(ApiError::internal)?;
    let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_LIMIT)).max_frame_size(Some(MESSAGE_LIMIT));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, Some(config)).await;
    Ok(Answer::Open(Line::Socket(Box::new(socket))))
}

fn is_events<B>(answer: &http::Response<B>) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    answer.status() == StatusCode::OK && kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

fn request(caller: &Parts, uri: &str, wish: Wish<'_>, origin: &str) -> Result<http::Request<Body>, ApiError> {
    let mut request = http::Request::get(uri).header(header::ORIGIN, origin);
    request = match wish {
        Wish::WebSocket { protocol } => {
            let request = request
                .header(header::CONNECTION, "Upgrade")
                .header(header::UPGRADE, "websocket")
                .header(header::SEC_WEBSOCKET_VERSION, "13")
                .header(header::SEC_WEBSOCKET_KEY, generate_key());
            match protocol {
                Some(protocol) => request.header(header::SEC_WEBSOCKET_PROTOCOL, protocol),
                None => request,
            }
        }
        Wish::Events { after } => {
            let request = request.header(header::ACCEPT, "text/event-stream");
            match after {
                Some(id) => request.header("last-event-id", id),
                None => request,
            }
        }
    };
    for name in CALLER {
        let values: Vec<HeaderValue> = caller.headers.get_all(&name).iter().cloned().collect();
        for value in values {
            request = request.header(&name, value);
        }
    }
    request.body(Body::empty()).map_err(ApiError::internal)
}

/// What the server itself has written down about the caller's own connection.
#[derive(Clone)]
struct Marks {
    from: Option<ConnectInfo<SocketAddr>>,
    workspace: Option<WorkspaceCaller>,
}

impl Marks {
    fn of(caller: &Parts) -> Self {
        Self { from: caller.extensions.get().copied(), workspace: caller.extensions.get().cloned() }
    }

    fn put(self, extensions: &mut Extensions) {
        if let Some(from) = self.from {
            extensions.insert(from);
        }
        if let Some(workspace) = self.workspace {
            extensions.insert(workspace);
        }
    }
}

/// One connection: it ends with its other end.
async fn serve(app: Router, stream: tokio::io::DuplexStream, marks: Marks, shutdown: CancellationToken) {
    let service = tower::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        marks.clone().put(request.extensions_mut());
        app.clone().oneshot(request)
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::select! {
        () = shutdown.cancelled() => {}
        _ = connection => {}
    }
}
