//! What administrators do with users and classes; the audit log; settings; counts.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use maru_model::{ClassId, Login, Role};
use maru_store::users::{CredentialKind, User};
use maru_store::{Store, StoreError, now_ms};
use support::{on_both_engines, student};

on_both_engines!(the_last_admin, passwords, classes, who_looks_after_whom, audit, settings, counts);

async fn add(store: &Store, login: &str, role: Role) -> User {
    store.add_user(&Login::parse(login).unwrap(), login, role, "hash").await.unwrap()
}

async fn the_last_admin(store: &Store) {
    let (root, second) = (add(store, "root", Role::Admin).await, add(store, "second", Role::Admin).await);
    assert!(!store.is_last_admin(&root).await.unwrap());
    assert!(store.change_user(&second.id, "Second", Role::Admin, true).await.unwrap());
    assert!(store.is_last_admin(&root).await.unwrap());
    // Neither demoted, nor disabled, nor removed; but renamed.
    assert!(!store.change_user(&root.id, "root", Role::Student, false).await.unwrap());
    assert!(!store.change_user(&root.id, "root", Role::Admin, true).await.unwrap());
    assert!(!store.delete_user(&root.id).await.unwrap());
    assert!(store.change_user(&root.id, "New name", Role::Admin, false).await.unwrap());
    let root = store.user(&root.id).await.unwrap().unwrap();
    assert_eq!((root.name.as_str(), root.role, root.disabled), ("New name", Role::Admin, false));
    assert!(store.change_user(&second.id, "Second", Role::Admin, false).await.unwrap());
    assert!(store.delete_user(&root.id).await.unwrap());
    assert!(!store.delete_user(&second.id).await.unwrap());
    // Both at once: one is left.
    let third = add(store, "third", Role::Admin).await;
    let demote = |user: User| async move { store.change_user(&user.id, "", Role::Student, false).await.unwrap() };
    let (one, other) = tokio::join!(demote(second), demote(third));
    assert_eq!([one, other].iter().filter(|done| **done).count(), 1);
}

async fn passwords(store: &Store) {
    let mina = student(store, "mina").await;
    store.set_password(&mina.id, "other", true).await.unwrap();
    let (user, hash) = store.password_hash(&mina.login).await.unwrap().unwrap();
    assert_eq!((user.password_given, hash.as_str()), (true, "other"));
    store.set_password(&mina.id, "own", false).await.unwrap();
    assert!(!store.user(&mina.id).await.unwrap().unwrap().password_given);
    for (hash, kind) in [("s1", CredentialKind::Session), ("s2", CredentialKind::Session), ("t", CredentialKind::Token)] {
        store.add_credential(hash, &mina.id, kind, now_ms() + 60_000).await.unwrap();
    }
    assert_eq!(store.end_credentials(&mina.id, false, "s1").await.unwrap(), 1);
    assert!(store.user_by_credential("s1", CredentialKind::Session).await.unwrap().is_some());
    assert!(store.user_by_credential("t", CredentialKind::Token).await.unwrap().is_some());
    // Who is disabled has no way in, and everything back afterwards.
    assert!(store.change_user(&mina.id, "mina", Role::Student, true).await.unwrap());
    assert!(store.user_by_credential("t", CredentialKind::Token).await.unwrap().is_none());
    assert!(store.change_user(&mina.id, "mina", Role::Student, false).await.unwrap());
    assert!(store.user_by_credential("t", CredentialKind::Token).await.unwrap().is_some());
    assert_eq!(store.end_credentials(&mina.id, true, "").await.unwrap(), 2);
}

async fn classes(store: &Store) {
    let admin = add(store, "root", Role::Admin).await;
    let web = store.add_class("Web").await.unwrap();
    let data = store.add_class("Data").await.unwrap();
    assert!(matches!(store.add_class("Web").await, Err(StoreError::Conflict("class"))));
    assert!(matches!(store.change_class(&web, "Data", false).await, Err(StoreError::Conflict("class"))));
    store.change_class(&web, "Web 2", false).await.unwrap();
    let names = |classes: Vec<maru_store::classes::Class>| classes.into_iter().map(|class| class.name).collect::<Vec<_>>();
    assert_eq!(names(store.classes_seen_by(&admin, "", "", 10).await.unwrap()), ["Data", "Web 2"]);
    assert_eq!(names(store.classes_seen_by(&admin, "web", "", 10).await.unwrap()), ["Web 2"]);
    assert_eq!(names(store.classes_seen_by(&admin, "", "Data", 10).await.unwrap()), ["Web 2"]);

    let (mina, teacher) = (student(store, "mina").await, add(store, "teacher", Role::Instructor).await);
    store.join_class(&web, &teacher.id).await.unwrap();
    store.set_member(&web, &mina.id, Role::Student).await.unwrap();
    let members = store.class_members(&web, "", "", 10).await.unwrap();
    assert_eq!(members, vec![(mina.clone(), Role::Student), (teacher.clone(), Role::Instructor)]);
    assert_eq!(store.class_members(&web, "TEACH", "", 10).await.unwrap().len(), 1);
    assert_eq!(store.class_members(&web, "", "mina", 10).await.unwrap().len(), 1);
    assert_eq!(store.role_in_class(&web, &teacher.id).await.unwrap(), Some(Role::Instructor));
    assert_eq!(store.role_in_class(&data, &teacher.id).await.unwrap(), None);
    let shown = store.class(&web).await.unwrap().unwrap();
    assert_eq!((shown.students, shown.instructors, shown.archived_at), (1, 1, None));
    assert_eq!(names(store.classes_seen_by(&teacher, "", "", 10).await.unwrap()), ["Web 2"]);
    assert_eq!(names(store.classes_seen_by(&mina, "", "", 10).await.unwrap()), Vec::<String>::new());
    // Who is a student from now on instructs nobody.
    assert!(store.change_user(&teacher.id, "teacher", Role::Student, false).await.unwrap());
    assert_eq!(store.role_in_class(&web, &teacher.id).await.unwrap(), Some(Role::Student));
    assert!(store.leave_class(&web, &mina.id).await.unwrap());
    assert!(!store.leave_class(&web, &mina.id).await.unwrap());
    assert!(store.delete_class(&web).await.unwrap());
    assert!(!store.delete_class(&web).await.unwrap());
    assert_eq!(store.class(&ClassId::generate()).await.unwrap(), None);
    assert!(store.user(&mina.id).await.unwrap().is_some());
}

