//! Factory reset and its undo: a workspace gets another home, and the container is made anew around it. What was there
//! is put aside as it is and can be given back; only when its time is over is it removed.

use jiff::Timestamp;
use maru_store::now_ms;
use maru_store::workspaces::{RetiredHome, StoppedFor};

use crate::config::Owner;
use crate::entry::Entry;
use crate::error::WorkspaceError;
use crate::queue::Request;
use crate::view::WorkspaceView;
use crate::workspaces::{Shared, Workspaces};

impl Shared {
    fn kept_until(&self) -> i64 {
        now_ms().saturating_add(i64::try_from(self.config.undo_for.as_millis()).unwrap_or(i64::MAX))
    }

    /// The homes of this workspace that can be given back, the newest first.
    async fn retired_homes(&self, entry: &Entry) -> Result<Vec<RetiredHome>, WorkspaceError> {
        let now = now_ms();
        let all = self.store.retired_homes().await?;
        Ok(all.into_iter().filter(|retired| retired.workspace == entry.row.id && retired.kept_until > now).collect())
    }

    /// Publishes until when the last home can be given back.
    async fn show_undo(&self, entry: &Entry) -> Result<(), WorkspaceError> {
        let until = self.retired_homes(entry).await?.first().and_then(|retired| Timestamp::from_millisecond(retired.kept_until).ok());
        entry.publish(|view| view.undo_until = until);
        Ok(())
    }

    /// Removes the homes whose time is over. Nothing gives these back any more, so that one that cannot be removed yet,
    /// since a container has it still, is only tried again later.
    pub(crate) async fn remove_old_homes(&self) -> Result<(), WorkspaceError> {
        let now = now_ms();
        for retired in self.store.retired_homes().await?.into_iter().filter(|retired| retired.kept_until <= now) {
            let volume = self.docker.volume(&retired.login, retired.home);
            tracing::info!(%volume, "put aside by a reset, and its time is over: removing it");
            match self.docker.remove_home(&volume).await {
                Ok(()) => drop(self.store.forget_home(&retired.workspace, retired.home, now).await?),
                Err(error) => tracing::warn!(%error, "not yet"),
            }
        }
        for entry in self.entries() {
            if entry.view().undo_until.is_some() {
                self.show_undo(&entry).await?;
            }
        }
        Ok(())
    }

    /// Publishes what can be given back, after a start of the server.
    pub(crate) async fn show_undos(&self) -> Result<(), WorkspaceError> {
        // The oldest first, so that the newest has the last word.
        for retired in self.store.retired_homes().await?.iter().rev().filter(|retired| retired.kept_until > now_ms()) {
            let until = Timestamp::from_millisecond(retired.kept_until).ok();
            if let Some(entry) = self.entries().iter().find(|entry| entry.row.id == retired.workspace) {
                entry.publish(|view| view.undo_until = until);
            }
        }
        Ok(())
    }
}

impl Workspaces {
    /// A new, empty home and a container anew. The home that was there is put aside, to be given back by [`Self::undo_reset`].
    /// Once is enough: a home that nobody has had yet is not replaced.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn reset(&self, owner: &Owner) -> Result<WorkspaceView, WorkspaceError> {
        let (shared, entry) = (self.shared(), self.entry(owner).await?);
        let row = shared.store.workspace(&entry.row.id).await?;
        if shared.store.renew_home(&row.id, row.home, shared.kept_until()).await? {
            tracing::info!(login = %owner.login, home = row.home, "reset: this home is put aside");
            shared.show_undo(&entry).await?;
        }
        entry.ask(&shared.store, Request::Recreate, StoppedFor::Asked).await?;
        Ok(entry.view())
    }

    /// Gives a home back that a reset put aside: this one, or the last. The present one is put aside instead.
    ///
    /// # Errors
    /// [`WorkspaceError::NothingToUndo`], or where the database fails.
    pub async fn undo_reset(&self, owner: &Owner, home: Option<i64>) -> Result<WorkspaceView, WorkspaceError> {
        let (shared, entry) = (self.shared(), self.entry(owner).await?);
        if !shared.store.restore_home(&entry.row.id, home, shared.kept_until()).await? {
            return Err(WorkspaceError::NothingToUndo);
        }
        tracing::info!(login = %owner.login, ?home, "a home is given back");
        shared.show_undo(&entry).await?;
        entry.ask(&shared.store, Request::Recreate, StoppedFor::Asked).await?;
        Ok(entry.view())
    }

    /// The homes that can be given back, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn previous_homes(&self, owner: &Owner) -> Result<Vec<RetiredHome>, WorkspaceError> {
        let entry = self.entry(owner).await?;
        self.shared().retired_homes(&entry).await
    }
}
