//! What the workspace uses, and of how much, from its own cgroup of either version: `GET /stats` now, `GET /stats/events`
//! as it changes.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use maru_protocol::{Notice, Stats};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::{Agent, AgentError, proc};

pub(crate) const ROOT: &str = "/sys/fs/cgroup";
/// How often it is looked for changes, while somebody wants to know.
const LOOK: Duration = Duration::from_secs(2);
/// A line after this long in any case, so that a reader who is gone is noticed.
const ALIVE: Duration = Duration::from_secs(20);
/// cgroup v1 says "no limit" with a number near the largest page count.
const UNLIMITED: u64 = 1 << 60;

pub(crate) async fn read(State(agent): State<Arc<Agent>>) -> Result<Json<Stats>, AgentError> {
    crate::blocking(move || Ok(Json(look(&agent)))).await
}

/// Lines of JSON: the statistics at once, when something has run out, and when they have changed so much that people
/// would see it.
pub(crate) async fn events(State(agent): State<Arc<Agent>>) -> Response {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watched = Watched { notices: agent.notices.subscribe(), agent, looks, told: None };
    let lines = futures_util::stream::unfold(watched, |mut watched| async move {
        let line = watched.next().await?;
        Some((Ok::<_, Infallible>(line), watched))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

struct Watched {
    agent: Arc<Agent>,
    notices: watch::Receiver<Vec<Notice>>,
    looks: Interval,
    told: Option<(Stats, Instant)>,
}

impl Watched {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let urgent = tokio::select! {
                changed = self.notices.changed() => { changed.ok()?; true }
                _ = self.looks.tick() => false,
            };
            let now = look(&self.agent);
            let told = self.told.as_ref().is_some_and(|(before, at)| at.elapsed() < ALIVE && !differs(before, &now, at.elapsed()));
            if told && !urgent {
                continue;
            }
            let mut line = serde_json::to_vec(&now).ok()?;
            line.push(b'\n');
            self.told = Some((now, Instant::now()));
            return Some(line.into());
        }
    }
}

/// Would somebody who looks at numbers of two or three digits see it?
fn differs(before: &Stats, now: &Stats, passed: Duration) -> bool {
    let by = |a: u64, b: u64, step: u64| a.abs_diff(b) >= step;
    let cpu = |stats: &Stats| stats.cpu_usec;
    by(before.memory, now.memory, 8 << 20)
        || before.processes != now.processes
        || by(before.disk, now.disk, 4 << 20)
        || by(before.inodes, now.inodes, 200)
        || by(before.tmp, now.tmp, 4 << 20)
        // A twentieth of a processor.
        || u128::from(cpu(now).saturating_sub(cpu(before))) * 20 > passed.as_micros()
}

/// Files that are memory, and a system call: this waits for nothing.
fn look(agent: &Agent) -> Stats {
    let root = Path::new(ROOT);
    let mut stats = if root.join("cgroup.controllers").exists() { version_2(root) } else { version_1(root) };
    if stats.processes == 0 {
        stats.processes = proc::all().count() as u64;
    }
    if let Ok(disk) = rustix::fs::statvfs(agent.home.path()) {
        stats.disk_limit = disk.f_blocks * disk.f_frsize;
        stats.disk = (disk.f_blocks - disk.f_bfree) * disk.f_frsize;
        stats.inodes_limit = disk.f_files;
        stats.inodes = disk.f_files - disk.f_ffree;
    }
    if let Ok(tmp) = rustix::fs::statvfs("/tmp") {
        stats.tmp_limit = tmp.f_blocks * tmp.f_frsize;
        stats.tmp = (tmp.f_blocks - tmp.f_bfree) * tmp.f_frsize;
    }
    stats.terminals = agent.terminals.count();
    (stats.last_input_at, stats.last_output_at) = agent.terminals.last_activity();
    stats.notices = agent.notices.list();
    stats
}

fn text(path: impl AsRef<Path>) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

/// None also for `max`.
fn number(path: impl AsRef<Path>) -> Option<u64> {
    text(path)?.parse().ok().filter(|&n| n < UNLIMITED)
}

/// The number after a word at the beginning of a line.
fn field(path: impl AsRef<Path>, name: &str) -> Option<u64> {
    text(path)?.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

fn version_2(root: &Path) -> Stats {
    let cpu_limit = text(root.join("cpu.max")).and_then(|line| {
        let (quota, period) = line.split_once(' ')?;
        Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
    });
    // What the kernel can drop at once is not in use.
    let cache = field(root.join("memory.stat"), "inactive_file").unwrap_or(0);
    Stats {
        memory: number(root.join("memory.current")).unwrap_or(0).saturating_sub(cache),
        memory_limit: number(root.join("memory.max")),
        cpu_usec: field(root.join("cpu.stat"), "usage_usec").unwrap_or(0),
        cpu_limit,
        processes: number(root.join("pids.current")).unwrap_or(0),
        processes_limit: number(root.join("pids.max")),
        oom_kills: field(root.join("memory.events"), "oom_kill").unwrap_or(0),
        ..Stats::default()
    }
}

fn version_1(root: &Path) -> Stats {
    let (memory, cpu) = (root.join("memory"), root.join("cpu"));
    let cache = field(memory.join("memory.stat"), "total_inactive_file").unwrap_or(0);
    let quota = text(cpu.join("cpu.cfs_quota_us")).and_then(|q| q.parse::<f64>().ok()).filter(|&q| q > 0.0);
    let period = text(cpu.join("cpu.cfs_period_us")).and_then(|p| p.parse::<f64>().ok());
    Stats {
        memory: number(memory.join("memory.usage_in_bytes")).unwrap_or(0).saturating_sub(cache),
        memory_limit: number(memory.join("memory.limit_in_bytes")),
        cpu_usec: number(root.join("cpuacct/cpuacct.usage")).unwrap_or(0) / 1000,
        cpu_limit: quota.zip(period).map(|(q, p)| q / p),
        processes: number(root.join("pids/pids.current")).unwrap_or(0),
        processes_limit: number(root.join("pids/pids.max")),
        oom_kills: field(memory.join("memory.oom_control"), "oom_kill").unwrap_or(0),
        ..Stats::default()
    }
}
