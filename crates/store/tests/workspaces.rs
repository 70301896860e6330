//! The one workspace of each user.
#![allow(clippy::unwrap_used)]

mod support;

use futures_util::future::join_all;
use maru_store::Store;
use maru_store::workspaces::Intention;
use support::{on_both_engines, student};

on_both_engines!(one_per_user, generations);

async fn one_per_user(store: &Store) {
    let (mina, juno) = (student(store, "mina").await, student(store, "juno").await);
    let made = join_all((0..24).map(|_| store.ensure_workspace(&mina.id))).await;
    let first = made[0].as_ref().unwrap();
    assert_eq!((first.user_id.clone(), first.login.as_str(), first.intention), (mina.id, "mina", Intention::Stopped));
    assert!(made.iter().all(|same| same.as_ref().unwrap() == first), "two workspaces for one user");
    let other = store.ensure_workspace(&juno.id).await.unwrap();
    assert_eq!(store.workspaces().await.unwrap(), vec![other, first.clone()]);
    assert!(store.ensure_workspace(&maru_model::UserId::generate()).await.is_err(), "a workspace without a user");
}

async fn generations(store: &Store) {
    let mina = student(store, "mina").await;
    let workspace = store.ensure_workspace(&mina.id).await.unwrap();
    let mut numbers: Vec<i64> =
        join_all((0..16).map(|_| store.next_workspace_generation(&workspace.id))).await.into_iter().map(Result::unwrap).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
    store.set_workspace_intention(&workspace.id, Intention::Running).await.unwrap();
    let now = store.ensure_workspace(&mina.id).await.unwrap();
    assert_eq!((now.intention, now.generation), (Intention::Running, 16));
}
