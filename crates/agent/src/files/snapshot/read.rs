//! `POST /snapshot/read`: contents of files, one after the other.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body as Answer;
use axum::extract::State;
use maru_protocol::snapshot::{End, Frame, NodeKind, Outcome, ReadRequest, unescape};
use rustix::fs::{FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;

use super::{Out, body, node_of, version_of};
use crate::extract::Body;
use crate::home::Home;
use crate::{Agent, AgentError};

/// Bytes that are read at once.
const CHUNK: usize = 256 * 1024;
/// A shorter hole is read as the zeros that it is.
const HOLE: u64 = 1 << 20;

pub(crate) async fn read(State(agent): State<Arc<Agent>>, Body(wanted): Body<ReadRequest>) -> Result<Answer, AgentError> {
    let agent2 = Arc::clone(&agent);
    Ok(body(&agent.tasks, move |out| {
        let mut buffer = vec![0; CHUNK];
        wanted.paths.iter().try_for_each(|path| file(&agent2.home, path, &mut buffer, out))
    }))
}

fn file(home: &Home, path: &str, buffer: &mut [u8], out: &mut Out) -> io::Result<()> {
    let ended = |outcome| Frame::End(End { outcome, node: None });
    let Some(raw) = unescape(path) else { return out.put(&ended(Outcome::Gone)) };
    let mut file = match open(home, Path::new(OsStr::from_bytes(&raw))) {
        Ok(file) => file,
        Err(Errno::ACCESS | Errno::PERM) => return out.put(&ended(Outcome::Unreadable)),
        Err(_) => return out.put(&ended(Outcome::Gone)),
    };
    let before = fstat(&file)?;
    if FileType::from_raw_mode(before.st_mode) != FileType::RegularFile {
        return out.put(&ended(Outcome::Gone));
    }
    let size = before.st_size.unsigned_abs();
    let read = match content(&mut file, size, buffer, out) {
        Ok(read) => read,
        // Whoever reads is gone: that is no fault of the file's.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error),
        Err(_) => return out.put(&ended(Outcome::Unreadable)),
    };
    let whole = read == size && version_of(&fstat(&file)?) == version_of(&before);
    let mut node = node_of(&raw, &before, None).filter(|node| node.kind == NodeKind::File);
    if let Some(node) = &mut node {
        node.size = read;
        if !whole {
            node.version = None;
        }
    }
    out.put(&Frame::End(End { outcome: if whole { Outcome::Whole } else { Outcome::Changed }, node }))
}

/// Neither a link nor a FIFO that was put there since.
fn open(home: &Home, path: &Path) -> Result<File, Errno> {
    let place = home.entry(path)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(openat(&place.dir, &place.name, flags, Mode::empty())?))
}

/// Sends the first `size` bytes; gives how many there were.
fn content(file: &mut File, size: u64, buffer: &mut [u8], out: &mut Out) -> io::Result<u64> {
    let mut at = 0;
    while at < size {
        let hole = hole_at(file, at, size);
        if hole >= HOLE {
            out.put(&Frame::Hole(hole))?;
            at += hole;
            continue;
        }
        file.seek(SeekFrom::Start(at))?;
        // To the next hole, which is looked for only where this part ends.
        let end = data_end(file, at, size);
        file.seek(SeekFrom::Start(at))?;
        while at < end {
            let most = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
            match file.read(&mut buffer[..most]) {
                Ok(0) => return Ok(at),
                Ok(n) => {
                    out.put(&Frame::Data(&buffer[..n]))?;
                    at += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(at)
}

/// Bytes of the hole that begins here; 0 where there is data.
fn hole_at(file: &File, at: u64, size: u64) -> u64 {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
        Ok(data) => data.min(size).saturating_sub(at),
        // No data from here to the end.
        Err(Errno::NXIO) => size - at,
        Err(_) => 0,
    }
}

/// Where the data that begins here ends, with short holes in it; `size` where the file system does not say.
fn data_end(file: &File, from: u64, size: u64) -> u64 {
    let mut at = from;
    loop {
        match rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(at)) {
            Ok(hole) if hole > at && hole < size => {
                let long = hole_at(file, hole, size);
                if long >= HOLE {
                    return hole;
                }
                at = hole + long;
            }
            // A hole right here is a short one.
            Ok(hole) if hole == at && at < size => at += hole_at(file, at, size).max(1),
            _ => return size,
        }
        if at >= size {
            return size;
        }
    }
}
