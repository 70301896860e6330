//! Deploy: the hand-off from the workspace to git, to builds, to the rollout. It is the only place that knows all
//! three; each of them is also a page and an API of its own.
//!
//! ```text
//! commit ──► build ──► refresh ──► rollout ──► url
//!    └──────────┴──────────┴──────────┴── failed (the step says why) · cancelled
//! ```
//!
//! The manifests are checked before the build as well: a mistake in them fails the refresh at once, and nothing is built.
//!
//! A deployment is a row in the database and one task that owns it. The row is written after every step, so that a
//! server which was killed goes on with the first step that had not succeeded: each step may be done twice.

mod driver;
mod plan;
mod progress;
mod steps;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use maru_model::{DeploymentId, Text, UserId};
use maru_store::deployments::{DeploymentRow, Started};
use maru_store::users::User;
use maru_workspace::SnapshotReason;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

pub use plan::{DeployPlan, known_images, planned_json, programs};
pub use view::Deployment;

/// The deployments that run in this server.
#[derive(Clone, Default)]
pub struct Deployments {
    running: Arc<Mutex<HashMap<DeploymentId, Running>>>,
    tasks: TaskTracker,
}

struct Running {
    view: watch::Receiver<Deployment>,
    cancel: CancellationToken,
}

impl Deployments {
    /// Starts a deployment of what the user has now.
    ///
    /// # Errors
    /// 409 `deploy_running`, with its id, while another one of this user runs.
    pub async fn start(&self, state: &AppState, user: &User, key: Option<&str>, message: &str) -> ApiResult<Deployment> {
        let steps = serde_json::to_string(&view::new_steps()).map_err(ApiError::internal)?;
        match state.store.start_deployment(&user.id, key, message, &steps).await? {
            Started::New(row) => {
                // Meanwhile: a Deploy changes nothing in the home, and does not wait for this.
                state.workspaces.snapshot_meanwhile(&user.id, SnapshotReason::Deploy);
                self.spawn(state, user, row)
            }
            Started::Before(row) => self.view(row),
            Started::Busy(id) => Err(ApiError::new(
                http::StatusCode::CONFLICT,
                "deploy_running",
                Text::new("A Deploy of yours is running already.", "이미 배포가 진행 중입니다."),
            )
            .fix(Text::new("Wait until it ends, or cancel it.", "끝날 때까지 기다리거나 취소하세요."))
            .with("id", id.as_str())),
        }
    }

    /// Takes up the deployments that were running when the server ended.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn resume(&self, state: &AppState) -> ApiResult<()> {
        for row in state.store.running_deployments().await? {
            if let Some(user) = state.store.user(&row.user_id).await? {
                tracing::info!(deployment = %row.id, user = %user.login, "going on with a deployment");
                self.spawn(state, &user, row)?;
            }
        }
        Ok(())
    }

    fn spawn(&self, state: &AppState, user: &User, row: DeploymentRow) -> ApiResult<Deployment> {
        let id = row.id.clone();
        let deployment = Deployment::from_row(&row).map_err(ApiError::internal)?;
        let (publish, view) = watch::channel(deployment.clone());
        let cancel = CancellationToken::new();
        self.lock().insert(id.clone(), Running { view, cancel: cancel.clone() });
        let driver = driver::Driver { state: state.clone(), user: user.clone(), row, publish, cancel };
        let this = self.clone();
        self.tasks.spawn(async move {
            driver.run().await;
            this.lock().remove(&id);
        });
        Ok(deployment)
    }

    /// One of this user's, as it is now.
    ///
    /// # Errors
    /// 404 where it is not this user's.
    pub async fn get(&self, state: &AppState, user: &UserId, id: &DeploymentId) -> ApiResult<Deployment> {
        let row = state.store.deployment(user, id).await?.ok_or_else(ApiError::not_found)?;
        self.view(row)
    }

    /// The newest of this user.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn latest(&self, state: &AppState, user: &UserId) -> ApiResult<Option<Deployment>> {
        state.store.latest_deployment(user).await?.map(|row| self.view(row)).transpose()
    }

    /// Where it runs in this server, the task knows more than the row.
    fn view(&self, row: DeploymentRow) -> ApiResult<Deployment> {
        if let Some(running) = self.lock().get(&row.id) {
            return Ok(running.view.borrow().clone());
        }
        Deployment::from_row(&row).map_err(ApiError::internal)
    }

    /// Its changes from now on; `None` once it has ended.
    pub fn follow(&self, id: &DeploymentId) -> Option<watch::Receiver<Deployment>> {
        self.lock().get(id).map(|running| running.view.clone())
    }

    /// Asks it to end. What has been committed and built stays.
    pub fn cancel(&self, id: &DeploymentId) {
        if let Some(running) = self.lock().get(id) {
            running.cancel.cancel();
        }
    }

    /// Waits until no task is left: they end by themselves once the server's shutdown token is cancelled.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeploymentId, Running>> {
        // The map is whole whoever panicked while holding it: every use is one call.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
