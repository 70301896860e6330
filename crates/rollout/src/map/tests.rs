use proptest::prelude::*;
use serde_json::json;

use super::*;

fn ready_pod(name: &str, labels: &Value, ready: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": labels, "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1"}]},
        "spec": {"containers": [{"name": "web", "image": "web"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    })
}

/// An Ingress, two Services and a Deployment with one pod.
fn live(ready: &str) -> Live {
    let labels = json!({"app": "web"});
    let mut live = Live::default();
    live.put(
        "Ingress",
        json!({"metadata": {"name": "in"}, "spec": {"rules": [{"host": "mina.apps.localhost", "http": {"paths": [
            {"backend": {"service": {"name": "web"}}}]}}]}}),
    );
    live.put("Service", json!({"metadata": {"name": "web"}, "spec": {"selector": labels}}));
    live.put("Service", json!({"metadata": {"name": "lost"}, "spec": {"selector": {"app": "other"}}}));
    let template = json!({"metadata": {"labels": labels}});
    live.put("Deployment", json!({"metadata": {"name": "web"}, "spec": {"replicas": 1, "template": template}, "status": {}}));
    live.put("ReplicaSet", json!({"metadata": {"name": "web-1", "ownerReferences": [{"kind": "Deployment", "name": "web"}]}}));
    live.put("Pod", ready_pod("web-1-x", &labels, ready));
    live
}

fn look(live: &Live) -> AppMap {
    picture(live, jiff::Timestamp::UNIX_EPOCH)
}

fn health<'a>(map: &'a AppMap, id: &str) -> &'a ObjectHealth {
    &map.nodes.iter().find(|node| node.id == id).unwrap().health
}

#[test]
fn the_way_of_a_request_is_drawn() {
    let map = look(&live("True"));
    let ids: Vec<&str> = map.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["Ingress/in", "Service/lost", "Service/web", "Deployment/web"]);
    let edges: Vec<String> = map.edges.iter().map(|edge| format!("{} {}", edge.from, edge.to)).collect();
    assert_eq!(edges, ["Service/web Deployment/web", "Ingress/in Service/web"]);
    assert_eq!(map.pods[0].owner.as_deref(), Some("Deployment/web"));
    assert_eq!(health(&map, "Service/web").message.en, "one pod answers");
    assert_eq!(health(&map, "Service/lost").state, HealthState::Degraded);
    assert_eq!(health(&map, "Ingress/in").message.en, "mina.apps.localhost");
}

#[test]
fn where_nobody_answers_the_whole_way_says_so() {
    let map = look(&live("False"));
    for id in ["Service/web", "Ingress/in"] {
        assert_eq!(health(&map, id).state, HealthState::Degraded, "{id}");
    }
    let mut without = live("True");
    without.put("Ingress", json!({"metadata": {"name": "in"}, "spec": {"defaultBackend": {"service": {"name": "gone"}}}}));
    assert_eq!(health(&look(&without), "Ingress/in").message.en, "leads to the Service gone, which is not there");
}

#[test]
fn events_are_told_in_words_the_newest_first() {
    let mut live = Live::default();
    let event = |name: &str, at: &str, reason: &str, message: &str| {
        json!({"metadata": {"name": name}, "lastTimestamp": at, "type": "Warning", "reason": reason, "message": message, "count": 3,
               "involvedObject": {"kind": "Pod", "name": "web-1-x"}})
    };
    live.put("Event", event("a", "2026-01-01T00:00:00Z", "FailedScheduling", "0/1 nodes: Insufficient cpu"));
    live.put("Event", event("b", "2026-01-01T00:00:05Z", "Strange", "what nobody has a word for"));
    let events = look(&live).events;
    assert_eq!(events[0].words.en, "what nobody has a word for");
    assert!(events[1].words.en.starts_with("No machine has room") && events[1].words.ko.contains("노드") && events[1].count == 3);
}

#[test]
fn quotas_and_autoscalers_are_read() {
    let mut live = Live::default();
    live.put(
        "ResourceQuota",
        json!({"metadata": {"name": "q"}, "status": {"hard": {"requests.memory": "2Gi", "pods": "10"}, "used": {"requests.memory": "512Mi", "pods": "3"}}}),
    );
    let quota = look(&live).quota;
    assert_eq!(
        quota.iter().map(|line| (line.resource.as_str(), line.share)).collect::<Vec<_>>(),
        [("pods", 0.3), ("requests.memory", 0.25)]
    );
    live.put(
        "HorizontalPodAutoscaler",
        json!({"metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 4,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]},
            "status": {"currentReplicas": 2, "desiredReplicas": 3, "currentMetrics": [{"resource": {"name": "cpu", "current": {"averageUtilization": 80}}}]}}),
    );
    let scaler = &look(&live).autoscalers[0];
    assert_eq!((scaler.target.as_str(), scaler.load, scaler.wanted_load, scaler.desired), ("Deployment/web", Some(80), Some(50), 3));
}

#[test]
fn quantities_are_numbers() {
    for (text, number) in [("500m", 0.5), ("2", 2.0), ("1Ki", 1024.0), ("250000000n", 0.25), ("1.5Gi", 1_610_612_736.0), ("3k", 3000.0)] {
        assert!((usage::quantity(text).unwrap() - number).abs() < 1e-9, "{text}");
    }
    assert_eq!(usage::quantity("x"), None);
}

proptest! {
    #[test]
    fn whatever_a_cluster_says_can_be_drawn(text in "\\PC{0,12}", number in any::<i64>(), kind in 0..7_usize) {
        let kind = ["Ingress", "Service", "Deployment", "Pod", "Event", "HorizontalPodAutoscaler", "ResourceQuota"][kind];
        let odd = json!({"metadata": {"name": text, "labels": text, "ownerReferences": number}, "spec": {"selector": text, "rules": [text, number],
            "replicas": text, "template": number, "scaleTargetRef": text, "metrics": number, "containers": [number]},
            "status": {"hard": {"a": number, "b": text}, "conditions": text, "containerStatuses": [text]}, "reason": number, "series": text});
        let mut live = live("True");
        live.put(kind, odd);
        let _ = look(&live);
    }
}
