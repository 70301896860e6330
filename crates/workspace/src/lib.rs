//! The one workspace of each user: a container with the agent in it, a home volume, and the rule *exactly one*.
//!
//! Anybody may ask for anything at any time, any number of times; one driver task per workspace is the only thing
//! that acts. It takes requests from a queue that is pure data, looks at what the Docker Engine says is true, and
//! publishes what it finds on a watch channel.
//!
//! ```text
//!                    ┌────────────── restart, recreate ──────────────┐
//!                    ▼                                               │
//! stopped ──► queued ──► starting (image, create, boot, connect) ──► ready ──► stopping ──► stopped
//!    ▲           │            │                                      │  stop, idle, force
//!    └── cancel, stop, force ─┴──► failed (with a cause) ◄── died ───┘
//! ```
//!
//! Each of these has a deadline but the three at rest. What was asked for last is in the database before whoever asked
//! is told so, and wins over everything: over a start that was given up and came true at the Engine all the same, over
//! a crash of this server, over a container that somebody started or removed past us.
//!
//! [`queue`] decides, `driver` acts, `runtime::docker` knows containers, [`AgentLink`] speaks with the agent inside,
//! `reconcile` notices what happened behind our back: containers that died, that run unasked, or that nobody owns.
//! `idle` decides whether a workspace is used, `safe` finds what is in its owner's way, `homes` swaps homes for the
//! factory reset and its undo, `forget` removes all that a user had.

#![forbid(unsafe_code)]

mod carry;
mod config;
mod driver;
mod entry;
mod error;
mod forget;
mod homes;
mod idle;
mod link;
mod notices;
pub mod queue;
mod reconcile;
mod runtime;
mod safe;
mod setup;
mod snapshots;
mod starts;
mod tools;
mod usage;
mod view;
mod workspaces;

pub use carry::Homes;
pub use config::{Config, Deadlines, Owner, SnapshotConfig, Tool};
pub use error::WorkspaceError;
pub use link::{AgentLink, Inbound, InboundStream, LinkFailure, PortStream};
pub use maru_model::Limits;
pub use maru_protocol::{ExecRequest, ExecResponse, Notice, NoticeKind};
pub use maru_store::ports::{Sharing, Visibility};
pub use notices::NoticeWords;
pub use runtime::HomeKind;
pub use safe::Reason as SafeReason;
pub use snapshots::{
    Busy as SnapshotBusy, Content as SnapshotContent, Details as SnapshotDetails, Done, Overview as Snapshots, Reason as SnapshotReason,
    Restored as SnapshotRestored, Retention, Snapshot, SnapshotChanges, Trouble as SnapshotTrouble, Wanted as RestoreWanted,
};
pub use view::{Phase, State, Usage, WorkspaceView};
pub use workspaces::Workspaces;
