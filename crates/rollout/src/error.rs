use maru_manifest::Diagnostic;
use maru_model::{RolloutId, Text};

use crate::strategy::Order;

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
    /// No Rollout of the application is in a state to take this order.
    #[error("nothing waits for this")]
    NothingWaits(Order),
    /// Its number of pods is an autoscaler's to say.
    #[error("an autoscaler decides")]
    Autoscaled(String),
    /// What the caller gave cannot be taken.
    #[error("{0}")]
    Invalid(Text),
}

impl RolloutError {
    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NoApp => Text::new(
                "You have no application yet: press Deploy, or say where its manifests are.",
                "아직 앱이 없습니다. 배포를 누르거나 매니페스트의 위치를 지정하세요.",
            ),
            Self::NoTarget => Text::new(
                "The target state has not been read yet: refresh from git first.",
                "아직 목표 상태를 읽지 않았습니다. 먼저 git 불러오기를 하세요.",
            ),
            Self::TargetFailed(_) => {
                Text::new("The target state failed, so it cannot be rolled out.", "목표 상태가 실패하여 롤아웃할 수 없습니다.")
            }
            Self::Running(_) => Text::new("A rollout of yours is running already.", "이미 롤아웃이 진행 중입니다."),
            Self::NothingWaits(Order::Abort) => Text::new(
                "There is nothing to abort: no new version of this rollout is on its way.",
                "중단할 것이 없습니다. 이 롤아웃에서 진행 중인 새 버전이 없습니다.",
            ),
            Self::NothingWaits(Order::Promote { .. }) => Text::new(
                "There is nothing to promote: no new version of this rollout waits at a pause.",
                "승격할 것이 없습니다. 이 롤아웃에서 일시 정지하고 기다리는 새 버전이 없습니다.",
            ),
            Self::Autoscaled(name) => Text::new(
                format!("The HorizontalPodAutoscaler {name} decides how many pods there are."),
                format!("파드 수는 HorizontalPodAutoscaler {name} 이(가) 정합니다."),
            ),
            Self::NotFound => Text::new("There is nothing here, or it is not yours.", "여기에는 아무것도 없거나, 내 것이 아닙니다."),
            Self::Cluster(why) => {
                Text::new(format!("The cluster is not ready: {}", why.en), format!("클러스터가 준비되지 않았습니다: {}", why.ko))
            }
            Self::Source(why) | Self::Invalid(why) => why.clone(),
            Self::Kube(kube::Error::Api(status)) => {
                Text::new(format!("Kubernetes says: {}", status.message), format!("Kubernetes 응답: {}", status.message))
            }
            other => Text::new(format!("This did not work: {other}"), format!("처리하지 못했습니다: {other}")),
        }
    }
}
