//! Removing for good.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat, unlinkat};
use rustix::io::Errno;

/// Removes what is at a name, without recursion: depth is the student's choice, our stack is not.
pub(super) fn remove_all(dir: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
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
fn next_folder(folder: &OwnedFd) -> Result<Option<OsString>, Errno> {
    for item in Dir::read_from(folder)? {
        let item = item?;
        let name = OsStr::from_bytes(item.file_name().to_bytes());
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
