//! Somebody who types into a terminal, one key after the echo of the one before.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::TokioIo;
use maru_workspace::{Owner, Workspaces};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, handshake::client::generate_key};
use tokio_util::sync::CancellationToken;

const SHELL: &str = "PS1='$ ' exec bash --noprofile --norc";
/// Shorter than the terminal is wide, else readline draws the line anew.
const KEYS_PER_LINE: usize = 50;
const CLEAR_LINE: &[u8] = b"\x15";
/// After this long a terminal is of no use.
const PATIENCE: Duration = Duration::from_secs(20);

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Types until it is stopped.
pub struct Typist {
    stop: CancellationToken,
    typing: JoinHandle<Vec<Duration>>,
}

impl Typist {
    pub async fn start(workspaces: &Workspaces, owner: &Owner) -> Self {
        let mut socket = open(workspaces, owner).await;
        let stop = CancellationToken::new();
        let until = stop.clone();
        let typing = tokio::spawn(async move {
            let mut times = Vec::new();
            for n in 0.. {
                if n % KEYS_PER_LINE == 0 {
                    send(&mut socket, CLEAR_LINE).await;
                }
                times.push(echo(&mut socket, b'a' + u8::try_from(n % 26).unwrap()).await);
                // People pause: so both sides have to wake up.
                sleep(Duration::from_millis(5)).await;
                // Once at least, however soon it is stopped.
                if until.is_cancelled() {
                    break;
                }
            }
            times
        });
        Self { stop, typing }
    }

    /// How long the echoes took, the shortest first.
    pub async fn stop(self) -> Vec<Duration> {
        self.stop.cancel();
        let mut times = self.typing.await.expect("an echo did not come");
        times.sort_unstable();
        times
    }
}

async fn open(workspaces: &Workspaces, owner: &Owner) -> Socket {
    let link = workspaces.agent(&owner.id).await.unwrap();
    let body = serde_json::json!({ "command": SHELL, "cols": 120, "rows": 30 }).to_string();
    let request = Request::post("/terminals").header(header::CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body))).unwrap();
    let made = link.request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let id = serde_json::from_slice::<serde_json::Value>(&made).unwrap()["id"].as_str().unwrap().to_owned();
    let request = Request::get(format!("/terminals/{id}/stream?since=0"))
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, generate_key())
        .header(header::SEC_WEBSOCKET_PROTOCOL, maru_protocol::SUBPROTOCOL)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let mut answer = link.request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    let stream = TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap());
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    until(&mut socket, b'$').await;
    socket
}

async fn send(socket: &mut Socket, keys: &'static [u8]) {
    socket.send(Message::Binary(Bytes::from_static(keys))).await.unwrap();
}

async fn echo(socket: &mut Socket, key: u8) -> Duration {
    let began = Instant::now();
    socket.send(Message::Binary(Bytes::copy_from_slice(&[key]))).await.unwrap();
    until(socket, key).await;
    began.elapsed()
}

async fn until(socket: &mut Socket, byte: u8) {
    let seen = async {
        while let Some(message) = socket.next().await {
            if let Message::Binary(output) = message.unwrap()
                && output.contains(&byte)
            {
                return;
            }
        }
        panic!("the terminal has ended");
    };
    timeout(PATIENCE, seen).await.expect("no echo");
}
