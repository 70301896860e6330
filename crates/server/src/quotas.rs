//! What applications may use in the cluster: a setting of classes, told to it as quota and range of each user's namespace. A
//! rollout sees to its own namespace; here those are kept whose class has changed its mind since.

use maru_cluster::namespace;
use maru_model::Quota;
use tokio_util::sync::CancellationToken;

use crate::reconcile::{self, Failure};
use crate::state::AppState;

/// Keeps the namespaces as the settings are, until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    let setting = state.quotas.clone();
    reconcile::run(state, setting, "what applications may use", stop, tell).await;
}

async fn tell(state: AppState) -> Result<(), Failure> {
    let set = state.store.quotas().await?;
    let client = state.cluster.client().await?;
    let wanted = |login: &_| set.get(login).copied().unwrap_or_default().over(Quota::default());
    for login in namespace::keep_quotas(&client, wanted).await? {
        tracing::info!(user = %login, "the limits of a namespace were changed");
    }
    Ok(())
}
