//! Handing objects to Kubernetes: server-side apply with our field manager, in waves; and taking away what is gone.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use kube::Client;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use maru_manifest::{Diagnostic, Files, ObjectRef};
use serde_json::{Value, json};

use crate::explain;
use crate::kinds::{self, wave};
use crate::live::Live;
use crate::model::reference;

/// Who the API server is told that sets these fields.
pub(crate) const MANAGER: &str = "maru";
const AT_A_TIME: usize = 6;

/// Labels that say whose an object is; and nothing that the API server would stumble over.
pub(crate) fn prepare(object: &mut Value, app: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for field in ["creationTimestamp", "managedFields", "resourceVersion", "uid", "generation", "selfLink"] {
        metadata.shift_remove(field);
    }
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if labels.is_null() {
        *labels = json!({});
    }
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("app.kubernetes.io/managed-by".to_owned(), json!("maru"));
        labels.insert("maru.dev/app".to_owned(), json!(app));
    }
}

/// Sends one object, again while the API server is not there (up to a minute).
async fn send(client: &Client, namespace: &str, object: &Value, params: &PatchParams) -> Result<DynamicObject, kube::Error> {
    let what = reference(object);
    let api = kinds::api_of(client, namespace, &what);
    let mut pause = Duration::from_millis(250);
    for _ in 0..8 {
        match api.patch(&what.name, params, &Patch::Apply(object)).await {
            Err(error) if is_passing(&error) => {
                tracing::debug!(kind = %what.kind, name = %what.name, %error, "apply: trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(15));
            }
            other => return other,
        }
    }
    api.patch(&what.name, params, &Patch::Apply(object)).await
}

/// True for failures of the way to the API server rather than its answers.
pub(crate) fn is_passing(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code >= 500 || status.code == 429,
        kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => true,
        _ => false,
    }
}

fn is_immutable(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 422 && status.message.contains("immutable"))
}

/// The API server's dry run of everything: what it would not take.
///
/// # Errors
/// Where it cannot be asked.
pub(crate) async fn verify(client: &Client, namespace: &str, objects: &[Value], files: &Files) -> Result<Vec<Diagnostic>, kube::Error> {
    // Futures in a list rather than a closure over borrowed objects, which the compiler cannot see is `Send`.
    let mut attempts = Vec::with_capacity(objects.len());
    for object in objects {
        attempts.push(try_one(client, namespace, object, files));
    }
    let tried: Vec<Tried> = stream::iter(attempts).buffered(AT_A_TIME).try_collect().await?;
    let refused = tried.into_iter().filter_map(|tried| if let Tried::Refused(said) = tried { Some(said) } else { None });
    Ok(refused.flatten().collect())
}

/// What the API server says to one object.
pub(crate) enum Tried {
    /// It would become this.
    Taken(Value),
    /// A Job that changed is made anew.
    Anew,
    Refused(Vec<Diagnostic>),
}

/// # Errors
/// Where it cannot be asked.
pub(crate) async fn try_one(client: &Client, namespace: &str, object: &Value, files: &Files) -> Result<Tried, kube::Error> {
    let params = PatchParams::apply(MANAGER).force().dry_run().validation_strict();
    match send(client, namespace, object, &params).await {
        Ok(made) => Ok(Tried::Taken(serde_json::to_value(made).unwrap_or_default())),
        Err(error) if object["kind"] == "Job" && is_immutable(&error) => Ok(Tried::Anew),
        Err(error) => explain::refusal(&error, &reference(object), files).map(Tried::Refused).ok_or(error),
    }
}

/// Why an apply stopped.
pub(crate) enum ApplyError {
    Refused(Vec<Diagnostic>),
    Kube(kube::Error),
}

/// Applies everything, wave after wave; within a wave side by side.
pub(crate) async fn apply(client: &Client, namespace: &str, objects: &[Value], files: &Files) -> Result<(), ApplyError> {
    let mut waves: Vec<u8> = objects.iter().map(|object| wave(object["kind"].as_str().unwrap_or_default())).collect();
    waves.sort_unstable();
    waves.dedup();
    for number in waves {
        let mut attempts = Vec::new();
        for object in objects {
            if wave(object["kind"].as_str().unwrap_or_default()) == number {
                attempts.push(one(client, namespace, object, files));
            }
        }
        stream::iter(attempts).buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
    }
    Ok(())
}

