//! What keeps a pod from its containers: it is not made, finds no node, or waits for a volume.

use maru_model::Text;
use serde_json::Value;

use super::{AT_ONCE, Trouble, newest, seconds, str};
use crate::health::condition;
use crate::live::Live;
use crate::model::text;

/// Pods that could not even be made: quota, Pod Security, service accounts.
pub(super) fn refused(workload: &str, kind: &str, object: &Value, live: &Live, found: &mut Vec<Trouble>) {
    let set = if matches!(kind, "Deployment" | "Rollout") { newest::set(object, live) } else { Some(object) };
    let Some(set) = set else { return };
    if let Some(failure) = condition(set, "ReplicaFailure", "True") {
        found.push(refusal(workload, failure["message"].as_str().unwrap_or_default()));
        return;
    }
    if matches!(kind, "Deployment" | "Rollout") || newest::pods(kind, str(object, "/metadata/name"), live).len() as i64 >= wanted(object) {
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

pub(super) fn scheduling(workload: &str, pod: &Value, found: &mut Vec<Trouble>) {
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

/// A pod that does not get as far as its containers because a volume is missing.
pub(super) fn volumes(workload: &str, pod: &Value, live: &Live, found: &mut Vec<Trouble>) {
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
