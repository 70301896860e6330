//! Somebody's cluster: the one task that keeps what Maru needs in it, and says whether it answers.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kube::Client;
use maru_engine::Engine;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::cluster::Shared;
use crate::driver::{FIRST_PAUSE, LONGEST_PAUSE, PULSE, SILENCE, answered};
use crate::gateway::{self, Placement};
use crate::state::Publisher;
use crate::{ClusterError, ClusterState, GatewaySpec, Phase, base};

/// Between two looks at whether what we put there is as it was.
const CARE: Duration = Duration::from_secs(120);
/// Until an API that takes connections and says nothing is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster that is not ours, by the current context of a kubeconfig that may impersonate and administer.
#[derive(Debug, Clone)]
pub struct ExternalConfig {
    pub engine: Engine,
    pub kubeconfig: PathBuf,
    /// Deployed there; `None` for a cluster without the gateway.
    pub gateway: Option<PulledGateway>,
}

/// The gateway as a cluster pulls it.
#[derive(Debug, Clone)]
pub struct PulledGateway {
    pub spec: GatewaySpec,
    /// Name of its image without the tag, in a registry that the cluster's nodes pull from. The image gets it in this
    /// machine's Engine; it is pushed by whoever keeps the registry.
    pub repository: String,
    /// The registry's credentials: the text of a `.dockerconfigjson`.
    pub pull: String,
}

pub(crate) struct Driver {
    pub(crate) config: ExternalConfig,
    pub(crate) publish: Publisher,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: CancellationToken,
}

impl Driver {
    pub(crate) async fn run(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let outcome = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                outcome = self.keep() => outcome,
            };
            let Err(error) = outcome;
            let (cause, fix) = error.explain();
            tracing::error!(%error, "the cluster cannot be used");
            self.publish.become_state(ClusterState::Failed { cause, fix, since: SystemTime::now() });
            pause = (2 * pause).min(LONGEST_PAUSE);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// From the kubeconfig to ready, and on watch from then on.
    async fn keep(&self) -> Result<Infallible, ClusterError> {
        self.publish.starting(Phase::Api);
        let access = match self.shared.access() {
            Some(access) => access,
            None => Arc::new(Access::external(&self.config.kubeconfig).await?),
        };
        let ensured = timeout(PATIENCE, base::ensure(&access.client)).await;
        ensured.map_err(|_| ClusterError::Silent { seconds: PATIENCE.as_secs() })??;
        // Set once what we need is there: a kubeconfig without the rights for it is no access.
        self.shared.set_access(Arc::clone(&access));
        let client = &access.client;
        let (mut last_answer, mut cared) = (Instant::now(), None::<Instant>);
        loop {
            match answered(client.apiserver_version()).await {
                Ok(_) => {
                    last_answer = Instant::now();
                    if !self.publish.is_ready() {
                        tracing::info!("the cluster answers");
                        self.publish.become_state(ClusterState::Ready);
                    }
                    if cared.is_none_or(|at| at.elapsed() > CARE) {
                        match self.ensure_gateway(client).await {
                            Ok(()) => cared = Some(Instant::now()),
                            Err(error) => tracing::warn!(%error, "the gateway could not be deployed; it is tried again"),
                        }
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the cluster does not answer");
                    if last_answer.elapsed() > SILENCE {
                        self.publish.starting(Phase::Recovering);
                    }
                }
            }
            tokio::time::sleep(PULSE).await;
        }
    }

    async fn ensure_gateway(&self, client: &Client) -> Result<(), ClusterError> {
        let Some(PulledGateway { spec, repository, pull }) = &self.config.gateway else { return Ok(()) };
        let image = gateway::image_name(spec, repository).await?;
        gateway::deploy(client, spec, &image, &Placement::Pod { pull: pull.clone() }).await
    }
}

impl ExternalConfig {
    /// Gives this machine's Engine the gateway's image, and takes those of earlier programs from it.
    ///
    /// # Errors
    /// Where the program cannot be read, or the Engine refuses.
    pub async fn prepare_image(&self) -> Result<(), ClusterError> {
        let Some(PulledGateway { spec, repository, .. }) = &self.gateway else { return Ok(()) };
        let image = gateway::image_name(spec, repository).await?;
        let present = self.engine.image_names(&format!("{repository}:*")).await?;
        for old in present.iter().filter(|name| **name != image) {
            self.engine.remove_image(old).await?;
        }
        if !present.contains(&image) {
            let archive = gateway::archive(spec, image).await?;
            self.engine.load_image(archive.stream()?).await?;
        }
        Ok(())
    }
}
