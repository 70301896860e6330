//! The binary inside a workspace. As process 1 it reaps what others leave behind, owns the terminals, and serves files,
//! search, ports, statistics and tunnels over HTTP, on streams of a [`maru_protocol::Link`] that the server makes by
//! running `maru-agent dial` in the container. Nothing of it listens on a network, except a loopback port by which
//! programs in the workspace reach the server.
//!
//! ```text
//! server ── docker exec: dial ── /run/maru/agent.sock ── serve ─┬─ app: terminal, files, search, watch, exec, …
//! server ◀───────────── a stream per connection ──────────────── reverse: 127.0.0.1:7070
//! ```

#![forbid(unsafe_code)]

mod app;
mod biggest;
mod children;
mod clock;
mod dial;
mod error;
mod exec;
mod extract;
mod files;
mod home;
mod languages;
mod ports;
mod pressure;
mod proc;
mod programs;
mod reverse;
mod search;
mod serve;
mod stats;
mod terminal;
mod tty;
mod tunnel;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::task::TaskTracker;

pub use app::router;
pub use dial::dial;
pub use error::AgentError;
pub use home::Home;
pub use serve::{Config, serve};
pub use tty::become_program;

/// Archives made at once, and searches; more wait.
const ARCHIVES: usize = 3;
const SEARCHES: usize = 3;

/// All that the facilities share.
pub struct Agent {
    home: Home,
    /// The agent's own program, to start terminals with.
    exe: PathBuf,
    /// Where [`serve`] is told to listen for programs that want the server.
    reverse_port: Option<u16>,
    /// Milliseconds since 1970.
    started_at: i64,
    terminals: terminal::Terminals,
    tags: files::Tags,
    /// Held while a save looks at what it replaces.
    saving: tokio::sync::Mutex<()>,
    uploads: files::Uploads,
    /// Each archive in the making has a thread, which waits for who reads it; so has each search.
    archiving: Arc<tokio::sync::Semaphore>,
    searching: Arc<tokio::sync::Semaphore>,
    language_servers: Arc<tokio::sync::Semaphore>,
    index: search::Index,
    watching: watch::Hub,
    notices: Arc<pressure::Notices>,
    tasks: TaskTracker,
}

impl Agent {
    #[must_use]
    pub fn new(home: Home, exe: PathBuf, reverse_port: Option<u16>) -> Self {
        Self {
            home,
            exe,
            reverse_port,
            started_at: clock::now_ms(),
            terminals: terminal::Terminals::default(),
            tags: files::Tags::default(),
            saving: tokio::sync::Mutex::new(()),
            uploads: files::Uploads::default(),
            archiving: Arc::new(tokio::sync::Semaphore::new(ARCHIVES)),
            searching: Arc::new(tokio::sync::Semaphore::new(SEARCHES)),
            language_servers: Arc::new(tokio::sync::Semaphore::new(languages::LIMIT)),
            index: search::Index::default(),
            watching: watch::Hub::default(),
            notices: Arc::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Where a program is to start: a folder that exists, home where the wanted one does not.
    fn working_folder(&self, wanted: Option<&str>) -> PathBuf {
        let home = self.home.path();
        wanted.map(|w| home.join(w)).filter(|w| Path::is_dir(w)).unwrap_or_else(|| home.to_owned())
    }
}

/// Runs what may wait for a disk where waiting is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, AgentError> + Send + 'static) -> Result<T, AgentError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(AgentError::Io { what: "do", path: String::new(), source: std::io::Error::other(error) }),
    }
}
