use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use maru_engine::Engine;
use maru_model::{Egress, Limits, UserId};
use maru_store::ports::Sharing;
use maru_store::workspaces::{Intention, StoppedFor, WorkspaceRow};
use maru_store::{Store, StoreError};
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Owner};
use crate::driver::Driver;
use crate::entry::Entry;
use crate::error::WorkspaceError;
use crate::forget::{Leaving, being_removed};
use crate::link::{AgentLink, Inbound};
use crate::queue::Request;
use crate::reconcile;
use crate::runtime::Docker;
use crate::snapshots::Desks;
use crate::starts::Starts;
use crate::usage;
use crate::view::{State, WorkspaceView};
use maru_protocol::{ExecRequest, ExecResponse};

/// How long a workspace that is starting is waited for.
const PATIENCE: Duration = Duration::from_secs(4);
/// Bytes of each direction of a terminal's connection.
const BUFFER: usize = 8 * 1024;

/// What drivers, links and the reconciler share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) docker: Docker,
    pub(crate) store: Store,
    pub(crate) inbound: mpsc::Sender<Inbound>,
    pub(crate) starts: Starts,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) desks: Desks,
    pub(crate) leaving: Leaving,
    entries: Mutex<HashMap<UserId, Arc<Entry>>>,
}

impl Shared {
    fn entries_locked(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Entry>>> {
        // Nothing under this lock panics, and the map would still be whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.entries_locked().values().cloned().collect()
    }

    /// The way out of this user's workspace, as their classes and this installation want it.
    pub(crate) async fn egress(&self, user: &UserId) -> Result<Egress, StoreError> {
        Ok(self.store.egress_of(user).await?.unwrap_or(self.config.egress))
    }

    /// What this user's workspace may use from its next start on.
    pub(crate) async fn limits(&self, user: &UserId) -> Result<Limits, StoreError> {
        Ok(self.store.limits_of(user).await?.over(self.config.limits))
    }

    /// The entry of this workspace; its driver starts with it.
    pub(crate) fn entry(self: &Arc<Self>, row: WorkspaceRow) -> Arc<Entry> {
        let mut entries = self.entries_locked();
        if let Some(entry) = entries.get(&row.user_id) {
            return entry.clone();
        }
        let view = WorkspaceView {
            id: row.id.clone(),
            state: State::Stopped,
            phase: None,
            cause: self.config.why_stopped(row.stopped_for).filter(|_| row.intention == Intention::Stopped),
            position: None,
            deadline: None,
            image: self.config.image.clone(),
            started_at: None,
            limits: self.config.limits,
            home: None,
            usage: None,
            notices: Vec::new(),
            idle_stop_at: None,
            keep_alive_until: row.keep_alive_until.and_then(|until| Timestamp::from_millisecond(until).ok()),
            safe_mode: None,
            undo_until: None,
            snapshot_trouble: None,
        };
        let user = row.user_id.clone();
        let entry = Arc::new(Entry::new(row, view, AgentLink::new(self.tasks.clone()), self.stop.child_token()));
        self.tasks.spawn(Driver::new(entry.clone(), self.clone()).run());
        entries.insert(user, entry.clone());
        entry
    }

    /// Ends the driver of this user's workspace, and knows nothing of it any more.
    pub(crate) fn let_go(&self, user: &UserId) {
        if let Some(entry) = self.entries_locked().remove(user) {
            entry.stop.cancel();
        }
    }
}

/// All workspaces of this installation; cheap to clone.
#[derive(Clone, Debug)]
pub struct Workspaces(Arc<Shared>);

impl Workspaces {
    /// Adopts the workspaces that run already, and watches over all of them from now on. Connections that programs
    /// in workspaces open toward the server come out of `inbound`'s other end.
    ///
    /// # Errors
    /// Where the folder for tools cannot be made, or the database fails.
    pub async fn open(config: Config, engine: Engine, store: Store, inbound: mpsc::Sender<Inbound>) -> Result<Self, WorkspaceError> {
        // The Engine would make a missing one too, but as root's.
        tokio::fs::create_dir_all(&config.tools)
            .await
            .map_err(|source| WorkspaceError::Agent { path: config.tools.display().to_string(), source })?;
        let config = Arc::new(config);
        let shared = Arc::new(Shared {
            docker: Docker::new(engine, config.clone()),
            starts: Starts::new(config.parallel_starts),
            config,
            store,
            inbound,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            desks: Desks::default(),
            leaving: Leaving::default(),
            entries: Mutex::default(),
        });
        let running = match shared.docker.list().await {
            Ok(listed) => listed.into_iter().filter(|container| container.running).filter_map(|container| container.workspace).collect(),
            Err(error) => {
                tracing::warn!(%error, "the workspaces that run cannot be listed yet");
                HashSet::new()
            }
        };
        for row in shared.store.workspaces().await? {
            let (runs, intention) = (running.contains(&row.id), row.intention);
            let entry = shared.entry(row);
            match intention {
                // One that runs is adopted. One that doesn't was about to start, or its machine was started again.
                Intention::Running => drop(entry.offer(Request::Start)),
                Intention::Stopped if runs => drop(entry.offer(Request::Stop)),
                Intention::Stopped => {}
            }
        }
        shared.show_undos().await?;
        shared.tasks.spawn(reconcile::run(shared.clone()));
        Ok(Self(shared))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    pub(crate) async fn entry(&self, owner: &Owner) -> Result<Arc<Entry>, WorkspaceError> {
        if self.0.leaving.contains(&owner.id) {
            return Err(being_removed());
        }
        if let Some(entry) = self.known(&owner.id) {
            return Ok(entry);
        }
        let row = self.0.store.ensure_workspace(&owner.id).await?;
        Ok(self.0.entry(row))
    }

    fn known(&self, user: &UserId) -> Option<Arc<Entry>> {
        self.0.entries_locked().get(user).cloned()
    }

    async fn ask(&self, owner: &Owner, request: Request) -> Result<WorkspaceView, WorkspaceError> {
        let entry = self.entry(owner).await?;
        entry.ask(&self.0.store, request, StoppedFor::Asked).await?;
        Ok(entry.view())
    }

    /// Makes sure that the workspace runs or will soon. Any number of calls at once end in one container.
    ///
    /// # Errors
    /// Where the database fails; a start that fails is told by the view.
    pub async fn ensure(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        self.ask(owner, Request::Start).await
    }

    /// SIGTERM, KILL after 10 s; the container and the home stay. Gives up a start that is going on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stop(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        self.ask(owner, Request::Stop).await
    }

