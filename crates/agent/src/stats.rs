//! `GET /stats`: what the workspace uses, and of how much. From its own cgroup, of either version.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use maru_protocol::Stats;

use crate::{Agent, AgentError, proc};

const ROOT: &str = "/sys/fs/cgroup";
/// cgroup v1 says "no limit" with a number near the largest page count.
const UNLIMITED: u64 = 1 << 60;

pub(crate) async fn read(State(agent): State<Arc<Agent>>) -> Result<Json<Stats>, AgentError> {
    crate::blocking(move || {
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
        stats.terminals = agent.terminals.count();
        (stats.last_input_at, stats.last_output_at) = agent.terminals.last_activity();
        Ok(Json(stats))
    })
    .await
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
