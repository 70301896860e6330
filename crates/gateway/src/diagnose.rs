//! Why no pod of a Service is ready: read from the pods' own status; for those who may know, with the last lines of their logs.
//!
//! Asked for only when a request fails, and bounded: few at a time, each answer kept for a moment, few pods, few lines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, Pod, Service};
use kube::Api;
use kube::api::{ListParams, LogParams};
use maru_model::Text;
use tokio::sync::Semaphore;

const AT_ONCE: usize = 4;
const KEEP: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(2);
const PODS: usize = 3;
const LOG_LINES: i64 = 20;
const LOG_BYTES: i64 = 4096;

/// What is known about the pods of a Service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Diagnosis {
    /// As `kubectl` takes it: `app=web,tier=front`.
    pub(crate) selector: String,
    /// At most [`PODS`]: the unready ones, and, where logs are asked for, those that are ready after them.
    pub(crate) pods: Vec<PodState>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodState {
    pub(crate) name: String,
    pub(crate) state: Text,
    pub(crate) hint: Option<Text>,
    pub(crate) log: Option<String>,
    /// The container to read the log of, and whether of its run before.
    source: Option<(String, bool)>,
}

type Recent = HashMap<(String, String, bool), (Instant, Arc<Diagnosis>)>;

pub(crate) struct Diagnoser {
    client: kube::Client,
    at_once: Semaphore,
    recent: Mutex<Recent>,
}

impl std::fmt::Debug for Diagnoser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnoser").finish_non_exhaustive()
    }
}

impl Diagnoser {
    pub(crate) fn new(client: kube::Client) -> Self {
        Self { client, at_once: Semaphore::new(AT_ONCE), recent: Mutex::default() }
    }

