//! An agent in this process, with the server's end of a link to it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use maru_agent::{Agent, Config, Home};
use maru_protocol::{ClientFrame, Incoming, Link, LinkStream, ServerFrame, Side, TerminalStatus, link};
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

pub struct World {
    pub folder: tempfile::TempDir,
    pub link: Link,
    pub incoming: Incoming,
    pub reverse: u16,
    pub stop: CancellationToken,
    pub serving: tokio::task::JoinHandle<()>,
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir(&home).unwrap();
        Self::at(folder, &home).await
    }

    pub async fn at(folder: tempfile::TempDir, home: &Path) -> Self {
        let socket = folder.path().join("agent.sock");
        let reverse = free_port();
        let agent = Arc::new(Agent::new(Home::open(home).unwrap(), env!("CARGO_BIN_EXE_maru-agent").into(), Some(reverse)));
        let stop = CancellationToken::new();
        let config = Config { socket: socket.clone(), reverse: Some(([127, 0, 0, 1], reverse).into()) };
        let token = stop.clone();
        let serving = tokio::spawn(async move { maru_agent::serve(agent, config, token).await.unwrap() });
        let (link, incoming) = joined(listening(&socket).await);
        Self { folder, link, incoming, reverse, stop, serving }
    }

    /// The agent as a program of its own, as in a container, with these variables and `/` as its folder. Returns its process
    /// id, too.
    pub async fn spawned(variables: &[(&str, &str)]) -> (Self, u32) {
        let folder = tempfile::tempdir().unwrap();
        let (home, socket) = (folder.path().join("home"), folder.path().join("agent.sock"));
        std::fs::create_dir(&home).unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_maru-agent"));
        command.args(["serve", "--reverse", "none", "--socket"]).arg(&socket).arg("--home").arg(&home);
        command.current_dir("/").env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").envs(variables.iter().copied());
        let child = command.kill_on_drop(true).spawn().unwrap();
        let (pid, stop) = (child.id().unwrap(), CancellationToken::new());
        let token = stop.clone();
        let serving = tokio::spawn(async move {
            token.cancelled().await;
            drop(child);
        });
        let (link, incoming) = joined(listening(&socket).await);
        (Self { folder, link, incoming, reverse: 0, stop, serving }, pid)
    }

    pub fn home(&self) -> std::path::PathBuf {
        self.folder.path().join("home")
    }

    pub async fn reconnect(&mut self) {
        (self.link, self.incoming) = joined(UnixStream::connect(self.folder.path().join("agent.sock")).await.unwrap());
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        send(self.link.open().await.unwrap(), request).await
    }

    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(path).header("host", "agent");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Response<Bytes> {
        self.call("GET", path, &[], "").await
    }

    pub async fn json(&self, method: &str, path: &str, body: serde_json::Value) -> serde_json::Value {
        let answer = self.call(method, path, &[], body.to_string()).await;
        assert!(answer.status().is_success(), "{method} {path}: {} {:?}", answer.status(), answer.body());
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    pub async fn terminal(&self, wanted: serde_json::Value) -> String {
        self.json("POST", "/terminals", wanted).await["id"].as_str().unwrap().to_owned()
    }

    pub async fn view(&self, id: &str, query: &str) -> View {
        let request = format!("ws://agent/terminals/{id}/stream{query}");
        let mut request = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(request).unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "maru.terminal.v1".parse().unwrap());
        let (socket, answer) = tokio_tungstenite::client_async(request, self.link.open().await.unwrap()).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "maru.terminal.v1");
        View { socket, seq: 0, acks: true, replays: Vec::new(), status: TerminalStatus::default() }
    }
}

