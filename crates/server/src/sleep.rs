//! After how long an application that nobody asks for sleeps: a setting of classes, told to the cluster as an annotation of each
//! user's namespace. What acts on it is the gateway, which knows who asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use maru_model::{Login, SLEEP_AFTER};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

/// New namespaces learn of it after so long at most.
const AGAIN: Duration = Duration::from_secs(60);

/// Wakes the task below when a setting was changed; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct SleepPolicy(Arc<Notify>);

impl SleepPolicy {
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
            tracing::warn!(%error, "the cluster could not be told after how long idle applications sleep");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = state.sleep.0.notified() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn tell(state: &AppState) -> Result<(), Failure> {
    let otherwise = i64::from(state.settings.now().app_sleep_minutes);
    let wanted = of_users(state.store.sleep_policies().await?);
    let api: Api<Namespace> = Api::all(state.cluster.client().await?);
    for namespace in api.list(&ListParams::default().labels("maru.dev/user")).await? {
        let Some(login) = namespace.labels().get("maru.dev/user").and_then(|login| Login::parse(login.as_str()).ok()) else { continue };
        let minutes = wanted.get(&login).copied().unwrap_or(otherwise).to_string();
        if namespace.annotations().get(SLEEP_AFTER) != Some(&minutes) {
            let patch = json!({"metadata": {"annotations": {SLEEP_AFTER: minutes}}});
            api.patch(&namespace.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await?;
        }
    }
    Ok(())
}

/// Of several classes the most patient decides, and one that says never before all.
fn of_users(said: Vec<(Login, i64)>) -> HashMap<Login, i64> {
    let mut wanted: HashMap<Login, i64> = HashMap::new();
    for (login, minutes) in said {
        let so_far = wanted.entry(login).or_insert(minutes);
        *so_far = if *so_far == 0 || minutes == 0 { 0 } else { (*so_far).max(minutes) };
    }
    wanted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_most_patient_class_decides() {
        let login = |name: &str| Login::parse(name).unwrap();
        let said = [("mina", 30), ("mina", 90), ("jun", 30), ("jun", 0), ("jun", 60)];
        let wanted = of_users(said.map(|(name, minutes)| (login(name), minutes)).to_vec());
        assert_eq!((wanted[&login("mina")], wanted[&login("jun")]), (90, 0));
    }
}