    /// None where the cluster does not tell in time: the page goes without.
    pub(crate) async fn of(&self, namespace: &str, service: &str, logs: bool) -> Option<Arc<Diagnosis>> {
        let key = (namespace.to_owned(), service.to_owned(), logs);
        if let Some(known) = self.known(&key) {
            return Some(known);
        }
        let read = async {
            let _permit = self.at_once.acquire().await.ok()?;
            // Whoever was in front may have asked the same.
            if let Some(known) = self.known(&key) {
                return Some(known);
            }
            match self.read(namespace, service, logs).await {
                Ok(diagnosis) => Some(self.remember(key.clone(), diagnosis)),
                Err(error) => {
                    tracing::debug!(%error, namespace, service, "pods can't be read for a page in words");
                    None
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.ok().flatten()
    }

    fn known(&self, key: &(String, String, bool)) -> Option<Arc<Diagnosis>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.get(key).filter(|(when, _)| when.elapsed() < KEEP).map(|(_, d)| Arc::clone(d))
    }

    fn remember(&self, key: (String, String, bool), diagnosis: Diagnosis) -> Arc<Diagnosis> {
        let diagnosis = Arc::new(diagnosis);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, (when, _)| when.elapsed() < KEEP);
        recent.insert(key, (Instant::now(), Arc::clone(&diagnosis)));
        diagnosis
    }

    async fn read(&self, namespace: &str, service: &str, logs: bool) -> kube::Result<Diagnosis> {
        let Some(service) = Api::<Service>::namespaced(self.client.clone(), namespace).get_opt(service).await? else {
            return Ok(Diagnosis::default());
        };
        let selector = service.spec.and_then(|s| s.selector).unwrap_or_default();
        let selector = selector.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",");
        if selector.is_empty() {
            return Ok(Diagnosis::default());
        }
        let api = Api::<Pod>::namespaced(self.client.clone(), namespace);
        let pods = api.list(&ListParams::default().labels(&selector).limit(50)).await?;
        let mut states: Vec<PodState> = pods.items.iter().filter_map(explain).take(PODS).collect();
        if logs {
            states.extend(pods.items.iter().filter(|pod| is_ready(pod)).filter_map(running).take(PODS - states.len()));
            for state in &mut states {
                let Some((container, previous)) = state.source.clone() else { continue };
                let params = LogParams {
                    container: Some(container),
                    previous,
                    tail_lines: Some(LOG_LINES),
                    limit_bytes: Some(LOG_BYTES),
                    ..LogParams::default()
                };
                state.log = api.logs(&state.name, &params).await.ok().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty());
            }
        }
        Ok(Diagnosis { selector, pods: states })
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

/// A pod that is ready, for the sake of its log.
fn running(pod: &Pod) -> Option<PodState> {
    let container = pod.spec.as_ref()?.containers.first()?.name.clone();
    let state = Text::new("is ready", "준비됨");
    Some(PodState { name: pod.metadata.name.clone()?, state, hint: None, log: None, source: Some((container, false)) })
}

/// What keeps a pod from being ready; none if it is.
fn explain(pod: &Pod) -> Option<PodState> {
    let name = pod.metadata.name.clone()?;
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.as_deref().unwrap_or_default();
    if is_ready(pod) {
        return None;
    }
    let make = |state, hint, source| Some(PodState { name: name.clone(), state, hint, log: None, source });
    if pod.metadata.deletion_timestamp.is_some() {
        return make(Text::new("is being ended", "종료되는 중"), None, None);
    }
    if let Some(c) = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False") {
        let message = c.message.as_deref().unwrap_or("");
        return make(
            Text::new(format!("has no place on the node: {message}"), format!("배치될 자리가 없음: {message}")),
            Some(Text::new(
                "Ask for less memory and CPU in resources.requests, or stop pods that are not needed.",
                "resources.requests의 메모리와 CPU를 줄이거나, 필요 없는 파드를 멈추세요.",
            )),
            None,
        );
    }
    let containers = status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten());
    for container in containers {
        let Some(state) = &container.state else { continue };
        let before = container.last_state.as_ref().and_then(|s| s.terminated.as_ref());
        if let Some(waiting) = &state.waiting {
            let (text, hint) = explain_waiting(container, waiting, before);
            return make(text, hint, before.map(|_| (container.name.clone(), true)));
        }
        if let Some(ended) = state.terminated.as_ref().filter(|t| t.exit_code != 0) {
            let (text, hint) = explain_end(ended);
            return make(text, hint, Some((container.name.clone(), false)));
        }
        if state.running.is_some() && !container.ready && container.started != Some(false) {
            return make(
                Text::new(
                    format!("runs, but its readiness probe does not pass ({})", container.name),
                    format!("실행 중이지만 readinessProbe를 통과하지 못함({})", container.name),
                ),
                Some(Text::new(
                    "Try the probe's path and port by hand: `kubectl exec` into the pod, or `kubectl port-forward`.",
                    "probe의 경로와 포트를 직접 확인해 보세요. `kubectl exec`나 `kubectl port-forward`를 쓸 수 있습니다.",
                )),
                Some((container.name.clone(), false)),
            );
        }
    }
    make(Text::new("is starting", "시작하는 중"), None, None)
}

fn explain_waiting(
    container: &ContainerStatus,
    waiting: &ContainerStateWaiting,
    before: Option<&ContainerStateTerminated>,
) -> (Text, Option<Text>) {
    let message = waiting.message.as_deref().unwrap_or("");
    match (waiting.reason.as_deref().unwrap_or(""), before) {
        ("ContainerCreating" | "PodInitializing" | "", None) => (Text::new("is starting", "시작하는 중"), None),
        ("ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull", _) => (
            Text::new(
                format!("its image {} can't be pulled: {message}", container.image),
                format!("이미지 {}을(를) 가져올 수 없음: {message}", container.image),
            ),
            Some(Text::new(
                "Compare the image's name and tag with your image repositories; build it if it was never built.",
                "이미지 이름과 태그를 이미지 저장소와 비교하세요. 아직 빌드하지 않았다면 빌드하세요.",
            )),
        ),
        ("CreateContainerConfigError", _) => (
            Text::new(format!("its configuration is missing: {message}"), format!("설정이 없음: {message}")),
            Some(Text::new(
                "Make the ConfigMap or Secret that it names, with that key.",
                "여기 적힌 ConfigMap이나 Secret을 그 key와 함께 만드세요.",
            )),
        ),
        (reason, Some(before)) => {
            let (end, hint) = explain_end(before);
            let n = container.restart_count;
            (
                Text::new(
                    format!("{}; it was started again {n} times ({reason})", end.en),
                    format!("{}, {n}번 다시 시작함({reason})", end.ko),
                ),
                hint,
            )
        }
        (reason, None) => (Text::verbatim(format!("{reason}: {message}")), None),
    }
}

