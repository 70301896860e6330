//! Kinds: how the API calls them, and in which order they are applied.

use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};
use maru_manifest::ObjectRef;
use maru_model::is_object_name;

use crate::error::RolloutError;

/// The kinds whose pods a rollout waits for.
pub(crate) const WORKLOADS: [&str; 7] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod", "Rollout"];

pub(crate) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

pub(crate) fn api(client: &Client, namespace: &str, api_version: &str, kind: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &resource(api_version, kind))
}

pub(crate) fn api_of(client: &Client, namespace: &str, object: &ObjectRef) -> Api<DynamicObject> {
    api(client, namespace, &object.api_version, &object.kind)
}

/// A name that somebody asked for; what cannot be one is the name of nothing.
pub(crate) fn object_name(name: &str) -> Result<&str, RolloutError> {
    if is_object_name(name) { Ok(name) } else { Err(RolloutError::NotFound) }
}

/// Lower is earlier: rights and configuration, storage, names, what keeps data, the rest, the way in; and Rollouts last.
pub(crate) fn wave(kind: &str) -> u8 {
    match kind {
        "ServiceAccount" | "Role" | "RoleBinding" | "Secret" | "ConfigMap" | "LimitRange" | "ResourceQuota" | "NetworkPolicy" => 0,
        "PersistentVolumeClaim" => 1,
        "Service" | "Endpoints" => 2,
        "StatefulSet" => 3,
        "Ingress" => 6,
        "HorizontalPodAutoscaler" | "PodDisruptionBudget" => 5,
        // Its controller looks at once for the Services, the Ingress and the workload that it names.
        "Rollout" => 7,
        _ => 4,
    }
}

/// The same object, whatever version of its group is named.
pub(crate) fn same(a: &ObjectRef, b: &ObjectRef) -> bool {
    let group = |object: &ObjectRef| object.api_version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned());
    a.kind == b.kind && a.name == b.name && group(a) == group(b)
}
