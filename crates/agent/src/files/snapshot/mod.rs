//! What the server makes snapshots of a home from, and restores them by: the tree ([`scan`]), contents of files
//! ([`read`]), and a tree to bring back ([`restore`]). Where it goes and what of it is new is the server's to know.

mod caches;
mod read;
mod restore;
mod scan;

pub(crate) use read::read;
pub(crate) use restore::restore;
pub(crate) use scan::scan;

use std::io;

use axum::body::Body;
use bytes::Bytes;
use maru_protocol::snapshot::{Frame, Node, NodeKind, Version, escape};
use rustix::fs::{FileType, Stat};
use tokio::sync::mpsc;

/// Bytes that are gathered before they are sent.
const PIECE: usize = 128 * 1024;
/// Pieces that wait for a slow reader.
const WAITING: usize = 4;
/// A file changed within the clock's grain may change once more without showing it.
const GRAIN_MS: i64 = 1000;

/// Frames, gathered and sent.
struct Out {
    gathered: Vec<u8>,
    to: mpsc::Sender<io::Result<Bytes>>,
}

impl Out {
    fn put(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        frame.write_to(&mut self.gathered)?;
        if self.gathered.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.gathered));
        // Nobody reads any more.
        self.to.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// A body that is written by a thread of its own. What fails in between becomes a body that breaks off.
fn body(tasks: &tokio_util::task::TaskTracker, write: impl FnOnce(&mut Out) -> io::Result<()> + Send + 'static) -> Body {
    let (to, mut pieces) = mpsc::channel(WAITING);
    tasks.spawn_blocking(move || {
        let mut out = Out { gathered: Vec::new(), to };
        let written = write(&mut out).and_then(|()| out.put(&Frame::Last)).and_then(|()| out.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            tracing::warn!(%error, "snapshot");
            let _ = out.to.blocking_send(Err(error));
        }
    });
    Body::from_stream(futures_util::stream::poll_fn(move |cx| pieces.poll_recv(cx)))
}

fn nanos(seconds: i64, nanos: u64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(i64::try_from(nanos).unwrap_or(0))
}

fn version_of(stat: &Stat) -> Version {
    Version {
        inode: stat.st_ino,
        size: stat.st_size.unsigned_abs(),
        modified: nanos(stat.st_mtime, stat.st_mtime_nsec),
        changed: nanos(stat.st_ctime, stat.st_ctime_nsec),
    }
}

/// None for what no snapshot holds: pipes, sockets, devices.
fn node_of(path: &[u8], stat: &Stat, target: Option<&[u8]>) -> Option<Node> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => NodeKind::File,
        FileType::Directory => NodeKind::Folder,
        FileType::Symlink => NodeKind::Link,
        _ => return None,
    };
    let version = version_of(stat);
    let file = kind == NodeKind::File;
    let settled = file && crate::clock::now_ms().saturating_sub(version.changed / 1_000_000) > GRAIN_MS;
    Some(Node {
        path: escape(path),
        kind,
        mode: stat.st_mode & 0o7777,
        size: if file { version.size } else { 0 },
        modified: version.modified,
        target: target.map(escape),
        version: settled.then_some(version),
        allocated: if file { u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512) } else { 0 },
    })
}
