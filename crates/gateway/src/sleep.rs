//! Applications that nobody asks for are scaled to zero where their class says so, and woken by the next request.
//!
//! The policy is an annotation of the namespace, in minutes, which the server writes. What slept remembers its replicas in an
//! annotation of its own. Only Deployments and Rollouts sleep: those that an Ingress leads to, and those of images that
//! the student built and a Service leads to. Somebody else's image may be a database in a Deployment, and a
//! StatefulSet has data by its nature; what no Service leads to may work without being asked. What its owner stopped sleeps as
//! well, and is not woken by a request.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::jiff::Timestamp;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::runtime::reflector::Store;
use kube::{Api, Client, ResourceExt};
use maru_model::{ASLEEP, SLEEP_AFTER, STOPPED, wakes_with};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::proxy::Proxy;

/// Between two looks at who is idle.
const BETWEEN: Duration = Duration::from_secs(10);
/// How long it is believed what was found in a namespace.
const KEEP: Duration = Duration::from_secs(2);
/// How long pods that are not ready are taken for being on their way, after they were woken.
const WAKES_FOR: Duration = Duration::from_secs(45);
const AT_ONCE: usize = 4;
/// Group, version, kind.
type Kind = (&'static str, &'static str, &'static str);
/// What is put to sleep.
const SLEEP: [Kind; 2] = [("apps", "v1", "Deployment"), ("argoproj.io", "v1alpha1", "Rollout")];
/// What may have been stopped: its owner stops StatefulSets too.
const WAKE: [Kind; 3] = [SLEEP[0], SLEEP[1], ("apps", "v1", "StatefulSet")];

/// What a request to an application without ready pods came upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Awake,
    /// It slept, and was woken, now or a moment ago.
    Woken,
    /// Its owner stopped it.
    Stopped,
}

/// A workload of a namespace, as it was found.
#[derive(Clone)]
struct Seen {
    /// Those of its pods.
    labels: BTreeMap<String, String>,
    found: Found,
}

/// The labels of a workload's pods.
fn labels(workload: &Value) -> BTreeMap<String, String> {
    let labels = workload.pointer("/spec/template/metadata/labels").cloned();
    // The API server lets nothing else pass than a map of strings.
    labels.and_then(|labels| serde_json::from_value(labels).ok()).unwrap_or_default()
}

/// What was found in a namespace, and when.
struct Look {
    at: Instant,
    workloads: Vec<Seen>,
    /// The pods of what was woken last, and when.
    woken: Option<(Instant, Vec<Seen>)>,
}

impl Look {
    fn woken(&self) -> &[Seen] {
        let woken = self.woken.as_ref().filter(|(when, _)| when.elapsed() < WAKES_FOR);
        woken.map_or(&[], |(_, woken)| woken)
    }

    /// How what a Service selects is. Stopped is only what has no other pods to wait for.
    fn of(&self, selector: &BTreeMap<String, String>) -> Found {
        if selector.is_empty() {
            return Found::Awake;
        }
        let selected = |seen: &&Seen| selects(selector, &seen.labels);
        if self.woken().iter().any(|seen| selected(&seen)) {
            return Found::Woken;
        }
        let mut found = self.workloads.iter().filter(selected).peekable();
        if found.peek().is_some() && found.all(|seen| seen.found == Found::Stopped) { Found::Stopped } else { Found::Awake }
    }
}

/// Whether a Service with this selector leads to pods with these labels. Argo adds a version's hash to the selectors that it
/// steers; it is on the pods alone.
fn selects(selector: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
    let mut wanted = selector.iter().filter(|(key, _)| *key != "rollouts-pod-template-hash");
    wanted.all(|(key, value)| labels.get(key) == Some(value))
}

pub(crate) struct Sleeper {
    client: Client,
    at_once: Semaphore,
    /// Where it was looked whether something sleeps, and what was found.
    recent: Mutex<HashMap<String, Look>>,
}

impl std::fmt::Debug for Sleeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sleeper").finish_non_exhaustive()
    }
}

