//! The one task that acts on the embedded node.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use k8s_openapi::api::core::v1::{Node, Service, ServiceAccount};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::{Api, Client};
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::cluster::Shared;
use crate::container::{self, Wanted};
use crate::gateway::Placement;
use crate::pki::Pki;
use crate::state::Publisher;
use crate::{ClusterConfig, ClusterError, ClusterState, Phase, base, gateway, host};

/// Name of the gateway's image in the node, which no registry has.
const NODE_REPOSITORY: &str = "maru.internal/gateway";
/// Between two looks at what is awaited.
const SOON: Duration = Duration::from_millis(250);
/// A start takes 15 s on two idle cores; a busy machine gets more.
const START_DEADLINE: Duration = Duration::from_secs(240);
/// Between two looks at a healthy node.
pub(crate) const PULSE: Duration = Duration::from_secs(3);
/// An API that is silent for longer is told of.
pub(crate) const SILENCE: Duration = Duration::from_secs(5);
/// A node that is silent for longer is restarted.
const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(2);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

pub(crate) struct Driver {
    pub(crate) config: ClusterConfig,
    pub(crate) publish: Publisher,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: CancellationToken,
}

impl Driver {
    pub(crate) async fn run(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let outcome = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                outcome = self.one_life() => outcome,
            };
            let Err(error) = outcome;
            let (cause, fix) = error.explain();
            tracing::error!(%error, "the cluster's node failed");
            self.publish.become_state(ClusterState::Failed { cause, fix, since: SystemTime::now() });
            pause = if began.elapsed() > START_DEADLINE { FIRST_PAUSE } else { (2 * pause).min(LONGEST_PAUSE) };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// From wherever the node is to ready, and on watch until it is not.
    async fn one_life(&self) -> Result<std::convert::Infallible, ClusterError> {
        let image_id = self.wait_for_image().await?;
        let pki = Pki::load_or_create(&self.config.folder, self.config.validity)?;
        let node = self.config.network.node();
        let wanted = Wanted { engine: &self.config.engine, image: &self.config.node_image, network: &self.config.network, pki: &pki };
        loop {
            let began = Instant::now();
            self.publish.starting(Phase::Container);
            let fresh = wanted.ensure(&image_id).await?;
            wanted.renew_certificates().await?;
            // Minted after the node's: it ends after them, and they are renewed first.
            let access = Arc::new(Access::embedded(&container::api_url(node), pki.ca(), &pki.admin()?).await?);
            self.wait_until_ready(&access.client, &wanted).await?;
            self.publish.starting(Phase::Addons);
            base::ensure(&access.client).await?;
            self.shared.set_access(Arc::clone(&access));
            self.publish.become_state(ClusterState::Ready);
            tracing::info!(seconds = began.elapsed().as_secs_f32(), fresh, "the cluster is ready");
            if let Err(error) = self.ensure_gateway(&access.client, &wanted.name()).await {
                // The cluster is of use without it; the next look tries again.
                tracing::error!(%error, "the gateway could not be deployed");
            }
            self.watch_over(&access.client, &wanted).await?;
        }
    }

    async fn wait_for_image(&self) -> Result<String, ClusterError> {
        loop {
            if let Some(id) = container::image_id(&self.config.engine, &self.config.node_image).await? {
                return Ok(id);
            }
            if !self.publish.waits_for_image() {
                self.publish.become_state(ClusterState::WaitingForImage { since: SystemTime::now() });
            }
            tokio::time::sleep(4 * SOON).await;
        }
    }

    async fn wait_until_ready(&self, client: &Client, wanted: &Wanted<'_>) -> Result<(), ClusterError> {
        let began = Instant::now();
        loop {
            let waiting_for = match look(client).await {
                // What the API keeps is from before until the kubelet has said something since.
                Ok(seen) if seen.heartbeat < container::started_at(wanted.engine, &wanted.name()).await? => Phase::Node,
                Ok(Seen { lacks: None, .. }) => return Ok(()),
                Ok(Seen { lacks: Some(phase), .. }) => phase,
                Err(_) => Phase::Api,
            };
            self.publish.starting(waiting_for);
            if began.elapsed() > START_DEADLINE {
                return Err(ClusterError::Slow {
                    seconds: began.elapsed().as_secs(),
                    waiting_for: waiting_for.text().en,
                    log: container::last_words(wanted.engine, &wanted.name()).await,
                });
            }
            self.still_running(wanted).await?;
            tokio::time::sleep(SOON).await;
        }
    }

    /// The Engine starts an ended container again by its restart policy; one that is neither running nor starting was stopped
    /// or removed.
    async fn still_running(&self, wanted: &Wanted<'_>) -> Result<(), ClusterError> {
        let state = wanted.engine.inspect_container(&wanted.name()).await?.and_then(|found| found.state).unwrap_or_default();
        if state.running == Some(true) || state.restarting == Some(true) {
            return Ok(());
        }
        Err(ClusterError::Ended { log: container::last_words(wanted.engine, &wanted.name()).await })
    }

