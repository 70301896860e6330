//! What a person does to what runs: another pod for this one, all anew, more or fewer.

use kube::api::{DeleteParams, Patch, PatchParams};
use maru_model::{ASLEEP, STOPPED, Text};
use maru_store::users::User;
use serde_json::json;

use super::usage;
use crate::error::RolloutError;
use crate::kinds::{self, object_name};
use crate::live::Live;
use crate::service::Rollouts;
use crate::strategy;

/// More pods than a class's quota has.
const MOST_PODS: i64 = 50;

/// Who the API server is told that does these things: a person, by the page.
pub(crate) const MANAGER: &str = "maru-page";

fn by_hand() -> PatchParams {
    PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() }
}

/// How the API calls a kind whose pods can be replaced.
fn version_of(kind: &str) -> Result<&'static str, RolloutError> {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" => Ok("apps/v1"),
        "Rollout" => Ok(strategy::API_VERSION),
        _ => Err(RolloutError::NotFound),
    }
}

fn missing(error: kube::Error) -> RolloutError {
    match error {
        kube::Error::Api(status) if status.code == 404 => RolloutError::NotFound,
        other => other.into(),
    }
}

impl Rollouts {
    /// Ends a pod; what it belongs to makes another one.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`].
    pub async fn kill_pod(&self, user: &User, name: &str) -> Result<(), RolloutError> {
        let name = object_name(name)?;
        let api = kinds::api(&self.cluster().await?, &user.login.namespace(), "v1", "Pod");
        api.delete(name, &DeleteParams::default()).await.map_err(missing)?;
        tracing::info!(user = %user.login, pod = name, "a pod was ended by its owner");
        Ok(())
    }

    /// Replaces all pods of a workload, as its strategy says.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`].
    pub async fn restart(&self, user: &User, kind: &str, name: &str) -> Result<(), RolloutError> {
        let name = object_name(name)?;
        let api = kinds::api(&self.cluster().await?, &user.login.namespace(), version_of(kind)?, kind);
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let patch = if kind == "Rollout" {
            json!({"spec": {"restartAt": now}})
        } else {
            // What `kubectl rollout restart` writes.
            json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now}}}}})
        };
        api.patch(name, &by_hand(), &Patch::Merge(&patch)).await.map_err(missing)?;
        Ok(())
    }

    /// Sets how many pods a workload has, until the next rollout says otherwise.
    ///
    /// # Errors
    /// [`RolloutError::NotFound`], [`RolloutError::Invalid`], [`RolloutError::Autoscaled`].
    pub async fn scale(&self, user: &User, kind: &str, name: &str, replicas: i64) -> Result<(), RolloutError> {
        if !(0..=MOST_PODS).contains(&replicas) {
            return Err(RolloutError::Invalid(Text::new(
                format!("From 0 to {MOST_PODS} pods."),
                format!("파드는 0개부터 {MOST_PODS}개까지입니다."),
            )));
        }
        let name = object_name(name)?;
        let version = version_of(kind).ok().filter(|_| kind != "DaemonSet").ok_or(RolloutError::NotFound)?;
        let client = self.cluster().await?;
        let namespace = user.login.namespace();
        let live = Live::look_around(&client, &namespace).await?;
        let target = format!("{kind}/{name}");
        if let Some(scaler) = usage::autoscalers(&live).into_iter().find(|scaler| scaler.target == target) {
            return Err(RolloutError::Autoscaled(scaler.name));
        }
        // Whoever says how many means it: what sleeps is no longer woken to what it had.
        let patch = json!({"metadata": {"annotations": {ASLEEP: null, STOPPED: null}}, "spec": {"replicas": replicas}});
        kinds::api(&client, &namespace, version, kind).patch(name, &by_hand(), &Patch::Merge(&patch)).await.map_err(missing)?;
        Ok(())
    }
}
