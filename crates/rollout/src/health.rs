//! Whether an object is what it is asked to be, by the rules of its kind.

use maru_model::Text;
use serde_json::Value;

use crate::asleep;
use crate::live::Live;
use crate::model::{HealthState, ObjectHealth, reference, text};
use crate::strategy::{self, Strategy};

fn int(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

fn str<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// The condition of this type, where its status is True (or `status`).
pub(crate) fn condition<'a>(object: &'a Value, kind: &str, status: &str) -> Option<&'a Value> {
    object.pointer("/status/conditions")?.as_array()?.iter().find(|c| c["type"] == kind && c["status"] == status)
}

/// How `wanted`, an applied object, stands in `live`.
pub(crate) fn of(wanted: &Value, live: &Live) -> ObjectHealth {
    let object = reference(wanted);
    let waits = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod", "PersistentVolumeClaim", "Rollout"];
    if !waits.contains(&object.kind.as_str()) {
        return ObjectHealth {
            object,
            state: HealthState::Healthy,
            message: Text::new("in place", "적용됨"),
            ready: None,
            wanted: None,
            strategy: None,
        };
    }
    let Some(now) = live.get(&object.kind, &object.name) else {
        let message = Text::new("not there yet", "아직 없음");
        return ObjectHealth { object, state: HealthState::Progressing, message, ready: None, wanted: None, strategy: None };
    };
    let found = match object.kind.as_str() {
        "Deployment" => deployment(now),
        "StatefulSet" => stateful_set(now),
        "DaemonSet" => daemon_set(now),
        "ReplicaSet" => replica_set(now),
        "Job" => job(now),
        "Pod" => pod(now),
        "Rollout" => rollout(now),
        _ => claim(now, live),
    };
    let (state, message, counts) = match asleep::replicas(now) {
        // Without counts: that none of none is ready says nothing.
        Some(_) => (HealthState::Healthy, asleep::words(now), None),
        None => found,
    };
    ObjectHealth { object, state, message, ready: counts.map(|c| c.0), wanted: counts.map(|c| c.1), strategy: Strategy::read(now) }
}

type Found = (HealthState, Text, Option<(i64, i64)>);

fn healthy(ready: i64, wanted: i64) -> Found {
    (HealthState::Healthy, text!("{ready} of {wanted} ready", "{wanted}개 중 {ready}개 준비됨"), Some((ready, wanted)))
}

fn progressing(message: Text, ready: i64, wanted: i64) -> Found {
    (HealthState::Progressing, message, Some((ready, wanted)))
}

fn counted(ready: i64, wanted: i64) -> Text {
    text!("{ready} of {wanted} ready", "{wanted}개 중 {ready}개 준비됨")
}

/// The controller has not looked at the newest version of the object.
fn unseen(object: &Value) -> bool {
    int(object, "/status/observedGeneration").unwrap_or(0) < int(object, "/metadata/generation").unwrap_or(0)
}

fn deployment(object: &Value) -> Found {
    let wanted = int(object, "/spec/replicas").unwrap_or(1);
    let count = |field: &str| int(object, &format!("/status/{field}")).unwrap_or(0);
    let (updated, total, available) = (count("updatedReplicas"), count("replicas"), count("availableReplicas"));
    let ready = available.min(updated);
    if unseen(object) {
        return progressing(Text::new("noticed", "확인 중"), ready, wanted);
    }
    if condition(object, "Progressing", "False").is_some_and(|c| c["reason"] == "ProgressDeadlineExceeded") {
        let message = Text::new("no progress within the deadline", "제한 시간 안에 진행되지 않았습니다");
        return (HealthState::Degraded, message, Some((ready, wanted)));
    }
    if updated < wanted || available < updated {
        return progressing(counted(ready, wanted), ready, wanted);
    }
    if total > updated {
        let old = total - updated;
        return progressing(text!("{old} old pods are ending", "이전 파드 {old}개가 종료되는 중"), ready, wanted);
    }
    healthy(ready, wanted)
}

