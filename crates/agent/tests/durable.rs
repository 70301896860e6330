//! What was acknowledged is there, and nothing is torn: with the agent as a program, killed, cut off, and on a full disk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::rt::TokioIo;
use maru_protocol::{Link, Side, link};
use tokio::io::{AsyncRead, AsyncWrite};

const WRITERS: usize = 4;

struct Program {
    child: Child,
    socket: PathBuf,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(folder: &Path) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_maru-agent")), folder)
    }

    fn start_by(mut command: Command, folder: &Path) -> Self {
        let socket = folder.join("agent.sock");
        let _ = std::fs::remove_file(&socket);
        command.args(["serve", "--reverse", "none", "--socket"]).arg(&socket).arg("--home").arg(folder.join("home"));
        let program = Self { child: command.spawn().unwrap(), socket };
        while std::os::unix::net::UnixStream::connect(&program.socket).is_err() {
            std::thread::sleep(Duration::from_millis(2));
        }
        program
    }

    async fn link(&self) -> Link {
        over(tokio::net::UnixStream::connect(&self.socket).await.unwrap())
    }
}

fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Link {
    let (link, _, run) = link(stream, Side::Server);
    tokio::spawn(run);
    link
}

async fn ask(link: &Link, method: &str, path: &str, body: impl Into<Bytes>) -> Option<Response<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", "agent").body(Full::new(body.into())).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(link.open().await.ok()?)).await.ok()?;
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
    Some(Response::from_parts(parts, body.collect().await.ok()?.to_bytes()))
}

fn version(n: u32) -> Vec<u8> {
    n.to_le_bytes().repeat(8_000 + (n as usize % 7) * 3_000)
}

/// Saves versions, one after another, until something breaks; remembers the last that was acknowledged.
async fn save_on(link: Link, name: String, acknowledged: Arc<AtomicU32>) {
    loop {
        let n = acknowledged.load(Ordering::SeqCst) + 1;
        match ask(&link, "PUT", &format!("/files/{name}"), version(n)).await {
            Some(answer) => assert!(answer.status().is_success(), "{:?}", answer.body()),
            None => return,
        }
        acknowledged.store(n, Ordering::SeqCst);
    }
}

/// Has each writer save a file of its own.
fn write(link: &Link, acknowledged: &[Arc<AtomicU32>]) -> Vec<tokio::task::JoinHandle<()>> {
    let writer = |(n, last)| tokio::spawn(save_on(link.clone(), format!("f{n}"), Arc::clone(last)));
    acknowledged.iter().enumerate().map(writer).collect()
}

/// What saves have begun and not finished.
fn drafts(home: &Path) -> impl Iterator<Item = std::fs::DirEntry> {
    std::fs::read_dir(home).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with(".maru-save"))
}

/// Each file is a whole version: the acknowledged one, or the one after it, whose acknowledgement was cut off.
fn check(home: &Path, acknowledged: &[Arc<AtomicU32>]) {
    for (writer, last) in acknowledged.iter().enumerate() {
        let last = last.load(Ordering::SeqCst);
        let Ok(content) = std::fs::read(home.join(format!("f{writer}"))) else {
            assert_eq!(last, 0, "an acknowledged file is gone");
            continue;
        };
        let n = u32::from_le_bytes(content[..4].try_into().unwrap());
        assert!(content == version(n), "torn: {} bytes of version {n}", content.len());
        assert!(n == last || n == last + 1, "version {n}, acknowledged was {last}");
        // What is there counts from now on.
        acknowledged[writer].store(n, Ordering::SeqCst);
    }
}

