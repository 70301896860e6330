//! `GET /watch`: what changes beneath home, whoever changes it, as server-sent events.

use std::collections::HashSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use maru_protocol::WatchEvent;
use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::files::TEMPORARY;
use crate::{Agent, AgentError};

/// Folders watched at once; each costs the kernel about a kilobyte.
const FOLDERS: usize = 8192;
/// Events that wait for a slow reader; more become one `overflow`.
const WAITING: usize = 1024;
/// Folders that programs fill by the thousand and nobody looks at.
const SKIPPED: [&str; 7] = ["node_modules", ".cache", ".npm", ".venv", "__pycache__", ".cargo", "objects"];

struct Watched {
    home: PathBuf,
    watcher: RecommendedWatcher,
    folders: HashSet<PathBuf>,
}

impl Watched {
    /// Watches a folder and those in it. False where there are too many.
    fn add(&mut self, folder: &Path) -> bool {
        let mut todo = vec![folder.to_owned()];
        while let Some(folder) = todo.pop() {
            if self.folders.contains(&folder) {
                continue;
            }
            if self.folders.len() >= FOLDERS || self.watcher.watch(&folder, RecursiveMode::NonRecursive).is_err() {
                // One that is gone already is no reason to give up.
                if folder.exists() {
                    return false;
                }
                continue;
            }
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let skipped = entry.file_name().to_str().is_some_and(|name| SKIPPED.contains(&name));
                if !skipped && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    todo.push(entry.path());
                }
            }
            self.folders.insert(folder);
        }
        true
    }

    fn translate(&mut self, event: &notify::Event) -> Vec<WatchEvent> {
        if event.need_rescan() {
            return vec![overflow()];
        }
        let mut out = Vec::new();
        for path in &event.paths {
            let Some(relative) = path.strip_prefix(&self.home).ok().and_then(Path::to_str) else { continue };
            if relative.rsplit('/').next().is_some_and(|name| name.is_empty() || name.starts_with(TEMPORARY)) {
                continue;
            }
            let kind = match event.kind {
                EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => "created",
                EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => "removed",
                // Told by its two halves already.
                EventKind::Modify(ModifyKind::Name(_)) => continue,
                EventKind::Modify(_) => "changed",
                EventKind::Access(_) | EventKind::Any | EventKind::Other => continue,
            };
            if kind == "removed" {
                self.folders.remove(path);
            }
            if kind == "created" && path.is_dir() && !path.is_symlink() && !self.add(path) {
                out.push(overflow());
            }
            out.push(WatchEvent { kind: kind.to_owned(), path: relative.to_owned() });
        }
        out
    }
}

/// Everything may have changed: read the tree again.
fn overflow() -> WatchEvent {
    WatchEvent { kind: "overflow".to_owned(), path: String::new() }
}

pub(crate) async fn watch(State(agent): State<Arc<Agent>>) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, AgentError> {
    let home = agent.home.path().to_owned();
    let (tx, rx) = mpsc::channel(WAITING);
    let lost = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen_lost = Arc::clone(&lost);
    let (watched, complete) = crate::blocking(move || {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if let Ok(event) = event
                && tx.try_send(event).is_err()
            {
                lost.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        })
        .map_err(|e| AgentError::Io { what: "watch", path: String::new(), source: std::io::Error::other(e) })?;
        let mut watched = Watched { home: home.clone(), watcher, folders: HashSet::new() };
        let complete = watched.add(&home);
        Ok((watched, complete))
    })
    .await?;
    // Where not all can be watched, the reader is told to look for itself.
    let first = if complete { Vec::new() } else { vec![WatchEvent { kind: "polling".to_owned(), path: String::new() }] };
    let state = (watched, rx, seen_lost, first.into_iter().collect::<std::collections::VecDeque<_>>());
    let events = futures_util::stream::unfold(state, |(mut watched, mut rx, lost, mut ready)| async move {
        loop {
            if let Some(event) = ready.pop_front() {
                let event = Event::default().json_data(&event).unwrap_or_default();
                return Some((Ok(event), (watched, rx, lost, ready)));
            }
            let event = rx.recv().await?;
            ready.extend(watched.translate(&event));
            if lost.swap(false, std::sync::atomic::Ordering::Relaxed) {
                ready.push_back(overflow());
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
