//! Language servers, as far as they are the agent's: found, started, spoken to, ended. What real ones say is tested end to end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use maru_protocol::LinkStream;
use support::World;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Answers each message with its own text and its process id, and ends when it is told to; it starts a child, too.
const ECHO: &str = r#"#!/usr/bin/env python3
import os, subprocess, sys
subprocess.Popen(["sleep", "1000"])
while True:
    length = 0
    while (line := sys.stdin.buffer.readline().strip()):
        if line.lower().startswith(b"content-length:"): length = int(line.split(b":")[1])
    if length == 0: break
    body = sys.stdin.buffer.read(length)
    if body == b"end": break
    if body == b"complain":
        print("cannot read x", file=sys.stderr, flush=True)
        continue
    answer = body + b" from %d" % os.getpid()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
    sys.stdout.buffer.flush()
"#;

async fn world() -> (World, tempfile::TempDir) {
    let programs = tempfile::tempdir().unwrap();
    let file = programs.path().join("pylsp");
    std::fs::write(&file, ECHO).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs.path().display());
    (World::spawned(&[("PATH", &path)]).await.0, programs)
}

async fn connect(world: &World, id: &str) -> WebSocketStream<LinkStream> {
    let stream = world.link.open().await.unwrap();
    tokio_tungstenite::client_async(format!("ws://agent/languages/{id}"), stream).await.unwrap().0
}

async fn text(socket: &mut WebSocketStream<LinkStream>) -> Option<String> {
    match tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("something within 20 s") {
        Some(Ok(Message::Text(text))) => Some(text.to_string()),
        _ => None,
    }
}

#[tokio::test]
async fn a_server_is_there_for_as_long_as_its_connection() {
    let (world, _programs) = world().await;
    let known: serde_json::Value = serde_json::from_slice(world.get("/languages").await.body()).unwrap();
    assert_eq!(known["home"].as_str(), world.home().to_str());
    let python = known["languages"].as_array().unwrap().iter().find(|one| one["id"] == "python").unwrap();
    assert_eq!(python["program"], "pylsp");

    let mut socket = connect(&world, "python").await;
    socket.send(Message::text("안녕")).await.unwrap();
    let answer = text(&mut socket).await.unwrap();
    let (said, pid) = answer.split_once(" from ").unwrap();
    assert_eq!(said, "안녕");
    // Another connection is another process.
    let mut other = connect(&world, "python").await;
    other.send(Message::text("x")).await.unwrap();
    assert_ne!(text(&mut other).await.unwrap(), format!("x from {pid}"));

    socket.close(None).await.unwrap();
    let process = Path::new("/proc").join(pid);
    for _ in 0..400 {
        if !process.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!process.exists(), "it goes on without a connection");

    // What it complains of is a log message of the protocol.
    other.send(Message::text("complain")).await.unwrap();
    let complaint: serde_json::Value = serde_json::from_str(&text(&mut other).await.unwrap()).unwrap();
    assert_eq!((complaint["method"].as_str(), complaint["params"]["message"].as_str()), (Some("window/logMessage"), Some("cannot read x")));

    // One that ends says so.
    other.send(Message::text("end")).await.unwrap();
    assert_eq!(text(&mut other).await, None);
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let (world, _programs) = world().await;
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let answer = world.call("GET", "/languages/cobol", &upgrade, "").await;
    let problem: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!((answer.status().as_u16(), problem["code"].as_str()), (404, Some("no_language_server")));
    assert_eq!(world.get("/languages/python").await.status().as_u16(), 400);
}
