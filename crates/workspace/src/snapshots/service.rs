//! What the server, the driver and the clock ask of snapshots.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use maru_model::{SnapshotId, Text, UserId};
use maru_protocol::snapshot::{LeftOut, Node, NodeKind, RestoreReport};
use tokio::sync::{OwnedRwLockReadGuard, mpsc};
use tokio::time::{Instant, interval, interval_at, timeout};

use super::desk::{Busy, Desk, Restored, Trouble, Turn};
use super::manifest::{Manifest, Reason, Snapshot};
use super::plan::{Wanted, clean};
use super::source::{Source, sweep};
use super::take::{Order, blocking, take};
use super::vault::{Vault, folder_of};
use super::{failed, restore};
use crate::config::Owner;
use crate::entry::Entry;
use crate::error::WorkspaceError;
use crate::runtime::Presence;
use crate::view::{State, WorkspaceView};
use crate::workspaces::{Shared, Workspaces};

/// Nothing that a person waits for takes longer; nor does a snapshot by the clock.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How often it is seen for whom an hour is over, as a part of that hour.
const LOOKS: u32 = 12;
/// How long a workspace that is starting or stopping is waited for.
const SETTLE: Duration = Duration::from_secs(90);
/// How long the Engine may take to say which home there is.
const LOOK: Duration = Duration::from_secs(10);
const WAITING: usize = 4;
/// A server that has just started has other things to do first.
const FIRST_TIDYING: Duration = Duration::from_secs(10 * 60);

/// All that is listed.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The newest first.
    pub snapshots: Vec<Snapshot>,
    pub busy: Option<Busy>,
    pub trouble: Option<Trouble>,
    pub restored: Option<Restored>,
    /// Bytes that they take, and that they may take.
    pub bytes: u64,
    pub bytes_limit: u64,
}

/// One snapshot, with what is not in it.
#[derive(Clone, Debug)]
pub struct Details {
    pub snapshot: Snapshot,
    pub left_out: Vec<LeftOut>,
    /// Files that somebody wrote to whenever they were read.
    pub unsettled: Vec<String>,
}

/// A file in a snapshot.
#[derive(Debug)]
pub struct Content {
    pub node: Node,
    pub pieces: mpsc::Receiver<io::Result<Bytes>>,
}

/// Done, or still going on after the time that the caller had.
#[derive(Clone, Debug, PartialEq)]
pub enum Done<T> {
    Now(T),
    Later,
}

impl Shared {
    fn vault(&self, user: &UserId) -> Vault {
        Vault::new(folder_of(&self.config.snapshots.folder, user))
    }

    /// Removes all snapshots of this user.
    pub(crate) async fn remove_vault(&self, user: &UserId) -> Result<(), WorkspaceError> {
        let vault = self.vault(user);
        blocking("removing snapshots", move || vault.remove()).await?;
        self.desks.remove(user);
        Ok(())
    }

    async fn snapshot(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        source: Source,
        desk: &Arc<Desk>,
        turn: Turn,
        order: Order,
    ) -> Result<Option<Snapshot>, WorkspaceError> {
        let vault = self.vault(&entry.owner.id);
        let began = Instant::now();
        let reason = order.reason;
        let taken = take(&self.config.snapshots, &vault, &source, desk, turn, order).await?.map(|manifest| manifest.snapshot);
        drop(source);
        let took_ms = began.elapsed().as_millis();
        tracing::info!(login = %entry.owner.login, ?reason, took_ms, files = taken.as_ref().map(|taken| taken.files), added = taken.as_ref().map(|taken| taken.added_bytes), "snapshot");
        Ok(taken)
    }

