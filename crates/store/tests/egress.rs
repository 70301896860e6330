//! The way out of workspaces, by class.
#![allow(clippy::unwrap_used)]

mod support;

use maru_model::{ClassId, Egress};
use maru_store::Store;
use support::{on_both_engines, student};

on_both_engines!(the_strictest_class_decides);

async fn the_strictest_class_decides(store: &Store) {
    let mina = student(store, "mina").await;
    assert_eq!(store.egress_of(&mina.id).await.unwrap(), None);
    let (web, exam) = (store.ensure_class("web").await.unwrap(), store.ensure_class("exam").await.unwrap());
    for class in [&web, &exam] {
        store.join_class(class, &mina.id).await.unwrap();
        assert_eq!(store.class_egress(class).await.unwrap(), Some(None));
    }
    assert_eq!(store.members(&exam).await.unwrap(), vec![mina.id.clone()]);
    store.set_class_egress(&web, Some(Egress::Registries)).await.unwrap();
    assert_eq!(store.egress_of(&mina.id).await.unwrap(), Some(Egress::Registries));
    store.set_class_egress(&exam, Some(Egress::None)).await.unwrap();
    store.set_class_egress(&web, Some(Egress::Open)).await.unwrap();
    assert_eq!(store.egress_of(&mina.id).await.unwrap(), Some(Egress::None));
    store.set_class_egress(&exam, None).await.unwrap();
    assert_eq!(store.egress_of(&mina.id).await.unwrap(), Some(Egress::Open));
    assert_eq!(store.class_egress(&ClassId::generate()).await.unwrap(), None);
}
