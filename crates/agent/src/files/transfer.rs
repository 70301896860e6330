use std::os::fd::OwnedFd;
use std::sync::Arc;

use axum::extract::{Path, State};
use http::StatusCode;
use maru_protocol::Move;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, fsync, openat, renameat_with, statat, unlinkat};
use rustix::io::Errno;

use crate::extract::Body;
use crate::{Agent, AgentError};

/// `POST /move`: renames a file, link or folder. Makes the folders above the new name; never overwrites unless asked.
pub(crate) async fn move_entry(State(agent): State<Arc<Agent>>, Body(wanted): Body<Move>) -> Result<StatusCode, AgentError> {
    let _turn = agent.saving.lock().await;
    let agent2 = Arc::clone(&agent);
    crate::blocking(move || {
        let (from, to) = (agent2.home.relative(&wanted.from)?, agent2.home.relative(&wanted.to)?);
        let source = agent2.home.entry(&from).map_err(|e| AgentError::of("move", &wanted.from, e))?;
        let failed = |e: Errno| AgentError::of("move", &wanted.to, e);
        statat(&source.dir, &source.name, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| AgentError::of("move", &wanted.from, e))?;
        if let Some(parent) = to.parent() {
            agent2.home.make_folders(parent).map_err(failed)?;
        }
        let target = agent2.home.entry(&to).map_err(failed)?;
        let flags = if wanted.overwrite { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
        renameat_with(&source.dir, &source.name, &target.dir, &target.name, flags).map_err(failed)?;
        fsync(&target.dir).and_then(|()| fsync(&source.dir)).map_err(failed)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `DELETE /files/{path}`: a file, a link (not what it leads to), or a folder with all in it.
pub(crate) async fn remove(State(agent): State<Arc<Agent>>, Path(given): Path<String>) -> Result<StatusCode, AgentError> {
    crate::blocking(move || {
        let failed = |e: Errno| AgentError::of("remove", &given, e);
        let place = agent.home.entry(&agent.home.relative(&given)?).map_err(failed)?;
        remove_all(&place.dir, &place.name).map_err(failed)?;
        fsync(&place.dir).map_err(failed)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Removes what is at a name, without recursion: depth is the student's choice, our stack is not.
fn remove_all(dir: &OwnedFd, name: &std::ffi::OsStr) -> Result<(), Errno> {
    match unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => {}
        other => return other,
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut stack = vec![(openat(dir, name, flags, Mode::empty())?, name.to_owned())];
    while let Some((here, own_name)) = stack.last() {
        match next_folder(here)? {
            Some(child) => {
                let opened = openat(here, &*child, flags, Mode::empty())?;
                stack.push((opened, child));
            }
            None => {
                let own_name = own_name.clone();
                stack.pop();
                let above = stack.last().map_or(dir, |(fd, _)| fd);
                unlinkat(above, &*own_name, AtFlags::REMOVEDIR)?;
            }
        }
    }
    Ok(())
}

/// Removes every entry that is no folder, until it meets a folder.
fn next_folder(folder: &OwnedFd) -> Result<Option<std::ffi::OsString>, Errno> {
    use std::os::unix::ffi::OsStrExt;
    for item in Dir::read_from(folder)? {
        let item = item?;
        let name = std::ffi::OsStr::from_bytes(item.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let is_folder = match item.file_type() {
            FileType::Unknown => FileType::from_raw_mode(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode) == FileType::Directory,
            kind => kind == FileType::Directory,
        };
        if is_folder {
            return Ok(Some(name.to_owned()));
        }
        unlinkat(folder, name, AtFlags::empty())?;
    }
    Ok(None)
}
