//! Snapshots of real homes in real containers: taken, listed, looked into, restored.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use maru_protocol::snapshot::RestoreReport;
use maru_workspace::{Done, Owner, RestoreWanted, Snapshot, SnapshotReason, Snapshots, State, WorkspaceError, Workspaces};
use support::{Installation, LONG, ready, sh, until};
use tokio::time::sleep;

async fn take(workspaces: &Workspaces, owner: &Owner) -> Snapshot {
    match workspaces.take_snapshot(owner, Some("mine".to_owned()), LONG).await.unwrap() {
        Done::Now(snapshot) => snapshot,
        Done::Later => panic!("it takes too long"),
    }
}

async fn restore(workspaces: &Workspaces, owner: &Owner, of: &Snapshot, wanted: RestoreWanted) -> RestoreReport {
    match workspaces.restore_snapshot(owner, &of.id, wanted, LONG).await.unwrap() {
        Done::Now(report) => {
            assert!(report.failed.is_empty(), "{report:?}");
            report
        }
        Done::Later => panic!("it takes too long"),
    }
}

async fn file(workspaces: &Workspaces, owner: &Owner, of: &Snapshot, path: &str) -> Vec<u8> {
    let mut content = workspaces.snapshot_file(owner, &of.id, path).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = content.pieces.recv().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    bytes
}

async fn list(workspaces: &Workspaces, owner: &Owner) -> Vec<SnapshotReason> {
    workspaces.snapshots(owner).await.unwrap().snapshots.iter().map(|snapshot| snapshot.reason).collect()
}

async fn run(workspaces: &Workspaces, owner: &Owner, script: &str) -> String {
    let (code, said) = sh(workspaces, owner, script).await;
    assert_eq!(code, 0, "{script}: {said}");
    said
}

const HOME: &str = "cd ~ && mkdir -p p/src p/node_modules .cache && echo one >p/src/a && echo two >p/src/b && ln -s src/a p/link && \
    chmod 700 p/src && echo m >p/node_modules/m && head -c 3000000 /dev/urandom >big && echo '한글' >'p/한글 %.txt'";

