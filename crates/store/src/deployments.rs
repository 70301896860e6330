//! Presses of Deploy. What a step says is the hand-off's business; here it is text.

use maru_model::{DeploymentId, UserId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError, now_ms};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRow {
    pub id: DeploymentId,
    pub user_id: UserId,
    /// `running`, `succeeded`, `failed` or `cancelled`.
    pub state: String,
    pub message: String,
    pub commit: Option<String>,
    pub rollout_id: Option<String>,
    pub url: Option<String>,
    /// JSON.
    pub steps: String,
    /// Unix milliseconds.
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

/// How asking for a deployment went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    New(DeploymentRow),
    /// The same request was made before, by its `Idempotency-Key`.
    Before(DeploymentRow),
    /// Another one of this user is running.
    Busy(DeploymentId),
}

const COLUMNS: &str = "id, user_id, state, message, commit_id, rollout_id, url, steps, created_at, finished_at";

fn deployment(row: &AnyRow) -> Result<DeploymentRow, StoreError> {
    Ok(DeploymentRow {
        id: DeploymentId::from(row.try_get::<String, _>("id")?),
        user_id: UserId::from(row.try_get::<String, _>("user_id")?),
        state: row.try_get("state")?,
        message: row.try_get("message")?,
        commit: row.try_get("commit_id")?,
        rollout_id: row.try_get("rollout_id")?,
        url: row.try_get("url")?,
        steps: row.try_get("steps")?,
        created_at: row.try_get("created_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

impl Store {
    /// Starts a deployment unless one of this user runs, or this very request was made before.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn start_deployment(&self, user: &UserId, key: Option<&str>, message: &str, steps: &str) -> Result<Started, StoreError> {
        if let Some(key) = key
            && let Some(before) = self.deployment_by("user_id = $1 AND idempotency_key = $2", &[user.as_str(), key]).await?
        {
            return Ok(Started::Before(before));
        }
        let id = DeploymentId::generate();
        let inserted = sqlx::query(
            "INSERT INTO deployments (id, user_id, running_for, idempotency_key, state, message, steps, created_at) \
             VALUES ($1, $2, $2, $3, 'running', $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(id.as_str())
        .bind(user.as_str())
        .bind(key.map(str::to_owned))
        .bind(message)
        .bind(steps)
        .bind(now_ms())
        .execute(self.pool())
        .await?;
        if inserted.rows_affected() == 1 {
            let row = self.deployment_by("id = $1", &[id.as_str()]).await?;
            return row.map(Started::New).ok_or_else(|| StoreError::Value(format!("deployment {id} is gone")));
        }
        // Refused by one of the two constraints; the key goes first, as it did above.
        if let Some(key) = key
            && let Some(before) = self.deployment_by("user_id = $1 AND idempotency_key = $2", &[user.as_str(), key]).await?
        {
            return Ok(Started::Before(before));
        }
        match self.deployment_by("running_for = $1", &[user.as_str()]).await? {
            Some(running) => Ok(Started::Busy(running.id)),
            None => Err(StoreError::Conflict("deployment")),
        }
    }

    async fn deployment_by(&self, condition: &'static str, values: &[&str]) -> Result<Option<DeploymentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM deployments WHERE {condition}");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for value in values {
            query = query.bind((*value).to_owned());
        }
        query.fetch_optional(self.pool()).await?.as_ref().map(deployment).transpose()
    }

    /// One of this user's; somebody else's is not found.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn deployment(&self, user: &UserId, id: &DeploymentId) -> Result<Option<DeploymentRow>, StoreError> {
        self.deployment_by("user_id = $1 AND id = $2", &[user.as_str(), id.as_str()]).await
    }

    /// The newest of this user.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn latest_deployment(&self, user: &UserId) -> Result<Option<DeploymentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM deployments WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.as_str()).fetch_optional(self.pool()).await?.as_ref().map(deployment).transpose()
    }

    /// Those that were running when the server ended.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn running_deployments(&self) -> Result<Vec<DeploymentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM deployments WHERE running_for IS NOT NULL ORDER BY created_at");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(self.pool()).await?;
        rows.iter().map(deployment).collect()
    }

    /// Writes down how far a deployment is. One that ended makes room for the next.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn save_deployment(&self, row: &DeploymentRow) -> Result<(), StoreError> {
        let running_for = row.finished_at.is_none().then(|| row.user_id.as_str().to_owned());
        sqlx::query(
            "UPDATE deployments SET running_for = $1, state = $2, commit_id = $3, rollout_id = $4, url = $5, steps = $6, finished_at = $7 \
             WHERE id = $8",
        )
        .bind(running_for)
        .bind(row.state.as_str())
        .bind(row.commit.clone())
        .bind(row.rollout_id.clone())
        .bind(row.url.clone())
        .bind(row.steps.as_str())
        .bind(row.finished_at)
        .bind(row.id.as_str())
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
