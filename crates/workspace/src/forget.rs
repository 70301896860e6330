//! What goes with a user who is removed: the container, the homes (also those that resets put aside), the snapshots. The
//! row goes last, so that whatever dies in the middle of this, asking once more finishes it.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use maru_model::{Text, UserId};
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::Owner;
use crate::error::WorkspaceError;
use crate::queue::Request;
use crate::view::State;
use crate::workspaces::{Shared, Workspaces};
use maru_store::workspaces::StoppedFor;

/// How long a snapshot that is being taken is waited for, before it is left to fail.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The users whose workspaces are being removed: nobody starts these meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Mutex<HashSet<UserId>>);

impl Leaving {
    pub(crate) fn contains(&self, user: &UserId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(user)
    }

    /// None where somebody removes it already.
    fn enter(&self, user: &UserId) -> Option<Place<'_>> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(user.clone());
        new.then(|| Place { leaving: self, user: user.clone() })
    }
}

struct Place<'a> {
    leaving: &'a Leaving,
    user: UserId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leaving.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user);
    }
}

impl Workspaces {
    /// Removes a user's workspace for good, with its homes and snapshots. Nothing of it can be given back. Where there is
    /// none, that is fine.
    ///
    /// Whoever calls this has seen to it that the user cannot ask for it again: a user who is still there would get a new,
    /// empty one.
    ///
    /// # Errors
    /// Where the Engine or the database fails, or the disk: then it is to be asked for once more.
    pub async fn forget(&self, owner: &Owner) -> Result<(), WorkspaceError> {
        let shared = self.shared();
        let entry = self.entry(owner).await?;
        let _leaving = shared.leaving.enter(&owner.id).ok_or_else(being_removed)?;
        tracing::info!(login = %owner.login, "the workspace is removed, with its homes and snapshots");

        let deadline = Instant::now() + shared.config.deadlines.stop * 2;
        let mut views = entry.subscribe();
        entry.ask(&shared.store, Request::Force, StoppedFor::Staff).await?;
        // Its container goes even where it stands still; what was asked for before this may come first.
        let ended = timeout_at(deadline, views.wait_for(|view| matches!(view.state, State::Stopped | State::Failed))).await;
        // What was waited for keeps the view from changing.
        let ended = ended.is_ok_and(|view| view.is_ok());
        let view = entry.view();
        if !ended || view.state != State::Stopped {
            return Err(WorkspaceError::NotReady { state: view.state, cause: view.cause });
        }
        // From here on there is no driver that could make anything of it.
        shared.let_go(&owner.id);
        let desk = shared.desks.of(&owner.id);
        let _turn = timeout(PATIENCE, desk.turn()).await;
        shared.home_is_free(&entry).await;
        shared.docker.remove(&owner.login).await?;
        shared.remove_all_homes(&entry.row).await?;
        shared.remove_vault(&owner.id).await?;
        shared.store.remove_workspace(&entry.row.id).await?;
        Ok(())
    }
}

impl Shared {
    /// The homes that it has and had, by what their volumes say and what is written down.
    async fn remove_all_homes(&self, row: &maru_store::workspaces::WorkspaceRow) -> Result<(), WorkspaceError> {
        let mut volumes: BTreeSet<String> = self.docker.volumes_of(&row.user_id).await?.into_iter().collect();
        volumes.insert(self.docker.volume(&row.login, self.store.workspace(&row.id).await?.home));
        let retired = self.store.retired_homes().await?.into_iter().filter(|retired| retired.workspace == row.id);
        volumes.extend(retired.map(|retired| self.docker.volume(&row.login, retired.home)));
        for volume in volumes {
            self.docker.remove_home(&volume).await?;
        }
        Ok(())
    }
}

pub(crate) fn being_removed() -> WorkspaceError {
    WorkspaceError::Passing(Text::new("This workspace is being removed.", "이 작업 공간은 삭제되는 중입니다."))
}
