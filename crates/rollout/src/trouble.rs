//! Why a workload does not become healthy, in a beginner's words: read off the states of its pods, its own conditions and the
//! namespace's events. What cannot get better by waiting is known at once, long before a deadline.

use std::time::Duration;

use maru_model::Text;
use serde_json::Value;

use crate::health::condition;
use crate::live::Live;
use crate::model::text;

/// Something that keeps a workload from being healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Stable; also what is remembered to tell a passing trouble from one that stays.
    pub code: &'static str,
    /// `Deployment web`
    pub workload: String,
    pub message: Text,
    pub fix: Option<Text>,
    /// How long it may last before the rollout gives up; `None`: it is only worth showing.
    pub patience: Option<Duration>,
    /// Whose log says more: pod, container, and whether it is the previous run's.
    pub log: Option<(String, String, bool)>,
}

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

fn seconds(s: u64) -> Option<Duration> {
    Some(Duration::from_secs(s))
}

fn str<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn owned_by(object: &Value, uid: &str) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["uid"] == uid)
}

/// The pods of the newest version of a workload.
pub(crate) fn newest_pods<'a>(kind: &str, name: &str, live: &'a Live) -> Vec<&'a Value> {
    let Some(workload) = live.get(kind, name) else { return Vec::new() };
    let uid = str(workload, "/metadata/uid");
    match kind {
        "Pod" => vec![workload],
        "Deployment" | "Rollout" => {
            let newest = newest_set(workload, live);
            let uid = newest.map_or("", |set| str(set, "/metadata/uid"));
            live.of_kind("Pod").filter(|pod| owned_by(pod, uid)).collect()
        }
        "StatefulSet" => {
            let revision = str(workload, "/status/updateRevision");
            let is_new = |pod: &&Value| revision.is_empty() || str(pod, "/metadata/labels/controller-revision-hash") == revision;
            live.of_kind("Pod").filter(|pod| owned_by(pod, uid)).filter(is_new).collect()
        }
        _ => live.of_kind("Pod").filter(|pod| owned_by(pod, uid)).collect(),
    }
}

/// The ReplicaSet of a Deployment's newest revision.
fn newest_set<'a>(deployment: &Value, live: &'a Live) -> Option<&'a Value> {
    let uid = str(deployment, "/metadata/uid");
    let revision = |set: &Value| {
        let annotations = &set["metadata"]["annotations"];
        ["deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"]
            .iter()
            .find_map(|key| annotations[*key].as_str()?.parse::<i64>().ok())
            .unwrap_or(0)
    };
    live.of_kind("ReplicaSet").filter(|set| owned_by(set, uid)).max_by_key(|set| revision(set))
}

/// All troubles of one workload. `alone`: everything else is healthy, so that it waits for nobody.
pub(crate) fn of(kind: &str, name: &str, live: &Live, alone: bool) -> Vec<Trouble> {
    let mut found = Vec::new();
    let workload = format!("{kind} {name}");
    if let Some(object) = live.get(kind, name) {
        refused(&workload, kind, object, live, &mut found);
    }
    for pod in newest_pods(kind, name, live) {
        if pod.pointer("/metadata/deletionTimestamp").is_none() {
            scheduling(&workload, pod, &mut found);
            containers(&workload, pod, live, alone, &mut found);
        }
    }
    found
}

/// Pods that could not even be made: quota, Pod Security, service accounts.
fn refused(workload: &str, kind: &str, object: &Value, live: &Live, found: &mut Vec<Trouble>) {
    let set = if kind == "Deployment" { newest_set(object, live) } else { Some(object) };
    let Some(set) = set else { return };
    if let Some(failure) = condition(set, "ReplicaFailure", "True") {
        found.push(refusal(workload, failure["message"].as_str().unwrap_or_default()));
        return;
    }
    if kind == "Deployment" || newest_pods(kind, str(object, "/metadata/name"), live).len() as i64 >= wanted(object) {
        return;
    }
    // StatefulSets and Jobs have no such condition; only events say it.
    let uid = str(object, "/metadata/uid");
    let event = live.of_kind("Event").filter(|e| e["reason"] == "FailedCreate" && str(e, "/involvedObject/uid") == uid).last();
    if let Some(event) = event {
        found.push(refusal(workload, event["message"].as_str().unwrap_or_default()));
    }
}

