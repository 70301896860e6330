//! A PTY with a program on it, and the two tasks that carry its bytes.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{InputModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use tokio::io::unix::AsyncFd;

use super::Terminal;
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
    /// None for an interactive login shell.
    pub(super) line: Option<&'a str>,
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

    // The agent itself, as `tty`, makes the PTY its controlling terminal and then becomes the program.
    let mut command = Command::new(program.agent);
    command.arg("tty").arg(program.cwd).arg(program.shell).arg("-l");
    if let Some(line) = program.line {
        command.arg("-c").arg(line);
    }
    command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(Stdio::from(slave));
    environment(&mut command, program);
    let started = Children::get().start(&mut command)?;
    // The command holds our ends of the slave: only without them does the master see its end.
    drop(command);
    fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
    // Deprecated since it trusts its argument to own one descriptor for good, which an OwnedFd does; the successor is unsafe.
    #[allow(deprecated)]
    let master = AsyncFd::new(master)?;
    Ok(Pty { master, started })
}

/// Tells the IDE where the shell is (OSC 7), and where prompts, commands and their ends are (OSC 133).
const PROMPT_COMMAND: &str = r#"printf '\033]133;D;%s\033\\\033]7;file://%s%s\033\\\033]133;A\033\\' "$?" "${HOSTNAME-}" "${PWD// /%20}""#;

fn environment(command: &mut Command, program: &Program<'_>) {
    let utf8 = |name: &str| {
        std::env::var(name).ok().filter(|v| !v.is_empty()).is_none_or(|v| v.to_ascii_uppercase().replace('-', "").ends_with("UTF8"))
    };
    command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("HOME", program.home).env("SHELL", program.shell);
    command.env("MARU_TERMINAL", program.id);
    if std::env::var_os("LANG").is_none() || !utf8("LANG") {
        command.env("LANG", "C.UTF-8");
    }
    for name in ["LC_ALL", "LC_CTYPE"] {
        if !utf8(name) {
            command.env_remove(name);
        }
    }
    if program.shell.ends_with("/bash") && program.line.is_none() {
        command.env("PROMPT_COMMAND", PROMPT_COMMAND).env("PS0", "\\e]133;C\\e\\\\");
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
            let Ok(mut ready) = terminal.master.writable().await else { return };
            match rustix::io::write(&terminal.master, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(_) => return,
            }
            // Typed while this was stuck: an interrupt drops what waits before it, as the kernel's own queue does.
            if terminal.interrupted() {
                break;
            }
        }
    }
}
