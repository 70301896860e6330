//! What applications may use in the cluster, by class.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use maru_model::{ClassId, ClassQuota};
use maru_store::Store;
use support::{on_both_engines, student};

on_both_engines!(what_each_class_says_is_told_for_its_members);

async fn what_each_class_says_is_told_for_its_members(store: &Store) {
    let (mina, jun) = (student(store, "mina").await, student(store, "jun").await);
    let (web, data) = (store.ensure_class("web").await.unwrap(), store.ensure_class("data").await.unwrap());
    store.join_class(&web, &mina.id).await.unwrap();
    store.join_class(&data, &mina.id).await.unwrap();
    store.join_class(&data, &jun.id).await.unwrap();
    assert_eq!(store.class_quota(&web).await.unwrap(), Some(ClassQuota::default()));
    assert_eq!(store.class_quota(&ClassId::generate()).await.unwrap(), None);
    assert_eq!(store.quotas().await.unwrap(), BTreeMap::new());

    let few = ClassQuota { pods: Some(5), cpu: Some(2.0), ..ClassQuota::default() };
    let many = ClassQuota { pods: Some(9), memory: Some(1 << 30), ..ClassQuota::default() };
    store.set_class_quota(&web, &few).await.unwrap();
    store.set_class_quota(&data, &many).await.unwrap();
    assert_eq!(store.class_quota(&web).await.unwrap(), Some(few));
    assert_eq!(store.quota_of(&jun.id).await.unwrap(), many);
    let both = ClassQuota { cpu: Some(2.0), ..many };
    assert_eq!(store.quota_of(&mina.id).await.unwrap(), both);
    assert_eq!(store.quotas().await.unwrap(), BTreeMap::from([(mina.login.clone(), both), (jun.login, many)]));

    store.change_class(&data, "data", true).await.unwrap();
    assert_eq!(store.quota_of(&mina.id).await.unwrap(), few);
    assert_eq!(store.quotas().await.unwrap(), BTreeMap::from([(mina.login, few)]));
}