#[tokio::test(flavor = "multi_thread")]
async fn taken_looked_into_and_restored() {
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    assert!(matches!(workspaces.take_snapshot(&mina, None, LONG).await, Err(WorkspaceError::NoHome)));
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    run(&workspaces, &mina, HOME).await;
    let first = take(&workspaces, &mina).await;
    assert_eq!((first.reason, first.name.as_deref(), first.unsettled, first.left_out), (SnapshotReason::Manual, Some("mine"), 0, 0));
    assert!(first.added_bytes > 3_000_000 && first.bytes > 3_000_000, "{first:?}");

    // Only changes cost.
    run(&workspaces, &mina, "cd ~ && echo three >>big && rm p/src/b && echo new >p/new").await;
    let second = take(&workspaces, &mina).await;
    assert_eq!((second.changes.added, second.changes.changed, second.changes.removed), (1, 1, 1));
    assert!(second.added_bytes < 1_100_000, "{second:?}");
    let began = Instant::now();
    let third = take(&workspaces, &mina).await;
    println!("a snapshot of no change took {:?}", began.elapsed());
    assert_eq!((third.added_bytes, third.changes.changed), (0, 0));

    // Looked into.
    let names: Vec<String> = workspaces.snapshot_folder(&mina, &first.id, "p").await.unwrap().into_iter().map(|node| node.path).collect();
    assert_eq!(names, ["p/src", "p/link", "p/한글 %25.txt"]);
    assert_eq!(file(&workspaces, &mina, &first, "p/src/b").await, b"two\n");
    assert_eq!(file(&workspaces, &mina, &first, "big").await.len(), 3_000_000);
    assert!(matches!(workspaces.snapshot_file(&mina, &first.id, "p").await, Err(WorkspaceError::NotInSnapshot { .. })));
    assert!(matches!(workspaces.snapshot_folder(&mina, &first.id, "x").await, Err(WorkspaceError::NotInSnapshot { .. })));

    // Some of it, elsewhere and in place; nothing else is touched.
    let some = |paths: &[&str], to: Option<&str>| RestoreWanted {
        paths: Some(paths.iter().map(|path| (*path).to_owned()).collect()),
        to: to.map(str::to_owned),
    };
    restore(&workspaces, &mina, &first, some(&["p/src", "p/한글 %.txt"], Some("old"))).await;
    assert_eq!(run(&workspaces, &mina, "cd ~ && cat old/src/b 'old/한글 %.txt' && ls p/src").await, "two\n한글\na");
    let report = restore(&workspaces, &mina, &first, some(&["p/src/b"], None)).await;
    assert_eq!((report.files, report.trashed), (1, 0));
    assert!(matches!(
        workspaces.restore_snapshot(&mina, &first.id, some(&["nothing"], None), LONG).await,
        Err(WorkspaceError::NotInSnapshot { .. })
    ));

    // All of it: what was not there goes to the trash, caches stay, and what is replaced is in a snapshot.
    run(&workspaces, &mina, "cd ~ && echo unsaved >p/src/a && rm p/link && mkdir p/link").await;
    let report = restore(&workspaces, &mina, &first, RestoreWanted::default()).await;
    println!("{report:?}");
    let said = run(
        &workspaces,
        &mina,
        "cd ~ && cat p/src/a p/src/b p/node_modules/m && wc -c <big && readlink p/link && stat -c %a p/src && ls p old 2>&1; true",
    )
    .await;
    assert_eq!(
        said,
        "one\ntwo\nm\n3000000\nsrc/a\n700\nls: cannot access 'old': No such file or directory\np:\nlink\nnode_modules\nsrc\n한글 %.txt"
    );
    assert_eq!(run(&workspaces, &mina, "cat ~/.local/share/Trash/files/new ~/.local/share/Trash/files/old/src/b").await, "new\ntwo");
    let before = &workspaces.snapshots(&mina).await.unwrap().snapshots[0];
    assert_eq!((before.reason, file(&workspaces, &mina, before, "p/src/a").await), (SnapshotReason::Restore, b"unsaved\n".to_vec()));

    // Stopped, it goes as well: through a container of its own, which is gone after it.
    workspaces.stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    restore(&workspaces, &mina, &second, RestoreWanted::default()).await;
    let at_rest = take(&workspaces, &mina).await;
    assert_eq!((at_rest.files, at_rest.bytes), (second.files, second.bytes));
    // A start waits for that.
    let (taken, started) = tokio::join!(take(&workspaces, &mina), workspaces.ensure(&mina));
    started.unwrap();
    ready(&workspaces, &mina).await;
    assert_eq!(taken.files, second.files);
    assert_eq!(run(&workspaces, &mina, "cd ~ && cat p/new && ls p/src").await, "new\na");
    assert!(installation.engine.list_containers("snapshot").await.unwrap().is_empty());

    // Another server finds them; somebody else has none of them.
    let all = list(&workspaces, &mina).await;
    workspaces.shut_down().await;
    let (workspaces, _inbound) = installation.open().await;
    assert_eq!(list(&workspaces, &mina).await, all);
    let eve = installation.user("eve").await;
    assert!(list(&workspaces, &eve).await.is_empty());
    assert!(matches!(workspaces.snapshot_details(&eve, &first.id).await, Err(WorkspaceError::NoSnapshot)));
    assert!(matches!(workspaces.restore_snapshot(&eve, &first.id, RestoreWanted::default(), LONG).await, Err(WorkspaceError::NoSnapshot)));
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_a_container_is_made_anew_and_by_the_clock() {
    let mut installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let mut started = ready(&workspaces, &mina).await.started_at;
    let again = async |workspaces: &Workspaces, before| {
        until(workspaces, &mina, |view| view.state == State::Ready && view.started_at != before).await.started_at
    };
    run(&workspaces, &mina, "echo 1 >~/first").await;
    workspaces.recreate(&mina).await.unwrap();
    started = again(&workspaces, started).await;
    assert_eq!(list(&workspaces, &mina).await, [SnapshotReason::Recreate]);
    workspaces.reset(&mina).await.unwrap();
    started = again(&workspaces, started).await;
    assert_eq!(list(&workspaces, &mina).await, [SnapshotReason::Reset, SnapshotReason::Recreate]);
    let of_the_old = workspaces.snapshots(&mina).await.unwrap().snapshots.remove(0);
    assert_eq!(file(&workspaces, &mina, &of_the_old, "first").await, b"1\n");

    // Out of the home that was put aside, into the new one.
    restore(&workspaces, &mina, &of_the_old, RestoreWanted { paths: Some(vec!["first".to_owned()]), to: None }).await;
    assert_eq!(run(&workspaces, &mina, "cat ~/first").await, "1");

    // Of one that does not run.
    workspaces.force_stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    workspaces.reset(&mina).await.unwrap();
    started = again(&workspaces, started).await;
    let newest = workspaces.snapshots(&mina).await.unwrap().snapshots.remove(0);
    assert_eq!((newest.reason, newest.home), (SnapshotReason::Reset, 1));

    // One that cannot be taken holds up nobody, and is told.
    let folder = installation.config.snapshots.folder.join(mina.id.as_str());
    std::fs::rename(&folder, folder.with_extension("away")).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    workspaces.recreate(&mina).await.unwrap();
    again(&workspaces, started).await;
    assert!(workspaces.get(&mina).await.unwrap().snapshot_trouble.is_some());
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(folder.with_extension("away"), &folder).unwrap();
    take(&workspaces, &mina).await;
    assert!(workspaces.get(&mina).await.unwrap().snapshot_trouble.is_none());
    workspaces.shut_down().await;

    // By the clock where something has changed, and only then.
    installation.config.snapshots.every = Duration::from_millis(1500);
    let (workspaces, _inbound) = installation.open().await;
    ready(&workspaces, &mina).await;
    let hourly = async |workspaces: &Workspaces| {
        list(workspaces, &mina).await.into_iter().filter(|reason| *reason == SnapshotReason::Hourly).count()
    };
    sleep(Duration::from_secs(5)).await;
    assert_eq!(hourly(&workspaces).await, 0, "nothing had changed");
    run(&workspaces, &mina, "echo 2 >~/second").await;
    let began = Instant::now();
    while hourly(&workspaces).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(200)).await;
    }
    sleep(Duration::from_secs(4)).await;
    assert_eq!(hourly(&workspaces).await, 1);
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_much_goes() {
    let mut installation = Installation::new().await;
    installation.config.snapshots.retention.bytes = 6 << 20;
    installation.config.snapshots.largest_file = 3 << 20;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    run(&workspaces, &mina, "head -c 4000000 /dev/urandom >~/too-large").await;
    let mut last = None;
    for _ in 0..6 {
        run(&workspaces, &mina, "head -c 2000000 /dev/urandom >~/noise").await;
        last = Some(take(&workspaces, &mina).await);
    }
    let last = last.unwrap();
    let Snapshots { snapshots, bytes, .. } = workspaces.snapshots(&mina).await.unwrap();
    assert!((2..=3).contains(&snapshots.len()) && bytes < 7 << 20, "{bytes} {snapshots:?}");
    for snapshot in &snapshots {
        assert_eq!(file(&workspaces, &mina, snapshot, "noise").await.len(), 2_000_000);
    }
    let details = workspaces.snapshot_details(&mina, &last.id).await.unwrap();
    assert_eq!(details.left_out[0].path, "too-large");
    assert_eq!(details.snapshot.left_out, 1);
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_goes_on_for_a_workspace_that_nobody_uses() {
    let mut installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let mut started = ready(&workspaces, &mina).await.started_at;
    take(&workspaces, &mina).await;
    for _ in 0..2 {
        workspaces.recreate(&mina).await.unwrap();
        started = until(&workspaces, &mina, |view| view.state == State::Ready && view.started_at != started).await.started_at;
    }
    workspaces.stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    assert_eq!(list(&workspaces, &mina).await, [SnapshotReason::Recreate, SnapshotReason::Recreate, SnapshotReason::Manual]);
    workspaces.shut_down().await;

    // A term later, as it were.
    let snapshots = &mut installation.config.snapshots;
    snapshots.tidy_every = Duration::from_millis(300);
    (snapshots.retention.all, snapshots.retention.daily, snapshots.retention.weekly) = Default::default();
    let (workspaces, _inbound) = installation.open().await;
    let began = Instant::now();
    while list(&workspaces, &mina).await.len() > 2 {
        assert!(began.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(100)).await;
    }
    // The newest stays, and what somebody wanted.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(list(&workspaces, &mina).await, [SnapshotReason::Recreate, SnapshotReason::Manual]);
    assert_eq!(workspaces.get(&mina).await.unwrap().state, State::Stopped);
    installation.close(workspaces).await;
}
