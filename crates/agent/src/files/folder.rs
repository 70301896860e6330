use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use maru_protocol::{Entry, EntryKind, MakeFolder, TreeResponse};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, readlinkat, statat, unlinkat};
use rustix::io::Errno;

use super::{TEMPORARY, new_name};
use crate::extract::Body;
use crate::home::Home;
use crate::{Agent, AgentError};

/// `GET /tree`: home itself.
pub(crate) async fn tree_root(state: State<Arc<Agent>>) -> Result<Json<TreeResponse>, AgentError> {
    tree(state, Path(String::new())).await
}

/// `GET /tree/{path}`: one folder, folders first, then by name.
pub(crate) async fn tree(State(agent): State<Arc<Agent>>, Path(given): Path<String>) -> Result<Json<TreeResponse>, AgentError> {
    crate::blocking(move || {
        let failed = |e: Errno| AgentError::of("list", &given, e);
        let path = agent.home.relative(&given)?;
        let folder = agent.home.beneath(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
        let mut entries = Vec::new();
        for item in Dir::read_from(&folder).map_err(failed)? {
            let item = item.map_err(failed)?;
            let name = OsStr::from_bytes(item.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if name.as_bytes().starts_with(TEMPORARY.as_bytes()) {
                remove_if_old(&folder, name);
                continue;
            }
            match entry(&agent.home, &path, &folder, name) {
                Ok(entry) => entries.push(entry),
                // Removed since its name was read.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        entries.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
        Ok(Json(TreeResponse { entries }))
    })
    .await
}

/// The draft of a save that died with its agent. One being written is never so old.
fn remove_if_old(folder: &OwnedFd, name: &OsStr) {
    const OLD_SECONDS: i64 = 3600;
    let now = crate::clock::now_ms() / 1000;
    if statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| now - stat.st_mtime > OLD_SECONDS) {
        let _ = unlinkat(folder, name, AtFlags::empty());
    }
}

fn rank(entry: &Entry) -> bool {
    entry.target_kind.unwrap_or(entry.kind) != EntryKind::Folder
}

pub(super) fn kind_of(mode: u32) -> EntryKind {
    match FileType::from_raw_mode(mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Folder,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    }
}

fn entry(home: &Home, path: &std::path::Path, folder: &OwnedFd, name: &OsStr) -> Result<Entry, Errno> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = kind_of(stat.st_mode);
    let (target, target_kind) = if kind == EntryKind::Link {
        let target = readlinkat(folder, name, Vec::new()).map(|t| t.to_string_lossy().into_owned()).ok();
        let leads_to = home.beneath(&path.join(name), OFlags::PATH, Mode::empty()).and_then(rustix::fs::fstat);
        (target, leads_to.ok().map(|stat| kind_of(stat.st_mode)))
    } else {
        (None, None)
    };
    Ok(Entry {
        name: name.to_string_lossy().into_owned(),
        kind,
        size: stat.st_size.unsigned_abs(),
        modified: crate::clock::rfc3339(stat.st_mtime),
        mode: format!("{:o}", stat.st_mode & 0o7777),
        target,
        target_kind,
    })
}

/// `POST /folders`: makes a folder and those above it. One that is there already is fine.
pub(crate) async fn make_folder(State(agent): State<Arc<Agent>>, Body(wanted): Body<MakeFolder>) -> Result<StatusCode, AgentError> {
    crate::blocking(move || {
        let path = new_name::of(&agent.home, agent.home.relative(&wanted.path)?);
        agent.home.make_folders(&path).map_err(|e| match e {
            Errno::NOTDIR => AgentError::Exists { path: wanted.path.clone() },
            other => AgentError::of("make", &wanted.path, other),
        })?;
        Ok(StatusCode::CREATED)
    })
    .await
}
