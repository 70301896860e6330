//! How a step says how far it is: every word of it reaches whoever watches at once.

use maru_model::Text;
use maru_store::deployments::DeploymentRow;
use tokio::sync::watch;

use super::view::{Deployment, StepBuild, StepName};

/// A step's own view on the deployment it belongs to.
pub struct Progress<'a> {
    pub publish: &'a watch::Sender<Deployment>,
    pub row: &'a mut DeploymentRow,
    pub step: StepName,
}

impl Progress<'_> {
    /// What it does right now.
    pub fn say(&self, detail: Text) {
        self.publish.send_if_modified(|deployment| {
            let Some(step) = deployment.step_mut(self.step) else { return false };
            if step.detail.as_ref() == Some(&detail) {
                return false;
            }
            step.detail = Some(detail);
            true
        });
    }

    /// The builds it waits for.
    pub fn builds(&self, builds: Vec<StepBuild>) {
        self.publish.send_if_modified(|deployment| {
            let Some(step) = deployment.step_mut(self.step) else { return false };
            let changed = step.builds != builds;
            step.builds = builds;
            changed
        });
    }
}
