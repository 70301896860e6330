//! Settings that administrators change while the server runs: texts by name. What they mean is the server's business.

use std::collections::BTreeMap;

use sqlx::Row;

use crate::{Store, StoreError, now_ms};

impl Store {
    /// # Errors
    /// Where the database fails.
    pub async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = sqlx::query("SELECT name, value FROM settings").fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("value")?))).collect()
    }

    /// Sets one; `None`: as it was configured.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        match value {
            None => sqlx::query("DELETE FROM settings WHERE name = $1").bind(name).execute(self.pool()).await?,
            Some(value) => {
                sqlx::query(
                    "INSERT INTO settings (name, value, changed_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
                )
                .bind(name)
                .bind(value)
                .bind(now_ms())
                .execute(self.pool())
                .await?
            }
        };
        Ok(())
    }
}
