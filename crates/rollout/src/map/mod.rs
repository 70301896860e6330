//! The application as a picture: how a request finds its way from the Ingress over Services to pods, how each part is, what
//! has happened lately, and what is used of what may be.

mod environment;
mod events;
mod logs;
mod orders;
mod usage;

use maru_manifest::ObjectRef;
use maru_model::Text;
use maru_store::users::User;
use serde_json::Value;

use crate::error::RolloutError;
use crate::live::Live;
use crate::model::{HealthState, ObjectHealth, Place, Target, text};
use crate::pods::{self, PodView};
use crate::service::Rollouts;
use crate::{asleep, wait};

pub use environment::{ContainerEnvironment, Origin, Variable};
pub use events::EventView;
pub use logs::LogLine;
pub(crate) use orders::MANAGER as PAGE_MANAGER;
pub(crate) use usage::autoscalers;
pub use usage::{Autoscaler, QuotaUse};

/// Kinds with pods of their own, as the API calls them.
const WORKLOADS: [(&str, &str); 6] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    (crate::strategy::API_VERSION, "Rollout"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
];

/// An object on the way.
#[derive(Debug, Clone)]
pub struct MapNode {
    /// `Deployment/web`
    pub id: String,
    pub health: ObjectHealth,
    pub place: Option<Place>,
    /// Its number of pods can be set, and its pods replaced.
    pub scales: bool,
    pub restarts: bool,
}

/// The way goes on from one to the other.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
}

#[derive(Debug, Clone)]
pub struct MapPod {
    pub pod: PodView,
    /// The node that it belongs to; none for a pod of its own.
    pub owner: Option<String>,
    /// Thousandths of a CPU, and bytes, where they were measured.
    pub cpu: Option<i64>,
    pub memory: Option<i64>,
}

#[derive(Debug, Clone, Default)]
pub struct AppMap {
    pub nodes: Vec<MapNode>,
    pub edges: Vec<Edge>,
    pub pods: Vec<MapPod>,
    pub events: Vec<EventView>,
    pub quota: Vec<QuotaUse>,
    pub autoscalers: Vec<Autoscaler>,
}

impl Rollouts {
    /// What is in the user's namespace at this moment.
    ///
    /// # Errors
    /// Where the cluster or the database does not answer.
    pub async fn map(&self, user: &User) -> Result<AppMap, RolloutError> {
        let client = self.cluster().await?;
        let namespace = user.login.namespace();
        let app = self.inner.store.app(&user.id).await?;
        let target: Option<Target> = app.and_then(|app| app.target).map(|target| serde_json::from_str(&target)).transpose()?;
        let (live, used) =
            tokio::try_join!(Live::look_around(&client, &namespace), async { Ok(usage::of_pods(&client, &namespace).await) })?;
        let mut map = picture(&live, jiff::Timestamp::now());
        for node in &mut map.nodes {
            let object = &node.health.object;
            node.place = target.as_ref().and_then(|target| target.place(&object.kind, &object.name)).cloned();
        }
        for pod in &mut map.pods {
            if let Some((cpu, memory)) = used.get(&pod.pod.name) {
                (pod.cpu, pod.memory) = (Some(*cpu), Some(*memory));
            }
        }
        Ok(map)
    }
}

