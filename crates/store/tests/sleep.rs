//! When idle applications sleep, by class.
#![allow(clippy::unwrap_used)]

mod support;

use maru_model::ClassId;
use maru_store::Store;
use support::{on_both_engines, student};

on_both_engines!(what_each_class_says_is_told_for_its_members);

async fn what_each_class_says_is_told_for_its_members(store: &Store) {
    let mina = student(store, "mina").await;
    let (web, data) = (store.ensure_class("web").await.unwrap(), store.ensure_class("data").await.unwrap());
    for class in [&web, &data] {
        store.join_class(class, &mina.id).await.unwrap();
        assert_eq!(store.class_sleep(class).await.unwrap(), Some(None));
    }
    assert_eq!(store.sleep_policies().await.unwrap(), vec![]);
    store.set_class_sleep(&web, Some(30)).await.unwrap();
    store.set_class_sleep(&data, Some(0)).await.unwrap();
    let mut said = store.sleep_policies().await.unwrap();
    said.sort();
    assert_eq!(said, vec![(mina.login.clone(), 0), (mina.login.clone(), 30)]);
    store.change_class(&data, "data", true).await.unwrap();
    assert_eq!(store.sleep_policies().await.unwrap(), vec![(mina.login.clone(), 30)]);
    store.set_class_sleep(&web, None).await.unwrap();
    assert_eq!(store.class_sleep(&web).await.unwrap(), Some(None));
    assert_eq!(store.class_sleep(&ClassId::generate()).await.unwrap(), None);
}
