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

/// Within a second of a program that listens, and of its end.
#[tokio::test]
async fn ports_are_told_as_they_open_and_close() {
    use http_body_util::BodyExt;
    let world = World::new().await;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(world.link.open().await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/ports/events").header("host", "agent").body(Empty::<Bytes>::new()).unwrap();
    let mut lines = sender.send_request(request).await.unwrap().into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(1), lines.frame()).await.expect("a line within a second");
        serde_json::from_slice::<Vec<maru_protocol::Port>>(&frame.unwrap().unwrap().into_data().unwrap()).unwrap()
    };
    next().await;
    let listener = tokio::net::TcpListener::bind("[::1]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Other tests of this machine open ports as well.
    let found = loop {
        if let Some(found) = next().await.into_iter().find(|p| p.port == port) {
            break found;
        }
    };
    assert_eq!(found.pid, i32::try_from(std::process::id()).ok());
    assert!(found.command.unwrap().contains(&found.process.unwrap()[..8]));
    drop(listener);
    while next().await.iter().any(|p| p.port == port) {}
}

/// On either loopback address, on all, and on one of 127.0.0.0/8 that nobody would guess.
#[tokio::test]
async fn a_port_is_dialled_wherever_it_listens() {
    let world = World::new().await;
    let mut last = None;
    for address in ["127.0.0.1", "[::1]", "0.0.0.0", "[::]", "127.0.0.77"] {
        let listener = tokio::net::TcpListener::bind(format!("{address}:0")).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(world.link.open().await.unwrap())).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        let request = Request::get(format!("/preview/{port}")).header("upgrade", "maru-tcp").header("connection", "upgrade");
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 101, "{address}");
        last = Some(port);
    }
    // Closed again; and the agent's own, which would lead back to the server.
    for port in [last.unwrap(), world.reverse] {
        let path = format!("/preview/{port}");
        assert_eq!(world.call("GET", &path, &[("upgrade", "maru-tcp"), ("connection", "upgrade")], "").await.status(), 502);
    }
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
