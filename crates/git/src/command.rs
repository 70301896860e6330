use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::GitError;

/// Reading a project takes milliseconds; what takes this long hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// A git program on one repository, alone with it: no configuration of the machine or of whoever runs the server, no
/// prompt, no pager, dead when its handle is dropped.
pub(crate) fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    isolate(&mut command);
    command.arg("--git-dir").arg(repository).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// The environment of every git program that is ours.
pub(crate) fn isolate(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    command.env_clear().env("PATH", path).env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_TERMINAL_PROMPT", "0");
    // The data folder may belong to another user than the server's (a container's volume): it is ours all the same.
    // An acknowledged push survives a power cut.
    for (i, (key, value)) in [("safe.directory", "*"), ("core.fsync", "all"), ("gc.auto", "256")].into_iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{i}"), key).env(format!("GIT_CONFIG_VALUE_{i}"), value);
    }
    command.env("GIT_CONFIG_COUNT", "3");
}

/// Runs to the end, whatever the exit code.
pub(crate) async fn output(command: &mut Command, attempt: &str) -> Result<Output, GitError> {
    output_within(command, DEADLINE, attempt).await
}

async fn output_within(command: &mut Command, deadline: Duration, attempt: &str) -> Result<Output, GitError> {
    match tokio::time::timeout(deadline, command.output()).await {
        Ok(done) => done.map_err(GitError::io(attempt)),
        Err(_) => Err(GitError::Timeout { attempt: attempt.to_owned(), seconds: deadline.as_secs() }),
    }
}

/// Runs to the end on one line of input, which fits in the pipe whether git reads it or not.
pub(crate) async fn run_on_line(command: &mut Command, line: &str, attempt: &str) -> Result<Vec<u8>, GitError> {
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(GitError::io(attempt))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(format!("{line}\n").as_bytes()).await.map_err(GitError::io(attempt))?;
    }
    match tokio::time::timeout(DEADLINE, child.wait_with_output()).await {
        Ok(Ok(done)) if done.status.success() => Ok(done.stdout),
        Ok(Ok(done)) => Err(failed(attempt, &done)),
        Ok(Err(source)) => Err(GitError::Io { attempt: attempt.to_owned(), source }),
        Err(_) => Err(GitError::Timeout { attempt: attempt.to_owned(), seconds: DEADLINE.as_secs() }),
    }
}

/// Runs to the end; its standard output where it succeeded.
pub(crate) async fn run(command: &mut Command, attempt: &str) -> Result<Vec<u8>, GitError> {
    run_within(command, DEADLINE, attempt).await
}

pub(crate) async fn run_within(command: &mut Command, deadline: Duration, attempt: &str) -> Result<Vec<u8>, GitError> {
    let done = output_within(command, deadline, attempt).await?;
    if done.status.success() { Ok(done.stdout) } else { Err(failed(attempt, &done)) }
}

pub(crate) fn failed(attempt: &str, done: &Output) -> GitError {
    let mut message = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    if message.is_empty() {
        message = done.status.to_string();
    }
    GitError::Git { attempt: attempt.to_owned(), message }
}