fn stateful_set(object: &Value) -> Found {
    let wanted = int(object, "/spec/replicas").unwrap_or(1);
    let count = |field: &str| int(object, &format!("/status/{field}")).unwrap_or(0);
    let ready = count("readyReplicas");
    if unseen(object) {
        return progressing(Text::new("noticed", "확인 중"), ready, wanted);
    }
    if ready < wanted {
        return progressing(counted(ready, wanted), ready, wanted);
    }
    let on_delete = str(object, "/spec/updateStrategy/type") == Some("OnDelete");
    let partition = int(object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    let same = str(object, "/status/updateRevision") == str(object, "/status/currentRevision");
    if !on_delete && !same && count("updatedReplicas") < wanted - partition {
        let updated = count("updatedReplicas");
        return progressing(text!("{updated} of {wanted} replaced", "{wanted}개 중 {updated}개 교체됨"), ready, wanted);
    }
    healthy(ready, wanted)
}

fn daemon_set(object: &Value) -> Found {
    let count = |field: &str| int(object, &format!("/status/{field}")).unwrap_or(0);
    let (wanted, updated, available) = (count("desiredNumberScheduled"), count("updatedNumberScheduled"), count("numberAvailable"));
    let on_delete = str(object, "/spec/updateStrategy/type") == Some("OnDelete");
    if unseen(object) || (updated < wanted && !on_delete) || available < wanted {
        return progressing(counted(available, wanted), available, wanted);
    }
    healthy(available, wanted)
}

fn replica_set(object: &Value) -> Found {
    let wanted = int(object, "/spec/replicas").unwrap_or(1);
    let available = int(object, "/status/availableReplicas").unwrap_or(0);
    if unseen(object) || available < wanted {
        return progressing(counted(available, wanted), available, wanted);
    }
    healthy(available, wanted)
}

fn job(object: &Value) -> Found {
    let wanted = int(object, "/spec/completions").unwrap_or(1);
    let done = int(object, "/status/succeeded").unwrap_or(0);
    if let Some(failed) = condition(object, "Failed", "True") {
        let said = failed["message"].as_str().unwrap_or_default();
        return (HealthState::Degraded, text!("failed: {said}", "실패: {said}"), Some((done, wanted)));
    }
    let suspended = object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true);
    if condition(object, "Complete", "True").is_some() || suspended {
        return (HealthState::Healthy, text!("{done} of {wanted} done", "{wanted}개 중 {done}개 완료"), Some((done, wanted)));
    }
    progressing(text!("{done} of {wanted} done", "{wanted}개 중 {done}개 완료"), done, wanted)
}

fn pod(object: &Value) -> Found {
    match str(object, "/status/phase") {
        Some("Succeeded") => healthy(1, 1),
        Some("Failed") => (HealthState::Degraded, Text::new("the pod failed", "파드가 실패했습니다"), Some((0, 1))),
        Some("Running") if condition(object, "Ready", "True").is_some() => healthy(1, 1),
        _ => progressing(counted(0, 1), 0, 1),
    }
}

/// An Argo Rollout says its own phase.
fn rollout(object: &Value) -> Found {
    let wanted = int(object, "/spec/replicas").unwrap_or(1);
    let ready = int(object, "/status/availableReplicas").unwrap_or(0);
    let said = str(object, "/status/message").unwrap_or_default().to_owned();
    if strategy::unseen(object) {
        return progressing(Text::new("noticed", "확인 중"), ready, wanted);
    }
    match str(object, "/status/phase") {
        Some("Healthy") => healthy(ready, wanted),
        Some("Paused") => {
            let message = Strategy::read(object).and_then(|strategy| strategy.paused).map(|paused| paused.text());
            (HealthState::Paused, message.unwrap_or_else(|| text!("paused: {said}", "일시 정지됨: {said}")), Some((ready, wanted)))
        }
        Some("Degraded") if strategy::is_aborted(object) => {
            let message = text!("aborted: everybody gets the version before ({said})", "중단됨: 모든 요청이 이전 버전으로 갑니다 ({said})");
            (HealthState::Degraded, message, Some((ready, wanted)))
        }
        Some("Degraded") => (HealthState::Degraded, text!("degraded: {said}", "비정상: {said}"), Some((ready, wanted))),
        _ => progressing(counted(ready, wanted), ready, wanted),
    }
}

