//! What is there at this moment: workspaces, builds, rollouts, deployments, terminals, the cluster.

use std::collections::BTreeMap;

use maru_workspace::State as WorkspaceState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::error::ApiResult;
use crate::state::AppState;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: String,
}

const STATES: [WorkspaceState; 6] = [
    WorkspaceState::Stopped,
    WorkspaceState::Queued,
    WorkspaceState::Starting,
    WorkspaceState::Ready,
    WorkspaceState::Stopping,
    WorkspaceState::Failed,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRole {
    role: String,
}

fn by_state(registry: &mut Registry, name: &str, help: &str, counts: impl IntoIterator<Item = (String, i64)>) {
    let family = Family::<InState, Gauge>::default();
    for (state, count) in counts {
        family.get_or_create(&InState { state }).set(count);
    }
    registry.register(name, help, family);
}

fn number(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

pub(super) async fn register(state: &AppState, registry: &mut Registry) -> ApiResult<()> {
    // A state that no workspace is in is 0, not missing: else an alarm on it never ends.
    let mut states: BTreeMap<String, i64> = STATES.iter().map(|state| (state.as_str().to_owned(), 0)).collect();
    let (mut terminals, mut memory, mut cpus) = (0, 0, 0.0);
    for (_, view) in state.workspaces.list() {
        *states.entry(view.state.as_str().to_owned()).or_default() += 1;
        if let Some(usage) = view.usage {
            terminals += usage.terminals;
            memory += usage.memory;
            cpus += usage.cpus;
        }
    }
    by_state(registry, "maru_workspaces", "Workspaces by state", states);
    number(registry, "maru_terminals", "Terminals that are open in workspaces", i64::try_from(terminals).unwrap_or(i64::MAX));
    number(registry, "maru_workspaces_memory_bytes", "Memory that all workspaces use", i64::try_from(memory).unwrap_or(i64::MAX));
    let gauge = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
    gauge.set(cpus);
    registry.register("maru_workspaces_cpus", "CPUs that all workspaces use", gauge);
    let counts = state.store.counts().await?;
    by_state(registry, "maru_builds", "Builds that are kept, by state", counts.builds);
    by_state(registry, "maru_rollouts", "Rollouts that are kept, by state", counts.rollouts);
    by_state(registry, "maru_deployments", "Deploys that are kept, by state", counts.deployments);
    let users = Family::<OfRole, Gauge>::default();
    for (role, count) in counts.users {
        users.get_or_create(&OfRole { role }).set(count);
    }
    registry.register("maru_users", "Users by role", users);
    number(registry, "maru_cluster_ready", "1 while the cluster answers", i64::from(state.cluster.state().is_ready()));
    Ok(())
}
