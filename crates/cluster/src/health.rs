//! How the cluster itself is, in words for who looks after it: its nodes, their disks and memory, and its parts. What runs on it is
//! the business of others.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use maru_model::Text;
use serde::Serialize;
use serde_json::Value;

use crate::driver::answered;
use crate::{Cluster, ClusterState, container};

/// A part that ended is told of for so long.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// Lines of the node's own log that are looked through.
const LINES: usize = 500;
/// Less of a disk left than this share is told before the kubelet takes measures.
const LITTLE_DISK: f64 = 0.12;
const LITTLE_MEMORY: f64 = 0.10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Good,
    /// It works; somebody should look at it.
    Warning,
    Bad,
}

/// One thing that is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `ready`, `disk`, `memory`, `processes`, `network`, `up`, `part`.
    pub topic: &'static str,
    pub tone: Tone,
    pub text: Text,
    /// What to do about it.
    pub fix: Option<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeHealth {
    pub name: String,
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterHealth {
    pub state: ClusterState,
    pub nodes: Vec<NodeHealth>,
    /// Of the cluster as a whole: its state and its parts.
    pub lines: Vec<Line>,
}

impl ClusterHealth {
    /// The worst that is said.
    #[must_use]
    pub fn tone(&self) -> Tone {
        let all = self.nodes.iter().flat_map(|node| &node.lines).chain(&self.lines);
        all.map(|line| line.tone).max().unwrap_or(Tone::Good)
    }
}

/// What one node says of itself.
#[derive(Debug, Default)]
struct Seen {
    /// The Node object.
    node: Value,
    /// The kubelet's summary; null where it does not answer.
    summary: Value,
    /// Unix seconds; of the embedded node's container.
    started: Option<i64>,
}

impl Cluster {
    /// Looks at the cluster; seconds at most, also where it does not answer.
    pub async fn health(&self) -> ClusterHealth {
        let state = self.state();
        let (started, ended) = self.container().await;
        let mut lines = vec![of_state(&state)];
        let mut nodes = Vec::new();
        if let Ok(client) = self.client().await {
            let (list, checks) = tokio::join!(get(&client, "/api/v1/nodes"), said(&client, "/readyz?verbose"));
            for node in list["items"].as_array().into_iter().flatten() {
                let name = node.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
                let summary = get(&client, &format!("/api/v1/nodes/{name}/proxy/stats/summary")).await;
                let seen = Seen { node: node.clone(), summary, started };
                nodes.push(NodeHealth { lines: of_node(&seen, Timestamp::now()), name });
            }
            lines.extend(of_checks(&checks));
        }
        lines.extend(of_ended(&ended));
        if lines.iter().all(|line| line.topic != "part") && state.is_ready() {
            let text = Text::new("All parts of Kubernetes answer", "쿠버네티스의 모든 구성 요소가 응답합니다");
            lines.push(Line { topic: "part", tone: Tone::Good, text, fix: None });
        }
        ClusterHealth { state, nodes, lines }
    }

    /// Since when the embedded node's container runs (Unix seconds), and what it said lately of programs in it that ended.
    async fn container(&self) -> (Option<i64>, String) {
        let Some((engine, name)) = self.node() else { return (None, String::new()) };
        let started = container::started_at(engine, &name).await.ok().flatten();
        let since = Timestamp::now().as_second() - i64::try_from(REMEMBERED.as_secs()).unwrap_or(i64::MAX);
        // What a start brings along is no trouble.
        let since = since.max(started.unwrap_or(0));
        let said = engine.container_output_since(&name, since, LINES).await.map(|(out, _)| out).unwrap_or_default();
        (started, String::from_utf8_lossy(&said).into_owned())
    }
}

async fn get(client: &Client, path: &str) -> Value {
    let Ok(request) = http::Request::get(path).body(Vec::new()) else { return Value::Null };
    answered(client.request(request)).await.unwrap_or_default()
}

/// A text; what the API server says with an error counts as well.
async fn said(client: &Client, path: &str) -> String {
    let Ok(request) = http::Request::get(path).body(Vec::new()) else { return String::new() };
    match answered(client.request_text(request)).await {
        Ok(text) => text,
        Err(kube::Error::Api(status)) => status.message,
        Err(_) => String::new(),
    }
}

fn line(topic: &'static str, tone: Tone, text: Text, fix: Option<Text>) -> Line {
    Line { topic, tone, text, fix }
}

fn of_state(state: &ClusterState) -> Line {
    let (tone, fix) = match state {
        ClusterState::Ready => (Tone::Good, None),
        ClusterState::Failed { fix, .. } => (Tone::Bad, Some(fix.clone())),
        ClusterState::WaitingForImage { .. } | ClusterState::Starting { .. } => (Tone::Warning, None),
    };
    line("ready", tone, state.text(), fix)
}

/// Pure: what there is to be said of a node.
fn of_node(seen: &Seen, now: Timestamp) -> Vec<Line> {
    let mut lines = vec![readiness(&seen.node)];
    lines.push(disk(seen));
    lines.push(memory(seen));
    if is_true(&seen.node, "PIDPressure") {
        lines.push(line(
            "processes",
            Tone::Bad,
            Text::new("Almost no process can be started any more", "새 프로세스를 거의 시작할 수 없습니다"),
            Some(Text::new(
                "Stop applications that start too many, or restart the node.",
                "프로세스를 너무 많이 만드는 앱을 멈추거나 노드를 다시 시작하세요.",
            )),
        ));
    }
    if is_true(&seen.node, "NetworkUnavailable") {
        let text = Text::new("The network of pods is not there", "파드 네트워크를 사용할 수 없습니다");
        lines.push(line("network", Tone::Bad, text, None));
    }
    let started = seen.started.or_else(|| {
        let text = seen.summary.pointer("/node/startTime").and_then(Value::as_str)?;
        Some(text.parse::<Timestamp>().ok()?.as_second())
    });
    if let Some(started) = started {
        let Text { en, ko } = span(now.as_second() - started);
        lines.push(line("up", Tone::Good, Text::new(format!("Up for {en}"), format!("켜진 지 {ko}")), None));
    }
    lines
}

fn condition<'a>(node: &'a Value, kind: &str) -> Option<&'a Value> {
    node.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn is_true(node: &Value, kind: &str) -> bool {
    condition(node, kind).is_some_and(|condition| condition["status"] == "True")
}

