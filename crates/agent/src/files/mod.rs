//! Reading, saving, moving and listing files; the trash; uploads in parts; archives.

mod archive;
mod conditions;
mod draft;
mod folder;
mod new_name;
mod range;
mod read;
mod remove;
mod save;
mod snapshot;
mod transfer;
mod trash;
mod uploads;
mod walk;

pub(crate) use archive::{download, upload};
pub(crate) use folder::{make_folder, tree, tree_root};
pub(crate) use read::{Tags, read};
pub(crate) use save::save;
pub(crate) use snapshot::{read as snapshot_read, restore as snapshot_restore, scan as snapshot_scan};
pub(crate) use transfer::{move_entry, remove};
pub(crate) use trash::{discard, empty, list as trash, restore};
pub(crate) use uploads::{Uploads, append, cancel, content, create, finish, list as uploads, show};
pub(crate) use walk::walk;

use std::os::fd::OwnedFd;

use rustix::fs::{FileType, OFlags, Stat, fstat};
use sha2::{Digest, Sha256};

use crate::AgentError;
use crate::home::Home;

/// Prefix of the names of half-written files. Never listed, never watched.
pub(crate) const TEMPORARY: &str = ".maru-save-";

/// What the agent keeps for itself, relative to home.
pub(crate) const OWN: &str = ".local/share/maru";

/// Bytes of a file whose content is still hashed each time that its tag is wanted.
const GIANT: i64 = 256 * 1024 * 1024;

/// The tag of a file too big to be read for it (1 TB of holes costs a student one `truncate`): what is certain to differ
/// once the content does.
fn giant_tag(stat: &Stat) -> Option<String> {
    let Stat { st_ino, st_size, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec, .. } = stat;
    (*st_size > GIANT).then(|| format!("\"v-{st_ino:x}-{st_size:x}-{st_mtime:x}.{st_mtime_nsec:x}-{st_ctime:x}.{st_ctime_nsec:x}\""))
}

/// Opens a regular file for reading. Neither a FIFO nor a device can hold the agent up.
fn open_regular(home: &Home, given: &str) -> Result<(std::fs::File, Stat), AgentError> {
    let path = home.relative(given)?;
    let fd: OwnedFd =
        home.beneath(&path, OFlags::RDONLY | OFlags::NONBLOCK, rustix::fs::Mode::empty()).map_err(|e| AgentError::of("open", given, e))?;
    let stat = fstat(&fd).map_err(|e| AgentError::of("open", given, e))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((std::fs::File::from(fd), stat)),
        FileType::Directory => Err(AgentError::IsFolder { path: given.to_owned() }),
        _ => Err(AgentError::NotRegular { path: given.to_owned() }),
    }
}

/// The strong entity tag of a content: its SHA-256, quoted.
fn etag_of(hash: Sha256) -> String {
    let mut tag = String::with_capacity(66);
    tag.push('"');
    for byte in hash.finalize() {
        tag.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        tag.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    tag.push('"');
    tag
}

/// Hashes all of a file, from wherever it stands.
fn hash_file(file: &mut std::fs::File) -> std::io::Result<String> {
    use std::io::Read;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(etag_of(hash)),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Whether an `If-Match` or `If-None-Match` list names this tag (strong comparison, RFC 9110, 13.1).
fn names(list: &str, etag: &str) -> bool {
    list.split(',').any(|item| item.trim() == etag)
}
