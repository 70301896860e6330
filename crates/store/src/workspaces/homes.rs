//! Which home a workspace has. A factory reset gives it a new, empty one and puts the old one aside; its undo swaps them
//! back. Nothing is copied or removed by either, so both are one transaction, and a crash leaves all as before or after.

use maru_model::{Login, WorkspaceId};
use sqlx::Row;

use crate::{Store, StoreError, now_ms};

/// A home that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetiredHome {
    pub workspace: WorkspaceId,
    /// The workspace's owner.
    pub login: Login,
    /// The home's number.
    pub home: i64,
    /// Unix milliseconds.
    pub retired_at: i64,
    pub kept_until: i64,
}

impl Store {
    /// Gives the workspace a new home instead of the home `seen`, which is put aside until `kept_until` (Unix
    /// milliseconds). False, and nothing changes, where it has another home already, or no container had this one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn renew_home(&self, id: &WorkspaceId, seen: i64, kept_until: i64) -> Result<bool, StoreError> {
        let now = now_ms();
        let mut transaction = self.pool().begin().await?;
        let renewed = sqlx::query(
            "UPDATE workspaces SET homes = homes + 1, home = homes + 1, home_since = generation, changed_at = $1 \
             WHERE id = $2 AND home = $3 AND generation > home_since",
        )
        .bind(now)
        .bind(id.as_str())
        .bind(seen)
        .execute(&mut *transaction)
        .await?;
        if renewed.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO workspace_homes (workspace_id, home, retired_at, kept_until) VALUES ($1, $2, $3, $4)")
            .bind(id.as_str())
            .bind(seen)
            .bind(now)
            .bind(kept_until)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives the workspace a home back that was put aside, this one or the last, and puts the one that it has now aside
    /// until `kept_until`. False where there is none that could be given back.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn restore_home(&self, id: &WorkspaceId, home: Option<i64>, kept_until: i64) -> Result<bool, StoreError> {
        let now = now_ms();
        let mut transaction = self.pool().begin().await?;
        let restored = sqlx::query(
            "DELETE FROM workspace_homes WHERE workspace_id = $1 AND home = (SELECT home FROM workspace_homes \
             WHERE workspace_id = $1 AND kept_until > $2 AND ($3 < 0 OR home = $3) \
             ORDER BY retired_at DESC, home DESC LIMIT 1) RETURNING home",
        )
        .bind(id.as_str())
        .bind(now)
        .bind(home.unwrap_or(-1))
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(restored) = restored else { return Ok(false) };
        let restored: i64 = restored.try_get("home")?;
        // One that no container had needs no keeping: its volume was never made.
        sqlx::query(
            "INSERT INTO workspace_homes (workspace_id, home, retired_at, kept_until) \
             SELECT id, home, $1, $2 FROM workspaces WHERE id = $3 AND generation > home_since",
        )
        .bind(now)
        .bind(kept_until)
        .bind(id.as_str())
        .execute(&mut *transaction)
        .await?;
        // What is given back has been used.
        sqlx::query("UPDATE workspaces SET home = $1, home_since = -1, changed_at = $2 WHERE id = $3")
            .bind(restored)
            .bind(now)
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The homes of all workspaces that were put aside, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn retired_homes(&self) -> Result<Vec<RetiredHome>, StoreError> {
        let rows = sqlx::query(
            "SELECT h.workspace_id, h.home, h.retired_at, h.kept_until, u.login FROM workspace_homes h \
             JOIN workspaces w ON w.id = h.workspace_id JOIN users u ON u.id = w.user_id ORDER BY h.retired_at DESC, h.home DESC",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let login: String = row.try_get("login")?;
                Ok(RetiredHome {
                    workspace: WorkspaceId::from(row.try_get::<String, _>("workspace_id")?),
                    login: Login::parse(login).map_err(|error| StoreError::Value(error.to_string()))?,
                    home: row.try_get("home")?,
                    retired_at: row.try_get("retired_at")?,
                    kept_until: row.try_get("kept_until")?,
                })
            })
            .collect()
    }

    /// Forgets a home that was put aside, unless its time is not over at `now` (Unix milliseconds). Its volume is the
    /// caller's to remove, before this: what is over cannot be given back any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_home(&self, id: &WorkspaceId, home: i64, now: i64) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM workspace_homes WHERE workspace_id = $1 AND home = $2 AND kept_until <= $3")
            .bind(id.as_str())
            .bind(home)
            .bind(now)
            .execute(self.pool())
            .await?;
        Ok(gone.rows_affected() > 0)
    }
}
