//! What the workspaces that run use, as their agents tell it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use maru_protocol::Stats;
use tokio::time::{Instant, timeout};

use crate::driver::Entry;
use crate::view::{State, Usage};
use crate::workspaces::Shared;

const DEADLINE: Duration = Duration::from_secs(3);
const AT_ONCE: usize = 16;

/// A reading of the CPU's clock, to tell a rate by the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuMark {
    at: Instant,
    usec: u64,
}

pub(crate) async fn read_all(shared: &Shared) {
    let ready = shared.entries().into_iter().filter(|entry| entry.view().state == State::Ready && entry.link.is_up());
    futures_util::stream::iter(ready).for_each_concurrent(AT_ONCE, read).await;
}

async fn read(entry: Arc<Entry>) {
    let Ok(Ok(stats)) = timeout(DEADLINE, entry.link.get_json::<Stats>("/stats")).await else { return };
    let now = CpuMark { at: Instant::now(), usec: stats.cpu_usec };
    let cpus = entry.mark_cpu(now).map_or(0.0, |before| {
        let wall = now.at.duration_since(before.at).as_micros().max(1) as f64;
        now.usec.saturating_sub(before.usec) as f64 / wall
    });
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
}
