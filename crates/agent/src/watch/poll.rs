//! Looking for changes, where there are more folders than the kernel watches.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use maru_protocol::WatchEvent;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{is_skipped, overflow, say};
use crate::files::{OWN, TEMPORARY, walk};
use crate::home::Home;

/// Things compared one by one; a home of more is only said to have changed.
const MOST: usize = 100_000;
/// Looking takes at most this part of one processor.
const SHARE: u32 = 20;

/// What is there, and when it changed last.
pub(super) struct Snapshot {
    things: HashMap<PathBuf, (i64, i64, i64)>,
    whole: bool,
    took: Duration,
}

impl Snapshot {
    pub(super) fn take(home: &Home) -> Self {
        let began = Instant::now();
        let mut things = HashMap::new();
        let walked: Result<(), Errno> = home.beneath(Path::new(""), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).and_then(|top| {
            walk(top, PathBuf::new(), &mut |item| {
                if things.len() >= MOST {
                    return Err(Errno::TOOBIG);
                }
                let name = item.name.as_encoded_bytes();
                if name.starts_with(TEMPORARY.as_bytes()) {
                    return Ok(false);
                }
                // A folder is created and removed; it changes when what is in it does.
                let is_folder = item.kind() == FileType::Directory;
                let version = if is_folder { (0, 0, 0) } else { (item.stat.st_ctime, item.stat.st_ctime_nsec as i64, item.stat.st_size) };
                things.insert(item.path.to_owned(), version);
                Ok(!is_skipped(name) && item.path != Path::new(OWN))
            })
        });
        Self { things, whole: walked.is_ok(), took: began.elapsed() }
    }

    /// How long to wait before looking again.
    pub(super) fn pause(&self) -> Duration {
        (self.took * SHARE).clamp(Duration::from_secs(2), Duration::from_secs(30))
    }

    pub(super) fn compare(self, after: Self) -> (Self, Vec<WatchEvent>) {
        let mut changes = Vec::new();
        if !self.whole || !after.whole {
            changes.push(overflow());
            return (after, changes);
        }
        for (path, version) in &after.things {
            let Some(text) = path.to_str() else { continue };
            match self.things.get(path) {
                None => changes.push(say("created", text)),
                Some(before) if before != version => changes.push(say("changed", text)),
                Some(_) => {}
            }
        }
        let gone = self.things.keys().filter(|path| !after.things.contains_key(*path));
        changes.extend(gone.filter_map(|path| path.to_str()).map(|text| say("removed", text)));
        (after, changes)
    }
}
