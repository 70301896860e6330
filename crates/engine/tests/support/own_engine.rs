//! A Docker Engine of a test's own, to be hung, killed and filled up, beside the one that is there. As root, where `dockerd`
//! is installed. It has network interfaces of its own, too: an Engine takes those of the host for its own, and without a
//! default bridge it even removes the other's. Which Engine is meant can only be said from outside, so the test runs itself
//! once more as a process in that network.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the test's own Engine has its files.
const OWN: &str = "MARU_TEST_ENGINE_FOLDER";

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

/// The folder of this process's own Engine; `None` in the process that is to call [`run`].
pub fn folder() -> Option<PathBuf> {
    std::env::var_os(OWN).map(PathBuf::from)
}

/// Runs the test of this name again, where [`folder`] says where an Engine may be started, and removes what is left of that
/// afterwards. With `size` that Engine has a disk of its own, so large: what `mount` of a tmpfs calls so.
pub fn run(test: &str, size: Option<&str>) {
    let installed = Command::new("dockerd").arg("--version").output().is_ok_and(|said| said.status.success());
    if !rustix::process::geteuid().is_root() || !installed {
        eprintln!("skipped: an Engine of its own needs root and dockerd");
        return;
    }
    let interfaces = || std::fs::read_dir("/sys/class/net").unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    let bridges = || interfaces().into_iter().filter(|name| name == "docker0").count();
    let before = bridges();
    let folder = tempfile::tempdir().unwrap().keep();
    if let Some(size) = size {
        let data = folder.join("data");
        std::fs::create_dir(&data).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "own-engine"]).arg(&data).status();
        assert!(mounted.unwrap().success());
    }
    let network = Network::new();
    let status = Command::new("nsenter")
        .arg(format!("--net={}", network.path()))
        .arg("--")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
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

pub struct Dockerd {
    folder: PathBuf,
    process: Child,
}

impl Dockerd {
    pub fn start(folder: &Path) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let process = Command::new("dockerd")
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

    /// Brings an image over from the Engine that is there.
    pub fn load(&self, image: &str) {
        let loaded = Command::new("sh")
            .args(["-c", &format!("env -u DOCKER_HOST docker save {image} | docker load")])
            .env("DOCKER_HOST", socket(&self.folder))
            .output();
        assert!(loaded.unwrap().status.success(), "{image}");
    }

    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status().unwrap().success());
    }

    pub fn kill(&mut self) {
        self.signal("KILL");
        self.process.wait().unwrap();
        // Its containerd goes with it, a moment later. The next one would take either for running.
        let containerd = self.folder.join("exec/containerd/containerd.pid");
        let id = std::fs::read_to_string(&containerd).unwrap();
        let began = Instant::now();
        while std::fs::read(format!("/proc/{}/cmdline", id.trim())).is_ok_and(|words| !words.is_empty()) {
            assert!(began.elapsed() < Duration::from_secs(30), "containerd {id} stays");
            std::thread::sleep(Duration::from_millis(20));
        }
        for left in [containerd, self.folder.join("pid")] {
            let _ = std::fs::remove_file(left);
        }
    }

    pub fn end(mut self) {
        self.signal("TERM");
        self.process.wait().unwrap();
    }
}
