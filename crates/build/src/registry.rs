use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use maru_engine::{Credentials, Engine, models};
use maru_model::Login;
use maru_store::now_ms;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::grants::Scope;
use crate::keys::{Keys, basic};
use crate::logs::BuildLog;
use crate::registry_client::RegistryClient;
use crate::{BASE, BuildError, REGISTRY_HOST};

const LOOPBACK: &str = "127.0.0.1";
/// Inside the container.
const PORT: u16 = 5000;
/// On the host's address of the cluster network.
const TOKEN_PORT: u16 = 5050;
const CERTIFICATE_FOLDER: &str = "/etc/docker/registry";
const LABEL_SPEC: &str = "maru.spec";
/// From its start to its first answer it takes well under a second.
const READY: Duration = Duration::from_secs(30);

/// The collector looks at each manifest; a class's registry has hundreds.
const COLLECTION: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    /// Pulls only, while the collector is at work.
    ReadOnly,
}

/// The class's image registry: one container, and the key that it trusts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    image: String,
    /// Where the nodes of a cluster that is not ours reach it: an address of this machine.
    outside: Option<SocketAddr>,
    keys: Keys,
    client: RegistryClient,
    /// There while manifests were deleted and their layers were not yet: over restarts.
    garbage: PathBuf,
    /// One at a time makes or mends the container.
    making: Mutex<()>,
}

