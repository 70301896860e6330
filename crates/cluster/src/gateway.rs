//! The gateway as a workload: its image, made from the `maru` binary on this machine, and its Deployment.
//!
//! The image holds the binary and the shared libraries that it is linked with here, and nothing else: no distribution to
//! pull, and no other C library than the one that the binary was built for.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use kube::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ClusterError;
use crate::base::{SYSTEM_NAMESPACE, apply};
use crate::namespace::PULL_SECRET;
use crate::pki::hex;

/// How the gateway is run.
#[derive(Debug, Clone)]
pub struct GatewaySpec {
    /// The `maru` binary on this machine.
    pub binary: PathBuf,
    /// Its arguments, for example `gateway`.
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
}

pub(crate) const NAME: &str = "maru-gateway";
/// Where it listens in a pod of its own.
pub(crate) const POD_PORT: u16 = 8080;
const POD_TLS_PORT: u16 = 8443;

/// Where the gateway's pod runs.
pub(crate) enum Placement {
    /// On the embedded node's own network, at its port 80, from an image that the node was given.
    Node,
    /// As any other pod of somebody's cluster, pulled with this secret: the text of a `.dockerconfigjson`.
    Pod { pull: String },
}

/// An image as one archive in memory's stead: a file that is removed with this value.
pub(crate) struct Archive {
    pub(crate) image: String,
    file: tempfile::NamedTempFile,
}

impl Archive {
    /// The archive's bytes, piece by piece.
    pub(crate) fn stream(&self) -> Result<impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static, ClusterError> {
        let file = self.file.reopen().map_err(ClusterError::file("reading", self.file.path()))?;
        Ok(tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file), 256 << 10))
    }
}

/// Name of the image: a hash of the binary, so that a new binary is a new image.
pub(crate) async fn image_name(spec: &GatewaySpec, repository: &str) -> Result<String, ClusterError> {
    let (binary, repository) = (spec.binary.clone(), repository.to_owned());
    blocking(move || {
        let mut hash = Sha256::new();
        let mut file = std::fs::File::open(&binary).map_err(ClusterError::file("reading", &binary))?;
        std::io::copy(&mut file, &mut HashWriter(&mut hash)).map_err(ClusterError::file("reading", &binary))?;
        Ok(format!("{repository}:{}", &hex(&hash.finalize())[..16]))
    })
    .await
}

pub(crate) async fn archive(spec: &GatewaySpec, image: String) -> Result<Archive, ClusterError> {
    let binary = spec.binary.clone();
    blocking(move || pack(&binary, image).map_err(ClusterError::file("packing an image from", &binary))).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static) -> Result<T, ClusterError> {
    // A panic in there is one of ours; it is not hidden.
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// `docker save`'s format: one layer, its configuration, and a manifest that names both.
fn pack(binary: &Path, image: String) -> std::io::Result<Archive> {
    let layer = tempfile::tempfile()?;
    let mut layer = tar::Builder::new(layer);
    // A linker leaves holes; containerd does not know GNU's sparse entries.
    layer.sparse(false);
    layer.mode(tar::HeaderMode::Deterministic);
    layer.append_path_with_name(binary, "usr/bin/maru")?;
    for library in libraries(binary)? {
        let inside = library.strip_prefix("/").unwrap_or(&library).to_owned();
        layer.append_path_with_name(&library, inside)?;
    }
    let mut layer = layer.into_inner()?;
    let size = rewound(&mut layer)?;
    let mut hash = Sha256::new();
    std::io::copy(&mut layer, &mut HashWriter(&mut hash))?;
    rewound(&mut layer)?;

    let config = json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": { "Entrypoint": ["/usr/bin/maru"], "User": "65532:65532" },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(&hash.finalize()))] },
    });
    let manifest = json!([{ "Config": "config.json", "RepoTags": [image], "Layers": ["layer.tar"] }]);
    let mut archive = tar::Builder::new(tempfile::NamedTempFile::new()?);
    for (name, value) in [("config.json", &config), ("manifest.json", &manifest)] {
        let text = value.to_string();
        archive.append_data(&mut header(text.len() as u64), name, text.as_bytes())?;
    }
    archive.append_data(&mut header(size), "layer.tar", layer)?;
    let mut file = archive.into_inner()?;
    file.flush()?;
    Ok(Archive { image, file })
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(size);
    header
}

fn rewound(file: &mut std::fs::File) -> std::io::Result<u64> {
    use std::io::Seek;
    let size = file.stream_position()?;
    file.rewind()?;
    Ok(size.max(file.metadata()?.len()))
}

