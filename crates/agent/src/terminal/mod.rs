//! Terminals: owned here, so that they outlive tabs, networks and servers.
//!
//! ```text
//! program ⇄ PTY ─ read_output ─▶ State { output, viewers } ─ step ─▶ WebSocket of each viewer
//!             ◀─ write_input ── input queue ◀────────────────────── typed, resize, ack
//! ```

mod behind;
mod boundary;
mod dialect;
mod handlers;
mod input;
mod look;
mod marks;
mod output;
mod profiles;
mod pty;
mod ring;
mod screen;
mod shell;
mod state;
mod viewer;

pub(crate) use handlers::{close, create, list, profiles, rename, stream};

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use maru_protocol::{CreateTerminal, TerminalInfo};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use self::input::Input;
use self::state::State;
use crate::{Agent, AgentError, clock};

/// Terminals of one workspace whose program has not ended.
const LIMIT: usize = 12;
/// How long a program may take to end after a hangup.
const GRACE: Duration = Duration::from_secs(2);

/// How often to look whether a terminal waits for a viewer that takes nothing.
const REVIEW: Duration = Duration::from_secs(1);

/// Who made an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Hand,
    Emulator,
}

pub(crate) struct Terminal {
    id: String,
    name: Mutex<String>,
    /// Of a terminal to type into.
    shell: Option<String>,
    pid: Pid,
    created_at: i64,
    master: AsyncFd<OwnedFd>,
    state: Mutex<State>,
    /// Counts changes of the state, for viewers to wait on.
    changed: watch::Sender<u64>,
    input: Mutex<Input>,
    typed: Notify,
    last_input: AtomicI64,
    last_output: AtomicI64,
    /// Cancelled when the terminal is removed; ends its viewers.
    gone: CancellationToken,
}

impl Terminal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self) -> MutexGuard<'_, String> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn output(&self, data: &[u8]) {
        self.last_output.store(clock::now_ms(), Ordering::Relaxed);
        self.state().output(data);
        self.notify();
    }

    async fn may_go_on(&self) {
        let mut changed = self.changed.subscribe();
        // The sender is ours, so the wait cannot fail.
        while tokio::time::timeout(REVIEW, changed.wait_for(|_| !self.state().paused())).await.is_err() {
            let size = self.state().overdue(tokio::time::Instant::now());
            self.resize(size);
        }
    }

    fn resize(&self, size: Option<(u16, u16)>) {
        if let Some((cols, rows)) = size {
            let _ = pty::resize(&self.master, cols, rows);
        }
        self.notify();
    }

    fn input(&self) -> MutexGuard<'_, Input> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues input. False where too much waits already.
    fn type_in(&self, data: Bytes, by: By) -> bool {
        let signals = pty::is_signal(&self.master, &data);
        let mut input = self.input();
        // A program that does not read can still be interrupted: what waits before the interrupt is dropped.
        if signals && input.clear() {
            pty::drop_unread(&self.master);
        }
        if input.push(data).is_err() {
            return false;
        }
        drop(input);
        if by == By::Hand {
            self.last_input.store(clock::now_ms(), Ordering::Relaxed);
        }
        self.typed.notify_one();
        true
    }

    async fn next_input(&self) -> Option<Bytes> {
        loop {
            if self.gone.is_cancelled() {
                return None;
            }
            if let Some(data) = self.input().next() {
                return Some(data);
            }
            tokio::select! {
                () = self.typed.notified() => {}
                () = self.gone.cancelled() => return None,
            }
        }
    }

    /// The group in the foreground: what runs, as the kernel sees it.
    fn foreground(&self) -> Option<Pid> {
        rustix::termios::tcgetpgrp(&self.master).ok()
    }

    fn hang_up(&self, with: Signal) {
        if self.state().exit().is_some() {
            return;
        }
        for group in [self.foreground(), Some(self.pid)].into_iter().flatten() {
            let _ = kill_process_group(group, with);
            let _ = kill_process_group(group, Signal::CONT);
        }
    }

    async fn exited(&self) {
        let mut changed = self.changed.subscribe();
        let _ = changed.wait_for(|_| self.state().exit().is_some()).await;
    }

    /// Hangs up, and kills what has not gone then. What the student has detached from the terminal (nohup) stays.
    async fn end(&self) {
        self.hang_up(Signal::HUP);
        if tokio::time::timeout(GRACE, self.exited()).await.is_err() {
            // A shell would have told its jobs.
            for group in look::groups_of(self.pid) {
                let _ = kill_process_group(group, Signal::HUP);
            }
            self.hang_up(Signal::KILL);
        }
        self.gone.cancel();
    }

    fn info(&self) -> TerminalInfo {
        let look::Seen { busy, status } = self.look();
        let state = self.state();
        let (cols, rows) = state.size();
        TerminalInfo {
            id: self.id.clone(),
            name: self.name().clone(),
            cols,
            rows,
            pid: self.pid.as_raw_nonzero().get(),
            command: status.command.or_else(|| self.shell.clone().filter(|_| state.exit().is_none())),
            busy,
            cwd: status.cwd,
            last_exit_code: status.last_exit_code,
            title: status.title,
            viewers: state.viewers(),
            created_at: clock::rfc3339(self.created_at / 1000),
            exit_code: state.exit(),
            seq: state.end(),
        }
    }
}

