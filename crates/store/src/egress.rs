//! Queries about the way out of workspaces, which is a setting of a class.

use maru_model::{ClassId, Egress, UserId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError};

fn read(row: &AnyRow) -> Result<Option<Egress>, StoreError> {
    row.try_get::<Option<String>, _>("egress")?.map(|text| text.parse().map_err(StoreError::Value)).transpose()
}

impl Store {
    /// The way out that a class has set; the outer `None`: there is no such class.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn class_egress(&self, class: &ClassId) -> Result<Option<Option<Egress>>, StoreError> {
        let row = sqlx::query("SELECT egress FROM classes WHERE id = $1").bind(class.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(read).transpose()
    }

    /// # Errors
    /// Where the database fails.
    pub async fn set_class_egress(&self, class: &ClassId, egress: Option<Egress>) -> Result<(), StoreError> {
        sqlx::query("UPDATE classes SET egress = $1 WHERE id = $2")
            .bind(egress.map(Egress::as_str))
            .bind(class.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The strictest way out that the classes of a user have set; `None` where none has.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn egress_of(&self, user: &UserId) -> Result<Option<Egress>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.egress FROM classes c JOIN memberships m ON m.class_id = c.id WHERE m.user_id = $1 AND c.archived_at IS NULL",
        )
        .bind(user.as_str())
        .fetch_all(self.pool())
        .await?;
        let mut strictest = None;
        for row in &rows {
            strictest = strictest.max(read(row)?);
        }
        Ok(strictest)
    }

    /// The members of a class.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn members(&self, class: &ClassId) -> Result<Vec<UserId>, StoreError> {
        let rows = sqlx::query("SELECT user_id FROM memberships WHERE class_id = $1 ORDER BY user_id")
            .bind(class.as_str())
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok(UserId::from(row.try_get::<String, _>("user_id")?))).collect()
    }
}