    /// Takes one in its turn, and says of it what there is to say.
    async fn snapshot_in_turn(self: &Arc<Self>, entry: &Arc<Entry>, order: Order) -> Result<Option<Snapshot>, WorkspaceError> {
        let desk = self.desks.of(&entry.owner.id);
        let reason = order.reason;
        let work = async {
            let (turn, source) = self.turn_and_source(entry, &desk, false).await?;
            let _showing = desk.begin(reason, None);
            self.snapshot(entry, source, &desk, turn, order).await
        };
        let taken = timeout(LONGEST, work).await.unwrap_or(Err(WorkspaceError::SnapshotLate));
        self.tell(entry, &desk, reason, taken.as_ref().err());
        if taken.is_ok() {
            self.tidy(entry, &desk).await;
        }
        taken
    }

    /// The turn to write, and the way to the home, once nothing goes on with the workspace: its driver waits for that turn
    /// too, before it makes a container anew, so nobody may wait for the driver with it in hand.
    async fn turn_and_source(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        desk: &Arc<Desk>,
        writable: bool,
    ) -> Result<(Turn, Source), WorkspaceError> {
        let settled = |view: &WorkspaceView| matches!(view.state, State::Ready | State::Stopped | State::Failed);
        let mut views = entry.subscribe();
        loop {
            let waited = timeout(SETTLE, views.wait_for(settled)).await.is_ok_and(|waited| waited.is_ok());
            if !waited {
                let view = entry.view();
                return Err(WorkspaceError::NotReady { state: view.state, cause: view.cause });
            }
            let turn = desk.turn().await;
            if settled(&entry.view())
                && let Some(source) = Source::of(self, entry, desk, writable).await?
            {
                return Ok((turn, source));
            }
        }
    }

    fn tell(&self, entry: &Entry, desk: &Desk, reason: Reason, error: Option<&WorkspaceError>) {
        if matches!(error, Some(WorkspaceError::NoHome)) {
            return;
        }
        let trouble = error.map(|error| Trouble { reason, at: Timestamp::now(), cause: error.cause() });
        if let Some(error) = error {
            tracing::warn!(login = %entry.owner.login, ?reason, %error, "no snapshot");
        }
        {
            let mut seen = desk.seen();
            if trouble.is_none() {
                seen.looked_at = Timestamp::now().as_millisecond();
            }
            seen.trouble.clone_from(&trouble);
        }
        entry.publish(|view| view.snapshot_trouble = trouble.map(|trouble| trouble.cause));
    }

