//! A PTY with a program on it, and the two tasks that carry its bytes.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Winsize, tcflush, tcgetattr, tcsetattr, tcsetwinsize,
};
use tokio::io::unix::AsyncFd;

use super::Terminal;
use super::shell::{self, Job};
use crate::children::{Children, Started};

/// Bytes read before the viewers get a turn.
const BATCH: usize = 64 * 1024;

pub(super) struct Pty {
    pub(super) master: AsyncFd<OwnedFd>,
    pub(super) started: Started,
}

/// What a terminal runs.
pub(super) struct Program<'a> {
    pub(super) agent: &'a Path,
    pub(super) shell: &'a str,
    pub(super) job: Job<'a>,
    /// Where the shells' own files are.
    pub(super) files: Option<&'a Path>,
    pub(super) cwd: &'a Path,
    pub(super) home: &'a Path,
    pub(super) id: &'a str,
}

pub(super) fn open(program: &Program<'_>, cols: u16, rows: u16) -> std::io::Result<Pty> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = ioctl_tiocgptpeer(&master, flags)?;
    resize(&master, cols, rows)?;
    let mut modes = tcgetattr(&slave)?;
    // Erasing a character erases all of its bytes.
    modes.input_modes |= InputModes::IUTF8;
    tcsetattr(&slave, OptionalActions::Now, &modes)?;

    // The agent itself, as `tty`, makes the PTY its controlling terminal, changes to the folder, and becomes the program.
    let mut command = Command::new(program.agent);
    command.arg("tty").arg(program.cwd).arg(program.shell);
    command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("HOME", program.home).env("SHELL", program.shell);
    command.env("MARU_TERMINAL", program.id);
    shell::locale(&mut command);
    shell::arguments(&mut command, program.shell, program.files, &program.job);
    command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(Stdio::from(slave));
    let started = Children::get().start(&mut command)?;
    // The command holds our ends of the slave: only without them does the master see its end.
    drop(command);
    fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
    // Deprecated since it trusts its argument to own one descriptor for good, which an OwnedFd does; the successor is unsafe.
    #[allow(deprecated)]
    let master = AsyncFd::new(master)?;
    Ok(Pty { master, started })
}

/// Whether the line discipline makes a signal of this input, as of Ctrl-C.
pub(super) fn is_signal(master: impl AsFd, input: &[u8]) -> bool {
    let &[byte] = input else { return false };
    // Of the master, these are the modes of the other end.
    tcgetattr(master).is_ok_and(|modes| {
        let codes = [SpecialCodeIndex::VINTR, SpecialCodeIndex::VQUIT, SpecialCodeIndex::VSUSP];
        modes.local_modes.contains(LocalModes::ISIG)
            && !modes.local_modes.contains(LocalModes::NOFLSH)
            && codes.iter().any(|&code| modes.special_codes[code] == byte)
    })
}

/// Drops what has been written and not been read, all of which would be before an interrupt.
pub(super) fn drop_unread(master: impl AsFd) {
    let _ = tcflush(&master, QueueSelector::OFlush);
    if let Ok(slave) = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC) {
        let _ = tcflush(slave, QueueSelector::IFlush);
    }
}

pub(super) fn resize(master: impl AsFd, cols: u16, rows: u16) -> rustix::io::Result<()> {
    tcsetwinsize(master, Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 })
}

/// Reads the PTY until nobody holds its other end.
pub(super) async fn read_output(terminal: Arc<Terminal>) {
    let mut buffer = vec![0; BATCH];
    loop {
        terminal.may_go_on().await;
        let Ok(mut ready) = terminal.master.readable().await else { return };
        let mut filled = 0;
        let mut ended = false;
        // The kernel gives at most a page at a time.
        while filled < buffer.len() {
            match rustix::io::read(&terminal.master, &mut buffer[filled..]) {
                Ok(0) => ended = true,
                Ok(n) => {
                    filled += n;
                    continue;
                }
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => ready.clear_ready(),
                // EIO: the last slave is closed.
                Err(_) => ended = true,
            }
            break;
        }
        if filled > 0 {
            terminal.output(&buffer[..filled]);
        }
        if ended {
            return;
        }
        // `yes` is always readable: let others have their turn.
        tokio::task::yield_now().await;
    }
}

/// Writes what viewers typed, in order.
pub(super) async fn write_input(terminal: Arc<Terminal>) {
    while let Some(input) = terminal.next_input().await {
        let mut rest = &input[..];
        while !rest.is_empty() {
            // By an interrupt, there may be room without anybody having read: of that, nobody tells.
            let ready = tokio::select! {
                ready = terminal.master.writable() => Some(ready),
                () = terminal.typed.notified() => None,
            };
            // It drops what waits before it, as the kernel's own queue does.
            if !terminal.input().go_on() {
                break;
            }
            match (rustix::io::write(&terminal.master, rest), ready) {
                (Ok(n), _) => rest = &rest[n..],
                (Err(Errno::INTR), _) | (Err(Errno::AGAIN), None) => {}
                (Err(Errno::AGAIN), Some(Ok(mut ready))) => ready.clear_ready(),
                (Err(_), _) => return,
            }
        }
        terminal.input().written();
    }
}
