//! The trash of freedesktop.org's specification (1.0), so that other programs (`gio`, `trash-cli`) see the same one. Nothing
//! ever leaves it by itself: what a student threw away is theirs to empty.
//!
//! ```text
//! ~/.local/share/Trash/files/NAME              what was deleted
//! ~/.local/share/Trash/info/NAME.trashinfo     where it was
//! ```

mod handlers;
mod info;

pub(crate) use handlers::{discard, empty, list, restore};

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, RenameFlags, Stat, fsync, openat, renameat_with, statat, unlinkat};
use rustix::io::Errno;

use super::remove::remove_all;
use crate::AgentError;
use crate::home::{Home, Place};

pub(super) const FOLDER: &str = ".local/share/Trash";
const SUFFIX: &str = ".trashinfo";
/// Bytes of a file name, everywhere.
const NAME_LIMIT: usize = 255;
const INFO_LIMIT: u64 = 16 * 1024;

/// The trash, its two folders held open.
struct Bin {
    files: OwnedFd,
    info: OwnedFd,
}

impl Bin {
    fn open(home: &Home, make: bool) -> Result<Self, Errno> {
        let open = |name: &str| {
            let path = Path::new(FOLDER).join(name);
            if make {
                home.make_folders(&path)?;
            }
            home.beneath(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
        };
        Ok(Self { files: open("files")?, info: open("info")? })
    }

    fn info_of(&self, id: &str) -> Result<(PathBuf, Stat), Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.info, info_name(id), flags, Mode::empty())?);
        let stat = rustix::fs::fstat(&file)?;
        let mut text = Vec::new();
        file.take(INFO_LIMIT).read_to_end(&mut text).map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
        Ok((info::read(&text).ok_or(Errno::NOENT)?, stat))
    }

    /// What is in the trash by a name, with where it was and since when it is here.
    fn look(&self, id: &str) -> Result<(PathBuf, Stat, Stat), Errno> {
        let thing = statat(&self.files, id, AtFlags::SYMLINK_NOFOLLOW)?;
        let (original, info) = self.info_of(id)?;
        Ok((original, thing, info))
    }

    fn ids(&self) -> Result<Vec<String>, Errno> {
        let mut ids = Vec::new();
        for item in Dir::read_from(&self.info)? {
            let item = item?;
            if let Some(id) = item.file_name().to_str().ok().and_then(|name| name.strip_suffix(SUFFIX)) {
                ids.push(id.to_owned());
            }
        }
        Ok(ids)
    }

    fn discard(&self, id: &str) -> Result<(), Errno> {
        match remove_all(&self.files, OsStr::new(id)) {
            Ok(()) | Err(Errno::NOENT) => unlinkat(&self.info, info_name(id), AtFlags::empty()),
            Err(error) => Err(error),
        }
    }
}

fn info_name(id: &str) -> String {
    format!("{id}{SUFFIX}")
}

/// The id as a header can say it and a URL can have it.
pub(super) fn in_url(id: &str) -> String {
    info::encode(id.as_bytes(), b"")
}

/// A name in the trash: as the thing is called, `NAME.2` where that is taken.
fn candidate(name: &OsStr, attempt: u32) -> String {
    // A mark that a text editor shows, where the name is no text.
    let name = name.to_string_lossy();
    let ending = if attempt == 1 { String::new() } else { format!(".{attempt}") };
    let room = NAME_LIMIT - SUFFIX.len() - ending.len();
    let mut end = name.len().min(room);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

/// Moves what is at a place to the trash, durably; gives its id there. `path` is where it is, relative to home.
pub(super) fn put(home: &Home, place: &Place, path: &Path, given: &str) -> Result<String, AgentError> {
    let failed = |e: Errno| AgentError::of("remove", given, e);
    statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
    let bin = Bin::open(home, true).map_err(failed)?;
    let original = home.path().join(path);
    for attempt in 1.. {
        let id = candidate(&place.name, attempt);
        // The info first, and only if it is new: that is what makes the name ours.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut info = match openat(&bin.info, info_name(&id), flags, Mode::from_raw_mode(0o600)) {
            Ok(fd) => File::from(fd),
            Err(Errno::EXIST) => continue,
            Err(error) => return Err(failed(error)),
        };
        let moved = info
            .write_all(info::write(&original, crate::clock::now_ms() / 1000).as_bytes())
            .and_then(|()| Ok(fsync(&info)?))
            .and_then(|()| Ok(renameat_with(&place.dir, &place.name, &bin.files, &id, RenameFlags::NOREPLACE)?));
        match moved {
            Ok(()) => {
                for dir in [&bin.info, &bin.files, &place.dir] {
                    fsync(dir).map_err(failed)?;
                }
                return Ok(id);
            }
            Err(error) => {
                let _ = unlinkat(&bin.info, info_name(&id), AtFlags::empty());
                // Something is in `files` that has lost its info: another name, then.
                if Errno::from_io_error(&error) != Some(Errno::EXIST) {
                    return Err(AgentError::of("remove", given, error));
                }
            }
        }
    }
    Err(failed(Errno::EXIST))
}

fn sweep(folder: &OwnedFd) -> Result<(), Errno> {
    let mut names = Vec::new();
    for item in Dir::read_from(folder)? {
        let item = item?;
        let name = OsStr::from_bytes(item.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    names.iter().try_for_each(|name| remove_all(folder, name))
}

/// Where in home something was; none where it was elsewhere.
fn within(home: &Home, original: &Path) -> Option<PathBuf> {
    if original.is_absolute() { original.strip_prefix(home.path()).ok().map(Path::to_owned) } else { Some(original.to_owned()) }
}

/// Moves something back. Gives where to.
fn put_back(home: &Home, id: &str, to: Option<&str>) -> Result<PathBuf, AgentError> {
    let gone = |_| AgentError::NotInTrash { id: id.to_owned() };
    let bin = Bin::open(home, false).map_err(gone)?;
    let (original, ..) = bin.look(id).map_err(gone)?;
    let path = match to {
        Some(to) => home.relative(to)?,
        None => within(home, &original).ok_or_else(|| AgentError::Outside { path: original.to_string_lossy().into_owned() })?,
    };
    let shown = path.to_string_lossy().into_owned();
    let failed = |e: Errno| AgentError::of("restore", &shown, e);
    if let Some(parent) = path.parent() {
        home.make_folders(parent).map_err(failed)?;
    }
    let target = home.entry(&path).map_err(failed)?;
    renameat_with(&bin.files, id, &target.dir, &target.name, RenameFlags::NOREPLACE).map_err(failed)?;
    for dir in [&target.dir, &bin.files] {
        fsync(dir).map_err(failed)?;
    }
    let _ = unlinkat(&bin.info, info_name(id), AtFlags::empty());
    Ok(path)
}

/// An id names something right in the trash's folder, and nothing else.
fn checked(id: &str) -> Result<(), AgentError> {
    let good = !id.is_empty() && id != "." && id != ".." && !id.contains(['/', '\0']);
    if good { Ok(()) } else { Err(AgentError::NotInTrash { id: id.chars().take(200).collect() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit() {
        assert_eq!(candidate(OsStr::new("a.txt"), 1), "a.txt");
        assert_eq!(candidate(OsStr::new("a.txt"), 12), "a.txt.12");
        let long = candidate(OsStr::new(&"한".repeat(85)), 3);
        assert!(info_name(&long).len() <= NAME_LIMIT && long.ends_with("한.3"));
    }
}
