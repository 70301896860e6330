//! What is in a namespace at this moment: by one look, or kept up to date by watching.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;

use futures_util::stream::{SelectAll, select_all};
use futures_util::{Stream, StreamExt, future};
use kube::api::{DynamicObject, ListParams};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

use crate::kinds;

/// What is looked at, whatever the application has.
const BASE: [Kind; 8] = [
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"),
    ("batch/v1", "Job"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Event"),
];

pub(crate) const AUTOSCALER: Kind = ("autoscaling/v2", "HorizontalPodAutoscaler");

/// What the picture of an application has beside them.
const AROUND: [Kind; 5] =
    [("v1", "Service"), ("networking.k8s.io/v1", "Ingress"), AUTOSCALER, ("batch/v1", "CronJob"), ("v1", "ResourceQuota")];

/// API version and kind.
type Kind = (&'static str, &'static str);

/// Objects by kind and name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Live {
    objects: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Live {
    pub(crate) fn get(&self, kind: &str, name: &str) -> Option<&Value> {
        self.objects.get(kind)?.get(name)
    }

    pub(crate) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.get(kind).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn put(&mut self, kind: &str, object: Value) {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.objects.entry(kind.to_owned()).or_default().insert(name, object);
    }

    fn remove(&mut self, kind: &str, name: &str) {
        if let Some(objects) = self.objects.get_mut(kind) {
            objects.remove(name);
        }
    }

    /// One look.
    ///
    /// # Errors
    /// Where the API does not answer.
    pub(crate) async fn look(client: &Client, namespace: &str, with_rollouts: bool) -> Result<Self, kube::Error> {
        Self::look_at(client, namespace, selected(with_rollouts)).await
    }

    /// The same, and what is around the workloads.
    ///
    /// # Errors
    /// Where the API does not answer.
    pub(crate) async fn look_around(client: &Client, namespace: &str) -> Result<Self, kube::Error> {
        Self::look_at(client, namespace, selected(true).chain(AROUND)).await
    }

    /// One look at all namespaces, by their names.
    ///
    /// # Errors
    /// Where the API does not answer.
    pub(crate) async fn look_everywhere(client: &Client) -> Result<BTreeMap<String, Self>, kube::Error> {
        let lists = selected(true).map(|(version, kind)| async move {
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &kinds::resource(version, kind));
            Ok::<_, kube::Error>((kind, all_of(&api).await?))
        });
        let mut found: BTreeMap<String, Self> = BTreeMap::new();
        for (kind, list) in future::try_join_all(lists).await? {
            for object in list {
                found.entry(object.namespace().unwrap_or_default()).or_default().put(kind, to_value(object));
            }
        }
        Ok(found)
    }

    /// One look at these kinds: API version and kind.
    ///
    /// # Errors
    /// Where the API does not answer.
    pub(crate) async fn look_at(client: &Client, namespace: &str, kinds: impl IntoIterator<Item = Kind>) -> Result<Self, kube::Error> {
        let lists = kinds.into_iter().map(|(version, kind)| async move {
            let api = kinds::api(client, namespace, version, kind);
            Ok::<_, kube::Error>((kind, all_of(&api).await?))
        });
        let mut live = Self::default();
        for (kind, list) in future::try_join_all(lists).await? {
            for object in list {
                live.put(kind, to_value(object));
            }
        }
        Ok(live)
    }
}

async fn all_of(api: &Api<DynamicObject>) -> Result<Vec<DynamicObject>, kube::Error> {
    match api.list(&ListParams::default()).await {
        // The kind is not installed in this cluster.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
        other => Ok(other?.items),
    }
}

fn selected(with_rollouts: bool) -> impl Iterator<Item = Kind> {
    BASE.into_iter().chain(with_rollouts.then_some((crate::strategy::API_VERSION, "Rollout")))
}

fn to_value(object: DynamicObject) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

type Tagged = (&'static str, Result<Event<DynamicObject>, watcher::Error>);

/// A [`Live`] that follows the cluster.
pub(crate) struct Follower {
    pub live: Live,
    events: SelectAll<Pin<Box<dyn Stream<Item = Tagged> + Send>>>,
    /// What a kind's new listing has so far.
    listing: HashMap<&'static str, BTreeMap<String, Value>>,
    listed: HashMap<&'static str, ()>,
    kinds: usize,
}

impl Follower {
    pub(crate) fn new(client: &Client, namespace: &str, with_rollouts: bool) -> Self {
        let streams: Vec<Pin<Box<dyn Stream<Item = Tagged> + Send>>> = selected(with_rollouts)
            .map(|(version, kind)| {
                let api = kinds::api(client, namespace, version, kind);
                let stream = watch(api, watcher::Config::default()).default_backoff().map(move |event| (kind, event));
                Box::pin(stream) as Pin<Box<dyn Stream<Item = Tagged> + Send>>
            })
            .collect();
        let kinds = streams.len();
        Self { live: Live::default(), events: select_all(streams), listing: HashMap::new(), listed: HashMap::new(), kinds }
    }

    /// Everything has been listed once.
    pub(crate) fn is_complete(&self) -> bool {
        self.listed.len() == self.kinds
    }

    /// Waits for the next change and takes it in. The error is of one watch, which tries again by itself.
    pub(crate) async fn next(&mut self) -> Result<(), watcher::Error> {
        let Some((kind, event)) = self.events.next().await else { return future::pending().await };
        match event? {
            Event::Init => {
                self.listing.insert(kind, BTreeMap::new());
            }
            Event::InitApply(object) => {
                self.listing.entry(kind).or_default().insert(object.name_any(), to_value(object));
            }
            Event::InitDone => {
                self.live.objects.insert(kind.to_owned(), self.listing.remove(kind).unwrap_or_default());
                self.listed.insert(kind, ());
            }
            Event::Apply(object) => self.live.put(kind, to_value(object)),
            Event::Delete(object) => self.live.remove(kind, &object.name_any()),
        }
        Ok(())
    }
}
