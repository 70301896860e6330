//! What every cluster of ours holds, embedded or not: the system namespace and the students' role.

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::ClusterError;

/// Where everything of Maru's own in the cluster lives.
pub const SYSTEM_NAMESPACE: &str = "maru-system";
/// Who we are for server-side apply.
const FIELD_MANAGER: &str = "maru-cluster";
/// Bound in each student's namespace.
pub(crate) const STUDENT_ROLE: &str = "maru:student";

/// Applies objects in order.
///
/// # Errors
/// The first that the API server refuses.
pub(crate) async fn apply(client: &Client, objects: impl IntoIterator<Item = Value>) -> Result<(), ClusterError> {
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let types = TypeMeta { api_version: text("/apiVersion"), kind: text("/kind") };
        let attempt = format!("applying {} {}", types.kind, text("/metadata/name"));
        // Our own objects, in this file and its neighbours: a wrong version among them is met by the first test.
        let Ok(gvk) = GroupVersionKind::try_from(&types) else {
            return Err(ClusterError::InNode { program: "apply", message: format!("{attempt}: wrong apiVersion") });
        };
        let resource = ApiResource::from_gvk(&gvk);
        let api: Api<DynamicObject> = match object.pointer("/metadata/namespace").and_then(Value::as_str) {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let params = PatchParams::apply(FIELD_MANAGER).force();
        api.patch(&text("/metadata/name"), &params, &Patch::Apply(&object)).await.map_err(ClusterError::kubernetes(attempt))?;
    }
    Ok(())
}

pub(crate) async fn ensure(client: &Client) -> Result<(), ClusterError> {
    apply(client, [system_namespace(), student_role()]).await
}

fn system_namespace() -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": SYSTEM_NAMESPACE,
        "labels": { "app.kubernetes.io/managed-by": "maru" },
    } })
}

/// Upstream's `edit`, without what would let a student out of the own namespace or past its limits: no service accounts'
/// tokens (they are identities that we don't see), no NetworkPolicy (ours keeps namespaces apart), no leases, no roles.
fn student_role() -> Value {
    let all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let read = ["get", "list", "watch"];
    json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": { "name": STUDENT_ROLE, "labels": { "app.kubernetes.io/managed-by": "maru" } },
        "rules": [
            { "apiGroups": [""], "verbs": all, "resources": [
                "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "replicationcontrollers/scale",
                "secrets", "services",
            ] },
            { "apiGroups": [""], "verbs": ["get", "create"], "resources": ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"] },
            { "apiGroups": [""], "verbs": ["patch", "update", "get"], "resources": ["pods/ephemeralcontainers"] },
            { "apiGroups": [""], "verbs": ["create"], "resources": ["pods/eviction"] },
            { "apiGroups": [""], "verbs": read, "resources": [
                "bindings", "endpoints", "events", "limitranges", "namespaces", "persistentvolumeclaims/status", "pods/log", "pods/status",
                "resourcequotas", "serviceaccounts", "services/status",
            ] },
            { "apiGroups": ["apps"], "verbs": all, "resources": [
                "daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale",
                "statefulsets", "statefulsets/scale",
            ] },
            { "apiGroups": ["apps"], "verbs": read, "resources": [
                "controllerrevisions", "daemonsets/status", "deployments/status", "replicasets/status", "statefulsets/status",
            ] },
            { "apiGroups": ["batch"], "verbs": all, "resources": ["cronjobs", "jobs"] },
            { "apiGroups": ["batch"], "verbs": read, "resources": ["cronjobs/status", "jobs/status"] },
            { "apiGroups": ["autoscaling"], "verbs": all, "resources": ["horizontalpodautoscalers"] },
            { "apiGroups": ["autoscaling"], "verbs": read, "resources": ["horizontalpodautoscalers/status"] },
            { "apiGroups": ["networking.k8s.io"], "verbs": all, "resources": ["ingresses"] },
            { "apiGroups": ["networking.k8s.io"], "verbs": read, "resources": ["ingresses/status", "networkpolicies"] },
            { "apiGroups": ["policy"], "verbs": all, "resources": ["poddisruptionbudgets"] },
            { "apiGroups": ["discovery.k8s.io"], "verbs": read, "resources": ["endpointslices"] },
            { "apiGroups": ["events.k8s.io"], "verbs": read, "resources": ["events"] },
            { "apiGroups": ["metrics.k8s.io"], "verbs": read, "resources": ["pods"] },
            { "apiGroups": ["argoproj.io"], "verbs": all, "resources": [
                "analysisruns", "analysistemplates", "experiments", "rollouts", "rollouts/scale", "rollouts/status",
            ] },
        ],
    })
}
