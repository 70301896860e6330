//! Answers without an end, and readers who leave in the middle of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use support::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// As hyper's client does when nobody wants the rest of an answer: it ends its half of the stream, then drops all of it.
/// What is written to a dropped stream is lost without an error, so its end is all that the agent hears.
#[tokio::test]
async fn readers_who_have_gone_are_let_go() {
    let world = World::new().await;
    for path in ["/ports/events", "/stats/events", "/watch"] {
        let mut stream = world.link.open().await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: agent\r\n\r\n").as_bytes()).await.unwrap();
        let mut head = [0; 15];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK", "{path}");
        stream.shutdown().await.unwrap();
        let rest = timeout(Duration::from_secs(60), stream.read_to_end(&mut Vec::new())).await;
        assert!(rest.is_ok(), "{path} goes on without a reader");
    }
}
