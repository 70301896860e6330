//! A Docker Engine that hangs, and one that dies: one of the test's own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../engine/tests/support/own_engine.rs"]
mod own_engine;
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use maru_workspace::{Owner, State, Workspaces};
use own_engine::Dockerd;
use support::{Installation, image, ready, sh, until};
use tokio::time::sleep;

/// How long it hangs, each time: longer than anything waits for it, and long enough to be waited for.
const HANGS: [Duration; 3] = [Duration::from_secs(20), Duration::from_secs(8), Duration::from_secs(8)];
/// After an Engine is back, what is seen is true within this time.
const TRUE_WITHIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_or_dies() {
    match own_engine::folder() {
        Some(folder) => suffer(&folder).await,
        None => own_engine::run("an_engine_that_hangs_or_dies", None),
    }
}

/// One container, it runs, and its agent answers.
async fn is_well(installation: &Installation, workspaces: &Workspaces, mina: &Owner) {
    assert_eq!(sh(workspaces, mina, "cat ~/work").await.1, "kept");
    let containers = installation.containers().await;
    assert_eq!(containers.len(), 1, "{containers:?}");
}

async fn suffer(folder: &Path) {
    let mut dockerd = Dockerd::start(folder);
    dockerd.load(&image());
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
    dockerd = Dockerd::start(folder);
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
    dockerd = Dockerd::start(folder);
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
    dockerd = Dockerd::start(folder);
    let back = Instant::now();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    eprintln!("asked to stop while it was away: stopped {:?} after it was back", back.elapsed());
    assert!(back.elapsed() < TRUE_WITHIN);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(workspaces.get(&mina).await.unwrap().state, State::Stopped);
    installation.close(workspaces).await;
    dockerd.end();
}

/// Ready, as is said, and the container that is said to run does.
async fn is_true(installation: &Installation, workspaces: &Workspaces, mina: &Owner) -> bool {
    let view = workspaces.get(mina).await.unwrap();
    let container = installation.engine.inspect_container(&installation.engine.name("ws-mina")).await.unwrap();
    let state = container.and_then(|container| container.state).unwrap_or_default();
    let started_at = state.started_at.as_deref().and_then(|at| at.parse().ok());
    view.state == State::Ready && state.running == Some(true) && view.started_at == started_at
}
