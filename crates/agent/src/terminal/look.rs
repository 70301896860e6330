//! What a terminal is busy with: the kernel's view of it, and the shell's.

use std::sync::Arc;
use std::time::Duration;

use maru_protocol::TerminalStatus;
use rustix::process::Pid;

use super::Terminal;
use super::marks::Marks;
use crate::proc;

/// A shell says that it runs a command before it does: time for the program to be there.
const SETTLE: Duration = Duration::from_millis(120);
/// How often to look again at what a shell does not tell.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) struct Seen {
    pub(super) busy: bool,
    pub(super) status: TerminalStatus,
}

impl Terminal {
    pub(super) fn look(&self) -> Seen {
        let foreground = self.foreground();
        let (marks, title, ended) = {
            let state = self.state();
            (state.marks().clone(), state.title().map(str::to_owned), state.exit().is_some())
        };
        let foreground = foreground.filter(|_| !ended);
        let other = foreground.filter(|&group| self.shell.is_none() || group != self.pid);
        let waits = marks.running() == Some(false) || (marks.running().is_none() && other.is_none());
        let busy = foreground.is_some() && !waits;
        let command = other.filter(|_| busy).and_then(command_of);
        let there = |folder: &&str| std::path::Path::new(folder).is_dir();
        // A shell knows the links by which it got there; of a program only the kernel knows.
        let told = marks.cwd().filter(|_| !busy).filter(there).map(str::to_owned);
        let cwd = told.or_else(|| foreground.and_then(proc::cwd)).filter(|_| !ended);
        Seen { busy, status: TerminalStatus { command, cwd, last_exit_code: marks.last_exit_code(), title } }
    }
}

/// The command line of a process group: its leader's, or that of any other where the leader has ended before them.
fn command_of(group: Pid) -> Option<String> {
    proc::command_line(group).or_else(|| {
        let raw = group.as_raw_nonzero().get();
        let member = proc::all().find(|&pid| stat_of(pid).is_some_and(|(group, _)| group == raw))?;
        proc::command_line(Pid::from_raw(member)?)
    })
}

/// The group and the session of a process.
fn stat_of(pid: i32) -> Option<(i32, i32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// All process groups of a session.
pub(super) fn groups_of(session: Pid) -> Vec<Pid> {
    let session = session.as_raw_nonzero().get();
    let mut groups: Vec<i32> = proc::all().filter_map(stat_of).filter(|&(_, of)| of == session).map(|(group, _)| group).collect();
    groups.sort_unstable();
    groups.dedup();
    groups.into_iter().filter_map(Pid::from_raw).collect()
}

/// Keeps what viewers are told current: when the shell says something, and now and then while it does not.
pub(super) async fn keep_looking(terminal: Arc<Terminal>) {
    let mut changed = terminal.changed.subscribe();
    loop {
        let (marks, watched, ended) = key(&terminal);
        if marks.running() == Some(true) {
            tokio::time::sleep(SETTLE).await;
        }
        let seen = terminal.look();
        if terminal.state().tell(seen.status) {
            terminal.notify();
        }
        if ended {
            return;
        }
        let news = changed.wait_for(|_| {
            let state = terminal.state();
            *state.marks() != marks || (state.viewers() > 0) != watched || state.exit().is_some()
        });
        let silent = watched && marks.running() != Some(false);
        tokio::select! {
            news = news => if news.is_err() { return },
            () = tokio::time::sleep(AGAIN), if silent => {}
            () = terminal.gone.cancelled() => return,
        }
    }
}

fn key(terminal: &Terminal) -> (Marks, bool, bool) {
    let state = terminal.state();
    (state.marks().clone(), state.viewers() > 0, state.exit().is_some())
}
