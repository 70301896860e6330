//! Search, quick open and watching.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use futures_util::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use support::World;

#[tokio::test]
async fn finds_lines_and_paths() {
    let world = World::new().await;
    for (path, content) in [("src/app.py", "import os\n한글 Greeting = 1\n"), (".gitignore", "ignored/\n"), ("ignored/x.py", "Greeting\n")]
    {
        world.call("PUT", &format!("/files/{path}"), &[], content).await;
    }
    let answer = world.get("/search?q=greeting").await;
    let lines: Vec<maru_protocol::Match> =
        answer.body().split(|&b| b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].path.as_str(), lines[0].line, lines[0].column), ("src/app.py", 2, 4));
    assert!(world.get("/search?q=greeting&case=1").await.body().is_empty());
    assert!(!world.get("/search?q=gre.t&regex=1").await.body().is_empty());
    assert!(world.get("/search?q=greeting&glob=*.js").await.body().is_empty());
    assert_eq!(world.get("/search?q=(&regex=1").await.status(), 400);
    let found: Vec<maru_protocol::Found> = serde_json::from_slice(world.get("/paths?q=sapp").await.body()).unwrap();
    assert_eq!(found.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["src/app.py"]);
}

#[tokio::test]
async fn tells_changes_in_new_folders_too() {
    let world = World::new().await;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(world.link.open().await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/watch").header("host", "agent").body(Full::<bytes::Bytes>::default()).unwrap();
    let mut events = sender.send_request(request).await.unwrap().into_body().into_data_stream();
    world.call("PUT", "/files/new/file.txt", &[], "x").await;
    let mut seen = String::new();
    while !seen.contains(r#""path":"new""#) {
        seen.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
    }
    world.call("PUT", "/files/new/later.txt", &[], "x").await;
    while !seen.contains(r#""path":"new/later.txt""#) {
        seen.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(!seen.contains(".maru-save"));
}
