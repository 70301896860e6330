//! No query is left out of the tests on both engines: what one engine takes, the other may not.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use support::Database;

fn texts(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.push_str(&texts(&path));
        } else {
            all.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    all
}

#[test]
fn every_query_is_tested() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (source, tests) = (texts(&here.join("src")), texts(&here.join("tests")));
    let queries = source.split("pub async fn ").skip(1).map(|rest| rest.split(['(', '<']).next().unwrap());
    let called = |name: &str| [format!(".{name}("), format!(".{name}::<"), format!("::{name}(")].iter().any(|call| tests.contains(call));
    let untested: Vec<&str> = queries.filter(|name| !called(name) && *name != "open").collect();
    assert!(untested.is_empty(), "call these in tests/, on both engines: {untested:?}");
}

/// A server that starts again finds its tables as it left them.
#[tokio::test]
async fn opening_twice_changes_nothing() {
    for database in [Database::sqlite(), Database::postgres()] {
        let user = support::student(&database.open().await, "mina").await;
        assert_eq!(database.open().await.user(&user.id).await.unwrap(), Some(user));
    }
}