/// Pure: what `live` looks like.
fn picture(live: &Live, now: jiff::Timestamp) -> AppMap {
    let typed = |(version, kind): (&str, &str), object: &Value| {
        let mut object = object.clone();
        object["apiVersion"] = Value::from(version);
        object["kind"] = Value::from(kind);
        object
    };
    let workloads: Vec<Value> = WORKLOADS
        .into_iter()
        .flat_map(|kind| live.of_kind(kind.1).map(move |object| typed(kind, object)))
        // The Jobs of a CronJob are its own affair, and a Deployment that a Rollout takes its pods from has none.
        .filter(|object| object.pointer("/metadata/ownerReferences").is_none())
        .collect();
    let mut nodes: Vec<MapNode> = Vec::new();
    let mut edges = Vec::new();
    let judged = wait::judge(&workloads, live, now);
    for (object, health) in workloads.iter().zip(judged.objects) {
        let kind = health.object.kind.as_str();
        nodes.push(MapNode {
            id: id(&health.object),
            scales: matches!(kind, "Deployment" | "StatefulSet" | "Rollout") && object.pointer("/spec/workloadRef").is_none(),
            restarts: matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout"),
            place: None,
            health,
        });
    }
    let pods: Vec<MapPod> = pods::of(live)
        .into_iter()
        .map(|pod| {
            let owner = nodes.iter().find(|node| node.health.object.name == pod.owner).map(|node| node.id.clone());
            MapPod { pod, owner, cpu: None, memory: None }
        })
        .collect();
    let mut ways = Vec::new();
    for service in live.of_kind("Service") {
        let mut health = service_health(&typed(("v1", "Service"), service), live);
        let selector = service.pointer("/spec/selector").and_then(Value::as_object);
        for workload in &workloads {
            let labels = workload.pointer("/spec/template/metadata/labels");
            // Argo's own label is on the pods alone.
            let selects = selector.is_some_and(|selector| {
                let wanted: Vec<_> = selector.iter().filter(|(key, _)| *key != crate::strategy::POD_HASH).collect();
                !wanted.is_empty() && wanted.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
            });
            if selects && asleep::replicas(workload).is_some() && health.state == HealthState::Degraded {
                (health.state, health.message) = (HealthState::Healthy, asleep::words(workload));
            }
            if selects {
                edges.push(Edge { from: id(&health.object), to: id(&crate::model::reference(workload)) });
            }
        }
        ways.push(MapNode { id: id(&health.object), health, place: None, scales: false, restarts: false });
    }
    let mut entries = Vec::new();
    for ingress in live.of_kind("Ingress") {
        let ingress = typed(("networking.k8s.io/v1", "Ingress"), ingress);
        let (health, backends) = ingress_health(&ingress, &ways);
        edges.extend(backends.into_iter().map(|name| Edge { from: id(&health.object), to: format!("Service/{name}") }));
        entries.push(MapNode { id: id(&health.object), health, place: None, scales: false, restarts: false });
    }
    edges.dedup();
    entries.extend(ways);
    entries.extend(nodes);
    AppMap { nodes: entries, edges, pods, events: events::of(live), quota: usage::quota(live), autoscalers: autoscalers(live) }
}

fn id(object: &ObjectRef) -> String {
    format!("{}/{}", object.kind, object.name)
}

fn plain(object: &Value, state: HealthState, message: Text) -> ObjectHealth {
    ObjectHealth { object: crate::model::reference(object), state, message, ready: None, wanted: None, strategy: None }
}

/// A Service is as well as the pods that it finds.
fn service_health(service: &Value, live: &Live) -> ObjectHealth {
    let Some(selector) = service.pointer("/spec/selector").and_then(Value::as_object).filter(|selector| !selector.is_empty()) else {
        return plain(service, HealthState::Healthy, Text::new("in place", "적용됨"));
    };
    let finds = |pod: &&Value| selector.iter().all(|(key, value)| pod["metadata"]["labels"].get(key) == Some(value));
    let found: Vec<&Value> = live.of_kind("Pod").filter(finds).collect();
    let ready = found.iter().filter(|pod| crate::health::condition(pod, "Ready", "True").is_some()).count();
    match (found.len(), ready) {
        (0, _) => plain(
            service,
            HealthState::Degraded,
            Text::new("no pod has its labels: nobody answers", "이 라벨을 가진 파드가 없어 아무도 응답하지 않습니다"),
        ),
        (_, 0) => plain(
            service,
            HealthState::Degraded,
            Text::new("no pod of it is ready: nobody answers", "준비된 파드가 없어 아무도 응답하지 않습니다"),
        ),
        (_, 1) => plain(service, HealthState::Healthy, Text::new("one pod answers", "파드 1개가 응답합니다")),
        (_, ready) => plain(service, HealthState::Healthy, text!("{ready} pods answer", "파드 {ready}개가 응답합니다")),
    }
}

/// An Ingress is as well as the Services that it leads to; these are named as well.
fn ingress_health(ingress: &Value, services: &[MapNode]) -> (ObjectHealth, Vec<String>) {
    let rules = ingress.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten();
    let paths = rules.clone().flat_map(|rule| rule.pointer("/http/paths").and_then(Value::as_array).into_iter().flatten());
    let backends =
        paths.filter_map(|path| path.pointer("/backend/service/name")).chain(ingress.pointer("/spec/defaultBackend/service/name"));
    let mut names: Vec<String> = backends.filter_map(Value::as_str).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    let of = |name: &str| services.iter().find(|node| node.health.object.name == name);
    if let Some(name) = names.iter().find(|name| of(name).is_none()) {
        let message = text!("leads to the Service {name}, which is not there", "없는 Service {name} 을(를) 가리킵니다");
        return (plain(ingress, HealthState::Degraded, message), names);
    }
    if let Some(name) = names.iter().find(|name| of(name).is_some_and(|node| node.health.state == HealthState::Degraded)) {
        let message = text!("leads to the Service {name}, where nobody answers", "아무도 응답하지 않는 Service {name} 을(를) 가리킵니다");
        return (plain(ingress, HealthState::Degraded, message), names);
    }
    let hosts: Vec<&str> = rules.filter_map(|rule| rule["host"].as_str()).collect();
    let hosts = hosts.join(", ");
    (plain(ingress, HealthState::Healthy, Text::verbatim(hosts)), names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
