//! What is deleted can be had back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::json;
use support::World;

async fn delete(world: &World, path: &str) -> String {
    let answer = world.call("DELETE", &format!("/files/{path}"), &[], "").await;
    assert_eq!(answer.status(), 204, "{:?}", answer.body());
    answer.headers()["maru-trash-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn deleted_and_restored() {
    let world = World::new().await;
    world.call("PUT", "/files/project/%ED%95%9C%EA%B8%80/a.txt", &[], "one").await;
    let id = delete(&world, "project/%ED%95%9C%EA%B8%80").await;
    assert_eq!(world.get("/files/project/%ED%95%9C%EA%B8%80/a.txt").await.status(), 404);
    let trash = world.json("GET", "/trash", json!({})).await;
    assert_eq!(
        (&trash["entries"][0]["path"], &trash["entries"][0]["kind"], &trash["entries"][0]["id"]),
        (&json!("project/한글"), &json!("folder"), &json!("한글"))
    );
    // As the specification has it, so that `gio trash` and others see it.
    let info = std::fs::read_to_string(world.home().join(".local/share/Trash/info/한글.trashinfo")).unwrap();
    assert!(info.starts_with("[Trash Info]\nPath=/") && info.contains("/project/%ED%95%9C%EA%B8%80\nDeletionDate=20"), "{info}");
    let back = world.json("POST", &format!("/trash/{id}/restore"), json!({})).await;
    assert_eq!(back["path"], "project/한글");
    assert_eq!(world.get("/files/project/%ED%95%9C%EA%B8%80/a.txt").await.body(), "one");
    assert_eq!(world.json("GET", "/trash", json!({})).await["entries"], json!([]));
    assert_eq!(world.call("POST", &format!("/trash/{id}/restore"), &[], "").await.status(), 404);
}

#[tokio::test]
async fn names_meet_in_the_trash_and_nothing_is_overwritten() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for content in ["first", "second", "third"] {
        world.call("PUT", "/files/f", &[], content).await;
        ids.push(delete(&world, "f").await);
    }
    assert_eq!(ids, ["f", "f.2", "f.3"]);
    world.call("PUT", "/files/f", &[], "present").await;
    let refused = world.call("POST", "/trash/f.2/restore", &[], "").await;
    assert_eq!(refused.status(), 409);
    assert_eq!(world.get("/files/f").await.body(), "present");
    let elsewhere = world.json("POST", "/trash/f.2/restore", json!({ "to": "x/y" })).await;
    assert_eq!((elsewhere["path"].as_str().unwrap(), &world.get("/files/x/y").await.body()[..]), ("x/y", &b"second"[..]));
    assert_eq!(world.call("DELETE", "/trash/f.3", &[], "").await.status(), 204);
    assert_eq!(world.call("DELETE", "/trash/f.3", &[], "").await.status(), 404);
    assert_eq!(world.json("GET", "/trash", json!({})).await["entries"].as_array().unwrap().len(), 1);
    assert_eq!(world.call("DELETE", "/trash", &[], "").await.status(), 204);
    assert_eq!(std::fs::read_dir(world.home().join(".local/share/Trash/files")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(world.home().join(".local/share/Trash/info")).unwrap().count(), 0);
}

#[tokio::test]
async fn for_good_where_asked_and_not_the_trash_into_itself() {
    let world = World::new().await;
    world.call("PUT", "/files/a", &[], "x").await;
    let gone = world.call("DELETE", "/files/a?forever=1", &[], "").await;
    assert_eq!((gone.status().as_u16(), gone.headers().contains_key("maru-trash-id")), (204, false));
    assert!(!world.home().join(".local").exists());
    world.call("PUT", "/files/b", &[], "x").await;
    delete(&world, "b").await;
    assert_eq!(world.call("DELETE", "/files/.local/share", &[], "").await.status(), 409);
    assert_eq!(world.call("DELETE", "/files/.local/share/Trash/files/b", &[], "").await.status(), 204);
    // Its info is without it now, and no entry.
    assert_eq!(world.json("GET", "/trash", json!({})).await["entries"], json!([]));
    for id in ["..%2F..%2Fb", "..", "%2E%2E", "a%2Fb"] {
        let answer = world.call("DELETE", &format!("/trash/{id}"), &[], "").await;
        assert_eq!(answer.status(), 404, "{id}");
    }
}

#[tokio::test]
async fn a_move_over_something_keeps_it_in_the_trash() {
    let world = World::new().await;
    world.call("PUT", "/files/a", &[], "new").await;
    world.call("PUT", "/files/b", &[], "old").await;
    assert_eq!(world.call("POST", "/move", &[], r#"{"from":"a","to":"b"}"#).await.status(), 409);
    assert_eq!(world.call("POST", "/move", &[], r#"{"from":"a","to":"b","overwrite":true}"#).await.status(), 204);
    assert_eq!(world.get("/files/b").await.body(), "new");
    world.json("POST", "/trash/b/restore", json!({ "to": "c" })).await;
    assert_eq!(world.get("/files/c").await.body(), "old");
    assert_eq!(world.call("POST", "/move", &[], r#"{"from":"b","to":"b/c"}"#).await.status(), 409);
}

#[tokio::test]
async fn a_delete_heeds_what_was_read() {
    let world = World::new().await;
    let tag = world.call("PUT", "/files/f", &[], "1").await.headers()["etag"].to_str().unwrap().to_owned();
    world.call("PUT", "/files/f", &[], "2").await;
    assert_eq!(world.call("DELETE", "/files/f", &[("if-match", &tag)], "").await.status(), 412);
    assert_eq!(world.get("/files/f").await.body(), "2");
}
