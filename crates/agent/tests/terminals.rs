//! Terminals over a real link, with real PTYs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

#[path = "terminals/bounds.rs"]
mod bounds;
#[path = "terminals/floods.rs"]
mod floods;
#[path = "terminals/shells.rs"]
mod shells;
#[path = "terminals/viewers.rs"]
mod viewers;

use maru_protocol::ServerFrame;
use serde_json::json;
use support::{Event, World};

#[tokio::test]
async fn echo_and_exit() {
    let world = World::new().await;
    let id = world.terminal(json!({ "cols": 100, "rows": 30 })).await;
    let mut view = world.view(&id, "").await;
    view.type_in("echo $((6*7)) $COLUMNS; stty size; pwd\n").await;
    let seen = view.until("/home\r\n").await;
    assert!(seen.contains("42") && seen.contains("30 100"), "{seen}");
    view.type_in("exit 7\n").await;
    assert_eq!(view.read_to_exit().await.1, 7);
    assert_eq!(view.next().await, Event::Closed);
}

#[tokio::test]
async fn a_command_and_its_death() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "echo one; kill -9 $$" })).await;
    let (seen, code) = world.view(&id, "?since=0").await.read_to_exit().await;
    assert_eq!((String::from_utf8_lossy(&seen).as_ref(), code), ("one\r\n", 137));
}

#[tokio::test]
async fn what_the_ring_no_longer_holds_is_replayed() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "seq 1 600000; echo done; read x" })).await;
    let mut view = world.view(&id, "").await;
    view.until("done").await;
    let end = view.seq;
    drop(view);
    let mut late = world.view(&id, "?since=10").await;
    let Event::Frame(ServerFrame::Replay { .. }) = late.next().await else { panic!("a replay") };
    assert_eq!(late.next().await, Event::Frame(ServerFrame::Attached { seq: end, cols: 80, rows: 24 }));
    let text = String::from_utf8_lossy(&late.replays[0]).into_owned();
    assert!(text.contains("\r\n599999\r\n600000\r\ndone"), "{}", &text[text.len() - 300..]);
    assert!(text.contains("\r\n591000\r\n"));
    late.type_in("\n").await;
    assert_eq!(late.read_to_exit().await.1, 0);
}

#[tokio::test]
async fn at_most_twelve_and_closable() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(world.terminal(json!({ "command": "read x" })).await);
    }
    let refused = world.call("POST", "/terminals", &[("accept-language", "ko")], "{}").await;
    assert_eq!(refused.status(), 409);
    let problem: maru_protocol::Problem = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!((problem.code.as_str(), problem.title.as_str()), ("terminal_limit", "터미널이 너무 많습니다"));
    let refused = world.call("POST", "/terminals", &[("accept-language", "en")], "{}").await;
    let problem: maru_protocol::Problem = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(problem.detail.as_str(), "A workspace has at most 12 terminals.");
    let mut view = world.view(&ids[0], "").await;
    assert_eq!(world.call("DELETE", &format!("/terminals/{}", ids[0]), &[], "").await.status(), 204);
    while view.next().await != Event::Closed {}
    assert_eq!(world.get(&format!("/terminals/{}/stream", ids[0])).await.status(), 404);
    world.terminal(json!({ "command": "read x" })).await;
}

#[tokio::test]
async fn ends_in_order() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "trap 'touch hung-up; exit' HUP; echo ready; while :; do read -r x; done" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("ready").await;
    world.stop.cancel();
    world.serving.await.unwrap();
    assert!(world.folder.path().join("home/hung-up").exists());
}