fn explain_end(end: &ContainerStateTerminated) -> (Text, Option<Text>) {
    let code = end.exit_code;
    if end.reason.as_deref() == Some("OOMKilled") {
        return (
            Text::new("needed more memory than its limit and was ended (OOMKilled)", "메모리 제한을 넘어서 종료됨(OOMKilled)"),
            Some(Text::new(
                "Raise resources.limits.memory, or let the program use less.",
                "resources.limits.memory를 늘리거나 프로그램의 메모리 사용을 줄이세요.",
            )),
        );
    }
    let hint = match code {
        126 | 127 => Some(Text::new(
            "The command was not found or may not be run: look at CMD in the Dockerfile, and at command in the manifest.",
            "명령을 찾을 수 없거나 실행할 수 없습니다. Dockerfile의 CMD와 매니페스트의 command를 확인하세요.",
        )),
        0 => Some(Text::new(
            "The program ended by itself: a server has to stay in the foreground.",
            "프로그램이 스스로 끝났습니다. 서버는 포그라운드에서 계속 실행되어야 합니다.",
        )),
        _ => Some(Text::new("The last lines of its log say why.", "로그의 마지막 줄에 이유가 나옵니다.")),
    };
    (Text::new(format!("ended with code {code}"), format!("종료 코드 {code}")), hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state(status: serde_json::Value) -> Option<(String, bool)> {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "web-0"}, "status": status})).unwrap();
        explain(&pod).map(|p| (p.state.en, p.source.is_some()))
    }

    fn container(state: serde_json::Value, last: serde_json::Value) -> serde_json::Value {
        let c = json!({"name": "web", "image": "registry.localhost/a/web:1", "imageID": "", "ready": false, "started": true,
            "restartCount": 4, "state": state, "lastState": last});
        json!({"containerStatuses": [c]})
    }

    #[test]
    fn each_reason_in_words() {
        assert_eq!(state(json!({"conditions": [{"type": "Ready", "status": "True"}]})), None);
        let unscheduled =
            json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient memory."}]});
        assert_eq!(state(unscheduled).unwrap().0, "has no place on the node: 0/1 nodes: Insufficient memory.");
        let crash = container(
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}),
            json!({"terminated": {"exitCode": 1, "reason": "Error"}}),
        );
        assert_eq!(state(crash).unwrap(), ("ended with code 1; it was started again 4 times (CrashLoopBackOff)".into(), true));
        let oom =
            container(json!({"waiting": {"reason": "CrashLoopBackOff"}}), json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}));
        assert!(state(oom).unwrap().0.contains("more memory than its limit"));
        let pull = container(json!({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}), json!({}));
        assert_eq!(state(pull).unwrap(), ("its image registry.localhost/a/web:1 can't be pulled: not found".into(), false));
        let probe = container(json!({"running": {}}), json!({}));
        assert_eq!(state(probe).unwrap(), ("runs, but its readiness probe does not pass (web)".into(), true));
        let starting = container(json!({"waiting": {"reason": "ContainerCreating"}}), json!({}));
        assert_eq!(state(starting).unwrap().0, "is starting");
    }
}
