//! What administrators and instructors do with users. There is always an administrator who can log in: a change that would
//! leave none does nothing and says so.

use maru_model::{Role, UserId};
use tokio::sync::Mutex;

use crate::users::User;
use crate::{Store, StoreError, now_ms};

/// Two administrators who demote each other at the same moment take turns.
static TURN: Mutex<()> = Mutex::const_new(());

/// True where user `$1` is no administrator who can log in, or not the only one.
const NOT_THE_LAST: &str = "(role <> 'admin' OR disabled_at IS NOT NULL OR EXISTS \
                            (SELECT 1 FROM users other WHERE other.role = 'admin' AND other.disabled_at IS NULL AND other.id <> $1))";

impl Store {
    /// Writes down name, role and whether they may log in. False, and nothing changes, where no administrator would be left.
    /// Who is a student from now on instructs no class any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn change_user(&self, id: &UserId, name: &str, role: Role, disabled: bool) -> Result<bool, StoreError> {
        let _turn = TURN.lock().await;
        let mut transaction = self.pool().begin().await?;
        let stays = role == Role::Admin && !disabled;
        let guard = if stays { "1 = 1" } else { NOT_THE_LAST };
        let sql = format!(
            "UPDATE users SET name = $2, role = $3, disabled_at = CASE WHEN $4 = 0 THEN NULL ELSE COALESCE(disabled_at, $5) END \
             WHERE id = $1 AND {guard}"
        );
        let changed = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .bind(name)
            .bind(role.as_str())
            .bind(i64::from(disabled))
            .bind(now_ms())
            .execute(&mut *transaction)
            .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        if role == Role::Student {
            sqlx::query("UPDATE memberships SET role = 'student' WHERE user_id = $1").bind(id.as_str()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Sets a password; `given`: by somebody else, so that its owner is asked for another.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_password(&self, id: &UserId, hash: &str, given: bool) -> Result<(), StoreError> {
        sqlx::query("UPDATE users SET password_hash = $1, password_given_at = $2 WHERE id = $3")
            .bind(hash)
            .bind(given.then(now_ms))
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Ends all sessions of a user, and with `tokens` all tokens too; but not the credential with the hash `kept`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_credentials(&self, id: &UserId, tokens: bool, kept: &str) -> Result<u64, StoreError> {
        let ended = sqlx::query("DELETE FROM credentials WHERE user_id = $1 AND hash <> $2 AND (kind = 'session' OR $3 = 1)")
            .bind(id.as_str())
            .bind(kept)
            .bind(i64::from(tokens))
            .execute(self.pool())
            .await?;
        Ok(ended.rows_affected())
    }

    /// Removes the row of a user and all that hangs on it. False where it was the last administrator.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_user(&self, id: &UserId) -> Result<bool, StoreError> {
        let _turn = TURN.lock().await;
        let sql = format!("DELETE FROM users WHERE id = $1 AND {NOT_THE_LAST}");
        Ok(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).execute(self.pool()).await?.rows_affected() > 0)
    }

    /// True where they are the only administrator who can log in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_last_admin(&self, user: &User) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM users WHERE id = $1 AND {NOT_THE_LAST}");
        Ok(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.id.as_str()).fetch_optional(self.pool()).await?.is_none())
    }
}
