//! What is scaled to zero for a while: by the gateway because nobody asked for it (`maru-gateway`'s `sleep`), or because its owner
//! stopped it. How it is told, and that a rollout wakes it: git says what runs, and neither of the two is a change of that.

use jiff::Timestamp;
use kube::Client;
use kube::api::{ListParams, Patch, PatchParams};
use maru_model::{ASLEEP, STOPPED, Text, wakes_with};
use maru_store::users::User;
use serde_json::{Value, json};

use crate::error::RolloutError;
use crate::kinds;
use crate::service::Rollouts;
use crate::strategy;

/// Whose pods can be none. The gateway leaves StatefulSets alone; who stops an application means its database too.
const KINDS: [(&str, &str); 3] = [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), (strategy::API_VERSION, "Rollout")];

/// The replicas that a workload wakes with; none where it does not sleep.
pub(crate) fn replicas(workload: &Value) -> Option<i64> {
    wakes_with(workload.pointer("/metadata/annotations")?.get(ASLEEP)?.as_str()?, workload.pointer("/spec/replicas")?.as_i64()?)
}

/// Whether its owner stopped it. One that somebody has scaled since runs.
pub(crate) fn is_stopped(workload: &Value) -> bool {
    replicas(workload).is_some() && workload.pointer("/metadata/annotations").is_some_and(|notes| notes.get(STOPPED).is_some())
}

/// What is said of one that sleeps.
pub(crate) fn words(workload: &Value) -> Text {
    if is_stopped(workload) {
        return Text::new("stopped: Start or the next Deploy brings it back", "정지했습니다. 시작을 누르거나 다시 배포하면 실행됩니다");
    }
    Text::new("asleep, because nobody asked for it: the next request wakes it", "요청이 없어 잠들었습니다. 다음 요청이 오면 깨어납니다")
}

/// Every workload of a namespace that is nobody else's, with the way to change it.
async fn workloads(client: &Client, namespace: &str) -> Result<Vec<(kube::Api<kube::api::DynamicObject>, String, Value)>, kube::Error> {
    let mut found = Vec::new();
    for (version, kind) in KINDS {
        let api = kinds::api(client, namespace, version, kind);
        let list = match api.list(&ListParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            other => other?,
        };
        for workload in list.items.into_iter().filter(|workload| workload.metadata.owner_references.is_none()) {
            if let (Some(name), Ok(value)) = (workload.metadata.name.clone(), serde_json::to_value(&workload)) {
                found.push((api.clone(), name, value));
            }
        }
    }
    Ok(found)
}

/// Wakes all that sleeps in a namespace, stopped or not: whoever rolls out wants to see it run.
pub(crate) async fn wake(client: &Client, namespace: &str) -> Result<(), kube::Error> {
    for (api, name, workload) in workloads(client, namespace).await? {
        let Some(replicas) = replicas(&workload) else { continue };
        let patch = json!({"metadata": {"annotations": {ASLEEP: null, STOPPED: null}}, "spec": {"replicas": replicas}});
        api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
    }
    Ok(())
}

/// Pure: what stops a workload; none where it has no pods anyhow.
fn stopping(workload: &Value, now: &str) -> Option<Value> {
    if replicas(workload).is_some() {
        return Some(json!({"metadata": {"annotations": {STOPPED: now}}}));
    }
    let replicas = workload.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    (replicas > 0).then(|| json!({"metadata": {"annotations": {ASLEEP: replicas.to_string(), STOPPED: now}}, "spec": {"replicas": 0}}))
}

/// A workload as it was before it slept: what is laid beside the target state.
pub(crate) fn as_awake(mut workload: Value) -> Value {
    if let Some(before) = replicas(&workload) {
        workload["spec"]["replicas"] = before.into();
    }
    workload
}

impl Rollouts {
    /// Scales everything in the user's namespace to zero, until [`Self::start_app`] or the next rollout. Data stays.
    ///
    /// # Errors
    /// [`RolloutError::NoApp`]; [`RolloutError::Running`] while a rollout is on its way; where the cluster does not answer.
    pub async fn stop_app(&self, user: &User) -> Result<(), RolloutError> {
        self.at_rest(user).await?;
        let (client, now) = (self.cluster().await?, Timestamp::now().to_string());
        for (api, name, workload) in workloads(&client, &user.login.namespace()).await? {
            if let Some(patch) = stopping(&workload, &now) {
                api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
            }
        }
        tracing::info!(user = %user.login, "an application was stopped by its owner");
        Ok(())
    }

    /// Brings back what was stopped, or sleeps, with the replicas that it had.
    ///
    /// # Errors
    /// As [`Self::stop_app`].
    pub async fn start_app(&self, user: &User) -> Result<(), RolloutError> {
        self.at_rest(user).await?;
        Ok(wake(&self.cluster().await?, &user.login.namespace()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sleeps_is_seen_as_it_was() {
        let asleep = json!({"metadata": {"annotations": {ASLEEP: "2"}}, "spec": {"replicas": 0}});
        assert_eq!(replicas(&asleep), Some(2));
        assert_eq!(as_awake(asleep)["spec"]["replicas"], 2);
        let scaled_since = json!({"metadata": {"annotations": {ASLEEP: "2", STOPPED: "t"}}, "spec": {"replicas": 1}});
        assert_eq!((replicas(&scaled_since), is_stopped(&scaled_since)), (None, false));
        let by_hand = json!({"metadata": {}, "spec": {"replicas": 0}});
        assert_eq!(as_awake(by_hand.clone()), by_hand);
    }

    #[test]
    fn what_is_stopped_remembers_what_it_had() {
        let with = |annotations: Value, replicas: Value| json!({"metadata": {"annotations": annotations}, "spec": {"replicas": replicas}});
        let stopped = stopping(&with(json!({}), json!(3)), "t").unwrap_or_default();
        assert_eq!(stopped, json!({"metadata": {"annotations": {ASLEEP: "3", STOPPED: "t"}}, "spec": {"replicas": 0}}));
        assert!(is_stopped(&stopped) && words(&stopped).en.starts_with("stopped"));
        // Without a number Kubernetes means one.
        assert_eq!(stopping(&json!({"spec": {}}), "t").and_then(|patch| replicas(&patch)), Some(1));
        // One that slept keeps the number of before.
        let asleep = with(json!({ASLEEP: "2"}), json!(0));
        assert!(!is_stopped(&asleep) && words(&asleep).en.starts_with("asleep"));
        assert_eq!(stopping(&asleep, "t"), Some(json!({"metadata": {"annotations": {STOPPED: "t"}}})));
        assert_eq!(stopping(&with(json!({}), json!(0)), "t"), None, "none were wanted");
    }
}
