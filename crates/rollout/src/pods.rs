//! The pods of a namespace, as the app page shows them, and their logs.

use futures_util::io::AsyncReadExt;
use futures_util::{Stream, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use kube::{Api, Client};
use serde::Serialize;
use serde_json::Value;

use crate::error::RolloutError;
use crate::kinds::object_name;
use crate::live::Live;
use crate::strategy::{POD_HASH, Strategy};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodView {
    pub name: String,
    /// Pending, Running, Succeeded, Failed; Terminating where it is on its way out.
    pub phase: String,
    pub ready: bool,
    pub restarts: i64,
    /// The workload that it belongs to, such as `web`; empty for a pod of its own.
    pub owner: String,
    /// What it is to a Rollout's strategy: stable, canary, active, preview, or old.
    pub role: Option<&'static str>,
    /// The hash of its version, of a Rollout's or Deployment's pod.
    pub version: String,
    pub created_at: String,
    pub containers: Vec<ContainerView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContainerView {
    pub name: String,
    pub image: String,
    pub ready: bool,
    pub restarts: i64,
    /// running, waiting, terminated; empty before the kubelet has said anything.
    pub state: String,
    /// Why it waits or ended.
    pub reason: String,
}

pub(crate) fn of(live: &Live) -> Vec<PodView> {
    live.of_kind("Pod").map(|pod| view(pod, live)).collect()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn view(pod: &Value, live: &Live) -> PodView {
    let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let status_of = |name: &Value| statuses.into_iter().flatten().find(|status| &status["name"] == name);
    let specs = pod.pointer("/spec/containers").and_then(Value::as_array);
    let containers: Vec<ContainerView> = specs
        .into_iter()
        .flatten()
        .map(|spec| {
            let status = status_of(&spec["name"]).unwrap_or(&Value::Null);
            let state = status["state"].as_object().and_then(|state| state.iter().next());
            ContainerView {
                name: text(spec, "/name"),
                image: text(spec, "/image"),
                ready: status["ready"] == true,
                restarts: status["restartCount"].as_i64().unwrap_or(0),
                state: state.map(|(name, _)| name.clone()).unwrap_or_default(),
                reason: state.map(|(_, detail)| text(detail, "/reason")).unwrap_or_default(),
            }
        })
        .collect();
    let ending = !pod["metadata"]["deletionTimestamp"].is_null();
    PodView {
        name: text(pod, "/metadata/name"),
        phase: if ending { "Terminating".to_owned() } else { text(pod, "/status/phase") },
        ready: crate::health::condition(pod, "Ready", "True").is_some(),
        restarts: containers.iter().map(|c| c.restarts).sum(),
        role: role(pod, live),
        version: Some(text(pod, &format!("/metadata/labels/{POD_HASH}")))
            .filter(|hash| !hash.is_empty())
            .unwrap_or_else(|| text(pod, "/metadata/labels/pod-template-hash")),
        owner: owner(pod, live),
        created_at: text(pod, "/metadata/creationTimestamp"),
        containers,
    }
}

fn role(pod: &Value, live: &Live) -> Option<&'static str> {
    let hash = pod["metadata"]["labels"][POD_HASH].as_str()?;
    let rollout = live.get("Rollout", &owner(pod, live))?;
    Some(Strategy::read(rollout)?.role(rollout, hash))
}

/// Through the ReplicaSet to the Deployment.
fn owner(pod: &Value, live: &Live) -> String {
    let (kind, name) = (text(pod, "/metadata/ownerReferences/0/kind"), text(pod, "/metadata/ownerReferences/0/name"));
    match live.get("ReplicaSet", &name).filter(|_| kind == "ReplicaSet") {
        Some(set) => Some(text(set, "/metadata/ownerReferences/0/name")).filter(|n| !n.is_empty()).unwrap_or(name),
        None => name,
    }
}

/// A container's log as it is written; the last 2000 lines of it to begin with.
pub(crate) async fn log(
    client: &Client,
    namespace: &str,
    pod: &str,
    container: Option<String>,
    follow: bool,
    previous: bool,
) -> Result<impl Stream<Item = std::io::Result<Vec<u8>>> + use<>, RolloutError> {
    let pod = object_name(pod)?;
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let params = LogParams { container, follow, previous, tail_lines: Some(2000), ..LogParams::default() };
    let reader = match api.log_stream(pod, &params).await {
        Ok(reader) => Box::pin(reader),
        Err(kube::Error::Api(status)) if status.code == 404 => return Err(RolloutError::NotFound),
        Err(error) => return Err(error.into()),
    };
    Ok(stream::unfold(reader, |mut reader| async move {
        let mut buffer = vec![0; 16 * 1024];
        match reader.read(&mut buffer).await {
            Ok(0) => None,
            Ok(read) => {
                buffer.truncate(read);
                Some((Ok(buffer), reader))
            }
            Err(error) => Some((Err(error), reader)),
        }
    }))
}
