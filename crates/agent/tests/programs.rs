//! Programs, ports and both directions of the link.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use serde_json::json;
use support::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn runs_read_to_exit() {
    let world = World::new().await;
    let ran = world
        .json("POST", "/exec", json!({ "argv": ["sh", "-c", "cat; echo $X >&2; exit 3"], "stdin": "in", "env": { "X": "err" } }))
        .await;
    assert_eq!(ran, json!({ "code": 3, "stdout": "in", "stderr": "err\n", "truncated": false, "timed_out": false }));
    let slow = world.json("POST", "/exec", json!({ "argv": ["sh", "-c", "echo early; sleep 60"], "timeout": 1 })).await;
    assert_eq!((&slow["code"], &slow["stdout"], &slow["timed_out"]), (&json!(124), &json!("early\n"), &json!(true)));
    assert_eq!(world.call("POST", "/exec", &[], r#"{"argv":["no-such-program"]}"#).await.status(), 422);
    let stats = world.json("GET", "/stats", json!({})).await;
    assert!(stats["disk_limit"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_port_is_listed_and_reached() {
    let world = World::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let ports = world.json("GET", "/ports", json!({})).await;
    let found = ports.as_array().unwrap().iter().find(|p| p["port"] == port).expect("the port");
    assert_eq!(found["pid"], std::process::id());
    assert!(!ports.as_array().unwrap().iter().any(|p| p["port"] == world.reverse));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(world.link.open().await.unwrap())).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    let request = Request::get(format!("/preview/{port}")).header("upgrade", "maru-tcp").header("connection", "upgrade");
    let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 101);
    let mut near = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    let (mut far, _) = listener.accept().await.unwrap();
    near.write_all(b"ping").await.unwrap();
    near.shutdown().await.unwrap();
    let mut got = String::new();
    far.read_to_string(&mut got).await.unwrap();
    far.write_all(b"pong").await.unwrap();
    drop(far);
    let mut back = String::new();
    near.read_to_string(&mut back).await.unwrap();
    assert_eq!((got.as_str(), back.as_str()), ("ping", "pong"));
}

#[tokio::test]
async fn programs_reach_the_server() {
    let mut world = World::new().await;
    let mut program = tokio::net::TcpStream::connect(("127.0.0.1", world.reverse)).await.unwrap();
    program.write_all(b"question").await.unwrap();
    program.shutdown().await.unwrap();
    let mut stream = world.incoming.next().await.unwrap();
    let mut asked = String::new();
    stream.read_to_string(&mut asked).await.unwrap();
    stream.write_all(b"answer").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answered = String::new();
    program.read_to_string(&mut answered).await.unwrap();
    assert_eq!((asked.as_str(), answered.as_str()), ("question", "answer"));
}

#[tokio::test]
async fn the_link_goes_through_dial() {
    let world = World::new().await;
    let socket = world.folder.path().join("agent.sock");
    let mut dial = tokio::process::Command::new(env!("CARGO_BIN_EXE_maru-agent"))
        .arg("dial")
        .arg("--socket")
        .arg(&socket)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let io = tokio::io::join(dial.stdout.take().unwrap(), dial.stdin.take().unwrap());
    let (link, _incoming, run) = maru_protocol::link(io, maru_protocol::Side::Server);
    let running = tokio::spawn(run);
    let request = Request::get("/healthz").header("host", "agent").body(http_body_util::Full::default()).unwrap();
    assert_eq!(support::send(link.open().await.unwrap(), request).await.status(), 200);
    // The server hangs up by closing standard input.
    running.abort();
    assert!(dial.wait().await.unwrap().success());
}