/// Waits until a save is done, so that the next are on their way.
async fn busy(acknowledged: &[Arc<AtomicU32>]) {
    let done = || acknowledged.iter().map(|n| n.load(Ordering::SeqCst)).sum::<u32>();
    let before = done();
    while done() == before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Between 0 and 60 ms, different each time.
fn moment(round: u32) -> Duration {
    Duration::from_micros(u64::from(round.wrapping_mul(2_654_435_761) % 60_000))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_saves() {
    const ROUNDS: u32 = 30;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let acknowledged: Vec<Arc<AtomicU32>> = (0..WRITERS).map(|_| Arc::default()).collect();
    for round in 0..ROUNDS {
        let mut program = Program::start(folder.path());
        let link = program.link().await;
        let writers = write(&link, &acknowledged);
        busy(&acknowledged).await;
        tokio::time::sleep(moment(round)).await;
        program.child.kill().unwrap();
        program.child.wait().unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        check(&home, &acknowledged);
    }
    let total: u32 = acknowledged.iter().map(|n| n.load(Ordering::SeqCst)).sum();
    assert!(total >= ROUNDS, "there was something to tear: {total} saves");

    // Drafts of the dead: not shown, and removed once they are old.
    std::fs::write(home.join(".maru-save-0"), "x").unwrap();
    for draft in drafts(&home) {
        let old = SystemTime::now() - Duration::from_secs(7200);
        std::fs::File::options().write(true).open(draft.path()).unwrap().set_modified(old).unwrap();
    }
    let program = Program::start(folder.path());
    let tree = ask(&program.link().await, "GET", "/tree", "").await.unwrap();
    assert!(!String::from_utf8_lossy(tree.body()).contains(".maru-save"));
    assert_eq!(drafts(&home).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_in_the_middle_of_saves() {
    const ROUNDS: u32 = 50;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let program = Program::start(folder.path());
    let acknowledged: Vec<Arc<AtomicU32>> = (0..WRITERS).map(|_| Arc::default()).collect();
    for round in 0..ROUNDS {
        let mut dial = tokio::process::Command::new(env!("CARGO_BIN_EXE_maru-agent"))
            .args(["dial", "--socket"])
            .arg(&program.socket)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let link = over(tokio::io::join(dial.stdout.take().unwrap(), dial.stdin.take().unwrap()));
        let writers = write(&link, &acknowledged);
        busy(&acknowledged).await;
        tokio::time::sleep(moment(round)).await;
        dial.kill().await.unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        // A save that had arrived whole is done, acknowledged or not; then the agent has let go.
        while drafts(&home).next().is_some() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        check(&home, &acknowledged);
    }
}

/// A home of 2 MiB, in a mount namespace that ends with the agent. None where this machine has no such.
fn tiny(folder: &Path) -> Option<Program> {
    let unshare: &[&str] = if rustix::process::geteuid().is_root() { &["--mount"] } else { &["--mount", "--user", "--map-root-user"] };
    let probe = Command::new("unshare").args(unshare).args(["mount", "-t", "tmpfs", "none", "/mnt"]).output().ok()?;
    if !probe.status.success() {
        eprintln!("skipped: {}", String::from_utf8_lossy(&probe.stderr));
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(unshare).args(["sh", "-c", r#"mount -t tmpfs -o size=2m none "$0" && exec "$@""#]);
    command.arg(folder.join("home")).arg(env!("CARGO_BIN_EXE_maru-agent"));
    Some(Program::start_by(command, folder))
}

#[tokio::test]
async fn on_a_full_disk_the_old_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("home")).unwrap();
    let Some(program) = tiny(folder.path()) else { return };
    let link = program.link().await;
    let old = vec![b'o'; 1024 * 1024];
    assert_eq!(ask(&link, "PUT", "/files/f", old.clone()).await.unwrap().status(), 201);
    let refused = |answer: Response<Bytes>| {
        assert_eq!(answer.status(), 507);
        let problem: maru_protocol::Problem = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(problem.code, "disk_full");
    };
    // Told at once, where the size is known; found out in the middle, where it is not.
    refused(ask(&link, "PUT", "/files/f", vec![b'n'; 3 * 1024 * 1024]).await.unwrap());
    let pieces =
        futures_util::stream::iter((0..48).map(|_| Ok::<_, std::io::Error>(hyper::body::Frame::data(Bytes::from(vec![b'n'; 65_536])))));
    let request = Request::put("/files/f").header("host", "agent").body(StreamBody::new(pieces)).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(link.open().await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    refused(Response::from_parts(parts, body.collect().await.unwrap().to_bytes()));

    assert!(ask(&link, "GET", "/files/f", "").await.unwrap().body() == &old);
    assert_eq!(ask(&link, "PUT", "/files/small", "x").await.unwrap().status(), 201, "nothing half-written takes room");
    let upload = r#"{"path":"g","size":3000000}"#;
    refused(ask(&link, "POST", "/uploads", upload).await.unwrap());
    // Filled to the brim, room can still be made.
    assert_eq!(ask(&link, "PUT", "/files/filler", vec![0; 900 * 1024]).await.unwrap().status(), 201);
    let _ = ask(&link, "PUT", "/files/rest", vec![0; 120 * 1024]).await;
    assert_eq!(ask(&link, "DELETE", "/files/f?forever=1", "").await.unwrap().status(), 204);
    assert_eq!(ask(&link, "PUT", "/files/f", old).await.unwrap().status(), 201);
}

/// Calls of the kernel that a save makes, as `strace` tells them, without what it opened to look.
fn traced(log: &Path) -> Vec<String> {
    let told = std::fs::read_to_string(log).unwrap();
    let call = |line: &str| line.split_once(' ').map(|(_, call)| call.trim_start().to_owned());
    told.lines().filter_map(call).filter(|call| call.contains("fsync(") || call.contains("renameat")).collect()
}

/// The content is on the disk before it has the file's name, and the name is before the answer goes out: fsync, rename, fsync
/// of the folder (what ext4's and XFS's authors ask of programs that replace a file).
#[tokio::test(flavor = "multi_thread")]
async fn a_save_is_on_the_disk_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("home")).unwrap();
    let log = folder.path().join("calls");
    let mut command = Command::new("strace");
    // -D: the agent is our own child, to be ended, and not that of its observer.
    command
        .args(["-D", "-f", "-y", "-e", "trace=fsync,fdatasync,renameat,renameat2", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_maru-agent"));
    let program = Program::start_by(command, folder.path());
    let link = program.link().await;
    for (path, name) in [("/files/new", "new"), ("/files/new", "new"), ("/files/deep/er/file", "file")] {
        let before = traced(&log).len();
        assert!(ask(&link, "PUT", path, "text").await.unwrap().status().is_success());
        let calls = traced(&log).split_off(before);
        let at = |what: &str, of: &str| {
            calls.iter().position(|call| call.starts_with(what) && call.contains(of)).unwrap_or_else(|| panic!("{what} {of}: {calls:#?}"))
        };
        let renamed = at("renameat", &format!("\"{name}\""));
        let parent = path.trim_start_matches("/files").rsplit_once('/').unwrap().0;
        let content = calls.iter().position(|call| call.contains("sync(") && call.contains(".maru-save")).expect("the content");
        let named = calls.iter().rposition(|call| call.contains("sync(") && call.contains(&format!("home{parent}>"))).expect("the folder");
        assert!(content < renamed && renamed < named, "{calls:#?}");
    }
}