async fn one(client: &Client, namespace: &str, object: &Value, files: &Files) -> Result<(), ApplyError> {
    let params = PatchParams::apply(MANAGER).force();
    let what = reference(object);
    let mut sent = send(client, namespace, object, &params).await;
    if let Err(error) = &sent
        && what.kind == "Job"
        && is_immutable(error)
    {
        delete(client, namespace, &what).await.map_err(ApplyError::Kube)?;
        for _ in 0..60 {
            sent = send(client, namespace, object, &params).await;
            // The old one is on its way out.
            if sent.as_ref().is_ok_and(|made| made.metadata.deletion_timestamp.is_none()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    match sent {
        Ok(_) => Ok(()),
        Err(error) => match explain::refusal(&error, &what, files) {
            Some(diagnostics) => Err(ApplyError::Refused(diagnostics)),
            None => Err(ApplyError::Kube(error)),
        },
    }
}

/// Deletes an object and what it owns; one that is gone is fine.
///
/// # Errors
/// Where the API server does not do it.
pub(crate) async fn delete(client: &Client, namespace: &str, object: &ObjectRef) -> Result<(), kube::Error> {
    match kinds::api_of(client, namespace, object).delete(&object.name, &DeleteParams::background()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}

/// All claims of a namespace: the data.
///
/// # Errors
/// Where the API server does not do it.
pub(crate) async fn delete_claims(client: &Client, namespace: &str) -> Result<(), kube::Error> {
    let claims = kinds::api(client, namespace, "v1", "PersistentVolumeClaim");
    claims.delete_collection(&DeleteParams::default(), &ListParams::default()).await.map(drop)
}

/// Which of the objects of applies before may go: not what is asked for now, never data, and no configuration that a pod still
/// names.
pub(crate) fn superfluous(before: &[ObjectRef], now: &[ObjectRef], live: &Live) -> Vec<ObjectRef> {
    before
        .iter()
        .filter(|old| !now.iter().any(|new| kinds::same(old, new)))
        .filter(|old| match old.kind.as_str() {
            "PersistentVolumeClaim" | "Namespace" => false,
            "ConfigMap" | "Secret" => !is_named_by_a_pod(&old.name, live),
            _ => true,
        })
        .cloned()
        .collect()
}

fn is_named_by_a_pod(name: &str, live: &Live) -> bool {
    let quoted = Value::from(name).to_string();
    live.of_kind("Pod").any(|pod| pod["metadata"]["deletionTimestamp"].is_null() && pod["spec"].to_string().contains(&quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, name: &str) -> ObjectRef {
        ObjectRef { api_version: "v1".into(), kind: kind.into(), name: name.into(), namespace: String::new() }
    }

    #[test]
    fn data_and_configuration_in_use_stay() {
        let before = [
            object("Service", "old"),
            object("Service", "web"),
            object("PersistentVolumeClaim", "data"),
            object("ConfigMap", "used"),
            object("ConfigMap", "unused"),
        ];
        let mut live = Live::default();
        live.put("Pod", json!({"metadata": {"name": "p"}, "spec": {"volumes": [{"configMap": {"name": "used"}}]}}));
        let gone = superfluous(&before, &[object("Service", "web")], &live);
        assert_eq!(gone.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["old", "unused"]);
    }

    #[test]
    fn objects_are_marked_as_ours() {
        let mut deployment =
            json!({"kind": "Deployment", "metadata": {"name": "x", "creationTimestamp": null, "labels": null}, "status": {}});
        prepare(&mut deployment, "guestbook");
        assert_eq!(
            deployment,
            json!({"kind": "Deployment", "metadata": {"name": "x", "labels": {"app.kubernetes.io/managed-by": "maru", "maru.dev/app": "guestbook"}}})
        );
    }
}
