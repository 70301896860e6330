//! More output than anybody can read.

use std::time::{Duration, Instant};

use maru_protocol::{ClientFrame, ServerFrame};
use serde_json::json;

use crate::support::{Event, World};

/// Reads numbers, one a line, and insists on each following the one before.
struct Counter {
    rest: Vec<u8>,
    next: u64,
}

impl Counter {
    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let end = self.rest.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        for line in std::str::from_utf8(&self.rest[..end]).unwrap().lines() {
            assert_eq!(line.parse::<u64>().unwrap(), self.next);
            self.next += 1;
        }
        self.rest.drain(..end);
    }
}

#[tokio::test]
async fn ten_megabytes_survive_broken_links_byte_for_byte() {
    let mut world = World::new().await;
    let id = world.terminal(json!({ "command": "seq 1 1400000" })).await;
    let mut counter = Counter { rest: Vec::new(), next: 1 };
    let (mut since, mut bytes) = (0, 0);
    // Each life of the link is a little longer than the one before.
    'all: for life in 1u32.. {
        let mut view = world.view(&id, &format!("?since={since}")).await;
        assert!(matches!(view.next().await, Event::Frame(ServerFrame::Attached { seq, .. }) if seq == since));
        for _ in 0..life * life {
            match view.next().await {
                Event::Output(more) => {
                    bytes += more.len();
                    counter.take(&more);
                }
                Event::Frame(ServerFrame::Exit { code: 0 }) => break 'all,
                other => panic!("{other:?}"),
            }
        }
        since = view.seq;
        drop(view);
        world.reconnect().await;
    }
    assert_eq!(counter.next, 1_400_001);
    assert!(bytes > 10 * 1024 * 1024, "{bytes}");
}

/// From the key to the shell's next prompt, with everything on the way in between drawn.
async fn interrupted(flood: &str) -> Duration {
    let world = World::new().await;
    std::fs::write(world.home().join(".profile"), "PS1='<ready> '\n").unwrap();
    let id = world.terminal(json!({ "shell": "/bin/bash" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("<ready>").await;
    view.type_in(&format!("{flood}\n")).await;
    let mut taken = 0;
    while taken < 4 * 1024 * 1024 {
        if let Event::Output(bytes) = view.next().await {
            taken += bytes.len();
        }
    }
    let pressed = Instant::now();
    view.type_in("\u{3}").await;
    view.until("<ready>").await;
    let took = pressed.elapsed();
    view.type_in("echo still $((40 + 2))\n").await;
    view.until("still 42").await;
    took
}

#[tokio::test]
async fn an_interrupt_shows_at_once_during_yes() {
    let took = interrupted("yes").await;
    println!("yes: prompt {took:?} after Ctrl-C");
    assert!(took < Duration::from_millis(if cfg!(debug_assertions) { 3000 } else { 200 }), "{took:?}");
}

#[tokio::test]
async fn noise_leaves_a_terminal_that_can_be_used() {
    let took = interrupted("cat /dev/urandom").await;
    println!("urandom: prompt {took:?} after Ctrl-C");
    assert!(took < Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 }), "{took:?}");
}

#[tokio::test]
async fn what_a_program_has_not_read_is_dropped_by_an_interrupt() {
    let world = World::new().await;
    std::fs::write(world.home().join(".profile"), "PS1='<ready> '\n").unwrap();
    let id = world.terminal(json!({ "shell": "/bin/bash" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("<ready>").await;
    view.type_in("sleep 60\n").await;
    view.until_status(|s| s.command.as_deref() == Some("sleep 60")).await;
    // A megabyte of commands that nobody reads: too much for the kernel's queue.
    let paste = "touch pasted\n".repeat(80_000);
    for piece in paste.as_bytes().chunks(65_536) {
        view.type_in(std::str::from_utf8(piece).unwrap()).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    view.type_in("\u{3}").await;
    view.until_status(|s| s.last_exit_code == Some(130)).await;
    view.type_in("echo a''live\n").await;
    view.until("alive\r\n").await;
    assert!(!world.home().join("pasted").exists(), "nothing of it was run");
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
