//! `maru-agent tty CWD PROGRAM ARGS…`: the short time between the agent's fork and the shell.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Higher than the agent's: where memory runs out, a program dies, not the agent with all terminals.
pub(crate) const OOM_SCORE: &str = "300";

/// Makes standard input the controlling terminal of a new session, then becomes the program.
/// Returns only with the error that kept it from doing so.
pub fn become_program(mut args: impl Iterator<Item = OsString>) -> std::io::Error {
    let (Some(cwd), Some(program)) = (args.next(), args.next()) else {
        return std::io::Error::other("tty: a folder and a program are needed");
    };
    let session = rustix::process::setsid().and_then(|_| rustix::process::ioctl_tiocsctty(rustix::stdio::stdin()));
    if let Err(error) = session {
        return error.into();
    }
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    // Gone meanwhile: then the shell starts wherever this did.
    let _ = std::env::set_current_dir(&cwd);
    Command::new(program).args(args).env("PWD", cwd).exec()
}
