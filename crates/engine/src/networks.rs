use std::collections::HashMap;
use std::net::Ipv4Addr;

use bollard::query_parameters as query;

use crate::error::found;
use crate::{Engine, EngineError, models};

/// The network that the cluster's node and the registry share, with addresses that stay the same for its whole life:
/// certificates, endpoints and image mirrors name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNetwork {
    pub name: String,
    /// The first three bytes of its /24.
    prefix: [u8; 3],
}

impl ClusterNetwork {
    fn at(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(self.prefix[0], self.prefix[1], self.prefix[2], last)
    }

    #[must_use]
    pub fn subnet(&self) -> String {
        format!("{}/24", self.at(0))
    }

    /// The host's own address on this network.
    #[must_use]
    pub fn host(&self) -> Ipv4Addr {
        self.at(1)
    }

    #[must_use]
    pub fn node(&self) -> Ipv4Addr {
        self.at(2)
    }

    #[must_use]
    pub fn registry(&self) -> Ipv4Addr {
        self.at(3)
    }

    /// The settings of a container's attachment at a fixed address.
    #[must_use]
    pub fn attach(&self, address: Ipv4Addr) -> models::NetworkingConfig {
        let endpoint = models::EndpointSettings {
            ipam_config: Some(models::EndpointIpamConfig { ipv4_address: Some(address.to_string()), ..Default::default() }),
            ..Default::default()
        };
        models::NetworkingConfig { endpoints_config: Some(HashMap::from([(self.name.clone(), endpoint)])) }
    }
}

impl Engine {
    /// The cluster's network, made in the first free /24 of 10.213.0.0/16 where it is missing.
    ///
    /// # Errors
    /// What the Engine said, or that no /24 is free.
    pub async fn ensure_cluster_network(&self) -> Result<ClusterNetwork, EngineError> {
        let name = self.name("cluster");
        let _one = self.making_network.lock().await;
        if let Some(prefix) = self.network_prefix(&name).await? {
            return Ok(ClusterNetwork { name, prefix });
        }
        // Start at a place of this installation's own, so that two that start together rarely meet.
        let start = self.instance().bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        let mut last_refusal = String::new();
        for step in 0..=u8::MAX {
            let prefix = [10, 213, start.wrapping_add(step)];
            let network = ClusterNetwork { name: name.clone(), prefix };
            let request = models::NetworkCreateRequest {
                name: name.clone(),
                driver: Some("bridge".to_owned()),
                labels: Some(self.labels("cluster")),
                ipam: Some(models::Ipam {
                    config: Some(vec![models::IpamConfig {
                        subnet: Some(network.subnet()),
                        gateway: Some(network.host().to_string()),
                        ..Default::default()
                    }]),
                    ..Default::default()
                }),
                ..Default::default()
            };
            match self.docker.create_network(request).await {
                Ok(_) => return Ok(network),
                Err(bollard::errors::Error::DockerResponseServerError { message, .. }) if message.contains("already exists") => {
                    // Somebody made it between our look and our try.
                    if let Some(prefix) = self.network_prefix(&name).await? {
                        return Ok(ClusterNetwork { name, prefix });
                    }
                }
                Err(bollard::errors::Error::DockerResponseServerError { message, .. })
                    if message.to_ascii_lowercase().contains("overlap") =>
                {
                    last_refusal = message;
                }
                Err(error) => return Err(EngineError::during(format!("creating network {name}"))(error)),
            }
        }
        Err(EngineError::Failed {
            attempt: format!("creating network {name}"),
            message: format!("no /24 of 10.213.0.0/16 is free ({last_refusal})"),
        })
    }

    async fn network_prefix(&self, name: &str) -> Result<Option<[u8; 3]>, EngineError> {
        let attempt = format!("inspecting network {name}");
        let Some(network) = found(
            self.docker.inspect_network(name, None::<query::InspectNetworkOptions>).await.map_err(EngineError::during(attempt.clone())),
        )?
        else {
            return Ok(None);
        };
        let gateway = network
            .ipam
            .and_then(|ipam| ipam.config)
            .and_then(|configs| configs.into_iter().find_map(|config| config.gateway))
            .and_then(|gateway| gateway.parse::<Ipv4Addr>().ok());
        match gateway.map(|address| address.octets()) {
            Some([a, b, c, _]) => Ok(Some([a, b, c])),
            None => Err(EngineError::Failed { attempt, message: "it has no IPv4 gateway".to_owned() }),
        }
    }

    /// A bridge network on which containers reach the outside but not one another. The answer is its name.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn ensure_isolated_network(&self, suffix: &str) -> Result<String, EngineError> {
        self.ensure_network(suffix, false).await
    }

    /// The same, and the outside is out of reach as well.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn ensure_shut_network(&self, suffix: &str) -> Result<String, EngineError> {
        self.ensure_network(suffix, true).await
    }

    async fn ensure_network(&self, suffix: &str, shut: bool) -> Result<String, EngineError> {
        let name = self.name(suffix);
        let _one = self.making_network.lock().await;
        let seen = found(
            self.docker
                .inspect_network(&name, None::<query::InspectNetworkOptions>)
                .await
                .map_err(EngineError::during(format!("inspecting network {name}"))),
        )?;
        if seen.is_some() {
            return Ok(name);
        }
        let request = models::NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            internal: Some(shut),
            // The fence knows IPv4: an Engine that gives containers IPv6 unasked would lead around it.
            enable_ipv6: Some(false),
            labels: Some(self.labels(suffix)),
            options: Some(HashMap::from([("com.docker.network.bridge.enable_icc".to_owned(), "false".to_owned())])),
            ..Default::default()
        };
        match self.docker.create_network(request).await {
            Ok(_) => Ok(name),
            Err(bollard::errors::Error::DockerResponseServerError { message, .. }) if message.contains("already exists") => Ok(name),
            Err(error) => Err(EngineError::during(format!("creating network {name}"))(error)),
        }
    }

    /// `None` where there is no such network.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn network_id(&self, name: &str) -> Result<Option<String>, EngineError> {
        let network = found(
            self.docker
                .inspect_network(name, None::<query::InspectNetworkOptions>)
                .await
                .map_err(EngineError::during(format!("inspecting network {name}"))),
        )?;
        Ok(network.and_then(|network| network.id))
    }

    /// Removing what is gone is fine.
    ///
    /// # Errors
    /// What the Engine said, for one that a network in use can't go.
    pub async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        found(self.docker.remove_network(name).await.map_err(EngineError::during(format!("removing network {name}")))).map(drop)
    }
}
