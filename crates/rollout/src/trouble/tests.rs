use super::*;
use serde_json::json;

fn live(status: Value) -> Live {
    let mut live = Live::default();
    live.put("Deployment", json!({"metadata": {"name": "web", "uid": "d"}, "spec": {"replicas": 1}}));
    let owner = |uid: &str| json!([{ "uid": uid }]);
    live.put("ReplicaSet", json!({"metadata": {"name": "web-1", "uid": "r1", "ownerReferences": owner("d"), "annotations": {"deployment.kubernetes.io/revision": "1"}}}));
    live.put("ReplicaSet", json!({"metadata": {"name": "web-2", "uid": "r2", "ownerReferences": owner("d"), "annotations": {"deployment.kubernetes.io/revision": "2"}}}));
    live.put("Pod", json!({"metadata": {"name": "web-1-a", "uid": "p1", "ownerReferences": owner("r1")}, "status": {"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}));
    live.put(
        "Pod",
        json!({"metadata": {"name": "web-2-a", "uid": "p2", "ownerReferences": owner("r2")},
        "spec": {"restartPolicy": "Always", "containers": [{"name": "web", "image": "registry.localhost/mina/web"}]}, "status": status}),
    );
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
