//! Moving, and moving to the trash.

use std::path::Path as FsPath;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use maru_protocol::{Move, Trash};
use rustix::fs::{AtFlags, RenameFlags, fsync, renameat_with, statat};
use rustix::io::Errno;
use serde::Deserialize;

use super::conditions::Conditions;
use super::remove::remove_all;
use super::{new_name, open_regular, trash};
use crate::extract::{Body, Query};
use crate::{Agent, AgentError};

/// `POST /move`: renames a file, link or folder. Makes the folders above the new name; never overwrites unless asked, and
/// then what was there is in the trash.
pub(crate) async fn move_entry(State(agent): State<Arc<Agent>>, Body(wanted): Body<Move>) -> Result<StatusCode, AgentError> {
    let _turn = agent.saving.lock().await;
    let agent2 = Arc::clone(&agent);
    crate::blocking(move || {
        let home = &agent2.home;
        let (from, to) = (home.relative(&wanted.from)?, home.relative(&wanted.to)?);
        let source = home.entry(&from).map_err(|e| AgentError::of("move", &wanted.from, e))?;
        let failed = |e: Errno| match e {
            // A folder cannot go into itself.
            Errno::INVAL => AgentError::BadPath { path: wanted.to.clone() },
            other => AgentError::of("move", &wanted.to, other),
        };
        let moved = statat(&source.dir, &source.name, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| AgentError::of("move", &wanted.from, e))?;
        // To its own composed name, a file may well go.
        let to = if from == to { to } else { new_name::of(home, to) };
        if let Some(parent) = to.parent() {
            home.make_folders(parent).map_err(failed)?;
        }
        let target = home.entry(&to).map_err(failed)?;
        if wanted.overwrite
            && let Ok(there) = statat(&target.dir, &target.name, AtFlags::SYMLINK_NOFOLLOW)
            && (there.st_dev, there.st_ino) != (moved.st_dev, moved.st_ino)
        {
            trash::put(home, &target, &to, &wanted.to)?;
        }
        renameat_with(&source.dir, &source.name, &target.dir, &target.name, RenameFlags::NOREPLACE).map_err(failed)?;
        fsync(&target.dir).and_then(|()| fsync(&source.dir)).map_err(failed)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct How {
    #[serde(default)]
    forever: Option<String>,
}

/// `DELETE /files/{path}`: a file, a link (not what it leads to), or a folder with all in it goes to the trash; with
/// `?forever=1`, or where it is in the trash already, it is gone. `If-Match` is heeded for files.
pub(crate) async fn remove(
    State(agent): State<Arc<Agent>>,
    Path(given): Path<String>,
    Query(how): Query<How>,
    headers: HeaderMap,
) -> Result<Response, AgentError> {
    let conditions = Conditions::read(&headers)?;
    let forever = how.forever.is_some_and(|f| matches!(f.as_str(), "1" | "true"));
    let _turn = agent.saving.lock().await;
    let agent2 = Arc::clone(&agent);
    crate::blocking(move || {
        let failed = |e: Errno| AgentError::of("remove", &given, e);
        let path = agent2.home.relative(&given)?;
        let place = agent2.home.entry(&path).map_err(failed)?;
        if !conditions.none() {
            let (mut file, stat) = open_regular(&agent2.home, &given)?;
            let tag = agent2.tags.of(&mut file, &stat).map_err(|e| AgentError::of("read", &given, e))?;
            if !conditions.hold(Some(&tag)) {
                return Err(AgentError::Conflict { path: given.clone(), etag: Some(tag), refused: None });
            }
        }
        if forever || path.starts_with(trash::FOLDER) || path.starts_with(super::OWN) {
            remove_all(&place.dir, &place.name).map_err(failed)?;
            fsync(&place.dir).map_err(failed)?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        if FsPath::new(trash::FOLDER).starts_with(&path) {
            return Err(AgentError::HoldsTrash { path: given.clone() });
        }
        let id = trash::put(&agent2.home, &place, &path, &given)?;
        Ok((StatusCode::NO_CONTENT, [(Trash::ID, trash::in_url(&id))]).into_response())
    })
    .await
}
