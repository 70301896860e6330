//! The kernel's watches (inotify), one for each folder.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use maru_protocol::WatchEvent;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

use super::{is_skipped, overflow, say};
use crate::files::{OWN, TEMPORARY};
use crate::home::Home;

/// Folders watched at once; each costs the kernel about a kilobyte.
const FOLDERS: usize = 8192;
/// Things in a new folder that are told one by one: they came before the watch did.
const TOLD: usize = 1000;

pub(super) struct Tree {
    fd: AsyncFd<OwnedFd>,
    /// Relative to home.
    folders: HashMap<i32, PathBuf>,
    complete: bool,
}

impl Tree {
    /// None where the kernel gives no more of them. Called within a runtime.
    pub(super) fn new(home: &Home) -> Option<Self> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        // Deprecated since it trusts its argument to own one descriptor for good, which an OwnedFd does; the successor is unsafe.
        #[allow(deprecated)]
        let fd = AsyncFd::new(fd).ok()?;
        let mut tree = Self { fd, folders: HashMap::new(), complete: true };
        tree.add(home, PathBuf::new(), None);
        Some(tree)
    }

    /// Whether every folder is watched.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) async fn readable(&self) -> std::io::Result<()> {
        self.fd.readable().await.map(drop)
    }

    /// Watches a folder and those in it.
    fn add(&mut self, home: &Home, folder: PathBuf, mut tell: Option<&mut Vec<WatchEvent>>) {
        let mut todo = vec![folder];
        while let Some(folder) = todo.pop() {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
            let Ok(fd) = home.beneath(&folder, flags, Mode::empty()) else { continue };
            if self.folders.len() >= FOLDERS || !self.watch(&fd, &folder) {
                self.complete = false;
                return;
            }
            let Ok(items) = Dir::read_from(&fd) else { continue };
            for item in items.flatten() {
                let name = item.file_name().to_bytes();
                if name == b"." || name == b".." || name.starts_with(TEMPORARY.as_bytes()) {
                    continue;
                }
                let path = folder.join(OsStr::from_bytes(name));
                if let (Some(events), Some(text)) = (&mut tell, path.to_str())
                    && events.len() < TOLD
                {
                    events.push(say("created", text));
                }
                if item.file_type() == FileType::Directory && !is_skipped(name) && path != Path::new(OWN) {
                    todo.push(path);
                }
            }
        }
    }

    fn watch(&mut self, folder: &OwnedFd, path: &Path) -> bool {
        const WANTED: WatchFlags = WatchFlags::CREATE
            .union(WatchFlags::DELETE)
            .union(WatchFlags::MOVED_FROM)
            .union(WatchFlags::MOVED_TO)
            .union(WatchFlags::MODIFY)
            .union(WatchFlags::ATTRIB)
            .union(WatchFlags::ONLYDIR)
            .union(WatchFlags::EXCL_UNLINK);
        // By the descriptor, so that it is the folder that was opened, and no other of its name.
        match inotify::add_watch(self.fd.get_ref(), format!("/proc/self/fd/{}", folder.as_raw_fd()), WANTED) {
            Ok(watch) => {
                self.folders.insert(watch, path.to_owned());
                true
            }
            Err(_) => false,
        }
    }

    /// Stops watching a folder that went elsewhere, and those in it: their paths are others now.
    fn forget(&mut self, folder: &Path) {
        let gone: Vec<i32> = self.folders.iter().filter(|(_, path)| path.starts_with(folder)).map(|(watch, _)| *watch).collect();
        for watch in gone {
            let _ = inotify::remove_watch(self.fd.get_ref(), watch);
            self.folders.remove(&watch);
        }
    }

    /// Reads what the kernel has to tell, at least as far as it fits a buffer.
    pub(super) fn read(&mut self, home: &Home, found: &mut Vec<WatchEvent>) {
        let mut raw = Vec::new();
        // Taken before reading: what comes after the last read makes it ready anew.
        let guard = futures_util::FutureExt::now_or_never(self.fd.readable());
        let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
        let mut reader = Reader::new(self.fd.get_ref(), &mut buffer);
        let drained = loop {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
                    raw.push((event.wd(), event.events(), name));
                }
                Err(Errno::INTR) => continue,
                Err(_) => break true,
            }
            if reader.is_buffer_empty() {
                break false;
            }
        };
        if drained && let Some(Ok(mut guard)) = guard {
            guard.clear_ready();
        }
        for (watch, what, name) in raw {
            self.translate(home, watch, what, name.as_deref(), found);
        }
    }

    fn translate(&mut self, home: &Home, watch: i32, what: ReadFlags, name: Option<&OsStr>, found: &mut Vec<WatchEvent>) {
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            found.push(overflow());
            return;
        }
        if what.contains(ReadFlags::IGNORED) {
            self.folders.remove(&watch);
            return;
        }
        let (Some(folder), Some(name)) = (self.folders.get(&watch), name) else { return };
        if name.as_bytes().starts_with(TEMPORARY.as_bytes()) {
            return;
        }
        let path = folder.join(name);
        let Some(text) = path.to_str() else { return };
        let is_folder = what.contains(ReadFlags::ISDIR);
        if what.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            found.push(say("created", text));
            if is_folder && !is_skipped(name.as_bytes()) {
                let mut inside = Vec::new();
                self.add(home, path, Some(&mut inside));
                found.append(&mut inside);
            }
        } else if what.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
            found.push(say("removed", text));
            if is_folder {
                self.forget(&path);
            }
        } else {
            let event = say("changed", text);
            // A program that writes line by line is one change.
            if found.last() != Some(&event) {
                found.push(event);
            }
        }
    }
}
