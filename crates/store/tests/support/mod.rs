//! A new, empty database of either engine for one test: a file for SQLite, the class's own PostgreSQL image for PostgreSQL.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::process::Command;
use std::time::{Duration, Instant};

use maru_model::{Login, Role};
use maru_store::Store;
use maru_store::users::User;

/// What docker/build-images makes for the students' applications.
const IMAGE: &str = "registry.localhost/base/postgres:17";

/// Each test on both engines, as `sqlite::NAME` and `postgres::NAME`.
#[allow(unused_macros, reason = "each test binary uses a part of it")]
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let database = crate::support::Database::sqlite();
                super::$test(&database.open().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let database = crate::support::Database::postgres();
                super::$test(&database.open().await).await;
            })+
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use on_both_engines;

pub struct Database {
    url: String,
    kept: Kept,
}

enum Kept {
    File { _folder: tempfile::TempDir },
    Container(String),
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/maru.db?mode=rwc", folder.path().display());
        Self { url, kept: Kept::File { _folder: folder } }
    }

    /// A PostgreSQL of its own, in memory, and gone with the test.
    pub fn postgres() -> Self {
        let mark = &maru_model::UserId::generate().to_string()[20..];
        let label = format!("maru.instance=test-{mark}");
        #[rustfmt::skip]
        let run = [
            "run", "--detach", "--rm", "--label", &label, "--publish", "127.0.0.1::5432", "--env", "POSTGRES_PASSWORD=test",
            "--tmpfs", "/var/lib/postgresql/data:uid=999,gid=999,mode=700", IMAGE, "postgres", "-c", "fsync=off",
        ];
        let container = docker(&run).unwrap_or_else(|said| panic!("PostgreSQL does not start (docker/build-images makes {IMAGE}): {said}"));
        let kept = Kept::Container(container.clone());
        let published = docker(&["port", &container, "5432/tcp"]).unwrap();
        let url = format!("postgres://postgres:test@{}/postgres", published.lines().next().unwrap());
        Self { url, kept }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its tables are up to date. PostgreSQL takes a moment to make its files.
    pub async fn open(&self) -> Store {
        let began = Instant::now();
        loop {
            match Store::open(&self.url).await {
                Ok(store) => return store,
                Err(error) if began.elapsed() > Duration::from_secs(60) => panic!("{}: {error}", self.url),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Kept::Container(id) = &self.kept {
            let _ = docker(&["rm", "--force", "--volumes", id]);
        }
    }
}

fn docker(arguments: &[&str]) -> Result<String, String> {
    let done = Command::new("docker").args(arguments).output().map_err(|error| error.to_string())?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&done.stderr).trim().to_owned())
    }
}

pub async fn student(store: &Store, login: &str) -> User {
    store.add_user(&Login::parse(login).unwrap(), login, Role::Student, "hash").await.unwrap()
}
