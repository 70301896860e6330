use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::Stream;
use maru_engine::{ClusterNetwork, Engine};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::driver::Driver;
use crate::{ClusterError, ClusterState, GatewaySpec, container};

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
        let (publish, state) = watch::channel(ClusterState::WaitingForImage { since: SystemTime::now() });
        let embedded = Some((config.engine.clone(), config.network.clone()));
        let shared = Arc::new(Shared { access: OnceLock::new(), embedded });
        let driver = Driver { config, publish, shared: Arc::clone(&shared), stop };
        (Self { state, shared }, driver.run())
    }

    /// Somebody's cluster, by the current context of a kubeconfig that may impersonate and administer.
    ///
    /// # Errors
    /// Where the kubeconfig can't be used, or the cluster refuses what Maru needs in it.
    pub async fn external(path: &Path) -> Result<Self, ClusterError> {
        let access = Access::external(path).await?;
        crate::base::ensure(&access.client).await?;
        let (_, state) = watch::channel(ClusterState::Ready);
        Ok(Self { state, shared: Arc::new(Shared { access: OnceLock::from(access), embedded: None }) })
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

    /// The embedded node's address on the cluster's network; `None` for an external cluster.
    #[must_use]
    pub fn node_address(&self) -> Option<Ipv4Addr> {
        self.shared.embedded.as_ref().map(|(_, network)| network.node())
    }

    /// Where the gateway listens: `http://{node}:80`. `None` for an external cluster.
    #[must_use]
    pub fn gateway_address(&self) -> Option<std::net::SocketAddr> {
        self.node_address().map(|address| (address, 80).into())
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
