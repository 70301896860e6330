//! Queries about what the workspaces of a class may use, which is a setting of it.

use maru_model::{ClassId, ClassLimits, UserId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError};

fn read(row: &AnyRow) -> Result<ClassLimits, StoreError> {
    let text = row.try_get::<Option<String>, _>("limits")?;
    text.map_or(Ok(ClassLimits::default()), |text| serde_json::from_str(&text).map_err(|error| StoreError::Value(error.to_string())))
}

impl Store {
    /// What a class has set; `None`: there is no such class.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn class_limits(&self, class: &ClassId) -> Result<Option<ClassLimits>, StoreError> {
        let row = sqlx::query("SELECT limits FROM classes WHERE id = $1").bind(class.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(read).transpose()
    }

    /// # Errors
    /// Where the database fails.
    pub async fn set_class_limits(&self, class: &ClassId, limits: &ClassLimits) -> Result<(), StoreError> {
        let text = serde_json::to_string(limits).map_err(|error| StoreError::Value(error.to_string()))?;
        sqlx::query("UPDATE classes SET limits = $1 WHERE id = $2").bind(text).bind(class.as_str()).execute(self.pool()).await?;
        Ok(())
    }

    /// What the classes of a user have set, of each the larger.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn limits_of(&self, user: &UserId) -> Result<ClassLimits, StoreError> {
        let rows = sqlx::query(
            "SELECT c.limits FROM classes c JOIN memberships m ON m.class_id = c.id WHERE m.user_id = $1 AND c.archived_at IS NULL",
        )
        .bind(user.as_str())
        .fetch_all(self.pool())
        .await?;
        rows.iter().try_fold(ClassLimits::default(), |all, row| Ok(all.or_more(read(row)?)))
    }
}
