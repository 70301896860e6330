//! Language servers: programs of the workspace that know a language, which the editor speaks to over a WebSocket. Each
//! connection has a process of its own, which ends with it.
//!
//! ```text
//! editor ── WebSocket, a JSON-RPC message each ── connect ┬─ stdin/stdout, with `Content-Length` ── pylsp, clangd, …
//!                                                         └─ stderr, as log messages
//! ```

mod framing;
mod said;
mod servers;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::Json;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::OwnedSemaphorePermit;

use self::framing::{Frames, MESSAGE_LIMIT, frame};
use self::said::Said;
use self::servers::{Found, found};
use crate::children::{Children, Started};
use crate::extract::Query;
use crate::tty::OOM_SCORE;
use crate::{Agent, AgentError};

/// At once; each takes from 50 MiB to a gigabyte of the workspace's memory.
pub(crate) const LIMIT: usize = 6;

#[derive(Debug, Serialize)]
pub(crate) struct Languages {
    /// Where the paths of this API begin, as language servers name files.
    home: String,
    languages: Vec<Found>,
}

const ENDED: &str = "the language server has ended";

/// `GET /languages`: which servers there are, and how those that are missing can be had.
pub(crate) async fn list(State(agent): State<Arc<Agent>>) -> Result<Json<Languages>, AgentError> {
    let home = agent.home.path().to_string_lossy().into_owned();
    Ok(Json(Languages { home, languages: crate::blocking(|| Ok(found())).await? }))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Connect {
    /// The folder it is started in, relative to home.
    cwd: Option<String>,
}

/// `GET /languages/{id}`: a new process, for as long as the connection.
pub(crate) async fn connect(
    State(agent): State<Arc<Agent>>,
    Path(id): Path<String>,
    Query(wanted): Query<Connect>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, AgentError> {
    let upgrade = upgrade.map_err(|e| AgentError::Request(e.to_string()))?;
    let Ok(place) = Arc::clone(&agent.language_servers).try_acquire_owned() else {
        return Err(AgentError::TooManyLanguageServers { limit: LIMIT });
    };
    let known = crate::blocking(|| Ok(found())).await?;
    let Some(argv) = known.into_iter().find(|one| one.id == id).and_then(|one| one.argv) else {
        return Err(AgentError::NoLanguageServer { id });
    };
    let (program, args) = argv.split_first().ok_or_else(|| AgentError::NoLanguageServer { id: id.clone() })?;
    let failed = |source| AgentError::Start { program: program.clone(), source };
    let mut command = Command::new(program);
    command.args(args).current_dir(agent.working_folder(wanted.cwd.as_deref())).env("HOME", agent.home.path()).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Children::get().start(&mut command).map_err(failed)?;
    // The first to go where memory runs out: it is started anew without loss.
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", started.pid.as_raw_nonzero()), OOM_SCORE);
    let server = Server { group: Group(started.pid), started, _place: place };
    Ok(upgrade.max_message_size(MESSAGE_LIMIT).max_frame_size(MESSAGE_LIMIT).on_upgrade(|socket| server.serve(socket)))
}

/// Ends the process with all that it started.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

struct Server {
    group: Group,
    started: Started,
    _place: OwnedSemaphorePermit,
}

impl Server {
    /// Until one side ends.
    async fn serve(mut self, socket: WebSocket) {
        let stdin = self.started.child.stdin.take().and_then(|p| pipe::Sender::from_owned_fd(p.into()).ok());
        let stdout = self.started.child.stdout.take().and_then(|p| pipe::Receiver::from_owned_fd(p.into()).ok());
        let stderr = self.started.child.stderr.take().and_then(|p| pipe::Receiver::from_owned_fd(p.into()).ok());
        let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) = (stdin, stdout, stderr) else { return };
        let (mut sender, mut receiver) = socket.split();
        let to_program = async {
            while let Some(Ok(message)) = receiver.next().await {
                let Message::Text(text) = message else { continue };
                if stdin.write_all(&frame(&text)).await.is_err() {
                    break;
                }
            }
            None
        };
        let from_program = async {
            let mut frames = Frames::default();
            let mut buffer = vec![0; 16 * 1024];
            let (mut said, mut complaint, mut complains) = (Said::default(), vec![0; 4096], true);
            loop {
                tokio::select! {
                    read = stdout.read(&mut buffer) => match read {
                        Ok(0) | Err(_) => return Some(ENDED),
                        Ok(n) => frames.push(&buffer[..n]),
                    },
                    read = stderr.read(&mut complaint), if complains => {
                        let n = read.unwrap_or(0);
                        complains = n > 0;
                        for message in said.push(&complaint[..n]) {
                            if sender.send(Message::text(message)).await.is_err() {
                                return None;
                            }
                        }
                    }
                }
                loop {
                    match frames.next() {
                        Ok(Some(text)) => {
                            if sender.send(Message::text(text)).await.is_err() {
                                return None;
                            }
                        }
                        Ok(None) => break,
                        Err(_) => return Some("the language server wrote something that is no message"),
                    }
                }
            }
        };
        // What it started may hold its output open after its own end.
        let exit = &mut self.started.exit;
        let (why, waited_for) = tokio::select! {
            why = to_program => (why, false),
            why = from_program => (why, false),
            _ = exit => (Some(ENDED), true),
        };
        if let Some(why) = why {
            let _ = sender.send(Message::Close(Some(CloseFrame { code: close_code::ERROR, reason: why.into() }))).await;
        }
        drop(self.group);
        // Its place is free once it is gone.
        if !waited_for {
            let _ = self.started.exit.await;
        }
    }
}
