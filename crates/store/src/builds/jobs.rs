use maru_model::{BuildId, Login, RepositoryId, Text, UserId};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::NewVersion;
use crate::{Store, StoreError, now_ms};

/// ```text
/// queued -> running -> succeeded | failed | cancelled
///    \________________________________________/
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl BuildState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// True where nothing will change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::Value(format!("build state {text:?}")))
    }
}

/// One build of a repository at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub id: BuildId,
    pub repository_id: RepositoryId,
    /// Counts a repository's builds from 1; the tag of the image.
    pub number: i64,
    pub commit: String,
    /// What the image is made of: the context's tree and the Dockerfile's path.
    pub content: String,
    pub state: BuildState,
    /// Why it failed.
    pub reason: Option<Text>,
    /// How often it was started.
    pub attempts: i64,
    /// Somebody asked for its end.
    pub cancel: bool,
    /// Unix milliseconds, as all times here.
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
}

/// A build that was taken from the queue, with whose it is.
#[derive(Debug, Clone)]
pub struct Job {
    pub build: Build,
    pub user_id: UserId,
    pub login: Login,
}

/// How a build ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    Succeeded(NewVersion),
    Failed(Text),
    Cancelled,
}

const BUILD: &str = "id, repository_id, number, commit_id, content, state, reason, attempts, cancel, created_at, started_at, finished_at";

