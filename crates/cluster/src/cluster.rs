use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::Stream;
use maru_engine::{ClusterNetwork, Engine};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::connection::{self, Duplex};
use crate::driver::Driver;
use crate::pki::Validity;
use crate::state::Publisher;
use crate::{ClusterError, ClusterState, ExternalConfig, GatewaySpec, Phase, container, external};

/// What the embedded cluster is made from.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    pub engine: Engine,
    /// Name of the node's image. It need not exist yet.
    pub node_image: String,
    /// Where the authorities' keys are kept: `$MARU_DATA/cluster`.
    pub folder: PathBuf,
    /// The network with the node's and the registry's fixed addresses.
    pub network: ClusterNetwork,
    /// Of the certificates that its parts know one another by.
    pub validity: Validity,
    /// Deployed once the cluster is ready; `None` for a cluster without the gateway.
    pub gateway: Option<GatewaySpec>,
}

/// The cluster, for all who use it; cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    state: watch::Receiver<ClusterState>,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    /// Set before the state is first `Ready`; another one takes its place before its certificate ends.
    access: RwLock<Option<Arc<Access>>>,
    embedded: Option<(Engine, ClusterNetwork)>,
}

impl Shared {
    fn new(embedded: Option<(Engine, ClusterNetwork)>) -> Arc<Self> {
        Arc::new(Self { access: RwLock::default(), embedded })
    }

    pub(crate) fn access(&self) -> Option<Arc<Access>> {
        self.access.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_access(&self, access: Arc<Access>) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = Some(access);
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}

impl Cluster {
    /// The embedded cluster. The future drives it: it makes the node, watches over it, and ends, leaving the node as it is,
    /// when `stop` is cancelled. Whoever calls owns the task.
    #[must_use = "the future drives the cluster"]
    pub fn embedded(config: ClusterConfig, stop: CancellationToken) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (publish, state) = Publisher::new(ClusterState::WaitingForImage { since: SystemTime::now() });
        let embedded = Some((config.engine.clone(), config.network.clone()));
        let shared = Shared::new(embedded);
        let driver = Driver { config, publish, shared: Arc::clone(&shared), stop };
        (Self { state, shared }, driver.run())
    }

