use maru_model::Text;
use maru_rollout::{NOT_VERIFIED, RolloutError, Target, TargetState};
use maru_store::users::User;

use super::check::to_mend;
use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::source;
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
    source::ensured(state, user).await?;
    let target = loop {
        until_there(state, progress).await?;
        progress.say(Text::new("Reading and checking the manifests", "매니페스트를 읽고 검사하는 중"));
        let read = async {
            match checked(state, user, progress).await? {
                Some(target) => Ok(target),
                None => state.rollouts.refresh(user, progress.row.commit.as_deref()).await.map_err(failed),
            }
        };
        tokio::select! {
            target = read => break target?,
            // What was asked of it may have no answer for minutes.
            _ = state.cluster.away() => {}
        }
    };
    if target.state == TargetState::Failed {
        return Err(StepFailure::Failed { detail: to_mend(&target.diagnostics), fix: None, diagnostics: target.diagnostics });
    }
    let objects = target.objects.len();
    Ok(Text::new(format!("The target state has {objects} objects."), format!("목표 상태의 오브젝트는 {objects}개입니다.")))
}

async fn until_there(state: &AppState, progress: &Progress<'_>) -> Result<(), StepFailure> {
    let mut cluster = state.cluster.watch();
    loop {
        let now = cluster.borrow_and_update().clone();
        if now.is_ready() {
            return Ok(());
        }
        progress.say(maru_rollout::cluster_awaited(&now.text()));
        if cluster.changed().await.is_err() {
            return Err(StepFailure::because(Text::new("The server is ending.", "서버가 종료되는 중입니다.")));
        }
    }
}

/// The target state that this deployment read before its builds, where the cluster was asked then.
async fn checked(state: &AppState, user: &User, progress: &Progress<'_>) -> Result<Option<Target>, StepFailure> {
    let target = state.rollouts.target(user).await.map_err(failed)?;
    Ok(target.filter(|target| {
        target.state == TargetState::Ready
            && progress.row.commit.as_ref() == Some(&target.commit)
            && target.read_at >= progress.row.created_at
            && !target.diagnostics.iter().any(|diagnostic| diagnostic.code == NOT_VERIFIED)
    }))
}
