//! A student's namespace: theirs to use, within limits, apart from the others'.

use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use maru_model::{Login, Quota, USER_LABEL};
use serde_json::{Value, json};

use crate::base::{STUDENT_ROLE, SYSTEM_NAMESPACE, apply};
use crate::{ClusterError, quantity};

/// Name of the secret that pulls the student's images.
pub const PULL_SECRET: &str = "maru-registry";

/// Names the quota and the range of a namespace.
const LIMITS: &str = "maru";

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

/// Brings the limits of the namespaces that are there to what `wanted` says for their users. Whose were changed is the answer.
///
/// # Errors
/// The first object that the API server refuses.
pub async fn keep_quotas(client: &Client, wanted: impl Fn(&Login) -> Quota) -> Result<Vec<Login>, ClusterError> {
    let ours = ListParams::default().labels("app.kubernetes.io/managed-by=maru");
    let attempt = "reading the limits of namespaces";
    let quotas = Api::<ResourceQuota>::all(client.clone()).list(&ours).await.map_err(ClusterError::kubernetes(attempt))?;
    let ranges = Api::<LimitRange>::all(client.clone()).list(&ours).await.map_err(ClusterError::kubernetes(attempt))?;
    let of_users = ListParams::default().labels(USER_LABEL);
    let namespaces = Api::<Namespace>::all(client.clone()).list(&of_users).await.map_err(ClusterError::kubernetes(attempt))?;
    let mut changed = Vec::new();
    for namespace in namespaces {
        let login = namespace.labels().get(USER_LABEL).and_then(|login| Login::parse(login.as_str()).ok());
        let Some(login) = login.filter(|_| namespace.metadata.deletion_timestamp.is_none()) else { continue };
        let place = Some(namespace.name_any());
        let quota = quotas.iter().find(|found| found.metadata.namespace == place && found.name_any() == LIMITS);
        let range = ranges.iter().find(|found| found.metadata.namespace == place && found.name_any() == LIMITS);
        let objects = limits(&login, &wanted(&login));
        // What we write is written as the API server gives it back.
        let same = |asked: &Value, there: Option<Value>| there.is_some_and(|there| there["spec"] == asked["spec"]);
        let [asked_quota, asked_range] = &objects;
        let is_so = same(asked_quota, quota.and_then(|found| serde_json::to_value(found).ok()))
            && same(asked_range, range.and_then(|found| serde_json::to_value(found).ok()));
        if !is_so {
            apply(client, objects).await?;
            changed.push(login);
        }
    }
    Ok(changed)
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

/// What all pods of a namespace may use together, and what a container gets that says nothing.
fn limits(login: &Login, quota: &Quota) -> [Value; 2] {
    let meta = json!({ "name": LIMITS, "namespace": name(login), "labels": { "app.kubernetes.io/managed-by": "maru" } });
    let (cpu, memory) = (quantity::of_cpus, quantity::of_bytes);
    [
        json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": { "hard": {
            "limits.cpu": cpu(quota.cpu), "limits.memory": memory(quota.memory), "pods": quota.pods.to_string(),
            "requests.storage": memory(quota.storage), "persistentvolumeclaims": "10",
            "services": "30", "services.loadbalancers": "0", "services.nodeports": "0",
            "count/ingresses.networking.k8s.io": "20", "count/jobs.batch": "50", "count/secrets": "50", "count/configmaps": "100",
        } } }),
        json!({ "apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": { "limits": [{
            "type": "Container",
            "defaultRequest": { "cpu": "20m", "memory": "64Mi" },
            "default": { "cpu": cpu(quota.container_cpu), "memory": memory(quota.container_memory) },
        }] } }),
    ]
}

fn objects(spec: &NamespaceSpec) -> Vec<Value> {
    let namespace = name(&spec.login);
    let meta = |name: &str| json!({ "name": name, "namespace": namespace, "labels": { "app.kubernetes.io/managed-by": "maru" } });
    let [quota, range] = limits(&spec.login, &spec.quota);
    let role = |kind: &str, name: &str| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name });
    let subject = |login: &Login| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user(login) });
    vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "labels": {
            "app.kubernetes.io/managed-by": "maru",
            USER_LABEL: spec.login.as_str(),
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
        quota,
        range,
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

    #[test]
    fn limits_are_as_the_quota_says() {
        let quota = Quota { cpu: 1.5, pods: 5, container_memory: 128 << 20, ..Quota::default() };
        let [quota, range] = limits(&Login::parse("mina").unwrap(), &quota);
        let hard = &quota["spec"]["hard"];
        assert_eq!([&hard["limits.cpu"], &hard["limits.memory"], &hard["pods"]], ["1500m", "4Gi", "5"]);
        assert_eq!(range["spec"]["limits"][0]["default"], json!({ "cpu": "1", "memory": "128Mi" }));
    }
}
