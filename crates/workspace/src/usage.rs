//! What the workspaces that run use, as their agents tell it; and which of them nobody uses.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use http_body_util::{BodyExt, Empty};
use jiff::Timestamp;
use maru_protocol::{NoticeKind, Stats};
use maru_store::workspaces::StoppedFor;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use crate::entry::Entry;
use crate::idle::{Verdict, decide};
use crate::queue::{Request, Settled};
use crate::runtime::HomeKind;
use crate::view::{State, Usage};
use crate::workspaces::Shared;

const DEADLINE: Duration = Duration::from_secs(3);
const AT_ONCE: usize = 16;
/// Bytes of one reading.
const LONGEST: usize = 64 << 10;
/// Until an agent whose readings broke off is asked again.
const PAUSE: Duration = Duration::from_secs(2);

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
    let cpus = entry.desk().activity.read(Timestamp::now().as_millisecond(), &stats);
    show(entry, &stats, cpus);
    true
}

fn show(entry: &Entry, stats: &Stats, cpus: f64) {
    let usage = Usage {
        memory: stats.memory,
        memory_limit: stats.memory_limit,
        // Whoever reads it needs no more than two digits.
        cpus: (cpus * 100.0).round() / 100.0,
        cpus_limit: stats.cpu_limit,
        pids: stats.processes,
        pids_limit: stats.processes_limit,
        disk: stats.disk,
        disk_limit: stats.disk_limit,
        inodes: stats.inodes,
        inodes_limit: stats.inodes_limit,
        tmp: stats.tmp,
        tmp_limit: stats.tmp_limit,
        terminals: stats.terminals,
    };
    entry.publish(|view| {
        if view.state == State::Ready {
            view.usage = Some(usage);
            view.notices = stats.notices.iter().filter(|notice| concerns(view.home, notice.kind)).cloned().collect();
        }
    });
}

/// A home that shares its file system with all others is not what fills it: that it is nearly full is for whoever runs this
/// server, and only that nothing can be saved is told.
fn concerns(home: Option<HomeKind>, kind: NoticeKind) -> bool {
    home != Some(HomeKind::Shared) || !matches!(kind, NoticeKind::DiskLow | NoticeKind::InodesLow)
}

/// Publishes what the agent tells by itself, however many look: what ran out at once, and usage as it changes.
pub(crate) async fn follow(entry: Arc<Entry>) {
    let mut views = entry.subscribe();
    loop {
        // Before that nobody is told.
        if views.wait_for(|view| view.state == State::Ready).await.is_err() {
            return;
        }
        let Ok(request) = http::Request::get("/stats/events").body(Empty::<Bytes>::new()) else { return };
        match entry.link.request(request).await {
            Ok(answer) if answer.status().is_success() => {
                let body = answer.into_body().into_data_stream().map_err(std::io::Error::other);
                listen(&entry, FramedRead::new(StreamReader::new(body), LinesCodec::new_with_max_length(LONGEST))).await;
            }
            // An agent of an older version, which is asked every 15 s.
            Ok(_) => return,
            Err(error) => tracing::debug!(login = %entry.owner.login, %error, "its usage is not followed"),
        }
        sleep(PAUSE).await;
    }
}

async fn listen(entry: &Entry, mut lines: impl Stream<Item = Result<String, LinesCodecError>> + Unpin) {
    let mut before: Option<(u64, Instant)> = None;
    while let Some(Ok(line)) = lines.next().await {
        let Ok(stats) = serde_json::from_str::<Stats>(&line) else { return };
        let now = (stats.cpu_usec, Instant::now());
        let cpus = before.replace(now).map_or(0.0, |(usec, at)| {
            let passed = now.1.duration_since(at).as_micros().max(1) as f64;
            stats.cpu_usec.saturating_sub(usec) as f64 / passed
        });
        show(entry, &stats, cpus);
    }
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
        let verdict = shared.config.idle_after.get().map_or(Verdict::Awake, |after| decide(after, &desk.activity, until, now));
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
