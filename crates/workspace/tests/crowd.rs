//! Many at once: a class at nine, and one who presses everything.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use maru_workspace::State;
use support::{Installation, ready, until};
use tokio::task::JoinSet;

const CLASS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_class_of_forty_starts_in_its_turn() {
    let mut installation = Installation::new().await;
    installation.config.parallel_starts = 4;
    installation.config.limits.memory = 64 << 20;
    let (workspaces, _inbound) = installation.open().await;
    let began = Instant::now();
    let (longest, starting) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut class = JoinSet::new();
    for n in 0..CLASS {
        let (workspaces, student) = (workspaces.clone(), installation.user(&format!("student-{n}")).await);
        let (longest, starting) = (longest.clone(), starting.clone());
        class.spawn(async move {
            let mut views = workspaces.subscribe(&student).await.unwrap();
            workspaces.ensure(&student).await.unwrap();
            loop {
                let view = views.borrow_and_update().clone();
                match view.state {
                    State::Queued => drop(longest.fetch_max(view.position.map_or(0, |position| position + 1), Ordering::Relaxed)),
                    State::Starting => drop(starting.fetch_add(1, Ordering::Relaxed)),
                    State::Ready => return,
                    other => assert_eq!(other, State::Stopped, "{view:?}"),
                }
                views.changed().await.unwrap();
            }
        });
    }
    // One who gives up leaves the line; the others go on.
    let late = installation.user("late").await;
    workspaces.ensure(&late).await.unwrap();
    until(&workspaces, &late, |view| view.state == State::Queued && view.position.is_some()).await;
    workspaces.cancel(&late).await.unwrap();
    until(&workspaces, &late, |view| view.state == State::Stopped).await;
    tokio::time::timeout(Duration::from_secs(300), class.join_all()).await.expect("the class has not started");
    eprintln!("{CLASS} workspaces, 4 at a time: {:?}; the longest line seen: {}", began.elapsed(), longest.load(Ordering::Relaxed));
    assert!(longest.load(Ordering::Relaxed) > 10);
    assert!(starting.load(Ordering::Relaxed) > 0);
    assert_eq!(installation.containers().await.len(), CLASS);
    // What is ready has nothing to cancel.
    let first = installation.user("student-0").await;
    workspaces.cancel(&first).await.unwrap();
    assert_eq!(workspaces.get(&first).await.unwrap().state, State::Ready);
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_requests_end_in_the_last_intention() {
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    for runs in [true, false] {
        let mut asking = JoinSet::new();
        for n in 0..200 {
            let (workspaces, mina) = (workspaces.clone(), mina.clone());
            asking.spawn(async move {
                tokio::time::sleep(Duration::from_millis(n % 7 * 40)).await;
                match n % 5 {
                    0 => workspaces.ensure(&mina).await,
                    1 => workspaces.stop(&mina).await,
                    2 => workspaces.restart(&mina).await,
                    3 => workspaces.force_stop(&mina).await,
                    _ => workspaces.recreate(&mina).await,
                }
                .unwrap();
            });
        }
        asking.join_all().await;
        if runs {
            workspaces.ensure(&mina).await.unwrap();
            ready(&workspaces, &mina).await;
        } else {
            workspaces.stop(&mina).await.unwrap();
            until(&workspaces, &mina, |view| view.state == State::Stopped).await;
        }
        // And so it stays.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let wanted = if runs { State::Ready } else { State::Stopped };
        assert_eq!(workspaces.get(&mina).await.unwrap().state, wanted);
        let containers = installation.containers().await;
        assert!(containers.len() <= 1, "{containers:?}");
        let running =
            containers.iter().filter(|container| container.state == Some(maru_engine::models::ContainerSummaryStateEnum::RUNNING));
        assert_eq!(running.count(), usize::from(runs));
    }
    assert_eq!(installation.volumes().len(), 1);
    installation.close(workspaces).await;
}
