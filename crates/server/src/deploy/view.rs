//! What the API shows of a deployment, and what its row keeps.

use jiff::Timestamp;
use maru_manifest::Diagnostic;
use maru_model::{DeploymentId, Lang, Text};
use maru_store::deployments::DeploymentRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepName {
    Commit,
    Build,
    Refresh,
    Rollout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Pending,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    /// Not begun, because a later step was found to fail.
    Skipped,
}

/// A build that the build step started or found done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepBuild {
    pub id: String,
    pub repository: String,
    pub number: i64,
    pub state: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    pub name: StepName,
    pub state: StepState,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub detail: Option<Text>,
    /// What to do about a failure.
    pub fix: Option<Text>,
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
    #[serde(default)]
    pub builds: Vec<StepBuild>,
}

#[derive(Debug, Clone)]
pub struct Deployment {
    pub id: DeploymentId,
    pub state: String,
    pub message: String,
    pub commit: Option<String>,
    pub url: Option<String>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub steps: Vec<Step>,
}

pub fn new_steps() -> Vec<Step> {
    [StepName::Commit, StepName::Build, StepName::Refresh, StepName::Rollout]
        .into_iter()
        .map(|name| Step {
            name,
            state: StepState::Pending,
            started_at: None,
            finished_at: None,
            detail: None,
            fix: None,
            diagnostics: Vec::new(),
            builds: Vec::new(),
        })
        .collect()
}

/// A value that a database holds and this program cannot read.
#[derive(Debug, thiserror::Error)]
#[error("deployment {id}: {message}")]
pub struct Unreadable {
    id: DeploymentId,
    message: String,
}

impl Deployment {
    /// # Errors
    /// Where the row's steps or times are not what this program writes.
    pub fn from_row(row: &DeploymentRow) -> Result<Self, Unreadable> {
        let unreadable = |message: String| Unreadable { id: row.id.clone(), message };
        let time = |ms: i64| Timestamp::from_millisecond(ms).map_err(|error| unreadable(error.to_string()));
        Ok(Self {
            id: row.id.clone(),
            state: row.state.clone(),
            message: row.message.clone(),
            commit: row.commit.clone(),
            url: row.url.clone(),
            created_at: time(row.created_at)?,
            finished_at: row.finished_at.map(time).transpose()?,
            steps: serde_json::from_str(&row.steps).map_err(|error| unreadable(error.to_string()))?,
        })
    }

    pub fn step_mut(&mut self, name: StepName) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.name == name)
    }

    pub fn is_over(&self) -> bool {
        self.state != "running"
    }

    /// The contract's JSON, in the reader's language.
    pub fn json(&self, lang: Lang) -> Value {
        json!({
            "id": self.id,
            "state": self.state,
            "message": self.message,
            "commit": self.commit,
            "url": self.url,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "steps": self.steps.iter().map(|step| step.json(lang)).collect::<Vec<_>>(),
        })
    }
}

impl Step {
    fn json(&self, lang: Lang) -> Value {
        json!({
            "name": self.name,
            "state": self.state,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "detail": self.detail.as_ref().map(|text| text.get(lang)),
            "fix": self.fix.as_ref().map(|text| text.get(lang)),
            "diagnostics": self.diagnostics.iter().map(|diagnostic| diagnostic.view(lang)).collect::<Vec<_>>(),
            "builds": self.builds,
        })
    }
}