    /// The same, by somebody else than its owner, who is told.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stop_by_staff(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        let entry = self.entry(owner).await?;
        entry.ask(&self.0.store, Request::Stop, StoppedFor::Staff).await?;
        Ok(entry.view())
    }

    /// Gives up a start that is going on, waits for its turn, or failed and will be tried again; otherwise nothing happens.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn cancel(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        let entry = self.entry(owner).await?;
        entry.cancel(&self.0.store).await?;
        Ok(entry.view())
    }

    /// Somebody uses this workspace now, in a way that its agent does not see: a request to a preview, say, or a key in
    /// the editor.
    pub fn touch(&self, user: &UserId) {
        if let Some(entry) = self.known(user) {
            entry.touch();
        }
    }

    /// Does not stop the workspace for being idle before this time; `None` takes that back.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_alive(&self, owner: &Owner, until: Option<Timestamp>) -> Result<WorkspaceView, WorkspaceError> {
        let entry = self.entry(owner).await?;
        // As exact as it is written down.
        let millis = until.map(Timestamp::as_millisecond);
        let until = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        self.0.store.keep_workspace_alive(&entry.row.id, millis).await?;
        {
            let mut desk = entry.desk();
            desk.keep_alive_until = millis;
            if let (None, Some(after)) = (until, self.0.config.idle_after.get()) {
                desk.activity.let_go(after, Timestamp::now().as_millisecond());
            }
        }
        entry.publish(|view| view.keep_alive_until = until);
        usage::review(&self.0, &entry).await;
        Ok(entry.view())
    }

    /// # Errors
    /// Where the database fails.
    pub async fn restart(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        self.ask(owner, Request::Restart).await
    }

    /// A container anew, the same home.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn recreate(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        self.ask(owner, Request::Recreate).await
    }

    /// Ends and removes the container at once, whatever is going on; the home stays.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn force_stop(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        self.ask(owner, Request::Force).await
    }

    /// # Errors
    /// Where the database fails.
    pub async fn get(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        Ok(self.entry(owner).await?.view())
    }

    /// The view now and whenever it changes.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn subscribe(&self, owner: &Owner) -> Result<watch::Receiver<WorkspaceView>, WorkspaceError> {
        Ok(self.entry(owner).await?.subscribe())
    }

    /// Everybody who has a workspace, with it, by login.
    #[must_use]
    pub fn list(&self) -> Vec<(Owner, WorkspaceView)> {
        let mut all: Vec<_> = self.0.entries().iter().map(|entry| (entry.owner.clone(), entry.view())).collect();
        all.sort_by(|(a, _), (b, _)| a.login.cmp(&b.login));
        all
    }

    /// The way to the agent of a workspace that is ready. One that is starting is waited for a little, so that a server
    /// that has just come back answers as if it had never been away.
    ///
    /// # Errors
    /// [`WorkspaceError::NotReady`] in every other state.
    pub async fn agent(&self, user: &UserId) -> Result<AgentLink, WorkspaceError> {
        let Some(entry) = self.known(user) else { return Err(WorkspaceError::NotReady { state: State::Stopped, cause: None }) };
        let mut views = entry.subscribe();
        let settled = views.wait_for(|view| !matches!(view.state, State::Queued | State::Starting));
        let view = match tokio::time::timeout(PATIENCE, settled).await {
            Ok(Ok(view)) => view.clone(),
            // Still starting.
            _ => entry.view(),
        };
        match view.state {
            State::Ready => Ok(entry.link.clone()),
            state => Err(WorkspaceError::NotReady { state, cause: view.cause }),
        }
    }

    /// Runs a program in the workspace to its end, as its owner.
    ///
    /// # Errors
    /// [`WorkspaceError::NotReady`], or where the agent does not answer.
    pub async fn exec(&self, user: &UserId, request: &ExecRequest) -> Result<ExecResponse, WorkspaceError> {
        Ok(self.agent(user).await?.exec(request).await?)
    }

    /// The way out of this user's workspace from its next start on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn egress(&self, user: &UserId) -> Result<Egress, WorkspaceError> {
        Ok(self.0.egress(user).await?)
    }

    /// What this user's workspace may use from its next start on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn limits(&self, user: &UserId) -> Result<Limits, WorkspaceError> {
        Ok(self.0.limits(user).await?)
    }

    /// How the preview of this port of this user's workspace is shared now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sharing(&self, user: &UserId, port: u16) -> Result<Sharing, WorkspaceError> {
        Ok(self.sharings(user).await?.get(&port).copied().unwrap_or_default())
    }

    /// The ports of this user's workspace that are shared now; all others are private.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sharings(&self, user: &UserId) -> Result<BTreeMap<u16, Sharing>, WorkspaceError> {
        let Some(entry) = self.known(user) else { return Ok(BTreeMap::new()) };
        Ok(self.0.store.port_sharings(&entry.row.id).await?)
    }

    /// # Errors
    /// Where the database fails.
    pub async fn share(&self, owner: &Owner, port: u16, sharing: Sharing) -> Result<(), WorkspaceError> {
        let entry = self.entry(owner).await?;
        Ok(self.0.store.share_port(&entry.row.id, port, sharing).await?)
    }

    /// Joins two connections that are about to be upgraded, until either ends or this server does.
    pub fn splice(&self, one: OnUpgrade, other: OnUpgrade) {
        let stop = self.0.stop.clone();
        let joined = async move {
            match tokio::try_join!(one, other) {
                Ok((one, other)) => {
                    // How a connection ended is told to whoever holds its two ends.
                    let _ = maru_protocol::splice(TokioIo::new(one), TokioIo::new(other), BUFFER).await;
                }
                Err(error) => tracing::debug!(%error, "a connection was not upgraded"),
            }
        };
        self.0.tasks.spawn(async move { stop.run_until_cancelled(joined).await });
    }

    /// From now on a workspace that nobody uses is stopped after so long; `None` for never.
    pub fn stop_idle_after(&self, after: Option<Duration>) {
        self.0.config.idle_after.set(after);
    }

    /// How long starts took, from their place in the queue to ready, in seconds.
    #[must_use]
    pub fn start_times(&self) -> Histogram {
        self.0.starts.took.clone()
    }

    /// Lets drivers and links go; containers run on, to be adopted by the next server.
    pub async fn shut_down(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}
