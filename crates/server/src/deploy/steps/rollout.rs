use maru_model::{RolloutId, Text};
use maru_rollout::{Phase, RolloutError};
use maru_store::users::User;
use tokio_util::sync::CancellationToken;

use super::refresh::failed;
use crate::deploy::driver::StepFailure;
use crate::deploy::progress::Progress;
use crate::state::AppState;

/// Brings the current state to the target state, and waits until everything is healthy, or stands still until it is promoted.
pub async fn rollout(state: &AppState, user: &User, progress: &mut Progress<'_>, cancel: &CancellationToken) -> Result<Text, StepFailure> {
    let id = match progress.row.rollout_id.as_deref() {
        // Begun by the server before this one, which the rollouts themselves go on with.
        Some(id) => RolloutId::from(id),
        None => match state.rollouts.start(user).await {
            Ok(rollout) => rollout.id,
            // Somebody pressed "roll out" on the other page: wait for that one, then do this one.
            Err(RolloutError::Running(other)) => {
                state.rollouts.follow(user, &other, |_| {}).await.map_err(failed)?;
                state.rollouts.start(user).await.map_err(failed)?.id
            }
            Err(error) => return Err(failed(error)),
        },
    };
    progress.row.rollout_id = Some(id.to_string());
    if let Err(error) = state.store.save_deployment(progress.row).await {
        tracing::warn!(%error, deployment = %progress.row.id, "the rollout's id was not written down");
    }
    let done = tokio::select! {
        () = cancel.cancelled() => {
            state.rollouts.cancel(user, &id).await.map_err(failed)?;
            return Err(StepFailure::Cancelled);
        }
        done = state.rollouts.follow(user, &id, |now| progress.say(now.detail.clone())) => done.map_err(failed)?,
    };
    match done.phase {
        Phase::Healthy => {
            progress.row.url = done.urls.first().cloned();
            Ok(match done.urls.first() {
                Some(url) => Text::new(format!("Everything is healthy: {url}"), format!("모두 정상입니다: {url}")),
                None => Text::new(
                    "Everything is healthy. No Ingress names a host, so there is no URL.",
                    "모두 정상입니다. Ingress에 호스트가 없어 URL은 없습니다.",
                ),
            })
        }
        Phase::Cancelled => Err(StepFailure::Cancelled),
        // It stands still until somebody promotes it, which is no part of a Deploy.
        phase if !phase.is_end() => {
            let now = state.rollouts.progress(&id).map(|progress| progress.borrow().clone());
            let said = now.map_or_else(|| phase.text(), |now| now.detail);
            progress.row.url = state.rollouts.app(user).await.map_err(failed)?.urls.first().cloned();
            Ok(said)
        }
        _ => Err(StepFailure::Failed {
            detail: done
                .diagnostics
                .iter()
                .find(|diagnostic| diagnostic.is_error())
                .map_or_else(|| Phase::Failed.text(), |diagnostic| diagnostic.message.clone()),
            fix: None,
            diagnostics: done.diagnostics,
        }),
    }
}
