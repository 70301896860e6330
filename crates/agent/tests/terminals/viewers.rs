//! Who looks at a terminal, comes back to it, or comes late.

use std::time::Duration;

use maru_protocol::{ClientFrame, ServerFrame};
use serde_json::json;

use crate::support::{Event, World};

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
async fn two_viewers_see_the_same_and_both_see_the_end() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "read x; echo one; echo 둘; exit 5" })).await;
    let (mut a, mut b) = (world.view(&id, "?since=0").await, world.view(&id, "?since=0").await);
    b.type_in("\n").await;
    let (a, b) = tokio::join!(a.read_to_exit(), b.read_to_exit());
    assert_eq!(a, b);
    assert_eq!((String::from_utf8_lossy(&a.0).replace("\r\n", "|").as_str(), a.1), ("|one|둘|", 5));
}

#[tokio::test]
async fn it_goes_on_while_nobody_looks_and_ends_for_who_comes_back() {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "echo first; read x; echo second; read x; echo third; exit 3" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("first\r\n").await;
    let since = view.seq;
    view.type_in("\n").await;
    view.until("second").await;
    view.type_in("\n").await;
    drop(view);
    while world.json("GET", "/terminals", json!({})).await[0]["exit_code"].is_null() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Exactly what this viewer has not seen; nothing is run again.
    let mut back = world.view(&id, &format!("?since={since}")).await;
    assert_eq!(back.next().await, Event::Frame(ServerFrame::Attached { seq: since, cols: 80, rows: 24 }));
    let (seen, code) = back.read_to_exit().await;
    assert_eq!((String::from_utf8_lossy(&seen).replace("\r\n", "|").as_str(), code), ("|second||third|", 3));
    assert_eq!(back.next().await, Event::Closed);
    // Its end has been seen.
    while world.get(&format!("/terminals/{id}/stream")).await.status() != 404 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_replay_runs_nothing_again_and_asks_nothing() {
    let world = World::new().await;
    let line = r"printf 'x' >> ran; printf '\033[6n\033[c\033]52;c;aGk=\007'; echo shown; read x";
    let id = world.terminal(json!({ "command": line })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("shown").await;
    drop(view);
    let mut late = world.view(&id, "").await;
    late.next().await;
    let replay = String::from_utf8_lossy(&late.replays[0]).into_owned();
    assert!(replay.contains("shown"), "{replay:?}");
    for asks in ["\x1b[6n", "\x1b[c", "]52;"] {
        assert!(!replay.contains(asks), "{replay:?}");
    }
    assert_eq!(std::fs::read(world.home().join("ran")).unwrap(), b"x");
}

/// A program that has written a part of something stands still until it is typed to; a viewer comes in between.
async fn cut(first: &str, rest: &str) -> (String, String, u64) {
    let world = World::new().await;
    let id = world.terminal(json!({ "command": format!("stty -echo; printf 'A{first}'; read x; printf '{rest}B'; read x") })).await;
    let mut early = world.view(&id, "?since=0").await;
    let wanted = 1 + u64::try_from(first.split('\\').count() - 1).unwrap();
    while early.seq < wanted {
        early.next().await;
    }
    let mut late = world.view(&id, "").await;
    late.next().await;
    let Event::Frame(ServerFrame::Attached { seq, .. }) = late.next().await else { panic!("attached") };
    early.type_in("\n").await;
    let seen = late.until("B").await;
    (String::from_utf8_lossy(&late.replays[0]).into_owned(), seen, seq)
}

#[tokio::test]
async fn a_character_or_a_sequence_is_never_cut() {
    // 한, after its first and its second byte.
    for (first, rest) in [(r"\355", r"\225\234"), (r"\355\225", r"\234")] {
        let (replay, seen, seq) = cut(first, rest).await;
        assert_eq!((seen.as_str(), seq), ("한B", 1));
        assert!(replay.contains('A') && !replay.contains('\u{fffd}'), "{replay:?}");
    }
    for (first, rest) in [(r"\033", "[31m"), (r"\033\133", "31m"), (r"\033\133\063", "1m")] {
        let (replay, seen, seq) = cut(first, rest).await;
        assert_eq!((seen.as_str(), seq), ("\u{1b}[31mB", 1), "{replay:?}");
    }
}

#[tokio::test]
async fn pings_come_from_this_side() {
    use futures_util::StreamExt;
    use tokio_tungstenite::tungstenite::Message;
    let world = World::new().await;
    let id = world.terminal(json!({ "command": "read x" })).await;
    let mut view = world.view(&id, "").await;
    let start = tokio::time::Instant::now();
    loop {
        let message = tokio::time::timeout(Duration::from_secs(30), view.socket.next()).await.expect("a ping within 30 s");
        if matches!(message, Some(Ok(Message::Ping(_)))) {
            break;
        }
    }
    assert!((24..28).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}