    /// Removes what the retention does not keep, unless somebody looks into a snapshot just now.
    async fn tidy(&self, entry: &Entry, desk: &Arc<Desk>) {
        let turn = desk.turn().await;
        let Ok(alone) = desk.reading.clone().try_write_owned() else { return };
        let (vault, retention, now) = (self.vault(&entry.owner.id), self.config.snapshots.retention, Timestamp::now());
        let tidied = blocking("tidying", move || {
            let _held = (turn, alone);
            if vault.wants_tidying(now, &retention)? { vault.tidy(now, &retention) } else { Ok(0) }
        });
        match tidied.await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(login = %entry.owner.login, gone, "snapshots whose time was over are gone"),
            Err(error) => tracing::warn!(login = %entry.owner.login, %error, "snapshots are not tidied"),
        }
    }

    /// The snapshot before a container is made anew, through its agent while that still runs. False where there was
    /// no way to it, or not in time.
    pub(crate) async fn snapshot_before(self: &Arc<Self>, entry: &Arc<Entry>) -> bool {
        self.snapshot_within(entry, async { Ok(Source::running(self, entry).await) }).await
    }

    /// The same after it has ended, of the home that it had: one that is at rest, so that nothing changes meanwhile.
    /// What is in the way is told, and holds up nobody.
    pub(crate) async fn snapshot_at_rest(self: &Arc<Self>, entry: &Arc<Entry>, home: Option<i64>) {
        let Some(home) = home else { return };
        let resting = self.desks.of(&entry.owner.id).resting.clone();
        let source = async { Ok(Some(Source::at_rest(self, entry, resting.lock_owned().await, home, false).await?)) };
        self.snapshot_within(entry, source).await;
    }

    /// False where there is none: there was no source, or it could not be taken in time, which is told.
    async fn snapshot_within(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        source: impl Future<Output = Result<Option<Source>, WorkspaceError>>,
    ) -> bool {
        let desk = self.desks.of(&entry.owner.id);
        let mut reason = Reason::Recreate;
        let work = async {
            // First the turn, then the home: everybody takes them in this order.
            let turn = desk.turn().await;
            let Some(source) = source.await? else { return Ok(false) };
            // A reset has given the workspace another home already.
            if self.store.workspace(&entry.row.id).await?.home != source.home {
                reason = Reason::Reset;
            }
            let _showing = desk.begin(reason, None);
            self.snapshot(entry, source, &desk, turn, Order::of(reason)).await.map(|_| true)
        };
        let taken = timeout(self.config.snapshots.before, work).await.unwrap_or(Err(WorkspaceError::SnapshotLate));
        if !matches!(taken, Ok(false)) {
            self.tell(entry, &desk, reason, taken.as_ref().err());
        }
        if taken.as_ref().is_ok_and(|taken| *taken) {
            let (shared, entry) = (self.clone(), entry.clone());
            self.tasks.spawn(async move { shared.tidy(&entry, &desk).await });
        }
        taken.unwrap_or(false)
    }

    /// Waits until nothing beside its container has this workspace's home.
    pub(crate) async fn home_is_free(&self, entry: &Entry) {
        drop(self.desks.of(&entry.owner.id).resting.lock().await);
    }

    /// The home that is to be saved of a workspace before its container goes: that in the container, or, where there is
    /// none, the one that it has or that a reset has just put aside.
    pub(crate) async fn home_to_save(&self, entry: &Entry) -> Option<i64> {
        timeout(LOOK, self.find_home_to_save(entry)).await.ok().flatten()
    }

    async fn find_home_to_save(&self, entry: &Entry) -> Option<i64> {
        match self.docker.look(&entry.row, None).await.ok()? {
            Presence::Running { home, .. } | Presence::Still { home, .. } => Some(home).filter(|&home| home >= 0),
            Presence::Absent => {
                let home = self.store.workspace(&entry.row.id).await.ok()?.home;
                if self.docker.engine.has_volume(&self.docker.volume(&entry.owner.login, home)).await.ok()? {
                    return Some(home);
                }
                let retired = self.store.retired_homes().await.ok()?;
                retired.into_iter().find(|retired| retired.workspace == entry.row.id).map(|retired| retired.home)
            }
        }
    }
}

/// What the clock asks for.
pub(crate) async fn run(shared: &Arc<Shared>) {
    sweep(shared).await;
    tokio::join!(keep_taking(shared), keep_tidying(shared));
}

/// Every day, of all workspaces: time goes on for the snapshots of those that nobody uses any more, too.
async fn keep_tidying(shared: &Arc<Shared>) {
    let every = shared.config.snapshots.tidy_every;
    let mut ticks = interval_at(Instant::now() + every.min(FIRST_TIDYING), every);
    loop {
        ticks.tick().await;
        for entry in shared.entries() {
            shared.tidy(&entry, &shared.desks.of(&entry.owner.id)).await;
        }
    }
}

/// Every hour, of each workspace that runs and in which something has changed.
async fn keep_taking(shared: &Arc<Shared>) {
    let every = shared.config.snapshots.every;
    let mut ticks = interval((every / LOOKS).max(Duration::from_millis(100)));
    loop {
        ticks.tick().await;
        for entry in shared.entries() {
            if entry.view().state != State::Ready || !entry.link.is_up() {
                continue;
            }
            let desk = shared.desks.of(&entry.owner.id);
            let vault = shared.vault(&entry.owner.id);
            let last = blocking("looking for the last snapshot", move || vault.snapshots()).await.ok();
            let last = last.and_then(|all| all.first().map(|last| last.taken_at.as_millisecond())).unwrap_or(0);
            let last = last.max(desk.seen().looked_at);
            let age = Timestamp::now().as_millisecond().saturating_sub(last);
            if u128::try_from(age).is_ok_and(|age| age < every.as_millis()) {
                continue;
            }
            // What fails is tried again in an hour, not at the next tick.
            desk.seen().looked_at = Timestamp::now().as_millisecond();
            // What is in the way is told there.
            let _ = shared.snapshot_in_turn(&entry, Order::of(Reason::Hourly)).await;
        }
    }
}

