//! Files sent in parts, so that a broken connection costs the part and not the file. What has arrived lies in home, and
//! survives the agent; so does, for a week, what a save with `If-Match` was refused with.
//!
//! ```text
//! ~/.local/share/maru/uploads/ID.json    where it goes, how big it is
//! ~/.local/share/maru/uploads/ID.part    what has arrived
//! ```

mod handlers;

pub(crate) use handlers::{append, cancel, content, create, finish, list, show};

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use maru_protocol::Upload;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, fsync, openat, statat, unlinkat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::draft::Draft;
use crate::home::Home;

const LIFE_MS: i64 = 7 * 24 * 3600 * 1000;
/// Refused saves kept at once; an editor that tries again and again keeps the last ones.
const REFUSED: usize = 20;
/// Bytes of a refused save that is kept.
const REFUSED_SIZE: u64 = 64 * 1024 * 1024;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Meta {
    path: String,
    size: u64,
    /// Milliseconds since 1970.
    created_at: i64,
    #[serde(default)]
    refused: bool,
    /// The tag of the finished file.
    #[serde(default)]
    done: Option<String>,
}

/// Who goes on with which upload: the newest request, since the one before it hangs in a dead connection.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, Claim>>);

#[derive(Clone, Debug, Default)]
struct Claim {
    taken: CancellationToken,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Turn {
    /// Told when another request wants to go on.
    taken: CancellationToken,
    _guard: tokio::sync::OwnedMutexGuard<()>,
}

impl Uploads {
    async fn turn(&self, id: &str) -> Turn {
        let (mine, before) = {
            let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody holds or awaits these.
            claims.retain(|_, claim| Arc::strong_count(&claim.turn) > 1);
            let claim = claims.entry(id.to_owned()).or_default();
            let before = std::mem::take(&mut claim.taken);
            (claim.clone(), before)
        };
        before.cancel();
        Turn { taken: mine.taken, _guard: mine.turn.lock_owned().await }
    }
}

/// The folder that the uploads lie in.
struct Shelf(OwnedFd);

impl Shelf {
    fn open(home: &Home) -> Result<Self, Errno> {
        let path = Path::new(super::OWN).join("uploads");
        home.make_folders(&path)?;
        home.beneath(&path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).map(Self)
    }

    fn meta(&self, id: &str) -> Result<Meta, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut text = Vec::new();
        let file = File::from(openat(&self.0, format!("{id}.json"), flags, Mode::empty())?);
        file.take(64 * 1024).read_to_end(&mut text).map_err(errno)?;
        serde_json::from_slice(&text).map_err(|_| Errno::NOENT)
    }

    /// Writes it, all or nothing.
    fn set_meta(&self, id: &str, meta: &Meta) -> Result<(), Errno> {
        let dir = openat(&self.0, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let (draft, mut file) = Draft::create(dir)?;
        file.write_all(&serde_json::to_vec(meta).map_err(|_| Errno::INVAL)?).map_err(errno)?;
        fsync(&file)?;
        draft.keep(&self.0, &format!("{id}.json"))?;
        fsync(&self.0)
    }

    fn part(&self, id: &str, flags: OFlags) -> Result<File, Errno> {
        openat(&self.0, part_name(id), flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::from_raw_mode(0o600)).map(File::from)
    }

    /// Bytes that have arrived.
    fn offset(&self, id: &str) -> u64 {
        statat(&self.0, part_name(id), AtFlags::SYMLINK_NOFOLLOW).map_or(0, |stat| stat.st_size.unsigned_abs())
    }

    fn show(&self, id: &str, meta: Meta) -> Upload {
        Upload {
            id: id.to_owned(),
            path: meta.path,
            size: meta.size,
            offset: if meta.done.is_some() { meta.size } else { self.offset(id) },
            refused: meta.refused,
            etag: meta.done,
            created_at: crate::clock::rfc3339(meta.created_at / 1000),
            expires_at: crate::clock::rfc3339((meta.created_at + LIFE_MS) / 1000),
        }
    }

    fn remove(&self, id: &str) -> Result<(), Errno> {
        match unlinkat(&self.0, part_name(id), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => unlinkat(&self.0, format!("{id}.json"), AtFlags::empty()),
            Err(error) => Err(error),
        }
    }

    /// All, the newest first; those whose time is over, and refused saves beyond the last ones, go.
    fn all(&self) -> Result<Vec<(String, Meta)>, Errno> {
        let mut all = Vec::new();
        for item in Dir::read_from(&self.0)? {
            let item = item?;
            let Some(id) = item.file_name().to_str().ok().and_then(|name| name.strip_suffix(".json")) else { continue };
            if let Ok(meta) = self.meta(id) {
                all.push((id.to_owned(), meta));
            }
        }
        all.sort_by(|(a_id, a), (b_id, b)| (b.created_at, b_id).cmp(&(a.created_at, a_id)));
        let now = crate::clock::now_ms();
        let mut refused = 0;
        all.retain(|(id, meta)| {
            refused += usize::from(meta.refused);
            let stays = now - meta.created_at < LIFE_MS && !(meta.refused && refused > REFUSED);
            if !stays {
                let _ = self.remove(id);
            }
            stays
        });
        Ok(all)
    }
}

fn part_name(id: &str) -> String {
    format!("{id}.part")
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:x}-{:x}-{:x}", crate::clock::now_ms(), std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Keeps what a save was refused with, so that both versions can be had. Gives its id; none where it is too big or there
/// is no room: the answer is the conflict either way.
pub(super) fn keep_refused(home: &Home, draft: Draft, file: &File, path: &str) -> Option<String> {
    let size = rustix::fs::fstat(file).ok()?.st_size.unsigned_abs();
    if size > REFUSED_SIZE {
        return None;
    }
    let shelf = Shelf::open(home).ok()?;
    let id = new_id();
    let meta = Meta { path: path.to_owned(), size, created_at: crate::clock::now_ms(), refused: true, done: None };
    draft.keep(&shelf.0, &part_name(&id)).ok()?;
    if shelf.set_meta(&id, &meta).is_err() {
        let _ = unlinkat(&shelf.0, part_name(&id), AtFlags::empty());
        return None;
    }
    let _ = shelf.all();
    Some(id)
}
