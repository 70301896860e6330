//! Waiting until everything applied is healthy, by watching; giving up early where waiting cannot help.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, LogParams};
use kube::{Api, Client};
use maru_manifest::{Diagnostic, Files, ObjectRef, find_object};
use maru_model::Text;
use serde_json::Value;

use crate::live::{Follower, Live};
use crate::model::{HealthState, ObjectHealth, text};
use crate::strategy::Paused;
use crate::trouble::Trouble;
use crate::{health, kinds, trouble};

/// After which a rollout is given up whatever it waits for.
const DEADLINE: Duration = Duration::from_secs(300);
const LOG_LINES: i64 = 12;
const ARGO_LOOKS_AGAIN: Duration = Duration::from_secs(10);
/// The code of a Rollout that was aborted.
pub(crate) const ABORTED: &str = "rollout_aborted";

/// How everything is at one moment.
pub(crate) struct Verdict {
    pub objects: Vec<ObjectHealth>,
    pub troubles: Vec<Trouble>,
    /// All that is not healthy yet stands still on purpose.
    pub paused: Option<Paused>,
    pub done: bool,
}

/// Pure: what `live` says about `wanted`.
pub(crate) fn judge(wanted: &[Value], live: &Live, now: jiff::Timestamp) -> Verdict {
    let mut objects: Vec<ObjectHealth> = wanted.iter().map(|object| health::of(object, live)).collect();
    let unhealthy = objects.iter().filter(|o| o.state != HealthState::Healthy).count();
    let mut troubles = Vec::new();
    let mut settling = false;
    for health in &mut objects {
        let (kind, name) = (health.object.kind.clone(), health.object.name.clone());
        if !kinds::WORKLOADS.contains(&kind.as_str()) {
            continue;
        }
        if health.state == HealthState::Healthy {
            if trouble::is_settling(&trouble::newest_pods(&kind, &name, live), now) {
                settling = true;
                health.state = HealthState::Progressing;
                health.message = Text::new("started; watching whether it stays up", "시작됨. 계속 실행되는지 지켜보는 중");
            }
            continue;
        }
        if health.state == HealthState::Degraded && health.strategy.as_ref().is_some_and(|strategy| strategy.aborted) {
            troubles.push(aborted(health));
            continue;
        }
        let found = trouble::of(&kind, &name, live, unhealthy == 1);
        if let Some(first) = found.first().filter(|_| health.state != HealthState::Paused) {
            health.message = first.message.clone();
        }
        if health.state == HealthState::Degraded && found.iter().all(|t| t.patience.is_none()) {
            let log = trouble::newest_pods(&kind, &name, live).first().and_then(|pod| first_container(pod));
            troubles.push(Trouble {
                code: "degraded",
                workload: format!("{kind} {name}"),
                message: health.message.clone(),
                fix: found.first().and_then(|t| t.fix.clone()),
                // Argo refuses what names an object that it has not seen yet, and looks again when it comes.
                patience: Some(if kind == "Rollout" { ARGO_LOOKS_AGAIN } else { Duration::ZERO }),
                log,
            });
        }
        troubles.extend(found);
    }
    let stands = objects.iter().all(|o| matches!(o.state, HealthState::Healthy | HealthState::Paused));
    let paused = objects.iter().find_map(|o| o.strategy.as_ref()?.paused.clone()).filter(|_| stands && unhealthy > 0);
    Verdict { done: unhealthy == 0 && !settling, objects, troubles, paused }
}

fn aborted(health: &ObjectHealth) -> Trouble {
    Trouble {
        code: ABORTED,
        workload: format!("{} {}", health.object.kind, health.object.name),
        message: health.message.clone(),
        fix: Some(Text::new(
            "Mend the new version and deploy again; to try the same one once more, roll out again",
            "새 버전을 고쳐 다시 배포하세요. 같은 버전을 다시 시도하려면 다시 롤아웃하세요",
        )),
        patience: Some(Duration::ZERO),
        log: None,
    }
}

fn first_container(pod: &Value) -> Option<(String, String, bool)> {
    Some((pod.pointer("/metadata/name")?.as_str()?.to_owned(), pod.pointer("/spec/containers/0/name")?.as_str()?.to_owned(), false))
}

