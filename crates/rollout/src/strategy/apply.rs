//! What an apply has to leave to Argo's controller, or to tell it.

use kube::Client;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{API_VERSION, POD_HASH, Services, Strategy, is_aborted, str, unseen};
use crate::kinds;

/// Tries an aborted Rollout again that an apply did not change: to the controller it would stay aborted.
///
/// # Errors
/// Where the API server does not do it.
pub(crate) async fn retry(client: &Client, namespace: &str, name: &str) -> Result<(), kube::Error> {
    let api = kinds::api(client, namespace, API_VERSION, "Rollout");
    let now = serde_json::to_value(api.get(name).await?).unwrap_or_default();
    if is_aborted(&now) && !unseen(&now) {
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(&json!({"status": {"abort": false}}))).await?;
    }
    Ok(())
}

/// Argo adds the hash of a version to the selectors of the Services that a Rollout names, and a selector is applied as a
/// whole: what is applied must have it too, or for a moment both versions would get the traffic.
///
/// # Errors
/// Where the API server does not answer.
pub(crate) async fn keep_selectors(client: &Client, namespace: &str, objects: &mut [Value]) -> Result<(), kube::Error> {
    let steered: Vec<Services> = objects.iter().filter_map(Strategy::read).map(|strategy| strategy.services).collect();
    let services = kinds::api(client, namespace, "v1", "Service");
    for object in objects.iter_mut().filter(|object| object["kind"] == "Service") {
        let name = str(object, "/metadata/name").to_owned();
        if !steered.iter().any(|services| services.has(&name)) {
            continue;
        }
        let Some(live) = services.get_opt(&name).await? else { continue };
        if let Some(hash) = live.data.pointer("/spec/selector").and_then(|selector| selector.get(POD_HASH))
            && let Some(selector) = object.pointer_mut("/spec/selector").and_then(Value::as_object_mut)
        {
            selector.insert(POD_HASH.to_owned(), hash.clone());
        }
    }
    Ok(())
}
