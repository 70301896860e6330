//! Who did what to whom, and when. Logins are kept beside the ids: they are read after people are gone.

use maru_model::UserId;
use sqlx::Row;

use crate::users::{User, contains};
use crate::{Store, StoreError, now_ms};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Ids sort by time.
    pub id: String,
    /// Unix milliseconds.
    pub at: i64,
    pub actor: String,
    /// Empty where it concerns nobody.
    pub subject: String,
    pub action: String,
    pub detail: String,
}

impl Store {
    /// Writes down that `actor` did `action`, about `subject` where it concerns a person.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn audit(&self, actor: &UserId, subject: Option<&UserId>, action: &str, detail: &str) -> Result<(), StoreError> {
        let subject = subject.map(|id| id.as_str().to_owned());
        sqlx::query(
            "INSERT INTO audit (id, at, actor_id, subject_id, action, detail, actor_login, subject_login) VALUES ($1, $2, $3, $4, $5, $6, \
             COALESCE((SELECT login FROM users WHERE id = $7), ''), COALESCE((SELECT login FROM users WHERE id = $8), ''))",
        )
        .bind(UserId::generate().as_str())
        .bind(now_ms())
        .bind(actor.as_str())
        .bind(subject.clone())
        .bind(action)
        .bind(detail)
        .bind(actor.as_str())
        .bind(subject)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// What `viewer` may read of it, the newest first, before the entry `before` (empty: from the newest on): administrators
    /// everything, others what they did themselves and what was done to the members of the classes that they are instructors
    /// of. Only entries with `search` in who, whom, what or the detail.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit_seen_by(&self, viewer: &User, search: &str, before: &str, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        const SEEN: &str = "($3 = 'admin' OR actor_id = $4 OR subject_id IN (SELECT theirs.user_id FROM memberships mine \
                            JOIN memberships theirs ON mine.class_id = theirs.class_id JOIN classes c ON c.id = mine.class_id \
                            WHERE mine.user_id = $4 AND mine.role = 'instructor' AND c.archived_at IS NULL)) \
                            AND (lower(actor_login) LIKE $5 ESCAPE '!' OR lower(subject_login) LIKE $5 ESCAPE '!' \
                            OR lower(action) LIKE $5 ESCAPE '!' OR lower(detail) LIKE $5 ESCAPE '!')";
        self.entries(SEEN, before, limit, &[viewer.role.as_str(), viewer.id.as_str(), &contains(search)]).await
    }

    /// What others did that concerns `user`, the newest first, before the entry `before`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn audit_about(&self, user: &UserId, before: &str, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        self.entries("subject_id = $3 AND actor_id <> $3", before, limit, &[user.as_str()]).await
    }

    async fn entries(&self, condition: &'static str, before: &str, limit: i64, values: &[&str]) -> Result<Vec<AuditEntry>, StoreError> {
        let sql = format!(
            "SELECT id, at, actor_login, subject_login, action, detail FROM audit WHERE ($1 = '' OR id < $1) AND {condition} \
             ORDER BY id DESC LIMIT $2"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before.to_owned()).bind(limit);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        let rows = query.fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| {
                Ok(AuditEntry {
                    id: row.try_get("id")?,
                    at: row.try_get("at")?,
                    actor: row.try_get("actor_login")?,
                    subject: row.try_get("subject_login")?,
                    action: row.try_get("action")?,
                    detail: row.try_get("detail")?,
                })
            })
            .collect()
    }

    /// Forgets what was before this time (Unix milliseconds).
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_audit(&self, before: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query("DELETE FROM audit WHERE at < $1").bind(before).execute(self.pool()).await?.rows_affected())
    }
}
