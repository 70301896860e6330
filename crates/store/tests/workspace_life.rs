//! What is written down of a workspace's life: why it is stopped, until when it is kept awake, which home it has.
#![allow(clippy::unwrap_used)]

mod support;

use futures_util::future::join_all;
use maru_store::ports::{Sharing, Visibility};
use maru_store::workspaces::{Intention, StoppedFor};
use maru_store::{Store, now_ms};
use support::{on_both_engines, student};

on_both_engines!(reasons, homes, removal);

async fn reasons(store: &Store) {
    let mina = student(store, "mina").await;
    let id = store.ensure_workspace(&mina.id).await.unwrap().id;
    store.set_workspace_intention(&id, Intention::Running).await.unwrap();
    store.set_workspace_stopped(&id, StoppedFor::Idle).await.unwrap();
    store.keep_workspace_alive(&id, Some(77)).await.unwrap();
    let row = store.workspace(&id).await.unwrap();
    assert_eq!((row.intention, row.stopped_for, row.keep_alive_until), (Intention::Stopped, StoppedFor::Idle, Some(77)));
    store.set_workspace_intention(&id, Intention::Running).await.unwrap();
    store.keep_workspace_alive(&id, None).await.unwrap();
    let row = store.workspace(&id).await.unwrap();
    assert_eq!((row.intention, row.stopped_for, row.keep_alive_until), (Intention::Running, StoppedFor::Asked, None));
}

async fn removal(store: &Store) {
    let mina = student(store, "mina").await;
    let id = store.ensure_workspace(&mina.id).await.unwrap().id;
    store.next_workspace_generation(&id).await.unwrap();
    assert!(store.renew_home(&id, 0, now_ms() + 60_000).await.unwrap());
    store.share_port(&id, 8000, Sharing { visibility: Visibility::Public, expires_at: None }).await.unwrap();
    store.remove_workspace(&id).await.unwrap();
    assert!(store.workspaces().await.unwrap().is_empty() && store.retired_homes().await.unwrap().is_empty());
    // Its user is there, and gets one that has nothing of it.
    let again = store.ensure_workspace(&mina.id).await.unwrap();
    assert_ne!(again.id, id);
    assert_eq!((again.home, again.generation), (0, 0));
    assert!(store.port_sharings(&again.id).await.unwrap().is_empty());
}

async fn homes(store: &Store) {
    let mina = student(store, "mina").await;
    let id = store.ensure_workspace(&mina.id).await.unwrap().id;
    let later = now_ms() + 60_000;
    let home = async || store.workspace(&id).await.unwrap().home;
    assert!(!store.renew_home(&id, 0, later).await.unwrap(), "nothing was ever in it");
    assert!(!store.restore_home(&id, None, later).await.unwrap(), "there is none");

    store.next_workspace_generation(&id).await.unwrap();
    let renewed = join_all((0..8).map(|_| store.renew_home(&id, 0, later))).await;
    assert_eq!(renewed.into_iter().filter(|renewed| *renewed.as_ref().unwrap()).count(), 1);
    assert_eq!(home().await, 1);
    assert!(!store.renew_home(&id, 1, later).await.unwrap(), "the new one has not been used");

    // Back, and the unused one is not kept; away again, and both are.
    assert!(store.restore_home(&id, None, later).await.unwrap());
    assert_eq!((home().await, store.retired_homes().await.unwrap().len()), (0, 0));
    assert!(store.renew_home(&id, 0, later).await.unwrap());
    assert_eq!(home().await, 2);
    store.next_workspace_generation(&id).await.unwrap();
    assert!(store.renew_home(&id, 2, now_ms() - 1).await.unwrap());
    let retired: Vec<i64> = store.retired_homes().await.unwrap().iter().map(|retired| retired.home).collect();
    assert_eq!(retired, [2, 0]);

    // One whose time is over is not given back; the one before it is.
    assert!(!store.restore_home(&id, Some(2), later).await.unwrap());
    assert!(store.restore_home(&id, Some(0), later).await.unwrap());
    assert_eq!(home().await, 0);
    assert!(!store.forget_home(&id, 2, now_ms() - 60_000).await.unwrap());
    assert!(store.forget_home(&id, 2, now_ms()).await.unwrap());
    assert_eq!(store.retired_homes().await.unwrap(), []);
}
