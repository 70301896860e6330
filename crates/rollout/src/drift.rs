//! Drift: what somebody changed in the cluster by hand, after the last rollout. What differs from what that applied goes back
//! with the next one; what was added beside it stays, since nobody asked Kubernetes to remove it.

use std::collections::BTreeSet;

use maru_manifest::{Files, ObjectRef};
use maru_model::RolloutId;
use maru_store::users::User;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::apply;
use crate::error::RolloutError;
use crate::live::{AUTOSCALER, Live};
use crate::map::{self, PAGE_MANAGER};
use crate::model::{Phase, Place, Target, reference};
use crate::plan::{self, Change, Compared, FieldChange};
use crate::service::Rollouts;

/// What differs, beside the rollout that it differs from.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// None where there is nothing to compare with: no rollout, or one that is on its way or did not get through.
    pub rollout: Option<RolloutId>,
    pub objects: Vec<DriftedObject>,
}

#[derive(Debug, Clone)]
pub struct DriftedObject {
    pub object: ObjectRef,
    /// Somebody deleted it.
    pub gone: bool,
    pub place: Option<Place>,
    /// From what is there to what was asked for: the next rollout does this.
    pub fields: Vec<FieldChange>,
    /// What was never asked for: rollouts leave it.
    pub extra: Vec<Extra>,
    /// Who changed something, the newest first.
    pub hands: Vec<Hand>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Extra {
    pub path: String,
    pub value: Option<String>,
}

/// A program by which a person changes objects, as it calls itself: `kubectl-edit`; `maru-page` is our own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hand {
    pub manager: String,
    pub at: String,
}

impl Rollouts {
    /// What in the cluster is not as the last rollout left it.
    ///
    /// # Errors
    /// [`RolloutError::NoApp`], or where the cluster or the database does not answer.
    pub async fn drift(&self, user: &User) -> Result<Drift, RolloutError> {
        let app = self.inner.store.app(&user.id).await?.ok_or(RolloutError::NoApp)?;
        let newest = self.inner.store.rollouts_of(&user.id, 1).await?.into_iter().next();
        let Some(rollout) = newest.filter(|row| row.created_at >= app.created_at && row.phase == Phase::Healthy.as_str()) else {
            return Ok(Drift::default());
        };
        let target: Option<Target> = app.target.as_deref().map(serde_json::from_str).transpose()?;
        let mut objects: Vec<Value> = serde_json::from_str(&rollout.objects)?;
        let (client, namespace) = (self.cluster().await?, user.login.namespace());
        let files = Files::new();
        let (compared, live) = tokio::try_join!(
            plan::compare_all(&client, &namespace, &mut objects, &files),
            Live::look_at(&client, &namespace, [AUTOSCALER])
        )?;
        // Whose number of pods is set by these.
        let scaled = map::autoscalers(&live).into_iter().map(|scaler| scaler.target).collect();
        let mut found: Vec<DriftedObject> =
            objects.iter().zip(compared).filter_map(|(asked, compared)| drifted(asked, compared, &scaled)).collect();
        for object in &mut found {
            let ObjectRef { kind, name, .. } = &object.object;
            object.place = target.as_ref().and_then(|target| target.place(kind, name)).cloned();
        }
        Ok(Drift { rollout: Some(rollout.id), objects: found })
    }
}

/// Pure: how one object differs, if it does. `scaled` are those whose number of pods an autoscaler sets: `Deployment/web`.
fn drifted(asked: &Value, compared: Compared, scaled: &BTreeSet<String>) -> Option<DriftedObject> {
    let Compared { planned, live, .. } = compared;
    let object = reference(asked);
    let is_scaled = scaled.contains(&format!("{}/{}", object.kind, object.name));
    let mut drifted = DriftedObject {
        gone: planned.change == Change::Add,
        place: None,
        fields: planned.fields,
        extra: Vec::new(),
        hands: Vec::new(),
        object,
    };
    drifted.fields.retain(|field| !(is_scaled && field.path == "spec.replicas"));
    if let Some(live) = live {
        let is_secret = asked["kind"] == "Secret";
        for entry in live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten() {
            let Some(manager) = hand(entry) else { continue };
            if let Some(owned) = entry["fieldsV1"].as_object() {
                extras("", owned, Some(&live), Some(asked), &mut drifted.extra);
            }
            drifted.hands.push(Hand { manager: manager.to_owned(), at: entry["time"].as_str().unwrap_or_default().to_owned() });
        }
        if is_secret {
            drifted.extra.iter_mut().for_each(|extra| extra.value = extra.value.as_ref().map(|_| "•••".to_owned()));
        }
        drifted.hands.sort_by(|a, b| b.at.cmp(&a.at));
    }
    (drifted.gone || !drifted.fields.is_empty() || !drifted.extra.is_empty()).then_some(drifted)
}

