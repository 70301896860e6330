//! Saving: the old content or the new, never a mixture, whatever dies when; and what was acknowledged is on the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};
use rustix::fs::{Access, AtFlags, FileType, Mode, OFlags, accessat, fchmod, fsync, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::{TEMPORARY, etag_of, hash_file, names};
use crate::home::Place;
use crate::{Agent, AgentError};

/// A file without its name yet; removed unless it gets one.
struct Draft {
    place: Place,
    name: String,
    named: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.named {
            let _ = unlinkat(&self.place.dir, &self.name, AtFlags::empty());
        }
    }
}

impl Draft {
    fn create(place: Place) -> Result<(Self, std::fs::File), Errno> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let unique = (u64::from(std::process::id()) << 32) ^ NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{TEMPORARY}{unique:x}-{:x}", crate::clock::now_ms());
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(&place.dir, &name, flags, Mode::from_raw_mode(0o600)) {
                Ok(fd) => return Ok((Self { place, name, named: false }, std::fs::File::from(fd))),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// What the caller says must be there for the save to go on.
#[derive(Debug, Default)]
struct Conditions {
    if_match: Option<String>,
    must_be_new: bool,
}

impl Conditions {
    fn read(headers: &HeaderMap) -> Result<Self, AgentError> {
        let text = |name| -> Result<Option<String>, AgentError> {
            headers
                .get(&name)
                .map(|v: &http::HeaderValue| v.to_str().map(str::to_owned).map_err(|_| AgentError::Request(format!("{name}: not ASCII"))))
                .transpose()
        };
        let must_be_new = match text(header::IF_NONE_MATCH)?.as_deref().map(str::trim) {
            None => false,
            Some("*") => true,
            Some(_) => return Err(AgentError::Request("If-None-Match: a save takes * only".to_owned())),
        };
        Ok(Self { if_match: text(header::IF_MATCH)?, must_be_new })
    }

    fn hold(&self, present: Option<&str>) -> bool {
        let matches = match (self.if_match.as_deref(), present) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(list), Some(tag)) => list.trim() == "*" || names(list, tag),
        };
        matches && !(self.must_be_new && present.is_some())
    }

    fn none(&self) -> bool {
        self.if_match.is_none() && !self.must_be_new
    }
}

/// `PUT /files/{path}`: 201 for a new file, 204 for a changed one, with the new `ETag`.
pub(crate) async fn save(
    State(agent): State<Arc<Agent>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, AgentError> {
    let conditions = Conditions::read(&headers)?;
    let failed = |e: std::io::Error| AgentError::of("save", &path, e);

    let (agent2, given) = (Arc::clone(&agent), path.clone());
    let (draft, file) = crate::blocking(move || open_draft(&agent2, &given)).await?;
    let mut file = tokio::fs::File::from_std(file);
    let mut hash = Sha256::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|e| AgentError::Request(format!("the upload broke off: {e}")))?;
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    let file = file.into_std().await;
    let etag = etag_of(hash);

    // One at a time, so that of two saves with one If-Match, one wins and the other is told.
    let _turn = agent.saving.lock().await;
    let given = path.clone();
    let created = crate::blocking(move || put_in_place(draft, &file, &conditions, &given)).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    Ok((status, [(header::ETAG, etag)]).into_response())
}

fn open_draft(agent: &Agent, given: &str) -> Result<(Draft, std::fs::File), AgentError> {
    let failed = |e: Errno| AgentError::of("save", given, e);
    let path = agent.home.relative(given)?;
    if let Some(parent) = path.parent() {
        agent.home.make_folders(parent).map_err(failed)?;
    }
    let place = agent.home.place(&path).map_err(failed)?;
    Draft::create(place).map_err(failed)
}

/// Returns whether the file is new.
fn put_in_place(mut draft: Draft, file: &std::fs::File, conditions: &Conditions, given: &str) -> Result<bool, AgentError> {
    let failed = |e: Errno| AgentError::of("save", given, e);
    let place = &draft.place;
    let present = match statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Some(stat),
        Err(Errno::NOENT) => None,
        Err(error) => return Err(failed(error)),
    };
    if let Some(stat) = &present {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return Err(AgentError::IsFolder { path: given.to_owned() }),
            _ => return Err(AgentError::NotRegular { path: given.to_owned() }),
        }
        accessat(&place.dir, &place.name, Access::WRITE_OK, AtFlags::empty()).map_err(failed)?;
    }
    if !conditions.none() {
        let present_tag = present.as_ref().map(|_| present_tag(place)).transpose().map_err(|e| AgentError::of("read", given, e))?;
        if !conditions.hold(present_tag.as_deref()) {
            return Err(AgentError::Conflict { path: given.to_owned(), etag: present_tag });
        }
    }
    let mode = present.as_ref().map_or(0o644, |stat| stat.st_mode & 0o7777);
    fchmod(file, Mode::from_raw_mode(mode)).map_err(failed)?;
    fsync(file).map_err(failed)?;
    renameat(&place.dir, &draft.name, &place.dir, &place.name).map_err(failed)?;
    draft.named = true;
    fsync(&draft.place.dir).map_err(failed)?;
    Ok(present.is_none())
}

fn present_tag(place: &Place) -> std::io::Result<String> {
    let fd = openat(&place.dir, &place.name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    hash_file(&mut std::fs::File::from(fd))
}

#[cfg(test)]
mod tests {
    use super::Conditions;

    #[test]
    fn conditions() {
        let only = |if_match: Option<&str>, must_be_new| Conditions { if_match: if_match.map(str::to_owned), must_be_new };
        assert!(only(None, false).hold(None) && only(None, false).hold(Some("\"a\"")));
        assert!(only(Some("\"a\""), false).hold(Some("\"a\"")));
        assert!(only(Some("\"b\", \"a\""), false).hold(Some("\"a\"")));
        assert!(!only(Some("\"a\""), false).hold(Some("\"b\"")));
        assert!(!only(Some("\"a\""), false).hold(None));
        assert!(!only(Some("*"), false).hold(None));
        assert!(only(None, true).hold(None));
        assert!(!only(None, true).hold(Some("\"a\"")));
    }
}