async fn who_looks_after_whom(store: &Store) {
    let (mina, teacher) = (student(store, "mina").await, add(store, "teacher", Role::Instructor).await);
    let (web, data) = (store.add_class("web").await.unwrap(), store.add_class("data").await.unwrap());
    let seen = async || store.users_seen_by(&teacher, "", "", 10).await.unwrap().contains(&mina);
    store.join_class(&web, &mina.id).await.unwrap();
    // A fellow student of the class, whatever they are elsewhere.
    store.set_member(&web, &teacher.id, Role::Student).await.unwrap();
    assert!(store.share_a_class(&teacher.id, &mina.id).await.unwrap());
    assert!(!store.instructs(&teacher.id, &mina.id).await.unwrap() && !seen().await);
    store.set_member(&web, &teacher.id, Role::Instructor).await.unwrap();
    assert!(store.instructs(&teacher.id, &mina.id).await.unwrap() && seen().await);
    assert!(store.instructs_everywhere(&teacher.id, &mina.id).await.unwrap());
    assert!(!store.instructs_everywhere(&mina.id, &teacher.id).await.unwrap());
    // In another's class too.
    store.join_class(&data, &mina.id).await.unwrap();
    assert!(store.instructs(&teacher.id, &mina.id).await.unwrap());
    assert!(!store.instructs_everywhere(&teacher.id, &mina.id).await.unwrap());
    // An archived class gives no right.
    store.change_class(&web, "web", true).await.unwrap();
    assert!(!store.instructs(&teacher.id, &mina.id).await.unwrap() && !seen().await);
    assert!(!store.share_a_class(&teacher.id, &mina.id).await.unwrap());
    assert_eq!(store.classes_of(&teacher.id).await.unwrap(), vec![]);
    assert!(store.class(&web).await.unwrap().unwrap().archived_at.is_some());
}

async fn audit(store: &Store) {
    let (mina, juno) = (student(store, "mina").await, student(store, "juno").await);
    let (admin, teacher) = (add(store, "root", Role::Admin).await, add(store, "teacher", Role::Instructor).await);
    let class = store.add_class("web").await.unwrap();
    store.join_class(&class, &mina.id).await.unwrap();
    store.join_class(&class, &teacher.id).await.unwrap();
    store.audit(&teacher.id, Some(&mina.id), "workspace.stop", "").await.unwrap();
    store.audit(&admin.id, Some(&juno.id), "user.password", "").await.unwrap();
    store.audit(&admin.id, None, "class.create", "web 100%").await.unwrap();
    let actions = |entries: Vec<maru_store::audit::AuditEntry>| entries.into_iter().map(|entry| entry.action).collect::<Vec<_>>();
    let all = store.audit_seen_by(&admin, "", "", 10).await.unwrap();
    assert_eq!((all[2].actor.as_str(), all[2].subject.as_str(), all[0].subject.as_str()), ("teacher", "mina", ""));
    assert_eq!(actions(all.clone()), ["class.create", "user.password", "workspace.stop"]);
    assert_eq!(actions(store.audit_seen_by(&admin, "", &all[0].id, 1).await.unwrap()), ["user.password"]);
    assert_eq!(actions(store.audit_seen_by(&admin, "100%", "", 10).await.unwrap()), ["class.create"]);
    assert_eq!(actions(store.audit_seen_by(&teacher, "", "", 10).await.unwrap()), ["workspace.stop"]);
    assert_eq!(actions(store.audit_about(&mina.id, "", 10).await.unwrap()), ["workspace.stop"]);
    assert_eq!(actions(store.audit_about(&teacher.id, "", 10).await.unwrap()), Vec::<String>::new());
    // Logins stay when people go.
    assert!(store.delete_user(&juno.id).await.unwrap());
    assert_eq!(store.audit_seen_by(&admin, "juno", "", 10).await.unwrap().len(), 1);
    assert_eq!(store.forget_audit(now_ms() + 1).await.unwrap(), 3);
}

async fn settings(store: &Store) {
    assert_eq!(store.settings().await.unwrap(), BTreeMap::new());
    store.set_setting("language", Some("en")).await.unwrap();
    store.set_setting("language", Some("ko")).await.unwrap();
    assert_eq!(store.settings().await.unwrap(), BTreeMap::from([("language".to_owned(), "ko".to_owned())]));
    store.set_setting("language", None).await.unwrap();
    assert_eq!(store.settings().await.unwrap(), BTreeMap::new());
}

async fn counts(store: &Store) {
    student(store, "mina").await;
    student(store, "juno").await;
    add(store, "root", Role::Admin).await;
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.users, vec![("admin".to_owned(), 1), ("student".to_owned(), 2)]);
    assert_eq!(counts.builds, vec![]);
}
