use sqlx::Row;

use crate::{Store, StoreError, now_ms};

impl Store {
    /// Notes that a build made or used these images of the Engine just now.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn use_layers(&self, images: &[String]) -> Result<(), StoreError> {
        let now = now_ms();
        let mut transaction = self.pool().begin().await?;
        for image in images {
            sqlx::query(
                "INSERT INTO build_layers (image, used_at) VALUES ($1, $2) ON CONFLICT (image) DO UPDATE SET used_at = excluded.used_at",
            )
            .bind(image)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The images that no build has used since `before` (Unix milliseconds), the ones made last first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn unused_layers(&self, before: i64) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT image FROM build_layers WHERE used_at < $1 ORDER BY used_at DESC")
            .bind(before)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok(row.try_get("image")?)).collect()
    }

    /// # Errors
    /// Where the database does not answer.
    pub async fn forget_layer(&self, image: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM build_layers WHERE image = $1").bind(image).execute(self.pool()).await?;
        Ok(())
    }
}