fn wanted(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

fn refusal(workload: &str, said: &str) -> Trouble {
    let workload = workload.to_owned();
    if said.contains("exceeded quota") {
        return Trouble {
            code: "quota_exceeded",
            message: text!(
                "Your quota is used up, so no pod can be added: {said}",
                "할당량을 모두 사용하여 파드를 추가할 수 없습니다: {said}"
            ),
            fix: Some(Text::new(
                "Ask for fewer replicas or smaller `resources`, or remove what you no longer need",
                "`replicas` 를 줄이거나 `resources` 를 작게 하거나, 필요 없는 것을 지우세요",
            )),
            // A pod of the version before may be about to go.
            patience: seconds(15),
            workload,
            log: None,
        };
    }
    if said.contains("violates PodSecurity") {
        return Trouble {
            code: "pod_security",
            message: text!("Kubernetes does not allow this pod: {said}", "Kubernetes 가 이 파드를 허용하지 않습니다: {said}"),
            fix: Some(Text::new("Remove the setting that it names", "메시지에 나온 설정을 지우세요")),
            patience: AT_ONCE,
            workload,
            log: None,
        };
    }
    Trouble {
        code: "pod_refused",
        message: text!("Kubernetes could not make the pod: {said}", "Kubernetes 가 파드를 만들지 못했습니다: {said}"),
        fix: None,
        patience: seconds(15),
        workload,
        log: None,
    }
}

fn scheduling(workload: &str, pod: &Value, found: &mut Vec<Trouble>) {
    let Some(waiting) = condition(pod, "PodScheduled", "False").filter(|c| c["reason"] == "Unschedulable") else { return };
    let said = waiting["message"].as_str().unwrap_or_default();
    let (message, fix) = if said.contains("Insufficient") {
        (
            text!("The cluster has no room for this pod: {said}", "클러스터에 이 파드를 위한 자리가 없습니다: {said}"),
            Some(Text::new(
                "Ask for less in `resources.requests`, or for fewer replicas",
                "`resources.requests` 나 `replicas` 를 줄이세요",
            )),
        )
    } else if said.contains("PersistentVolumeClaim") || said.contains("persistentvolumeclaim") {
        (text!("The pod waits for its volume: {said}", "파드가 볼륨을 기다립니다: {said}"), None)
    } else {
        (
            text!("No node may take this pod: {said}", "이 파드를 받을 수 있는 노드가 없습니다: {said}"),
            Some(Text::new("Remove `nodeSelector`, `affinity` and `nodeName`", "`nodeSelector`, `affinity`, `nodeName` 을 지우세요")),
        )
    };
    found.push(Trouble { code: "unschedulable", workload: workload.to_owned(), message, fix, patience: seconds(20), log: None });
}

fn containers(workload: &str, pod: &Value, live: &Live, alone: bool, found: &mut Vec<Trouble>) {
    for list in ["initContainerStatuses", "containerStatuses"] {
        for status in pod.pointer(&format!("/status/{list}")).and_then(Value::as_array).into_iter().flatten() {
            container(workload, pod, status, live, alone, found);
        }
    }
    volumes(workload, pod, live, found);
}

fn container(workload: &str, pod: &Value, status: &Value, live: &Live, alone: bool, found: &mut Vec<Trouble>) {
    let name = str(status, "/name");
    let waiting = str(status, "/state/waiting/reason");
    let said = str(status, "/state/waiting/message");
    let pod_name = str(pod, "/metadata/name").to_owned();
    let mut say = |code, message, fix, patience, log| {
        found.push(Trouble { code, workload: workload.to_owned(), message, fix, patience, log });
    };
    match waiting {
        "ErrImagePull" | "ImagePullBackOff" => {
            let image = container_image(pod, name).unwrap_or_else(|| str(status, "/image").to_owned());
            let gone = ["not found", "NotFound", "manifest unknown", "denied", "unauthorized", "no such host", "insufficient_scope"];
            let certain = gone.iter().any(|word| said.contains(word));
            let fix = if image.starts_with("registry.localhost/") {
                Text::new(
                    "Check the name; build the image first (Deploy does it), or pick a version that exists",
                    "이름을 확인하고 먼저 이미지를 빌드하거나(배포가 해 줍니다) 있는 버전을 쓰세요",
                )
            } else {
                Text::new(
                    "Images come from the class registry: `registry.localhost/LOGIN/REPOSITORY` or `registry.localhost/base/NAME`",
                    "이미지는 수업 레지스트리에서 옵니다: `registry.localhost/로그인/저장소` 또는 `registry.localhost/base/이름`",
                )
            };
            say(
                "image_pull",
                text!("The image `{image}` cannot be pulled: {said}", "이미지 `{image}` 을(를) 받을 수 없습니다: {said}"),
                Some(fix),
                if certain { seconds(2) } else { seconds(30) },
                None,
            );
        }
        "InvalidImageName" => {
            let image = container_image(pod, name).unwrap_or_default();
            let fix =
                Text::new("An image is written `host/name:version`, in lowercase", "이미지는 소문자로 `호스트/이름:버전` 처럼 씁니다");
            say(
                "image_name",
                text!("`{image}` is not the name of an image", "`{image}` 은(는) 이미지 이름이 아닙니다"),
                Some(fix),
                AT_ONCE,
                None,
            );
        }
        "CreateContainerConfigError" => {
            let fix = Text::new(
                "Add what is missing, or enter the Secret on the app page",
                "없는 것을 추가하거나 앱 페이지에서 Secret 을 입력하세요",
            );
            let certain = said.contains("not found") || said.contains("couldn't find key");
            say(
                "container_config",
                text!("The container `{name}` cannot be set up: {said}", "컨테이너 `{name}` 을(를) 준비할 수 없습니다: {said}"),
                Some(fix),
                if certain { seconds(3) } else { seconds(30) },
                None,
            );
        }
        "CreateContainerError" | "RunContainerError" => {
            say(
                "container_start",
                text!("The container `{name}` cannot be started: {said}", "컨테이너 `{name}` 을(를) 시작할 수 없습니다: {said}"),
                None,
                seconds(10),
                None,
            );
        }
        _ => crashed(pod, status, alone, &pod_name, &mut say),
    }
    if waiting.is_empty() && status["ready"] == false && status.pointer("/state/running").is_some() {
        probe(pod, name, live, &pod_name, &mut say);
    }
}

type Say<'a> = dyn FnMut(&'static str, Text, Option<Text>, Option<Duration>, Option<(String, String, bool)>) + 'a;

