//! The task that owns one deployment: runs its steps in order and writes down how each went.

use jiff::Timestamp;
use maru_manifest::Diagnostic;
use maru_model::Text;
use maru_store::deployments::DeploymentRow;
use maru_store::now_ms;
use maru_store::users::User;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::steps;
use super::view::{Deployment, StepName, StepState};
use crate::error::ApiError;
use crate::state::AppState;

/// Why a step did not succeed.
pub enum StepFailure {
    Failed {
        detail: Text,
        fix: Option<Text>,
        diagnostics: Vec<Diagnostic>,
    },
    /// Nothing was built: the manifests cannot be rolled out, which is a matter of the refresh.
    Manifests {
        detail: Text,
        diagnostics: Vec<Diagnostic>,
    },
    Cancelled,
}

impl StepFailure {
    pub fn because(detail: Text) -> Self {
        Self::Failed { detail, fix: None, diagnostics: Vec::new() }
    }
}

/// In the words that a page would have said it in.
impl From<ApiError> for StepFailure {
    fn from(error: ApiError) -> Self {
        Self::Failed { detail: error.detail().clone(), fix: error.known_fix().cloned(), diagnostics: Vec::new() }
    }
}

pub struct Driver {
    pub state: AppState,
    pub user: User,
    pub row: DeploymentRow,
    pub publish: watch::Sender<Deployment>,
    pub cancel: CancellationToken,
}

impl Driver {
    pub async fn run(mut self) {
        let names: Vec<StepName> =
            self.publish.borrow().steps.iter().filter(|step| step.state != StepState::Succeeded).map(|step| step.name).collect();
        for name in names {
            self.begin(name);
            let shutdown = self.state.shutdown.clone();
            let result = tokio::select! {
                // The server ends: the row stays "running", and the next server goes on with it.
                () = shutdown.cancelled() => return,
                result = self.step(name) => result,
            };
            match result {
                Ok(detail) => self.end_step(name, StepState::Succeeded, Some(detail), None, Vec::new()),
                Err(StepFailure::Cancelled) => {
                    let detail = Text::new(
                        "You cancelled it. What was committed and built stays.",
                        "취소했습니다. 커밋과 빌드된 것은 그대로 남습니다.",
                    );
                    self.end_step(name, StepState::Cancelled, Some(detail), None, Vec::new());
                    return self.finish("cancelled").await;
                }
                Err(StepFailure::Failed { detail, fix, diagnostics }) => {
                    self.end_step(name, StepState::Failed, Some(detail), fix, diagnostics);
                    return self.finish("failed").await;
                }
                Err(StepFailure::Manifests { detail, diagnostics }) => {
                    let skipped = Text::new(
                        "Nothing was built: the manifests have to be mended first.",
                        "매니페스트를 먼저 고쳐야 해서 빌드하지 않았습니다.",
                    );
                    self.end_step(name, StepState::Skipped, Some(skipped), None, Vec::new());
                    self.begin(StepName::Refresh);
                    self.end_step(StepName::Refresh, StepState::Failed, Some(detail), None, diagnostics);
                    return self.finish("failed").await;
                }
            }
            self.save().await;
        }
        self.finish("succeeded").await;
    }

    async fn step(&mut self, name: StepName) -> Result<Text, StepFailure> {
        let mut progress = Progress { publish: &self.publish, row: &mut self.row, step: name };
        match name {
            StepName::Commit => until_cancelled(&self.cancel, steps::commit(&self.state, &self.user, &mut progress)).await,
            StepName::Build => {
                until_cancelled(&self.cancel, steps::check(&self.state, &self.user, &mut progress)).await?;
                steps::build(&self.state, &self.user, &mut progress, &self.cancel).await
            }
            StepName::Refresh => until_cancelled(&self.cancel, steps::refresh(&self.state, &self.user, &mut progress)).await,
            StepName::Rollout => steps::rollout(&self.state, &self.user, &mut progress, &self.cancel).await,
        }
    }

    fn begin(&self, name: StepName) {
        self.publish.send_modify(|deployment| {
            if let Some(step) = deployment.step_mut(name) {
                step.state = StepState::Running;
                step.started_at.get_or_insert_with(Timestamp::now);
            }
        });
    }

    fn end_step(&self, name: StepName, state: StepState, detail: Option<Text>, fix: Option<Text>, diagnostics: Vec<Diagnostic>) {
        self.publish.send_modify(|deployment| {
            if let Some(step) = deployment.step_mut(name) {
                step.state = state;
                step.finished_at = Some(Timestamp::now());
                step.detail = detail;
                step.fix = fix;
                step.diagnostics = diagnostics;
            }
        });
    }

    async fn finish(mut self, state: &str) {
        self.row.state = state.to_owned();
        self.row.finished_at = Some(now_ms());
        self.save().await;
    }

    /// Row first, watchers after: what somebody has been shown is kept.
    async fn save(&mut self) {
        match serde_json::to_string(&self.publish.borrow().steps) {
            Ok(steps) => self.row.steps = steps,
            Err(error) => tracing::error!(%error, deployment = %self.row.id, "writing a deployment's steps"),
        }
        if let Err(error) = self.state.store.save_deployment(&self.row).await {
            tracing::error!(%error, deployment = %self.row.id, "saving a deployment");
        }
        let row = &self.row;
        self.publish.send_modify(|deployment| {
            deployment.state.clone_from(&row.state);
            deployment.commit.clone_from(&row.commit);
            deployment.url.clone_from(&row.url);
            deployment.finished_at = row.finished_at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        });
    }
}

/// For steps that may be dropped anywhere. The others take the token themselves: they have a build or a rollout to call off.
async fn until_cancelled<T>(cancel: &CancellationToken, step: impl Future<Output = Result<T, StepFailure>>) -> Result<T, StepFailure> {
    tokio::select! {
        () = cancel.cancelled() => Err(StepFailure::Cancelled),
        result = step => result,
    }
}
