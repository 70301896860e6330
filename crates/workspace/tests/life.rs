//! How a workspace ends and begins again: for being idle, for a reset, for what is broken in it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use jiff::Timestamp;
use maru_engine::models;
use maru_workspace::{Owner, Phase, SafeReason, State, Workspaces};
use support::{Installation, agent, image, ready, sh, until};
use tokio::time::sleep;

/// A terminal of its own for a line of shell; nobody looks at it.
async fn terminal(workspaces: &Workspaces, owner: &Owner, line: &str) {
    let link = workspaces.agent(&owner.id).await.unwrap();
    let body = serde_json::json!({"command": line}).to_string();
    let request = Request::post("/terminals").header("content-type", "application/json").body(Full::new(Bytes::from(body))).unwrap();
    assert_eq!(link.request(request).await.unwrap().status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_uses_it() {
    let mut installation = Installation::new().await;
    installation.config.idle_after = Some(Duration::from_secs(12)).into();
    installation.config.look_every = Duration::from_millis(500);
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;

    // An open page asks all the time, and that is no use of it.
    let polling = tokio::spawn({
        let (workspaces, id) = (workspaces.clone(), mina.id.clone());
        async move {
            while let Ok(link) = workspaces.agent(&id).await {
                for path in ["/ports", "/tree/", "/terminals", "/stats"] {
                    let _ = link.get_json::<serde_json::Value>(path).await;
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
    });
    let warned = until(&workspaces, &mina, |view| view.idle_stop_at.is_some()).await;
    let left = warned.idle_stop_at.unwrap().duration_since(Timestamp::now()).as_secs_f64();
    assert!((3.0..=6.0).contains(&left), "warned {left} s before");
    // A key in the page's editor, which only the server sees.
    workspaces.touch(&mina.id);
    assert_eq!(workspaces.get(&mina).await.unwrap().idle_stop_at, None);
    until(&workspaces, &mina, |view| view.idle_stop_at.is_some()).await;
    let until_then = Timestamp::from_millisecond(Timestamp::now().as_millisecond() + 3_600_000).unwrap();
    let kept = workspaces.keep_alive(&mina, Some(until_then)).await.unwrap();
    assert_eq!((kept.idle_stop_at, kept.keep_alive_until), (None, Some(until_then)));
    sleep(Duration::from_secs(13)).await;
    assert_eq!(workspaces.get(&mina).await.unwrap().state, State::Ready);

    let let_go = workspaces.keep_alive(&mina, None).await.unwrap();
    assert!(let_go.idle_stop_at.is_some(), "not without a warning");
    // Output of a terminal that nobody looks at keeps it, as long as it comes.
    terminal(&workspaces, &mina, "for i in 1 2 3 4 5 6 7; do echo $i; sleep 2; done").await;
    sleep(Duration::from_millis(1500)).await;
    let printing = Instant::now();
    while printing.elapsed() < Duration::from_secs(11) {
        let view = workspaces.get(&mina).await.unwrap();
        assert_eq!((view.state, view.idle_stop_at), (State::Ready, None), "after {:?}", printing.elapsed());
        sleep(Duration::from_millis(200)).await;
    }
    let stopped = until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    assert!(stopped.cause.as_ref().unwrap().en.contains("Nobody used it"), "{stopped:?}");
    polling.await.unwrap();
    workspaces.shut_down().await;

    // Another server knows it as well, and does not start it.
    let (workspaces, _inbound) = installation.open().await;
    sleep(Duration::from_secs(2)).await;
    let view = workspaces.get(&mina).await.unwrap();
    assert_eq!((view.state, view.cause), (State::Stopped, stopped.cause));
    workspaces.ensure(&mina).await.unwrap();
    assert_eq!(ready(&workspaces, &mina).await.cause, None);
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_and_its_undo() {
    let mut installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    assert!(workspaces.undo_reset(&mina, None).await.is_err());
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    let has = async |workspaces: &Workspaces, name: &str| sh(workspaces, &mina, &format!("cat ~/{name}")).await.0 == 0;
    let again = async |workspaces: &Workspaces, before: Option<Timestamp>| {
        until(workspaces, &mina, |view| view.state == State::Ready && view.started_at != before).await.started_at
    };
    sh(&workspaces, &mina, "echo 1 >~/first").await;
    let mut started = workspaces.get(&mina).await.unwrap().started_at;

    // Asked for many times at once it is one reset.
    let many = futures_util::future::join_all((0..10).map(|_| workspaces.reset(&mina))).await;
    assert!(many.iter().all(Result::is_ok));
    started = again(&workspaces, started).await;
    assert!(!has(&workspaces, "first").await);
    assert_eq!(installation.volumes().len(), 2);
    assert!(workspaces.get(&mina).await.unwrap().undo_until > Some(Timestamp::now()));
    sh(&workspaces, &mina, "echo 2 >~/second").await;

    workspaces.undo_reset(&mina, None).await.unwrap();
    started = again(&workspaces, started).await;
    assert!(has(&workspaces, "first").await && !has(&workspaces, "second").await);
    // What the undo put aside is not lost either.
    let homes = workspaces.previous_homes(&mina).await.unwrap();
    workspaces.undo_reset(&mina, Some(homes[0].home)).await.unwrap();
    again(&workspaces, started).await;
    assert!(!has(&workspaces, "first").await && has(&workspaces, "second").await);
    assert_eq!(installation.containers().await.len(), 1);

    // A server that dies between the reset and the container: the next one finishes it.
    workspaces.shut_down().await;
    let row = installation.store.ensure_workspace(&mina.id).await.unwrap();
    assert!(installation.store.renew_home(&row.id, row.home, 0).await.unwrap());
    installation.config.undo_for = Duration::ZERO;
    let (workspaces, _inbound) = installation.open().await;
    ready(&workspaces, &mina).await;
    assert!(!has(&workspaces, "first").await && !has(&workspaces, "second").await);
    workspaces.shut_down().await;
    // That one's time was over, so it goes as soon as no container has it; the first has its week.
    let (workspaces, _inbound) = installation.open().await;
    let gone = installation.engine.name(&format!("home-mina.{}", row.home));
    let began = Instant::now();
    while installation.volumes().contains(&gone) {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", installation.volumes());
        sleep(Duration::from_millis(200)).await;
    }
    assert!(installation.volumes().contains(&installation.engine.name("home-mina")));
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_its_owners_way() {
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let first = ready(&workspaces, &mina).await.started_at;
    assert_eq!(sh(&workspaces, &mina, "echo 'exit 1' >~/.bash_profile && chmod 000 ~").await.0, 0);
    workspaces.restart(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Ready && view.started_at != first).await;
    until(&workspaces, &mina, |view| view.safe_mode == Some(SafeReason::ShellBroken)).await;
    assert_eq!(sh(&workspaces, &mina, "echo 'while :; do :; done' >~/.bash_profile").await.0, 0);
    workspaces.restart(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Ready && view.safe_mode.is_none()).await;
    until(&workspaces, &mina, |view| view.safe_mode == Some(SafeReason::ShellBroken)).await;
    assert_eq!(sh(&workspaces, &mina, "rm ~/.bash_profile").await.0, 0);
    workspaces.restart(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Ready && view.safe_mode.is_none()).await;
    sleep(Duration::from_secs(4)).await;
    assert_eq!(workspaces.get(&mina).await.unwrap().safe_mode, None);
    installation.close(workspaces).await;
}

/// An agent that ends at once until it was started this often; it counts in the home.
fn fails(installation: &mut Installation, times: u32) {
    std::fs::create_dir_all(&installation.config.tools).unwrap();
    std::fs::copy(agent(), installation.config.tools.join("real-agent")).unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = dial ] && exec /opt/maru/bin/real-agent \"$@\"\nn=$(cat ~/n || echo 0); echo $((n + 1)) >~/n\n\
         [ $n -ge {times} ] && exec /opt/maru/bin/real-agent \"$@\"\necho this is broken >&2; exit 7\n"
    );
    let path = installation.data.join("agent");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    installation.config.agent = path;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_failed_starts_lead_to_a_safe_one() {
    let mut installation = Installation::new().await;
    fails(&mut installation, 2);
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let view = until(&workspaces, &mina, |view| view.state == State::Ready).await;
    assert_eq!(view.safe_mode, Some(SafeReason::StartsFailed));
    assert_eq!(sh(&workspaces, &mina, "cat ~/n").await.1, "3");
    // The next one is as always.
    workspaces.restart(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Ready && view.safe_mode.is_none()).await;
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_always_fails_ends_and_says_why() {
    let mut installation = Installation::new().await;
    fails(&mut installation, 1000);
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let mut failures = 0;
    let mut views = workspaces.subscribe(&mina).await.unwrap();
    let view = loop {
        let view = views.borrow_and_update().clone();
        if view.state == State::Failed {
            failures += 1;
            sleep(Duration::from_secs(2)).await;
            if workspaces.get(&mina).await.unwrap().state == State::Failed {
                break view;
            }
        }
        views.changed().await.unwrap();
    };
    let cause = view.cause.unwrap();
    assert!(cause.en.contains("exit code 7") && cause.en.contains("this is broken"), "{cause}");
    assert!(failures <= 3);
    // Out of it: whatever it was, the container is gone and the home is there.
    workspaces.force_stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    assert_eq!((installation.containers().await.len(), installation.volumes().len()), (0, 1));
    installation.close(workspaces).await;
}

/// The connect phase's own deadline is a minute: here is that nobody has to wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_never_answers_can_be_given_up() {
    let mut installation = Installation::new().await;
    let path = installation.data.join("agent");
    std::fs::write(&path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    installation.config.agent = path;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    for force in [false, true] {
        workspaces.ensure(&mina).await.unwrap();
        let view = until(&workspaces, &mina, |view| view.phase == Some(Phase::Connect)).await;
        assert_eq!(view.state, State::Starting);
        let left = view.deadline.unwrap().duration_since(Timestamp::now()).as_secs_f64();
        assert!((50.0..=60.0).contains(&left), "{left} s are left");
        assert!(workspaces.agent(&mina.id).await.is_err());
        let given_up = Instant::now();
        if force {
            workspaces.force_stop(&mina).await.unwrap();
        } else {
            workspaces.cancel(&mina).await.unwrap();
        }
        until(&workspaces, &mina, |view| view.state == State::Stopped).await;
        assert!(given_up.elapsed() < Duration::from_secs(15), "{:?}", given_up.elapsed());
        let running = installation.containers().await.into_iter().filter(|of| of.state == Some(models::ContainerSummaryStateEnum::RUNNING));
        assert_eq!(running.count(), 0);
    }
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_of_somebody_else_is_not_taken_over() {
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let name = installation.engine.name("ws-mina");
    let labels = installation.engine.labels("workspace").into_iter().chain([("maru.workspace".to_owned(), "another".to_owned())]);
    let spec = models::ContainerCreateBody {
        image: Some(image()),
        cmd: Some(vec!["sleep".to_owned(), "300".to_owned()]),
        labels: Some(labels.collect()),
        ..Default::default()
    };
    let theirs = installation.engine.create_container(&name, spec).await.unwrap();
    installation.engine.start_container(&name).await.unwrap();
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    let containers = installation.containers().await;
    assert_eq!(containers.len(), 1);
    assert_ne!(containers[0].id.as_deref(), Some(theirs.as_str()));
    installation.close(workspaces).await;
}
