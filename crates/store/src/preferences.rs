//! How each user has the IDE: one JSON object, which only the pages read.

use maru_model::UserId;
use sqlx::Row;

use crate::{Store, StoreError, now_ms};

/// Of those who have changed nothing yet.
const NONE: &str = "{}";

impl Store {
    /// # Errors
    /// Where the database fails.
    pub async fn preferences(&self, user: &UserId) -> Result<String, StoreError> {
        let row =
            sqlx::query("SELECT document FROM preferences WHERE user_id = $1").bind(user.as_str()).fetch_optional(self.pool()).await?;
        row.map_or_else(|| Ok(NONE.to_owned()), |row| Ok(row.try_get("document")?))
    }

    /// Puts another document in the place of `from`; false where that is not the present one any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn change_preferences(&self, user: &UserId, from: &str, to: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO preferences (user_id, document, changed_at) VALUES ($1, $2, $3) \
             ON CONFLICT (user_id) DO UPDATE SET document = excluded.document, changed_at = excluded.changed_at \
             WHERE preferences.document = $4",
        )
        .bind(user.as_str())
        .bind(to)
        .bind(now_ms())
        .bind(from)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
