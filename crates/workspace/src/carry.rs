//! Homes as volumes, for whoever carries an installation elsewhere: where they are, and new ones to be filled. No workspace
//! runs in a home that is filled.

use std::sync::Arc;

use maru_engine::{Engine, EngineError};
use maru_model::Limits;
use maru_store::workspaces::WorkspaceRow;

use crate::config::Config;
use crate::error::WorkspaceError;
use crate::runtime::{Docker, HomeKind};

/// All homes of an installation whose server need not run.
#[derive(Debug)]
pub struct Homes(Docker);

impl Homes {
    /// Where a home is in a workspace.
    pub const PLACE: &str = crate::runtime::HOME;

    #[must_use]
    pub fn new(config: Config, engine: Engine) -> Self {
        Self(Docker::new(engine, Arc::new(config)))
    }

    /// The workspace's container, where it runs: its home can be read through it, and in no other way.
    ///
    /// # Errors
    /// Where the Engine fails.
    pub async fn running_in(&self, row: &WorkspaceRow, home: i64) -> Result<Option<String>, EngineError> {
        let presence = self.0.look(row, None).await?;
        let runs = matches!(presence, crate::runtime::Presence::Running { home: present, .. } if present == home);
        Ok(runs.then(|| self.0.name(&row.login)))
    }

    /// The volume of a home, ready to be mounted; `None` where it was never made. It is to be let go by [`Self::close`] once it
    /// is mounted.
    ///
    /// # Errors
    /// Where the Engine fails.
    pub async fn open(&self, row: &WorkspaceRow, home: i64, limits: &Limits) -> Result<Option<String>, EngineError> {
        let kind = self.0.open_home(&row.login, home, limits).await?;
        Ok(kind.map(|_| self.0.volume(&row.login, home)))
    }

    pub async fn close(&self, row: &WorkspaceRow, home: i64) {
        if let Ok(Some(HomeKind::Image)) = self.0.kind(&self.0.volume(&row.login, home)).await {
            self.0.close_home(&row.login, home).await;
        }
    }

    /// A new, empty home, held to its size by the best that this machine can do.
    ///
    /// # Errors
    /// Where the image of workspaces is missing, or the Engine fails.
    pub async fn make(&self, row: &WorkspaceRow, home: i64, limits: &Limits) -> Result<String, WorkspaceError> {
        let image = self.0.image().await?;
        let volume = self.0.volume(&row.login, home);
        self.0.provide_home(&volume, crate::runtime::owner_labels(row), limits, &image).await?;
        Ok(volume)
    }
}
