//! What goes on with the snapshots of one user: one at a time writes, and everybody can see how far it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use maru_model::{SnapshotId, Text, UserId};
use maru_protocol::snapshot::RestoreReport;
use serde::Serialize;
use tokio::sync::OwnedMutexGuard;

use super::manifest::Reason;

/// What is being done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Busy {
    /// The snapshot that is being restored; none where one is being taken.
    pub restoring: Option<SnapshotId>,
    pub reason: Reason,
    pub since: Timestamp,
    /// Files done, of those that have to be read or written; both 0 while that is not known yet.
    pub done: usize,
    pub files: usize,
}

/// What failed last, until something of its kind succeeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    pub reason: Reason,
    pub at: Timestamp,
    pub cause: Text,
}

/// The last restore.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    pub snapshot: SnapshotId,
    pub at: Timestamp,
    pub result: Result<RestoreReport, Text>,
}

#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) busy: Option<Busy>,
    pub(super) trouble: Option<Trouble>,
    pub(super) restored: Option<Restored>,
    /// When it was last seen whether anything has changed, in milliseconds since 1970.
    pub(super) looked_at: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// Held by whoever writes: takes, restores, tidies.
    pub(super) writing: Arc<tokio::sync::Mutex<()>>,
    /// Held for reading by whoever looks into a snapshot, so that it is not tidied away meanwhile.
    pub(super) reading: Arc<tokio::sync::RwLock<()>>,
    /// Held while a container beside the workspace's own has its home.
    pub(super) resting: Arc<tokio::sync::Mutex<()>>,
    seen: Mutex<Seen>,
}

/// The turn to write. Threads that write have a share in it, so that it lasts until they end, even where nobody waits for
/// them any more.
pub(crate) type Turn = Arc<OwnedMutexGuard<()>>;

impl Desk {
    pub(crate) async fn turn(&self) -> Turn {
        Arc::new(self.writing.clone().lock_owned().await)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        // Nothing under this lock panics, and its data would still be whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn goes(&self, done: usize, files: usize) {
        if let Some(busy) = &mut self.seen().busy {
            (busy.done, busy.files) = (done, files);
        }
    }

    pub(super) fn read_one(&self) {
        if let Some(busy) = &mut self.seen().busy {
            busy.done = (busy.done + 1).min(busy.files);
        }
    }

    /// Shows that something is being done for as long as the answer lives.
    pub(super) fn begin(self: &Arc<Self>, reason: Reason, restoring: Option<SnapshotId>) -> Showing {
        self.seen().busy = Some(Busy { restoring, reason, since: Timestamp::now(), done: 0, files: 0 });
        Showing(self.clone())
    }
}

pub(super) struct Showing(Arc<Desk>);

impl Drop for Showing {
    fn drop(&mut self) {
        self.0.seen().busy = None;
    }
}

#[derive(Debug, Default)]
pub(crate) struct Desks(Mutex<HashMap<UserId, Arc<Desk>>>);

impl Desks {
    pub(crate) fn of(&self, user: &UserId) -> Arc<Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(user.clone()).or_default().clone()
    }

    pub(super) fn remove(&self, user: &UserId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(user);
    }
}
