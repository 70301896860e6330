//! The node's container: which rights it has, and when an existing one can be kept.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use bytes::Bytes;
use k8s_openapi::jiff::Timestamp;
use maru_engine::{ClusterNetwork, Engine, EngineError, models};
use sha2::{Digest, Sha256};

use crate::ClusterError;
use crate::pki::{Pki, hex};

/// Label: what the container was made from. A container with another value is replaced; its volume is kept.
const LABEL_MADE_FROM: &str = "maru.made-from";
/// What uses the certificates, as a pattern of `pkill`'s; each is started again by the node at once. The pods are none of them.
const USES_CERTIFICATES: &str = "kube-apiserver|kubelet|controllers|coredns";
/// How long the node may take to end its pods, its API server and its database, in this order; seconds.
const GRACE_SECONDS: i32 = 20;

/// The rights of the node's container, from simple to particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    Privileged,
    /// All that this machine itself has: where Docker's own rights lack `CAP_SYS_RESOURCE` (it runs in a container itself,
    /// for one), a privileged container can't be started.
    Listed,
}

/// The node's container as it is wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) image: &'a str,
    pub(crate) network: &'a ClusterNetwork,
    pub(crate) pki: &'a Pki,
}

impl Wanted<'_> {
    pub(crate) fn name(&self) -> String {
        self.engine.name("node")
    }

    fn environment(&self) -> Vec<String> {
        vec![
            format!("MARU_NODE_ADDRESS={}", self.network.node()),
            format!("MARU_NODE_NETWORK={}", self.network.subnet()),
            format!("MARU_REGISTRY=http://{}:5000", self.network.registry()),
        ]
    }

    /// A hash of all that a container is made from.
    fn made_from(&self, image_id: &str) -> String {
        let mut hash = Sha256::new();
        for part in self.environment().iter().chain([&image_id.to_owned(), &self.pki.fingerprint(), &self.network.name]) {
            hash.update(part);
            hash.update([0]);
        }
        hex(&hash.finalize())
    }

    /// Makes sure that the container is there, as wanted, and runs. True where it runs since now.
    pub(crate) async fn ensure(&self, image_id: &str) -> Result<bool, ClusterError> {
        let (engine, name, made_from) = (self.engine, self.name(), self.made_from(image_id));
        if let Some(found) = engine.inspect_container(&name).await? {
            let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
            let running = found.state.and_then(|state| state.running).unwrap_or(false);
            if labels.get(LABEL_MADE_FROM) == Some(&made_from) {
                if running {
                    return Ok(false);
                }
                engine.start_container(&name).await?;
                return Ok(true);
            }
            tracing::info!("the node's image or settings changed: replacing its container; its data stays");
            engine.stop_container(&name, GRACE_SECONDS).await?;
            engine.remove_container(&name).await?;
        }
        engine.ensure_volume(&name, "node", HashMap::new()).await?;
        match self.create_and_start(&made_from, Rights::Privileged).await {
            Ok(()) => Ok(true),
            Err(refused) => {
                tracing::info!(%refused, "a privileged container is refused here: trying with listed rights");
                engine.remove_container(&name).await?;
                self.create_and_start(&made_from, Rights::Listed).await?;
                Ok(true)
            }
        }
    }

    async fn create_and_start(&self, made_from: &str, rights: Rights) -> Result<(), ClusterError> {
        let name = self.name();
        self.engine.create_container(&name, self.spec(made_from, rights)).await?;
        self.give_certificates().await?;
        Ok(self.engine.start_container(&name).await?)
    }

    async fn give_certificates(&self) -> Result<(), ClusterError> {
        let files = self.pki.node_files(self.network.node())?;
        let tar = tar_of(&files).map_err(ClusterError::file("packing certificates for", std::path::Path::new("/etc/maru/pki")))?;
        Ok(self.engine.upload(&self.name(), "/", tar).await?)
    }

    /// Gives the running node other certificates where the present ones end soon, and starts what uses them anew: the pods go
    /// on. True where it did.
    pub(crate) async fn renew_certificates(&self) -> Result<bool, ClusterError> {
        let (name, nothing) = (self.name(), || None::<futures_util::stream::Empty<std::io::Result<Bytes>>>);
        // All are issued together.
        let present = run(self.engine, &name, "cat", &["cat", "/etc/maru/pki/apiserver.crt"], nothing()).await?;
        if !self.pki.is_due(&present) {
            return Ok(false);
        }
        tracing::info!("the node's certificates end soon: it gets others");
        self.give_certificates().await?;
        run(self.engine, &name, "pkill", &["pkill", "--exact", USES_CERTIFICATES], nothing()).await?;
        Ok(true)
    }

    fn spec(&self, made_from: &str, rights: Rights) -> models::ContainerCreateBody {
        let name = self.name();
        let mut labels = self.engine.labels("node");
        labels.insert(LABEL_MADE_FROM.to_owned(), made_from.to_owned());
        models::ContainerCreateBody {
            image: Some(self.image.to_owned()),
            hostname: Some("maru".to_owned()),
            env: Some(self.environment()),
            labels: Some(labels),
            stop_timeout: Some(i64::from(GRACE_SECONDS)),
            networking_config: Some(self.network.attach(self.network.node())),
            host_config: Some(host_config(&name, &self.network.name, rights)),
            ..Default::default()
        }
    }
}