/// A program that ends. It may be waiting for another part of the application that is not up yet, so it gets more tries while
/// something else is not healthy.
fn crashed(pod: &Value, status: &Value, alone: bool, pod_name: &str, say: &mut Say<'_>) {
    let name = str(status, "/name");
    let restarts = status["restartCount"].as_i64().unwrap_or(0);
    let (ended, previous) = match (status.pointer("/state/terminated"), status.pointer("/lastState/terminated")) {
        (Some(ended), _) => (ended, false),
        (None, Some(ended)) => (ended, true),
        (None, None) => return,
    };
    let is_job = str(pod, "/spec/restartPolicy") != "Always";
    let code = ended["exitCode"].as_i64().unwrap_or(0);
    if is_job && code == 0 {
        return;
    }
    // The log of a run that ended and of none since is the container's newest; once it runs again, the one before.
    let running = status.pointer("/state/running").is_some();
    let log = Some((pod_name.to_owned(), name.to_owned(), previous && running));
    let enough = if alone { restarts >= 2 } else { restarts >= 5 };
    let patience = (enough && !running).then_some(Duration::ZERO);
    if ended["reason"] == "OOMKilled" {
        let fix = Text::new(
            "Raise `resources.limits.memory`, or make the program use less",
            "`resources.limits.memory` 를 늘리거나 프로그램의 메모리 사용을 줄이세요",
        );
        say(
            "out_of_memory",
            text!(
                "The program in `{name}` needs more memory than its limit and was ended ({restarts} restarts)",
                "`{name}` 의 프로그램이 메모리 한도를 넘어 종료되었습니다 (재시작 {restarts}회)"
            ),
            Some(fix),
            patience,
            log,
        );
        return;
    }
    let (message, fix) = if code == 0 {
        (
            text!(
                "The program in `{name}` ends at once without an error; a server has to keep running ({restarts} restarts)",
                "`{name}` 의 프로그램이 오류 없이 바로 끝납니다. 서버는 계속 실행되어야 합니다 (재시작 {restarts}회)"
            ),
            Text::new(
                "Start the server in the foreground in the Dockerfile's CMD",
                "Dockerfile 의 CMD 에서 서버를 포그라운드로 실행하세요",
            ),
        )
    } else {
        (
            text!(
                "The program in `{name}` ends with code {code} ({restarts} restarts)",
                "`{name}` 의 프로그램이 코드 {code} 로 끝납니다 (재시작 {restarts}회)"
            ),
            match code {
                126 => Text::new(
                    "The command is not executable: `chmod +x`, or name the interpreter",
                    "실행할 수 없는 명령입니다. `chmod +x` 하거나 인터프리터를 지정하세요",
                ),
                127 => Text::new(
                    "The command does not exist in the image: check CMD and `command:`",
                    "이미지에 없는 명령입니다. CMD 와 `command:` 를 확인하세요",
                ),
                137 => Text::new(
                    "It was killed: by a failing liveness probe, or for its memory",
                    "강제 종료되었습니다. liveness 프로브 실패나 메모리를 확인하세요",
                ),
                _ => Text::new(
                    "Its last lines say why; run the same command in the terminal to try it",
                    "마지막 로그에 이유가 있습니다. 터미널에서 같은 명령을 실행해 보세요",
                ),
            },
        )
    };
    say("crash_loop", message, Some(fix), patience, log);
}

