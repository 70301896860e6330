//! The names of all files, for quick open: read once, and again when the watch tells that files came or went. Forgotten
//! when nobody asks for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use maru_protocol::{Found, WatchEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use crate::{Agent, AgentError};

const SEEN: usize = 200_000;
const TOLD: usize = 100;
/// A list that is read in less is read while the reader waits; a longer one beside, and meanwhile the old one serves.
const QUICK: Duration = Duration::from_millis(80);
const KEPT: Duration = Duration::from_secs(300);
/// Where changes are not told at once.
const TRUSTED: Duration = Duration::from_secs(5);

type Paths = Arc<Vec<Box<str>>>;

#[derive(Default)]
pub(crate) struct Index(tokio::sync::Mutex<State>);

#[derive(Default)]
struct State {
    paths: Option<Paths>,
    changes: Option<Receiver<WatchEvent>>,
    /// Something came or went since the list was read.
    stale: bool,
    reading: bool,
    read_at: Option<Instant>,
    took: Duration,
    used_at: Option<Instant>,
}

impl State {
    fn note_changes(&mut self) {
        loop {
            match self.changes.as_mut().map(Receiver::try_recv) {
                // What a file holds is no matter here, but which files are ignored is.
                Some(Ok(event)) => self.stale |= event.kind != "changed" || event.path.ends_with("ignore"),
                Some(Err(TryRecvError::Lagged(_))) => self.stale = true,
                Some(Err(TryRecvError::Empty)) => return,
                None | Some(Err(TryRecvError::Closed)) => {
                    self.changes = None;
                    self.stale |= self.read_at.is_none_or(|at| at.elapsed() > TRUSTED);
                    return;
                }
            }
        }
    }
}

impl Index {
    async fn paths(&self, agent: &Arc<Agent>) -> Result<Paths, AgentError> {
        let mut state = self.0.lock().await;
        state.note_changes();
        if state.changes.is_none() {
            state.changes = agent.watching.subscribe(agent).await.ok().map(|subscription| subscription.events);
        }
        if state.used_at.replace(Instant::now()).is_none() {
            agent.tasks.spawn(forget(Arc::clone(agent)));
        }
        match state.paths.clone() {
            Some(paths) if !state.stale => return Ok(paths),
            Some(paths) if state.took > QUICK => {
                if !state.reading {
                    state.reading = true;
                    state.stale = false;
                    let agent2 = Arc::clone(agent);
                    agent.tasks.spawn(async move {
                        let read = read(&agent2).await;
                        let mut state = agent2.index.0.lock().await;
                        state.reading = false;
                        match read {
                            Ok((paths, took)) => state.set(paths, took),
                            Err(_) => state.stale = true,
                        }
                    });
                }
                return Ok(paths);
            }
            _ => {}
        }
        state.stale = false;
        let (paths, took) = read(agent).await?;
        state.set(Arc::clone(&paths), took);
        Ok(paths)
    }
}

impl State {
    fn set(&mut self, paths: Paths, took: Duration) {
        self.paths = Some(paths);
        self.took = took;
        self.read_at = Some(Instant::now());
    }
}

async fn read(agent: &Arc<Agent>) -> Result<(Paths, Duration), AgentError> {
    let agent = Arc::clone(agent);
    crate::blocking(move || {
        let began = Instant::now();
        let files = super::walk(&agent).build().flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        let paths = files.take(SEEN).filter_map(|entry| entry.path().strip_prefix(agent.home.path()).ok()?.to_str().map(Box::from));
        Ok((Arc::new(paths.collect()), began.elapsed()))
    })
    .await
}

/// Megabytes are the student's, not ours to keep.
async fn forget(agent: Arc<Agent>) {
    loop {
        tokio::time::sleep(KEPT / 5).await;
        let mut state = agent.index.0.lock().await;
        if state.used_at.is_none_or(|at| at.elapsed() > KEPT) {
            *state = State::default();
            return;
        }
    }
}

/// The best, best first.
pub(super) async fn find(agent: &Arc<Agent>, sought: String) -> Result<Vec<Found>, AgentError> {
    let paths = agent.index.paths(agent).await?;
    let agent = Arc::clone(agent);
    crate::blocking(move || {
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let pattern = Pattern::parse(&sought, CaseMatching::Smart, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut found: Vec<(u32, &str)> =
            paths.iter().filter_map(|path| Some((pattern.score(Utf32Str::new(path, &mut buffer), &mut matcher)?, &**path))).collect();
        let better = |(a_score, a): &(u32, &str), (b_score, b): &(u32, &str)| {
            b_score.cmp(a_score).then(a.len().cmp(&b.len())).then_with(|| a.cmp(b))
        };
        // Some may have gone since the list was read.
        let some = 2 * TOLD;
        if found.len() > some {
            found.select_nth_unstable_by(some, better);
            found.truncate(some);
        }
        found.sort_unstable_by(better);
        let there = |path: &str| {
            let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::NOFOLLOW;
            agent.home.beneath(path.as_ref(), flags, rustix::fs::Mode::empty()).is_ok()
        };
        let found = found.into_iter().filter(|(_, path)| there(path)).take(TOLD);
        Ok(found.map(|(score, path)| Found { path: path.to_owned(), score }).collect())
    })
    .await
}
