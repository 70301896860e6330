//! What runs out in the workspace, noticed as it happens: memory, processes, room in home.
//!
//! The kernel's log is not to be read from inside, and its counters name nobody. So processes are remembered while they
//! are busy: who is gone when the counter has risen was ended. A thread of its own looks, which needs nothing from the
//! others: when no thread can be started and the rest of the agent waits for memory, this one tells.

mod judge;
mod processes;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use maru_protocol::{Notice, NoticeKind};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

use crate::clock::now_ms;
use judge::{Judge, Reading};
use processes::Seen;

/// Nothing goes on.
const QUIET: Duration = Duration::from_millis(500);
/// A processor is busy: memory may fill at a gigabyte a second.
const BUSY: Duration = Duration::from_millis(100);
/// Somebody was ended, and is about to be gone.
const DYING: Duration = Duration::from_millis(20);
/// How long that is waited for: the kernel counts an end before it brings it about.
const DIES_WITHIN: Duration = Duration::from_secs(1);
/// CPUs: so few are in use where nothing happens, and so many where memory may fill soon.
const ASLEEP: f64 = 0.01;
const AT_WORK: f64 = 0.05;
/// Looking takes at most this part of a processor. The time on the clock says nothing of it: where others keep the processors
/// busy, things run out all the same.
const COST: u32 = 20;
/// The same again within this time is told by its count.
const SAME: i64 = 30_000;
const KEPT: usize = 20;

/// Where notices appear.
#[derive(Debug)]
pub(crate) struct Notices(watch::Sender<Vec<Notice>>);

impl Default for Notices {
    fn default() -> Self {
        Self(watch::channel(Vec::new()).0)
    }
}

impl Notices {
    pub(crate) fn list(&self) -> Vec<Notice> {
        self.0.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Vec<Notice>> {
        self.0.subscribe()
    }

    fn tell(&self, kind: NoticeKind, count: u64, culprit: Option<Culprit>, limit: u64) {
        let now = now_ms();
        tracing::info!(?kind, count, ?culprit, limit, "ran out");
        self.0.send_modify(|notices| {
            let same = |notice: &&mut Notice| notice.kind == kind && now - notice.id < SAME;
            if let Some(last) = notices.iter_mut().rev().find(same) {
                last.count += count;
                return;
            }
            let id = notices.last().map_or(now, |last| now.max(last.id + 1));
            let (process, pid, size) = culprit.map_or((None, None, None), |culprit| (Some(culprit.name), culprit.pid, Some(culprit.size)));
            notices.push(Notice { id, kind, process, pid, size, limit, count });
            let surplus = notices.len().saturating_sub(KEPT);
            notices.drain(..surplus);
        });
    }
}

/// The process that has most to do with something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Culprit {
    name: String,
    pid: Option<i32>,
    size: u64,
}

/// Looks until dropped.
#[derive(Debug)]
pub(crate) struct Watching(#[expect(dead_code, reason = "held: the thread ends when it is dropped")] mpsc::Sender<()>);

/// Begins to look.
///
/// # Errors
/// Where no thread can be started.
pub(crate) fn watch(notices: Arc<Notices>, home: PathBuf) -> std::io::Result<Watching> {
    let (held, stop) = mpsc::channel();
    let looking = move || {
        let mut look = Look::new(notices, home);
        let mut pause = QUIET;
        while stop.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
            let before = own_cpu();
            let usual = look.once();
            pause = usual.max(own_cpu().saturating_sub(before) * COST);
        }
    };
    std::thread::Builder::new().name("pressure".to_owned()).stack_size(256 * 1024).spawn(looking)?;
    Ok(Watching(held))
}

/// What this thread has had of the processors.
fn own_cpu() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// Processes that were ended for memory.
struct Ended {
    count: u64,
    /// Until then it is waited that one of them is gone.
    until: Instant,
}

struct Look {
    notices: Arc<Notices>,
    home: PathBuf,
    counters: Counters,
    judge: Judge,
    seen: Seen,
    /// Not told yet: nobody is gone so far.
    ended: Option<Ended>,
    /// Microseconds of CPU, and when.
    cpu: Option<(u64, Instant)>,
}

impl Look {
    fn new(notices: Arc<Notices>, home: PathBuf) -> Self {
        Self { notices, home, counters: Counters::open(), judge: Judge::default(), seen: Seen::default(), ended: None, cpu: None }
    }

    /// How soon to look again.
    fn once(&mut self) -> Duration {
        let used = self.processors();
        let told = self.judge.judge(self.read());
        for (kind, count) in told {
            let (culprit, limit) = match kind {
                NoticeKind::OutOfMemory => {
                    self.ended.get_or_insert_with(|| Ended { count: 0, until: Instant::now() + DIES_WITHIN }).count += count;
                    continue;
                }
                NoticeKind::TooManyProcesses => (processes::most(), self.counters.processes_limit()),
                NoticeKind::DiskFull | NoticeKind::DiskLow => (processes::writer(), self.disk().1),
                NoticeKind::InodesFull | NoticeKind::InodesLow => (None, self.inodes().1),
            };
            self.notices.tell(kind, count, culprit, limit);
        }
        if let Some(ended) = &self.ended {
            let culprit = self.seen.ended();
            if culprit.is_none() && !self.seen.is_empty() && Instant::now() < ended.until {
                return DYING;
            }
            self.notices.tell(NoticeKind::OutOfMemory, ended.count, culprit, self.counters.memory_limit());
            self.ended = None;
            self.seen.forget();
        }
        // After the question who is gone.
        if used > ASLEEP {
            self.seen.look();
        } else {
            self.seen.forget();
        }
        if used > AT_WORK { BUSY } else { QUIET }
    }

