use maru_model::Text;
use maru_rollout::{RolloutError, TargetState};
use maru_store::users::User;

use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::starter;
use crate::state::AppState;

/// What a rollout's error says, with its findings.
pub fn failed(error: RolloutError) -> StepFailure {
    match error {
        RolloutError::TargetFailed(diagnostics) => StepFailure::Failed {
            detail: Text::new("The manifests cannot be rolled out as they are.", "매니페스트를 그대로 롤아웃할 수 없습니다."),
            fix: None,
            diagnostics,
        },
        other => StepFailure::because(other.text()),
    }
}

/// Waits until the cluster is there, saying what it waits for, then reads the target state at the deployment's commit.
pub async fn refresh(state: &AppState, user: &User, progress: &mut Progress<'_>) -> Result<Text, StepFailure> {
    let project = starter::project().map_err(|error| StepFailure::because(error.detail().clone()))?;
    let mut cluster = state.cluster.watch();
    loop {
        let now = cluster.borrow_and_update().clone();
        if now.is_ready() {
            break;
        }
        progress.say(now.text());
        if cluster.changed().await.is_err() {
            return Err(StepFailure::because(Text::new("The server is ending.", "서버가 종료되는 중입니다.")));
        }
    }
    progress.say(Text::new("Reading and checking the manifests", "매니페스트를 읽고 검사하는 중"));
    state.rollouts.ensure_app(user, project.as_str()).await.map_err(failed)?;
    let target = state.rollouts.refresh(user, progress.row.commit.as_deref()).await.map_err(failed)?;
    let errors = target.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if target.state == TargetState::Failed {
        return Err(StepFailure::Failed {
            detail: Text::new(
                format!("{errors} thing(s) in the manifests must be mended."),
                format!("매니페스트에서 고쳐야 할 것이 {errors}개 있습니다."),
            ),
            fix: None,
            diagnostics: target.diagnostics,
        });
    }
    let objects = target.objects.len();
    Ok(Text::new(format!("The target state has {objects} objects."), format!("목표 상태의 오브젝트는 {objects}개입니다.")))
}