impl Registry {
    /// A handle; its keys are in `folder`. The container is made by [`Self::ensure`]. With `outside`, an address of this
    /// machine, it listens there as well, and its tokens are handed out at the port after it.
    ///
    /// # Errors
    /// Where the keys cannot be read or made.
    pub fn new(engine: Engine, image: impl Into<String>, folder: &Path, outside: Option<SocketAddr>) -> Result<Self, BuildError> {
        let keys = Keys::load(folder)?;
        let (garbage, client) = (folder.join("garbage"), RegistryClient::new());
        let inner = Inner { engine, image: image.into(), outside, keys, client, garbage, making: Mutex::new(()) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Sees to it that the container runs as it should and answers. What is in order is left alone.
    ///
    /// # Errors
    /// Where the Engine refuses (for one that the image is missing) or the registry does not come up.
    pub async fn ensure(&self) -> Result<(), BuildError> {
        let _one = self.inner.making.lock().await;
        self.bring(Mode::Normal).await
    }

    /// Whether something was deleted whose layers still take space.
    pub(crate) fn has_garbage(&self) -> bool {
        self.inner.garbage.exists()
    }

    /// Removes what no manifest needs any more from the registry's volume, as Distribution wants it: nothing can be pushed
    /// meanwhile, pulls go on, and afterwards nothing is remembered of what is gone.
    ///
    /// # Errors
    /// Where the registry's own collector fails, or the registry does not come back.
    pub(crate) async fn collect_garbage(&self) -> Result<(), BuildError> {
        let _one = self.inner.making.lock().await;
        self.bring(Mode::ReadOnly).await?;
        let argv = ["docker-registry", "garbage-collect", "--delete-untagged=true", "/etc/docker/registry/config.yml"];
        let (registry, nothing) = (self.inner.engine.name("registry"), None::<futures_util::stream::Empty<std::io::Result<Bytes>>>);
        let collected = tokio::time::timeout(COLLECTION, self.inner.engine.exec(&registry, &argv, None, nothing)).await;
        self.bring(Mode::Normal).await?;
        let attempt = "removing unused layers from the registry";
        match collected {
            Ok(done) => match done? {
                done if done.code == 0 => tokio::fs::remove_file(&self.inner.garbage).await.or_else(|error| match error.kind() {
                    std::io::ErrorKind::NotFound => Ok(()),
                    _ => Err(BuildError::registry(attempt, error)),
                }),
                done => Err(BuildError::registry(attempt, format!("exit code {}: {}", done.code, last_words(&done.stderr)))),
            },
            Err(_) => Err(BuildError::registry(attempt, "it took too long")),
        }
    }

    /// Sees to it that the container runs in this mode.
    async fn bring(&self, mode: Mode) -> Result<(), BuildError> {
        let engine = &self.inner.engine;
        let name = engine.name("registry");
        let network = engine.ensure_cluster_network().await?;
        let spec = self.spec(&network, mode).await?;
        let present = engine.inspect_container(&name).await?;
        let label = |container: &models::ContainerInspectResponse| {
            container.config.as_ref().and_then(|config| config.labels.as_ref()).and_then(|labels| labels.get(LABEL_SPEC)).cloned()
        };
        let wanted = spec.labels.as_ref().and_then(|labels| labels.get(LABEL_SPEC)).cloned();
        match present {
            Some(container) if label(&container) == wanted => {
                let running = container.state.and_then(|state| state.running).unwrap_or(false);
                if !running {
                    // It may have been made by a server that died before it gave the certificate to it.
                    engine.upload(&name, CERTIFICATE_FOLDER, self.certificate()?).await?;
                    engine.start_container(&name).await?;
                }
            }
            other => {
                if other.is_some() {
                    tracing::info!(?mode, "the registry is made anew: its image or its settings changed");
                    engine.stop_container(&name, 10).await?;
                    engine.remove_container(&name).await?;
                }
                engine.ensure_volume(&name, "registry", HashMap::new()).await?;
                engine.create_container(&name, spec).await?;
                engine.upload(&name, CERTIFICATE_FOLDER, self.certificate()?).await?;
                engine.start_container(&name).await?;
            }
        }
        let deadline = tokio::time::Instant::now() + READY;
        loop {
            let answers = async { self.inner.client.ping(self.address().await?).await };
            match answers.await {
                Ok(()) => return Ok(()),
                Err(error) if tokio::time::Instant::now() > deadline => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn spec(&self, network: &maru_engine::ClusterNetwork, mode: Mode) -> Result<models::ContainerCreateBody, BuildError> {
        let engine = &self.inner.engine;
        let image = engine.inspect_image(&self.inner.image).await?.and_then(|image| image.id).ok_or_else(|| {
            BuildError::registry(
                "starting the registry",
                format!("its image {} is missing; docker/build-images makes it", self.inner.image),
            )
        })?;
        let mut env = vec![
            "REGISTRY_AUTH=token".to_owned(),
            format!("REGISTRY_AUTH_TOKEN_REALM=http://{}/token", self.tokens_at(network)),
            format!("REGISTRY_AUTH_TOKEN_SERVICE={REGISTRY_HOST}"),
            "REGISTRY_AUTH_TOKEN_ISSUER=maru".to_owned(),
            format!("REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE={CERTIFICATE_FOLDER}/tokens.pem"),
            format!("REGISTRY_HTTP_SECRET={}", self.inner.keys.secret("registry uploads")),
        ];
        if mode == Mode::ReadOnly {
            env.push("REGISTRY_STORAGE_MAINTENANCE_READONLY={\"enabled\":true}".to_owned());
        }
        let port = format!("{PORT}/tcp");
        let mut labels = engine.labels("registry");
        let made_of = format!("{image} {env:?} {network:?} {:?} {}", self.inner.outside, self.inner.keys.certificate_pem());
        labels.insert(LABEL_SPEC.to_owned(), Sha256::digest(made_of).iter().map(|byte| format!("{byte:02x}")).collect());
        let binding = |ip: String, port: u16| models::PortBinding { host_ip: Some(ip), host_port: Some(port.to_string()) };
        let mut bindings = vec![binding(LOOPBACK.to_owned(), 0)];
        bindings.extend(self.inner.outside.map(|outside| binding(outside.ip().to_string(), outside.port())));
        Ok(models::ContainerCreateBody {
            image: Some(image),
            env: Some(env),
            labels: Some(labels),
            exposed_ports: Some(vec![port.clone()]),
            networking_config: Some(network.attach(network.registry())),
            host_config: Some(models::HostConfig {
                network_mode: Some(network.name.clone()),
                port_bindings: Some(HashMap::from([(port, Some(bindings))])),
                mounts: Some(vec![models::Mount {
                    target: Some("/var/lib/registry".to_owned()),
                    source: Some(engine.name("registry")),
                    typ: Some(models::MountType::VOLUME),
                    ..Default::default()
                }]),
                memory: Some(512 << 20),
                memory_swap: Some(512 << 20),
                pids_limit: Some(512),
                cap_drop: Some(vec!["ALL".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                restart_policy: Some(models::RestartPolicy {
                    name: Some(models::RestartPolicyNameEnum::UNLESS_STOPPED),
                    maximum_retry_count: None,
                }),
                log_config: Some(models::HostConfigLogConfig {
                    typ: Some("json-file".to_owned()),
                    config: Some(HashMap::from([("max-size".to_owned(), "10m".to_owned()), ("max-file".to_owned(), "2".to_owned())])),
                }),
                ..Default::default()
            }),
            ..Default::default()
        })
    }

    /// The certificate of the token key as the archive that is unpacked into the container.
    fn certificate(&self) -> Result<Bytes, BuildError> {
        let pem = self.inner.keys.certificate_pem().as_bytes();
        let mut header = tar::Header::new_gnu();
        header.set_size(pem.len() as u64);
        header.set_mode(0o444);
        let mut archive = tar::Builder::new(Vec::new());
        archive
            .append_data(&mut header, "tokens.pem", pem)
            .and_then(|()| archive.into_inner())
            .map(Bytes::from)
            .map_err(BuildError::io("packing the registry's certificate"))
    }

    /// Where the Engine and the server reach the registry: a port of loopback that changes when the container restarts.
    ///
    /// # Errors
    /// Where it does not run.
    pub async fn address(&self) -> Result<SocketAddr, BuildError> {
        let name = self.inner.engine.name("registry");
        let container = self.inner.engine.inspect_container(&name).await?;
        container
            .and_then(|container| container.network_settings)
            .and_then(|settings| settings.ports)
            .and_then(|mut ports| ports.remove(&format!("{PORT}/tcp")).flatten())
            .and_then(|bindings| bindings.into_iter().find(|binding| binding.host_ip.as_deref() == Some(LOOPBACK))?.host_port)
            .and_then(|port| port.parse().ok())
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
            .ok_or_else(|| BuildError::registry("looking for the registry's port", "it does not run"))
    }

    /// Where the server is to serve [`crate::token_router`]: the address that the registry sends its clients to.
    ///
    /// # Errors
    /// Where the cluster's network cannot be made.
    pub async fn token_address(&self) -> Result<SocketAddr, BuildError> {
        let network = self.inner.engine.ensure_cluster_network().await?;
        Ok(self.tokens_at(&network))
    }

    fn tokens_at(&self, network: &maru_engine::ClusterNetwork) -> SocketAddr {
        match self.inner.outside {
            Some(outside) => SocketAddr::new(outside.ip(), outside.port().saturating_add(1)),
            None => SocketAddr::from((network.host(), TOKEN_PORT)),
        }
    }

    /// What a user's pods pull with: the content of a Secret of type `kubernetes.io/dockerconfigjson`.
    #[must_use]
    pub fn pull_secret(&self, login: &Login) -> String {
        let secret = self.inner.keys.secret(&pull_purpose(login));
        let entry = serde_json::json!({"username": login, "password": secret, "auth": basic(login.as_str(), &secret)});
        serde_json::json!({"auths": {REGISTRY_HOST: entry}}).to_string()
    }

    pub(crate) fn is_pull_secret(&self, login: &Login, given: &str) -> bool {
        self.inner.keys.is_secret(&pull_purpose(login), given)
    }

    /// A token of the registry for `seconds` with these grants.
    pub(crate) fn mint(&self, subject: &str, grants: &[Scope], seconds: i64) -> Result<String, BuildError> {
        let now = now_ms() / 1000;
        let access: Vec<_> = grants
            .iter()
            .map(|grant| serde_json::json!({"type": "repository", "name": grant.repository, "actions": grant.actions}))
            .collect();
        self.inner.keys.sign(&serde_json::json!({
            "iss": "maru",
            "sub": subject,
            "aud": REGISTRY_HOST,
            // Clocks of one machine, but a container's start may round down.
            "nbf": now - 5,
            "iat": now,
            "exp": now + seconds,
            "jti": maru_model::BuildId::generate(),
            "access": access,
        }))
    }

    /// Pushes an image that is here as `source` to `repository:tag` of the registry; its progress goes to `log`.
    /// The answer is the digest of its manifest.
    pub(crate) async fn push(
        &self,
        source: &str,
        repository: &str,
        tag: &str,
        mut log: Option<&mut BuildLog>,
    ) -> Result<String, BuildError> {
        let engine = &self.inner.engine;
        let address = self.address().await?;
        let target = format!("{address}/{repository}");
        engine.tag_image(source, &target, tag).await?;
        // The right to read the base images lets the registry link their layers instead of taking them again.
        let mut grants = vec![Scope::push(repository)];
        if !repository.starts_with(&format!("{BASE}/")) {
            grants.extend(self.base_images().await?.into_iter().map(|(repository, _)| Scope::pull(repository)));
        }
        let credentials = Credentials { registry_token: self.mint("maru", &grants, 3600)? };
        let pushed = async {
            let mut progress = std::pin::pin!(engine.push_image(&target, tag, credentials));
            while let Some(line) = progress.next().await {
                let line = line?;
                // A line per layer and outcome is enough; the Engine tells every state of each.
                if let Some(log) = &mut log
                    && !matches!(line.as_str(), "Preparing" | "Waiting" | "Pushing")
                {
                    log.say(&format!("{line}\n")).await;
                }
            }
            Ok(())
        };
        let pushed: Result<(), BuildError> = pushed.await;
        // This name holds a port that changes; the image stays under its other name.
        engine.remove_image(&format!("{target}:{tag}")).await?;
        pushed?;
        let token = self.mint("maru", &[Scope::pull(repository)], 60)?;
        self.inner
            .client
            .digest(address, repository, tag, &token)
            .await?
            .ok_or_else(|| BuildError::registry(format!("pushing {repository}:{tag}"), "the registry does not have it after the push"))
    }

    /// Gives a manifest that the registry has one more tag.
    pub(crate) async fn retag(&self, repository: &str, from: &str, to: &str) -> Result<(), BuildError> {
        let token = self.mint("maru", &[Scope::push(repository)], 60)?;
        self.inner.client.copy_tag(self.address().await?, repository, from, to, &token).await
    }

    /// Deletes a manifest, with all its tags. Deleting what is gone is fine.
    pub(crate) async fn delete(&self, repository: &str, digest: &str) -> Result<(), BuildError> {
        tokio::fs::write(&self.inner.garbage, "").await.map_err(|error| BuildError::registry("deleting an image", error))?;
        let token = self.mint("maru", &[Scope::delete(repository)], 60)?;
        self.inner.client.delete(self.address().await?, repository, digest, &token).await
    }

    /// The class's base images that the Engine has: repository and tag.
    pub(crate) async fn base_images(&self) -> Result<Vec<(String, String)>, BuildError> {
        let names = self.inner.engine.image_names(&format!("{REGISTRY_HOST}/{BASE}/*")).await?;
        let mut found: Vec<_> = names
            .iter()
            .filter_map(|name| name.strip_prefix(REGISTRY_HOST)?.strip_prefix('/')?.rsplit_once(':'))
            .filter(|(repository, _)| repository.starts_with(&format!("{BASE}/")))
            .map(|(repository, tag)| (repository.to_owned(), tag.to_owned()))
            .collect();
        found.sort();
        Ok(found)
    }

    /// Pushes the class's base images that the registry does not have yet, so that pods can use them as they are and
    /// students' images only add their own layers.
    ///
    /// # Errors
    /// Where a push fails.
    pub async fn publish_base_images(&self) -> Result<(), BuildError> {
        for (repository, tag) in self.base_images().await? {
            let name = format!("{REGISTRY_HOST}/{repository}:{tag}");
            let Some(id) = self.inner.engine.inspect_image(&name).await?.and_then(|image| image.id) else { continue };
            let token = self.mint("maru", &[Scope::pull(&repository)], 60)?;
            let present = self.inner.client.image_id(self.address().await?, &repository, &tag, &token).await?;
            if present.as_deref() != Some(id.as_str()) {
                self.push(&name, &repository, &tag, None).await?;
                tracing::info!(image = %name, "pushed a base image to the registry");
            }
        }
        Ok(())
    }
}

fn last_words(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(3)..].join(" ")
}

fn pull_purpose(login: &Login) -> String {
    format!("pull {login}")
}
