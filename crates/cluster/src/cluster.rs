use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::Stream;
use maru_engine::{ClusterNetwork, Engine};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::connection::{self, Duplex};
use crate::driver::Driver;
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
    /// Set before the state is first `Ready`, and kept: the certificates outlive a container.
    pub(crate) access: OnceLock<Access>,
    embedded: Option<(Engine, ClusterNetwork)>,
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
        let shared = Arc::new(Shared { access: OnceLock::new(), embedded });
        let driver = Driver { config, publish, shared: Arc::clone(&shared), stop };
        (Self { state, shared }, driver.run())
    }

    /// Somebody's cluster. The future keeps there what Maru needs, and ends, leaving it as it is, when `stop` is cancelled.
    /// Whoever calls owns the task.
    #[must_use = "the future drives the cluster"]
    pub fn external(config: ExternalConfig, stop: CancellationToken) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (publish, state) = Publisher::new(ClusterState::Starting { phase: Phase::Api, since: SystemTime::now() });
        let shared = Arc::new(Shared { access: OnceLock::new(), embedded: None });
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

    /// Waits until the cluster is ready, however long that takes.
    ///
    /// # Errors
    /// Where its driver ended before.
    pub async fn ready(&self) -> Result<(), ClusterError> {
        let mut state = self.state.clone();
        let seen = state.wait_for(ClusterState::is_ready).await;
        seen.map(drop).map_err(|_| ClusterError::Cancelled)
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

    fn access(&self) -> Result<&Access, ClusterError> {
        let state = self.state();
        match self.shared.access.get() {
            Some(access) if state.is_ready() => Ok(access),
            _ => Err(ClusterError::NotReady(state)),
        }
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
        let Some((engine, _)) = &self.shared.embedded else {
            return Err(ClusterError::InNode { program: "import", message: "an external cluster pulls its images".to_owned() });
        };
        container::import_image(engine, &engine.name("node"), archive).await
    }
}