fn host_config(volume: &str, network: &str, rights: Rights) -> models::HostConfig {
    let base = models::HostConfig {
        network_mode: Some(network.to_owned()),
        binds: Some(vec![format!("{volume}:/var/lib/maru"), "/lib/modules:/lib/modules:ro".to_owned()]),
        // Sockets and mounts of a life before must not be found again.
        tmpfs: Some(HashMap::from([
            ("/run".to_owned(), "rw,nosuid,nodev,exec".to_owned()),
            ("/tmp".to_owned(), "rw,nosuid,nodev,exec".to_owned()),
        ])),
        // Its own view of control groups: pods are counted as part of this container and end with it.
        cgroupns_mode: Some(models::HostConfigCgroupnsModeEnum::PRIVATE),
        // The applications go on while Maru's own server is not there.
        restart_policy: Some(models::RestartPolicy {
            name: Some(models::RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        log_config: Some(models::HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([("max-size".to_owned(), "4m".to_owned()), ("max-file".to_owned(), "2".to_owned())])),
        }),
        ..Default::default()
    };
    match rights {
        Rights::Privileged => models::HostConfig { privileged: Some(true), ..base },
        Rights::Listed => models::HostConfig {
            cap_add: Some(vec!["ALL".to_owned()]),
            cap_drop: Some(vec!["SYS_RESOURCE".to_owned()]),
            security_opt: Some(vec!["seccomp=unconfined".to_owned(), "apparmor=unconfined".to_owned()]),
            masked_paths: Some(Vec::new()),
            readonly_paths: Some(Vec::new()),
            device_cgroup_rules: Some(vec!["a *:* rwm".to_owned()]),
            ..base
        },
    }
}

/// The node's `/etc/maru/pki`, for root only.
fn tar_of(files: &[(String, String)]) -> std::io::Result<Bytes> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut folder = tar::Header::new_gnu();
    folder.set_entry_type(tar::EntryType::Directory);
    folder.set_mode(0o700);
    folder.set_size(0);
    tar.append_data(&mut folder, "etc/maru/pki/", std::io::empty())?;
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o600);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, format!("etc/maru/pki/{name}"), text.as_bytes())?;
    }
    tar.into_inner().map(Bytes::from)
}

/// Unix seconds; none of a container that is not there.
pub(crate) async fn started_at(engine: &Engine, name: &str) -> Result<Option<i64>, ClusterError> {
    let state = engine.inspect_container(name).await?.and_then(|found| found.state).unwrap_or_default();
    Ok(state.started_at.and_then(|at| at.parse::<Timestamp>().ok()).map(Timestamp::as_second))
}

/// The end of what the container wrote, for an error message.
pub(crate) async fn last_words(engine: &Engine, name: &str) -> String {
    match engine.container_output(name, 12).await {
        Ok((out, err)) => [out, err].iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect(),
        Err(error) => error.to_string(),
    }
}

/// Loads an image archive (`docker save`'s format) into the node.
pub(crate) async fn import_image<S>(engine: &Engine, name: &str, archive: S) -> Result<(), ClusterError>
where
    S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    run(engine, name, "ctr", &["ctr", "-n", "k8s.io", "images", "import", "-"], Some(archive)).await.map(drop)
}

pub(crate) async fn has_image(engine: &Engine, name: &str, image: &str) -> Result<bool, ClusterError> {
    let filter = format!("name=={image}");
    let argv = ["ctr", "-n", "k8s.io", "images", "list", "-q", &filter];
    let found = run(engine, name, "ctr", &argv, None::<futures_util::stream::Empty<std::io::Result<Bytes>>>).await?;
    Ok(!found.trim().is_empty())
}

/// Runs a program in the node and returns what it wrote; `program` names it in the error.
pub(crate) async fn run<S>(
    engine: &Engine,
    container: &str,
    program: &'static str,
    argv: &[&str],
    stdin: Option<S>,
) -> Result<String, ClusterError>
where
    S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    let output = engine.exec(container, argv, None, stdin).await?;
    if output.code == 0 {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(ClusterError::InNode { program, message: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
    }
}

/// The address where the node's API server listens.
pub(crate) fn api_url(node: Ipv4Addr) -> String {
    format!("https://{node}:6443")
}

/// What the container is made from was removed, or never made.
pub(crate) async fn image_id(engine: &Engine, image: &str) -> Result<Option<String>, EngineError> {
    Ok(engine.inspect_image(image).await?.and_then(|image| image.id))
}
