//! What the world sees of a workspace.

use std::time::Duration;

use jiff::Timestamp;
use maru_model::{Limits, Text, WorkspaceId};
use maru_protocol::Notice;
use serde::Serialize;

use crate::runtime::HomeKind;
use crate::safe;

/// The time that is so far from now.
pub(crate) fn after(wait: Duration) -> Option<Timestamp> {
    Timestamp::now().checked_add(wait).ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Stopped,
    /// Asked for, and waiting its turn.
    Queued,
    Starting,
    Ready,
    Stopping,
    Failed,
}

impl State {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }

    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Stopped => Text::new("The workspace is stopped.", "작업 공간이 멈춰 있습니다."),
            Self::Queued => Text::new("The workspace waits for its turn to start.", "작업 공간이 시작 차례를 기다리고 있습니다."),
            Self::Starting => Text::new("The workspace is starting.", "작업 공간이 시작되는 중입니다."),
            Self::Ready => Text::new("The workspace is ready.", "작업 공간이 준비되었습니다."),
            Self::Stopping => Text::new("The workspace is stopping.", "작업 공간을 멈추는 중입니다."),
            Self::Failed => Text::new("The workspace did not start.", "작업 공간이 시작되지 못했습니다."),
        }
    }
}

/// What a workspace that is starting is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Is the image here?
    Image,
    /// Volume, network, container.
    Create,
    /// The container starts.
    Boot,
    /// The agent answers and the home is set up.
    Connect,
}

impl Phase {
    pub fn text(self) -> Text {
        match self {
            Self::Image => Text::new("looking for the workspace's image", "작업 공간 이미지 확인"),
            Self::Create => Text::new("creating the container", "컨테이너 만들기"),
            Self::Boot => Text::new("starting the container", "컨테이너 시작"),
            Self::Connect => Text::new("connecting to the agent", "에이전트 연결"),
        }
    }
}

/// What a workspace uses now, and of how much; a limit is none where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// Bytes, without the page cache.
    pub memory: u64,
    pub memory_limit: Option<u64>,
    /// CPUs, as a mean since the reading before.
    pub cpus: f64,
    pub cpus_limit: Option<f64>,
    /// Processes and threads.
    pub pids: u64,
    pub pids_limit: Option<u64>,
    /// Bytes used on, and size of, the file system that home is on.
    pub disk: u64,
    pub disk_limit: u64,
    /// The same of files.
    pub inodes: u64,
    pub inodes_limit: u64,
    /// Bytes of `/tmp`, which count as memory too.
    pub tmp: u64,
    pub tmp_limit: u64,
    /// Terminals that are open.
    pub terminals: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkspaceView {
    pub id: WorkspaceId,
    pub state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Why it is failed or stopped, or why it was started again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Text>,
    /// How many are before it, where it is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// When what is going on now has failed, unless it is done before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    pub image: String,
    pub started_at: Option<Timestamp>,
    pub limits: Limits,
    /// What holds its home to its size, once it has run.
    pub home: Option<HomeKind>,
    pub usage: Option<Usage>,
    /// What ran out since it started, the oldest first.
    pub notices: Vec<Notice>,
    /// When it will be stopped unless somebody uses it; only where that is soon.
    pub idle_stop_at: Option<Timestamp>,
    /// Until then it is not stopped for being idle.
    pub keep_alive_until: Option<Timestamp>,
    /// Why it is to be used with care: with a clean shell, say.
    pub safe_mode: Option<safe::Reason>,
    /// Until when the home before the last reset can be given back.
    pub undo_until: Option<Timestamp>,
    /// Why the last snapshot that was to be taken was not.
    pub snapshot_trouble: Option<Text>,
}
