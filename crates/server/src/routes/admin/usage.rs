//! What is used, by workspace and by class, of this machine, and in the cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use maru_cluster::Line;
use maru_model::{Role, UserId};
use maru_workspace::{State as WorkspaceState, WorkspaceView};
use serde_json::{Value, json};

use super::{PAGE_MAX, require_admin};
use crate::auth::CurrentUser;
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::machine;
use crate::state::AppState;

/// The cluster is asked no longer than this.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/admin/usage", get(show)).route("/admin/cluster", get(health))
}

async fn show(State(state): State<AppState>, caller: CurrentUser) -> ApiResult<Json<Value>> {
    Ok(Json(usage(&state, &caller).await?))
}

/// How the cluster itself is, for administrators.
async fn health(State(state): State<AppState>, caller: CurrentUser, Lang(lang): Lang) -> ApiResult<Json<Value>> {
    require_admin(&caller)?;
    let health = state.cluster.health().await;
    let lines = |lines: &[Line]| {
        let line = |line: &Line| json!({"topic": line.topic, "tone": line.tone, "text": line.text.get(lang), "fix": line.fix.as_ref().map(|fix| fix.get(lang))});
        json!(lines.iter().map(line).collect::<Vec<_>>())
    };
    let nodes: Vec<Value> = health.nodes.iter().map(|node| json!({"name": node.name, "lines": lines(&node.lines)})).collect();
    Ok(Json(json!({"state": health.state.name(), "tone": health.tone(), "lines": lines(&health.lines), "nodes": nodes})))
}

/// What several workspaces use together.
#[derive(Default)]
struct Sum {
    running: u64,
    cpu: f64,
    memory: u64,
    disk: u64,
}

impl Sum {
    fn add(&mut self, view: &WorkspaceView) {
        self.running += u64::from(view.state == WorkspaceState::Ready);
        if let Some(usage) = view.usage {
            self.cpu += usage.cpus;
            self.memory += usage.memory;
            self.disk += usage.disk;
        }
    }

    fn json(&self) -> Value {
        // Sums of numbers with two digits have two digits.
        json!({"running": self.running, "cpu": (self.cpu * 100.0).round() / 100.0, "memory": self.memory, "disk": self.disk})
    }
}

/// Administrators see all of it, instructors the workspaces of their classes.
pub async fn usage(state: &AppState, caller: &CurrentUser) -> ApiResult<Value> {
    caller.require_staff()?;
    let admin = require_admin(caller).is_ok();
    let all = state.workspaces.list();
    let views: BTreeMap<&UserId, &WorkspaceView> = all.iter().map(|(owner, view)| (&owner.id, view)).collect();
    let mut classes = Vec::new();
    let mut seen: BTreeMap<&UserId, &WorkspaceView> = BTreeMap::new();
    for class in state.store.classes_seen_by(&caller.user, "", "", PAGE_MAX).await? {
        if class.archived_at.is_some() {
            continue;
        }
        let mut sum = Sum::default();
        for (user, role) in state.store.class_members(&class.id, "", "", i64::MAX).await? {
            if let Some((&id, &view)) = views.get_key_value(&user.id) {
                sum.add(view);
                if role == Role::Student && user.role == Role::Student {
                    seen.insert(id, view);
                }
            }
        }
        let mut json = sum.json();
        json["id"] = json!(class.id);
        json["name"] = json!(class.name);
        json["members"] = json!(class.students + class.instructors);
        classes.push(json);
    }
    let mut total = Sum::default();
    let mut workspaces = Vec::new();
    for (owner, view) in all.iter().filter(|(owner, _)| admin || seen.contains_key(&owner.id)) {
        total.add(view);
        workspaces.push(json!({
            "id": view.id, "login": owner.login, "name": owner.name, "state": view.state, "usage": view.usage, "limits": view.limits,
        }));
    }
    let mut body = json!({"total": total.json(), "classes": classes, "workspaces": workspaces, "machine": null, "cluster": null});
    if admin {
        body["machine"] = machine::usage(&state.config.data);
        body["cluster"] = tokio::time::timeout(PATIENCE, cluster(state)).await.unwrap_or_else(|_| json!({"state": "late"}));
    }
    Ok(body)
}

/// As the cluster's own metrics-server has it; its numbers are a quarter of a minute old.
async fn cluster(state: &AppState) -> Value {
    let now = state.cluster.state();
    let Ok(client) = state.cluster.client().await else { return json!({"state": now.name()}) };
    let get = async |path: &str| -> Option<Value> { client.request(http::Request::get(path).body(Vec::new()).ok()?).await.ok() };
    let (nodes, used, pods) =
        tokio::join!(get("/api/v1/nodes"), get("/apis/metrics.k8s.io/v1beta1/nodes"), get("/apis/metrics.k8s.io/v1beta1/pods"),);
    let items = |list: &Option<Value>| list.as_ref().and_then(|list| list["items"].as_array().cloned()).unwrap_or_default();
    let sum = |list: &[Value], pointer: &str| list.iter().filter_map(|item| quantity(item.pointer(pointer)?.as_str()?)).sum::<f64>();
    let mut namespaces: BTreeMap<String, (f64, f64, u64)> = BTreeMap::new();
    for pod in items(&pods) {
        let entry =
            namespaces.entry(pod.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned()).or_default();
        let containers = pod["containers"].as_array().cloned().unwrap_or_default();
        entry.0 += sum(&containers, "/usage/cpu");
        entry.1 += sum(&containers, "/usage/memory");
        entry.2 += 1;
    }
    let (nodes, used) = (items(&nodes), items(&used));
    json!({
        "state": now.name(),
        "cpu": sum(&used, "/usage/cpu"),
        "memory": sum(&used, "/usage/memory"),
        "cpu_capacity": sum(&nodes, "/status/capacity/cpu"),
        "memory_capacity": sum(&nodes, "/status/capacity/memory"),
        "namespaces": namespaces.iter().map(|(name, (cpu, memory, pods))| json!({"name": name, "cpu": cpu, "memory": memory, "pods": pods})).collect::<Vec<_>>(),
    })
}

/// A number in Kubernetes' notation: `250m`, `1536Ki`, `2G`.
fn quantity(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let factor = match &text[digits..] {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::quantity;

    #[test]
    fn quantities() {
        assert_eq!(quantity("250m"), Some(0.25));
        assert_eq!(quantity("2"), Some(2.0));
        assert_eq!(quantity("1536Ki"), Some(1_572_864.0));
        assert_eq!(quantity("1.5G"), Some(1.5e9));
        assert_eq!(quantity("12345n"), Some(12345.0 * 1e-9));
        for wrong in ["", "m", "1X", "하나"] {
            assert_eq!(quantity(wrong), None, "{wrong}");
        }
    }
}