/// The program of a person that these fields are of; none for ours and for Kubernetes' own controllers.
fn hand(entry: &Value) -> Option<&str> {
    let manager = entry["manager"].as_str()?;
    let is_person =
        manager == PAGE_MANAGER || manager.starts_with("kubectl") || !(manager.starts_with(apply::MANAGER) || is_controller(manager));
    let of_spec = matches!(entry["subresource"].as_str(), None | Some("" | "scale"));
    (is_person && of_spec).then_some(manager)
}

/// As Kubernetes' components and Argo's controller call themselves; in the embedded node all of them are one program,
/// `controllers`. The gateway, which puts to sleep and wakes, gives no name.
fn is_controller(manager: &str) -> bool {
    [
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-apiserver",
        "rollouts-controller",
        "argo",
        "kube",
        "controllers",
        "node",
        "unknown",
    ]
    .contains(&manager)
}

/// What nobody means by a change: marks that programs leave.
const MARKS: [&str; 4] = [
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    "metadata.annotations.deployment.kubernetes.io/revision",
    "metadata.annotations.kubernetes.io/change-cause",
    "spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt",
];

/// Notes of our own, such as what sleeps.
const OURS: &str = "metadata.annotations.maru.dev/";

/// Fields of `owned` (Kubernetes' `fieldsV1`) that are there and were not asked for.
fn extras(path: &str, owned: &Map<String, Value>, live: Option<&Value>, asked: Option<&Value>, found: &mut Vec<Extra>) {
    for (key, inner) in owned.iter().filter(|(key, _)| *key != ".") {
        let (inner_path, live, asked) = (joined(path, key), step(live, key), step(asked, key));
        let is_mark = MARKS.contains(&inner_path.as_str()) || inner_path.starts_with(OURS);
        if live.is_none() || is_mark || inner_path == "spec.restartAt" {
            continue;
        }
        let inner = inner.as_object().filter(|inner| !inner.is_empty());
        let has_marks = MARKS.iter().any(|mark| mark.starts_with(&format!("{inner_path}.")));
        match inner {
            // A whole list item or map that is not in what was asked for is told as one.
            Some(inner) if asked.is_some() || has_marks || !inner.contains_key(".") => extras(&inner_path, inner, live, asked, found),
            _ if asked.is_none() => {
                let extra = Extra { path: inner_path, value: plan::shown(live) };
                if !found.contains(&extra) {
                    found.push(extra);
                }
            }
            _ => {}
        }
    }
}

/// `f:spec` and `k:{"name":"web"}` as a path that people read.
fn joined(path: &str, key: &str) -> String {
    match key.split_once(':') {
        Some(("f", name)) if path.is_empty() => name.to_owned(),
        Some(("f", name)) => format!("{path}.{name}"),
        Some(("k", keys)) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let name = keys.values().next().and_then(|value| plan::shown(Some(value))).unwrap_or_default();
            format!("{path}[{name}]")
        }
        Some((_, value)) => format!("{path}[{value}]"),
        None => path.to_owned(),
    }
}

