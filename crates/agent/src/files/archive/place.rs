//! From the folder of ours to where it was wanted: whole folders where nothing is there, else name by name, each by one
//! rename that overwrites nothing.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, fsync, openat, renameat_with, statat};
use rustix::io::Errno;

use crate::AgentError;
use crate::files::trash;
use crate::home::{Home, Place};

/// Taken names that are told.
const TOLD: usize = 50;
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What becomes of one name.
enum Step {
    /// Nothing is there.
    Move,
    /// Both are folders.
    Into(OwnedFd, OwnedFd),
    Taken,
}

fn step(from: &OwnedFd, to: &OwnedFd, name: &OsStr) -> Result<Step, Errno> {
    let there = match statat(to, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(Step::Move),
        other => FileType::from_raw_mode(other?.st_mode),
    };
    let ours = FileType::from_raw_mode(statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode);
    if (ours, there) == (FileType::Directory, FileType::Directory) {
        return Ok(Step::Into(openat(from, name, FOLDER, Mode::empty())?, openat(to, name, FOLDER, Mode::empty())?));
    }
    Ok(Step::Taken)
}

pub(super) fn names_in(dir: &OwnedFd) -> Result<Vec<OsString>, Errno> {
    let mut names = Vec::new();
    for item in Dir::read_from(dir)? {
        let item = item?;
        let name = OsStr::from_bytes(item.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn failed(path: &Path) -> impl Fn(Errno) -> AgentError {
    move |e| AgentError::of("unpack", &path.to_string_lossy(), e)
}

/// The names that are taken, before anything is moved.
pub(super) fn taken(from: &OwnedFd, to: &OwnedFd, at: &Path, found: &mut Vec<String>) -> Result<(), AgentError> {
    for name in names_in(from).map_err(failed(at))? {
        let path = at.join(&name);
        match step(from, to, &name).map_err(failed(&path))? {
            Step::Move => {}
            Step::Into(from, to) => taken(&from, &to, &path, found)?,
            Step::Taken => found.push(path.to_string_lossy().into_owned()),
        }
        if found.len() >= TOLD {
            return Ok(());
        }
    }
    Ok(())
}

/// Moves all. What was there goes to the trash: whoever calls has asked [`taken`] first, and found nothing or been told
/// to overwrite. Gives how many were replaced.
pub(super) fn merge(home: &Home, from: &OwnedFd, to: OwnedFd, at: PathBuf) -> Result<u64, AgentError> {
    let mut replaced = 0;
    for name in names_in(from).map_err(failed(&at))? {
        let path = at.join(&name);
        match step(from, &to, &name).map_err(failed(&path))? {
            Step::Move => {}
            Step::Into(from, to) => {
                replaced += merge(home, &from, to, path)?;
                continue;
            }
            Step::Taken => {
                let dir = to.try_clone().map_err(|e| AgentError::of("unpack", &path.to_string_lossy(), e))?;
                trash::put(home, &Place { dir, name: name.clone() }, &path, &path.to_string_lossy())?;
                replaced += 1;
            }
        }
        renameat_with(from, &name, &to, &name, RenameFlags::NOREPLACE).map_err(failed(&path))?;
    }
    fsync(&to).map_err(failed(&at))?;
    Ok(replaced)
}
