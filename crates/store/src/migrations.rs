//! The tables' history, out of the files in `migrations/`.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Version, description and text of each.
const FILES: &[(i64, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

pub(crate) fn migrator() -> Migrator {
    up_to(i64::MAX)
}

/// Those up to this number.
pub(crate) fn up_to(last: i64) -> Migrator {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(FILES.iter().filter(|(version, ..)| *version <= last).map(migration).collect())
}

/// The newest one's number.
pub(crate) fn newest() -> i64 {
    FILES.iter().map(|(version, ..)| *version).max().unwrap_or(0)
}
