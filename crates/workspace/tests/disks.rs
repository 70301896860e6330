//! Homes that are held to their size, and those from before there were limits.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use jiff::Timestamp;
use maru_workspace::{HomeKind, NoticeKind, Owner, SafeReason, State, WorkspaceView, Workspaces};
use support::{Installation, ready, sh, until};

async fn put(workspaces: &Workspaces, owner: &Owner, path: &str, body: Vec<u8>) -> (u16, String) {
    let link = workspaces.agent(&owner.id).await.unwrap();
    let request = Request::put(format!("/files/{path}")).body(Full::new(Bytes::from(body))).unwrap();
    let answer = link.request(request).await.unwrap();
    let status = answer.status().as_u16();
    (status, String::from_utf8_lossy(&answer.into_body().collect().await.unwrap().to_bytes()).into_owned())
}

async fn again(workspaces: &Workspaces, owner: &Owner, before: Option<Timestamp>) -> WorkspaceView {
    until(workspaces, owner, |view| view.state == State::Ready && view.started_at != before).await
}

fn kinds(view: &WorkspaceView) -> Vec<NoticeKind> {
    view.notices.iter().map(|notice| notice.kind).collect()
}

/// Disks that are open although nothing has them mounted would stay for ever.
fn open_disks(folder: &Path) -> Vec<String> {
    let listed = Command::new("losetup").args(["--list", "--noheadings", "--output", "AUTOCLEAR,BACK-FILE"]).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    text.lines().filter(|line| line.contains(folder.to_str().unwrap())).map(|line| line.trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_holds_so_much_and_no_more() {
    let mut installation = Installation::new().await;
    installation.config.homes = Some(installation.data.join("homes"));
    (installation.config.limits.disk, installation.config.limits.inodes) = (64 << 20, 2000);
    let (mina, jun) = (installation.user("mina").await, installation.user("jun").await);
    let (workspaces, _inbound) = installation.open().await;
    for owner in [&mina, &jun] {
        workspaces.ensure(owner).await.unwrap();
    }
    let view = ready(&workspaces, &mina).await;
    ready(&workspaces, &jun).await;
    assert!(matches!(view.home, Some(HomeKind::Image | HomeKind::Quota)), "{view:?}");
    assert_eq!(sh(&workspaces, &mina, "ls -A ~ | grep lost; stat -c %u ~").await.1, "1000");
    let open = open_disks(&installation.data);
    assert!(open.iter().all(|line| line.starts_with('1')), "{open:?}");

    // Bytes.
    assert_eq!(put(&workspaces, &mina, "kept", b"as it was".to_vec()).await.0, 201);
    let (code, words) = sh(&workspaces, &mina, "dd if=/dev/zero of=~/big bs=1M count=200").await;
    assert!(code != 0 && words.contains("No space left"), "{words}");
    let view = until(&workspaces, &mina, |view| kinds(view).contains(&NoticeKind::DiskFull)).await;
    let limit = view.notices.last().unwrap().limit;
    assert!((40 << 20..=64 << 20).contains(&limit), "{limit}");
    let (status, problem) = put(&workspaces, &mina, "kept", vec![b'x'; 20 << 20]).await;
    assert_eq!(status, 507, "{problem}");
    assert_eq!(sh(&workspaces, &mina, "cat ~/kept; rm ~/big").await, (0, "as it was".to_owned()));
    assert_eq!(put(&workspaces, &mina, "kept", b"as it is".to_vec()).await.0, 204);

    // Files, however small.
    let (code, words) = sh(&workspaces, &mina, "mkdir ~/many && cd ~/many && for i in $(seq 3000); do : >$i || exit 1; done").await;
    assert!(code != 0 && words.contains("No space left"), "{words}");
    until(&workspaces, &mina, |view| kinds(view).contains(&NoticeKind::InodesFull)).await;
    let (status, problem) = put(&workspaces, &mina, "another", b"x".to_vec()).await;
    assert_eq!(status, 507, "{problem}");
    sh(&workspaces, &mina, "rm -r ~/many").await;
    assert_eq!(put(&workspaces, &mina, "another", b"x".to_vec()).await.0, 201);
    assert!(workspaces.get(&jun).await.unwrap().notices.is_empty());
    assert_eq!(sh(&workspaces, &jun, "touch ~/mine && ls ~").await, (0, "mine".to_owned()));

    // Stopped, started, made anew, put aside and given back: it is the same home.
    workspaces.stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    workspaces.ensure(&mina).await.unwrap();
    let mut started = ready(&workspaces, &mina).await.started_at;
    assert_eq!(sh(&workspaces, &mina, "cat ~/kept").await.1, "as it is");
    workspaces.reset(&mina).await.unwrap();
    started = again(&workspaces, &mina, started).await.started_at;
    assert_ne!(sh(&workspaces, &mina, "cat ~/kept").await.0, 0);
    workspaces.undo_reset(&mina, None).await.unwrap();
    started = again(&workspaces, &mina, started).await.started_at;
    assert_eq!(sh(&workspaces, &mina, "cat ~/kept").await.1, "as it is");
    workspaces.shut_down().await;

    // Larger from the next start on, by another server that adopts it first.
    installation.config.limits.disk = 160 << 20;
    installation.config.undo_for = std::time::Duration::ZERO;
    let (workspaces, _inbound) = installation.open().await;
    assert_eq!(ready(&workspaces, &mina).await.started_at, started);
    workspaces.restart(&mina).await.unwrap();
    let view = again(&workspaces, &mina, started).await;
    if view.home == Some(HomeKind::Image) {
        let (code, words) = sh(&workspaces, &mina, "cat ~/kept; dd if=/dev/zero of=~/big bs=1M count=110 && rm ~/big").await;
        assert_eq!(code, 0, "{words}");
    }
    let data = installation.data.clone();
    installation.close(workspaces).await;
    assert_eq!(open_disks(&data), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_home_starts_in_safe_mode_and_its_largest_files_are_named() {
    let mut installation = Installation::new().await;
    installation.config.homes = Some(installation.data.join("homes"));
    (installation.config.limits.disk, installation.config.limits.inodes) = (64 << 20, 2000);
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let mut started = ready(&workspaces, &mina).await.started_at;
    let fill = "mkdir ~/data && dd if=/dev/zero of=~/data/large bs=1M count=20; dd if=/dev/zero of=~/data/larger bs=1M count=200";
    let (code, words) = sh(&workspaces, &mina, fill).await;
    assert!(code != 0 && words.contains("No space left"), "{words}");
    workspaces.restart(&mina).await.unwrap();
    let full = until(&workspaces, &mina, |view| view.started_at != started && view.safe_mode.is_some()).await;
    assert_eq!((full.state, full.safe_mode), (State::Ready, Some(SafeReason::HomeFull)));
    let link = workspaces.agent(&mina.id).await.unwrap();
    let named: serde_json::Value = link.get_json("/biggest?limit=2").await.unwrap();
    assert_eq!((&named[0]["path"], &named[1]["path"]), (&"data/larger".into(), &"data/large".into()), "{named}");
    assert!((20 << 20..=21 << 20).contains(&named[1]["size"].as_i64().unwrap()), "{named}");

    // With room again it starts as always.
    assert_eq!(sh(&workspaces, &mina, "rm ~/data/larger").await.0, 0);
    started = full.started_at;
    workspaces.restart(&mina).await.unwrap();
    again(&workspaces, &mina, started).await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(workspaces.get(&mina).await.unwrap().safe_mode, None);
    installation.close(workspaces).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_from_before_there_were_limits_stays_as_it_is() {
    let mut installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let started = ready(&workspaces, &mina).await.started_at;
    sh(&workspaces, &mina, "echo kept >~/work").await;
    workspaces.shut_down().await;

    installation.config.homes = Some(installation.data.join("homes"));
    let (workspaces, _inbound) = installation.open().await;
    ready(&workspaces, &mina).await;
    workspaces.recreate(&mina).await.unwrap();
    let view = again(&workspaces, &mina, started).await;
    assert_eq!(view.home, Some(HomeKind::Shared));
    assert_eq!(sh(&workspaces, &mina, "cat ~/work").await.1, "kept");
    installation.close(workspaces).await;
}
