use maru_manifest::Diagnostic;
use maru_model::Text;
use maru_rollout::TargetState;
use maru_store::users::User;

use super::refresh::failed;
use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::source;
use crate::state::AppState;

/// The manifests of the commit, before minutes go into images that could not be rolled out. With a cluster this is the whole
/// refresh, whose target state is then taken as it is; while the cluster starts, what can be said without one.
pub async fn check(state: &AppState, user: &User, progress: &mut Progress<'_>) -> Result<(), StepFailure> {
    source::ensured(state, user).await?;
    let commit = progress.row.commit.clone();
    progress.say(Text::new("Checking the manifests first", "매니페스트를 먼저 검사하는 중"));
    let target = tokio::select! {
        biased;
        // Also in the middle of it: what was asked of the cluster may have no answer for minutes.
        _ = state.cluster.away() => {
            if state.rollouts.check(user, commit.as_deref()).await.map_err(failed)?.ok {
                return Ok(());
            }
            // Without the cluster as well, it fails and says why.
            state.rollouts.refresh(user, commit.as_deref()).await
        }
        target = state.rollouts.refresh(user, commit.as_deref()) => target,
    };
    let target = target.map_err(failed)?;
    match target.state {
        TargetState::Ready => Ok(()),
        TargetState::Failed => Err(StepFailure::Manifests { detail: to_mend(&target.diagnostics), diagnostics: target.diagnostics }),
    }
}

/// How many mistakes there are.
pub fn to_mend(diagnostics: &[Diagnostic]) -> Text {
    match diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count() {
        1 => Text::new("One mistake in the manifests must be mended.", "매니페스트에서 고쳐야 할 곳이 하나 있습니다."),
        many => Text::new(
            format!("{many} mistakes in the manifests must be mended."),
            format!("매니페스트에서 고쳐야 할 곳이 {many}군데 있습니다."),
        ),
    }
}
