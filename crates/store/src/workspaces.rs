//! Queries about workspaces: one row per user, with what was asked for last; and their homes.

mod homes;

pub use homes::RetiredHome;

use maru_model::{Login, UserId, WorkspaceId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Store, StoreError, now_ms};

/// What was asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intention {
    Running,
    Stopped,
}

impl Intention {
    fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// What a workspace was stopped for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoppedFor {
    /// Its owner wanted it, or nobody has started it yet.
    #[default]
    Asked,
    /// Nobody used it.
    Idle,
    /// An instructor or an administrator wanted it.
    Staff,
}

impl StoppedFor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Idle => "idle",
            Self::Staff => "staff",
        }
    }

    fn parse(stored: &str) -> Result<Self, StoreError> {
        match stored {
            "asked" => Ok(Self::Asked),
            "idle" => Ok(Self::Idle),
            "staff" => Ok(Self::Staff),
            other => Err(StoreError::Value(format!("a workspace stopped for {other:?}"))),
        }
    }
}

/// A workspace with its owner's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRow {
    pub id: WorkspaceId,
    pub user_id: UserId,
    pub login: Login,
    /// The owner's name, as people write it.
    pub name: String,
    pub intention: Intention,
    /// Of use where the intention is to be stopped.
    pub stopped_for: StoppedFor,
    /// Containers made for it so far.
    pub generation: i64,
    /// The number of its home.
    pub home: i64,
    /// Unix milliseconds; until then it is not stopped for being idle.
    pub keep_alive_until: Option<i64>,
}

const COLUMNS: &str = "SELECT w.id, w.user_id, w.intention, w.stopped_for, w.generation, w.home, w.keep_alive_until, u.login, u.name \
                       FROM workspaces w JOIN users u ON u.id = w.user_id";

fn read(row: &AnyRow) -> Result<WorkspaceRow, StoreError> {
    let login: String = row.try_get("login")?;
    let intention: String = row.try_get("intention")?;
    Ok(WorkspaceRow {
        id: WorkspaceId::from(row.try_get::<String, _>("id")?),
        user_id: UserId::from(row.try_get::<String, _>("user_id")?),
        login: Login::parse(login).map_err(|error| StoreError::Value(error.to_string()))?,
        name: row.try_get("name")?,
        intention: if intention == "running" { Intention::Running } else { Intention::Stopped },
        stopped_for: StoppedFor::parse(&row.try_get::<String, _>("stopped_for")?)?,
        generation: row.try_get("generation")?,
        home: row.try_get("home")?,
        keep_alive_until: row.try_get("keep_alive_until")?,
    })
}

impl Store {
    /// The workspace of this user, made where it is missing. Any number of callers at once get the same one.
    ///
    /// # Errors
    /// Where the database fails, or has no such user.
    pub async fn ensure_workspace(&self, user: &UserId) -> Result<WorkspaceRow, StoreError> {
        let now = now_ms();
        sqlx::query(
            "INSERT INTO workspaces (id, user_id, intention, generation, created_at, changed_at) \
             VALUES ($1, $2, 'stopped', 0, $3, $4) ON CONFLICT (user_id) DO NOTHING",
        )
        .bind(WorkspaceId::generate().as_str())
        .bind(user.as_str())
        .bind(now)
        .bind(now)
        .execute(self.pool())
        .await?;
        let row =
            sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE w.user_id = $1"))).bind(user.as_str()).fetch_one(self.pool()).await?;
        read(&row)
    }

    /// All workspaces, by their owners' logins.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceRow>, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY u.login"))).fetch_all(self.pool()).await?;
        rows.iter().map(read).collect()
    }

    /// One workspace, as it is now.
    ///
    /// # Errors
    /// Where the database fails, or the workspace is gone.
    pub async fn workspace(&self, id: &WorkspaceId) -> Result<WorkspaceRow, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE w.id = $1"))).bind(id.as_str()).fetch_one(self.pool()).await?;
        read(&row)
    }

    /// # Errors
    /// Where the database fails.
    pub async fn set_workspace_intention(&self, id: &WorkspaceId, intention: Intention) -> Result<(), StoreError> {
        self.intend(id, intention, StoppedFor::Asked).await
    }

    /// The intention is to be stopped, and this is what for.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_workspace_stopped(&self, id: &WorkspaceId, stopped_for: StoppedFor) -> Result<(), StoreError> {
        self.intend(id, Intention::Stopped, stopped_for).await
    }

    async fn intend(&self, id: &WorkspaceId, intention: Intention, stopped_for: StoppedFor) -> Result<(), StoreError> {
        sqlx::query("UPDATE workspaces SET intention = $1, stopped_for = $2, changed_at = $3 WHERE id = $4")
            .bind(intention.as_str())
            .bind(stopped_for.as_str())
            .bind(now_ms())
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Until then (Unix milliseconds) the workspace is not stopped for being idle.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_workspace_alive(&self, id: &WorkspaceId, until: Option<i64>) -> Result<(), StoreError> {
        sqlx::query("UPDATE workspaces SET keep_alive_until = $1 WHERE id = $2").bind(until).bind(id.as_str()).execute(self.pool()).await?;
        Ok(())
    }

    /// Removes a workspace with all that is written down of it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove_workspace(&self, id: &WorkspaceId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM workspaces WHERE id = $1").bind(id.as_str()).execute(self.pool()).await?;
        Ok(())
    }

    /// Counts one more container made for this workspace; the answer is its number, from 1.
    ///
    /// # Errors
    /// Where the database fails, or the workspace is gone.
    pub async fn next_workspace_generation(&self, id: &WorkspaceId) -> Result<i64, StoreError> {
        let row = sqlx::query("UPDATE workspaces SET generation = generation + 1, changed_at = $1 WHERE id = $2 RETURNING generation")
            .bind(now_ms())
            .bind(id.as_str())
            .fetch_one(self.pool())
            .await?;
        Ok(row.try_get("generation")?)
    }
}
