use std::collections::HashMap;
use std::io::{Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use rustix::fs::Stat;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::range::parse_range;
use super::{giant_tag, hash_file, names, open_regular};
use crate::{Agent, AgentError};

/// Tags of files as they were, so that a video is not hashed again for each of its ranges.
#[derive(Debug, Default)]
pub(crate) struct Tags(Mutex<HashMap<Version, String>>);

/// What is certain to differ once the content does: ctime cannot be set by anyone. A file changed within the clock's
/// grain of the moment it was hashed is not remembered.
type Version = (u64, u64, i64, i64, i64);

const KEPT_TAGS: usize = 512;
const GRAIN_SECONDS: i64 = 1;

impl Tags {
    fn version(stat: &Stat) -> Version {
        (stat.st_dev, stat.st_ino, stat.st_size, stat.st_ctime, stat.st_ctime_nsec as i64)
    }

    pub(super) fn of(&self, file: &mut std::fs::File, stat: &Stat) -> std::io::Result<String> {
        if let Some(tag) = giant_tag(stat) {
            return Ok(tag);
        }
        let version = Self::version(stat);
        if let Some(tag) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&version) {
            return Ok(tag.clone());
        }
        let tag = hash_file(file)?;
        file.seek(SeekFrom::Start(0))?;
        let settled = crate::clock::now_ms() / 1000 - stat.st_ctime > GRAIN_SECONDS;
        let unchanged = rustix::fs::fstat(&*file).is_ok_and(|now| Self::version(&now) == version);
        if settled && unchanged {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT_TAGS {
                kept.clear();
            }
            kept.insert(version, tag.clone());
        }
        Ok(tag)
    }
}

/// `GET /files/{path}`.
pub(crate) async fn read(State(agent): State<Arc<Agent>>, Path(path): Path<String>, headers: HeaderMap) -> Result<Response, AgentError> {
    let given = path.clone();
    let (file, stat, etag) = crate::blocking(move || {
        let (mut file, stat) = open_regular(&agent.home, &given)?;
        let etag = agent.tags.of(&mut file, &stat).map_err(|e| AgentError::of("read", &given, e))?;
        Ok((file, stat, etag))
    })
    .await?;
    let size = stat.st_size.unsigned_abs();
    let fixed = [
        (header::ETAG, etag.clone()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::LAST_MODIFIED, crate::clock::http_date(stat.st_mtime)),
    ];
    let text = |name| headers.get(name).and_then(|v: &http::HeaderValue| v.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|list| list.trim() == "*" || names(&list.replace("W/", ""), &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    let fresh = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let range = text(header::RANGE).filter(|_| fresh).and_then(|range| parse_range(range, size));
    let mut file = tokio::fs::File::from_std(file);
    let (status, first, length) = match range {
        None => (StatusCode::OK, 0, size),
        Some(None) => return Err(AgentError::Range { size }),
        Some(Some((first, last))) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
    };
    if first > 0 {
        tokio::io::AsyncSeekExt::seek(&mut file, SeekFrom::Start(first)).await.map_err(|e| AgentError::of("read", &path, e))?;
    }
    // Never more than was announced, also where the file grows meanwhile.
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), 64 * 1024));
    let mut response = (status, fixed, [(header::CONTENT_LENGTH, length.to_string())], body).into_response();
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = format!("bytes {first}-{}/{size}", first + length - 1).parse()
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}
