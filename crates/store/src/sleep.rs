//! Queries about when idle applications sleep, which is a setting of a class.

use maru_model::{ClassId, Login};
use sqlx::Row;

use crate::{Store, StoreError};

impl Store {
    /// The minutes that a class has set; the outer `None`: there is no such class.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn class_sleep(&self, class: &ClassId) -> Result<Option<Option<i64>>, StoreError> {
        let row = sqlx::query("SELECT sleep_minutes FROM classes WHERE id = $1").bind(class.as_str()).fetch_optional(self.pool()).await?;
        Ok(row.map(|row| row.try_get("sleep_minutes")).transpose()?)
    }

    /// # Errors
    /// Where the database fails.
    pub async fn set_class_sleep(&self, class: &ClassId, minutes: Option<i64>) -> Result<(), StoreError> {
        sqlx::query("UPDATE classes SET sleep_minutes = $1 WHERE id = $2").bind(minutes).bind(class.as_str()).execute(self.pool()).await?;
        Ok(())
    }

    /// What the classes of each user have set, a line for each class that has; archived ones say nothing any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sleep_policies(&self) -> Result<Vec<(Login, i64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT u.login, c.sleep_minutes FROM classes c JOIN memberships m ON m.class_id = c.id \
             JOIN users u ON u.id = m.user_id WHERE c.sleep_minutes IS NOT NULL AND c.archived_at IS NULL ORDER BY u.login",
        )
        .fetch_all(self.pool())
        .await?;
        let one = |row: &sqlx::any::AnyRow| {
            let login = Login::parse(row.try_get::<String, _>("login")?).map_err(|error| StoreError::Value(error.to_string()))?;
            Ok((login, row.try_get("sleep_minutes")?))
        };
        rows.iter().map(one).collect()
    }
}
