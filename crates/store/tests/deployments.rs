//! At most one deployment of a user runs at a time, and a repeated request is the same deployment.
#![allow(clippy::unwrap_used)]

mod support;

use futures_util::future::join_all;
use maru_store::deployments::Started;
use maru_store::{Store, now_ms};
use support::{on_both_engines, student};

on_both_engines!(one_at_a_time, the_same_request_at_once);

async fn one_at_a_time(store: &Store) {
    let (user, other) = (student(store, "mina").await.id, student(store, "juno").await.id);
    let Started::New(mut first) = store.start_deployment(&user, Some("k1"), "one", "[]").await.unwrap() else { panic!("not started") };
    assert_eq!(store.start_deployment(&user, Some("k1"), "again", "[]").await.unwrap(), Started::Before(first.clone()));
    assert_eq!(store.start_deployment(&user, None, "two", "[]").await.unwrap(), Started::Busy(first.id.clone()));
    assert_eq!(store.running_deployments().await.unwrap(), vec![first.clone()]);
    // A key is its user's own.
    assert!(matches!(store.start_deployment(&other, Some("k1"), "one", "[]").await.unwrap(), Started::New(_)));
    assert_eq!(store.deployment(&other, &first.id).await.unwrap(), None);

    first.state = "succeeded".to_owned();
    first.commit = Some("c1".to_owned());
    first.url = Some("http://mina.apps.localhost:8080/".to_owned());
    first.finished_at = Some(now_ms());
    store.save_deployment(&first).await.unwrap();
    assert_eq!(store.deployment(&user, &first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.running_deployments().await.unwrap().len(), 1);
    let Started::New(second) = store.start_deployment(&user, None, "two", "[]").await.unwrap() else { panic!("not started") };
    assert_eq!(store.latest_deployment(&user).await.unwrap(), Some(second));
    assert_eq!(store.start_deployment(&user, Some("k1"), "late", "[]").await.unwrap(), Started::Before(first));
}

async fn the_same_request_at_once(store: &Store) {
    let user = student(store, "mina").await.id;
    let started = join_all((0..16).map(|_| store.start_deployment(&user, Some("key"), "one", "[]"))).await;
    let started: Vec<Started> = started.into_iter().map(Result::unwrap).collect();
    assert_eq!(started.iter().filter(|started| matches!(started, Started::New(_))).count(), 1);
    assert!(!started.iter().any(|started| matches!(started, Started::Busy(_))), "{started:?}");
    assert_eq!(store.running_deployments().await.unwrap().len(), 1);
}