/// All terminals, oldest first.
#[derive(Default)]
pub(crate) struct Terminals {
    all: Mutex<Vec<Arc<Terminal>>>,
    made: std::sync::atomic::AtomicU64,
    pub(crate) files: shell::Files,
}

impl Terminals {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Terminal>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Result<Arc<Terminal>, AgentError> {
        self.lock().iter().find(|t| t.id == id).cloned().ok_or_else(|| AgentError::NoTerminal { id: id.to_owned() })
    }

    fn remove(&self, id: &str) {
        self.lock().retain(|t| t.id != id);
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().iter().filter(|t| t.state().exit().is_none()).count()
    }

    /// Milliseconds since 1970 of the last input and output of any.
    pub(crate) fn last_activity(&self) -> (Option<i64>, Option<i64>) {
        let all = self.lock();
        let last = |of: fn(&Terminal) -> &AtomicI64| all.iter().map(|t| of(t).load(Ordering::Relaxed)).max().filter(|&at| at > 0);
        (last(|t| &t.last_input), last(|t| &t.last_output))
    }

    /// Starts one, with its tasks.
    pub(crate) fn create(&self, agent: &Agent, wanted: &CreateTerminal) -> Result<String, AgentError> {
        let mut all = self.lock();
        if all.iter().filter(|t| t.state().exit().is_none()).count() >= LIMIT {
            return Err(AgentError::TooManyTerminals { limit: LIMIT });
        }
        // Ended ones are kept for who has not seen their end, but not for ever.
        while all.len() >= LIMIT
            && let Some(at) = all.iter().position(|t| t.state().exit().is_some())
        {
            all.remove(at).gone.cancel();
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        // Unlike any of an agent before, so that a client can tell a restart.
        let id = format!("t{:x}-{number}", agent.started_at);
        let (cols, rows) = (wanted.cols.unwrap_or(80).clamp(2, 1000), wanted.rows.unwrap_or(24).clamp(1, 500));
        let cwd = agent.working_folder(wanted.cwd.as_deref());
        let shell = shell::choose(wanted.shell.as_deref());
        let line = wanted.command.as_deref().filter(|c| !c.trim().is_empty());
        let job = line.map_or(shell::Job::Interactive { clean: wanted.clean }, shell::Job::Line);
        let program =
            pty::Program { agent: &agent.exe, shell: &shell, job, files: self.files.ready(), cwd: &cwd, home: agent.home.path(), id: &id };
        let pty = pty::open(&program, cols, rows).map_err(|source| AgentError::Start { program: shell.clone(), source })?;
        let given = wanted.name.clone().filter(|n| !n.is_empty());
        let terminal = Arc::new(Terminal {
            name: Mutex::new(given.unwrap_or_else(|| line.map_or_else(|| format!("{number}"), str::to_owned))),
            id: id.clone(),
            shell: line.is_none().then(|| shell::name(&shell).to_owned()),
            pid: pty.started.pid,
            created_at: clock::now_ms(),
            master: pty.master,
            state: Mutex::new(State::new(cols, rows)),
            changed: watch::channel(0).0,
            input: Mutex::default(),
            typed: Notify::new(),
            last_input: AtomicI64::new(0),
            last_output: AtomicI64::new(0),
            gone: CancellationToken::new(),
        });
        all.push(Arc::clone(&terminal));
        let exit = pty.started.exit;
        agent.tasks.spawn(pty::write_input(Arc::clone(&terminal)));
        agent.tasks.spawn(look::keep_looking(Arc::clone(&terminal)));
        agent.tasks.spawn(async move {
            pty::read_output(Arc::clone(&terminal)).await;
            let code = exit.await.unwrap_or(-1);
            terminal.state().exited(code);
            terminal.notify();
        });
        Ok(id)
    }

    /// Hangs all up; returns once every program has ended or has been killed.
    pub(crate) async fn end(&self) {
        let all: Vec<_> = self.lock().drain(..).collect();
        futures_util::future::join_all(all.iter().map(|t| t.end())).await;
    }
}
