//! Every phase of a start that does not end: it fails at its deadline and says which it was, there is a way out of it, and the next
//! start is a good one. The Engine is the real one; a proxy before its socket keeps one kind of request to itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use maru_engine::models;
use maru_workspace::{Owner, Phase, State, WorkspaceView, Workspaces};
use support::{Installation, agent, ready, sh, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;

/// Where the proxy is, for the test behind it.
const BEHIND: &str = "MARU_TEST_PROXY_FOLDER";
/// Long enough for a phase that does end, on a machine at work on other things, too.
const SHORT_SECONDS: u64 = 4;
const SHORT: Duration = Duration::from_secs(SHORT_SECONDS);

/// Passes everything on but requests whose first line has all words of the file `held`, as long as that is there.
async fn pass(mut client: UnixStream, held: PathBuf) -> std::io::Result<()> {
    let is_held = |piece: &[u8]| {
        let line = String::from_utf8_lossy(piece.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
        std::fs::read_to_string(&held).is_ok_and(|words| words.split_whitespace().all(|word| line.contains(word)))
    };
    let mut engine = UnixStream::connect("/var/run/docker.sock").await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_engine, mut to_engine) = engine.split();
    let there = async {
        let mut piece = vec![0; 1 << 16];
        loop {
            let length = from_client.read(&mut piece).await?;
            while is_held(&piece[..length]) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if length == 0 {
                return to_engine.shutdown().await;
            }
            to_engine.write_all(&piece[..length]).await?;
        }
    };
    let back = async {
        tokio::io::copy(&mut from_engine, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(there, back).map(drop)
}

async fn proxy(folder: PathBuf) {
    let listener = UnixListener::bind(folder.join("docker.sock")).unwrap();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        tokio::spawn(pass(client, folder.join("held")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_never_ends_a_phase() {
    if let Some(folder) = std::env::var_os(BEHIND) {
        let held = Path::new(&folder).join("held");
        hangs_in_each(&held).await;
        hangs_in_the_end(&held).await;
        return waits_for_a_turn(&held).await;
    }
    // Which Engine is meant can only be said from outside.
    let folder = tempfile::tempdir().unwrap();
    let proxy = tokio::spawn(proxy(folder.path().to_owned()));
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_engine_that_never_ends_a_phase", "--nocapture"])
        .env(BEHIND, folder.path())
        .env("DOCKER_HOST", format!("unix://{}/docker.sock", folder.path().display()))
        .status()
        .await
        .unwrap();
    proxy.abort();
    assert!(status.success());
}

async fn failed(workspaces: &Workspaces, owner: &Owner, what: [&str; 2]) -> WorkspaceView {
    let view = until(workspaces, owner, |view| view.state == State::Failed).await;
    let cause = view.cause.clone().unwrap();
    assert!(cause.en.starts_with(&format!("It took longer than {SHORT_SECONDS} s: {}.", what[0])), "{cause}");
    assert!(cause.ko.starts_with(&format!("{SHORT_SECONDS}초 안에 끝나지 않았습니다: {}.", what[1])), "{}", cause.ko);
    assert_eq!((view.phase, view.deadline), (None, None));
    view
}

async fn hangs_in_each(held: &Path) {
    let phases = [
        (Phase::Image, "GET /images/", ["looking for the workspace's image", "작업 공간 이미지 확인"]),
        (Phase::Create, "POST /containers/create", ["creating the container", "컨테이너 만들기"]),
        (Phase::Boot, "POST /containers/ /start", ["starting the container", "컨테이너 시작"]),
    ];
    for (phase, words, what) in phases {
        let mut installation = Installation::new().await;
        let deadlines = &mut installation.config.deadlines;
        match phase {
            Phase::Image => deadlines.image = SHORT,
            Phase::Create => deadlines.create = SHORT,
            _ => deadlines.boot = SHORT,
        }
        // What may pass by itself is tried again at every look; here it is looked at as it is.
        installation.config.look_every = Duration::from_secs(300);
        let mina = installation.user("mina").await;
        let (workspaces, _inbound) = installation.open().await;
        let stopped = async || {
            until(&workspaces, &mina, |view| view.state == State::Stopped).await;
        };
        // Left alone it fails, in words; Cancel leaves that behind.
        std::fs::write(held, words).unwrap();
        workspaces.ensure(&mina).await.unwrap();
        failed(&workspaces, &mina, what).await;
        workspaces.cancel(&mina).await.unwrap();
        stopped().await;
        // Force does not wait for the deadline.
        workspaces.ensure(&mina).await.unwrap();
        until(&workspaces, &mina, |view| view.phase == Some(phase)).await;
        workspaces.force_stop(&mina).await.unwrap();
        stopped().await;
        // Nor does Cancel.
        workspaces.ensure(&mina).await.unwrap();
        until(&workspaces, &mina, |view| view.phase == Some(phase)).await;
        workspaces.cancel(&mina).await.unwrap();
        stopped().await;
        std::fs::remove_file(held).unwrap();

        workspaces.ensure(&mina).await.unwrap();
        let view = ready(&workspaces, &mina).await;
        assert_eq!((view.cause, view.safe_mode), (None, None), "{phase:?}");
        assert_eq!(sh(&workspaces, &mina, "echo $((6 * 7))").await, (0, "42".to_owned()));
        assert_eq!(installation.containers().await.len(), 1);
        installation.close(workspaces).await;
    }
}

async fn hangs_in_the_end(held: &Path) {
    let mut installation = Installation::new().await;
    installation.config.deadlines.stop = SHORT;
    installation.config.look_every = Duration::from_secs(300);
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    std::fs::write(held, "POST /containers/ /stop").unwrap();
    workspaces.stop(&mina).await.unwrap();
    failed(&workspaces, &mina, ["ending the container", "컨테이너 종료"]).await;
    std::fs::remove_file(held).unwrap();

    workspaces.force_stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    installation.close(workspaces).await;
}

async fn waits_for_a_turn(held: &Path) {
    let mut installation = Installation::new().await;
    installation.config.deadlines.queue = SHORT;
    installation.config.parallel_starts = 1;
    installation.config.look_every = Duration::from_secs(300);
    let (mina, jun) = (installation.user("mina").await, installation.user("jun").await);
    let (workspaces, _inbound) = installation.open().await;
    std::fs::write(held, "POST /containers/create").unwrap();
    workspaces.ensure(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.phase == Some(Phase::Create)).await;
    workspaces.ensure(&jun).await.unwrap();
    failed(&workspaces, &jun, ["waiting for its turn", "시작 차례 기다리기"]).await;
    std::fs::remove_file(held).unwrap();

    ready(&workspaces, &mina).await;
    workspaces.ensure(&jun).await.unwrap();
    ready(&workspaces, &jun).await;
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_never_dials() {
    let mut installation = Installation::new().await;
    installation.config.deadlines.connect = SHORT;
    let tools = installation.config.tools.clone();
    std::fs::create_dir_all(&tools).unwrap();
    std::fs::copy(agent(), tools.join("real-agent")).unwrap();
    let script = "#!/bin/sh\n[ -e /opt/maru/bin/works ] && exec /opt/maru/bin/real-agent \"$@\"\n\
                  trap 'exit 0' TERM\nsleep 1000 & wait\n";
    let path = installation.data.join("agent");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    installation.config.agent = path;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;

    // Tried again, at last in safe mode, and then it is for somebody to look.
    workspaces.ensure(&mina).await.unwrap();
    failed(&workspaces, &mina, ["connecting to the agent", "에이전트 연결"]).await;
    let is_running = |of: &models::ContainerSummary| of.state == Some(models::ContainerSummaryStateEnum::RUNNING);
    assert!(!installation.containers().await.iter().any(is_running), "of no use to anybody, it does not run on");
    workspaces.force_stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    assert_eq!((installation.containers().await.len(), installation.volumes().len()), (0, 1));

    std::fs::write(tools.join("works"), "").unwrap();
    workspaces.ensure(&mina).await.unwrap();
    let view = ready(&workspaces, &mina).await;
    assert_eq!((view.cause, view.safe_mode), (None, None));
    assert_eq!(sh(&workspaces, &mina, "echo $((6 * 7))").await, (0, "42".to_owned()));
    installation.close(workspaces).await;
}
