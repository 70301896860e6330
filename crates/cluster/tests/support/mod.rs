//! What the tests of the node have in common: a node of their own, and patience.
#![allow(dead_code, reason = "each test program uses a part")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use maru_cluster::{Cluster, ClusterConfig, Validity};
use maru_engine::Engine;
use tokio_util::sync::CancellationToken;

/// A machine that also compiles is several times slower than one that does not.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// What pods of tests run in: made by ./test.
pub const PYTHON: &str = "registry.localhost/base/python:3";

/// What Python programs in pods answer with and ask with: `tcp(port)` and `udp(port)` serve for good, `ask(kind, host, port)`
/// says whether anybody answers there.
pub const ANSWERS: &str = r#"
import concurrent.futures, json, socket, socketserver, sys, threading
def udp(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", port))
    while True:
        _, who = s.recvfrom(100); s.sendto(b"pong", who)
def tcp(port):
    s = socket.create_server(("", port))
    while True:
        c, _ = s.accept(); c.sendall(b"pong"); c.close()
def ask(kind, host, port):
    try:
        if kind == "name": return bool(socket.gethostbyname(host))
        if kind == "tcp":
            with socket.create_connection((host, port), 3): return True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3); s.connect((host, port)); s.send(b"ping"); s.recv(10); return True
    except OSError: return False
"#;

pub struct Node {
    pub engine: Engine,
    pub config: ClusterConfig,
    _folder: tempfile::TempDir,
}

impl Node {
    /// The node's image of these sources.
    pub fn image() -> String {
        let tag = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker/node/build")).arg("--tag").output().unwrap();
        String::from_utf8(tag.stdout).unwrap().trim().to_owned()
    }

    pub async fn new(test: &str) -> Self {
        let image = Self::image();
        let engine = Engine::connect(format!("test-{test}-{}", std::process::id())).await.unwrap();
        assert!(engine.inspect_image(&image).await.unwrap().is_some(), "{image} is missing: run docker/node/build");
        let folder = tempfile::tempdir().unwrap();
        let config = ClusterConfig {
            engine: engine.clone(),
            node_image: image,
            folder: folder.path().join("cluster"),
            network: engine.ensure_cluster_network().await.unwrap(),
            validity: Validity::default(),
            gateway: None,
        };
        Self { engine, config, _folder: folder }
    }

    pub fn container(&self) -> String {
        self.engine.name("node")
    }

    /// Runs a program in the node; what it wrote, where it ended well.
    pub async fn run(&self, argv: &[&str]) -> Option<String> {
        let nothing = None::<futures_util::stream::Empty<std::io::Result<bytes::Bytes>>>;
        let output = self.engine.exec(&self.container(), argv, None, nothing).await.ok()?;
        (output.code == 0).then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The id of the process of this name.
    pub async fn process(&self, name: &str) -> Option<String> {
        self.run(&["pgrep", "--exact", "--oldest", name]).await
    }

    /// A driver that lives until the token is cancelled, like a server's.
    pub fn drive(&self) -> (Cluster, CancellationToken, tokio::task::JoinHandle<()>) {
        let stop = CancellationToken::new();
        let (cluster, driver) = Cluster::embedded(self.config.clone(), stop.clone());
        (cluster, stop, tokio::spawn(driver))
    }

    pub async fn remove(self) {
        self.engine.remove_container(&self.container()).await.unwrap();
        self.engine.remove_volume(&self.container()).await.unwrap();
        self.engine.remove_network(&self.config.network.name).await.unwrap();
    }
}

pub async fn ready(cluster: &Cluster) {
    let waited = tokio::time::timeout(PATIENCE, cluster.ready()).await;
    waited.unwrap_or_else(|_| panic!("not ready in time: {:?}", cluster.state())).unwrap();
}

/// Brings an image of the machine's own Engine into the node.
pub async fn load_image(cluster: &Cluster, image: &str) {
    let mut save =
        tokio::process::Command::new("docker").args(["save", image]).env_remove("DOCKER_HOST").stdout(Stdio::piped()).spawn().unwrap();
    let archive = tokio_util::io::ReaderStream::with_capacity(save.stdout.take().unwrap(), 256 << 10);
    cluster.import_image(archive).await.unwrap();
    assert!(save.wait().await.unwrap().success(), "{image} is missing: run docker/build-images");
}

pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: not within {PATIENCE:?}");
}
