//! A server that is killed in the middle of saves, over and over: no file is ever torn, and what was acknowledged is there.
//! `MARU_TEST_SAVE_KILLS` for fewer.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use maru_workspace::AgentLink;
use support::{Installation, ready};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const DATA: &str = "MARU_TEST_SAVING_SERVER_DATA";
const FILES: usize = 4;

/// Version `n` of a file: of another length than the one before it, and all of it says which one it is.
fn version(n: u32) -> Vec<u8> {
    n.to_le_bytes().repeat(8_000 + (n as usize % 7) * 3_000)
}

async fn ask(link: &AgentLink, method: &str, file: usize, body: Vec<u8>) -> (u16, Bytes) {
    let request = Request::builder().method(method).uri(format!("/files/f{file}")).body(Full::new(Bytes::from(body))).unwrap();
    let answer = link.request(request).await.unwrap();
    (answer.status().as_u16(), answer.into_body().collect().await.unwrap().to_bytes())
}

/// The server that is killed: says what it finds in each file, then saves and says what was acknowledged; nothing where it
/// is run as a test.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_to_be_killed() {
    let Some(data) = std::env::var_os(DATA) else { return };
    let installation = Installation::at(Path::new(&data)).await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    ready(&workspaces, &mina).await;
    let link = workspaces.agent(&mina.id).await.unwrap();
    let mut last = [0; FILES];
    for (file, last) in last.iter_mut().enumerate() {
        let (status, content) = ask(&link, "GET", file, Vec::new()).await;
        let found = if status == 404 { 0 } else { u32::from_le_bytes(content[..4].try_into().unwrap()) };
        let whole = found == 0 || content == version(found);
        println!("\n{} {file} {found}", if whole { "found" } else { "torn" });
        *last = found;
    }
    let mut saving = tokio::task::JoinSet::new();
    for (file, last) in last.into_iter().enumerate() {
        let link = link.clone();
        saving.spawn(async move {
            for n in last + 1.. {
                let (status, said) = ask(&link, "PUT", file, version(n)).await;
                assert!(status == 201 || status == 204, "{status} {said:?}");
                println!("\nsaved {file} {n}");
            }
        });
    }
    saving.join_all().await;
}

struct Server {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_server_to_be_killed", "--nocapture"])
            .env(DATA, data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, output }
    }

    /// The next thing that it says of a file; none after its end. A line that was cut off by that says nothing.
    async fn says(&mut self) -> Option<(String, usize, u32)> {
        while let Some(line) = self.output.next_line().await.unwrap() {
            let words: Vec<&str> = line.split(' ').collect();
            if let [word @ ("found" | "torn" | "saved"), file, n] = words[..]
                && let (Ok(file), Ok(n)) = (file.parse(), n.parse())
            {
                return Some((word.to_owned(), file, n));
            }
        }
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_whatever_becomes_of_the_server() {
    if std::env::var_os(DATA).is_some() {
        return;
    }
    let kills: u32 = std::env::var("MARU_TEST_SAVE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let installation = Installation::new().await;
    let mina = installation.user("mina").await;
    let (workspaces, _inbound) = installation.open().await;
    workspaces.ensure(&mina).await.unwrap();
    let started = ready(&workspaces, &mina).await.started_at;
    workspaces.shut_down().await;

    let began = Instant::now();
    let (mut acknowledged, mut saves, mut unacknowledged) = ([0; FILES], 0_u32, 0_u32);
    for kill in 1..=kills {
        let mut server = Server::start(&installation.data);
        for _ in 0..FILES {
            let (word, file, n) = server.says().await.expect("the server has ended");
            assert_eq!(word, "found", "f{file} is torn after kill {kill}");
            // The acknowledged one, or the one after it, whose acknowledgement nobody heard.
            let last = acknowledged[file];
            assert!(n == last || n == last + 1, "f{file}: version {n} after kill {kill}, and {last} was acknowledged");
            unacknowledged += n - last;
            acknowledged[file] = n;
        }
        // Between nothing and 60 ms, another each time; saves go on meanwhile.
        tokio::time::sleep(Duration::from_micros(u64::from(kill.wrapping_mul(2_654_435_761) % 60_000))).await;
        server.process.start_kill().unwrap();
        server.process.wait().await.unwrap();
        while let Some((word, file, n)) = server.says().await {
            assert_eq!((word.as_str(), n), ("saved", acknowledged[file] + 1));
            acknowledged[file] = n;
            saves += 1;
        }
    }
    eprintln!("{kills} kills in {:?}; {saves} saves acknowledged, {unacknowledged} done without", began.elapsed());
    assert!(saves > kills, "there was something to tear: {saves} saves");
    let (workspaces, _inbound) = installation.open().await;
    assert_eq!(ready(&workspaces, &mina).await.started_at, started, "the container was not touched");
    assert_eq!(installation.containers().await.len(), 1);
    installation.close(workspaces).await;
}
