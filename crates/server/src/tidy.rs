//! Tidying up now and then: old entries of the audit log; old image versions that nothing uses, and what they leave in registry and Engine.

use std::time::Duration;

use maru_build::Retention;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// A server that has just started has other things to do.
const FIRST: Duration = Duration::from_secs(10 * 60);
const PAUSE: Duration = Duration::from_secs(6 * 3600);
/// While somebody builds, or something did not answer.
const AGAIN: Duration = Duration::from_secs(60);

pub async fn run(state: AppState, shutdown: CancellationToken) {
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let kept = i64::from(state.settings.now().audit_days) * 24 * 60 * 60 * 1000;
        if let Err(error) = state.store.forget_audit(maru_store::now_ms() - kept).await {
            tracing::warn!(%error, "old entries of the audit log could not be removed");
        }
        let in_use = match state.rollouts.images_in_use().await {
            Ok(in_use) => Some(in_use),
            Err(error) => {
                tracing::debug!(%error, "which images are in use is not known: old versions stay");
                None
            }
        };
        pause = match state.builds.tidy(&Retention::default(), in_use.as_ref()).await {
            Ok(Some(tidied)) => {
                tracing::info!(versions = tidied.versions, layers = tidied.layers, collected = tidied.collected, "tidied up images");
                PAUSE
            }
            Ok(None) => AGAIN,
            Err(error) => {
                tracing::warn!(%error, "images could not be tidied up");
                AGAIN * 10
            }
        };
    }
}
