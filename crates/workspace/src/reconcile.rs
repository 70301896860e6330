//! What happens to containers behind our back: at boot, on the Engine's events, and by a look at everything every 15
//! seconds.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use maru_engine::{EngineError, models};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::entry::Entry;
use crate::queue::Settled;
use crate::runtime::docker::Listed;
use crate::snapshots;
use crate::tools;
use crate::usage;
use crate::workspaces::Shared;

/// The longest that a look at everything may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// How often it is seen whether there are old homes to remove.
const HOMES_EVERY: Duration = Duration::from_secs(60 * 60);
/// Without the Engine, this long until the next try to listen to it.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn run(shared: Arc<Shared>) {
    let all = async { tokio::join!(listen(&shared), look(&shared), provide(&shared), clear(&shared), snapshots::run(&shared)) };
    shared.stop.run_until_cancelled(all).await;
}

/// Makes ready what every start needs, before there is one, and brings the tools once their images are there.
async fn provide(shared: &Shared) {
    if shared.docker.image().await.is_ok()
        && let Err(error) = shared.docker.network(shared.config.egress).await
    {
        tracing::warn!(%error, "the workspaces' network cannot be made yet");
    }
    for tool in &shared.config.provided {
        loop {
            match tools::provide(&shared.docker.engine, &shared.config.tools, tool).await {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "workspaces have to wait for it"),
            }
            sleep(PAUSE).await;
        }
    }
}

/// Removes what resets put aside, when its time is over.
async fn clear(shared: &Shared) {
    let mut ticks = interval(HOMES_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = shared.remove_old_homes().await {
            tracing::warn!(%error, "old homes are not removed yet");
        }
    }
}

/// Wakes the driver of a workspace whose container something happened to; and all of them when the Engine is back, for
/// what was missed meanwhile.
async fn listen(shared: &Arc<Shared>) {
    let engine = shared.docker.engine.clone();
    loop {
        if engine.ping().await.is_ok() {
            let mut events = pin!(engine.container_events());
            // By then we are listening.
            let mut settled = pin!(sleep(PAUSE / 2));
            let mut poked = false;
            loop {
                tokio::select! {
                    event = events.next() => match event {
                        Some(Ok(event)) => take(shared, event),
                        Some(Err(_)) | None => break,
                    },
                    () = &mut settled, if !poked => {
                        poked = true;
                        shared.entries().iter().for_each(|entry| entry.poke());
                    }
                }
            }
            tracing::warn!("the Docker Engine has closed its stream of events");
        }
        sleep(PAUSE).await;
    }
}

fn take(shared: &Shared, event: models::EventMessage) {
    let ended_or_began = matches!(event.action.as_deref(), Some("die" | "destroy" | "start" | "oom"));
    let name = event.actor.and_then(|actor| actor.attributes?.remove("name"));
    if let Some(entry) = name.filter(|_| ended_or_began).and_then(|name| by_name(shared).remove(&name)) {
        entry.poke();
    }
}

fn by_name(shared: &Shared) -> HashMap<String, Arc<Entry>> {
    shared.entries().into_iter().map(|entry| (shared.docker.name(&entry.owner.login), entry)).collect()
}

async fn look(shared: &Arc<Shared>) {
    let mut ticks = interval(shared.config.look_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(DEADLINE, compare(shared)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the workspaces' containers cannot be listed"),
            Err(_) => tracing::warn!("the Docker Engine does not answer"),
        }
        usage::read_all(shared).await;
    }
}

/// Pokes the drivers that believe something else than what is true, and removes containers that nobody owns.
async fn compare(shared: &Arc<Shared>) -> Result<(), EngineError> {
    let listed = shared.docker.list().await?;
    let mut entries = by_name(shared);
    for container in listed {
        let owner = entries.remove(&container.name).filter(|entry| container.workspace.as_ref() == Some(&entry.row.id));
        match owner {
            Some(entry) => {
                let believed = entry.at_rest();
                let surprise = match believed {
                    Some(Settled::Ready) => !container.running,
                    Some(Settled::Stopped) => container.running,
                    // It may be over by now.
                    Some(Settled::Failed) => true,
                    None => false,
                };
                if surprise {
                    entry.poke();
                }
            }
            None if is_orphan(shared, &container).await => {
                tracing::info!(container = %container.name, "nobody owns it: removing it; its home stays");
                shared.docker.remove_listed(&container).await?;
            }
            None => {}
        }
    }
    for (_, entry) in entries {
        if matches!(entry.at_rest(), Some(Settled::Ready | Settled::Failed)) {
            entry.poke();
        }
    }
    Ok(())
}

/// The database has the last word: an entry may only just be in the making. One of a workspace that goes by another name (it was
/// renamed, or is a copy) would be a second one on the same home.
async fn is_orphan(shared: &Shared, container: &Listed) -> bool {
    let Some(id) = &container.workspace else { return true };
    match shared.store.workspaces().await {
        Ok(rows) => rows.iter().all(|row| row.id != *id || shared.docker.name(&row.login) != container.name),
        Err(_) => false,
    }
}
