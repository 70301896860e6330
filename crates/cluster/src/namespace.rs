//! A student's namespace: theirs to use, within limits, apart from the others'.

use kube::Client;
use serde_json::{Value, json};

use crate::ClusterError;
use crate::base::{STUDENT_ROLE, SYSTEM_NAMESPACE, apply};
use maru_model::Login;

/// Name of the secret that pulls the student's images.
pub const PULL_SECRET: &str = "maru-registry";

/// What a namespace is made from; applying it again with other values changes it.
#[derive(Clone)]
pub struct NamespaceSpec {
    pub login: Login,
    /// The registry's credentials: the text of a `.dockerconfigjson`.
    pub dockerconfigjson: String,
    pub quota: Quota,
    /// Who may look, but not touch: the instructors of the student's classes.
    pub viewers: Vec<Login>,
}

/// What the pods of one namespace may use together, in Kubernetes' own notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Sum of the CPU limits.
    pub cpu: String,
    /// Sum of the memory limits.
    pub memory: String,
    pub pods: u32,
    /// Sum of the volumes.
    pub storage: String,
}

impl Default for Quota {
    /// Enough for a web front end, an API and a database, twice: a rolling update needs both generations at once.
    fn default() -> Self {
        Self { cpu: "8".to_owned(), memory: "4Gi".to_owned(), pods: 30, storage: "10Gi".to_owned() }
    }
}

/// `u-{login}`
#[must_use]
pub fn name(login: &Login) -> String {
    format!("u-{login}")
}

/// How the student is called in the cluster: the name that the `/k8s` proxy impersonates.
#[must_use]
pub fn user(login: &Login) -> String {
    format!("maru:{login}")
}

/// Makes the namespace what `spec` says. Safe to repeat.
///
/// # Errors
/// The first object that the API server refuses.
pub async fn ensure(client: &Client, spec: &NamespaceSpec) -> Result<(), ClusterError> {
    apply(client, objects(spec)).await
}

/// Removes the namespace with everything in it. Removing what is gone is fine.
///
/// # Errors
/// What the API server said.
pub async fn remove(client: &Client, login: &Login) -> Result<(), ClusterError> {
    let api: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(client.clone());
    match api.delete(&name(login), &kube::api::DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(drop).map_err(ClusterError::kubernetes(format!("removing namespace {}", name(login)))),
    }
}

fn objects(spec: &NamespaceSpec) -> Vec<Value> {
    let namespace = name(&spec.login);
    let meta = |name: &str| json!({ "name": name, "namespace": namespace, "labels": { "app.kubernetes.io/managed-by": "maru" } });
    let role = |kind: &str, name: &str| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name });
    let subject = |login: &Login| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user(login) });
    vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "labels": {
            "app.kubernetes.io/managed-by": "maru",
            "maru.dev/user": spec.login.as_str(),
            "pod-security.kubernetes.io/enforce": "baseline",
            // Tells, in kubectl, what a careful cluster would refuse.
            "pod-security.kubernetes.io/audit": "restricted",
        } } }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": meta(PULL_SECRET),
            "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson": spec.dockerconfigjson } }),
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("default"),
            "imagePullSecrets": [{ "name": PULL_SECRET }],
            // An application has no business with the API unless its manifest says so.
            "automountServiceAccountToken": false }),
        json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta("maru"), "spec": { "hard": {
            "limits.cpu": spec.quota.cpu, "limits.memory": spec.quota.memory, "pods": spec.quota.pods.to_string(),
            "requests.storage": spec.quota.storage, "persistentvolumeclaims": "10",
            "services": "30", "services.loadbalancers": "0", "services.nodeports": "0",
            "count/ingresses.networking.k8s.io": "20", "count/jobs.batch": "50", "count/secrets": "50", "count/configmaps": "100",
        } } }),
        json!({ "apiVersion": "v1", "kind": "LimitRange", "metadata": meta("maru"), "spec": { "limits": [{
            "type": "Container",
            "defaultRequest": { "cpu": "20m", "memory": "64Mi" },
            "default": { "cpu": "1", "memory": "512Mi" },
        }] } }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta("maru:owner"),
            "roleRef": role("ClusterRole", STUDENT_ROLE), "subjects": [subject(&spec.login)] }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta("maru:viewers"),
            "roleRef": role("ClusterRole", "view"), "subjects": spec.viewers.iter().map(subject).collect::<Vec<_>>() }),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta("maru-own-namespace"), "spec": {
            "podSelector": {}, "policyTypes": ["Ingress"],
            "ingress": [{ "from": [
                { "podSelector": {} },
                // The gateway.
                { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": SYSTEM_NAMESPACE } } },
            ] }],
        } }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_in_the_students_namespace() {
        let spec = NamespaceSpec {
            login: Login::parse("mina").unwrap(),
            dockerconfigjson: "{}".to_owned(),
            quota: Quota::default(),
            viewers: vec![Login::parse("teacher").unwrap()],
        };
        for object in objects(&spec) {
            let place = match object["kind"].as_str() {
                Some("Namespace") => "/metadata/name",
                _ => "/metadata/namespace",
            };
            assert_eq!(object.pointer(place).and_then(Value::as_str), Some("u-mina"), "{object}");
        }
    }
}