fn readiness(node: &Value) -> Line {
    let Some(ready) = condition(node, "Ready") else {
        let text = Text::new("The node has not said yet how it is", "노드가 아직 상태를 알리지 않았습니다");
        return line("ready", Tone::Warning, text, None);
    };
    let why = ready["message"].as_str().unwrap_or_default();
    match ready["status"].as_str() {
        Some("True") if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) => line(
            "ready",
            Tone::Warning,
            Text::new(
                "The node is ready, and takes no new pods: it is cordoned",
                "노드는 준비되었지만 cordon 상태여서 새 파드를 받지 않습니다",
            ),
            Some(Text::new("`kubectl uncordon` lets it take pods again.", "`kubectl uncordon`을 실행하면 다시 파드를 받습니다.")),
        ),
        Some("True") => line("ready", Tone::Good, Text::new("The node is ready", "노드가 준비되었습니다"), None),
        Some("False") => line(
            "ready",
            Tone::Bad,
            Text::new(format!("The node is not ready: {why}"), format!("노드가 준비되지 않았습니다: {why}")),
            Some(Text::new(
                "It mostly passes within a minute; then look at the kubelet's log.",
                "보통 1분 안에 회복됩니다. 계속되면 kubelet 로그를 확인하세요.",
            )),
        ),
        // The controller's word where the kubelet is silent.
        _ => line(
            "ready",
            Tone::Bad,
            Text::new(
                "The node has been silent for a while: its kubelet does not report",
                "노드가 한동안 응답하지 않습니다. kubelet이 상태를 알리지 않습니다",
            ),
            Some(Text::new(
                "Look whether its container runs; a restart of the node helps.",
                "노드 컨테이너가 실행 중인지 확인하고 노드를 다시 시작하세요.",
            )),
        ),
    }
}

fn disk(seen: &Seen) -> Line {
    let fix = || {
        Some(Text::new(
            "Free space on this machine: images that nobody uses, logs, old snapshots and backups.",
            "이 서버의 디스크를 비우세요. 쓰지 않는 이미지, 로그, 오래된 스냅샷과 백업부터 확인하세요.",
        ))
    };
    let numbers = numbers(&seen.summary, "/node/fs/availableBytes", "/node/fs/capacityBytes");
    let words = |en: &str, ko: &str| match numbers {
        Some((free, all)) => {
            let (free, all) = (gibibytes(free), gibibytes(all));
            Text::new(format!("{en}: {free} of {all} free"), format!("{ko}: {all} 중 {free} 남음"))
        }
        None => Text::new(en, ko),
    };
    if is_true(&seen.node, "DiskPressure") {
        let text = words("The disk is almost full, pods are being ended for it", "디스크가 거의 차서 파드를 내보내고 있습니다");
        return line("disk", Tone::Bad, text, fix());
    }
    if numbers.is_some_and(|(free, all)| free < all * LITTLE_DISK) {
        return line("disk", Tone::Warning, words("Little disk is left", "디스크가 얼마 남지 않았습니다"), fix());
    }
    line("disk", Tone::Good, words("Enough disk", "디스크 여유 있음"), None)
}