    /// Somebody's cluster. The future keeps there what Maru needs, and ends, leaving it as it is, when `stop` is cancelled.
    /// Whoever calls owns the task.
    #[must_use = "the future drives the cluster"]
    pub fn external(config: ExternalConfig, stop: CancellationToken) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (publish, state) = Publisher::new(ClusterState::Starting { phase: Phase::Api, since: SystemTime::now() });
        let shared = Shared::new(None);
        let driver = external::Driver { config, publish, shared: Arc::clone(&shared), stop };
        (Self { state, shared }, driver.run())
    }

    /// The state now and its changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<ClusterState> {
        self.state.clone()
    }

    #[must_use]
    pub fn state(&self) -> ClusterState {
        self.state.borrow().clone()
    }

    /// The state, once it has had its first moment: a server that was started again finds the node that runs in less
    /// than that, and whoever asks meanwhile need not be sent away. Past it, the state as it is.
    pub async fn settled(&self, moment: Duration) -> ClusterState {
        let mut state = self.state.clone();
        let left = match &*state.borrow() {
            ClusterState::WaitingForImage { since } | ClusterState::Starting { since, .. } => {
                moment.saturating_sub(since.elapsed().unwrap_or(moment))
            }
            ClusterState::Ready | ClusterState::Failed { .. } => Duration::ZERO,
        };
        let ends = |state: &ClusterState| matches!(state, ClusterState::Ready | ClusterState::Failed { .. });
        if left > Duration::ZERO {
            let _ = tokio::time::timeout(left, state.wait_for(ends)).await;
        }
        self.state()
    }

    /// Waits until the cluster is ready, however long that takes.
    ///
    /// # Errors
    /// Where its driver ended before.
    pub async fn ready(&self) -> Result<(), ClusterError> {
        let mut state = self.state.clone();
        let seen = state.wait_for(ClusterState::is_ready).await;
        seen.map(drop).map_err(|_| ClusterError::Cancelled)
    }

    /// Waits until the cluster is not ready, or not ready any more, and says what it is at. Never ends once its driver has.
    pub async fn away(&self) -> ClusterState {
        let mut state = self.state.clone();
        let left = state.wait_for(|state| !state.is_ready()).await.map(|state| ClusterState::clone(&state));
        match left {
            Ok(state) => state,
            Err(_) => std::future::pending().await,
        }
    }

    /// As one who may do everything, and impersonate anyone. A reverse proxy sends its requests, upgrades included, with
    /// `client.send` after adding `Impersonate-User`.
    ///
    /// # Errors
    /// [`ClusterError::NotReady`] with the state.
    pub async fn client(&self) -> Result<kube::Client, ClusterError> {
        self.access().map(|access| access.client.clone())
    }

    /// Address, authority and credentials behind [`Self::client`], for clients made otherwise.
    ///
    /// # Errors
    /// [`ClusterError::NotReady`] with the state.
    pub fn config(&self) -> Result<kube::Config, ClusterError> {
        self.access().map(|access| access.config.clone())
    }

    fn access(&self) -> Result<Arc<Access>, ClusterError> {
        let state = self.state.borrow();
        self.shared.access().filter(|_| state.is_ready()).ok_or_else(|| ClusterError::NotReady(state.clone()))
    }

    /// The embedded node: the Engine that has it, and its container's name.
    pub(crate) fn node(&self) -> Option<(&Engine, String)> {
        self.shared.embedded.as_ref().map(|(engine, _)| (engine, engine.name("node")))
    }

    /// A new connection to the gateway in the cluster.
    ///
    /// # Errors
    /// [`ClusterError::NotReady`] with the state; [`ClusterError::Gateway`] where it does not take connections yet.
    pub async fn connect_gateway(&self) -> Result<Box<dyn Duplex>, ClusterError> {
        let access = self.access()?;
        match &self.shared.embedded {
            Some((_, network)) => connection::direct((network.node(), 80).into()).await,
            None => connection::forwarded(&access.client).await,
        }
    }

    /// Loads an image archive, in the format of `docker save`, into the embedded node.
    ///
    /// # Errors
    /// Where the node does not run, or does not take it; on an external cluster, which pulls its images.
    pub async fn import_image<S>(&self, archive: S) -> Result<(), ClusterError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let Some((engine, node)) = self.node() else {
            return Err(ClusterError::InNode { program: "import", message: "an external cluster pulls its images".to_owned() });
        };
        container::import_image(engine, &node, archive).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const MOMENT: Duration = Duration::from_secs(60);

    fn cluster(state: ClusterState) -> (Publisher, Cluster) {
        let (publish, state) = Publisher::new(state);
        (publish, Cluster { state, shared: Shared::new(None) })
    }

    #[tokio::test]
    async fn who_asks_right_after_a_start_waits_for_the_node_that_runs() {
        let (publish, cluster) = cluster(ClusterState::WaitingForImage { since: SystemTime::now() });
        let asked = tokio::spawn(async move { cluster.settled(MOMENT).await });
        publish.starting(Phase::Container);
        tokio::task::yield_now().await;
        publish.become_state(ClusterState::Ready);
        assert_eq!(asked.await.unwrap(), ClusterState::Ready);
    }

    #[tokio::test]
    async fn nobody_waits_for_what_takes_longer_or_has_failed() {
        let long_ago = SystemTime::now() - 2 * MOMENT;
        let why = maru_model::Text::verbatim("why");
        let failed = ClusterState::Failed { cause: why.clone(), fix: why, since: SystemTime::now() };
        for state in [ClusterState::Starting { phase: Phase::Api, since: long_ago }, failed, ClusterState::Ready] {
            let (_publish, cluster) = cluster(state.clone());
            assert_eq!(cluster.settled(MOMENT).now_or_never(), Some(state));
        }
    }
}
