//! Every process that the agent starts, and every orphan that falls to process 1, is waited for here and nowhere else.

use std::collections::HashMap;
use std::process::{Child, Command};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::process::{Pid, WaitOptions, WaitStatus, wait, waitpid};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// One per process, as waiting is.
#[derive(Debug, Default)]
pub(crate) struct Children(Mutex<HashMap<i32, oneshot::Sender<i32>>>);

/// A started process: its pipes, and its end (128 + N after a death by signal N).
pub(crate) struct Started {
    pub(crate) pid: Pid,
    pub(crate) child: Child,
    pub(crate) exit: oneshot::Receiver<i32>,
}

impl Children {
    pub(crate) fn get() -> &'static Self {
        static ALL: OnceLock<Children> = OnceLock::new();
        ALL.get_or_init(Self::default)
    }

    /// Starts a process. Held against [`Self::reap`], so that even one that ends at once is known before it is
    /// waited for.
    pub(crate) fn start(&self, command: &mut Command) -> std::io::Result<Started> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        let raw = i32::try_from(child.id()).map_err(std::io::Error::other)?;
        let pid = Pid::from_raw(raw).ok_or_else(|| std::io::Error::other("process id 0"))?;
        let (tx, exit) = oneshot::channel();
        known.insert(raw, tx);
        Ok(Started { pid, child, exit })
    }

    fn reap(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::process::id() == 1 {
            // Orphans, too. (`waitpid(None)` would mean our own process group only, and each child has its own.)
            while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
                if let Some(tx) = known.remove(&pid.as_raw_nonzero().get()) {
                    let _ = tx.send(code(status));
                }
            }
            return;
        }
        let ended: Vec<(i32, i32)> = known
            .keys()
            .filter_map(|&raw| match waitpid(Pid::from_raw(raw), WaitOptions::NOHANG) {
                Ok(Some((_, status))) => Some((raw, code(status))),
                Ok(None) => None,
                // Somebody else waited for it; its end is known, if not how.
                Err(_) => Some((raw, -1)),
            })
            .collect();
        for (raw, code) in ended {
            if let Some(tx) = known.remove(&raw) {
                let _ = tx.send(code);
            }
        }
    }

    /// Waits for processes for ever.
    pub(crate) async fn run(&self) -> std::io::Result<()> {
        let mut ended = signal(SignalKind::child())?;
        loop {
            self.reap();
            if ended.recv().await.is_none() {
                return Ok(());
            }
        }
    }
}

fn code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|n| 128 + n)).unwrap_or(-1)
}
