//! Queries about workspaces: one row per user, with what was asked for last; and the visibility of their ports.

use std::collections::BTreeMap;

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

/// A workspace with its owner's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRow {
    pub id: WorkspaceId,
    pub user_id: UserId,
    pub login: Login,
    /// The owner's name, as people write it.
    pub name: String,
    pub intention: Intention,
    pub generation: i64,
}

/// Who may see the preview of a port. The order is the order of openness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Only the owner.
    #[default]
    Private,
    /// Members of the owner's classes.
    Class,
    /// Everybody who has the address.
    Public,
}

impl Visibility {
    fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Class => "class",
            Self::Public => "public",
        }
    }

    fn parse(stored: &str) -> Result<Self, StoreError> {
        match stored {
            "private" => Ok(Self::Private),
            "class" => Ok(Self::Class),
            "public" => Ok(Self::Public),
            other => Err(StoreError::Value(format!("visibility {other:?}"))),
        }
    }
}

const COLUMNS: &str = "SELECT w.id, w.user_id, w.intention, w.generation, u.login, u.name \
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
        generation: row.try_get("generation")?,
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

    /// # Errors
    /// Where the database fails.
    pub async fn set_workspace_intention(&self, id: &WorkspaceId, intention: Intention) -> Result<(), StoreError> {
        sqlx::query("UPDATE workspaces SET intention = $1, changed_at = $2 WHERE id = $3")
            .bind(intention.as_str())
            .bind(now_ms())
            .bind(id.as_str())
            .execute(self.pool())
            .await?;
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

    /// The visibility of the ports of this workspace that somebody set; all others are private.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn port_visibilities(&self, id: &WorkspaceId) -> Result<BTreeMap<u16, Visibility>, StoreError> {
        let rows = sqlx::query("SELECT port, visibility FROM workspace_ports WHERE workspace_id = $1")
            .bind(id.as_str())
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                let port: i64 = row.try_get("port")?;
                let port = u16::try_from(port).map_err(|_| StoreError::Value(format!("port {port}")))?;
                Ok((port, Visibility::parse(&row.try_get::<String, _>("visibility")?)?))
            })
            .collect()
    }

    /// # Errors
    /// Where the database fails.
    pub async fn set_port_visibility(&self, id: &WorkspaceId, port: u16, visibility: Visibility) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO workspace_ports (workspace_id, port, visibility, changed_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (workspace_id, port) DO UPDATE SET visibility = excluded.visibility, changed_at = excluded.changed_at",
        )
        .bind(id.as_str())
        .bind(i64::from(port))
        .bind(visibility.as_str())
        .bind(now_ms())
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