    /// Returns when the node must be started again.
    async fn watch_over(&self, client: &Client, wanted: &Wanted<'_>) -> Result<(), ClusterError> {
        let mut last_answer = Instant::now();
        let mut gateway_deployed = Instant::now();
        let mut certificates_seen = Instant::now();
        // What the node was told of this machine; nothing yet.
        let mut kept_away = BTreeSet::new();
        loop {
            self.keep_pods_away(&wanted.name(), &mut kept_away).await;
            tokio::time::sleep(PULSE).await;
            match look(client).await {
                Ok(_) => {
                    if last_answer.elapsed() > SILENCE {
                        // It may have been started anew, and know nothing.
                        kept_away.clear();
                    }
                    last_answer = Instant::now();
                    if !self.publish.is_ready() {
                        tracing::info!("the cluster answers again");
                        self.publish.become_state(ClusterState::Ready);
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the cluster does not answer");
                    if last_answer.elapsed() > SILENCE {
                        self.publish.starting(Phase::Recovering);
                    }
                }
            }
            if self.still_running(wanted).await.is_err() {
                tracing::warn!("the node's container does not run: starting it");
                return Ok(());
            }
            if last_answer.elapsed() > PATIENCE {
                tracing::error!(seconds = last_answer.elapsed().as_secs(), "the cluster is silent: restarting its node");
                wanted.engine.restart_container(&wanted.name(), 20).await?;
                return Ok(());
            }
            if certificates_seen.elapsed() > wanted.pki.look_every() {
                certificates_seen = Instant::now();
                match wanted.renew_certificates().await {
                    // Everything that uses them starts anew, this very client too.
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => tracing::error!(%error, "the node's certificates could not be renewed; it is tried again"),
                }
            }
            // Someone may have removed what we deployed.
            if gateway_deployed.elapsed() > PATIENCE && self.publish.is_ready() {
                gateway_deployed = Instant::now();
                kept_away.clear();
                if let Err(error) = self.ensure_gateway(client, &wanted.name()).await {
                    tracing::warn!(%error, "the gateway could not be deployed");
                }
            }
        }
    }

    /// Tells the node which addresses are this machine's, where that is not what it was told last.
    async fn keep_pods_away(&self, node: &str, told: &mut BTreeSet<Ipv4Addr>) {
        let addresses = host::addresses();
        if *told == addresses {
            return;
        }
        match host::keep_pods_away(&self.config.engine, node, &addresses).await {
            Ok(()) => *told = addresses,
            Err(error) => tracing::warn!(%error, "pods could not be kept away from this machine; it is tried again"),
        }
    }

    async fn ensure_gateway(&self, client: &Client, node: &str) -> Result<(), ClusterError> {
        let Some(spec) = &self.config.gateway else { return Ok(()) };
        let image = gateway::image_name(spec, NODE_REPOSITORY).await?;
        if !container::has_image(&self.config.engine, node, &image).await? {
            let archive = gateway::archive(spec, image.clone()).await?;
            container::import_image(&self.config.engine, node, archive.stream()?).await?;
            tracing::info!(image = archive.image, "the node has the gateway's image");
        }
        gateway::deploy(client, spec, &image, &Placement::Node).await
    }
}

/// What is seen of a cluster.
struct Seen {
    /// What a usable one still lacks; `None` when it is complete.
    lacks: Option<Phase>,
    /// When the kubelet last said how its node is; Unix seconds.
    heartbeat: Option<i64>,
}

/// An error means that the API does not answer.
async fn look(client: &Client) -> Result<Seen, kube::Error> {
    let ready = async {
        let nodes = Api::<Node>::all(client.clone()).get_opt("maru").await?;
        let conditions = nodes.and_then(|node| node.status).and_then(|status| status.conditions).unwrap_or_default();
        Ok::<_, kube::Error>(conditions.into_iter().find(|condition| condition.type_ == "Ready"))
    };
    let ready = answered(ready).await?;
    let heartbeat = ready.as_ref().and_then(|ready| ready.last_heartbeat_time.as_ref()).map(|at| at.0.as_second());
    if ready.is_none_or(|ready| ready.status != "True") {
        return Ok(Seen { lacks: Some(Phase::Node), heartbeat });
    }
    let complete = async {
        // Pods need it, and it is made a little after its namespace.
        let account = Api::<ServiceAccount>::namespaced(client.clone(), "default").get_opt("default").await?;
        let dns = Api::<Service>::namespaced(client.clone(), "kube-system").get_opt("kube-dns").await?;
        let storage = Api::<StorageClass>::all(client.clone()).get_opt("local-path").await?;
        Ok::<_, kube::Error>(account.is_some() && dns.is_some() && storage.is_some())
    };
    Ok(Seen { lacks: (!answered(complete).await?).then_some(Phase::Addons), heartbeat })
}

/// A connection to a container that has just died may hang for minutes.
pub(crate) async fn answered<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, kube::Error> {
    match tokio::time::timeout(Duration::from_secs(3), request).await {
        Ok(answer) => answer,
        Err(late) => Err(kube::Error::Service(Box::new(late))),
    }
}
