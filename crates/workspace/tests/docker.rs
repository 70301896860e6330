//! Workspaces as they are: real containers, the real agent, a real database. Each test is an installation of its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use maru_engine::models;
use maru_workspace::{Inbound, State};
use support::{Installation, LONG, image, ready, sh, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_make_one_container_that_is_shut_in() {
    let installation = Installation::new().await;
    let (mina, jun) = (installation.user("mina").await, installation.user("jun").await);
    let (workspaces, _inbound) = installation.open().await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (workspaces, mina) = (workspaces.clone(), mina.clone());
        asking.spawn(async move { workspaces.ensure(&mina).await.unwrap().id });
    }
    let ids = asking.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    ready(&workspaces, &mina).await;
    assert_eq!(installation.containers().await.len(), 1);

    let (_, status) = sh(&workspaces, &mina, "id -u; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status").await;
    let status: Vec<_> = status.split_whitespace().collect();
    assert_eq!(status, ["1000", "CapEff:", "0000000000000000", "CapBnd:", "0000000000000000", "NoNewPrivs:", "1"]);
    let (code, home) =
        sh(&workspaces, &mina, "touch ~/mine && stat -c '%u %n' ~ ~/mine /opt/maru/maru-agent && ! touch /opt/maru/bin/x").await;
    assert_eq!(code, 0, "{home}");
    assert!(home.starts_with("1000 /home/student\n1000 /home/student/mine\n0 /opt/maru/maru-agent"), "{home}");

    // Neither another workspace nor a port of this host is in reach.
    let listening = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let on_host = listening.local_addr().unwrap().port();
    workspaces.ensure(&jun).await.unwrap();
    ready(&workspaces, &jun).await;
    assert_eq!(installation.containers().await.len(), 2);
    let (_, address) = sh(&workspaces, &jun, "hostname -I").await;
    let knock = |host: &str, port: u16| format!("timeout 3 bash -c 'exec 3<>/dev/tcp/{host}/{port}' 2>&1 && echo open || echo shut");
    let gateway = address.rsplit_once('.').map(|(net, _)| format!("{net}.1")).unwrap();
    for (host, port) in [(gateway.as_str(), on_host), (gateway.as_str(), 22), (address.as_str(), 7070), ("169.254.169.254", 80)] {
        let (_, answer) = sh(&workspaces, &mina, &knock(host, port)).await;
        assert!(answer.ends_with("shut"), "{host}:{port} {answer}; not fenced: {:?}", installation.engine.unfenced());
    }
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_adopts_what_runs_and_the_last_intention_wins() {
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let before = ready(&workspaces, &mina).await;
    sh(&workspaces, &mina, "echo kept >~/work; nohup sleep 1000 >/dev/null 2>&1 &").await;
    workspaces.shut_down().await;

    let (workspaces, _inbound) = installation.open().await;
    let after = ready(&workspaces, &mina).await;
    assert_eq!((before.id, before.started_at), (after.id, after.started_at));
    assert_eq!(sh(&workspaces, &mina, "pgrep -c sleep || ls /proc | grep -c '^[0-9]'").await.0, 0);

    let mut asking = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (workspaces, mina) = (workspaces.clone(), mina.clone());
        asking.spawn(async move {
            match n % 4 {
                0 => workspaces.ensure(&mina).await,
                1 => workspaces.stop(&mina).await,
                2 => workspaces.restart(&mina).await,
                _ => workspaces.recreate(&mina).await,
            }
            .unwrap();
        });
    }
    asking.join_all().await;
    workspaces.recreate(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Ready && view.started_at != before.started_at).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    ready(&workspaces, &mina).await;
    assert_eq!(installation.containers().await.len(), 1);
    assert_eq!(sh(&workspaces, &mina, "cat ~/work").await.1, "kept");

    workspaces.stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    assert!(workspaces.agent(&mina.id).await.is_err());
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_behind_its_back_is_noticed() {
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, mut inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let first = ready(&workspaces, &mina).await;
    let name = installation.engine.name("ws-mina");

    // A container that nobody owns, a second one of a workspace, and one killed: the first two go, the last comes back.
    let orphans = [("ws-nobody", "gone".to_owned()), ("ws-mina.copy", first.id.to_string())];
    let orphans = orphans.map(|(name, workspace)| (installation.engine.name(name), workspace));
    for (orphan, workspace) in &orphans {
        let labels = HashMap::from([("maru.workspace".to_owned(), workspace.clone())]);
        let spec = models::ContainerCreateBody {
            image: Some(image()),
            cmd: Some(vec!["sleep".to_owned(), "100".to_owned()]),
            labels: Some(installation.engine.labels("workspace").into_iter().chain(labels).collect()),
            ..Default::default()
        };
        installation.engine.create_container(orphan, spec).await.unwrap();
    }
    let killed = Instant::now();
    installation.engine.kill_container(&name).await.unwrap();
    until(&workspaces, &mina, |view| view.state != State::Ready).await;
    assert!(killed.elapsed() < Duration::from_secs(3), "{:?}", killed.elapsed());
    until(&workspaces, &mina, |view| view.state == State::Ready && view.started_at != first.started_at).await;

    // The way out: what a program in the workspace says to the loopback port arrives with its owner's name.
    let asked = sh(&workspaces, &mina, "exec 3<>/dev/tcp/127.0.0.1/7070; echo ping >&3; head -n 1 <&3");
    let answered = async {
        let Inbound { login, mut stream, .. } = timeout(LONG, inbound.recv()).await.unwrap().unwrap();
        assert_eq!(login, mina.login);
        let mut line = [0; 5];
        stream.read_exact(&mut line).await.unwrap();
        stream.write_all(b"pong\n").await.unwrap();
        line
    };
    let ((_, heard), said) = tokio::join!(asked, answered);
    assert_eq!((heard.as_str(), &said), ("pong", b"ping\n"));

    // The way in to a port.
    let link = workspaces.agent(&mina.id).await.unwrap();
    assert!(link.open_port(4321).await.is_err());

    timeout(LONG, async {
        for (orphan, _) in &orphans {
            while installation.engine.inspect_container(orphan).await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    })
    .await
    .expect("an orphan stayed");
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_meets_the_limits_that_were_set() {
    let mut installation = Installation::new().await;
    let limits = &mut installation.config.limits;
    (limits.memory, limits.cpus, limits.pids, limits.open_files) = (192 << 20, 0.5, 99, 500);
    (limits.tmp, limits.shm, limits.log) = (32 << 20, 16 << 20, 50_000);
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    // By either version of cgroups.
    let read = "ulimit -Sn; ulimit -Hn; df --output=size -B1 /tmp /dev/shm | grep -v B; cd /sys/fs/cgroup; \
                cat memory.max memory/memory.limit_in_bytes pids.max pids/pids.max cpu.max \
                cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us 2>/dev/null";
    let (_, words) = sh(&workspaces, &mina, read).await;
    let found: Vec<_> = words.split_whitespace().collect();
    assert_eq!(found, ["500", "500", "33554432", "16777216", "201326592", "99", "50000", "100000"]);
    let (code, words) = sh(&workspaces, &mina, "dd if=/dev/zero of=/tmp/big bs=1M count=40; rm /tmp/big").await;
    assert!(code == 0 && words.contains("No space left"), "{words}");
    let (_, words) = sh(&workspaces, &mina, "for n in $(seq 3 600); do eval \"exec $n</dev/null\" || exit 1; done").await;
    assert!(words.contains("Too many open files") || words.contains("Bad file descriptor"), "{words}");
    installation.close(workspaces).await;
}
