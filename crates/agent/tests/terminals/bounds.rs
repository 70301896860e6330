//! What a terminal may take, and how it ends.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::World;

fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

/// In MiB, at the widest that a terminal can be: the ring's two, four of scrollback, five of cells (a tenth of that at a
/// usual width), and what the allocator makes of it.
const MOST: usize = 18;

#[tokio::test]
async fn memory_is_bounded_whatever_is_put_out() {
    let (world, pid) = World::spawned(&[]).await;
    let before = resident(pid);
    // Wide coloured lines, a title without an end, and noise.
    let floods = [
        "for i in $(seq 1 4000); do printf '\\033[3%dm%0990d\\n' $((i % 8)) $i; done",
        "printf '\\033]0;'; head -c 20000000 /dev/zero | tr '\\0' x",
        "head -c 4000000 /dev/urandom",
        "seq 1 400000",
    ];
    for (number, flood) in floods.iter().enumerate() {
        let line = format!("{flood}; touch done{number}; read x");
        world.terminal(json!({ "command": line, "cols": 1000, "rows": 60 })).await;
    }
    for (number, flood) in floods.iter().enumerate() {
        let start = Instant::now();
        while !world.home().join(format!("done{number}")).exists() {
            assert!(start.elapsed() < Duration::from_secs(120), "{flood}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // What has been written has also been taken, once this has been answered.
    world.json("GET", "/terminals", json!({})).await;
    let per_terminal = (resident(pid) - before) / floods.len();
    println!("agent: {before} MiB before, {per_terminal} MiB for each terminal full to its bounds");
    assert!(per_terminal <= MOST, "{per_terminal} MiB");
}

async fn gone(pid: &str) -> bool {
    let path = format!("/proc/{}/stat", pid.trim());
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(6) {
        // A zombie whose parent does not look is as good as gone.
        if std::fs::read_to_string(&path).map_or(true, |stat| stat.contains(") Z ")) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn closing_ends_the_whole_group_politely_or_not() {
    let world = World::new().await;
    for deaf in ["", "trap '' HUP; "] {
        // Up is said once the inner one has written down who it is.
        let line = format!(
            "rm -f inner; {deaf}(echo $BASHPID > inner; while :; do sleep 1; done) & echo $$ > outer; \
             until [ -s inner ]; do sleep 0.01; done; echo up; while :; do sleep 1; done"
        );
        let id = world.terminal(json!({ "shell": "/bin/bash", "command": line })).await;
        world.view(&id, "?since=0").await.until("up").await;
        let start = Instant::now();
        assert_eq!(world.call("DELETE", &format!("/terminals/{id}"), &[], "").await.status(), 204);
        for name in ["outer", "inner"] {
            assert!(gone(&std::fs::read_to_string(world.home().join(name)).unwrap()).await, "{deaf}{name}");
        }
        assert_eq!(start.elapsed() >= Duration::from_secs(2), !deaf.is_empty(), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn what_was_started_with_nohup_outlives_its_terminal() {
    let world = World::new().await;
    let id = world.terminal(json!({ "shell": "/bin/bash" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.type_in("nohup sleep 60 > /dev/null 2>&1 & echo $! > kept; echo u''p\n").await;
    view.until("\r\nup\r\n").await;
    let kept = std::fs::read_to_string(world.home().join("kept")).unwrap();
    // Until nohup has become what it runs, a hangup ends it like anything else.
    while std::fs::read_to_string(format!("/proc/{}/comm", kept.trim())).unwrap() != "sleep\n" {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.call("DELETE", &format!("/terminals/{id}"), &[], "").await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let pid = rustix::process::Pid::from_raw(kept.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it still ran");
}
