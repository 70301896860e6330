//! Everything in the database as lines of JSON, table by table, and back into an empty one of either engine.

use futures_util::TryStreamExt;
use serde_json::{Map, Value};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{AnyPool, Column, Row, ValueRef};

use crate::{Store, StoreError, migrations};

/// In an order in which each names only those before it. Not `build_layers`: images of one machine's Engine.
const TABLES: &[&str] = &[
    "users",
    "credentials",
    "classes",
    "memberships",
    "audit",
    "settings",
    "preferences",
    "workspaces",
    "workspace_homes",
    "workspace_ports",
    "repositories",
    "builds",
    "versions",
    "apps",
    "rollouts",
    "deployments",
];

/// The number of the newest migration: what a dump of this program is made of.
#[must_use]
pub fn version() -> i64 {
    migrations::newest()
}

impl Store {
    /// The names of all tables, those of the migrations too.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let sql = if self.is_postgres() {
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = current_schema()"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        };
        let rows = sqlx::query(sql).fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
    }

    fn is_postgres(&self) -> bool {
        self.pool().connect_options().database_url.scheme().starts_with("postgres")
    }

    /// Gives every row of every table to `take`, as of one moment.
    ///
    /// # Errors
    /// Where the database fails, or `take` does.
    pub async fn dump<E: From<StoreError>>(&self, mut take: impl FnMut(&'static str, Value) -> Result<(), E>) -> Result<(), E> {
        let mut transaction = self.pool().begin().await.map_err(StoreError::from)?;
        if self.is_postgres() {
            let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
            sqlx::query(snapshot).execute(&mut *transaction).await.map_err(StoreError::from)?;
        }
        for table in TABLES {
            let mut rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch(&mut *transaction);
            while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
                take(table, json(&row)?)?;
            }
        }
        Ok(())
    }
}

/// What is NULL is left out.
fn json(row: &AnyRow) -> Result<Value, StoreError> {
    let mut object = Map::new();
    for column in row.columns() {
        let raw = row.try_get_raw(column.ordinal())?;
        if raw.is_null() {
            continue;
        }
        let kind = raw.type_info().kind();
        let value = match kind {
            AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
                row.try_get::<i64, _>(column.ordinal())?.into()
            }
            AnyTypeInfoKind::Text => row.try_get::<String, _>(column.ordinal())?.into(),
            other => return Err(StoreError::Value(format!("{} is {other:?}", column.name()))),
        };
        object.insert(column.name().to_owned(), value);
    }
    Ok(Value::Object(object))
}

/// A database that is being filled. Nothing of it is there before [`Restoring::finish`].
#[derive(Debug)]
pub struct Restoring {
    pool: AnyPool,
    transaction: sqlx::Transaction<'static, sqlx::Any>,
}

impl Restoring {
    /// Makes the tables as they were in the version that the rows are of. The database has to be empty.
    ///
    /// # Errors
    /// Where it is not, or does not answer; or where the rows are of a newer program.
    pub async fn begin(url: &str, version: i64) -> Result<Self, StoreError> {
        if version > migrations::newest() {
            return Err(StoreError::Value(format!(
                "the backup is of a newer Maru: it has migration {version}, this one {}",
                self::version()
            )));
        }
        let pool = Store::connect(url).await?;
        migrations::up_to(version).run(&pool).await?;
        for table in TABLES {
            if let Ok(row) = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) AS n FROM {table}"))).fetch_one(&pool).await
                && row.try_get::<i64, _>("n")? > 0
            {
                return Err(StoreError::Conflict("the database is not empty: data of an installation"));
            }
        }
        let transaction = pool.begin().await?;
        Ok(Self { pool, transaction })
    }

    /// # Errors
    /// Where the table does not take the row.
    pub async fn put(&mut self, table: &str, row: &Value) -> Result<(), StoreError> {
        let wrong = || StoreError::Value(format!("a row of {table} cannot be read"));
        let columns = row.as_object().ok_or_else(wrong)?;
        let named = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !TABLES.contains(&table) || !columns.keys().all(|name| named(name)) {
            return Err(wrong());
        }
        let names = columns.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let places = (1..=columns.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(format!("INSERT INTO {table} ({names}) VALUES ({places})")));
        for value in columns.values() {
            query = match value {
                Value::String(text) => query.bind(text.clone()),
                other => query.bind(other.as_i64().ok_or_else(wrong)?),
            };
        }
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Keeps all of it, and brings the tables up to date.
    ///
    /// # Errors
    /// Where the database fails; then nothing of it is kept.
    pub async fn finish(self) -> Result<(), StoreError> {
        self.transaction.commit().await?;
        migrations::migrator().run(&self.pool).await?;
        self.pool.close().await;
        Ok(())
    }
}