/// The paths of the shared libraries that a binary is linked with, its loader among them, as `ldd` tells; none for a static one.
fn libraries(binary: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    let output = std::process::Command::new("ldd").arg(binary).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)` and `/lib64/ld-linux-x86-64.so.2 (0x…)`.
    Ok(text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Makes the gateway run with this image.
pub(crate) async fn deploy(client: &Client, spec: &GatewaySpec, image: &str, placement: &Placement) -> Result<(), ClusterError> {
    apply(client, objects(spec, image, placement)).await
}

fn objects(spec: &GatewaySpec, image: &str, placement: &Placement) -> Vec<Value> {
    let labels = json!({ "app.kubernetes.io/name": NAME, "app.kubernetes.io/managed-by": "maru" });
    let meta = json!({ "name": NAME, "namespace": SYSTEM_NAMESPACE, "labels": labels });
    let mut env: Vec<Value> = spec.env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let mut objects = Vec::new();
    // What a pod is told of its place, and the ports it has there.
    let (place, ports) = match placement {
        Placement::Node => {
            let port = |port: u16| json!({ "containerPort": port, "hostPort": port, "protocol": "TCP" });
            // Two can't listen on one port of the node.
            let place = json!({ "strategy": "Recreate", "hostNetwork": true, "dnsPolicy": "ClusterFirstWithHostNet", "pull": "Never", "secrets": [] });
            (place, [port(80), port(443)])
        }
        Placement::Pod { pull } => {
            objects.push(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": PULL_SECRET, "namespace": SYSTEM_NAMESPACE },
                "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson": pull } }));
            env.push(json!({ "name": "MARU_GATEWAY_LISTEN", "value": format!("0.0.0.0:{POD_PORT}") }));
            env.push(json!({ "name": "MARU_GATEWAY_LISTEN_TLS", "value": format!("0.0.0.0:{POD_TLS_PORT}") }));
            let port = |port: u16| json!({ "containerPort": port, "protocol": "TCP" });
            let secrets = json!([{ "name": PULL_SECRET }]);
            let place = json!({ "strategy": "RollingUpdate", "hostNetwork": false, "dnsPolicy": "ClusterFirst", "pull": "IfNotPresent", "secrets": secrets });
            (place, [port(POD_PORT), port(POD_TLS_PORT)])
        }
    };
    let read = ["get", "list", "watch"];
    objects.extend([
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "maru:gateway" }, "rules": [
            { "apiGroups": ["networking.k8s.io"], "resources": ["ingresses", "ingressclasses"], "verbs": read },
            { "apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["get", "patch", "update"] },
            // Secrets hold the applications' TLS certificates; logs, a dead pod's last words.
            { "apiGroups": [""], "resources": ["services", "secrets", "pods", "pods/log", "namespaces", "events"], "verbs": read },
            { "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read },
            // What nobody asks for is scaled to zero, and back.
            { "apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["get", "list", "patch"] },
            { "apiGroups": ["argoproj.io"], "resources": ["rollouts"], "verbs": ["get", "list", "patch"] },
        ] }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "maru:gateway" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "maru:gateway" },
            "subjects": [{ "kind": "ServiceAccount", "name": NAME, "namespace": SYSTEM_NAMESPACE }] }),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": "maru",
            "annotations": { "ingressclass.kubernetes.io/is-default-class": "true" } },
            "spec": { "controller": "maru.dev/gateway" } }),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "app.kubernetes.io/name": NAME } },
            "strategy": { "type": place["strategy"] },
            "template": { "metadata": { "labels": labels }, "spec": {
                "serviceAccountName": NAME,
                "hostNetwork": place["hostNetwork"],
                "dnsPolicy": place["dnsPolicy"],
                "imagePullSecrets": place["secrets"],
                "terminationGracePeriodSeconds": 5,
                "priorityClassName": "system-cluster-critical",
                "containers": [{
                    "name": "gateway", "image": image, "imagePullPolicy": place["pull"], "args": spec.args, "env": env,
                    "ports": ports,
                    "readinessProbe": { "httpGet": { "path": "/readyz", "port": 10254 }, "periodSeconds": 2 },
                    "livenessProbe": { "httpGet": { "path": "/healthz", "port": 10254 }, "periodSeconds": 10 },
                    "resources": { "requests": { "cpu": "20m", "memory": "32Mi" }, "limits": { "memory": "256Mi" } },
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": 65532, "readOnlyRootFilesystem": true,
                        "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] },
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                }],
            } },
        } }),
    ]);
    objects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_in_the_binary_are_packed_as_zeros() {
        use std::io::{Read, Seek, SeekFrom};
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("maru");
        let mut file = std::fs::File::create(&binary).unwrap();
        file.write_all(b"begin").unwrap();
        file.seek(SeekFrom::Start(4 << 20)).unwrap();
        file.write_all(b"end").unwrap();
        drop(file);

        let archive = pack(&binary, "maru.internal/gateway:test".to_owned()).unwrap();
        let mut outer = tar::Archive::new(archive.file.reopen().unwrap());
        let layer = outer.entries().unwrap().map(Result::unwrap).find(|entry| entry.path().unwrap().ends_with("layer.tar")).unwrap();
        let mut layer = tar::Archive::new(layer);
        let mut entry = layer.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.header().entry_type(), tar::EntryType::Regular);
        let mut packed = Vec::new();
        entry.read_to_end(&mut packed).unwrap();
        assert_eq!(packed, std::fs::read(&binary).unwrap());
    }
}
