//! Users, their credentials, their classes.
#![allow(clippy::unwrap_used)]

mod support;

use maru_model::{Login, Role};
use maru_store::users::CredentialKind;
use maru_store::{Store, StoreError, now_ms};
use support::{on_both_engines, student};

on_both_engines!(users, credentials, classes, preferences);

async fn users(store: &Store) {
    assert!(store.is_alive().await);
    let login = Login::parse("mina").unwrap();
    let mina = store.add_user(&login, "김민아", Role::Student, "hash").await.unwrap();
    assert!(matches!(store.add_user(&login, "other", Role::Student, "hash").await, Err(StoreError::Conflict("login"))));
    assert_eq!(store.user_by_login(&login).await.unwrap(), Some(mina.clone()));
    assert_eq!(store.user(&mina.id).await.unwrap(), Some(mina.clone()));
    assert_eq!(store.password_hash(&login).await.unwrap(), Some((mina.clone(), "hash".to_owned())));
    let nobody = Login::parse("nobody").unwrap();
    assert_eq!(store.user_by_login(&nobody).await.unwrap(), None);
    assert_eq!(store.password_hash(&nobody).await.unwrap(), None);

    let admin = store.add_user(&Login::parse("root").unwrap(), "", Role::Admin, "hash").await.unwrap();
    let teacher = store.add_user(&Login::parse("teacher").unwrap(), "", Role::Instructor, "hash").await.unwrap();
    assert_eq!(store.users_seen_by(&admin, "민아", "", 10).await.unwrap(), vec![mina.clone()]);
    assert_eq!(store.users_seen_by(&admin, "MIN", "", 10).await.unwrap(), vec![mina.clone()]);
    // The signs that LIKE gives a meaning to have none here.
    for sign in ["%", "_", "!", "\\"] {
        assert_eq!(store.users_seen_by(&admin, sign, "", 10).await.unwrap(), vec![], "{sign}");
    }
    assert_eq!(store.users_seen_by(&admin, "", "mina", 10).await.unwrap(), vec![admin.clone(), teacher.clone()]);
    assert_eq!(store.users_seen_by(&admin, "", "mina", 1).await.unwrap(), vec![admin.clone()]);
    assert_eq!(store.users_seen_by(&teacher, "mina", "", 10).await.unwrap(), vec![]);
    store.audit(&mina.id, None, "test", "").await.unwrap();
    store.audit(&mina.id, Some(&teacher.id), "test", "it's \"quoted\"").await.unwrap();
}

async fn credentials(store: &Store) {
    let mina = student(store, "mina").await;
    store.add_credential("token", &mina.id, CredentialKind::Token, now_ms() + 60_000).await.unwrap();
    store.add_credential("session", &mina.id, CredentialKind::Session, now_ms() + 60_000).await.unwrap();
    store.add_credential("over", &mina.id, CredentialKind::Token, now_ms() - 1).await.unwrap();
    assert_eq!(store.user_by_credential("token", CredentialKind::Token).await.unwrap(), Some(mina.clone()));
    assert_eq!(store.user_by_credential("session", CredentialKind::Session).await.unwrap(), Some(mina.clone()));
    // Each has its own place to be sent.
    assert_eq!(store.user_by_credential("token", CredentialKind::Session).await.unwrap(), None);
    assert_eq!(store.user_by_credential("over", CredentialKind::Token).await.unwrap(), None);
    assert_eq!(store.remove_expired_credentials().await.unwrap(), 1);
    store.remove_credential("token").await.unwrap();
    store.remove_credential("token").await.unwrap();
    assert_eq!(store.user_by_credential("token", CredentialKind::Token).await.unwrap(), None);
    assert_eq!(store.user_by_credential("session", CredentialKind::Session).await.unwrap(), Some(mina));
}

async fn classes(store: &Store) {
    let (mina, juno) = (student(store, "mina").await, student(store, "juno").await);
    let teacher = store.add_user(&Login::parse("teacher").unwrap(), "", Role::Instructor, "hash").await.unwrap();
    let class = store.ensure_class("demo").await.unwrap();
    assert_eq!(store.ensure_class("demo").await.unwrap(), class);
    store.join_class(&class, &mina.id).await.unwrap();
    store.join_class(&class, &mina.id).await.unwrap();
    assert_eq!(store.classes_of(&mina.id).await.unwrap(), vec![(class.clone(), "demo".to_owned())]);
    assert!(!store.share_a_class(&teacher.id, &mina.id).await.unwrap());
    store.join_class(&class, &teacher.id).await.unwrap();
    assert!(store.share_a_class(&teacher.id, &mina.id).await.unwrap());
    assert!(!store.share_a_class(&teacher.id, &juno.id).await.unwrap());
    assert_eq!(store.users_seen_by(&teacher, "", "", 10).await.unwrap(), vec![mina.clone(), teacher.clone()]);
    assert_eq!(store.fellows(&teacher.id, Role::Student).await.unwrap(), vec![mina.clone()]);
    assert_eq!(store.fellows(&mina.id, Role::Student).await.unwrap(), vec![]);
}

async fn preferences(store: &Store) {
    let (mina, jun) = (student(store, "mina").await, student(store, "jun").await);
    assert_eq!(store.preferences(&mina.id).await.unwrap(), "{}");
    let dark = r#"{"theme":"dark"}"#;
    assert!(store.change_preferences(&mina.id, "{}", dark).await.unwrap());
    // Somebody who has not seen that changes nothing.
    assert!(!store.change_preferences(&mina.id, "{}", r#"{"theme":"light"}"#).await.unwrap());
    assert_eq!(store.preferences(&mina.id).await.unwrap(), dark);
    assert_eq!(store.preferences(&jun.id).await.unwrap(), "{}");
    assert!(store.change_preferences(&mina.id, dark, "{}").await.unwrap());
    // Two at once: one of them.
    let put = |text: &'static str| {
        let id = mina.id.clone();
        async move { store.change_preferences(&id, "{}", text).await.unwrap() }
    };
    let (one, other) = tokio::join!(put(r#"{"a":1}"#), put(r#"{"a":2}"#));
    assert!(one ^ other);
}
