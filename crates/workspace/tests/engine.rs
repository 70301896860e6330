//! A Docker Engine that hangs, and one that dies. As root, where `dockerd` is installed: the test starts an Engine of its
//! own, beside the one that is there, and does it all to that. It has network interfaces of its own, too: an Engine takes
//! those of the host for its own, and without a default bridge it even removes the other's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use maru_workspace::{Owner, State, Workspaces};
use support::{Installation, image, ready, sh, until};
use tokio::time::sleep;

/// Where the test's own Engine has its files.
const OWN: &str = "MARU_TEST_ENGINE_FOLDER";
/// How long it hangs, each time: longer than anything waits for it, and long enough to be waited for.
const HANGS: [Duration; 3] = [Duration::from_secs(20), Duration::from_secs(8), Duration::from_secs(8)];
/// After an Engine is back, what is seen is true within this time.
const TRUE_WITHIN: Duration = Duration::from_secs(15);

fn socket(folder: &Path) -> String {
    format!("unix://{}/docker.sock", folder.display())
}

/// A network namespace, as long as this lives.
struct Network(Child);

impl Network {
    fn new() -> Self {
        let network = Self(Command::new("unshare").args(["--net", "sleep", "infinity"]).spawn().unwrap());
        let began = Instant::now();
        while std::fs::read_link(network.path()).unwrap() == std::fs::read_link("/proc/self/ns/net").unwrap() {
            assert!(began.elapsed() < Duration::from_secs(10), "no network namespace: is this root?");
            std::thread::sleep(Duration::from_millis(5));
        }
        network
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.0.id())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Dockerd {
    folder: PathBuf,
    process: Child,
}

impl Dockerd {
    fn start(folder: &Path, network: &Network) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let process = Command::new("nsenter")
            .args([&format!("--net={}", network.path()), "--", "dockerd"])
            .args(["--host", &socket(folder), "--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")])
            .args(["--bridge", "none", "--iptables=false", "--ip-masq=false"])
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let dockerd = Self { folder: folder.to_owned(), process };
        let began = Instant::now();
        while !dockerd.docker(&["version"]) {
            assert!(began.elapsed() < Duration::from_secs(90), "the Engine does not start: see {}/log", folder.display());
            std::thread::sleep(Duration::from_millis(50));
        }
        dockerd
    }

    fn docker(&self, arguments: &[&str]) -> bool {
        let done = Command::new("docker").env("DOCKER_HOST", socket(&self.folder)).args(arguments).output();
        done.is_ok_and(|done| done.status.success())
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status().unwrap().success());
    }

    fn kill(&mut self) {
        self.signal("KILL");
        self.process.wait().unwrap();
        // Else the next one takes it for running.
        let _ = std::fs::remove_file(self.folder.join("pid"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_or_dies() {
    if let Some(folder) = std::env::var_os(OWN) {
        return suffer(Path::new(&folder)).await;
    }
    let installed = Command::new("dockerd").arg("--version").output().is_ok_and(|said| said.status.success());
    if !rustix::process::geteuid().is_root() || !installed {
        eprintln!("skipped: an Engine of its own needs root and dockerd");
        return;
    }
    let interfaces = || std::fs::read_dir("/sys/class/net").unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    let bridges = || interfaces().into_iter().filter(|name| name == "docker0").count();
    let before = bridges();
    // Which Engine is meant can only be said from outside.
    let folder = tempfile::tempdir().unwrap().keep();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_engine_that_hangs_or_dies", "--nocapture"])
        .env(OWN, &folder)
        .env("DOCKER_HOST", socket(&folder))
        .status()
        .unwrap();
    assert!(status.success(), "see {}", folder.display());
    // What an Engine that was killed leaves mounted, the innermost first.
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let ours = mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)).filter(|at| Path::new(at).starts_with(&folder));
    for at in ours {
        assert!(Command::new("umount").arg(at).status().unwrap().success(), "{at}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(bridges(), before, "the other Engine has lost its bridge");
}

/// One container, it runs, and its agent answers.
async fn is_well(installation: &Installation, workspaces: &Workspaces, mina: &Owner) {
    assert_eq!(sh(workspaces, mina, "cat ~/work").await.1, "kept");
    let containers = installation.containers().await;
    assert_eq!(containers.len(), 1, "{containers:?}");
}

async fn suffer(folder: &Path) {
    let network = Network::new();
    let mut dockerd = Dockerd::start(folder, &network);
    let loaded = Command::new("sh")
        .args(["-c", &format!("env -u DOCKER_HOST docker save {} | docker load", image())])
        .env("DOCKER_HOST", socket(folder))
        .output();
    assert!(loaded.unwrap().status.success());
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let mut started = ready(&workspaces, &mina).await.started_at;
    sh(&workspaces, &mina, "echo kept >~/work").await;

    // Hung: what is asked meanwhile is taken at once, and done once, when it goes on.
    for (requests, hangs) in [["restart", "start"], ["stop", "start"], ["recreate", "restart"]].into_iter().zip(HANGS) {
        dockerd.signal("STOP");
        for request in requests {
            let asked = Instant::now();
            let view = match request {
                "start" => workspaces.ensure(&mina).await,
                "stop" => workspaces.stop(&mina).await,
                "restart" => workspaces.restart(&mina).await,
                _ => workspaces.recreate(&mina).await,
            };
            assert!(asked.elapsed() < Duration::from_secs(2));
            assert_ne!(view.unwrap().state, State::Ready);
        }
        sleep(hangs).await;
        dockerd.signal("CONT");
        let back = Instant::now();
        started = until(&workspaces, &mina, |view| view.state == State::Ready && view.started_at != started).await.started_at;
        eprintln!("{requests:?} while it hung: ready {:?} after it went on", back.elapsed());
        assert!(back.elapsed() < TRUE_WITHIN);
        is_well(&installation, &workspaces, &mina).await;
    }

    // Killed, with its containers: they are started again, once.
    dockerd.kill();
    sleep(Duration::from_secs(3)).await;
    dockerd = Dockerd::start(folder, &network);
    let back = Instant::now();
    while !is_true(&installation, &workspaces, &mina).await {
        assert!(back.elapsed() < TRUE_WITHIN, "{:?}", workspaces.get(&mina).await);
        sleep(Duration::from_millis(100)).await;
    }
    eprintln!("killed at rest: true {:?} after it was back", back.elapsed());
    is_well(&installation, &workspaces, &mina).await;

    // Killed in the middle of a restart.
    workspaces.restart(&mina).await.unwrap();
    sleep(Duration::from_millis(400)).await;
    dockerd.kill();
    sleep(Duration::from_secs(3)).await;
    dockerd = Dockerd::start(folder, &network);
    let back = Instant::now();
    until(&workspaces, &mina, |view| view.state == State::Ready).await;
    while !is_true(&installation, &workspaces, &mina).await {
        assert!(back.elapsed() < TRUE_WITHIN, "{:?}", workspaces.get(&mina).await);
        sleep(Duration::from_millis(100)).await;
    }
    eprintln!("killed in a restart: ready {:?} after it was back", back.elapsed());
    is_well(&installation, &workspaces, &mina).await;

    // Asked to stop while there is no Engine.
    dockerd.kill();
    workspaces.stop(&mina).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    dockerd = Dockerd::start(folder, &network);
    let back = Instant::now();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    eprintln!("asked to stop while it was away: stopped {:?} after it was back", back.elapsed());
    assert!(back.elapsed() < TRUE_WITHIN);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(workspaces.get(&mina).await.unwrap().state, State::Stopped);
    installation.close(workspaces).await;
    dockerd.signal("TERM");
    dockerd.process.wait().unwrap();
}

/// Ready, as is said, and the container that is said to run does.
async fn is_true(installation: &Installation, workspaces: &Workspaces, mina: &Owner) -> bool {
    let view = workspaces.get(mina).await.unwrap();
    let container = installation.engine.inspect_container(&installation.engine.name("ws-mina")).await.unwrap();
    let state = container.and_then(|container| container.state).unwrap_or_default();
    let started_at = state.started_at.as_deref().and_then(|at| at.parse().ok());
    view.state == State::Ready && state.running == Some(true) && view.started_at == started_at
}
