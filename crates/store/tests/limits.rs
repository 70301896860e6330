//! What workspaces may use, by class.
#![allow(clippy::unwrap_used)]

mod support;

use maru_model::{ClassId, ClassLimits};
use maru_store::Store;
use support::{on_both_engines, student};

on_both_engines!(the_larger_of_two_classes);

async fn the_larger_of_two_classes(store: &Store) {
    let mina = student(store, "mina").await;
    assert_eq!(store.limits_of(&mina.id).await.unwrap(), ClassLimits::default());
    let (web, data) = (store.ensure_class("web").await.unwrap(), store.ensure_class("data").await.unwrap());
    for class in [&web, &data] {
        store.join_class(class, &mina.id).await.unwrap();
        assert_eq!(store.class_limits(class).await.unwrap(), Some(ClassLimits::default()));
    }
    let limits = |memory, cpus| ClassLimits { memory, cpus, ..ClassLimits::default() };
    store.set_class_limits(&web, &limits(Some(1 << 30), Some(0.5))).await.unwrap();
    assert_eq!(store.limits_of(&mina.id).await.unwrap(), limits(Some(1 << 30), Some(0.5)));
    store.set_class_limits(&data, &limits(Some(4 << 30), None)).await.unwrap();
    assert_eq!(store.limits_of(&mina.id).await.unwrap(), limits(Some(4 << 30), Some(0.5)));
    store.set_class_limits(&web, &ClassLimits::default()).await.unwrap();
    assert_eq!(store.limits_of(&mina.id).await.unwrap(), limits(Some(4 << 30), None));
    assert_eq!(store.class_limits(&ClassId::generate()).await.unwrap(), None);
}
