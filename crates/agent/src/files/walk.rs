//! Everything in a folder, by file descriptors from the top: no link is followed, so that nothing outside is met, whatever
//! is renamed meanwhile.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;

/// Each level holds a descriptor.
const DEPTH: usize = 128;

pub(crate) struct Item<'a> {
    pub(crate) dir: &'a OwnedFd,
    pub(crate) name: &'a OsStr,
    /// From the top.
    pub(crate) path: &'a Path,
    pub(crate) stat: &'a Stat,
}

impl Item<'_> {
    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }
}

struct Level {
    dir: OwnedFd,
    names: std::vec::IntoIter<OsString>,
    path: PathBuf,
}

impl Level {
    fn open(dir: OwnedFd, path: PathBuf) -> Result<Self, Errno> {
        let mut names = Vec::new();
        for item in Dir::read_from(&dir)? {
            let item = item?;
            let name = OsStr::from_bytes(item.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(Self { dir, names: names.into_iter(), path })
    }
}

/// Calls `visit` with everything in `top`, a folder before what is in it, and by name. `visit` says whether a folder is
/// gone into. What vanishes meanwhile is left out.
pub(crate) fn walk<E: From<Errno>>(top: OwnedFd, prefix: PathBuf, visit: &mut dyn FnMut(&Item<'_>) -> Result<bool, E>) -> Result<(), E> {
    let mut stack = vec![Level::open(top, prefix)?];
    while let Some(level) = stack.last_mut() {
        let Some(name) = level.names.next() else {
            stack.pop();
            continue;
        };
        let stat = match statat(&level.dir, &*name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        let path = level.path.join(&name);
        let item = Item { dir: &level.dir, name: &name, path: &path, stat: &stat };
        if !visit(&item)? || item.kind() != FileType::Directory {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let inside = match openat(&level.dir, &*name, flags, Mode::empty()) {
            Ok(inside) => inside,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
            Err(error) => return Err(error.into()),
        };
        if stack.len() >= DEPTH {
            return Err(Errno::NAMETOOLONG.into());
        }
        stack.push(Level::open(inside, path)?);
    }
    Ok(())
}