    /// CPUs in use since the last look. Of what sleeps, none can fill memory.
    fn processors(&mut self) -> f64 {
        let (Some(now), at) = (self.counters.cpu_usec(), Instant::now()) else { return f64::INFINITY };
        let before = self.cpu.replace((now, at));
        before.map_or(0.0, |(usec, then)| now.saturating_sub(usec) as f64 / at.duration_since(then).as_micros().max(1) as f64)
    }

    fn read(&self) -> Reading {
        let ((disk, disk_limit), (inodes, inodes_limit)) = (self.disk(), self.inodes());
        Reading {
            oom_kills: self.counters.oom_kills(),
            forks_refused: self.counters.forks_refused(),
            disk,
            disk_limit,
            inodes,
            inodes_limit,
        }
    }

    /// Used, and of how much, by what is left for this user.
    fn disk(&self) -> (u64, u64) {
        let Ok(disk) = rustix::fs::statvfs(&self.home) else { return (0, 0) };
        let used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize;
        (used, used + disk.f_bavail * disk.f_frsize)
    }

    fn inodes(&self) -> (u64, u64) {
        rustix::fs::statvfs(&self.home).map_or((0, 0), |disk| (disk.f_files - disk.f_ffree, disk.f_files))
    }
}

/// Files of the container's own control group, held open: they are read all the time.
#[derive(Default)]
struct Counters {
    cpu: Option<(File, bool)>,
    oom: Option<File>,
    forks: Option<File>,
    memory_limit: Option<File>,
    processes_limit: Option<File>,
}

impl Counters {
    fn open() -> Self {
        let root = Path::new(crate::stats::ROOT);
        let open = |of_v2: &str, of_v1: &str| File::open(root.join(of_v2)).or_else(|_| File::open(root.join(of_v1))).ok();
        let v2 = root.join("cgroup.controllers").exists();
        Self {
            cpu: open("cpu.stat", "cpuacct/cpuacct.usage").map(|file| (file, v2)),
            oom: open("memory.events", "memory/memory.oom_control"),
            forks: open("pids.events", "pids/pids.events"),
            memory_limit: open("memory.max", "memory/memory.limit_in_bytes"),
            processes_limit: open("pids.max", "pids/pids.max"),
        }
    }

    fn cpu_usec(&self) -> Option<u64> {
        let (file, v2) = self.cpu.as_ref()?;
        if *v2 { field(file, "usage_usec") } else { Some(text(file)?.trim().parse::<u64>().ok()? / 1000) }
    }

    fn oom_kills(&self) -> u64 {
        self.oom.as_ref().and_then(|file| field(file, "oom_kill")).unwrap_or(0)
    }

    fn forks_refused(&self) -> u64 {
        self.forks.as_ref().and_then(|file| field(file, "max")).unwrap_or(0)
    }

    fn memory_limit(&self) -> u64 {
        self.memory_limit.as_ref().and_then(text).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    fn processes_limit(&self) -> u64 {
        self.processes_limit.as_ref().and_then(text).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }
}

fn text(file: &File) -> Option<String> {
    let mut buffer = [0; 1024];
    let read = file.read_at(&mut buffer, 0).ok()?;
    Some(String::from_utf8_lossy(buffer.get(..read)?).into_owned())
}

fn field(file: &File, name: &str) -> Option<u64> {
    text(file)?.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_same_again_is_counted() {
        let notices = Notices::default();
        let culprit = Culprit { name: "hog".to_owned(), pid: Some(7), size: 100 };
        notices.tell(NoticeKind::OutOfMemory, 1, Some(culprit), 256);
        notices.tell(NoticeKind::DiskFull, 1, None, 1000);
        notices.tell(NoticeKind::OutOfMemory, 2, None, 256);
        let told = notices.list();
        assert_eq!(
            told.iter().map(|notice| (notice.kind, notice.count)).collect::<Vec<_>>(),
            [(NoticeKind::OutOfMemory, 3), (NoticeKind::DiskFull, 1)]
        );
        assert_eq!((told[0].process.as_deref(), told[0].size), (Some("hog"), Some(100)));
        assert!(told[1].id > told[0].id);
    }

    #[test]
    fn who_was_ended_is_named_once_gone() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let count = tempfile::NamedTempFile::new().unwrap();
        let mut look = Look::new(Arc::default(), std::env::temp_dir());
        look.counters = Counters { oom: Some(count.reopen().unwrap()), ..Counters::default() };
        while !look.seen.has(pid, "sleep") {
            look.seen.look();
        }
        look.seen.forget_others(pid);
        // The kernel has decided, and the process does not know yet.
        std::fs::write(count.path(), "oom_kill 1\n").unwrap();
        assert_eq!(look.once(), DYING);
        assert_eq!(look.notices.list(), []);
        child.kill().unwrap();
        while look.notices.list().is_empty() {
            look.once();
        }
        let told = look.notices.list();
        assert_eq!((told[0].process.as_deref(), told[0].pid, told[0].count), (Some("sleep"), Some(pid), 1));
        child.wait().unwrap();
    }

    #[test]
    fn it_ends_when_dropped() {
        let notices = Arc::new(Notices::default());
        let watching = watch(Arc::clone(&notices), std::env::temp_dir()).unwrap();
        drop(watching);
        let began = Instant::now();
        while Arc::strong_count(&notices) > 1 {
            assert!(began.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
