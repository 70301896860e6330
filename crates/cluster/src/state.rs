use std::time::SystemTime;

use maru_model::Text;
use tokio::sync::watch;

/// Where the cluster is on its way, for those who wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterState {
    /// The node's image is still being built.
    WaitingForImage {
        since: SystemTime,
    },
    /// The node starts, or starts again.
    Starting {
        phase: Phase,
        since: SystemTime,
    },
    Ready,
    /// It is tried again after a pause.
    Failed {
        cause: Text,
        fix: Text,
        since: SystemTime,
    },
}

/// What a starting cluster waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Container,
    Api,
    Node,
    Addons,
    /// It was ready, and does not answer at the moment.
    Recovering,
}

/// Where a driver tells the state.
pub(crate) struct Publisher(watch::Sender<ClusterState>);

impl Publisher {
    /// Begins by waiting.
    pub(crate) fn new(state: ClusterState) -> (Self, watch::Receiver<ClusterState>) {
        let (sender, receiver) = watch::channel(state);
        (Self(sender), receiver)
    }

    /// Keeps `since` while the phase stays the same.
    pub(crate) fn starting(&self, now: Phase) {
        self.0.send_if_modified(|state| match state {
            ClusterState::Starting { phase, .. } if *phase == now => false,
            ClusterState::Starting { phase, .. } => {
                *phase = now;
                true
            }
            _ => {
                *state = ClusterState::Starting { phase: now, since: SystemTime::now() };
                true
            }
        });
    }

    pub(crate) fn become_state(&self, state: ClusterState) {
        self.0.send_replace(state);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.0.borrow().is_ready()
    }

    pub(crate) fn waits_for_image(&self) -> bool {
        matches!(*self.0.borrow(), ClusterState::WaitingForImage { .. })
    }
}

impl Phase {
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Container => Text::new("Starting the node's container", "노드 컨테이너를 시작하는 중"),
            Self::Api => Text::new("Waiting for the Kubernetes API", "쿠버네티스 API를 기다리는 중"),
            Self::Node => Text::new("Waiting for the node to be ready", "노드가 준비되기를 기다리는 중"),
            Self::Addons => Text::new("Installing the cluster's add-ons", "클러스터 부가 기능을 설치하는 중"),
            Self::Recovering => {
                Text::new("The Kubernetes API does not answer; waiting for it", "쿠버네티스 API가 응답하지 않아 기다리는 중")
            }
        }
    }
}

impl ClusterState {
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// One word, for the API and the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::WaitingForImage { .. } => "waiting",
            Self::Starting { .. } => "starting",
            Self::Ready => "ready",
            Self::Failed { .. } => "failed",
        }
    }

    /// What someone who wants to deploy is told.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::WaitingForImage { .. } => Text::new("The cluster's image is still being built", "클러스터 이미지를 아직 만드는 중입니다"),
            Self::Starting { phase, .. } => phase.text(),
            Self::Ready => Text::new("The cluster is ready", "클러스터가 준비되었습니다"),
            Self::Failed { cause, .. } => Text::new(
                format!("The cluster could not be started: {}", cause.en),
                format!("클러스터를 시작하지 못했습니다: {}", cause.ko),
            ),
        }
    }
}
