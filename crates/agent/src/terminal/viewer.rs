//! One viewer's WebSocket. Sending and receiving never wait for one another: Ctrl-C gets through a flood.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use maru_protocol::{ClientFrame, ServerFrame};

use super::Terminal;
use super::state::{Step, ViewerId};

const PING_EVERY: Duration = Duration::from_secs(25);
/// Silence, pongs included, after which a viewer is taken for gone.
const SILENCE: Duration = Duration::from_secs(65);
/// Bytes of a replay in one message.
const REPLAY_CHUNK: usize = 128 * 1024;

enum End {
    /// The viewer went, or broke the rules.
    Left,
    /// The terminal was removed.
    Gone,
    /// The program has ended, and the viewer has been told.
    Exited,
}

/// Serves a viewer to its end. Returns whether it has seen the end of the program.
pub(super) async fn serve(terminal: &Arc<Terminal>, socket: WebSocket, since: Option<u64>, observes: bool) -> bool {
    let id = terminal.state().attach(since, observes);
    terminal.notify();
    let attached = Attached { terminal, id };
    let (mut sink, stream) = socket.split();
    let end = tokio::select! {
        end = send(terminal, id, &mut sink) => end,
        () = receive(terminal, id, observes, stream) => End::Left,
        () = terminal.gone.cancelled() => End::Gone,
    };
    drop(attached);
    let (code, reason) = match end {
        End::Left => return false,
        End::Gone => (close_code::AWAY, "closed"),
        End::Exited => (close_code::NORMAL, "exited"),
    };
    let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    // A viewer that no longer reads is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(5), sink.send(close)).await;
    matches!(end, End::Exited)
}

/// Detaches, whatever way the viewer ends.
struct Attached<'a> {
    terminal: &'a Terminal,
    id: ViewerId,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.terminal.state().detach(self.id);
        self.terminal.notify();
    }
}

fn text(frame: &ServerFrame) -> Message {
    // These frames are numbers and fixed words: they always serialise.
    Message::Text(serde_json::to_string(frame).unwrap_or_default().into())
}

async fn send(terminal: &Terminal, id: ViewerId, sink: &mut SplitSink<WebSocket, Message>) -> End {
    let mut changed = terminal.changed.subscribe();
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
    loop {
        changed.borrow_and_update();
        let step = terminal.state().step(id);
        let sent = match step {
            Step::Frame(frame) => sink.send(text(&frame)).await,
            Step::Output(bytes) => sink.send(Message::Binary(bytes)).await,
            Step::Replay(replay, bytes, attached) => send_replay(sink, &replay, bytes, &attached).await,
            Step::Exit(frame) => {
                return if sink.send(text(&frame)).await.is_ok() { End::Exited } else { End::Left };
            }
            Step::Wait => tokio::select! {
                _ = changed.changed() => Ok(()),
                _ = ping.tick() => sink.send(Message::Ping(Bytes::new())).await,
            },
        };
        if sent.is_err() {
            return End::Left;
        }
    }
}

async fn send_replay(
    sink: &mut SplitSink<WebSocket, Message>,
    replay: &ServerFrame,
    mut bytes: Bytes,
    attached: &ServerFrame,
) -> Result<(), axum::Error> {
    sink.feed(text(replay)).await?;
    while !bytes.is_empty() {
        sink.feed(Message::Binary(bytes.split_to(bytes.len().min(REPLAY_CHUNK)))).await?;
    }
    sink.send(text(attached)).await
}

async fn receive(terminal: &Terminal, id: ViewerId, observes: bool, mut stream: SplitStream<WebSocket>) {
    loop {
        let Ok(Some(Ok(message))) = tokio::time::timeout(SILENCE, stream.next()).await else { return };
        match message {
            Message::Binary(_) if observes => {}
            Message::Binary(data) => {
                // Each viewer's own emulator answers a program's questions: one answer is enough.
                if !terminal.state().drives(id) && is_report(&data) {
                    continue;
                }
                let size = terminal.state().typed(id);
                apply(terminal, size);
                if !terminal.type_in(data) {
                    return;
                }
            }
            Message::Text(frame) => match serde_json::from_str(&frame) {
                Ok(ClientFrame::Resize { cols, rows }) => {
                    let size = terminal.state().resize(id, cols, rows);
                    apply(terminal, size);
                }
                Ok(ClientFrame::Ack { seq }) => {
                    terminal.state().ack(id, seq);
                    terminal.notify();
                }
                // A frame of a newer client: not ours to judge.
                Err(_) => {}
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return,
        }
    }
}

fn apply(terminal: &Terminal, size: Option<(u16, u16)>) {
    if let Some((cols, rows)) = size {
        let _ = super::pty::resize(&terminal.master, cols, rows);
    }
    terminal.notify();
}

/// Whether this is what a terminal emulator says by itself: cursor position, attributes, mode or focus reports.
fn is_report(data: &[u8]) -> bool {
    let Some(body) = data.strip_prefix(b"\x1b[") else { return false };
    let Some((last, parameters)) = body.split_last() else { return false };
    let plain = parameters.iter().all(|b| b.is_ascii_digit() || b"?>;$".contains(b));
    plain
        && match last {
            b'R' | b'n' | b'c' | b'y' => !parameters.is_empty(),
            b'I' | b'O' => parameters.is_empty(),
            _ => false,
        }
}
