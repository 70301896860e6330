//! The queries about users, on SQLite; on PostgreSQL as well where `MARU_TEST_POSTGRES` names an empty database.
#![allow(clippy::unwrap_used)]

use maru_model::{Login, Role};
use maru_store::users::CredentialKind;
use maru_store::{Store, StoreError, now_ms};

async fn session(store: &Store) {
    let login = Login::parse("mina").unwrap();
    let mina = store.add_user(&login, "김민아", Role::Student, "hash").await.unwrap();
    assert!(matches!(store.add_user(&login, "other", Role::Student, "hash").await, Err(StoreError::Conflict("login"))));
    assert_eq!(store.user_by_login(&login).await.unwrap(), Some(mina.clone()));
    let admin = store.add_user(&Login::parse("root").unwrap(), "", Role::Admin, "hash").await.unwrap();
    let teacher = store.add_user(&Login::parse("teacher").unwrap(), "", Role::Instructor, "hash").await.unwrap();
    assert_eq!(store.users_seen_by(&admin, "민아", "", 10).await.unwrap(), vec![mina.clone()]);
    assert_eq!(store.users_seen_by(&admin, "%", "", 10).await.unwrap(), vec![]);
    assert_eq!(store.users_seen_by(&admin, "", "mina", 10).await.unwrap(), vec![admin.clone(), teacher.clone()]);
    assert_eq!(store.users_seen_by(&teacher, "mina", "", 10).await.unwrap(), vec![]);

    store.add_credential("valid", &mina.id, CredentialKind::Token, now_ms() + 60_000).await.unwrap();
    store.add_credential("over", &mina.id, CredentialKind::Token, now_ms() - 1).await.unwrap();
    assert_eq!(store.user_by_credential("valid", CredentialKind::Token).await.unwrap(), Some(mina.clone()));
    assert_eq!(store.user_by_credential("valid", CredentialKind::Session).await.unwrap(), None);
    assert_eq!(store.user_by_credential("over", CredentialKind::Token).await.unwrap(), None);
    assert_eq!(store.remove_expired_credentials().await.unwrap(), 1);

    let class = store.ensure_class("demo").await.unwrap();
    assert_eq!(store.ensure_class("demo").await.unwrap(), class);
    store.join_class(&class, &mina.id).await.unwrap();
    store.join_class(&class, &mina.id).await.unwrap();
    assert_eq!(store.classes_of(&mina.id).await.unwrap(), vec![(class.clone(), "demo".to_owned())]);
    store.join_class(&class, &teacher.id).await.unwrap();
    assert!(store.share_a_class(&teacher.id, &mina.id).await.unwrap());
    assert_eq!(store.users_seen_by(&teacher, "mina", "", 10).await.unwrap(), vec![mina.clone()]);
    store.audit(&mina.id, None, "test", "").await.unwrap();
}

#[tokio::test]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/maru.db?mode=rwc", folder.path().display());
    session(&Store::open(&url).await.unwrap()).await;
}

#[tokio::test]
async fn postgres() {
    if let Ok(url) = std::env::var("MARU_TEST_POSTGRES") {
        session(&Store::open(&url).await.unwrap()).await;
    }
}
