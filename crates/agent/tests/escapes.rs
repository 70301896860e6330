//! A folder that becomes a link to elsewhere and back, thousands of times a second, while files in it are used.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};
use support::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_swapped_for_a_link_leads_nowhere_else() {
    let world = World::new().await;
    let home = world.home();
    let outside = world.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("f"), "secret").unwrap();
    std::fs::create_dir(home.join("d")).unwrap();
    std::fs::write(home.join("d/f"), "mine").unwrap();
    symlink(&outside, home.join("other")).unwrap();

    let (stop, swaps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let swapper = std::thread::spawn({
        let (home, stop, swaps) = (home.clone(), Arc::clone(&stop), Arc::clone(&swaps));
        move || {
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, home.join("d"), CWD, home.join("other"), RenameFlags::EXCHANGE).unwrap();
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let end = Instant::now() + Duration::from_secs(4);
    let (mut reached, mut refused) = (0, 0);
    while Instant::now() < end {
        for (method, path, body) in [
            ("GET", "/files/d/f", ""),
            ("PUT", "/files/d/f", "mine"),
            ("PUT", "/files/d/new/deep", "mine"),
            ("GET", "/tree/d", ""),
            ("POST", "/move", r#"{"from":"d/f","to":"d/g"}"#),
            ("POST", "/move", r#"{"from":"d/g","to":"d/f"}"#),
            ("GET", "/archive.zip?path=d", ""),
            ("DELETE", "/files/d/new", ""),
            ("GET", "/search?q=secret", ""),
        ] {
            let answer = world.call(method, path, &[], body).await;
            assert!(!String::from_utf8_lossy(answer.body()).contains("secret"), "{method} {path}");
            assert!(!answer.status().is_server_error(), "{method} {path}: {:?}", answer.body());
            if answer.status().is_success() { reached += 1 } else { refused += 1 }
        }
        in_steps(&world).await;
    }
    stop.store(true, Ordering::Relaxed);
    swapper.join().unwrap();
    assert!(reached > 20 && refused > 20 && swaps.load(Ordering::Relaxed) > 1000, "a race it was: {reached}, {refused}");
    let left: Vec<_> = std::fs::read_dir(&outside).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!((left, std::fs::read_to_string(outside.join("f")).unwrap().as_str()), (vec!["f".into()], "secret"));
}

/// What is begun in one folder and ended in the other: a file in parts, the trash, and back from there.
async fn in_steps(world: &World) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let upload = world.call("POST", "/uploads", &[], r#"{"path":"d/parts","size":4}"#).await;
    if upload.status().is_success() {
        let id = text(&serde_json::from_slice::<Value>(upload.body()).unwrap()["id"]);
        world.call("PATCH", &format!("/uploads/{id}"), &[("upload-offset", "0")], "mine").await;
        world.call("POST", &format!("/uploads/{id}/finish"), &[], "").await;
        world.call("DELETE", &format!("/uploads/{id}"), &[], "").await;
    }
    world.call("DELETE", "/files/d/parts", &[], "").await;
    let trash = world.json("GET", "/trash", json!({})).await;
    for entry in trash["entries"].as_array().unwrap() {
        let id = text(&entry["id"]);
        let back = world.call("POST", &format!("/trash/{id}/restore"), &[], "").await;
        assert!(!back.status().is_server_error(), "restore: {:?}", back.body());
        world.call("DELETE", &format!("/trash/{id}"), &[], "").await;
    }
}
