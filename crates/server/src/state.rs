//! What every handler can reach: one handle per crate, all cheap to clone.

use std::sync::Arc;

use maru_build::Builds;
use maru_cluster::Cluster;
use maru_engine::Engine;
use maru_git::Projects;
use maru_rollout::Rollouts;
use maru_store::Store;
use maru_workspace::Workspaces;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::deploy::Deployments;
use crate::load::Loads;
use crate::metrics::Metrics;
use crate::polls::Polls;
use crate::proxy::Proxies;
use crate::pushes::Pushes;
use crate::reconcile::Setting;
use crate::settings::Settings;

#[derive(Clone)]
pub struct AppState {
    pub config: Arc<Config>,
    pub store: Store,
    pub engine: Engine,
    pub workspaces: Workspaces,
    pub git: Projects,
    pub builds: Builds,
    pub cluster: Cluster,
    pub rollouts: Rollouts,
    pub deployments: Deployments,
    pub proxies: Proxies,
    pub loads: Loads,
    pub polls: Polls,
    pub metrics: Metrics,
    pub settings: Settings,
    pub sleep: Setting,
    pub pushes: Pushes,
    pub quotas: Setting,
    /// Cancelled when the server is asked to end.
    pub shutdown: CancellationToken,
}