fn memory(seen: &Seen) -> Line {
    let fix = || {
        Some(Text::new(
            "Stop applications or workspaces that nobody uses, or give the machine more memory.",
            "쓰지 않는 앱이나 작업 공간을 멈추거나 서버의 메모리를 늘리세요.",
        ))
    };
    let free = seen.summary.pointer("/node/memory/availableBytes").and_then(Value::as_f64);
    let used = seen.summary.pointer("/node/memory/workingSetBytes").and_then(Value::as_f64);
    let words = |en: &str, ko: &str| match (free, used) {
        (Some(free), Some(used)) => {
            let (free, used) = (gibibytes(free), gibibytes(used));
            Text::new(format!("{en}: {used} used, {free} free"), format!("{ko}: {used} 사용, {free} 남음"))
        }
        _ => Text::new(en, ko),
    };
    if is_true(&seen.node, "MemoryPressure") {
        let text = words("Memory is almost used up, pods are being ended for it", "메모리가 부족해 파드를 내보내고 있습니다");
        return line("memory", Tone::Bad, text, fix());
    }
    let little = free.zip(used).is_some_and(|(free, used)| free < (free + used) * LITTLE_MEMORY);
    if little {
        return line("memory", Tone::Warning, words("Little memory is left", "메모리가 얼마 남지 않았습니다"), fix());
    }
    line("memory", Tone::Good, words("Enough memory", "메모리 여유 있음"), None)
}

fn numbers(value: &Value, one: &str, other: &str) -> Option<(f64, f64)> {
    Some((value.pointer(one)?.as_f64()?, value.pointer(other)?.as_f64()?))
}

fn gibibytes(bytes: f64) -> String {
    format!("{:.1} GiB", bytes / f64::from(1 << 30))
}

/// What the API server's own checks say that is not `ok`: `[-]etcd failed: reason withheld`.
fn of_checks(said: &str) -> Vec<Line> {
    let failed = said.lines().filter_map(|check| check.trim().strip_prefix("[-]"));
    let names = failed.map(|check| check.split_whitespace().next().unwrap_or(check).to_owned());
    names
        .map(|name| {
            let text = Text::new(
                format!("A part of the API server has trouble: {name}"),
                format!("API 서버의 구성 요소에 문제가 있습니다: {name}"),
            );
            line("part", Tone::Bad, text, None)
        })
        .collect()
}

/// What the node's log says of programs that ended and were started again, by program.
fn of_ended(log: &str) -> Vec<Line> {
    let mut ended: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
    for said in log.lines() {
        // `12:00:00.000 node: kubelet ended (exit 1), starts again in 200ms; its last words: ...`
        let Some((_, said)) = said.split_once(" node: ") else { continue };
        let Some((program, rest)) = said.split_once(" ended (") else { continue };
        let Some((_, words)) = rest.split_once("; its last words: ") else { continue };
        let entry = ended.entry(program).or_default();
        *entry = (entry.0 + 1, words);
    }
    ended
        .into_iter()
        .map(|(program, (times, words))| {
            let plural = if times == 1 { "once" } else { "several times" };
            let words = words.trim();
            let (en, ko) = if words.is_empty() {
                (String::new(), String::new())
            } else {
                (format!(" Its last words: {words}"), format!(" 마지막 로그: {words}"))
            };
            let text = Text::new(
                format!("{program} ended {plural} in the last hour ({times}) and was started again.{en}"),
                format!("{program}이(가) 최근 1시간 동안 {times}번 종료되어 다시 시작했습니다.{ko}"),
            );
            let fix = Text::new(
                "Once is no harm. Where it goes on, look for too little memory, a full disk or a wrong clock.",
                "한 번이면 괜찮습니다. 계속되면 메모리 부족, 디스크 가득 참, 시계 오류를 확인하세요.",
            );
            line("part", Tone::Warning, text, Some(fix))
        })
        .collect()
}

