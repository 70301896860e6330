//! Files over a real link, on a real file system.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;
use support::World;

#[tokio::test]
async fn saves_and_reads_back() {
    let world = World::new().await;
    let saved = world.call("PUT", "/files/a/b/%ED%95%9C.txt", &[], "one").await;
    assert_eq!(saved.status(), 201);
    let tag = saved.headers()["etag"].to_str().unwrap().to_owned();
    let got = world.get("/files/a/b/%ED%95%9C.txt").await;
    assert_eq!((got.status().as_u16(), &got.body()[..], got.headers()["etag"].to_str().unwrap()), (200, &b"one"[..], tag.as_str()));
    let part = world.call("GET", "/files/a/b/%ED%95%9C.txt", &[("range", "bytes=1-")], "").await;
    assert_eq!(
        (part.status().as_u16(), &part.body()[..], part.headers()["content-range"].to_str().unwrap()),
        (206, &b"ne"[..], "bytes 1-2/3")
    );
    assert_eq!(world.call("GET", "/files/a/b/%ED%95%9C.txt", &[("range", "bytes=9-")], "").await.status(), 416);
    assert_eq!(world.call("GET", "/files/a/b/%ED%95%9C.txt", &[("if-none-match", &tag)], "").await.status(), 304);
    assert_eq!(world.get("/files/nothing").await.status(), 404);
    assert_eq!(world.get("/files/a").await.status(), 409);
    // Nothing half-written stays behind.
    assert_eq!(std::fs::read_dir(world.home().join("a/b")).unwrap().count(), 1);
}

#[tokio::test]
async fn of_two_saves_one_is_told() {
    let world = World::new().await;
    let first = world.call("PUT", "/files/f", &[("if-none-match", "*")], "1").await;
    assert_eq!(first.status(), 201);
    assert_eq!(world.call("PUT", "/files/f", &[("if-none-match", "*")], "2").await.status(), 412);
    let tag = first.headers()["etag"].to_str().unwrap();
    let second = world.call("PUT", "/files/f", &[("if-match", tag)], "2").await;
    assert_eq!(second.status(), 204);
    let refused = world.call("PUT", "/files/f", &[("if-match", tag), ("accept-language", "ko")], "3").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["etag"]), (412, &second.headers()["etag"]));
    let problem: maru_protocol::Problem = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!((problem.code.as_str(), problem.title.as_str()), ("file_conflict", "그사이 파일이 바뀌었습니다"));
    assert_eq!(std::fs::read(world.home().join("f")).unwrap(), b"2");
}

#[tokio::test]
async fn keeps_modes_and_links() {
    let world = World::new().await;
    let home = world.home();
    std::fs::create_dir(home.join("real")).unwrap();
    std::fs::write(home.join("real/run.sh"), "old").unwrap();
    std::fs::set_permissions(home.join("real/run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("real/run.sh", home.join("relative")).unwrap();
    symlink(home.join("real"), home.join("absolute")).unwrap();
    for (path, content) in [("relative", "new"), ("absolute/run.sh", "newer")] {
        assert_eq!(world.call("PUT", &format!("/files/{path}"), &[], content).await.status(), 204);
        assert_eq!(std::fs::read_to_string(home.join("real/run.sh")).unwrap(), content);
        assert_eq!(world.get(&format!("/files/{path}")).await.body(), content);
    }
    assert!(home.join("relative").is_symlink() && home.join("absolute").is_symlink());
    assert_eq!(std::fs::metadata(home.join("real/run.sh")).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[tokio::test]
async fn nothing_leads_out() {
    let world = World::new().await;
    let home = world.home();
    let secret = world.folder.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    symlink(&secret, home.join("absolute")).unwrap();
    symlink("../secret", home.join("relative")).unwrap();
    symlink("..", home.join("up")).unwrap();
    symlink("loop", home.join("loop")).unwrap();
    for path in [
        "../secret",
        "%2e%2e/secret",
        "absolute",
        "relative",
        "up/secret",
        "x/../../secret",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "loop",
        "a%00b",
        "up/new",
    ] {
        for (method, body) in [("GET", ""), ("PUT", "overwritten")] {
            let answer = world.call(method, &format!("/files/{path}"), &[], body).await;
            assert!(answer.status().is_client_error(), "{method} {path}: {}", answer.status());
            assert_ne!(answer.body(), "secret");
        }
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
    assert!(!world.folder.path().join("new").exists());
}

#[tokio::test]
async fn pipes_hold_nobody_up() {
    let world = World::new().await;
    let made = std::process::Command::new("mkfifo").arg(world.home().join("pipe")).status().unwrap();
    assert!(made.success());
    assert_eq!(world.get("/files/pipe").await.status(), 409);
    assert_eq!(world.call("PUT", "/files/pipe", &[], "x").await.status(), 409);
}

#[tokio::test]
async fn lists_moves_and_removes() {
    let world = World::new().await;
    world.json("POST", "/folders", json!({ "path": "b/c" })).await;
    world.call("PUT", "/files/a.txt", &[], "hello").await;
    let tree = world.json("GET", "/tree", json!({})).await;
    let seen: Vec<_> =
        tree["entries"].as_array().unwrap().iter().map(|e| (e["name"].as_str().unwrap(), e["kind"].as_str().unwrap())).collect();
    assert_eq!(seen, [("b", "folder"), ("a.txt", "file")]);
    world.json("POST", "/move", json!({ "from": "a.txt", "to": "b/c/d/z.txt" })).await;
    assert_eq!(world.get("/files/b/c/d/z.txt").await.body(), "hello");
    world.call("PUT", "/files/other", &[], "x").await;
    let taken = world.call("POST", "/move", &[], json!({ "from": "other", "to": "b" }).to_string()).await;
    assert_eq!(taken.status(), 409);
    assert_eq!(world.call("DELETE", "/files/b", &[], "").await.status(), 204);
    assert_eq!(world.call("DELETE", "/files/b", &[], "").await.status(), 404);
    assert!(!world.home().join("b").exists());
}
