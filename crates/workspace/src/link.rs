//! The connection to the agent in a running workspace: one stream, many HTTP/1.1 connections over it.
//!
//! A link outlives its stream: when the stream dies and the container doesn't, it is dialled again. Requests that
//! come meanwhile wait a little. Streams the agent opens (programs in the workspace that speak to the server on
//! their loopback port) are handed out with the owner's name on them: that is all the identity they need.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use maru_engine::EngineError;
use maru_model::{Login, UserId};
use maru_protocol::{ExecRequest, ExecResponse, Link, LinkStream, Side, TunnelUpgrade};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Owner;

/// A connection opened by a program in the workspace, speaking HTTP.
pub type InboundStream = LinkStream;

/// The raw bytes of a TCP connection to a port in the workspace.
pub type PortStream = TokioIo<hyper::upgrade::Upgraded>;

/// A stream that the agent opened, and whose it is.
#[derive(Debug)]
pub struct Inbound {
    pub user: UserId,
    pub login: Login,
    pub stream: InboundStream,
}

/// How long a request waits for a link that is being dialled again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the agent is asked whether it is there, and how long it may take to answer.
const HEARTBEAT: Duration = Duration::from_secs(15);
const HEARTBEAT_DEADLINE: Duration = Duration::from_secs(10);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Bytes of an answer that is read whole.
const LARGEST_ANSWER: usize = 4 << 20;

#[derive(Debug, thiserror::Error)]
pub enum LinkFailure {
    #[error("there is no connection to it")]
    Down,
    #[error("the exchange broke off: {0}")]
    Http(#[from] hyper::Error),
    #[error("it answered {status}: {body}")]
    Refused { status: StatusCode, body: String },
    #[error("its answer cannot be read: {0}")]
    Answer(String),
    #[error("nothing listens on port {0}")]
    NoPort(u16),
}

/// Speaks with the agent of one workspace; cheap to clone, and the same through restarts of the container.
#[derive(Clone, Debug)]
pub struct AgentLink {
    up: Arc<watch::Sender<Option<Link>>>,
    /// The connections' own tasks, which end with their streams.
    tasks: TaskTracker,
}

impl AgentLink {
    pub(crate) fn new(tasks: TaskTracker) -> Self {
        Self { up: Arc::new(watch::channel(None).0), tasks }
    }

    /// Keeps the link up until `stop`: dials, serves, and dials again after a pause that grows.
    pub(crate) async fn keep<D, F, S>(&self, owner: Owner, inbound: mpsc::Sender<Inbound>, stop: CancellationToken, dial: D)
    where
        D: Fn() -> F + Send,
        F: Future<Output = Result<S, EngineError>> + Send,
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut pause = SHORTEST_PAUSE;
        let keep = async {
            loop {
                match dial().await {
                    Ok(stream) => {
                        if self.serve(&owner, &inbound, stream).await {
                            pause = SHORTEST_PAUSE;
                        }
                        self.up.send_replace(None);
                    }
                    Err(error) => tracing::debug!(login = %owner.login, %error, "the agent cannot be dialled"),
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        stop.run_until_cancelled(keep).await;
        self.up.send_replace(None);
    }

    /// Serves one stream to its end; true where the agent answered on it.
    async fn serve(&self, owner: &Owner, inbound: &mpsc::Sender<Inbound>, stream: impl AsyncRead + AsyncWrite + Unpin + Send) -> bool {
        let (link, mut incoming, run) = maru_protocol::link(stream, Side::Server);
        let hand_out = async {
            while let Some(stream) = incoming.next().await {
                let inbound_stream = Inbound { user: owner.id.clone(), login: owner.login.clone(), stream };
                if inbound.try_send(inbound_stream).is_err() {
                    tracing::warn!(login = %owner.login, "too many connections out of the workspace at once: one was refused");
                }
            }
        };
        let mut answered = false;
        let heart = async {
            loop {
                match timeout(HEARTBEAT_DEADLINE, self.healthy(&link)).await {
                    Ok(Ok(())) if !answered => {
                        answered = true;
                        self.up.send_replace(Some(link.clone()));
                    }
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return tracing::debug!(login = %owner.login, %error, "the agent is not well"),
                    Err(_) => return tracing::warn!(login = %owner.login, "the agent does not answer; dialling again"),
                }
                tokio::time::sleep(HEARTBEAT).await;
            }
        };
        tokio::select! {
            ended = run => {
                if let Err(error) = ended {
                    tracing::debug!(login = %owner.login, %error, "the link to the agent ended");
                }
            }
            () = hand_out => {}
            () = heart => {}
        }
        answered
    }

    async fn healthy(&self, link: &Link) -> Result<(), LinkFailure> {
        let request = Request::get("/healthz").body(Empty::<Bytes>::new()).map_err(|error| LinkFailure::Answer(error.to_string()))?;
        let answer = self.send(link, request).await?;
        if answer.status().is_success() { Ok(()) } else { Err(refusal(answer).await) }
    }

    /// True while the agent answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up.borrow().as_ref().is_some_and(|link| !link.is_closed())
    }

    /// Waits until the agent answers.
    pub(crate) async fn wait_up(&self) -> Link {
        let mut up = self.up.subscribe();
        loop {
            if let Some(link) = up.borrow_and_update().clone()
                && !link.is_closed()
            {
                return link;
            }
            // The sender is ours: this cannot fail while we are here.
            let _ = up.changed().await;
        }
    }

    /// Sends a request to the agent and gives its answer, both bodies streaming. An answer 101 can be upgraded.
    ///
    /// # Errors
    /// Where there is no connection, or it breaks off.
    pub async fn request<B>(&self, request: Request<B>) -> Result<Response<Incoming>, LinkFailure>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let link = timeout(PATIENCE, self.wait_up()).await.map_err(|_| LinkFailure::Down)?;
        self.send(&link, request).await
    }

