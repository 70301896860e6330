//! Who may see the ports of a workspace.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use maru_store::ports::{Sharing, Visibility};
use maru_store::{Store, now_ms};
use support::{on_both_engines, student};

on_both_engines!(shared_for_a_while);

async fn shared_for_a_while(store: &Store) {
    let mina = student(store, "mina").await;
    let id = store.ensure_workspace(&mina.id).await.unwrap().id;
    assert_eq!(store.port_sharings(&id).await.unwrap(), BTreeMap::new());
    let share = async |port, visibility, expires_at| store.share_port(&id, port, Sharing { visibility, expires_at }).await.unwrap();
    let later = now_ms() + 60_000;
    share(3000, Visibility::Public, Some(later)).await;
    share(8000, Visibility::Public, Some(now_ms() - 1)).await;
    share(65_535, Visibility::Class, None).await;
    let both = BTreeMap::from([
        (3000, Sharing { visibility: Visibility::Public, expires_at: Some(later) }),
        (65_535, Sharing { visibility: Visibility::Class, expires_at: None }),
    ]);
    assert_eq!(store.port_sharings(&id).await.unwrap(), both, "8000 is over");
    share(3000, Visibility::Private, None).await;
    assert_eq!(store.port_sharings(&id).await.unwrap().len(), 1);
}
