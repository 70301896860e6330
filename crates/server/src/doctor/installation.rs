//! What is Maru's own: images, cluster, programs, database, address.

use std::time::Duration;

use maru_engine::Engine;
use maru_model::Text;
use maru_store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Finding, Serving, shown};
use crate::config::Config;

const PATIENCE: Duration = Duration::from_secs(5);
/// What the projects of a class begin with; `docker/build-images` makes them.
const BASES: [&str; 3] = ["registry.localhost/base/nginx:1", "registry.localhost/base/postgres:17", "registry.localhost/base/python:3"];

pub(super) async fn images(engine: &Engine, serving: &Serving, findings: &mut Vec<Finding>) {
    let rebuild = || Text::new("Run `./up` again: it builds what is missing.", "`./up`을 다시 실행하면 없는 이미지를 만듭니다.");
    let mut wanted = vec![serving.workspace_image.as_str(), serving.registry_image.as_str()];
    if serving.embedded_cluster {
        wanted.push(&serving.node_image);
    }
    let missing = missing(engine, &wanted).await;
    let what = Text::new("Images of Maru", "Maru 이미지");
    findings.push(if missing.is_empty() {
        Finding::good("images", what, Text::verbatim(wanted.join(", ")))
    } else {
        let missing = missing.join(", ");
        Finding::bad("images_missing", what, Text::new(format!("not there: {missing}"), format!("없음: {missing}")), rebuild())
    });
    let missing = self::missing(engine, &BASES).await;
    let what = Text::new("Base images of projects", "프로젝트의 기반 이미지");
    findings.push(if missing.is_empty() {
        Finding::good("base_images", what, Text::verbatim(BASES.join(", ")))
    } else {
        let missing = missing.join(", ");
        let found = Text::new(
            format!("builds that begin with these fail: {missing}"),
            format!("다음 이미지로 시작하는 빌드가 실패합니다: {missing}"),
        );
        Finding::warning("base_images_missing", what, found, rebuild())
    });
}

async fn missing(engine: &Engine, wanted: &[&str]) -> Vec<String> {
    let mut missing = Vec::new();
    for image in wanted {
        if !matches!(engine.inspect_image(image).await, Ok(Some(_))) {
            missing.push((*image).to_owned());
        }
    }
    missing
}

pub(super) async fn cluster(engine: &Engine, findings: &mut Vec<Finding>) {
    let what = Text::new("Cluster", "클러스터");
    let node = engine.name("node");
    let state = engine.inspect_container(&node).await.ok().flatten().and_then(|container| container.state);
    let Some(state) = state else {
        let fix = Text::new(
            "Start the server: it makes the node. Run `./up` where there is no server.",
            "서버를 시작하면 노드가 만들어집니다. 서버가 없으면 `./up`을 실행하세요.",
        );
        findings.push(Finding::warning("cluster_absent", what, Text::new("its node has not been made", "노드가 아직 없습니다"), fix));
        return;
    };
    if state.running != Some(true) {
        let code = state.exit_code.unwrap_or(-1);
        let found = Text::new(format!("its node does not run (exit code {code})"), format!("노드가 실행되지 않습니다(종료 코드 {code})"));
        let fix = Text::new(
            format!("Start the server: it starts the node. What it said: `docker logs {node}`."),
            format!("서버를 시작하면 노드도 시작됩니다. 출력: `docker logs {node}`"),
        );
        findings.push(Finding::bad("cluster_down", what, found, fix));
        return;
    }
    let none = None::<futures_util::stream::Empty<std::io::Result<bytes::Bytes>>>;
    let asked = timeout(PATIENCE * 2, engine.exec(&node, &["kubectl", "get", "--raw", "/readyz?verbose"], None, none)).await;
    findings.push(match asked {
        Ok(Ok(answer)) if answer.code == 0 => Finding::good("cluster", what, Text::new("the Kubernetes API is ready", "쿠버네티스 API가 준비되었습니다")),
        asked => {
            let said = match asked {
                Ok(Ok(answer)) => String::from_utf8_lossy(&answer.stderr).trim().lines().last().unwrap_or_default().to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in 10 s".to_owned(),
            };
            let found = Text::new(format!("the Kubernetes API is not ready: {said}"), format!("쿠버네티스 API가 준비되지 않았습니다: {said}"));
            let fix = Text::new(
                format!("Wait a minute if it has just started; else `docker restart {node}`, and `docker logs {node}` for the cause."),
                format!("방금 시작했다면 1분쯤 기다리세요. 아니면 `docker restart {node}`를 실행하고, 원인은 `docker logs {node}`에서 확인하세요."),
            );
            Finding::bad("cluster_not_ready", what, found, fix)
        }
    });
}

