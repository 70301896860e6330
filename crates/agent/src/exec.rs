//! `POST /exec`: a program run to its end, for what the server does in the workspace on the student's behalf.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use maru_protocol::{ExecRequest, ExecResponse};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

use crate::children::Children;
use crate::extract::Body;
use crate::tty::OOM_SCORE;
use crate::{Agent, AgentError};

/// Bytes kept of each output; the rest is read and dropped.
const OUTPUT_LIMIT: usize = 1024 * 1024;
const TIMEOUT: u64 = 60;
const LONGEST: u64 = 3600;

/// Kills the program with all it started, should nobody wait for it any more.
struct Group {
    pid: Pid,
    ended: bool,
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }
}

pub(crate) async fn run(State(agent): State<Arc<Agent>>, Body(wanted): Body<ExecRequest>) -> Result<Json<ExecResponse>, AgentError> {
    let Some((program, args)) = wanted.argv.split_first() else {
        return Err(AgentError::Request("argv: a program is needed".to_owned()));
    };
    if wanted.argv.iter().any(|a| a.contains('\0')) {
        return Err(AgentError::Request("argv: NUL".to_owned()));
    }
    let failed = |source| AgentError::Start { program: program.clone(), source };
    let mut command = Command::new(program);
    command
        .args(args)
        .envs(&wanted.env)
        .current_dir(agent.working_folder(wanted.cwd.as_deref()))
        .env("HOME", agent.home.path())
        .process_group(0);
    command.stdin(if wanted.stdin.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Children::get().start(&mut command).map_err(failed)?;
    let mut group = Group { pid: started.pid, ended: false };
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", started.pid.as_raw_nonzero()), OOM_SCORE);

    let stdin = started.child.stdin.take().map(|p| pipe::Sender::from_owned_fd(p.into())).transpose().map_err(failed)?;
    let stdout = started.child.stdout.take().map(|p| pipe::Receiver::from_owned_fd(p.into())).transpose().map_err(failed)?;
    let stderr = started.child.stderr.take().map(|p| pipe::Receiver::from_owned_fd(p.into())).transpose().map_err(failed)?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut truncated = false;
    let work = async {
        let feed = async {
            if let (Some(mut pipe), Some(text)) = (stdin, &wanted.stdin) {
                // A program that does not read to the end is free not to.
                let _ = pipe.write_all(text.as_bytes()).await;
            }
        };
        let ((), a, b) = tokio::join!(feed, collect(stdout, &mut out), collect(stderr, &mut err));
        truncated = a || b;
        started.exit.await.unwrap_or(-1)
    };
    let timeout = Duration::from_secs(wanted.timeout.unwrap_or(TIMEOUT).min(LONGEST));
    let code = tokio::time::timeout(timeout, work).await.ok();
    group.ended = code.is_some();
    drop(group);
    Ok(Json(ExecResponse {
        code: code.unwrap_or(124),
        stdout: String::from_utf8_lossy(&out).into_owned(),
        stderr: String::from_utf8_lossy(&err).into_owned(),
        truncated,
        timed_out: code.is_none(),
    }))
}

/// Reads to the end; returns whether something had to be dropped.
async fn collect(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> bool {
    let Some(mut pipe) = pipe else { return false };
    let mut buffer = vec![0; 32 * 1024];
    let mut dropped = false;
    loop {
        match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => return dropped,
            Ok(n) => {
                let room = OUTPUT_LIMIT - into.len();
                into.extend_from_slice(&buffer[..n.min(room)]);
                dropped |= n > room;
            }
        }
    }
}
