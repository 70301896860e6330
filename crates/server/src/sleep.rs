//! After how long an application that nobody asks for sleeps: a setting of classes, told to the cluster as an annotation of each
//! user's namespace. What acts on it is the gateway, which knows who asked.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use maru_model::{Login, SLEEP_AFTER, USER_LABEL};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::reconcile::{self, Failure};
use crate::state::AppState;

/// Keeps the namespaces as the settings are, until `stop`.
pub async fn run(state: AppState, stop: CancellationToken) {
    let setting = state.sleep.clone();
    reconcile::run(state, setting, "after how long idle applications sleep", stop, tell).await;
}

async fn tell(state: AppState) -> Result<(), Failure> {
    let otherwise = i64::from(state.settings.now().app_sleep_minutes);
    let wanted = of_users(state.store.sleep_policies().await?);
    let api: Api<Namespace> = Api::all(state.cluster.client().await?);
    for namespace in api.list(&ListParams::default().labels(USER_LABEL)).await? {
        let Some(login) = namespace.labels().get(USER_LABEL).and_then(|login| Login::parse(login.as_str()).ok()) else { continue };
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
