//! Terminals over a real link, with real PTYs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use maru_protocol::{ClientFrame, ServerFrame};
use serde_json::json;
use support::{Event, World};

#[tokio::test]
async fn echo_and_exit() {
    let world = World::new().await;
    let id = world.terminal(json!({ "cols": 100, "rows": 30 })).await;
    let mut view = world.view(&id, "").await;
    view.type_in("echo $((6*7)) $COLUMNS; stty size; pwd\n").await;
    let seen = view.until("30 100").await;
    assert!(seen.contains("42"), "{seen}");
    view.until("/home").await;
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
async fn utf8_whatever_the_locale() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "locale charmap 2>/dev/null; echo 한글; read -r x; echo \"<$x>\"" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("한글").await;
    // The line discipline erases whole characters.
    view.type_in("가나\u{7f}다\n").await;
    view.until("<가다>").await;
}

/// Reads numbers, one a line, and insists on each following the one before.
struct Counter {
    rest: Vec<u8>,
    next: u64,
}

impl Counter {
    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|&b| b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let number: u64 = std::str::from_utf8(&line).unwrap().trim().parse().unwrap();
            assert_eq!(number, self.next);
            self.next += 1;
        }
    }
}

#[tokio::test]
async fn a_counter_survives_broken_links_byte_for_byte() {
    let mut world = World::new().await;
    let id = world.terminal(json!({ "command": "seq 1 400000" })).await;
    let mut counter = Counter { rest: Vec::new(), next: 1 };
    let mut since = 0;
    // Each life of the link is a little longer than the one before.
    'all: for life in 1u32.. {
        let mut view = world.view(&id, &format!("?since={since}")).await;
        assert!(matches!(view.next().await, Event::Frame(ServerFrame::Attached { seq, .. }) if seq == since));
        for _ in 0..life * 3 {
            match view.next().await {
                Event::Output(bytes) => counter.take(&bytes),
                Event::Frame(ServerFrame::Exit { code: 0 }) => break 'all,
                other => panic!("{other:?}"),
            }
        }
        since = view.seq;
        drop(view);
        world.reconnect().await;
    }
    assert_eq!(counter.next, 400_001);
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
async fn two_viewers_and_the_size_of_who_typed_last() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "cat" })).await;
    let (mut a, mut b) = (world.view(&id, "?since=0").await, world.view(&id, "?since=0").await);
    a.say(ClientFrame::Resize { cols: 90, rows: 20 }).await;
    a.type_in("from a\n").await;
    a.until("from a\r\nfrom a").await;
    b.until("from a\r\nfrom a").await;
    b.say(ClientFrame::Resize { cols: 70, rows: 10 }).await;
    b.type_in("from b\n").await;
    loop {
        if a.next().await == Event::Frame(ServerFrame::Size { cols: 70, rows: 10 }) {
            break;
        }
    }
    let list = world.json("GET", "/terminals", json!({})).await;
    assert_eq!((&list[0]["cols"], &list[0]["viewers"]), (&json!(70), &json!(2)));
    assert!(list[0]["command"].as_str().unwrap().ends_with("cat"));
    let mut watcher = world.view(&id, "?observe=1").await;
    watcher.type_in("never seen\n").await;
    b.type_in("last\n").await;
    assert!(!a.until("last").await.contains("never"));
}

#[tokio::test]
async fn a_stuck_observer_never_slows_the_driver_and_a_stuck_driver_pauses() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "read x; seq 1 300000; echo done; read x" })).await;
    let mut stuck = world.view(&id, "?since=0").await;
    let mut driver = world.view(&id, "?since=0").await;
    driver.type_in("\n").await;
    driver.until("done").await;
    // Only what was on its way, then a jump to the present.
    while stuck.replays.is_empty() {
        stuck.next().await;
    }
    stuck.next().await;
    assert_eq!(stuck.seq, driver.seq);

    let id = world.terminal(json!({ "command": "yes" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.acks = false;
    let mut taken = 0u64;
    while taken < 256 * 1024 {
        if let Event::Output(bytes) = view.next().await {
            taken += bytes.len() as u64;
        }
    }
    let seq_of =
        |list: serde_json::Value| list.as_array().unwrap().iter().find(|t| t["id"] == id.as_str()).unwrap()["seq"].as_u64().unwrap();
    // It may still read one batch more before it stops; then it stands.
    let mut last = 0;
    loop {
        let now = seq_of(world.json("GET", "/terminals", json!({})).await);
        if now == last {
            break;
        }
        last = now;
    }
    assert!(last <= 512 * 1024, "{last}");
    // An interrupt gets through, and ends it once the rest is taken.
    view.type_in("\u{3}").await;
    view.acks = true;
    view.say(ClientFrame::Ack { seq: view.seq }).await;
    assert_eq!(view.read_to_exit().await.1, 130);
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