impl Sleeper {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, at_once: Semaphore::new(AT_ONCE), recent: Mutex::default() }
    }

    /// Wakes all that sleeps in a namespace, but for what its owner stopped; and how that is which this selector leads to.
    pub(crate) async fn wake(&self, namespace: &str, selector: &BTreeMap<String, String>) -> Found {
        if let Some(found) = self.known(namespace, selector) {
            return found;
        }
        let Ok(_permit) = self.at_once.acquire().await else { return Found::Awake };
        if let Some(found) = self.known(namespace, selector) {
            return found;
        }
        match self.wake_all(namespace).await {
            Ok(workloads) => {
                let woken = workloads.iter().filter(|seen| seen.found == Found::Woken).count();
                if woken > 0 {
                    tracing::info!(namespace, woken, "an application is woken by a request");
                }
                self.note(namespace, workloads, selector)
            }
            Err(error) => {
                tracing::warn!(%error, namespace, "what sleeps can't be woken");
                Found::Awake
            }
        }
    }

    fn note(&self, namespace: &str, workloads: Vec<Seen>, selector: &BTreeMap<String, String>) -> Found {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, look| !look.woken().is_empty() || look.at.elapsed() < KEEP);
        let (now, before) = (Instant::now(), recent.remove(namespace));
        let woken: Vec<Seen> = workloads.iter().filter(|seen| seen.found == Found::Woken).cloned().collect();
        let woken = if woken.is_empty() { before.and_then(|before| before.woken) } else { Some((now, woken)) };
        let look = Look { at: now, workloads, woken };
        let found = look.of(selector);
        recent.insert(namespace.to_owned(), look);
        found
    }

    fn known(&self, namespace: &str, selector: &BTreeMap<String, String>) -> Option<Found> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.get(namespace).filter(|look| look.at.elapsed() < KEEP).map(|look| look.of(selector))
    }

    /// Every workload, as it is after this.
    async fn wake_all(&self, namespace: &str) -> kube::Result<Vec<Seen>> {
        let mut seen = Vec::new();
        for (api, workload) in self.workloads(namespace, &WAKE).await? {
            let asleep = workload.annotations().get(ASLEEP);
            let found = match asleep.and_then(|asleep| wakes_with(asleep, replicas(&workload.data))) {
                None => Found::Awake,
                Some(_) if workload.annotations().contains_key(STOPPED) => Found::Stopped,
                Some(replicas) => {
                    let patch = json!({"metadata": {"annotations": {ASLEEP: null}}, "spec": {"replicas": replicas}});
                    api.patch(&workload.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await?;
                    Found::Woken
                }
            };
            seen.push(Seen { labels: labels(&workload.data), found });
        }
        Ok(seen)
    }

    async fn workloads(&self, namespace: &str, kinds: &[Kind]) -> kube::Result<Vec<(Api<DynamicObject>, DynamicObject)>> {
        let mut found = Vec::new();
        for (group, version, kind) in kinds {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &resource);
            match api.list(&ListParams::default()).await {
                Ok(list) => found.extend(list.items.into_iter().map(|workload| (api.clone(), workload))),
                // Somebody's cluster without Argo Rollouts.
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn put_to_sleep(&self, namespace: &str, ways: &Ways, after: Duration) -> kube::Result<usize> {
        let mut slept = 0;
        if ways.all.is_empty() {
            return Ok(slept);
        }
        for (api, workload) in self.workloads(namespace, &SLEEP).await? {
            if !ways.lead_to(namespace, &workload.data) || !has_settled(&workload, after, Timestamp::now()) {
                continue;
            }
            let replicas = replicas(&workload.data);
            if replicas == 0 {
                continue;
            }
            // With the version that was looked at: whoever changes it meanwhile has something to do with it.
            let patch = json!({
                "metadata": {"resourceVersion": workload.metadata.resource_version, "annotations": {ASLEEP: replicas.to_string(), STOPPED: null}},
                "spec": {"replicas": 0},
            });
            match api.patch(&workload.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await {
                Ok(_) => slept += 1,
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(slept)
    }
}

/// Looks every few seconds who is idle for as long as their namespace allows. Ends only by being dropped.
pub(crate) async fn run(proxy: Arc<Proxy>, namespaces: Store<Namespace>, services: Store<Service>) {
    let Some(sleeper) = proxy.sleeper() else { return std::future::pending().await };
    let mut tried: HashMap<String, Instant> = HashMap::new();
    loop {
        tokio::time::sleep(BETWEEN).await;
        for namespace in namespaces.state() {
            let Some(after) = policy(&namespace) else { continue };
            let name = namespace.name_any();
            let due = proxy.records.activity.idle(&name).is_some_and(|idle| idle >= after)
                && tried.get(&name).is_none_or(|last| last.elapsed() >= after.min(Duration::from_secs(60)));
            if !due {
                continue;
            }
            tried.insert(name.clone(), Instant::now());
            let ways = Ways::of(&name, &services.state(), proxy.table().services(&name));
            match sleeper.put_to_sleep(&name, &ways, after).await {
                Ok(0) => {}
                Ok(slept) => tracing::info!(namespace = name, slept, minutes = after.as_secs() / 60, "an idle application sleeps"),
                Err(error) => tracing::warn!(%error, namespace = name, "an idle application can't be scaled to zero"),
            }
        }
    }
}

fn policy(namespace: &Namespace) -> Option<Duration> {
    let minutes: u64 = namespace.metadata.annotations.as_ref()?.get(SLEEP_AFTER)?.parse().ok()?;
    (minutes > 0).then(|| Duration::from_secs(minutes * 60))
}

fn replicas(workload: &Value) -> i64 {
    workload.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// Nothing has happened to it for as long, and no new version is on its way.
fn has_settled(workload: &DynamicObject, after: Duration, now: Timestamp) -> bool {
    let conditions = workload.data.pointer("/status/conditions").and_then(Value::as_array);
    let updates = conditions.into_iter().flatten().filter_map(|c| c["lastUpdateTime"].as_str()?.parse::<Timestamp>().ok());
    let newest = updates.chain(workload.creation_timestamp().map(|made| made.0)).max();
    let quiet = newest.is_none_or(|newest| now.duration_since(newest).as_secs() >= i64::try_from(after.as_secs()).unwrap_or(i64::MAX));
    // Argo's own word; a Deployment has none.
    let whole = workload.data.pointer("/status/phase").and_then(Value::as_str).is_none_or(|phase| phase == "Healthy");
    quiet && whole
}

/// How requests come to the pods of a namespace.
struct Ways {
    /// The selectors of Services that Ingresses lead to.
    fronts: Vec<BTreeMap<String, String>>,
    /// Those of all Services.
    all: Vec<BTreeMap<String, String>>,
}

impl Ways {
    fn of(namespace: &str, services: &[Arc<Service>], fronts: BTreeSet<String>) -> Self {
        let here = services.iter().filter(|service| service.metadata.namespace.as_deref() == Some(namespace));
        let mut ways = Self { fronts: Vec::new(), all: Vec::new() };
        for service in here {
            let Some(selector) = service.spec.as_ref().and_then(|spec| spec.selector.clone()).filter(|s| !s.is_empty()) else { continue };
            if fronts.contains(&service.name_any()) {
                ways.fronts.push(selector.clone());
            }
            ways.all.push(selector);
        }
        ways
    }

    fn lead_to(&self, namespace: &str, workload: &Value) -> bool {
        let labels = &labels(workload);
        let selects = |selector: &BTreeMap<String, String>| selects(selector, labels);
        self.fronts.iter().any(selects) || (is_own(namespace, workload) && self.all.iter().any(selects))
    }
}

/// Whether all its images are of the student's own repositories.
fn is_own(namespace: &str, workload: &Value) -> bool {
    let Some(login) = namespace.split_once('-').map(|(_, login)| login) else { return false };
    let containers = workload.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let mut images = containers.into_iter().flatten().map(|container| container["image"].as_str().unwrap_or_default()).peekable();
    // HOST/LOGIN/REPOSITORY
    images.peek().is_some() && images.all(|image| image.split('/').nth(1) == Some(login) && image.split('/').count() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    fn deployment(app: &str, image: &str) -> Value {
        json!({"spec": {"template": {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"image": image}]}}}})
    }

    #[test]
    fn what_an_ingress_leads_to_sleeps_and_what_is_the_students_own() {
        let service = |name: &str| {
            let value = json!({"metadata": {"name": name, "namespace": "u-kim"}, "spec": {"selector": {"app": name}}});
            Arc::new(serde_json::from_value::<Service>(value).unwrap())
        };
        let services = [service("web"), service("api"), service("db")];
        let ways = Ways::of("u-kim", &services, BTreeSet::from(["web".to_owned()]));
        let sleeps = |app: &str, image: &str| ways.lead_to("u-kim", &deployment(app, image));
        assert!(sleeps("web", "nginx:1"));
        assert!(sleeps("api", "registry.localhost/kim/api@sha256:0"));
        assert!(!sleeps("db", "registry.localhost/base/postgres:17"), "a database in a Deployment stays");
        assert!(!sleeps("worker", "registry.localhost/kim/worker:1"), "nobody asks it, and it may be busy");
        assert!(!Ways::of("u-lee", &services, BTreeSet::new()).lead_to("u-lee", &deployment("web", "nginx:1")));
    }

    #[test]
    fn only_what_has_settled_sleeps() {
        let now: Timestamp = "2026-11-29T10:00:00Z".parse().unwrap();
        let settled = |status: Value| {
            let meta = json!({"name": "web", "creationTimestamp": "2026-11-29T08:00:00Z"});
            let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "status": status});
            has_settled(&workload(object), Duration::from_secs(600), now)
        };
        assert!(settled(json!({})));
        assert!(settled(json!({"conditions": [{"lastUpdateTime": "2026-11-29T09:45:00Z"}]})));
        assert!(!settled(json!({"conditions": [{"lastUpdateTime": "2026-11-29T09:55:00Z"}]})));
        assert!(settled(json!({"phase": "Healthy"})) && !settled(json!({"phase": "Paused"})));
    }
}
