//! A server that is killed, again and again, in the middle of whatever it does: what it said it would do is done.
//! `MARU_TEST_KILLS=200` for more of it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use maru_workspace::State;
use support::{Installation, ready, sh, until};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const DATA: &str = "MARU_TEST_SERVER_DATA";
/// Kills between two looks at what has become of it.
const BLOCK: usize = 5;

/// The server that is killed; nothing where it is run as a test.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_to_be_killed() {
    let Some(data) = std::env::var_os(DATA) else { return };
    let installation = Installation::at(Path::new(&data)).await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    println!("\nopen");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.as_str() {
            "start" => workspaces.ensure(&mina).await,
            "stop" => workspaces.stop(&mina).await,
            "restart" => workspaces.restart(&mina).await,
            "recreate" => workspaces.recreate(&mina).await,
            "cancel" => workspaces.cancel(&mina).await,
            _ => workspaces.force_stop(&mina).await,
        }
        .unwrap();
        println!("\ntaken");
    }
}

struct Server {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    async fn start(data: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_server_to_be_killed", "--nocapture"])
            .env(DATA, data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut server = Self { process, input, output: BufReader::new(output).lines() };
        server.hears("open").await;
        server
    }

    async fn hears(&mut self, word: &str) {
        while self.output.next_line().await.unwrap().expect("the server has ended") != word {}
    }

    async fn ask(&mut self, request: &str) {
        self.input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        self.hears("taken").await;
    }
}

/// A little generator, so that a run can be repeated (`MARU_TEST_SEED`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_done_whatever_is_killed() {
    if std::env::var_os(DATA).is_some() {
        return;
    }
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let kills = usize::try_from(number("MARU_TEST_KILLS", 30)).unwrap();
    let seed = number("MARU_TEST_SEED", u64::from(std::process::id()));
    eprintln!("MARU_TEST_SEED={seed}");
    let mut dice = Dice(seed);
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    ready(&workspaces, &mina).await;
    sh(&workspaces, &mina, "echo kept >~/work").await;
    workspaces.shut_down().await;

    let mut last = "start";
    let mut slowest = Duration::ZERO;
    for kill in 1..=kills {
        let mut server = Server::start(&installation.data).await;
        for _ in 0..dice.below(4) {
            let request = ["start", "stop", "restart", "recreate", "force", "start"][usize::try_from(dice.below(6)).unwrap()];
            server.ask(request).await;
            last = request;
            tokio::time::sleep(Duration::from_millis(dice.below(250))).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.below(500))).await;
        server.process.start_kill().unwrap();
        server.process.wait().await.unwrap();
        let containers = installation.containers().await;
        assert!(containers.len() <= 1, "after kill {kill}: {containers:?}");
        if kill % BLOCK != 0 && kill != kills {
            continue;
        }
        let back = Instant::now();
        let (workspaces, _inbound) = installation.open().await;
        if matches!(last, "stop" | "force") {
            until(&workspaces, &mina, |view| view.state == State::Stopped).await;
            // Nothing that the Engine still had to do brings it back.
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(workspaces.get(&mina).await.unwrap().state, State::Stopped, "after kill {kill}, {last}");
        } else {
            ready(&workspaces, &mina).await;
            slowest = slowest.max(back.elapsed());
            assert_eq!(sh(&workspaces, &mina, "cat ~/work").await.1, "kept", "after kill {kill}");
        }
        assert!(installation.containers().await.len() <= 1);
        workspaces.shut_down().await;
    }
    eprintln!("{kills} kills; the slowest way back to ready took {slowest:?}");
    assert_eq!(installation.volumes().len(), 1);
    let (workspaces, _inbound) = installation.open().await;
    installation.close(workspaces).await;
}