/// It runs and is not ready: what the probe says.
fn probe(pod: &Value, container: &str, live: &Live, pod_name: &str, say: &mut Say<'_>) {
    let uid = str(pod, "/metadata/uid");
    let path = format!("{{{container}}}");
    let event = live
        .of_kind("Event")
        .filter(|e| {
            e["reason"] == "Unhealthy" && str(e, "/involvedObject/uid") == uid && str(e, "/involvedObject/fieldPath").contains(&path)
        })
        .max_by_key(|e| (str(e, "/lastTimestamp").to_owned(), str(e, "/eventTime").to_owned()));
    if let Some(event) = event {
        let said = str(event, "/message");
        say(
            "probe_failing",
            text!("`{container}` runs, but is not ready: {said}", "`{container}` 은(는) 실행 중이지만 준비되지 않았습니다: {said}"),
            Some(Text::new(
                "Check that the program listens on 0.0.0.0 and on the probe's port, and that the probe's path answers",
                "프로그램이 0.0.0.0 의 프로브 포트에서 듣는지, 프로브 경로가 응답하는지 확인하세요",
            )),
            None,
            Some((pod_name.to_owned(), container.to_owned(), false)),
        );
    }
}

/// A pod that does not get as far as its containers because a volume is missing.
fn volumes(workload: &str, pod: &Value, live: &Live, found: &mut Vec<Trouble>) {
    if str(pod, "/status/phase") != "Pending" {
        return;
    }
    let uid = str(pod, "/metadata/uid");
    let event = live.of_kind("Event").filter(|e| e["reason"] == "FailedMount" && str(e, "/involvedObject/uid") == uid).last();
    let Some(event) = event else { return };
    let said = str(event, "/message");
    if said.contains("not found") {
        found.push(Trouble {
            code: "volume_missing",
            workload: workload.to_owned(),
            message: text!("A volume cannot be mounted: {said}", "볼륨을 마운트할 수 없습니다: {said}"),
            fix: Some(Text::new("Add the ConfigMap or Secret that it names", "메시지에 나온 ConfigMap 또는 Secret 을 추가하세요")),
            patience: seconds(10),
            log: None,
        });
    }
}

