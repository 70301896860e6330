//! `GET /watch`: what changes beneath home, whoever changes it, as server-sent events.
//!
//! One hub watches for all who want to know, and only while somebody does. Where the kernel's watches run out it says so
//! (`polling`) and looks for itself, now and then.

mod poll;
mod tree;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use maru_protocol::WatchEvent;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

use self::poll::Snapshot;
use self::tree::Tree;
use crate::{Agent, AgentError};

/// Events that wait for a slow reader; more become one `overflow`.
const WAITING: usize = 1024;
/// How long the watches stay after the last reader: a reload of the page should not set up thousands again.
const LINGER: Duration = Duration::from_secs(30);

/// Folders that programs fill by the thousand and nobody looks at.
pub(crate) fn is_skipped(name: &[u8]) -> bool {
    const SKIPPED: [&str; 8] = ["node_modules", ".cache", ".npm", ".venv", "__pycache__", ".cargo", "objects", ".rustup"];
    SKIPPED.iter().any(|skipped| skipped.as_bytes() == name)
}

pub(crate) struct Subscription {
    pub(crate) events: Receiver<WatchEvent>,
    /// Not everything can be watched.
    polling: bool,
}

#[derive(Default)]
pub(crate) struct Hub(tokio::sync::Mutex<Option<Running>>);

struct Running {
    events: Sender<WatchEvent>,
    polling: Arc<std::sync::atomic::AtomicBool>,
}

impl Hub {
    /// From when this returns on, every change is told.
    pub(crate) async fn subscribe(&self, agent: &Arc<Agent>) -> Result<Subscription, AgentError> {
        let mut running = self.0.lock().await;
        if let Some(hub) = &*running {
            let events = hub.events.subscribe();
            return Ok(Subscription { events, polling: hub.polling.load(std::sync::atomic::Ordering::Relaxed) });
        }
        let agent2 = Arc::clone(agent);
        let (tree, snapshot) = crate::blocking(move || {
            let tree = Tree::new(&agent2.home);
            let snapshot = if tree.as_ref().is_some_and(Tree::is_complete) { None } else { Some(Snapshot::take(&agent2.home)) };
            Ok((tree, snapshot))
        })
        .await?;
        let polling = snapshot.is_some();
        let (tx, events) = broadcast::channel(WAITING);
        let hub = Running { events: tx.clone(), polling: Arc::new(polling.into()) };
        agent.tasks.spawn(run(Arc::clone(agent), tx, tree, snapshot, Arc::clone(&hub.polling)));
        *running = Some(hub);
        Ok(Subscription { events, polling })
    }

    /// Forgets the running hub, unless somebody has come meanwhile.
    async fn end(&self, events: &Sender<WatchEvent>) -> bool {
        let mut running = self.0.lock().await;
        let ends = events.receiver_count() == 0;
        if ends {
            *running = None;
        }
        ends
    }
}

async fn run(
    agent: Arc<Agent>,
    events: Sender<WatchEvent>,
    mut tree: Option<Tree>,
    mut snapshot: Option<Snapshot>,
    polling: Arc<std::sync::atomic::AtomicBool>,
) {
    let mut alone: Option<Instant> = None;
    let pause = |snapshot: Option<&Snapshot>| tokio::time::Instant::now() + snapshot.map_or(LINGER, Snapshot::pause);
    let mut look = pause(snapshot.as_ref());
    loop {
        let mut found = Vec::new();
        tokio::select! {
            readable = readable(tree.as_ref()) => match (readable, &mut tree) {
                (Ok(()), Some(tree)) => tree.read(&agent.home, &mut found),
                _ => tree = None,
            },
            // By the clock: a folder that is watched and busy must not keep from looking at the others.
            () = tokio::time::sleep_until(look) => {
                if let Some(before) = snapshot.take() {
                    let agent2 = Arc::clone(&agent);
                    if let Ok((after, changes)) = crate::blocking(move || Ok(before.compare(Snapshot::take(&agent2.home)))).await {
                        found = changes;
                        snapshot = Some(after);
                    }
                }
                look = pause(snapshot.as_ref());
            }
        }
        if snapshot.is_none() && !tree.as_ref().is_some_and(Tree::is_complete) {
            polling.store(true, std::sync::atomic::Ordering::Relaxed);
            let agent2 = Arc::clone(&agent);
            snapshot = crate::blocking(move || Ok(Snapshot::take(&agent2.home))).await.ok();
            look = pause(snapshot.as_ref());
            found.push(say("polling", ""));
            found.push(overflow());
        }
        for event in found {
            // Nobody there is no error.
            let _ = events.send(event);
        }
        if events.receiver_count() > 0 {
            alone = None;
        } else if alone.get_or_insert_with(Instant::now).elapsed() >= LINGER && agent.watching.end(&events).await {
            return;
        }
    }
}

async fn readable(tree: Option<&Tree>) -> std::io::Result<()> {
    match tree {
        Some(tree) => tree.readable().await,
        None => std::future::pending().await,
    }
}

fn say(kind: &str, path: &str) -> WatchEvent {
    WatchEvent { kind: kind.to_owned(), path: path.to_owned() }
}

/// Everything may have changed: read the tree again.
fn overflow() -> WatchEvent {
    say("overflow", "")
}

pub(crate) async fn watch(State(agent): State<Arc<Agent>>) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, AgentError> {
    let Subscription { events, polling } = agent.watching.subscribe(&agent).await?;
    let first = polling.then(|| say("polling", ""));
    let stream = futures_util::stream::unfold((events, first), |(mut events, first)| async move {
        let event = match first {
            Some(event) => event,
            None => match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => overflow(),
                Err(RecvError::Closed) => return None,
            },
        };
        Some((Ok(Event::default().json_data(&event).unwrap_or_default()), (events, None)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
