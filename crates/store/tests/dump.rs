//! A dump of one engine goes into an empty database of either.
#![allow(clippy::unwrap_used)]

mod support;

use maru_model::{Login, ProjectName, RepositoryName, Role};
use maru_store::builds::{NewRepository, Source};
use maru_store::dump::{Restoring, version};
use maru_store::ports::{Sharing, Visibility};
use maru_store::users::CredentialKind;
use maru_store::workspaces::Intention;
use maru_store::{Store, StoreError, now_ms};
use serde_json::Value;
use support::{Database, student};

/// Something in every table.
async fn fill(store: &Store) {
    let mina = student(store, "mina").await;
    let teacher = store.add_user(&Login::parse("teacher").unwrap(), "박 강사 'x'", Role::Instructor, "hash").await.unwrap();
    store.set_password(&mina.id, "other", true).await.unwrap();
    store.add_credential("token", &mina.id, CredentialKind::Token, now_ms() + 60_000).await.unwrap();
    let class = store.add_class("web").await.unwrap();
    store.join_class(&class, &mina.id).await.unwrap();
    store.join_class(&class, &teacher.id).await.unwrap();
    store.audit(&teacher.id, Some(&mina.id), "user.password", "\"quoted\"\n").await.unwrap();
    store.set_setting("language", Some("ko")).await.unwrap();
    store.change_preferences(&mina.id, "{}", r#"{"theme":"dark"}"#).await.unwrap();
    let workspace = store.ensure_workspace(&mina.id).await.unwrap();
    store.set_workspace_intention(&workspace.id, Intention::Running).await.unwrap();
    store.next_workspace_generation(&workspace.id).await.unwrap();
    assert!(store.renew_home(&workspace.id, 0, now_ms() + 60_000).await.unwrap());
    store.share_port(&workspace.id, 8000, Sharing { visibility: Visibility::Class, expires_at: None }).await.unwrap();
    let source = Source::Project { project: ProjectName::parse("guestbook").unwrap() };
    let new = NewRepository {
        name: RepositoryName::parse("web").unwrap(),
        source,
        context: "web".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
    };
    let repository = store.add_repository(&mina.id, new, 3).await.unwrap();
    store.add_build(&repository.id, "abc", "content").await.unwrap();
    store
        .put_app(&mina.id, &maru_store::builds::Source::Project { project: maru_model::ProjectName::parse("guestbook").unwrap() }, "")
        .await
        .unwrap();
    store.start_deployment(&mina.id, Some("key"), "message", "[]").await.unwrap();
}

async fn rows(store: &Store) -> Vec<(String, Value)> {
    let mut rows = Vec::new();
    store
        .dump::<StoreError>(|table, row| {
            rows.push((table.to_owned(), row));
            Ok(())
        })
        .await
        .unwrap();
    rows.sort_by_key(|(table, row)| (table.clone(), row.to_string()));
    rows
}

/// NULL and the order of columns aside, which the engines are free in.
fn plain(rows: &[(String, Value)]) -> Vec<(String, std::collections::BTreeMap<String, Value>)> {
    rows.iter().map(|(table, row)| (table.clone(), row.as_object().unwrap().clone().into_iter().collect())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_either_engine_into_either() {
    let (from_sqlite, from_postgres) = (Database::sqlite(), Database::postgres());
    for from in [&from_sqlite, &from_postgres] {
        let store = from.open().await;
        fill(&store).await;
        let before = rows(&store).await;
        let (to_sqlite, to_postgres) = (Database::sqlite(), Database::postgres());
        // PostgreSQL is there once it has been opened, and then has tables, but nothing in them.
        to_postgres.open().await;
        for to in [&to_sqlite, &to_postgres] {
            let mut restoring = Restoring::begin(to.url(), version()).await.unwrap();
            store_all(&mut restoring, &store).await;
            restoring.finish().await.unwrap();
            assert_eq!(plain(&rows(&to.open().await).await), plain(&before));
            assert!(matches!(Restoring::begin(to.url(), version()).await, Err(StoreError::Conflict(_))), "not empty any more");
        }
    }
}

/// In the order of the dump: each table after those that it names.
async fn store_all(restoring: &mut Restoring, from: &Store) {
    let mut all = Vec::new();
    from.dump::<StoreError>(|table, row| {
        all.push((table, row));
        Ok(())
    })
    .await
    .unwrap();
    for (table, row) in all {
        restoring.put(table, &row).await.unwrap();
    }
}

/// A dump of an older program gets the tables of its time, and then what came after.
#[tokio::test]
async fn an_older_dump_is_brought_up_to_date() {
    let database = Database::sqlite();
    let mut restoring = Restoring::begin(database.url(), 1).await.unwrap();
    let user = serde_json::json!({"id": "1", "login": "teacher", "name": "T", "role": "instructor", "password_hash": "h", "created_at": 1});
    restoring.put("users", &user).await.unwrap();
    restoring.put("classes", &serde_json::json!({"id": "c", "name": "web", "created_at": 1})).await.unwrap();
    restoring.put("memberships", &serde_json::json!({"class_id": "c", "user_id": "1"})).await.unwrap();
    assert!(restoring.put("secrets; DROP TABLE users", &user).await.is_err());
    assert!(restoring.put("users", &serde_json::json!({"id; x": "1"})).await.is_err());
    restoring.finish().await.unwrap();
    let store = database.open().await;
    assert_eq!(store.role_in_class(&"c".into(), &"1".into()).await.unwrap(), Some(Role::Instructor));
    assert!(Restoring::begin(Database::sqlite().url(), version() + 1).await.is_err(), "of a newer program");
}

/// A table that somebody adds is in the dump, or is known not to be.
#[tokio::test]
async fn no_table_is_forgotten() {
    let database = Database::sqlite();
    let store = database.open().await;
    fill(&store).await;
    let names = store.tables().await.unwrap();
    let dumped: std::collections::BTreeSet<_> = rows(&store).await.into_iter().map(|(table, _)| table).collect();
    let without_rows = ["versions", "rollouts", "build_layers", "_sqlx_migrations"];
    let missing: Vec<_> = names.iter().filter(|name| !dumped.contains(*name) && !without_rows.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "name these in TABLES of dump.rs, and fill them here: {missing:?}");
}
