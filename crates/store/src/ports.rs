//! Queries about the ports of workspaces: who besides the owner may see their previews, and until when.

use std::collections::BTreeMap;

use maru_model::WorkspaceId;
use sqlx::Row;

use crate::{Store, StoreError, now_ms};

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
    #[must_use]
    pub fn as_str(self) -> &'static str {
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

/// How a port is shared now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sharing {
    pub visibility: Visibility,
    /// When it is private again, in Unix milliseconds.
    pub expires_at: Option<i64>,
}

impl Store {
    /// The ports of this workspace that are shared now; all others are private.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn port_sharings(&self, id: &WorkspaceId) -> Result<BTreeMap<u16, Sharing>, StoreError> {
        let rows = sqlx::query(
            "SELECT port, visibility, expires_at FROM workspace_ports \
             WHERE workspace_id = $1 AND visibility <> 'private' AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(id.as_str())
        .bind(now_ms())
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let port: i64 = row.try_get("port")?;
                let port = u16::try_from(port).map_err(|_| StoreError::Value(format!("port {port}")))?;
                let visibility = Visibility::parse(&row.try_get::<String, _>("visibility")?)?;
                Ok((port, Sharing { visibility, expires_at: row.try_get("expires_at")? }))
            })
            .collect()
    }

    /// # Errors
    /// Where the database fails.
    pub async fn share_port(&self, id: &WorkspaceId, port: u16, sharing: Sharing) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO workspace_ports (workspace_id, port, visibility, changed_at, expires_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (workspace_id, port) DO UPDATE \
             SET visibility = excluded.visibility, changed_at = excluded.changed_at, expires_at = excluded.expires_at",
        )
        .bind(id.as_str())
        .bind(i64::from(port))
        .bind(sharing.visibility.as_str())
        .bind(now_ms())
        .bind(sharing.expires_at)
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
