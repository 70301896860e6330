use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use maru_protocol::{EntryKind, Restore, Restored, Trash, Trashed};
use rustix::io::Errno;

use super::super::folder::kind_of;
use super::{Bin, checked, put_back, within};
use crate::extract::Body;
use crate::{Agent, AgentError};

/// Entries listed.
const LISTED: usize = 2000;

/// `GET /trash`: the newest first.
pub(crate) async fn list(State(agent): State<Arc<Agent>>) -> Result<Json<Trash>, AgentError> {
    crate::blocking(move || {
        let failed = |e: Errno| AgentError::of("list", super::FOLDER, e);
        let bin = match Bin::open(&agent.home, false) {
            Ok(bin) => bin,
            Err(Errno::NOENT) => return Ok(Json(Trash { entries: Vec::new() })),
            Err(error) => return Err(failed(error)),
        };
        let mut found: Vec<_> = bin
            .ids()
            .map_err(failed)?
            .into_iter()
            .filter_map(|id| bin.look(&id).ok().map(|(path, thing, info)| (id, path, thing, info)))
            .collect();
        found.sort_by(|(a_id, .., a), (b_id, .., b)| (b.st_mtime, b.st_mtime_nsec, a_id).cmp(&(a.st_mtime, a.st_mtime_nsec, b_id)));
        found.truncate(LISTED);
        let entries = found.into_iter().map(|(id, path, thing, info)| {
            let kind = kind_of(thing.st_mode);
            Trashed {
                id,
                path: within(&agent.home, &path).unwrap_or(path).to_string_lossy().into_owned(),
                kind,
                size: (kind != EntryKind::Folder).then(|| thing.st_size.unsigned_abs()),
                deleted_at: crate::clock::rfc3339(info.st_mtime),
            }
        });
        Ok(Json(Trash { entries: entries.collect() }))
    })
    .await
}

/// `POST /trash/{id}/restore`: back to where it was, or elsewhere; 409 where that name is taken.
pub(crate) async fn restore(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    Body(wanted): Body<Restore>,
) -> Result<Json<Restored>, AgentError> {
    checked(&id)?;
    let _turn = agent.saving.lock().await;
    let agent2 = Arc::clone(&agent);
    crate::blocking(move || {
        let path = put_back(&agent2.home, &id, wanted.to.as_deref())?;
        Ok(Json(Restored { path: path.to_string_lossy().into_owned() }))
    })
    .await
}

/// `DELETE /trash/{id}`: for good.
pub(crate) async fn discard(State(agent): State<Arc<Agent>>, Path(id): Path<String>) -> Result<StatusCode, AgentError> {
    checked(&id)?;
    crate::blocking(move || {
        let done = Bin::open(&agent.home, false).and_then(|bin| bin.discard(&id));
        done.map(|()| StatusCode::NO_CONTENT).map_err(|e| match e {
            Errno::NOENT => AgentError::NotInTrash { id },
            other => AgentError::of("remove", &id, other),
        })
    })
    .await
}

/// `DELETE /trash`: all of it, for good.
pub(crate) async fn empty(State(agent): State<Arc<Agent>>) -> Result<StatusCode, AgentError> {
    crate::blocking(move || {
        let failed = |e: Errno| AgentError::of("empty", super::FOLDER, e);
        let bin = match Bin::open(&agent.home, false) {
            Ok(bin) => bin,
            Err(Errno::NOENT) => return Ok(StatusCode::NO_CONTENT),
            Err(error) => return Err(failed(error)),
        };
        for id in bin.ids().map_err(failed)? {
            bin.discard(&id).map_err(failed)?;
        }
        // What has lost its info, too.
        super::sweep(&bin.files).map_err(failed)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