/// A connection to an agent that is being started. Its socket's file is there a moment before it listens (bind, then listen).
async fn listening(socket: &Path) -> UnixStream {
    loop {
        match UnixStream::connect(socket).await {
            Ok(stream) => return stream,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

fn joined(stream: UnixStream) -> (Link, Incoming) {
    let (link, incoming, run) = link(stream, Side::Server);
    tokio::spawn(run);
    (link, incoming)
}

pub async fn send(stream: LinkStream, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// A viewer of a terminal.
pub struct View {
    pub socket: WebSocketStream<LinkStream>,
    /// All before this has been taken.
    pub seq: u64,
    pub acks: bool,
    pub replays: Vec<Vec<u8>>,
    /// The last one told; not an event of its own.
    pub status: TerminalStatus,
}

#[derive(Debug, PartialEq)]
pub enum Event {
    Frame(ServerFrame),
    Output(Bytes),
    Closed,
}

impl View {
    pub async fn next(&mut self) -> Event {
        loop {
            match self.next_or_status().await {
                Event::Frame(ServerFrame::Status(_)) => {}
                event => return event,
            }
        }
    }

    async fn next_or_status(&mut self) -> Event {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await.expect("something within 20 s");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: ServerFrame = serde_json::from_str(&text).unwrap();
                    match frame {
                        ServerFrame::Attached { seq, .. } => self.seq = seq,
                        ServerFrame::Replay { bytes, .. } => {
                            let mut replay = Vec::new();
                            while (replay.len() as u64) < bytes {
                                match self.socket.next().await {
                                    Some(Ok(Message::Binary(more))) => replay.extend_from_slice(&more),
                                    other => panic!("a replay, not {other:?}"),
                                }
                            }
                            assert_eq!(replay.len() as u64, bytes);
                            self.replays.push(replay);
                        }
                        ServerFrame::Status(ref status) => self.status = status.clone(),
                        _ => {}
                    }
                    return Event::Frame(frame);
                }
                Some(Ok(Message::Binary(bytes))) => {
                    self.seq += bytes.len() as u64;
                    if self.acks {
                        self.say(ClientFrame::Ack { seq: self.seq }).await;
                    }
                    return Event::Output(bytes);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Event::Closed,
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn say(&mut self, frame: ClientFrame) {
        // An ack may cross with the end.
        let _ = self.socket.send(Message::Text(serde_json::to_string(&frame).unwrap().into())).await;
    }

    pub async fn type_in(&mut self, text: &str) {
        self.socket.send(Message::Binary(Bytes::copy_from_slice(text.as_bytes()))).await.unwrap();
    }

    /// Collects output until it contains a text.
    pub async fn until(&mut self, wanted: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.next().await {
                Event::Output(bytes) => seen.extend_from_slice(&bytes),
                Event::Frame(ServerFrame::Exit { code }) => panic!("exit {code} after {}", String::from_utf8_lossy(&seen)),
                Event::Frame(_) => {}
                Event::Closed => panic!("closed after {}", String::from_utf8_lossy(&seen)),
            }
            // The last bytes are enough to find a short text in, and keep a flood from being read over and over.
            let tail = seen.len().saturating_sub(72 * 1024);
            if String::from_utf8_lossy(&seen[tail..]).contains(wanted) {
                return String::from_utf8_lossy(&seen).into_owned();
            }
            if seen.len() > 1024 * 1024 {
                seen.drain(..seen.len() - 16 * 1024);
            }
        }
    }

    /// Takes events until a status is told that is as wanted.
    pub async fn until_status(&mut self, wanted: impl Fn(&TerminalStatus) -> bool) {
        while !wanted(&self.status) {
            match self.next_or_status().await {
                Event::Frame(ServerFrame::Exit { .. }) | Event::Closed => panic!("the end, with {:?}", self.status),
                _ => {}
            }
        }
    }

    /// Collects output until the exit.
    pub async fn read_to_exit(&mut self) -> (Vec<u8>, i32) {
        let mut seen = Vec::new();
        loop {
            match self.next().await {
                Event::Output(bytes) => seen.extend_from_slice(&bytes),
                Event::Frame(ServerFrame::Exit { code }) => return (seen, code),
                Event::Frame(_) => {}
                Event::Closed => panic!("closed after {}", String::from_utf8_lossy(&seen)),
            }
        }
    }
}