fn step<'a>(value: Option<&'a Value>, key: &str) -> Option<&'a Value> {
    let value = value?;
    match key.split_once(':')? {
        ("f", name) => value.get(name),
        ("k", keys) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).ok()?;
            // A key may be left out where it is the default: a port's protocol.
            let is = |item: &&Value| {
                keys.iter().any(|(key, _)| item.get(key).is_some())
                    && keys.iter().all(|(key, wanted)| item.get(key).is_none_or(|value| value == wanted))
            };
            value.as_array()?.iter().find(is)
        }
        ("v", wanted) => {
            let wanted: Value = serde_json::from_str(wanted).ok()?;
            value.as_array()?.iter().find(|item| **item == wanted)
        }
        ("i", index) => value.get(index.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlannedObject;
    use serde_json::json;

    fn found(asked: &Value, live: Option<Value>, change: Change, fields: Vec<FieldChange>, scaled: &[&str]) -> Option<DriftedObject> {
        let planned = PlannedObject { object: reference(asked), change, place: None, fields, replaces_pods: false };
        let scaled = scaled.iter().map(|name| (*name).to_owned()).collect();
        drifted(asked, Compared { planned, said: Vec::new(), live }, &scaled)
    }

    fn asked() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1, "template": {"spec":
            {"containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]}}}})
    }

    fn live(manager: &str, owned: &Value) -> Value {
        let mut live = asked();
        live["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "DEBUG", "value": "1"}]);
        live["metadata"]["annotations"] = json!({"note": "mine", "kubernetes.io/change-cause": "x", "maru.dev/asleep": "1"});
        live["metadata"]["managedFields"] = json!([
            {"manager": "maru", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": manager, "operation": "Update", "time": "2026-01-01T00:00:00Z", "fieldsV1": owned},
        ]);
        live
    }

    fn added() -> Value {
        json!({"f:metadata": {"f:annotations": {".": {}, "f:note": {}, "f:kubernetes.io/change-cause": {}, "f:maru.dev/asleep": {}}},
            "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                "f:env": {".": {}, "k:{\"name\":\"DEBUG\"}": {".": {}, "f:name": {}, "f:value": {}}},
                "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}})
    }

    #[test]
    fn what_was_added_beside_is_told_with_who_did_it() {
        let drift = found(&asked(), Some(live("kubectl-set", &added())), Change::Same, Vec::new(), &[]).unwrap_or_else(|| panic!("none"));
        let told: Vec<String> =
            drift.extra.iter().map(|extra| format!("{}={}", extra.path, extra.value.clone().unwrap_or_default())).collect();
        assert_eq!(
            told,
            ["metadata.annotations.note=mine", "spec.template.spec.containers[web].env=[{\"name\":\"DEBUG\",\"value\":\"1\"}]"]
        );
        assert_eq!(drift.hands, [Hand { manager: "kubectl-set".into(), at: "2026-01-01T00:00:00Z".into() }]);
        assert!(!drift.gone);
    }

    #[test]
    fn what_controllers_write_is_no_drift() {
        for manager in ["kube-controller-manager", "maru", "rollouts-controller", "controllers"] {
            assert!(found(&asked(), Some(live(manager, &added())), Change::Same, Vec::new(), &[]).is_none(), "{manager}");
        }
    }

    #[test]
    fn deleted_objects_and_changed_fields() {
        assert!(found(&asked(), None, Change::Add, Vec::new(), &[]).is_some_and(|drift| drift.gone));
        let replicas = || vec![FieldChange { path: "spec.replicas".into(), before: Some("3".into()), after: Some("1".into()) }];
        let drift = found(&asked(), Some(asked()), Change::Change, replicas(), &[]);
        assert_eq!(drift.map(|drift| drift.fields), Some(replicas()));
        // An autoscaler's number is nobody's hand.
        assert!(found(&asked(), Some(asked()), Change::Change, replicas(), &["Deployment/web"]).is_none());
    }

    #[test]
    fn values_of_secrets_are_never_told() {
        let asked = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}});
        let live = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "managedFields": [
            {"manager": "kubectl-edit", "fieldsV1": {"f:data": {"f:password": {}}}}]}, "data": {"password": "c2VjcmV0"}});
        let drift = found(&asked, Some(live), Change::Same, Vec::new(), &[]);
        assert_eq!(drift.map(|drift| drift.extra), Some(vec![Extra { path: "data.password".into(), value: Some("•••".into()) }]));
    }
}