pub(super) fn files(serving: &Serving, findings: &mut Vec<Finding>) {
    for (code, path, what) in [
        ("agent_missing", serving.agent.clone(), Text::new("Agent", "에이전트")),
        ("web_missing", serving.web.join("index.html"), Text::new("Web pages", "웹 화면")),
    ] {
        findings.push(match std::fs::metadata(&path) {
            Ok(_) => Finding::good(code.trim_end_matches("_missing"), what, Text::verbatim(shown(&path))),
            Err(error) => Finding::bad(
                if code == "agent_missing" { "agent_missing" } else { "web_missing" },
                what,
                Text::verbatim(format!("{}: {error}", shown(&path))),
                Text::new(
                    "Run `./up` again, which builds it, or set MARU_AGENT and MARU_WEB.",
                    "`./up`을 다시 실행해 만들거나 MARU_AGENT, MARU_WEB을 설정하세요.",
                ),
            ),
        });
    }
}

/// Opens none that is not there: looking makes nothing.
pub(super) async fn database(config: &Config, findings: &mut Vec<Finding>) {
    let what = Text::new("Database", "데이터베이스");
    let shown = config.database.split_once('@').map_or_else(|| config.database.clone(), |(_, host)| format!("postgres://…@{host}"));
    let file = config.database.strip_prefix("sqlite://").map(|rest| rest.split('?').next().unwrap_or(rest).to_owned());
    if let Some(file) = &file
        && !std::path::Path::new(file).exists()
    {
        let found = Text::new(format!("{file} is not there yet"), format!("{file} 파일이 아직 없습니다"));
        let fix = Text::new("The server makes it at its first start.", "서버가 처음 시작할 때 만듭니다.");
        findings.push(Finding::warning("database_absent", what, found, fix));
        return;
    }
    let opened = timeout(PATIENCE * 3, Store::open(&config.database)).await;
    findings.push(match opened {
        Ok(Ok(store)) if store.is_alive().await => Finding::good("database", what, Text::verbatim(shown)),
        opened => {
            let why = match opened {
                Ok(Err(error)) => error.to_string(),
                _ => "no answer".to_owned(),
            };
            Finding::bad(
                "database_unreachable",
                what,
                Text::new(format!("{shown}: {why}"), format!("{shown}: {why}")),
                Text::new(
                    "Check MARU_DATABASE and that its server runs; a damaged file is replaced by `maru restore FILE`.",
                    "MARU_DATABASE와 데이터베이스 서버를 확인하세요. 파일이 손상되었다면 `maru restore 파일`로 복원하세요.",
                ),
            )
        }
    });
}

/// Each host that an administrator allowed has an address. Nothing where none is: its file was read with the configuration.
pub(super) async fn git_hosts(config: &Config, findings: &mut Vec<Finding>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (host, address) in config.remotes.hosts() {
        let found = address.is_some() || matches!(timeout(PATIENCE, tokio::net::lookup_host((host, 443))).await, Ok(Ok(_)));
        if found { known.push(host) } else { unknown.push(host) }
    }
    let what = Text::new("Own git hosts", "자체 git 서버");
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        let found = Text::new(format!("no address is known of: {unknown}"), format!("주소를 찾을 수 없음: {unknown}"));
        let fix = Text::new(
            "Correct the name in MARU_GIT_HOSTS, or write its address there: NAME=ADDRESS.",
            "MARU_GIT_HOSTS의 이름을 고치거나 주소까지 쓰세요(이름=주소).",
        );
        findings.push(Finding::warning("git_hosts_unknown", what, found, fix));
    } else if !known.is_empty() {
        findings.push(Finding::good("git_hosts", what, Text::verbatim(known.join(", "))));
    }
}

/// The server's own address: it answers there, or could listen there.
pub(super) async fn port(serving: &Serving, findings: &mut Vec<Finding>) {
    let what = Text::new("Server", "서버");
    let (listen, url) = (serving.listen, &serving.url);
    let finding = match timeout(PATIENCE, ready(listen)).await {
        Ok(Ok(true)) => Finding::good(
            "server",
            what,
            Text::new(format!("answers at {listen}, for {url}"), format!("{listen}에서 응답합니다. 주소: {url}")),
        ),
        Ok(Ok(false)) => Finding::bad(
            "port_taken",
            what,
            Text::new(format!("something else listens on {listen}"), format!("다른 프로그램이 {listen}을 쓰고 있습니다")),
            Text::new(
                "End that program, or choose another port: `./up --port N`, MARU_LISTEN.",
                "그 프로그램을 끝내거나 다른 포트를 쓰세요(`./up --port N`, MARU_LISTEN).",
            ),
        ),
        Ok(Err(_)) if TcpListener::bind(listen).await.is_ok() => Finding::warning(
            "server_down",
            what,
            Text::new(format!("does not run; {listen} is free"), format!("실행되지 않습니다. {listen}은 비어 있습니다")),
            Text::new("Start it: `./up`, or `maru serve`.", "`./up`이나 `maru serve`로 시작하세요."),
        ),
        _ => Finding::bad(
            "server_silent",
            what,
            Text::new(format!("does not answer at {listen}"), format!("{listen}에서 응답하지 않습니다")),
            Text::new(
                "Look into server.log in the data folder, and start it again: `./up --stop`, `./up`.",
                "데이터 폴더의 server.log를 확인하고 다시 시작하세요(`./up --stop`, `./up`).",
            ),
        ),
    };
    findings.push(finding);
}

/// Whether what listens there is a Maru that is ready.
async fn ready(listen: std::net::SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(listen).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"))
}
