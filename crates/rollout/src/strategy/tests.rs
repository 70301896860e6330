#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::orders::{Patches, patches};
use super::*;

fn canary(status: &Value) -> Value {
    json!({
        "kind": "Rollout", "metadata": {"name": "web", "generation": 2},
        "spec": {"strategy": {"canary": {"canaryService": "web-canary", "stableService": "web",
            "steps": [{"setWeight": 20}, {"pause": {"duration": "1m30s"}}, {"setWeight": 50}, {"pause": {}}]}}},
        "status": status,
    })
}

fn paused(index: i64) -> Value {
    canary(&json!({"observedGeneration": "2", "stableRS": "a", "currentPodHash": "b", "currentStepIndex": index, "controllerPause": true,
        "phase": "Paused", "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]}))
}

#[test]
fn a_pause_says_where_it_stands_and_whether_it_ends_by_itself() {
    let found = Strategy::read(&paused(3)).unwrap();
    let pause = found.paused.clone().unwrap();
    assert_eq!((pause.step, pause.steps, pause.weight, pause.until.clone()), (Some(4), Some(4), Some(50), None));
    assert_eq!(pause.text().en, "paused at step 4 of 4: 50 % of the requests get the new version; promote or abort");
    let timed = Strategy::read(&paused(1)).unwrap().paused.unwrap();
    assert_eq!((timed.weight, timed.until.as_deref()), (Some(20), Some("2026-01-01T00:01:30Z")));
    assert_eq!(["a", "b", "c"].map(|hash| found.role(&paused(3), hash)), ["stable", "canary", "old"]);
}

#[test]
fn the_weight_is_what_the_ingress_was_told() {
    let mut rollout = paused(3);
    rollout["status"]["canary"] = json!({"weights": {"canary": {"weight": 48}}});
    assert_eq!(Strategy::read(&rollout).unwrap().weight, Some(48));
    rollout["status"]["abort"] = json!(true);
    assert_eq!(Strategy::read(&rollout).unwrap().weight, Some(0));
    let done = canary(&json!({"stableRS": "b", "currentPodHash": "b", "currentStepIndex": 4}));
    assert_eq!(Strategy::read(&done).unwrap().weight, None);
}

#[test]
fn promoting_ends_a_pause_once() {
    let promote = Order::Promote { full: false };
    assert_eq!(patches(&paused(3), promote), Patches { spec: None, status: Some(json!({"pauseConditions": null})) });
    let mut unpausing = paused(3);
    unpausing["status"]["pauseConditions"] = Value::Null;
    assert_eq!(patches(&unpausing, promote), Patches::default(), "whoever presses twice skips no step");
    assert!(unseen(&unpausing));
    let mut by_hand = paused(3);
    by_hand["spec"]["paused"] = json!(true);
    assert_eq!(patches(&by_hand, promote).spec, Some(json!({"paused": false})));
    let mut inconclusive = paused(3);
    inconclusive["status"]["canary"] = json!({"currentStepAnalysisRunStatus": {"status": "Inconclusive"}});
    assert_eq!(
        patches(&inconclusive, promote).status,
        Some(json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 4}))
    );
    assert_eq!(patches(&paused(1), Order::Promote { full: true }).status, Some(json!({"promoteFull": true})));
}

#[test]
fn what_is_through_or_aborted_takes_no_order() {
    let through = canary(&json!({"stableRS": "b", "currentPodHash": "b"}));
    let mut aborted = paused(3);
    aborted["status"]["abort"] = json!(true);
    let first = canary(&json!({"currentPodHash": "b"}));
    for order in [Order::Abort, Order::Promote { full: false }, Order::Promote { full: true }] {
        for rollout in [&through, &aborted, &first, &json!({"kind": "Deployment"})] {
            assert_eq!(patches(rollout, order), Patches::default(), "{order:?}");
        }
    }
    assert_eq!(patches(&paused(3), Order::Abort).status, Some(json!({"abort": true})));
}

#[test]
fn blue_and_green() {
    let rollout = json!({
        "kind": "Rollout", "metadata": {"name": "web"},
        "spec": {"strategy": {"blueGreen": {"activeService": "web", "previewService": "web-preview", "autoPromotionEnabled": false}}},
        "status": {"stableRS": "a", "currentPodHash": "b", "blueGreen": {"activeSelector": "a", "previewSelector": "b"},
            "pauseConditions": [{"reason": "BlueGreenPause", "startTime": "2026-01-01T00:00:00Z"}]},
    });
    let found = Strategy::read(&rollout).unwrap();
    assert_eq!((found.kind, found.weight, found.step), (StrategyKind::BlueGreen, Some(0), None));
    assert_eq!(["a", "b"].map(|hash| found.role(&rollout, hash)), ["active", "preview"]);
    assert!(found.paused.unwrap().text().en.ends_with("promote or abort"));
}

#[test]
fn durations() {
    let read = ["30", "30s", "5m", "1h30m", "soon", "5"].map(|text| seconds(&json!(text)));
    assert_eq!(read, [Some(30), Some(30), Some(300), Some(5400), None, Some(5)]);
    assert_eq!(seconds(&json!(7)), Some(7));
    assert_eq!(seconds(&Value::Null), None);
}
