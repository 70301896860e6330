use maru_engine::EngineError;
use maru_model::Text;

use crate::ClusterState;

/// What was attempted for the cluster, and why it failed.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The cluster can't be used now; the state says why.
    #[error("the cluster is not ready: {0:?}")]
    NotReady(ClusterState),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{attempt}: {source}")]
    Kubernetes { attempt: String, source: Box<kube::Error> },
    #[error("{attempt}: {message}")]
    Certificates { attempt: &'static str, message: String },
    #[error("{attempt} {path}: {source}")]
    File { attempt: &'static str, path: String, source: std::io::Error },
    #[error("kubeconfig {path}: {message}")]
    Kubeconfig { path: String, message: String },
    #[error("the node was not ready after {seconds} s ({waiting_for}); its log ends with:\n{log}")]
    Slow { seconds: u64, waiting_for: String, log: String },
    #[error("the node's container ended; its log ends with:\n{log}")]
    Ended { log: String },
    #[error("{program} in the node failed: {message}")]
    InNode { program: &'static str, message: String },
    #[error("the cluster's API did not answer within {seconds} s")]
    Silent { seconds: u64 },
    #[error("the gateway in the cluster cannot be reached: {message}")]
    Gateway { message: String },
    /// Asked to stop.
    #[error("the server is ending")]
    Cancelled,
}

impl ClusterError {
    pub(crate) fn kubernetes(attempt: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let attempt = attempt.into();
        move |source| Self::Kubernetes { attempt, source: Box::new(source) }
    }

    pub(crate) fn file(attempt: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { attempt, path, source }
    }

    pub(crate) fn certificates(attempt: &'static str) -> impl Fn(rcgen::Error) -> Self {
        move |error| Self::Certificates { attempt, message: error.to_string() }
    }

    /// In words for an administrator: what happened, and what to do.
    pub(crate) fn explain(&self) -> (Text, Text) {
        let cause = Text::verbatim(self.to_string());
        let fix = match self {
            Self::Engine(_) => Text::new(
                "Check that the Docker Engine runs and has room on its disk (docker info, docker system df).",
                "도커 엔진이 실행 중이고 디스크에 여유가 있는지 확인하세요 (docker info, docker system df).",
            ),
            Self::Slow { .. } | Self::Ended { .. } => Text::new(
                "It is tried again by itself. If that keeps failing, look at the node's log (docker logs) and at the machine's memory: the node needs 1 GB.",
                "자동으로 다시 시도합니다. 계속 실패하면 노드의 로그(docker logs)와 컴퓨터의 메모리를 확인하세요. 노드에는 1GB가 필요합니다.",
            ),
            Self::Silent { .. } => Text::new(
                "It is tried again by itself. Check that this machine reaches the address in the kubeconfig.",
                "자동으로 다시 시도합니다. 이 컴퓨터에서 kubeconfig에 적힌 주소에 연결되는지 확인하세요.",
            ),
            Self::File { .. } | Self::Kubeconfig { .. } => {
                Text::new("Check that the file exists and that Maru may read it.", "파일이 있는지, 마루가 읽을 수 있는지 확인하세요.")
            }
            _ => Text::new("It is tried again by itself.", "자동으로 다시 시도합니다."),
        };
        (cause, fix)
    }
}
