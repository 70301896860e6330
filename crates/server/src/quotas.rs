//! What applications may use in the cluster: a setting of classes, told to it as quota and range of each user's namespace. A
//! rollout sees to its own namespace; here those are kept whose class has changed its mind since.

use std::sync::Arc;
use std::time::Duration;

use maru_cluster::namespace;
use maru_model::Quota;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// Who joined or left a class, or whose class was archived, gets their other limits after so long at most.
const AGAIN: Duration = Duration::from_secs(60);

/// Wakes the task below when a setting was changed; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Quotas(Arc<Notify>);

impl Quotas {
    pub fn changed(&self) {
        self.0.notify_one();
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Keeps the namespaces as the settings are, until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    loop {
        if state.cluster.state().is_ready()
            && let Err(error) = tell(&state).await
        {
            tracing::warn!(%error, "the cluster could not be told what applications may use");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = state.quotas.0.notified() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn tell(state: &AppState) -> Result<(), Failure> {
    let set = state.store.quotas().await?;
    let client = state.cluster.client().await?;
    let wanted = |login: &_| set.get(login).copied().unwrap_or_default().over(Quota::default());
    for login in namespace::keep_quotas(&client, wanted).await? {
        tracing::info!(user = %login, "the limits of a namespace were changed");
    }
    Ok(())
}