fn container_image(pod: &Value, name: &str) -> Option<String> {
    ["initContainers", "containers"].iter().find_map(|list| {
        let containers = pod.pointer(&format!("/spec/{list}"))?.as_array()?;
        Some(containers.iter().find(|c| c["name"] == name)?["image"].as_str()?.to_owned())
    })
}

/// Containers without a readiness probe count as ready the moment they start; so long, in seconds, is watched whether they
/// stay up.
const SETTLE_SECONDS: i64 = 2;

/// True while a container of these pods has only just started and nothing but its staying up says that it works.
pub(crate) fn is_settling(pods: &[&Value], now: jiff::Timestamp) -> bool {
    pods.iter().any(|pod| {
        let specs = pod.pointer("/spec/containers").and_then(Value::as_array);
        let probed = |name: &Value| {
            specs.into_iter().flatten().any(|c| &c["name"] == name && c.get("readinessProbe").is_some_and(|probe| !probe.is_null()))
        };
        let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
        statuses.into_iter().flatten().filter(|status| !probed(&status["name"])).any(|status| {
            let started = str(status, "/state/running/startedAt").parse::<jiff::Timestamp>();
            started.is_ok_and(|started| now.as_second() - started.as_second() < SETTLE_SECONDS)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live(status: Value) -> Live {
        let mut live = Live::default();
        live.put("Deployment", json!({"metadata": {"name": "web", "uid": "d"}, "spec": {"replicas": 1}}));
        let owner = |uid: &str| json!([{ "uid": uid }]);
        live.put("ReplicaSet", json!({"metadata": {"name": "web-1", "uid": "r1", "ownerReferences": owner("d"), "annotations": {"deployment.kubernetes.io/revision": "1"}}}));
        live.put("ReplicaSet", json!({"metadata": {"name": "web-2", "uid": "r2", "ownerReferences": owner("d"), "annotations": {"deployment.kubernetes.io/revision": "2"}}}));
        live.put("Pod", json!({"metadata": {"name": "web-1-a", "uid": "p1", "ownerReferences": owner("r1")}, "status": {"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}));
        live.put("Pod", json!({"metadata": {"name": "web-2-a", "uid": "p2", "ownerReferences": owner("r2")},
            "spec": {"restartPolicy": "Always", "containers": [{"name": "web", "image": "registry.localhost/mina/web"}]}, "status": status}));
        live
    }

    #[test]
    fn only_the_newest_pods_count() {
        let live = live(json!({"containerStatuses": [{"name": "web", "ready": true, "state": {"running": {}}}]}));
        assert_eq!(of("Deployment", "web", &live, true), []);
    }

    #[test]
    fn a_missing_image_is_known_at_once() {
        let live = live(
            json!({"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ErrImagePull", "message": "web: not found"}}}]}),
        );
        let found = of("Deployment", "web", &live, false);
        assert_eq!(found[0].code, "image_pull");
        assert!(found[0].patience <= seconds(2));
        assert!(found[0].message.en.contains("registry.localhost/mina/web"));
    }

    #[test]
    fn a_crash_is_forgiven_while_others_are_not_up() {
        let status = json!({"containerStatuses": [{"name": "web", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]});
        let live = live(status);
        assert_eq!(of("Deployment", "web", &live, false)[0].patience, None);
        let found = &of("Deployment", "web", &live, true)[0];
        assert_eq!((found.code, found.patience), ("crash_loop", AT_ONCE));
        assert_eq!(found.log, Some(("web-2-a".into(), "web".into(), false)));
    }

    #[test]
    fn containers_without_a_probe_settle() {
        let now: jiff::Timestamp = "2026-01-01T00:00:01Z".parse().unwrap_or_default();
        let running = json!({"spec": {"containers": [{"name": "web"}]}, "status": {"containerStatuses": [{"name": "web", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}});
        assert!(is_settling(&[&running], now));
        let probed = json!({"spec": {"containers": [{"name": "web", "readinessProbe": {}}]}, "status": running["status"]});
        assert!(!is_settling(&[&probed], now));
    }
}
