//! What a program can fill is filled: memory, processes, home. Its owner is told which and by whom, the agent goes on, and
//! the workspace beside it does not notice: what it waits for its echoes meanwhile is printed, beside what it waits in peace.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use maru_workspace::{Notice, NoticeKind, Owner, Workspaces};
use std::time::Duration;

use support::typist::Typist;
use support::{Installation, ready, sh, until};

async fn told(workspaces: &Workspaces, owner: &Owner, kind: NoticeKind) -> Notice {
    let view = until(workspaces, owner, |view| view.notices.iter().any(|notice| notice.kind == kind)).await;
    view.notices.into_iter().find(|notice| notice.kind == kind).unwrap()
}

/// The agent is the one that was there, and does all that it is for: runs programs, saves, reads.
async fn is_well(workspaces: &Workspaces, owner: &Owner, began: Option<jiff::Timestamp>) {
    assert_eq!(sh(workspaces, owner, "echo $((6 * 7))").await, (0, "42".to_owned()));
    let view = workspaces.get(owner).await.unwrap();
    assert_eq!((view.started_at, view.cause), (began, None), "it was started again");
}

/// What is done to one workspace, and what the other waits for its echoes meanwhile.
async fn beside<T>(what: &str, workspaces: &Workspaces, other: &Owner, bomb: impl Future<Output = T>) -> T {
    let typist = Typist::start(workspaces, other).await;
    let done = bomb.await;
    let times = typist.stop().await;
    let share = |hundredths: usize| times[(times.len() * hundredths / 100).min(times.len() - 1)];
    eprintln!(
        "{what}: {} echoes of the other workspace, p50 {:?}, p95 {:?}, all within {:?}",
        times.len(),
        share(50),
        share(95),
        share(100)
    );
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_processes_and_home_run_out() {
    let mut installation = Installation::new().await;
    installation.config.homes = Some(installation.data.join("homes"));
    let limits = &mut installation.config.limits;
    (limits.pids, limits.disk, limits.inodes) = (64, 64 << 20, 2000);
    let (mina, jun) = (installation.user("mina").await, installation.user("jun").await);
    let (workspaces, _inbound) = installation.open().await;
    for owner in [&mina, &jun] {
        workspaces.ensure(owner).await.unwrap();
    }
    let began = ready(&workspaces, &mina).await.started_at;
    let jun_began = ready(&workspaces, &jun).await.started_at;

    beside("in peace", &workspaces, &jun, tokio::time::sleep(Duration::from_secs(3))).await;

    // Memory, as fast as it goes but for a moment in which it can be seen.
    let bomb = r#"perl -e 'my @a; while (1) { push @a, "x" x (1 << 20); select(undef, undef, undef, 0.004) }'; echo $?"#;
    let (code, words) = beside("memory", &workspaces, &jun, sh(&workspaces, &mina, bomb)).await;
    assert_eq!(code, 0, "{words}");
    assert!(words.starts_with("137"), "{words}");
    let notice = told(&workspaces, &mina, NoticeKind::OutOfMemory).await;
    assert_eq!((notice.process.as_deref(), notice.limit), (Some("perl"), 256 << 20), "{notice:?}");
    assert!(notice.size.unwrap() > 100 << 20, "{notice:?}");
    is_well(&workspaces, &mina, began).await;

    // Bytes and files, again and again. What is full for a moment only nobody sees: the last time it stays so until it is told.
    let bomb = "for i in $(seq 10); do rm -f ~/big; dd if=/dev/zero of=~/big bs=1M count=200; done 2>&1 | grep -c 'No space left'";
    assert_eq!(beside("disk", &workspaces, &jun, sh(&workspaces, &mina, bomb)).await, (0, "10".to_owned()));
    told(&workspaces, &mina, NoticeKind::DiskFull).await;
    let bomb = "rm ~/big; mkdir ~/many && for i in $(seq 5000); do : >~/many/$i || break; done 2>&1 | grep -c 'No space left'";
    assert_eq!(beside("inodes", &workspaces, &jun, sh(&workspaces, &mina, bomb)).await, (0, "1".to_owned()));
    told(&workspaces, &mina, NoticeKind::InodesFull).await;
    assert_eq!(sh(&workspaces, &mina, "rm -r ~/many").await, (0, String::new()));
    is_well(&workspaces, &mina, began).await;

    // Processes that make processes. They are many while this asks.
    let bomb = "setsid bash -c 'f() { sleep 30 & f 2>/dev/null; }; f' >/dev/null 2>&1 &";
    let until_told = async {
        sh(&workspaces, &mina, bomb).await;
        told(&workspaces, &mina, NoticeKind::TooManyProcesses).await
    };
    let notice = beside("processes", &workspaces, &jun, until_told).await;
    assert_eq!(notice.limit, 64, "{notice:?}");
    assert!(notice.process.is_some() && notice.size.unwrap() > 20, "{notice:?}");
    // The agent starts no thread for this.
    let link = workspaces.agent(&mina.id).await.unwrap();
    assert!(link.get_json::<serde_json::Value>("/tree/").await.is_ok());
    assert!(link.get_json::<serde_json::Value>("/stats").await.is_ok());

    is_well(&workspaces, &jun, jun_began).await;
    assert!(workspaces.get(&jun).await.unwrap().notices.is_empty());
    workspaces.restart(&mina).await.unwrap();
    let view = until(&workspaces, &mina, |view| view.started_at.is_some() && view.started_at != began).await;
    assert!(view.notices.is_empty());
    is_well(&workspaces, &mina, view.started_at).await;
    installation.close(workspaces).await;
}
