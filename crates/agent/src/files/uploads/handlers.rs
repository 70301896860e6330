use std::io::{Seek, SeekFrom};
use std::sync::Arc;

use axum::Json;
use axum::body::Body as Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maru_protocol::{CreateUpload, FinishUpload, Upload};
use rustix::fs::{OFlags, fstatvfs};
use rustix::io::Errno;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use super::{Meta, Shelf, Turn, new_id};
use crate::extract::Body;
use crate::files::conditions::Conditions;
use crate::files::draft::{Draft, Put};
use crate::files::{archive, giant_tag, hash_file, save};
use crate::{Agent, AgentError};

fn missing(id: &str) -> impl Fn(Errno) -> AgentError {
    move |error| match error {
        Errno::NOENT | Errno::LOOP => AgentError::NoUpload { id: id.to_owned() },
        other => AgentError::of("upload", id, other),
    }
}

/// Ids are ours, and no paths.
fn checked(id: &str) -> Result<(), AgentError> {
    let good = !id.is_empty() && id.len() < 100 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if good { Ok(()) } else { Err(AgentError::NoUpload { id: id.chars().take(100).collect() }) }
}

fn answer(status: StatusCode, upload: Upload) -> Response {
    let offset = HeaderValue::from(upload.offset);
    let mut response = (status, Json(upload)).into_response();
    response.headers_mut().insert(Upload::OFFSET, offset);
    response
}

/// `POST /uploads`.
pub(crate) async fn create(State(agent): State<Arc<Agent>>, Body(wanted): Body<CreateUpload>) -> Result<Response, AgentError> {
    crate::blocking(move || {
        agent.home.relative(&wanted.path)?;
        let failed = |e: Errno| AgentError::of("upload", &wanted.path, e);
        let shelf = Shelf::open(&agent.home).map_err(failed)?;
        shelf.all().map_err(failed)?;
        let room = fstatvfs(&shelf.0).map_or(u64::MAX, |fs| fs.f_bavail.saturating_mul(fs.f_frsize));
        if wanted.size > room {
            return Err(AgentError::NoSpace { path: wanted.path.clone() });
        }
        let id = new_id();
        let meta = Meta { path: wanted.path.clone(), size: wanted.size, created_at: crate::clock::now_ms(), refused: false, done: None };
        shelf.part(&id, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL).map_err(failed)?;
        shelf.set_meta(&id, &meta).map_err(failed)?;
        let mut response = answer(StatusCode::CREATED, shelf.show(&id, meta));
        if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/workspace/uploads/{id}")) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    })
    .await
}

/// `GET /uploads`: those that are not finished, and refused saves.
pub(crate) async fn list(State(agent): State<Arc<Agent>>) -> Result<Json<Vec<Upload>>, AgentError> {
    crate::blocking(move || {
        let failed = |e: Errno| AgentError::of("list", "uploads", e);
        let shelf = Shelf::open(&agent.home).map_err(failed)?;
        let all = shelf.all().map_err(failed)?;
        Ok(Json(all.into_iter().filter(|(_, meta)| meta.done.is_none()).map(|(id, meta)| shelf.show(&id, meta)).collect()))
    })
    .await
}

/// `GET /uploads/{id}`: where it stands.
pub(crate) async fn show(State(agent): State<Arc<Agent>>, Path(id): Path<String>) -> Result<Response, AgentError> {
    checked(&id)?;
    crate::blocking(move || {
        let shelf = Shelf::open(&agent.home).map_err(missing(&id))?;
        let meta = shelf.meta(&id).map_err(missing(&id))?;
        Ok(answer(StatusCode::OK, shelf.show(&id, meta)))
    })
    .await
}

/// `GET /uploads/{id}/content`: what has arrived.
pub(crate) async fn content(State(agent): State<Arc<Agent>>, Path(id): Path<String>) -> Result<Response, AgentError> {
    checked(&id)?;
    let (file, size) = crate::blocking(move || {
        let shelf = Shelf::open(&agent.home).map_err(missing(&id))?;
        shelf.meta(&id).map_err(missing(&id))?;
        Ok((shelf.part(&id, OFlags::RDONLY | OFlags::NONBLOCK).map_err(missing(&id))?, shelf.offset(&id)))
    })
    .await?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_LENGTH, size.to_string())];
    let body = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(file), size);
    Ok((headers, Bytes::from_stream(ReaderStream::with_capacity(body, 64 * 1024))).into_response())
}

