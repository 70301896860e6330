//! `PUT /files/{path}`.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::conditions::Conditions;
use super::draft::{Draft, Put};
use super::{etag_of, giant_tag, new_name, uploads};
use crate::home::Place;
use crate::{Agent, AgentError};

/// 201 for a new file, 204 for a changed one, with the new `ETag`.
pub(crate) async fn save(
    State(agent): State<Arc<Agent>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, AgentError> {
    let conditions = Conditions::read(&headers)?;
    let mut body = body.into_data_stream();
    let saved = receive(&agent, &path, conditions, announced(&headers), &mut body).await;
    if saved.is_err() {
        drain(&mut body).await;
    }
    let (created, etag) = saved?;
    let status = if created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    Ok((status, [(header::ETAG, etag)]).into_response())
}

/// Bytes that a body will have, where it says so.
pub(super) fn announced(headers: &HeaderMap) -> u64 {
    headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok()).unwrap_or(0)
}

/// Reads what is still coming, so that the answer reaches a client that writes before it reads.
pub(super) async fn drain(body: &mut BodyDataStream) {
    const MOST: usize = 256 * 1024 * 1024;
    const PATIENCE: Duration = Duration::from_secs(30);
    let mut left = MOST;
    let rest = async {
        while let Some(Ok(chunk)) = body.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(PATIENCE, rest).await;
}

async fn receive(
    agent: &Arc<Agent>,
    path: &str,
    conditions: Conditions,
    announced: u64,
    body: &mut BodyDataStream,
) -> Result<(bool, String), AgentError> {
    let failed = |e: std::io::Error| AgentError::of("save", path, e);
    let (agent2, given) = (Arc::clone(agent), path.to_owned());
    let (draft, file, target) = crate::blocking(move || {
        let (place, dir) = place_of(&agent2, &given)?;
        let (draft, file) = Draft::create(dir).map_err(|e| AgentError::of("save", &given, e))?;
        if !draft.has_room(announced) {
            return Err(AgentError::NoSpace { path: given });
        }
        Ok((draft, file, place))
    })
    .await?;
    let mut file = tokio::fs::File::from_std(file);
    let mut hash = Sha256::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|e| AgentError::Request(format!("the upload broke off: {e}")))?;
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    let file = file.into_std().await;
    let etag = etag_of(hash);

    // One at a time, so that of two saves with one If-Match, one wins and the other is told.
    let _turn = agent.saving.lock().await;
    let (agent2, given) = (Arc::clone(agent), path.to_owned());
    crate::blocking(move || {
        let created = match draft.put(&file, &target, &conditions, &given)? {
            Put::Created => true,
            Put::Replaced => false,
            Put::Refused(draft, etag) => {
                let refused = uploads::keep_refused(&agent2.home, draft, &file, &given);
                return Err(AgentError::Conflict { path: given, etag, refused });
            }
        };
        let stat = rustix::fs::fstat(&file).map_err(|e| AgentError::of("save", &given, e))?;
        Ok((created, giant_tag(&stat).unwrap_or(etag)))
    })
    .await
}

/// Where a path leads to, its folders made, and the folder once more for the draft.
pub(super) fn place_of(agent: &Agent, given: &str) -> Result<(Place, OwnedFd), AgentError> {
    let failed = |e: Errno| AgentError::of("save", given, e);
    let path = new_name::of(&agent.home, agent.home.relative(given)?);
    if let Some(parent) = path.parent() {
        agent.home.make_folders(parent).map_err(failed)?;
    }
    let place = agent.home.place(&path).map_err(failed)?;
    let dir = rustix::fs::openat(&place.dir, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    Ok((place, dir))
}
