//! One viewer, by its WebSocket. Sending and receiving never wait for one another: Ctrl-C gets through a flood.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use maru_protocol::{ClientFrame, ServerFrame};

use super::state::{Step, ViewerId};
use super::{By, Terminal};

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
        let step = terminal.state().step(id, tokio::time::Instant::now());
        let sent = match step {
            Step::Frame(frame) => sink.send(text(&frame)).await,
            Step::Output(bytes) => sink.send(Message::Binary(bytes)).await,
            Step::Replay(replay, bytes, attached) => send_replay(sink, &replay, bytes, &attached).await,
            Step::Exit(frame) => {
                return if sink.send(text(&frame)).await.is_ok() { End::Exited } else { End::Left };
            }
            Step::WaitUntil(at) => tokio::select! {
                () = tokio::time::sleep_until(at) => Ok(()),
                _ = ping.tick() => sink.send(Message::Ping(Bytes::new())).await,
            },
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
                // Each viewer's own emulator answers a program's questions: one answer is enough, and it is no typing.
                if is_report(&data) {
                    if !terminal.state().may_answer(id) {
                        continue;
                    }
                    if !terminal.type_in(data, By::Emulator) {
                        return;
                    }
                    continue;
                }
                let size = terminal.state().typed(id);
                terminal.resize(size);
                if !terminal.type_in(data, By::Hand) {
                    return;
                }
            }
            Message::Text(frame) => match serde_json::from_str(&frame) {
                Ok(ClientFrame::Resize { cols, rows }) => {
                    let size = terminal.state().resize(id, cols, rows);
                    terminal.resize(size);
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

/// Whether this is nothing but what a terminal emulator says by itself: where the cursor is, what it is, which modes and
/// colours it has, that it has the focus.
fn is_report(mut data: &[u8]) -> bool {
    let mut any = false;
    while let Some(rest) = report(data) {
        (data, any) = (rest, true);
    }
    any && data.is_empty()
}

/// What comes after the report that this begins with.
fn report(data: &[u8]) -> Option<&[u8]> {
    match data {
        [0x1b, b'[', body @ ..] => {
            let length = body.iter().position(|b| !(b.is_ascii_digit() || b"?>;$".contains(b)))?;
            let (parameters, rest) = body.split_at(length);
            let known = match rest[0] {
                // A size report and keys with modifiers share their letters; the former begins with a number that no key has.
                b't' => matches!(parameters.first(), Some(b'3'..=b'9')),
                b'n' | b'c' | b'y' => !parameters.is_empty(),
                b'R' => parameters.contains(&b';') && !is_f3(parameters),
                b'I' | b'O' => parameters.is_empty(),
                _ => false,
            };
            known.then(|| &rest[1..])
        }
        // Answers in texts: colours (OSC), what the terminal is and has (DCS).
        [0x1b, b']' | b'P', body @ ..] => {
            let end = body.iter().position(|&b| b == 0x07 || b == 0x1b)?;
            match &body[end..] {
                [0x07, rest @ ..] | [0x1b, b'\\', rest @ ..] => Some(rest),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `CSI 1 ; m R` is F3 with modifiers, which a cursor in the first row looks like.
fn is_f3(parameters: &[u8]) -> bool {
    let modifiers = parameters.strip_prefix(b"1;").and_then(|m| std::str::from_utf8(m).ok()?.parse().ok());
    modifiers.is_some_and(|m: u16| (2..=16).contains(&m))
}

#[cfg(test)]
mod tests {
    use super::is_report;

    #[test]
    fn reports_are_not_typing() {
        for report in [
            "\x1b[5;10R",
            "\x1b[1;1R",
            "\x1b[?1;2c",
            "\x1b[>0;276;0c",
            "\x1b[0n",
            "\x1b[?2004;1$y",
            "\x1b[I",
            "\x1b[O",
            "\x1b[8;24;80t",
            "\x1b]10;rgb:ff/ff/ff\x1b\\",
            "\x1b]11;rgb:0/0/0\x07",
            "\x1bP>|xterm.js\x1b\\",
            "\x1b[?1;2c\x1b[3;3R",
        ] {
            assert!(is_report(report.as_bytes()), "{}", report.escape_debug());
        }
        for typed in [
            "",
            "a",
            "\x1b",
            "\x1b[A",
            "\x1b[1;5A",
            "\x1b[1;2R",
            "\x1b[3~",
            "\x1bOP",
            "\x1b[O!",
            "\x1b[200~x\x1b[201~",
            "\x1b[<0;1;1M",
            "\x1b]",
            "\x1bP",
        ] {
            assert!(!is_report(typed.as_bytes()), "{}", typed.escape_debug());
        }
    }
}
