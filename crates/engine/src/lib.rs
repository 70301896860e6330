//! The Docker Engine, as the rest of Maru sees it: containers, networks, volumes, images and exec streams.
//!
//! Only this crate speaks to bollard (`deny.toml` holds it to that), so what the Engine's versions differ in is
//! known in one place. The API version is negotiated at connect: from 1.41 (Engine 20.10) on.

#![forbid(unsafe_code)]

mod containers;
mod disk;
mod error;
mod exec;
mod fence;
mod helper;
mod images;
mod networks;
mod runc;
mod volumes;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use bollard::models;
pub use disk::Disk;
pub use error::EngineError;
pub use exec::{ExecOutput, ExecStream};
pub use images::{BuildEvent, BuildRequest, Credentials};
pub use networks::ClusterNetwork;
pub use runc::{Runc, RuncState};
use tokio::sync::Mutex;

/// Label: the installation that an object belongs to. Everything of ours carries it, so that one sweep finds it all.
pub const LABEL_INSTANCE: &str = "maru.instance";
/// Label: what the object is for (`workspace`, `node`, `registry`, `render`, `build`).
pub const LABEL_ROLE: &str = "maru.role";

/// A connection to the Engine for one installation; cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: bollard::Docker,
    instance: String,
    /// The Engine takes any number of networks of one name: whoever makes one looks and makes under this lock.
    making_network: Arc<Mutex<()>>,
    /// Rules are looked for and then put: two at once would put them twice.
    fencing: Arc<Mutex<()>>,
    /// Of each network that could not be fenced off, why.
    unfenced: Arc<std::sync::Mutex<BTreeMap<String, String>>>,
}

impl Engine {
    /// Connects to the local Engine (`DOCKER_HOST`, or its socket) and agrees on an API version.
    ///
    /// # Errors
    /// Where no Engine answers.
    pub async fn connect(instance: impl Into<String>) -> Result<Self, EngineError> {
        let docker = bollard::Docker::connect_with_defaults()
            .map(|docker| docker.with_timeout(std::time::Duration::from_secs(120)))
            .map_err(EngineError::during("connecting to the Docker Engine"))?;
        let docker = docker.negotiate_version().await.map_err(EngineError::during("connecting to the Docker Engine"))?;
        Ok(Self::over(docker, instance.into()))
    }

    fn over(docker: bollard::Docker, instance: String) -> Self {
        Self { docker, instance, making_network: Arc::default(), fencing: Arc::default(), unfenced: Arc::default() }
    }

    /// The id of the installation whose objects this handle makes.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// `maru-{instance}-{suffix}`: how every object of this installation is named.
    #[must_use]
    pub fn name(&self, suffix: &str) -> String {
        format!("maru-{}-{suffix}", self.instance)
    }

    /// The labels of every object of this installation with this role.
    #[must_use]
    pub fn labels(&self, role: &str) -> HashMap<String, String> {
        HashMap::from([(LABEL_INSTANCE.to_owned(), self.instance.clone()), (LABEL_ROLE.to_owned(), role.to_owned())])
    }

    /// # Errors
    /// Where the Engine does not answer.
    pub async fn ping(&self) -> Result<(), EngineError> {
        self.docker.ping().await.map(drop).map_err(EngineError::during("asking the Docker Engine whether it is there"))
    }

    /// What the Engine says of itself: versions, cgroup version, security options.
    ///
    /// # Errors
    /// Where the Engine does not answer.
    pub async fn info(&self) -> Result<models::SystemInfo, EngineError> {
        self.docker.info().await.map_err(EngineError::during("asking the Docker Engine about itself"))
    }
}
