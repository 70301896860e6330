//! What the workspaces that run use, as their agents tell it; and which of them nobody uses.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use maru_protocol::Stats;
use maru_store::workspaces::StoppedFor;
use tokio::time::timeout;

use crate::entry::Entry;
use crate::idle::{Verdict, decide};
use crate::queue::{Request, Settled};
use crate::view::{State, Usage};
use crate::workspaces::Shared;

const DEADLINE: Duration = Duration::from_secs(3);
const AT_ONCE: usize = 16;

pub(crate) async fn read_all(shared: &Shared) {
    let ready = shared.entries().into_iter().filter(|entry| entry.view().state == State::Ready && entry.link.is_up());
    futures_util::stream::iter(ready)
        .for_each_concurrent(AT_ONCE, |entry| async move {
            // Of one whose agent does not answer nobody knows whether it is used.
            if read(&entry).await {
                review(shared, &entry).await;
            }
        })
        .await;
}

async fn read(entry: &Arc<Entry>) -> bool {
    let Ok(Ok(stats)) = timeout(DEADLINE, entry.link.get_json::<Stats>("/stats")).await else { return false };
    let now = Timestamp::now().as_millisecond();
    let cpus = entry.desk().activity.read(now, &stats);
    let usage = Usage {
        memory: stats.memory,
        // Whoever reads it needs no more than two digits.
        cpus: (cpus * 100.0).round() / 100.0,
        pids: stats.processes,
        disk: stats.disk,
        disk_limit: stats.disk_limit,
    };
    entry.publish(|view| {
        if view.state == State::Ready {
            view.usage = Some(usage);
        }
    });
    true
}

/// Says when a workspace will be stopped for being idle, and stops it when that time has come.
pub(crate) async fn review(shared: &Shared, entry: &Arc<Entry>) {
    let now = Timestamp::now().as_millisecond();
    let verdict = {
        let mut desk = entry.desk();
        if !desk.queue.is_idle() || desk.queue.settled() != Settled::Ready {
            return;
        }
        desk.keep_alive_until = desk.keep_alive_until.filter(|&until| until > now);
        let until = desk.keep_alive_until;
        let verdict = shared.config.idle_after.map_or(Verdict::Awake, |after| decide(after, &desk.activity, until, now));
        let time = |millis| Timestamp::from_millisecond(millis).ok();
        let stop_at = if let Verdict::Warned(at) = verdict { time(at) } else { None };
        entry.publish(|view| (view.idle_stop_at, view.keep_alive_until) = (stop_at, until.and_then(time)));
        verdict
    };
    if verdict == Verdict::Stop {
        tracing::info!(login = %entry.owner.login, "nobody uses it: stopping it");
        if let Err(error) = entry.ask(&shared.store, Request::Stop, StoppedFor::Idle).await {
            tracing::warn!(login = %entry.owner.login, %error, "it could not be written down that it is to be stopped");
        }
    }
}
