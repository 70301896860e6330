//! What a person tells a Rollout, as the patches that Argo's own command line tool makes.

use kube::Client;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{API_VERSION, Strategy, int, pauses, str};
use crate::apply::MANAGER;
use crate::kinds;

/// So often is a patch tried that the controller came before.
const TRIES: usize = 8;

/// What a person can tell a Rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// On to the next step; `full`: to the end, past all steps.
    Promote { full: bool },
    /// Back to the version before.
    Abort,
}

/// The patches that carry out an order: of the specification, and of the status. Neither where nothing waits for it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Patches {
    pub(super) spec: Option<Value>,
    pub(super) status: Option<Value>,
}

pub(super) fn patches(rollout: &Value, order: Order) -> Patches {
    let mut patches = Patches::default();
    let Some(strategy) = Strategy::read(rollout).filter(|strategy| !strategy.aborted) else { return patches };
    let unpause = || (rollout.pointer("/spec/paused") == Some(&Value::Bool(true))).then(|| json!({"paused": false}));
    match order {
        Order::Abort => patches.status = strategy.updating.then(|| json!({"abort": true})),
        Order::Promote { full: true } => {
            patches.spec = unpause();
            patches.status = strategy.updating.then(|| json!({"promoteFull": true}));
        }
        Order::Promote { full: false } => {
            patches.spec = unpause();
            if !pauses(rollout).is_empty() {
                let mut status = json!({"pauseConditions": null});
                // Ending the pause alone would begin the same analysis again.
                if str(rollout, "/status/canary/currentStepAnalysisRunStatus/status") == "Inconclusive" {
                    let next = int(rollout, "/status/currentStepIndex").unwrap_or(0) + 1;
                    status["controllerPause"] = json!(false);
                    status["currentStepIndex"] = json!(next.min(i64::try_from(strategy.steps.len()).unwrap_or(next)));
                }
                patches.status = Some(status);
            }
        }
    }
    patches
}

/// Carries out an order; false where nothing waits for it.
///
/// # Errors
/// Where the API server does not do it.
pub(crate) async fn tell(client: &Client, namespace: &str, name: &str, order: Order) -> Result<bool, kube::Error> {
    let api = kinds::api(client, namespace, API_VERSION, "Rollout");
    for attempt in 0..TRIES {
        let now = match api.get(name).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(false),
            now => serde_json::to_value(now?).unwrap_or_default(),
        };
        let Patches { spec, status } = patches(&now, order);
        if spec.is_none() && status.is_none() {
            return Ok(false);
        }
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        // With the version that was read, so that two who press at once do not skip a step.
        let mut version = now["metadata"]["resourceVersion"].clone();
        let made = async {
            if let Some(status) = status {
                let patch = json!({"metadata": {"resourceVersion": version}, "status": status});
                let made = api.patch_status(name, &params, &Patch::Merge(&patch)).await?;
                version = json!(made.metadata.resource_version);
            }
            if let Some(spec) = spec {
                let patch = json!({"metadata": {"resourceVersion": version}, "spec": spec});
                api.patch(name, &params, &Patch::Merge(&patch)).await?;
            }
            Ok::<(), kube::Error>(())
        };
        match made.await {
            Err(kube::Error::Api(status)) if status.code == 409 && attempt + 1 < TRIES => {}
            made => return made.map(|()| true),
        }
    }
    Ok(false)
}
