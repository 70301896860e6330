//! Which pods count: those of the newest version of a workload, once they have been up for a moment.

use serde_json::Value;

use super::str;
use crate::live::Live;

fn owned_by(object: &Value, uid: &str) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["uid"] == uid)
}

/// The pods of the newest version of a workload.
pub(crate) fn pods<'a>(kind: &str, name: &str, live: &'a Live) -> Vec<&'a Value> {
    let Some(workload) = live.get(kind, name) else { return Vec::new() };
    let uid = str(workload, "/metadata/uid");
    match kind {
        "Pod" => vec![workload],
        "Deployment" | "Rollout" => {
            let newest = set(workload, live);
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
pub(super) fn set<'a>(deployment: &Value, live: &'a Live) -> Option<&'a Value> {
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
