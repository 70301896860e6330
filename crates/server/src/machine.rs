//! What this machine has, and how much of it is used: by everything on it, not by Maru alone.

use std::path::Path;

use serde_json::{Value, json};

pub fn usage(data: &Path) -> Value {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let bytes = |name: &str| memory_field(&memory, name);
    let total = bytes("MemTotal:");
    let load = std::fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let disk = rustix::fs::statvfs(data).ok();
    json!({
        "cpus": std::thread::available_parallelism().map(usize::from).ok(),
        "load": load,
        "memory": total,
        "memory_used": total.zip(bytes("MemAvailable:")).map(|(total, free)| total.saturating_sub(free)),
        "disk": disk.as_ref().map(|disk| disk.f_blocks * disk.f_frsize),
        "disk_used": disk.as_ref().map(|disk| (disk.f_blocks - disk.f_bfree) * disk.f_frsize),
    })
}

fn memory_field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}
