//! Snapshots of homes: on demand, every hour where something has changed, and before what may take something away.
//!
//! ```text
//! agent ── tree (names, modes, times) ──▶ take ── what is new ──▶ vault: packs of blocks + a list per snapshot
//!   ▲                                                               │
//!   └──── what differs, after a snapshot of the present ◀── plan ◀──┘ restore
//! ```
//!
//! Contents are cut into blocks, which are kept once by their SHA-256; so a snapshot costs what has changed. There is no
//! table of snapshots: one is there when its list is, and the list appears whole, after all that it names. `retention`
//! says which go, and only a block that no list names goes with them.

mod desk;
mod manifest;
mod pack;
mod plan;
mod restore;
mod retention;
mod service;
mod source;
mod take;
mod vault;

pub use desk::{Busy, Restored, Trouble};
pub use manifest::{Changes as SnapshotChanges, Reason, Snapshot};
pub use plan::Wanted;
pub use retention::Retention;
pub use service::{Content, Details, Done, Overview};

pub(crate) use desk::Desks;
pub(crate) use service::run;
pub(crate) use take::cause;

use crate::error::WorkspaceError;

/// What became of an attempt, in this crate's words.
fn failed(attempt: &'static str) -> impl FnOnce(std::io::Error) -> WorkspaceError {
    move |source| WorkspaceError::Snapshot { attempt, source }
}
