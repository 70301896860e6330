//! Keeping containers of one network away from the host that carries it. The Engine keeps networks apart from one
//! another, but lets every container reach every port the host listens on, and whatever metadata service its cloud has.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use crate::{Engine, EngineError, models};

/// What the host's root runs; also run by scripts/sweep.
const RULES: &str = include_str!("fence.sh");

impl Engine {
    /// Shields the host from the containers of a bridge network by the host's own iptables, which the Engine needs too.
    /// Where this process may not use it, a helper container in the host's network does, made from `image`, which has to
    /// have iptables, or nsenter to use the host's: so this works for a server that may use the Engine but isn't root. Rules of networks that are gone
    /// are removed on the way.
    ///
    /// # Errors
    /// What the Engine or iptables said. [`Self::unfenced`] remembers it.
    pub async fn fence_network(&self, network: &str, image: &str) -> Result<(), EngineError> {
        let _alone = self.fencing.lock().await;
        let fenced = self.fence(network, image).await;
        let mut unfenced = self.unfenced.lock().unwrap_or_else(PoisonError::into_inner);
        match &fenced {
            Ok(()) => unfenced.remove(network),
            Err(error) => unfenced.insert(network.to_owned(), error.to_string()),
        };
        fenced
    }

    /// The networks whose last fencing failed, and why: their containers reach this host's ports.
    #[must_use]
    pub fn unfenced(&self) -> BTreeMap<String, String> {
        self.unfenced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn fence(&self, network: &str, image: &str) -> Result<(), EngineError> {
        let attempt = format!("fencing network {network} off from the host");
        let Some(id) = self.network_id(network).await? else { return Err(EngineError::NotFound { attempt }) };
        let bridge = format!("br-{}", id.get(..12).unwrap_or(&id));
        let arguments = ["-c", RULES, "fence", &bridge, self.instance()];
        // A server that is root on the Docker host needs no helper. The rules look for the bridge before they act.
        let directly = tokio::process::Command::new("/bin/sh").args(arguments).output().await;
        if directly.is_ok_and(|done| done.status.success()) {
            return Ok(());
        }
        // An image with iptables needs the host's network and the right to change it; any other the host's own programs, by
        // nsenter and all rights there are.
        let in_network = models::HostConfig {
            network_mode: Some("host".to_owned()),
            cap_add: Some(vec!["NET_ADMIN".to_owned(), "NET_RAW".to_owned()]),
            ..Default::default()
        };
        let everywhere = models::HostConfig {
            privileged: Some(true),
            pid_mode: Some("host".to_owned()),
            network_mode: Some("none".to_owned()),
            ..Default::default()
        };
        let enter = ["nsenter", "--target", "1", "--mount", "--net", "--", "/bin/sh"];
        let name = format!("fence-{network}");
        let by_itself = self.run_helper(&name, image, &enter[6..], &arguments, in_network, &attempt).await;
        if by_itself.is_ok() {
            return Ok(());
        }
        self.run_helper(&name, image, &enter, &arguments, everywhere, &attempt).await
    }
}
