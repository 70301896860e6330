//! Files in parts, over connections that break.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use futures_util::stream;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use support::World;

async fn create(world: &World, path: &str, size: u64) -> String {
    let answer = world.call("POST", "/uploads", &[], json!({ "path": path, "size": size }).to_string()).await;
    assert_eq!(answer.status(), 201);
    let upload: Value = serde_json::from_slice(answer.body()).unwrap();
    let id = upload["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.headers()["location"], format!("/api/v1/workspace/uploads/{id}"));
    id
}

async fn send(world: &World, id: &str, offset: usize, bytes: &[u8]) -> (u16, Value) {
    let answer = world.call("PATCH", &format!("/uploads/{id}"), &[("upload-offset", &offset.to_string())], bytes.to_vec()).await;
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
}

#[tokio::test]
async fn goes_on_where_it_broke_off() {
    let world = World::new().await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let id = create(&world, "big/file.bin", bytes.len() as u64).await;
    assert_eq!(send(&world, &id, 0, &bytes[..1_000_000]).await, (200, show(&world, &id).await));

    // A connection that dies in the middle of a part.
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(world.link.open().await.unwrap())).await.unwrap();
    let running = tokio::spawn(connection);
    let half = bytes[1_000_000..1_500_000].to_vec();
    let body = stream::unfold(Some(half), |half| async move {
        match half {
            Some(half) => Some((Ok::<_, std::io::Error>(Frame::data(bytes::Bytes::from(half))), None)),
            None => std::future::pending().await,
        }
    });
    let request = Request::patch(format!("/uploads/{id}"))
        .header("host", "agent")
        .header("upload-offset", "1000000")
        .header("content-length", "2000000")
        .body(BodyExt::boxed_unsync(StreamBody::new(body)))
        .unwrap();
    let sending = tokio::spawn(async move { sender.send_request(request).await });
    while show(&world, &id).await["offset"] != 1_500_000 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // It hangs. Whoever comes next takes over, at the right place only.
    let (status, problem) = send(&world, &id, 1_000_000, b"x").await;
    assert_eq!((status, &problem["code"], &problem["offset"]), (409, &json!("upload_offset"), &json!(1_500_000)));
    assert_eq!(send(&world, &id, 1_500_000, &bytes[1_500_000..]).await.0, 200);
    running.abort();
    sending.abort();

    let done = world.call("POST", &format!("/uploads/{id}/finish"), &[("if-none-match", "*")], "").await;
    assert_eq!(done.status(), 201);
    let got = world.get("/files/big/file.bin").await;
    assert!(got.body() == &bytes);
    assert_eq!(got.headers()["etag"], done.headers()["etag"]);
    // An answer that was lost is asked for again.
    let again = world.call("POST", &format!("/uploads/{id}/finish"), &[("if-none-match", "*")], "").await;
    assert_eq!(again.status(), 200);
    assert_eq!(world.json("GET", "/uploads", json!({})).await, json!([]));
}

async fn show(world: &World, id: &str) -> Value {
    world.json("GET", &format!("/uploads/{id}"), json!({})).await
}

#[tokio::test]
async fn takes_no_more_and_no_less_than_announced() {
    let world = World::new().await;
    let id = create(&world, "f", 4).await;
    assert_eq!(send(&world, &id, 0, b"12345").await.0, 409);
    assert_eq!(send(&world, &id, 0, b"123").await.0, 200);
    assert_eq!(world.call("POST", &format!("/uploads/{id}/finish"), &[], "").await.status(), 409);
    assert_eq!(world.call("PATCH", &format!("/uploads/{id}"), &[], "4").await.status(), 400);
    assert_eq!(world.call("DELETE", &format!("/uploads/{id}"), &[], "").await.status(), 204);
    assert_eq!(world.call("GET", &format!("/uploads/{id}"), &[], "").await.status(), 404);
    assert!(!world.home().join("f").exists());
    assert_eq!(world.call("GET", "/uploads/..%2Fx", &[], "").await.status(), 404);
    let giant = json!({ "path": "f", "size": 1_u64 << 60 }).to_string();
    assert_eq!(world.call("POST", "/uploads", &[], giant).await.status(), 507);
    assert_eq!(world.call("POST", "/uploads", &[], r#"{"path":"/etc/x","size":1}"#).await.status(), 400);
}

#[tokio::test]
async fn of_a_conflict_both_versions_can_be_had() {
    let world = World::new().await;
    let tag = world.call("PUT", "/files/f", &[], "one").await.headers()["etag"].to_str().unwrap().to_owned();
    world.call("PUT", "/files/f", &[], "theirs").await;
    let refused = world.call("PUT", "/files/f", &[("if-match", &tag)], "mine").await;
    assert_eq!(refused.status(), 412);
    let problem: Value = serde_json::from_slice(refused.body()).unwrap();
    let id = problem["refused"].as_str().unwrap();
    assert_eq!(world.get("/files/f").await.body(), "theirs");
    assert_eq!(world.get(&format!("/uploads/{id}/content")).await.body(), "mine");
    assert_eq!(show(&world, id).await["refused"], true);
    // Taken after all.
    let etag = problem["etag"].as_str().unwrap();
    assert_eq!(world.call("POST", &format!("/uploads/{id}/finish"), &[("if-match", &tag)], "").await.status(), 412);
    assert_eq!(world.call("POST", &format!("/uploads/{id}/finish"), &[("if-match", etag)], "").await.status(), 200);
    assert_eq!(world.get("/files/f").await.body(), "mine");
}
