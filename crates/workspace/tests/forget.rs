//! A user who is removed: all of theirs goes, nothing of anybody else's.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use maru_workspace::{Done, State};
use support::{Installation, LONG, ready, sh, until};

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn container_homes_and_snapshots_go_with_their_user() {
    let mut installation = Installation::new().await;
    installation.config.homes = Some(installation.data.join("homes"));
    // The least that there may be, which is too little for as many files as there may be.
    installation.config.limits.disk = 64 << 20;
    let (mina, jun) = (installation.user("mina").await, installation.user("jun").await);
    let (workspaces, _inbound) = installation.open().await;
    for owner in [&mina, &jun] {
        workspaces.ensure(owner).await.unwrap();
        ready(&workspaces, owner).await;
        sh(&workspaces, owner, "echo kept >~/work").await;
        assert!(matches!(workspaces.take_snapshot(owner, None, LONG).await.unwrap(), Done::Now(_)));
    }
    // A home that a reset has put aside is hers as well.
    let before = workspaces.get(&mina).await.unwrap().started_at;
    workspaces.reset(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Ready && view.started_at != before).await;
    assert_eq!(installation.volumes().len(), 3);

    // Of two who remove it at once one does, and nobody starts it meanwhile.
    let (first, second, asked) = tokio::join!(workspaces.forget(&mina), workspaces.forget(&mina), workspaces.ensure(&mina));
    assert!(first.is_ok() && second.is_err(), "{first:?} {second:?} {asked:?}");
    let logins: Vec<String> = workspaces.list().iter().map(|(owner, _)| owner.login.to_string()).collect();
    assert_eq!(logins, ["jun"]);
    assert_eq!(installation.store.workspaces().await.unwrap().len(), 1);
    assert_eq!(installation.volumes(), [installation.engine.name("home-jun")]);
    assert_eq!(names(&installation.config.snapshots.folder), [jun.id.to_string()]);
    let disks = names(installation.config.homes.as_ref().unwrap());
    assert!(disks.iter().all(|disk| disk.contains("home-jun")), "{disks:?}");
    assert_eq!(installation.containers().await.len(), 1);
    assert_eq!(sh(&workspaces, &jun, "cat ~/work").await.1, "kept");

    // Once more is fine, and who comes back under the same name begins anew.
    workspaces.forget(&mina).await.unwrap();
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    assert_eq!(sh(&workspaces, &mina, "ls ~").await, (0, String::new()));
    assert!(workspaces.snapshots(&mina).await.unwrap().snapshots.is_empty());
    // One that stands still goes as well.
    workspaces.stop(&mina).await.unwrap();
    until(&workspaces, &mina, |view| view.state == State::Stopped).await;
    workspaces.forget(&mina).await.unwrap();
    assert_eq!((installation.containers().await.len(), installation.volumes().len()), (1, 1));
    installation.close(workspaces).await;
}
