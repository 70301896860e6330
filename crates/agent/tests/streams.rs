//! Answers without an end, and readers who leave in the middle of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use futures_util::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use support::World;

/// More than a link may have open at once: each page of the IDE that was closed would be one of them for ever.
const READERS: usize = 600;

#[tokio::test]
async fn readers_who_have_gone_are_let_go() {
    let world = World::new().await;
    for path in ["/ports/events", "/stats/events", "/watch"].into_iter().cycle().take(READERS) {
        let stream = world.link.open().await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get(path).header("host", "agent").body(Full::<bytes::Bytes>::default()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let mut pieces = answer.into_body().into_data_stream();
        // Changes are told when there are some, the others at once.
        if path != "/watch" {
            pieces.next().await.unwrap().unwrap();
        }
        drop(pieces);
        connection.abort();
    }
    assert_eq!(world.get("/ports").await.status(), 200);
}
