//! Reading /proc.

use std::collections::HashMap;

use rustix::process::Pid;

/// Characters of a command line that are worth showing.
const SHOWN: usize = 300;

pub(crate) fn command_line(pid: Pid) -> Option<String> {
    let raw = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    let text = String::from_utf8_lossy(&raw);
    let line: String = text.trim_end_matches('\0').chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    (!line.is_empty()).then_some(line)
}

pub(crate) fn cwd(pid: Pid) -> Option<String> {
    Some(std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok()?.to_string_lossy().into_owned())
}

pub(crate) fn name(pid: i32) -> Option<String> {
    Some(std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned())
}

/// Bytes of memory that it has; 0 once it is dead and not yet waited for.
pub(crate) fn resident(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Bytes that it has written, page cache included. None for what is another user's.
pub(crate) fn written(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok())
}

/// The processes that can be seen.
pub(crate) fn all() -> impl Iterator<Item = i32> {
    std::fs::read_dir("/proc").into_iter().flatten().filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok())
}

/// Which process holds each of these sockets, by inode.
pub(crate) fn holders(inodes: &[u64]) -> HashMap<u64, i32> {
    let mut found = HashMap::new();
    for pid in all() {
        for fd in std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let Ok(target) = std::fs::read_link(fd.path()) else { continue };
            let inode = target.to_str().and_then(|t| t.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode.filter(|i| inodes.contains(i)) {
                // The parent of a group of workers, which has the lowest number, names the service.
                let holder = found.entry(inode).or_insert(pid);
                *holder = pid.min(*holder);
            }
        }
    }
    found
}
