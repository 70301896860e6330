//! Keeps the table as the cluster is: watches its objects, builds a new table after every change, and tells the
//! Ingresses the address under which they are served.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{Patch, PatchParams};
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::Notify;
use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;

use maru_model::USER_LABEL;

use crate::proxy::Proxy;
use crate::route::{Objects, Table, build};
use crate::sleep;
use crate::tls::Certificates;

/// Changes that come together, as in a rollout, make one table.
const GATHER: Duration = Duration::from_millis(15);
/// A status that could not be written is tried again after this time.
const AGAIN: Duration = Duration::from_secs(10);

struct Stores {
    ingresses: Store<Ingress>,
    services: Store<Service>,
    slices: Store<EndpointSlice>,
    secrets: Store<Secret>,
}

/// Runs until `stop`. The first table that it publishes is whole.
pub(crate) async fn run(client: Client, proxy: Arc<Proxy>, stop: CancellationToken) {
    let changed = Arc::new(Notify::new());
    let all = watcher::Config::default;
    let (ingresses, watch_ingresses) = watch::<Ingress>(client.clone(), all(), Arc::clone(&changed));
    let (services, watch_services) = watch::<Service>(client.clone(), all(), Arc::clone(&changed));
    let (slices, watch_slices) = watch::<EndpointSlice>(client.clone(), all(), Arc::clone(&changed));
    let (secrets, watch_secrets) = watch::<Secret>(client.clone(), all().fields("type=kubernetes.io/tls"), Arc::clone(&changed));
    // Only those of users have a policy; a change of it changes no route.
    let users = all().labels(USER_LABEL);
    let (namespaces, watch_namespaces) = watch::<Namespace>(client.clone(), users, Arc::new(Notify::new()));
    let sleeping = sleep::run(Arc::clone(&proxy), namespaces, services.clone());
    let telling = tell(&client, &proxy, proxy.tables(), ingresses.clone());
    let stores = Stores { ingresses, services, slices, secrets };
    tokio::select! {
        () = stop.cancelled() => {}
        () = watch_ingresses => {}
        () = watch_services => {}
        () = watch_slices => {}
        () = watch_secrets => {}
        () = watch_namespaces => {}
        () = sleeping => {}
        () = publish(&proxy, &stores, &changed) => {}
        () = telling => {}
    }
}

/// A store of objects of a kind, and the task that keeps it; it ends only by being dropped.
fn watch<K>(client: Client, which: watcher::Config, changed: Arc<Notify>) -> (Store<K>, impl Future<Output = ()>)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let stream = watcher(Api::<K>::all(client), which).default_backoff();
    // Nobody here reads who set which field; it is most of an object.
    let stream = stream.modify(|object| object.managed_fields_mut().clear()).reflect(writer);
    let task = stream.for_each(move |event| {
        if let Err(error) = event {
            tracing::warn!(%error, kind = %K::kind(&()), "the cluster can't be watched; trying again");
        }
        changed.notify_one();
        std::future::ready(())
    });
    (store, task)
}

async fn publish(proxy: &Proxy, stores: &Stores, changed: &Notify) {
    let synced = async {
        tokio::try_join!(
            stores.ingresses.wait_until_ready(),
            stores.services.wait_until_ready(),
            stores.slices.wait_until_ready(),
            stores.secrets.wait_until_ready()
        )
    };
    if synced.await.is_err() {
        return;
    }
    loop {
        let objects = Objects { ingresses: stores.ingresses.state(), services: stores.services.state(), slices: stores.slices.state() };
        let before = proxy.table();
        let table = build(&objects, &proxy.options().policy, Some(&before));
        for refused in table.refused().iter().filter(|r| !before.refused().contains(r)) {
            tracing::warn!(namespace = %refused.namespace, ingress = %refused.ingress, host = %refused.host, why = %refused.why, "host refused");
        }
        let certificates = Certificates::build(&objects.ingresses, &stores.secrets.state(), &proxy.options().policy);
        let known = proxy.certificates.now();
        for trouble in certificates.troubles().iter().filter(|t| !known.troubles().contains(t)) {
            let (namespace, ingress, secret, why) = (&trouble.namespace, &trouble.ingress, &trouble.secret, &trouble.why);
            tracing::warn!(%namespace, %ingress, %secret, %why, "no certificate");
        }
        // Certificates first: no host is served with the certificate of none.
        proxy.publish_certificates(certificates);
        proxy.publish(table);
        changed.notified().await;
        tokio::time::sleep(GATHER).await;
    }
}

/// Keeps the Ingresses' status, beside the tables and not in their way: requests are routed while the API writes, or hangs.
async fn tell(client: &Client, proxy: &Proxy, mut tables: Receiver<Arc<Table>>, ingresses: Store<Ingress>) {
    // It can't be closed: the proxy is held here.
    while tables.changed().await.is_ok() {
        while !tell_addresses(client, proxy, &ingresses.state()).await {
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Writes `status.loadBalancer` of our Ingresses where it says something else. False if one could not be written.
async fn tell_addresses(client: &Client, proxy: &Proxy, ingresses: &[Arc<Ingress>]) -> bool {
    let Some(address) = proxy.options().address.map(|a| a.to_string()) else { return true };
    let mut all = true;
    for ingress in ingresses.iter().filter(|i| proxy.options().policy.serves(i)) {
        let told = ingress.status.as_ref().and_then(|s| s.load_balancer.as_ref()).and_then(|l| l.ingress.as_deref()).unwrap_or_default();
        if matches!(told, [one] if one.ip.as_deref() == Some(&address) && one.hostname.is_none()) {
            continue;
        }
        let api = Api::<Ingress>::namespaced(client.clone(), &ingress.namespace().unwrap_or_default());
        let patch = Patch::Merge(json!({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}));
        if let Err(error) = api.patch_status(&ingress.name_any(), &PatchParams::default(), &patch).await {
            // Deleted meanwhile: nothing to tell.
            if !matches!(&error, kube::Error::Api(status) if status.code == 404) {
                tracing::warn!(%error, ingress = %ingress.name_any(), "the status can't be written");
                all = false;
            }
        }
    }
    all
}
