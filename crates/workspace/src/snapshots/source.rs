//! The agent that a home is read and restored through: that of the workspace, where it runs; else one in a container of
//! its own around the same volume, which reaches nothing and ends when its work is done.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use maru_engine::models;
use maru_model::Text;
use maru_protocol::Pipe;
use tokio::sync::{OwnedMutexGuard, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::failed;
use crate::entry::Entry;
use crate::error::WorkspaceError;
use crate::link::{AgentLink, LinkFailure};
use crate::runtime::{Docker, Presence};
use crate::view::State;
use crate::workspaces::Shared;

const ROLE: &str = "snapshot";
/// How long the agent of a container of its own may take to answer.
const BOOT: Duration = Duration::from_secs(30);
/// How long nothing may come.
const STALL: Duration = Duration::from_secs(60);
const WAITING: usize = 8;

pub(super) struct Source {
    pub(super) link: AgentLink,
    /// The number of the home.
    pub(super) home: i64,
    _helper: Option<Helper>,
}

/// Its container goes with it.
struct Helper {
    shared: Arc<Shared>,
    name: String,
    stop: CancellationToken,
    resting: Option<OwnedMutexGuard<()>>,
    /// Until it runs. Whoever waits may give up, the Engine does not: it would make the container after it was removed.
    starting: Option<JoinHandle<Result<(), WorkspaceError>>>,
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.stop.cancel();
        let (shared, name, resting) = (self.shared.clone(), self.name.clone(), self.resting.take());
        let starting = self.starting.take();
        self.shared.tasks.spawn(async move {
            if let Some(starting) = starting {
                let _ = starting.await;
            }
            if let Err(error) = shared.docker.engine.remove_container(&name).await {
                tracing::warn!(%name, %error, "a container for snapshots stays");
            }
            drop(resting);
        });
    }
}

impl Source {
    /// Through the workspace's own agent; `None` where it does not run.
    pub(super) async fn running(shared: &Shared, entry: &Entry) -> Option<Self> {
        if !entry.link.is_up() {
            return None;
        }
        match shared.docker.look(&entry.row, None).await {
            Ok(Presence::Running { home, .. }) => Some(Self { link: entry.link.clone(), home, _helper: None }),
            _ => None,
        }
    }

    /// Of a home that nothing runs in: the driver waits for this before it starts anything. `writable` is for restores.
    pub(super) async fn at_rest(
        shared: &Arc<Shared>,
        entry: &Arc<Entry>,
        resting: OwnedMutexGuard<()>,
        home: i64,
        writable: bool,
    ) -> Result<Self, WorkspaceError> {
        let engine = &shared.docker.engine;
        let login = &entry.owner.login;
        let limits = shared.limits(&entry.owner.id).await?;
        let name = engine.name(&format!("snapshot-{login}"));
        let mut labels = engine.labels(ROLE);
        labels.extend(HashMap::from([("maru.login".to_owned(), login.to_string())]));
        let stop = shared.stop.child_token();
        let starting = shared.tasks.spawn({
            let (shared, name, login) = (shared.clone(), name.clone(), login.clone());
            async move { shared.docker.start_beside(&name, labels, (&login, home), &limits, writable).await }
        });
        let mut helper =
            Helper { shared: shared.clone(), name: name.clone(), stop: stop.clone(), resting: Some(resting), starting: Some(starting) };
        if let Some(starting) = &mut helper.starting {
            let started = starting.await;
            helper.starting = None;
            started.map_err(io::Error::other).map_err(failed("starting the agent for snapshots"))??;
        }
        let link = AgentLink::new(shared.tasks.clone());
        let (keeper, owner, engine) = (link.clone(), entry.owner.clone(), engine.clone());
        // Nothing in it asks anything of the server.
        let (inbound, _) = mpsc::channel(1);
        shared.tasks.spawn(async move { keeper.keep(owner, inbound, stop, || Docker::dial(engine.clone(), name.clone())).await });
        let up = timeout(BOOT, link.wait_up()).await;
        up.map_err(|_| {
            WorkspaceError::Passing(Text::new("The agent for snapshots did not start.", "스냅샷용 에이전트가 시작되지 않았습니다."))
        })?;
        Ok(Self { link, home, _helper: Some(helper) })
    }

    /// Whichever there is, of a workspace with which nothing goes on; none where something has begun meanwhile.
    pub(super) async fn of(shared: &Arc<Shared>, entry: &Arc<Entry>, desk: &Desk, writable: bool) -> Result<Option<Self>, WorkspaceError> {
        let began = entry.view().state;
        if began == State::Ready {
            // It may be dialled again just now.
            let _ = timeout(BOOT, entry.link.wait_up()).await;
        }
        if let Some(source) = Self::running(shared, entry).await {
            return Ok(Some(source));
        }
        let resting = desk.resting.clone().lock_owned().await;
        let view = entry.view();
        match view.state {
            // Now the driver waits; unless it was here first.
            State::Stopped | State::Failed => {
                let row = shared.store.workspace(&entry.row.id).await?;
                Self::at_rest(shared, entry, resting, row.home, writable).await.map(Some)
            }
            State::Ready if began == State::Ready => Err(WorkspaceError::NotReady { state: view.state, cause: view.cause }),
            _ => Ok(None),
        }
    }

    /// Asks the agent, and has a thread read its answer while it comes.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        path: &'static str,
        body: Vec<u8>,
        work: impl FnOnce(&mut Pipe) -> io::Result<T> + Send + 'static,
    ) -> Result<T, WorkspaceError> {
        let answer = self.post(path, Full::new(Bytes::from(body))).await?;
        let (to, mut pipe) = Pipe::new(WAITING);
        let pump = async move {
            let mut body = answer;
            loop {
                let piece = match timeout(STALL, body.frame()).await {
                    Ok(None) => return,
                    Ok(Some(Ok(frame))) => frame.into_data().map_err(|_| io::ErrorKind::InvalidData.into()),
                    Ok(Some(Err(error))) => Err(io::Error::other(error)),
                    Err(_) => Err(io::ErrorKind::TimedOut.into()),
                };
                let over = piece.is_err();
                if to.send(piece).await.is_err() || over {
                    return;
                }
            }
        };
        let work = tokio::task::spawn_blocking(move || work(&mut pipe));
        let (worked, ()) = tokio::join!(work, pump);
        worked.map_err(io::Error::other).flatten().map_err(failed("reading the home"))
    }

    pub(super) async fn post<B>(&self, path: &'static str, body: B) -> Result<Incoming, WorkspaceError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body);
        let answer = self.link.request(request.map_err(|error| LinkFailure::Answer(error.to_string()))?).await?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(answer.into_body());
        }
        let said = http_body_util::Limited::new(answer.into_body(), 64 * 1024).collect().await.map(http_body_util::Collected::to_bytes);
        Err(LinkFailure::Refused { status, body: String::from_utf8_lossy(&said.unwrap_or_default()).into_owned() }.into())
    }
}

/// Removes what a server left that was killed.
pub(crate) async fn sweep(shared: &Shared) {
    let found: Vec<models::ContainerSummary> = shared.docker.engine.list_containers(ROLE).await.unwrap_or_default();
    for id in found.into_iter().filter_map(|container| container.id) {
        if let Err(error) = shared.docker.engine.remove_container(&id).await {
            tracing::warn!(%id, %error, "a container for snapshots stays");
        }
    }
}
