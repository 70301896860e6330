//! What crosses a wire between a workspace's agent and the server: the link itself (yamux streams over one duplex
//! stream, each stream one HTTP/1.1 connection, either side may open) and how two connections are joined, the bodies of the agent's HTTP API, the text
//! frames of terminals, and the shape of every error ([`Problem`], RFC 9457).
//!
//! ```text
//! server ── docker exec -i … maru-agent dial ── unix socket ── maru-agent serve
//!    └───────────────── one Link, many LinkStreams ───────────────────┘
//! ```

#![forbid(unsafe_code)]

mod api;
mod files;
mod link;
mod pipe;
mod problem;
pub mod snapshot;
mod splice;
mod terminal;

pub use api::{
    CreateTerminal, Entry, EntryKind, ExecRequest, ExecResponse, Found, Large, MakeFolder, Match, Move, Notice, NoticeKind, Port,
    REVERSE_PORT, Stats, TerminalInfo, TreeResponse, TunnelUpgrade, Unsearched, WatchEvent,
};
pub use files::{CreateUpload, FinishUpload, Restore, Restored, Trash, Trashed, Unpacked, Upload};
pub use link::{Incoming, Link, LinkError, LinkStream, Side, link};
pub use pipe::Pipe;
pub use problem::Problem;
pub use splice::splice;
pub use terminal::{ClientFrame, HIGH_WATER, LOW_WATER, SUBPROTOCOL, ServerFrame, TerminalStatus};