impl Workspaces {
    /// # Errors
    /// Where they cannot be read.
    pub async fn snapshots(&self, owner: &Owner) -> Result<Overview, WorkspaceError> {
        let shared = self.shared();
        let (vault, desk) = (shared.vault(&owner.id), shared.desks.of(&owner.id));
        let (snapshots, bytes) = blocking("listing snapshots", move || Ok((vault.snapshots()?, vault.bytes()?))).await?;
        let seen = desk.seen();
        let (busy, trouble, restored) = (seen.busy.clone(), seen.trouble.clone(), seen.restored.clone());
        Ok(Overview { snapshots, busy, trouble, restored, bytes, bytes_limit: shared.config.snapshots.retention.bytes })
    }

    /// Takes one, of a workspace that runs or rests. After `patience` it goes on by itself.
    ///
    /// # Errors
    /// Where there is no home yet, its agent does not answer, or the server's disk is full.
    pub async fn take_snapshot(&self, owner: &Owner, name: Option<String>, patience: Duration) -> Result<Done<Snapshot>, WorkspaceError> {
        let entry = self.entry(owner).await?;
        let order = Order { reason: Reason::Manual, name, only_if_changed: false };
        let shared = self.shared().clone();
        let taken = self.apart(patience, async move { shared.snapshot_in_turn(&entry, order).await }).await?;
        match taken {
            Done::Now(Some(snapshot)) => Ok(Done::Now(snapshot)),
            _ => Ok(Done::Later),
        }
    }

    /// Takes one without anybody's waiting for it, of a workspace that runs.
    pub fn snapshot_meanwhile(&self, user: &UserId, reason: Reason) {
        let Some(entry) = self.shared().entries().into_iter().find(|entry| entry.owner.id == *user) else { return };
        if entry.view().state != State::Ready {
            return;
        }
        let shared = self.shared().clone();
        let stop = shared.stop.clone();
        // What is in the way is told there.
        self.shared()
            .tasks
            .spawn(async move { stop.run_until_cancelled(shared.snapshot_in_turn(&entry, Order::of(reason))).await.map(drop) });
    }

    /// Brings things back, after a snapshot of the present. After `patience` it goes on by itself.
    ///
    /// # Errors
    /// [`WorkspaceError::NoSnapshot`], [`WorkspaceError::NotInSnapshot`], or as with taking one.
    pub async fn restore_snapshot(
        &self,
        owner: &Owner,
        id: &SnapshotId,
        wanted: Wanted,
        patience: Duration,
    ) -> Result<Done<RestoreReport>, WorkspaceError> {
        let entry = self.entry(owner).await?;
        self.manifest(&owner.id, id).await?;
        let (shared, id) = (self.shared().clone(), id.clone());
        let work = async move {
            let desk = shared.desks.of(&entry.owner.id);
            let vault = shared.vault(&entry.owner.id);
            let work = async {
                let (turn, source) = shared.turn_and_source(&entry, &desk, true).await?;
                let _showing = desk.begin(Reason::Restore, Some(id.clone()));
                restore::restore(&shared.config.snapshots, &vault, &source, &desk, &turn, &id, &wanted).await
            };
            let report = timeout(LONGEST, work).await.unwrap_or(Err(WorkspaceError::SnapshotLate));
            tracing::info!(login = %entry.owner.login, %id, ?report, "restored");
            let result = report.as_ref().map(Clone::clone).map_err(WorkspaceError::cause);
            desk.seen().restored = Some(Restored { snapshot: id, at: Timestamp::now(), result });
            report
        };
        self.apart(patience, work).await
    }