fn build(row: &AnyRow) -> Result<Build, StoreError> {
    let state: String = row.try_get("state")?;
    let reason: Option<String> = row.try_get("reason")?;
    Ok(Build {
        id: BuildId::from(row.try_get::<String, _>("id")?),
        repository_id: RepositoryId::from(row.try_get::<String, _>("repository_id")?),
        number: row.try_get("number")?,
        commit: row.try_get("commit_id")?,
        content: row.try_get("content")?,
        state: BuildState::parse(&state)?,
        reason: reason.as_deref().map(serde_json::from_str).transpose().map_err(|error| StoreError::Value(error.to_string()))?,
        attempts: row.try_get("attempts")?,
        cancel: row.try_get::<i64, _>("cancel")? != 0,
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}

impl Store {
    /// Queues a build under the repository's next number.
    ///
    /// # Errors
    /// Where the database does not answer, or the repository is gone.
    pub async fn add_build(&self, repository: &RepositoryId, commit: &str, content: &str) -> Result<Build, StoreError> {
        let mut transaction = self.pool().begin().await?;
        let number: i64 = sqlx::query("UPDATE repositories SET next_number = next_number + 1 WHERE id = $1 RETURNING next_number")
            .bind(repository.as_str())
            .fetch_one(&mut *transaction)
            .await?
            .try_get::<i64, _>("next_number")?
            - 1;
        let added = Build {
            id: BuildId::generate(),
            repository_id: repository.clone(),
            number,
            commit: commit.to_owned(),
            content: content.to_owned(),
            state: BuildState::Queued,
            reason: None,
            attempts: 0,
            cancel: false,
            created_at: now_ms(),
            started_at: None,
            finished_at: None,
        };
        sqlx::query(
            "INSERT INTO builds (id, repository_id, number, commit_id, content, state, attempts, cancel, created_at, lease_owner, lease_until) \
             VALUES ($1, $2, $3, $4, $5, 'queued', 0, 0, $6, '', 0)",
        )
        .bind(added.id.as_str())
        .bind(repository.as_str())
        .bind(number)
        .bind(commit)
        .bind(content)
        .bind(added.created_at)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(added)
    }

    /// A build of one of this user's repositories; somebody else's is `None`.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn build_of(&self, owner: &UserId, id: &BuildId) -> Result<Option<Build>, StoreError> {
        let sql = format!("SELECT {BUILD} FROM builds WHERE id = $2 AND repository_id IN (SELECT id FROM repositories WHERE user_id = $1)");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(owner.as_str()).bind(id.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(build).transpose()
    }

    /// Whoever owns it.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn build(&self, id: &BuildId) -> Result<Option<Build>, StoreError> {
        let sql = format!("SELECT {BUILD} FROM builds WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(self.pool()).await?;
        row.as_ref().map(build).transpose()
    }

    /// A repository's builds, newest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn builds(&self, repository: &RepositoryId, limit: i64) -> Result<Vec<Build>, StoreError> {
        let sql = format!("SELECT {BUILD} FROM builds WHERE repository_id = $1 ORDER BY number DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(repository.as_str()).bind(limit).fetch_all(self.pool()).await?;
        rows.iter().map(build).collect()
    }

    /// The build of this content that has not ended yet.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn open_build(&self, repository: &RepositoryId, content: &str) -> Result<Option<Build>, StoreError> {
        let sql = format!(
            "SELECT {BUILD} FROM builds WHERE repository_id = $1 AND content = $2 AND cancel = 0 \
             AND state IN ('queued', 'running') ORDER BY number LIMIT 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(repository.as_str()).bind(content).fetch_optional(self.pool()).await?;
        row.as_ref().map(build).transpose()
    }

    /// Takes the next build and its lease: the oldest that is queued or whose lease ran out, first of those users who
    /// have none running. `None` where there is nothing to do.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn take_build(&self, owner: &str, lease_until: i64) -> Result<Option<Job>, StoreError> {
        let now = now_ms();
        // The outer condition is looked at again once the row is locked: of two workers one gets nothing.
        let sql = format!(
            "UPDATE builds SET state = 'running', lease_owner = $1, lease_until = $2, attempts = attempts + 1, \
                started_at = COALESCE(started_at, $3) \
             WHERE id = (SELECT b.id FROM builds b JOIN repositories r ON r.id = b.repository_id \
                 WHERE b.state = 'queued' OR (b.state = 'running' AND b.lease_until < $3) \
                 ORDER BY (SELECT count(*) FROM builds o JOIN repositories q ON q.id = o.repository_id \
                     WHERE o.state = 'running' AND o.lease_until >= $3 AND q.user_id = r.user_id), b.created_at, b.id LIMIT 1) \
               AND (state = 'queued' OR (state = 'running' AND lease_until < $3)) \
             RETURNING {BUILD}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(owner).bind(lease_until).bind(now).fetch_optional(self.pool()).await?;
        let Some(build) = row.as_ref().map(build).transpose()? else { return Ok(None) };
        let whose = sqlx::query("SELECT u.id, u.login FROM users u JOIN repositories r ON r.user_id = u.id WHERE r.id = $1")
            .bind(build.repository_id.as_str())
            .fetch_one(self.pool())
            .await?;
        let login: String = whose.try_get("login")?;
        Ok(Some(Job {
            build,
            user_id: UserId::from(whose.try_get::<String, _>("id")?),
            login: Login::parse(login).map_err(|error| StoreError::Value(error.to_string()))?,
        }))
    }

    /// Ends all leases of an owner who is known to be dead: the one of the same name before this start.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn end_leases(&self, owner: &str) -> Result<u64, StoreError> {
        let ended = sqlx::query("UPDATE builds SET lease_until = 0 WHERE state = 'running' AND lease_owner = $1")
            .bind(owner)
            .execute(self.pool())
            .await?;
        Ok(ended.rows_affected())
    }

    /// False where the lease is lost: somebody else took the build, or it ended.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn keep_lease(&self, id: &BuildId, owner: &str, lease_until: i64) -> Result<bool, StoreError> {
        let kept = sqlx::query("UPDATE builds SET lease_until = $3 WHERE id = $1 AND lease_owner = $2 AND state = 'running'")
            .bind(id.as_str())
            .bind(owner)
            .bind(lease_until)
            .execute(self.pool())
            .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// Ends a build, with its version where it succeeded, in one transaction. False where it had ended before, or is gone.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn finish_build(&self, build: &Build, outcome: &Outcome) -> Result<bool, StoreError> {
        let (state, reason) = match outcome {
            Outcome::Succeeded(_) => (BuildState::Succeeded, None),
            Outcome::Failed(reason) => (BuildState::Failed, Some(reason)),
            Outcome::Cancelled => (BuildState::Cancelled, None),
        };
        let reason = reason.map(serde_json::to_string).transpose().map_err(|error| StoreError::Value(error.to_string()))?;
        let mut transaction = self.pool().begin().await?;
        let ended = sqlx::query(
            "UPDATE builds SET state = $2, reason = $3, finished_at = $4, lease_until = 0 \
             WHERE id = $1 AND state IN ('queued', 'running')",
        )
        .bind(build.id.as_str())
        .bind(state.as_str())
        .bind(reason)
        .bind(now_ms())
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        if let Outcome::Succeeded(version) = outcome {
            Self::insert_version(&mut transaction, build, version).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Notes that somebody wants a build's end; one that is still queued ends at once. The state after it.
    ///
    /// # Errors
    /// Where the database does not answer, or the build is gone.
    pub async fn cancel_build(&self, id: &BuildId) -> Result<BuildState, StoreError> {
        sqlx::query(
            "UPDATE builds SET cancel = 1, finished_at = CASE WHEN state = 'queued' THEN $2 ELSE finished_at END, \
                state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END \
             WHERE id = $1 AND state IN ('queued', 'running')",
        )
        .bind(id.as_str())
        .bind(now_ms())
        .execute(self.pool())
        .await?;
        let row = sqlx::query("SELECT state FROM builds WHERE id = $1").bind(id.as_str()).fetch_one(self.pool()).await?;
        BuildState::parse(&row.try_get::<String, _>("state")?)
    }
}
