//! Search, quick open and watching.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use futures_util::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use support::World;

#[tokio::test]
async fn finds_lines_and_paths() {
    let world = World::new().await;
    for (path, content) in [("src/app.py", "import os\n한글 Greeting = 1\n"), (".gitignore", "ignored/\n"), ("ignored/x.py", "Greeting\n")]
    {
        world.call("PUT", &format!("/files/{path}"), &[], content).await;
    }
    let answer = world.get("/search?q=greeting").await;
    let lines: Vec<maru_protocol::Match> =
        answer.body().split(|&b| b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].path.as_str(), lines[0].line, lines[0].column), ("src/app.py", 2, 4));
    assert!(world.get("/search?q=greeting&case=1").await.body().is_empty());
    assert!(!world.get("/search?q=gre.t&regex=1").await.body().is_empty());
    assert!(world.get("/search?q=greeting&glob=*.js").await.body().is_empty());
    assert_eq!(world.get("/search?q=(&regex=1").await.status(), 400);
    let found: Vec<maru_protocol::Found> = serde_json::from_slice(world.get("/paths?q=sapp").await.body()).unwrap();
    assert_eq!(found.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["src/app.py"]);
}

#[tokio::test]
async fn tells_changes_in_new_folders_too() {
    let world = World::new().await;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(world.link.open().await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/watch").header("host", "agent").body(Full::<bytes::Bytes>::default()).unwrap();
    let mut events = sender.send_request(request).await.unwrap().into_body().into_data_stream();
    world.call("PUT", "/files/new/file.txt", &[], "x").await;
    let mut seen = String::new();
    while !seen.contains(r#""path":"new""#) {
        seen.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
    }
    world.call("PUT", "/files/new/later.txt", &[], "x").await;
    while !seen.contains(r#""path":"new/later.txt""#) {
        seen.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(!seen.contains(".maru-save"));
}

#[tokio::test]
async fn sees_hidden_files_of_projects_and_not_those_of_programs() {
    let world = World::new().await;
    for path in ["p/.env", "p/.github/ci.yml", "p/.git/config", "p/node_modules/x/i.js", ".cache/c", ".bashrc", "p/a.js"] {
        world.call("PUT", &format!("/files/{path}"), &[], "needle\n").await;
    }
    let mut found: Vec<String> = paths(&world, "").await;
    found.sort();
    assert_eq!(found, ["p/.env", "p/.github/ci.yml", "p/a.js"]);
    let answer = world.get("/search?q=needle").await;
    let body = String::from_utf8_lossy(answer.body());
    assert_eq!(body.lines().count(), 3, "{body}");
}

#[tokio::test]
async fn says_how_many_texts_were_too_large_to_search() {
    let world = World::new().await;
    world.call("PUT", "/files/p/small.txt", &[], "needle\n").await;
    std::fs::write(world.home().join("p/large.log"), "needle in a line\n".repeat(1024 * 1024)).unwrap();
    // No text, so not searched whatever its size: all zeros.
    std::fs::File::create(world.home().join("p/disk.img")).unwrap().set_len(64 * 1024 * 1024).unwrap();
    let lines = |body: &[u8]| String::from_utf8_lossy(body).lines().map(str::to_owned).collect::<Vec<_>>();
    let all = lines(world.get("/search?q=needle").await.body());
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[1], r#"{"too_large":1,"limit":16777216}"#);
    let none = lines(world.get("/search?q=nothing").await.body());
    assert_eq!(none, [r#"{"too_large":1,"limit":16777216}"#]);
    assert_eq!(lines(world.get("/search?q=needle&glob=*.txt").await.body()).len(), 1);
}

async fn paths(world: &World, query: &str) -> Vec<String> {
    let found: Vec<maru_protocol::Found> = serde_json::from_slice(world.get(&format!("/paths?q={query}")).await.body()).unwrap();
    found.into_iter().map(|f| f.path).collect()
}

#[tokio::test]
async fn quick_open_knows_what_came_and_went() {
    let world = World::new().await;
    world.call("PUT", "/files/p/one.txt", &[], "").await;
    assert_eq!(paths(&world, "txt").await, ["p/one.txt"]);
    std::fs::create_dir_all(world.home().join("p/q")).unwrap();
    std::fs::write(world.home().join("p/q/two.txt"), "").unwrap();
    std::fs::remove_file(world.home().join("p/one.txt")).unwrap();
    for _ in 0..100 {
        if paths(&world, "txt").await == ["p/q/two.txt"] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{:?}", paths(&world, "txt").await);
}

/// Beside other tests a single time says little, so of most only that it is not absurd; the best of several is a paths'
/// search alone. Each is printed (`--no-capture`).
#[tokio::test]
async fn many_files() {
    let world = World::new().await;
    std::fs::create_dir(world.home().join("flat")).unwrap();
    for n in 0..10_000 {
        std::fs::File::create(world.home().join(format!("flat/file-{n}.txt"))).unwrap();
    }
    for folder in 0..400 {
        let path = world.home().join(format!("project/module-{folder}/src"));
        std::fs::create_dir_all(&path).unwrap();
        for file in 0..100 {
            std::fs::File::create(path.join(format!("part_{file}.rs"))).unwrap();
        }
    }
    let timed = |what: &'static str, began: std::time::Instant| {
        eprintln!("{what}: {:?}", began.elapsed());
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{what}");
    };
    let began = std::time::Instant::now();
    let tree = world.json("GET", "/tree/flat", serde_json::json!({})).await;
    assert_eq!(tree["entries"].as_array().unwrap().len(), 10_000);
    timed("a tree of 10,000", began);
    for what in ["the first of 50,000", "the second", "the third"] {
        let began = std::time::Instant::now();
        assert_eq!(paths(&world, "mod399part42").await[0], "project/module-399/src/part_42.rs");
        timed(what, began);
    }
    let mut warm = Vec::new();
    for _ in 0..5 {
        let began = std::time::Instant::now();
        assert_eq!(paths(&world, "mod399part42").await[0], "project/module-399/src/part_42.rs");
        warm.push(began.elapsed());
    }
    let best = warm.into_iter().min().unwrap();
    eprintln!("the best of five: {best:?}");
    // What is promised is promised of the program as it is built for use.
    assert!(cfg!(debug_assertions) || best < std::time::Duration::from_millis(50), "{best:?}");
}

/// An agent to which the kernel gives five watches.
#[tokio::test]
async fn looks_for_itself_where_the_kernels_watches_run_out() {
    let folder = tempfile::tempdir().unwrap();
    let (home, socket) = (folder.path().join("home"), folder.path().join("agent.sock"));
    for n in 0..20 {
        std::fs::create_dir_all(home.join(format!("d{n}"))).unwrap();
    }
    let limited = r#"echo 5 > /proc/sys/user/max_inotify_watches && exec "$0" "$@""#;
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c", limited]);
    if !std::process::Command::new("unshare").args(["--user", "--map-root-user", "true"]).status().is_ok_and(|s| s.success()) {
        eprintln!("skipped: no user namespaces");
        return;
    }
    command.arg(env!("CARGO_BIN_EXE_maru-agent")).args(["serve", "--reverse", "none", "--socket"]).arg(&socket).arg("--home").arg(&home);
    let mut agent = command.spawn().unwrap();
    let stream = loop {
        match tokio::net::UnixStream::connect(&socket).await {
            Ok(stream) => break stream,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    };
    let (link, _, run) = maru_protocol::link(stream, maru_protocol::Side::Server);
    tokio::spawn(run);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(link.open().await.unwrap())).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/watch").header("host", "agent").body(Full::<bytes::Bytes>::default()).unwrap();
    let mut events = sender.send_request(request).await.unwrap().into_body().into_data_stream();
    let mut seen = String::new();
    for n in 0..20 {
        std::fs::write(home.join(format!("d{n}/new.txt")), "x").unwrap();
    }
    let told = async {
        while !(0..20).all(|n| seen.contains(&format!(r#""created","path":"d{n}/new.txt""#))) {
            seen.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
        }
    };
    let all = tokio::time::timeout(std::time::Duration::from_secs(60), told).await;
    let _ = agent.kill();
    let _ = agent.wait();
    assert!(all.is_ok() && seen.starts_with("data: {\"kind\":\"polling\""), "{seen}");
}
