//! Queries about what applications of a class's members may use in the cluster, which is a setting of it.

use std::collections::BTreeMap;

use maru_model::{ClassId, ClassQuota, Login, UserId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError};

fn read(row: &AnyRow) -> Result<ClassQuota, StoreError> {
    let text = row.try_get::<Option<String>, _>("quota")?;
    text.map_or(Ok(ClassQuota::default()), |text| serde_json::from_str(&text).map_err(|error| StoreError::Value(error.to_string())))
}

impl Store {
    /// What a class has set; `None`: there is no such class.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn class_quota(&self, class: &ClassId) -> Result<Option<ClassQuota>, StoreError> {
        let row = sqlx::query("SELECT quota FROM classes WHERE id = $1").bind(class.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(read).transpose()
    }

    /// # Errors
    /// Where the database fails.
    pub async fn set_class_quota(&self, class: &ClassId, quota: &ClassQuota) -> Result<(), StoreError> {
        let text = serde_json::to_string(quota).map_err(|error| StoreError::Value(error.to_string()))?;
        sqlx::query("UPDATE classes SET quota = $1 WHERE id = $2").bind(text).bind(class.as_str()).execute(self.pool()).await?;
        Ok(())
    }

    /// What the classes of a user have set, of each the larger.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn quota_of(&self, user: &UserId) -> Result<ClassQuota, StoreError> {
        let rows = sqlx::query(
            "SELECT c.quota FROM classes c JOIN memberships m ON m.class_id = c.id WHERE m.user_id = $1 AND c.archived_at IS NULL",
        )
        .bind(user.as_str())
        .fetch_all(self.pool())
        .await?;
        rows.iter().try_fold(ClassQuota::default(), |all, row| Ok(all.or_more(read(row)?)))
    }

    /// The same of everybody whose classes have set something.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn quotas(&self) -> Result<BTreeMap<Login, ClassQuota>, StoreError> {
        let rows = sqlx::query(
            "SELECT u.login, c.quota FROM classes c JOIN memberships m ON m.class_id = c.id JOIN users u ON u.id = m.user_id \
             WHERE c.quota IS NOT NULL AND c.archived_at IS NULL",
        )
        .fetch_all(self.pool())
        .await?;
        let mut all: BTreeMap<Login, ClassQuota> = BTreeMap::new();
        for row in &rows {
            let login = Login::parse(row.try_get::<String, _>("login")?).map_err(|error| StoreError::Value(error.to_string()))?;
            let quota = all.entry(login).or_default();
            *quota = quota.or_more(read(row)?);
        }
        Ok(all)
    }
}