/// A span of seconds by its two largest units.
fn span(seconds: i64) -> Text {
    let minutes = seconds.max(0) / 60;
    let units = [(minutes / 1440, "day", "일"), (minutes / 60 % 24, "hour", "시간"), (minutes % 60, "minute", "분")];
    let told: Vec<_> = units.into_iter().skip_while(|(number, ..)| *number == 0).take(2).filter(|(number, ..)| *number > 0).collect();
    if told.is_empty() {
        return Text::new("less than a minute", "1분 미만");
    }
    let en = told.iter().map(|(number, en, _)| format!("{number} {en}{}", if *number == 1 { "" } else { "s" }));
    let ko = told.iter().map(|(number, _, ko)| format!("{number}{ko}"));
    Text::new(en.collect::<Vec<_>>().join(" "), ko.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(conditions: &[(&str, &str)], free_disk: f64, free_memory: f64) -> Seen {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(kind, status)| json!({"type": kind, "status": status, "message": "container runtime is down"}))
            .collect();
        let gib = f64::from(1 << 30);
        Seen {
            node: json!({"metadata": {"name": "maru"}, "status": {"conditions": conditions}}),
            summary: json!({"node": {
                "fs": {"availableBytes": free_disk * gib, "capacityBytes": 100.0 * gib},
                "memory": {"availableBytes": free_memory * gib, "workingSetBytes": 10.0 * gib}}}),
            started: Some(0),
        }
    }

    fn told(seen: &Seen) -> Vec<String> {
        let now = Timestamp::from_second(3 * 86_400 + 4 * 3600 + 120).unwrap();
        of_node(seen, now).iter().map(|line| format!("{} {:?}: {}", line.topic, line.tone, line.text.en)).collect()
    }

    #[test]
    fn a_node_that_is_well_says_so() {
        let well = seen(&[("Ready", "True"), ("DiskPressure", "False"), ("MemoryPressure", "False"), ("PIDPressure", "False")], 50.0, 6.0);
        assert_eq!(
            told(&well),
            [
                "ready Good: The node is ready",
                "disk Good: Enough disk: 50.0 GiB of 100.0 GiB free",
                "memory Good: Enough memory: 10.0 GiB used, 6.0 GiB free",
                "up Good: Up for 3 days 4 hours",
            ]
        );
    }

    #[test]
    fn each_trouble_is_told_with_what_to_do() {
        let ill = seen(&[("Ready", "False"), ("DiskPressure", "True"), ("MemoryPressure", "True"), ("PIDPressure", "True")], 1.0, 0.1);
        let lines = of_node(&ill, Timestamp::from_second(30).unwrap());
        let bad: Vec<&str> = lines.iter().filter(|line| line.tone == Tone::Bad && line.fix.is_some()).map(|line| line.topic).collect();
        assert_eq!(bad, ["ready", "disk", "memory", "processes"]);
        assert!(lines[0].text.en.contains("container runtime is down"));
        assert_eq!(lines.last().unwrap().text.ko, "켜진 지 1분 미만");
        let silent = told(&seen(&[("Ready", "Unknown")], 50.0, 6.0));
        assert!(silent[0].starts_with("ready Bad: The node has been silent"), "{silent:?}");
        assert!(told(&Seen::default())[0].starts_with("ready Warning"));
    }

    #[test]
    fn little_is_told_before_there_is_none() {
        let lines = told(&seen(&[("Ready", "True")], 8.0, 0.5));
        assert!(lines[1].starts_with("disk Warning: Little disk is left: 8.0 GiB"), "{lines:?}");
        assert!(lines[2].starts_with("memory Warning: Little memory is left"), "{lines:?}");
    }

    #[test]
    fn parts_that_fail_and_programs_that_ended_are_named() {
        let checks = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nreadyz check failed";
        assert_eq!(
            of_checks(checks).iter().map(|line| line.text.en.as_str()).collect::<Vec<_>>(),
            ["A part of the API server has trouble: etcd"]
        );
        assert_eq!(of_checks("ok"), []);
        let log = "12:00:00.000 node: ready\n\
                   12:00:01.000 node: kubelet ended (exit 1), starts again in 200ms; its last words: no space left\n\
                   12:00:02.000 node: kubelet ended (exit 1), starts again in 400ms; its last words: out of memory\n\
                   12:00:03.000 node: etcd ended (killed), starts again in 200ms; its last words: \n";
        let lines = of_ended(log);
        assert_eq!(
            lines.iter().map(|line| line.text.en.as_str()).collect::<Vec<_>>(),
            [
                "etcd ended once in the last hour (1) and was started again.",
                "kubelet ended several times in the last hour (2) and was started again. Its last words: out of memory",
            ]
        );
        assert!(lines.iter().all(|line| line.tone == Tone::Warning && line.text.ko.contains("다시 시작")));
    }

    #[test]
    fn spans_have_their_two_largest_units() {
        let words = |seconds| (span(seconds).en, span(seconds).ko);
        assert_eq!(words(59), ("less than a minute".to_owned(), "1분 미만".to_owned()));
        assert_eq!(words(3660), ("1 hour 1 minute".to_owned(), "1시간 1분".to_owned()));
        assert_eq!(words(2 * 86_400 + 60), ("2 days".to_owned(), "2일".to_owned()));
    }
}