    /// Runs work that whoever asked for it may stop waiting for.
    async fn apart<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, WorkspaceError>> + Send + 'static,
    ) -> Result<Done<T>, WorkspaceError> {
        let stop = self.shared().stop.clone();
        let running = self.shared().tasks.spawn(async move { stop.run_until_cancelled(work).await });
        match timeout(patience, running).await {
            Err(_) => Ok(Done::Later),
            Ok(Ok(Some(done))) => done.map(Done::Now),
            // The server ends.
            Ok(Ok(None)) => Err(WorkspaceError::Passing(Text::new("The server is ending.", "서버가 종료되는 중입니다."))),
            Ok(Err(error)) => Err(failed("taking a snapshot")(error.into())),
        }
    }

    async fn manifest(&self, user: &UserId, id: &SnapshotId) -> Result<Manifest, WorkspaceError> {
        let (vault, id) = (self.shared().vault(user), id.clone());
        blocking("reading the snapshot", move || vault.manifest(&id)).await?.ok_or(WorkspaceError::NoSnapshot)
    }

    async fn pinned(&self, user: &UserId) -> OwnedRwLockReadGuard<()> {
        self.shared().desks.of(user).reading.clone().read_owned().await
    }

    /// # Errors
    /// [`WorkspaceError::NoSnapshot`], or where it cannot be read.
    pub async fn snapshot_details(&self, owner: &Owner, id: &SnapshotId) -> Result<Details, WorkspaceError> {
        let Manifest { snapshot, entries, left_out } = self.manifest(&owner.id, id).await?;
        let unsettled = entries.into_iter().filter(|entry| entry.unsettled).map(|entry| entry.node.path).collect();
        Ok(Details { snapshot, left_out, unsettled })
    }

    /// What is in a folder of a snapshot, folders first, then by name.
    ///
    /// # Errors
    /// [`WorkspaceError::NoSnapshot`], [`WorkspaceError::NotInSnapshot`], or where it cannot be read.
    pub async fn snapshot_folder(&self, owner: &Owner, id: &SnapshotId, path: &str) -> Result<Vec<Node>, WorkspaceError> {
        let manifest = self.manifest(&owner.id, id).await?;
        let path = clean(path);
        let is_there =
            path.is_empty() || manifest.entries.iter().any(|entry| entry.node.path == path && entry.node.kind == NodeKind::Folder);
        if !is_there {
            return Err(WorkspaceError::NotInSnapshot { path });
        }
        let parent = |of: &str| of.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
        let mut nodes: Vec<Node> = manifest.entries.into_iter().map(|entry| entry.node).filter(|node| parent(&node.path) == path).collect();
        nodes.sort_by(|a, b| (a.kind != NodeKind::Folder, &a.path).cmp(&(b.kind != NodeKind::Folder, &b.path)));
        Ok(nodes)
    }

    /// # Errors
    /// [`WorkspaceError::NoSnapshot`], [`WorkspaceError::NotInSnapshot`], or where it cannot be read.
    pub async fn snapshot_file(&self, owner: &Owner, id: &SnapshotId, path: &str) -> Result<Content, WorkspaceError> {
        let pinned = self.pinned(&owner.id).await;
        let manifest = self.manifest(&owner.id, id).await?;
        let path = clean(path);
        let found = manifest.entries.iter().find(|entry| entry.node.path == path && entry.node.kind == NodeKind::File);
        let node = found.map(|entry| entry.node.clone()).ok_or_else(|| WorkspaceError::NotInSnapshot { path: path.clone() })?;
        let (to, pieces) = mpsc::channel(WAITING);
        let vault = self.shared().vault(&owner.id);
        self.shared().tasks.spawn_blocking(move || {
            let _pinned = pinned;
            if let Err(error) = vault.index().and_then(|index| restore::content(&index, &manifest, &path, &to)) {
                let _ = to.blocking_send(Err(error));
            }
        });
        Ok(Content { node, pieces })
    }
}