fn claim(object: &Value, live: &Live) -> Found {
    match str(object, "/status/phase") {
        Some("Bound") => (HealthState::Healthy, Text::new("bound", "연결됨"), None),
        Some("Lost") => (HealthState::Degraded, Text::new("its volume is lost", "볼륨을 잃었습니다"), None),
        // A volume is made when a pod first wants it; none does.
        _ if !wanted_by_a_pod(object, live) => (HealthState::Healthy, Text::new("waits for its first pod", "첫 파드를 기다림"), None),
        _ => (HealthState::Progressing, Text::new("waiting for its volume", "볼륨을 기다리는 중"), None),
    }
}

fn wanted_by_a_pod(claim: &Value, live: &Live) -> bool {
    let name = str(claim, "/metadata/name");
    live.of_kind("Pod").any(|pod| {
        let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array);
        volumes.into_iter().flatten().any(|volume| str(volume, "/persistentVolumeClaim/claimName") == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state(wanted: &Value) -> HealthState {
        let mut live = Live::default();
        live.put(wanted["kind"].as_str().unwrap_or_default(), wanted.clone());
        of(wanted, &live).state
    }

    fn object(kind: &str, spec: Value, status: Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "x", "generation": 2}, "spec": spec, "status": status})
    }

    #[test]
    fn deployments() {
        let ready = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
        assert_eq!(state(&object("Deployment", json!({"replicas": 2}), ready)), HealthState::Healthy);
        let stale = json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
        assert_eq!(state(&object("Deployment", json!({"replicas": 2}), stale)), HealthState::Progressing);
        let surge = json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3});
        assert_eq!(state(&object("Deployment", json!({"replicas": 2}), surge)), HealthState::Progressing);
        let stuck = json!({"observedGeneration": 2, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]});
        assert_eq!(state(&object("Deployment", json!({}), stuck)), HealthState::Degraded);
        let none = json!({"observedGeneration": 2});
        assert_eq!(state(&object("Deployment", json!({"replicas": 0}), none)), HealthState::Healthy);
    }

    #[test]
    fn an_idle_one_that_sleeps_is_well_and_says_so() {
        let mut asleep = object("Deployment", json!({"replicas": 0}), json!({"observedGeneration": 2}));
        asleep["metadata"]["annotations"] = json!({"maru.dev/asleep": "2"});
        let mut live = Live::default();
        live.put("Deployment", asleep.clone());
        let health = of(&asleep, &live);
        assert_eq!(health.state, HealthState::Healthy);
        assert!(health.message.en.starts_with("asleep"), "{:?}", health.message);
    }

    #[test]
    fn stateful_sets() {
        let status =
            json!({"observedGeneration": 2, "readyReplicas": 1, "updatedReplicas": 0, "currentRevision": "a", "updateRevision": "b"});
        assert_eq!(state(&object("StatefulSet", json!({}), status)), HealthState::Progressing);
        let status =
            json!({"observedGeneration": 2, "readyReplicas": 1, "updatedReplicas": 1, "currentRevision": "b", "updateRevision": "b"});
        assert_eq!(state(&object("StatefulSet", json!({}), status)), HealthState::Healthy);
    }

    #[test]
    fn rollouts_have_their_controllers_word_once_it_has_seen_them() {
        let with = |status: Value| state(&object("Rollout", json!({"strategy": {"canary": {}}}), status));
        let phase = |phase: &str| with(json!({"observedGeneration": "2", "phase": phase}));
        assert_eq!(phase("Healthy"), HealthState::Healthy);
        assert_eq!(phase("Paused"), HealthState::Paused);
        assert_eq!(phase("Degraded"), HealthState::Degraded);
        assert_eq!(phase("Progressing"), HealthState::Progressing);
        assert_eq!(with(json!({"observedGeneration": "1", "phase": "Healthy"})), HealthState::Progressing);
        // Promoted, and the controller has not noticed.
        assert_eq!(with(json!({"observedGeneration": "2", "phase": "Paused", "controllerPause": true})), HealthState::Progressing);
    }

    #[test]
    fn an_unwanted_claim_holds_nothing_up() {
        assert_eq!(state(&object("PersistentVolumeClaim", json!({}), json!({"phase": "Pending"}))), HealthState::Healthy);
    }
}
