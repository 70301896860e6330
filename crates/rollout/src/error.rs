use maru_manifest::Diagnostic;
use maru_model::{RolloutId, Text};

#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    #[error(transparent)]
    Store(#[from] maru_store::StoreError),
    #[error("the application has no source yet")]
    NoApp,
    #[error("the target state has not been read yet")]
    NoTarget,
    #[error("the target state failed")]
    TargetFailed(Vec<Diagnostic>),
    #[error("rollout {0} is running")]
    Running(RolloutId),
    #[error("there is no such thing")]
    NotFound,
    /// The cluster is not there yet; what it waits for.
    #[error("the cluster is not ready: {0}")]
    Cluster(Text),
    /// The project could not be read.
    #[error("{0}")]
    Source(Text),
    #[error("Kubernetes: {0}")]
    Kube(#[from] kube::Error),
    #[error("stored JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// What the caller gave cannot be taken.
    #[error("{0}")]
    Invalid(Text),
}
