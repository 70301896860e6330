use std::path::PathBuf;

use maru_model::{Login, ProjectName, UserId};
use serde::Serialize;

/// Who a workspace belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub id: UserId,
    pub login: Login,
    /// As people write it; becomes the author of commits.
    pub name: String,
}

/// What one workspace may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Bytes of memory; swap is not added.
    pub memory: i64,
    /// CPUs.
    pub cpus: f64,
    /// Processes and threads.
    pub pids: i64,
    /// Bytes of `/tmp`, which is memory.
    pub tmp: i64,
    /// Open files of one process.
    pub open_files: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 2 << 30, cpus: 2.0, pids: 512, tmp: 512 << 20, open_files: 65_536 }
    }
}

/// A program that workspaces get from another image, as soon as that image is there.
#[derive(Clone, Debug)]
pub struct Tool {
    /// What it is called in workspaces.
    pub name: String,
    pub image: String,
    /// Where it is in the image: the file itself, no link.
    pub path: String,
}

impl Tool {
    /// kubectl, which is one of the names of the node image's one program.
    #[must_use]
    pub fn kubectl(node_image: impl Into<String>) -> Self {
        Self { name: "kubectl".to_owned(), image: node_image.into(), path: "/usr/local/lib/maru/kube".to_owned() }
    }
}

/// What every workspace of this installation has in common.
#[derive(Clone, Debug)]
pub struct Config {
    /// The image that workspaces are made from.
    pub image: String,
    /// The agent: a static binary on this host, copied into each container.
    pub agent: PathBuf,
    /// A folder on the Docker host that all workspaces see read-only as `/opt/maru/bin`, on their `PATH`. What is put
    /// there later (kubectl, once the node's image is built) appears in workspaces that run already.
    pub tools: PathBuf,
    /// What is put there.
    pub provided: Vec<Tool>,
    pub limits: Limits,
    /// The project cloned into a new home.
    pub project: Option<ProjectName>,
    /// Workspaces that may be starting at the same time; the others are queued.
    pub parallel_starts: usize,
}

impl Config {
    /// Defaults for everything but the image and the places of files.
    #[must_use]
    pub fn new(image: impl Into<String>, agent: impl Into<PathBuf>, tools: impl Into<PathBuf>) -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            image: image.into(),
            agent: agent.into(),
            tools: tools.into(),
            provided: Vec::new(),
            limits: Limits::default(),
            project: ProjectName::parse("guestbook").ok(),
            parallel_starts: (cpus * 2).max(4),
        }
    }
}