    async fn send<B>(&self, link: &Link, mut request: Request<B>) -> Result<Response<Incoming>, LinkFailure>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let stream = link.open().await.map_err(|_| LinkFailure::Down)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        self.tasks.spawn(connection.with_upgrades());
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, header::HeaderValue::from_static("agent"));
        }
        Ok(sender.send_request(request).await?)
    }

    /// A TCP connection to a port in the workspace, whatever loopback address it listens on.
    ///
    /// # Errors
    /// [`LinkFailure::NoPort`] where nothing listens there.
    pub async fn open_port(&self, port: u16) -> Result<PortStream, LinkFailure> {
        let request = Request::get(format!("/preview/{port}"))
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, TunnelUpgrade::PROTOCOL)
            .body(Empty::<Bytes>::new())
            .map_err(|error| LinkFailure::Answer(error.to_string()))?;
        let mut answer = self.request(request).await?;
        match answer.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok(TokioIo::new(hyper::upgrade::on(&mut answer).await?)),
            StatusCode::BAD_GATEWAY | StatusCode::NOT_FOUND | StatusCode::SERVICE_UNAVAILABLE => Err(LinkFailure::NoPort(port)),
            _ => Err(refusal(answer).await),
        }
    }

    /// GET of a JSON document.
    ///
    /// # Errors
    /// Where the agent refuses, or its answer is something else.
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, LinkFailure> {
        let request = Request::get(path).body(Empty::<Bytes>::new()).map_err(|error| LinkFailure::Answer(error.to_string()))?;
        read_json(self.request(request).await?).await
    }

    /// Runs a program in the workspace to its end, as its owner.
    ///
    /// # Errors
    /// Where the agent cannot start it; a program that fails is no error here.
    pub async fn exec(&self, request: &ExecRequest) -> Result<ExecResponse, LinkFailure> {
        let body = serde_json::to_vec(request).map_err(|error| LinkFailure::Answer(error.to_string()))?;
        let request = Request::post("/exec")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| LinkFailure::Answer(error.to_string()))?;
        read_json(self.request(request).await?).await
    }
}

async fn whole(answer: Response<Incoming>) -> Result<Bytes, LinkFailure> {
    let body = http_body_util::Limited::new(answer.into_body(), LARGEST_ANSWER);
    Ok(body.collect().await.map_err(|error| LinkFailure::Answer(error.to_string()))?.to_bytes())
}

async fn refusal(answer: Response<Incoming>) -> LinkFailure {
    let status = answer.status();
    match whole(answer).await {
        Ok(body) => LinkFailure::Refused { status, body: String::from_utf8_lossy(&body).into_owned() },
        Err(error) => error,
    }
}

async fn read_json<T: DeserializeOwned>(answer: Response<Incoming>) -> Result<T, LinkFailure> {
    if !answer.status().is_success() {
        return Err(refusal(answer).await);
    }
    serde_json::from_slice(&whole(answer).await?).map_err(|error| LinkFailure::Answer(error.to_string()))
}