/// `DELETE /uploads/{id}`.
pub(crate) async fn cancel(State(agent): State<Arc<Agent>>, Path(id): Path<String>) -> Result<StatusCode, AgentError> {
    checked(&id)?;
    let _turn = agent.uploads.turn(&id).await;
    let agent2 = Arc::clone(&agent);
    crate::blocking(move || {
        let shelf = Shelf::open(&agent2.home).map_err(missing(&id))?;
        shelf.remove(&id).map_err(missing(&id))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `PATCH /uploads/{id}` with `Upload-Offset`: more of it. What has arrived when the connection breaks is kept.
pub(crate) async fn append(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AgentError> {
    checked(&id)?;
    let given = headers.get(Upload::OFFSET).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let given = given.ok_or_else(|| AgentError::Request("Upload-Offset: a number of bytes is needed".to_owned()))?;
    let turn = agent.uploads.turn(&id).await;
    let mut body = body.into_data_stream();
    let appended = go_on(&agent, &id, given, &turn, &mut body).await;
    if appended.is_err() && !turn.taken.is_cancelled() {
        save::drain(&mut body).await;
    }
    Ok(answer(StatusCode::OK, appended?))
}

async fn go_on(agent: &Arc<Agent>, id: &str, given: u64, turn: &Turn, body: &mut axum::body::BodyDataStream) -> Result<Upload, AgentError> {
    let (agent2, own) = (Arc::clone(agent), id.to_owned());
    let (file, meta, offset) = crate::blocking(move || {
        let shelf = Shelf::open(&agent2.home).map_err(missing(&own))?;
        let meta = shelf.meta(&own).map_err(missing(&own))?;
        let offset = shelf.offset(&own);
        if given != offset || meta.done.is_some() {
            return Err(AgentError::UploadOffset { offset: if meta.done.is_some() { meta.size } else { offset } });
        }
        let file = shelf.part(&own, OFlags::WRONLY | OFlags::APPEND).map_err(missing(&own))?;
        Ok((file, meta, offset))
    })
    .await?;
    let failed = |e: std::io::Error| AgentError::of("upload", &meta.path, e);
    let mut file = tokio::fs::File::from_std(file);
    let mut left = meta.size - offset;
    let ended = loop {
        let chunk = tokio::select! {
            () = turn.taken.cancelled() => break Err(AgentError::UploadTaken),
            chunk = body.next() => chunk,
        };
        match chunk {
            None => break Ok(()),
            Some(Err(error)) => break Err(AgentError::Request(format!("the upload broke off: {error}"))),
            Some(Ok(chunk)) if chunk.len() as u64 > left => break Err(AgentError::UploadOffset { offset: meta.size - left }),
            Some(Ok(chunk)) => {
                left -= chunk.len() as u64;
                if let Err(error) = file.write_all(&chunk).await {
                    break Err(failed(error));
                }
            }
        }
    };
    // Told is only what is on the disk.
    file.flush().await.map_err(failed)?;
    file.sync_data().await.map_err(failed)?;
    ended?;
    let (agent2, own) = (Arc::clone(agent), id.to_owned());
    crate::blocking(move || Ok(Shelf::open(&agent2.home).map_err(missing(&own))?.show(&own, meta))).await
}

/// `POST /uploads/{id}/finish`: the file gets its place, where `If-Match` or `If-None-Match` hold; or it is unpacked
/// there. Done twice it says the same twice.
pub(crate) async fn finish(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(wanted): Body<FinishUpload>,
) -> Result<Response, AgentError> {
    checked(&id)?;
    let conditions = Conditions::read(&headers)?;
    let _turn = agent.uploads.turn(&id).await;
    let _saving = agent.saving.lock().await;
    let agent2 = Arc::clone(&agent);
    crate::blocking(move || {
        let shelf = Shelf::open(&agent2.home).map_err(missing(&id))?;
        let mut meta = shelf.meta(&id).map_err(missing(&id))?;
        if meta.done.is_some() {
            return Ok(answer(StatusCode::OK, shelf.show(&id, meta)));
        }
        let offset = shelf.offset(&id);
        if offset != meta.size {
            return Err(AgentError::UploadOffset { offset });
        }
        let mut file = shelf.part(&id, OFlags::RDWR).map_err(missing(&id))?;
        if wanted.unpack {
            let unpacked = archive::unpack(&agent2.home, &mut file, &meta.path, wanted.overwrite)?;
            shelf.remove(&id).map_err(missing(&id))?;
            return Ok((StatusCode::CREATED, Json(unpacked)).into_response());
        }
        let (status, tag) = place(&agent2, &shelf, &id, &mut file, &conditions, &meta.path)?;
        meta.done = Some(tag.clone());
        meta.refused = false;
        shelf.set_meta(&id, &meta).map_err(missing(&id))?;
        let mut response = answer(status, shelf.show(&id, meta));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        Ok(response)
    })
    .await
}

fn place(
    agent: &Agent,
    shelf: &Shelf,
    id: &str,
    file: &mut std::fs::File,
    conditions: &Conditions,
    path: &str,
) -> Result<(StatusCode, String), AgentError> {
    let failed = |e: std::io::Error| AgentError::of("save", path, e);
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let stat = rustix::fs::fstat(&*file).map_err(|e| failed(e.into()))?;
    let mut tag = if giant_tag(&stat).is_some() { String::new() } else { hash_file(file).map_err(failed)? };
    let (target, _) = save::place_of(agent, path)?;
    let dir = rustix::io::fcntl_dupfd_cloexec(&shelf.0, 0).map_err(|e| failed(e.into()))?;
    let draft = Draft::adopt(dir, super::part_name(id));
    let status = match draft.put(file, &target, conditions, path)? {
        Put::Created => StatusCode::CREATED,
        Put::Replaced => StatusCode::OK,
        Put::Refused(_, etag) => {
            return Err(AgentError::Conflict { path: path.to_owned(), etag, refused: Some(id.to_owned()) });
        }
    };
    let stat = rustix::fs::fstat(&*file).map_err(|e| failed(e.into()))?;
    if let Some(giant) = giant_tag(&stat) {
        tag = giant;
    }
    Ok((status, tag))
}