/// Waits until all of `wanted` is healthy, and has been so for `steady`; `show` is told whenever something changed. The answer
/// on success is what was last seen.
///
/// # Errors
/// Why it will not become healthy.
pub(crate) async fn until_healthy(
    client: &Client,
    namespace: &str,
    wanted: &[Value],
    files: &Files,
    steady: Duration,
    mut show: impl FnMut(&[ObjectHealth], Option<&Paused>),
) -> Result<Live, Vec<Diagnostic>> {
    let with_rollouts = wanted.iter().any(|object| object["kind"] == "Rollout");
    let mut follower = Follower::new(client, namespace, with_rollouts);
    let mut began = Instant::now();
    let mut since: HashMap<(String, &'static str), Instant> = HashMap::new();
    let mut replaced: Vec<String> = Vec::new();
    let mut healthy_since = None;
    loop {
        if follower.is_complete() {
            let verdict = judge(wanted, &follower.live, jiff::Timestamp::now());
            show(&verdict.objects, verdict.paused.as_ref());
            // A pause may last for days.
            if verdict.paused.is_some() {
                began = Instant::now();
            }
            if !verdict.done {
                healthy_since = None;
            } else if healthy_since.get_or_insert_with(Instant::now).elapsed() >= steady {
                return Ok(follower.live);
            }
            since.retain(|(workload, code), _| verdict.troubles.iter().any(|t| &t.workload == workload && t.code == *code));
            for found in &verdict.troubles {
                since.entry((found.workload.clone(), found.code)).or_insert_with(Instant::now);
            }
            let hopeless: Vec<&Trouble> = verdict
                .troubles
                .iter()
                .filter(|t| t.patience.is_some_and(|patience| since[&(t.workload.clone(), t.code)].elapsed() >= patience))
                .collect();
            if !hopeless.is_empty() {
                return Err(give_up(client, namespace, files, &hopeless).await);
            }
            if began.elapsed() > DEADLINE {
                return Err(too_late(client, namespace, files, &verdict).await);
            }
            replace_stuck(client, namespace, &follower.live, &mut replaced).await;
        } else if began.elapsed() > DEADLINE {
            let message = Text::new("Kubernetes does not tell how the objects are", "Kubernetes 가 오브젝트 상태를 알려 주지 않습니다");
            return Err(vec![Diagnostic::error("cluster_silent", message)]);
        }
        // Several changes come together; looking once for all of them is enough.
        tokio::select! {
            change = follower.next() => {
                if let Err(error) = change {
                    tracing::debug!(namespace, %error, "watching a rollout");
                }
                let settle = tokio::time::sleep(Duration::from_millis(30));
                tokio::pin!(settle);
                loop {
                    tokio::select! {
                        () = &mut settle => break,
                        _ = follower.next() => {}
                    }
                }
            }
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

async fn give_up(client: &Client, namespace: &str, files: &Files, troubles: &[&Trouble]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for trouble in troubles {
        let diagnostic = explain(client, namespace, files, trouble).await;
        if !found.iter().any(|d| d.code == diagnostic.code && d.message == diagnostic.message) {
            found.push(diagnostic);
        }
    }
    found
}

async fn too_late(client: &Client, namespace: &str, files: &Files, verdict: &Verdict) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for trouble in &verdict.troubles {
        found.push(explain(client, namespace, files, trouble).await);
    }
    let seconds = DEADLINE.as_secs();
    for health in verdict.objects.iter().filter(|o| o.state != HealthState::Healthy) {
        let (kind, name) = (&health.object.kind, &health.object.name);
        if found.iter().any(|d: &Diagnostic| d.message.en.starts_with(&format!("{kind} {name}:"))) {
            continue;
        }
        let (en, ko) = (&health.message.en, &health.message.ko);
        let message = Text::new(
            format!("{kind} {name}: not healthy after {seconds} seconds: {en}"),
            format!("{kind} {name}: {seconds}초가 지나도 정상이 되지 않았습니다: {ko}"),
        );
        found.push(place(Diagnostic::error("rollout_deadline", message), &health.object, files));
    }
    found
}

async fn explain(client: &Client, namespace: &str, files: &Files, trouble: &Trouble) -> Diagnostic {
    let (en, ko) = (&trouble.message.en, &trouble.message.ko);
    let workload = &trouble.workload;
    let mut message = text!("{workload}: {en}", "{workload}: {ko}");
    if let Some((pod, container, previous)) = &trouble.log
        && let Some(lines) = last_lines(client, namespace, pod, container, *previous).await
    {
        message = Text::new(format!("{}\nIts last lines:\n{lines}", message.en), format!("{}\n마지막 로그:\n{lines}", message.ko));
    }
    let mut diagnostic = Diagnostic::error(trouble.code, message);
    diagnostic.fix.clone_from(&trouble.fix);
    let (kind, name) = workload.split_once(' ').unwrap_or((workload, ""));
    let object = ObjectRef { api_version: String::new(), kind: kind.to_owned(), name: name.to_owned(), namespace: String::new() };
    place(diagnostic, &object, files)
}

fn place(diagnostic: Diagnostic, object: &ObjectRef, files: &Files) -> Diagnostic {
    match find_object(files, &object.kind, &object.name, "metadata.name") {
        Some((file, mark)) => diagnostic.at(&file, mark),
        None => diagnostic,
    }
}

/// What a container last wrote; `None` where nothing can be had.
pub(crate) async fn last_lines(client: &Client, namespace: &str, pod: &str, container: &str, previous: bool) -> Option<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let params = LogParams { container: Some(container.to_owned()), tail_lines: Some(LOG_LINES), previous, ..LogParams::default() };
    let read = tokio::time::timeout(Duration::from_secs(5), pods.logs(pod, &params)).await;
    read.ok()?.ok().map(|text| text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

/// A StatefulSet does not replace a pod of the version before that never became ready (kubernetes#67250): it waits for it
/// forever. Such a pod is deleted once, as a person would.
async fn replace_stuck(client: &Client, namespace: &str, live: &Live, replaced: &mut Vec<String>) {
    for set in live.of_kind("StatefulSet") {
        let (uid, newest) = (&set["metadata"]["uid"], &set["status"]["updateRevision"]);
        let stuck = live.of_kind("Pod").filter(|pod| {
            let owned = pod.pointer("/metadata/ownerReferences/0/uid") == Some(uid);
            let old = pod.pointer("/metadata/labels/controller-revision-hash").is_some_and(|revision| revision != newest);
            owned && old && pod["metadata"]["deletionTimestamp"].is_null() && is_broken(pod)
        });
        for pod in stuck {
            let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            if replaced.iter().any(|done| done == uid) {
                continue;
            }
            replaced.push(uid.to_owned());
            let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
            match pods.delete(name, &DeleteParams::default()).await {
                Ok(_) => tracing::info!(namespace, pod = name, "replaced a broken pod of the version before"),
                Err(error) => tracing::warn!(namespace, pod = name, %error, "replacing a broken pod"),
            }
        }
    }
}

fn is_broken(pod: &Value) -> bool {
    let statuses = ["initContainerStatuses", "containerStatuses"].into_iter().filter_map(|list| pod["status"][list].as_array());
    statuses.flatten().any(|status| {
        let reason = status.pointer("/state/waiting/reason").and_then(Value::as_str).unwrap_or_default();
        ["ImagePullBackOff", "ErrImagePull", "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "InvalidImageName"]
            .contains(&reason)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict(phase: &str, more: &Value) -> Verdict {
        let wanted = [json!({"kind": "Service", "metadata": {"name": "web"}}), json!({"kind": "Rollout", "metadata": {"name": "web"}})];
        let mut rollout = json!({
            "kind": "Rollout", "metadata": {"name": "web", "uid": "r", "generation": 1},
            "spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}},
            "status": {"observedGeneration": "1", "phase": phase, "stableRS": "a", "currentPodHash": "b", "currentStepIndex": 1},
        });
        for (key, value) in more.as_object().unwrap() {
            rollout["status"][key] = value.clone();
        }
        let mut live = Live::default();
        live.put("Rollout", rollout);
        judge(&wanted, &live, jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_pause_is_neither_the_end_nor_a_trouble() {
        let found = verdict("Paused", &json!({"pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]}));
        assert!(!found.done && found.troubles.is_empty());
        assert_eq!(found.paused.unwrap().weight, Some(20));
        assert_eq!(found.objects[1].state, HealthState::Paused);
    }

    #[test]
    fn an_abort_ends_it_and_a_refusal_may_pass() {
        let aborted = verdict("Degraded", &json!({"abort": true, "message": "RolloutAborted"}));
        assert_eq!((aborted.troubles[0].code, aborted.troubles[0].patience), (ABORTED, Some(Duration::ZERO)));
        let refused = verdict("Degraded", &json!({"message": "InvalidSpec: ingress not found"}));
        assert_eq!((refused.troubles[0].code, refused.troubles[0].patience), ("degraded", Some(ARGO_LOOKS_AGAIN)));
        assert!(refused.paused.is_none());
    }

    #[test]
    fn a_rollout_that_is_through_is_done() {
        let found = verdict("Healthy", &json!({"stableRS": "b"}));
        assert!(found.done && found.paused.is_none());
    }
}
