use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use maru_model::{Egress, Limits, Login, ProjectName, Text, UserId};
use maru_store::workspaces::StoppedFor;

use crate::snapshots::Retention;
use crate::view::Phase;

/// Who a workspace belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub id: UserId,
    pub login: Login,
    /// As people write it; becomes the author of commits.
    pub name: String,
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

/// How snapshots of homes are taken and kept.
#[derive(Clone, Debug)]
pub struct SnapshotConfig {
    /// Where they are.
    pub folder: PathBuf,
    /// How long after the last one a workspace that runs is looked at again.
    pub every: Duration,
    /// How long making a container anew waits for the snapshot before it.
    pub before: Duration,
    /// Bytes that a file may take on the disk to be in a snapshot.
    pub largest_file: u64,
    pub retention: Retention,
    /// How often all snapshots are looked at for those whose time is over.
    pub tidy_every: Duration,
}

/// After how long each phase of a start has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    pub image: Duration,
    pub create: Duration,
    pub boot: Duration,
    pub connect: Duration,
    /// Waiting for a turn.
    pub queue: Duration,
    /// Ending a container, which is killed after 10 s.
    pub stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            image: seconds(15),
            create: seconds(90),
            boot: seconds(60),
            connect: seconds(60),
            queue: seconds(15 * 60),
            stop: seconds(30),
        }
    }
}

impl Deadlines {
    #[must_use]
    pub fn of(self, phase: Phase) -> Duration {
        match phase {
            Phase::Image => self.image,
            Phase::Create => self.create,
            Phase::Boot => self.boot,
            Phase::Connect => self.connect,
        }
    }
}

/// After how long a workspace that nobody uses is stopped, which may change while it runs; clones are the same.
#[derive(Clone, Debug)]
pub struct IdleAfter(Arc<AtomicU64>);

impl IdleAfter {
    #[must_use]
    pub fn get(&self) -> Option<Duration> {
        let seconds = self.0.load(Ordering::Relaxed);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    pub(crate) fn set(&self, after: Option<Duration>) {
        self.0.store(after.map_or(0, |after| after.as_secs()), Ordering::Relaxed);
    }
}

impl From<Option<Duration>> for IdleAfter {
    fn from(after: Option<Duration>) -> Self {
        Self(Arc::new(AtomicU64::new(after.map_or(0, |after| after.as_secs()))))
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
    /// What one workspace may use, where its user's classes say nothing.
    pub limits: Limits,
    /// Folder of the homes' disks, on the Docker host; `None`: homes are not held to their size.
    pub homes: Option<PathBuf>,
    /// The way out, where a class says nothing.
    pub egress: Egress,
    /// The project cloned into a new home.
    pub project: Option<ProjectName>,
    pub deadlines: Deadlines,
    /// Workspaces that may be starting at the same time; the others are queued.
    pub parallel_starts: usize,
    /// A workspace that nobody has used for so long is stopped; `None` for never.
    pub idle_after: IdleAfter,
    /// How long a home that a reset put aside can be given back.
    pub undo_for: Duration,
    pub snapshots: SnapshotConfig,
    /// How often all containers are compared with what is believed of them, and their usage is read.
    pub look_every: Duration,
}

impl Config {
    /// Defaults for everything but the image and the places of files.
    #[must_use]
    pub fn new(image: impl Into<String>, agent: impl Into<PathBuf>, tools: impl Into<PathBuf>) -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let tools = tools.into();
        Self {
            image: image.into(),
            agent: agent.into(),
            snapshots: SnapshotConfig {
                folder: tools.with_file_name("snapshots"),
                every: Duration::from_secs(60 * 60),
                before: Duration::from_secs(60),
                largest_file: 2 << 30,
                retention: Retention::default(),
                tidy_every: Duration::from_secs(24 * 60 * 60),
            },
            tools,
            provided: Vec::new(),
            limits: Limits::default(),
            homes: None,
            egress: Egress::default(),
            project: ProjectName::parse("guestbook").ok(),
            deadlines: Deadlines::default(),
            parallel_starts: (cpus * 2).max(4),
            idle_after: Some(Duration::from_secs(60 * 60)).into(),
            undo_for: Duration::from_secs(7 * 24 * 60 * 60),
            look_every: Duration::from_secs(15),
        }
    }

    /// Why a workspace is stopped, where its owner did not want it.
    pub(crate) fn why_stopped(&self, stopped_for: StoppedFor) -> Option<Text> {
        match stopped_for {
            StoppedFor::Asked => None,
            StoppedFor::Idle => {
                let minutes = self.idle_after.get().map_or(0, |after| after.as_secs().div_ceil(60));
                Some(Text::new(
                    format!("Nobody used it for {minutes} minutes, so it was stopped. Your files are all there."),
                    format!("{minutes}분 동안 사용하지 않아 멈췄습니다. 파일은 모두 그대로 있습니다."),
                ))
            }
            StoppedFor::Staff => Some(Text::new(
                "An instructor or administrator stopped it. Your files are all there.",
                "강사나 관리자가 멈췄습니다. 파일은 모두 그대로 있습니다.",
            )),
        }
    }
}
