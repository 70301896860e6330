//! Blue/green and canary: where an Argo Rollout is on its way from one version to the next, and what moves it on.
//!
//! ```text
//!  apply ─▶ progressing ⇄ paused ──promote──▶ … ─▶ healthy
//!                └───────────┴─────abort──────▶ degraded: the version before serves all
//! ```
//!
//! Argo's controller does it; here its status is read, and the two patches are made that its own command line tool makes.

use kube::Client;
use kube::api::{Patch, PatchParams};
use maru_model::Text;
use serde::Serialize;
use serde_json::{Value, json};

use crate::apply::MANAGER;
use crate::kinds;
use crate::model::text;

/// The label by which Argo tells the pods of one version from those of another.
pub(crate) const POD_HASH: &str = "rollouts-pod-template-hash";
pub(crate) const API_VERSION: &str = "argoproj.io/v1alpha1";
/// So often is a patch tried that the controller came before.
const TRIES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyKind {
    BlueGreen,
    Canary,
}

/// One step of a canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CanaryStep {
    SetWeight {
        weight: i64,
    },
    /// Without seconds it lasts until somebody promotes.
    Pause {
        seconds: Option<i64>,
    },
    SetCanaryScale,
    Analysis,
    Experiment,
    /// A step of another kind, by its own name.
    Other {
        name: String,
    },
}

/// Why and where the way to the next version stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// The Rollout's name.
    pub name: String,
    /// Argo's word: `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun`; `Manual` where the manifest or a person says so.
    pub reason: String,
    /// The step it stands at, from 1, of a canary.
    pub step: Option<i64>,
    pub steps: Option<i64>,
    /// How much of the traffic the new version gets, in percent.
    pub weight: Option<i64>,
    pub since: Option<String>,
    /// When it goes on by itself; `None`: when somebody says so.
    pub until: Option<String>,
}

/// How a Rollout's strategy stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Strategy {
    pub kind: StrategyKind,
    /// From 1; one more than there are steps once all are done.
    pub step: Option<i64>,
    pub steps: Vec<CanaryStep>,
    /// How much of the traffic the new version gets, in percent; `None` while there is only one version.
    pub weight: Option<i64>,
    pub paused: Option<Paused>,
    pub aborted: bool,
    /// A new version is on its way: it can be aborted.
    pub updating: bool,
    /// Hashes of the pods: of the version that everybody gets, and of the new one.
    pub stable: String,
    pub newest: String,
    /// The Services of blue/green and of a canary, where they are named.
    pub services: Services,
}

/// The Services that a strategy steers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Services {
    pub active: Option<String>,
    pub preview: Option<String>,
    pub stable: Option<String>,
    pub canary: Option<String>,
}

fn str<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn int(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// True for what Argo's controller has yet to look at: the newest specification, or that a pause was ended.
pub(crate) fn unseen(rollout: &Value) -> bool {
    let seen = str(rollout, "/status/observedGeneration").parse::<i64>().unwrap_or(0);
    let unpausing = rollout.pointer("/status/controllerPause") == Some(&Value::Bool(true)) && pauses(rollout).is_empty();
    seen < int(rollout, "/metadata/generation").unwrap_or(0) || unpausing
}

fn pauses(rollout: &Value) -> &[Value] {
    rollout.pointer("/status/pauseConditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn is_aborted(rollout: &Value) -> bool {
    rollout.pointer("/status/abort") == Some(&Value::Bool(true))
}

impl Strategy {
    /// What an Argo Rollout says of itself; `None` for other objects and for one without a strategy.
    pub(crate) fn read(rollout: &Value) -> Option<Self> {
        if rollout["kind"] != "Rollout" {
            return None;
        }
        let strategy = rollout.pointer("/spec/strategy")?;
        let (kind, spec) = match (strategy.get("canary"), strategy.get("blueGreen")) {
            (Some(canary), _) if !canary.is_null() => (StrategyKind::Canary, canary),
            (_, Some(blue_green)) if !blue_green.is_null() => (StrategyKind::BlueGreen, blue_green),
            _ => return None,
        };
        let steps: Vec<CanaryStep> = spec["steps"].as_array().into_iter().flatten().map(CanaryStep::read).collect();
        let (stable, newest) = (str(rollout, "/status/stableRS").to_owned(), str(rollout, "/status/currentPodHash").to_owned());
        let updating = !stable.is_empty() && !newest.is_empty() && stable != newest;
        let index = int(rollout, "/status/currentStepIndex").filter(|_| !steps.is_empty());
        let aborted = is_aborted(rollout);
        let mut found = Self {
            kind,
            step: index.map(|index| index + 1),
            weight: None,
            paused: None,
            aborted,
            updating: updating && !aborted,
            services: Services::read(spec),
            steps,
            stable,
            newest,
        };
        found.weight = updating.then(|| found.weight(rollout, spec, index));
        found.paused = found.pause(rollout, spec, index);
        Some(found)
    }

    fn weight(&self, rollout: &Value, spec: &Value, index: Option<i64>) -> i64 {
        if self.kind == StrategyKind::BlueGreen {
            let active = str(rollout, "/status/blueGreen/activeSelector");
            return if active == self.newest { 100 } else { 0 };
        }
        if self.aborted {
            return 0;
        }
        // What the Ingress was told; without one, what the pods come to.
        if let Some(weight) = int(rollout, "/status/canary/weights/canary/weight") {
            let total = int(spec, "/trafficRouting/maxTrafficWeight").filter(|total| *total > 0).unwrap_or(100);
            return weight * 100 / total;
        }
        let done = usize::try_from(index.unwrap_or(0)).unwrap_or(0).min(self.steps.len());
        let told = self.steps[..done].iter().rev().find_map(|step| match step {
            CanaryStep::SetWeight { weight } => Some(*weight),
            _ => None,
        });
        told.unwrap_or(if done == self.steps.len() { 100 } else { 0 })
    }

    fn pause(&self, rollout: &Value, spec: &Value, index: Option<i64>) -> Option<Paused> {
        let condition = pauses(rollout).first();
        let reason = match condition {
            Some(condition) => str(condition, "/reason"),
            None if rollout.pointer("/spec/paused") == Some(&Value::Bool(true)) => "Manual",
            None => return None,
        };
        let since = condition.map(|condition| str(condition, "/startTime").to_owned()).filter(|since| !since.is_empty());
        let lasts = match reason {
            "CanaryPauseStep" => match index.and_then(|index| self.steps.get(usize::try_from(index).ok()?)) {
                Some(CanaryStep::Pause { seconds }) => *seconds,
                _ => None,
            },
            "BlueGreenPause" => int(spec, "/autoPromotionSeconds").filter(|seconds| *seconds > 0),
            _ => None,
        };
        let until = since.as_ref().zip(lasts).and_then(|(since, seconds)| {
            let since: jiff::Timestamp = since.parse().ok()?;
            Some(since.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()?.to_string())
        });
        Some(Paused {
            name: str(rollout, "/metadata/name").to_owned(),
            reason: reason.to_owned(),
            step: self.step,
            steps: self.step.and(i64::try_from(self.steps.len()).ok()),
            weight: self.weight,
            since,
            until,
        })
    }

    /// What a pod with this hash is to everybody: stable and canary, or active and preview; `old` where nobody is sent to it.
    pub(crate) fn role(&self, rollout: &Value, hash: &str) -> &'static str {
        match self.kind {
            StrategyKind::Canary if hash == self.stable => "stable",
            StrategyKind::Canary if hash == self.newest && !self.stable.is_empty() => "canary",
            StrategyKind::BlueGreen if hash == str(rollout, "/status/blueGreen/activeSelector") => "active",
            StrategyKind::BlueGreen if hash == self.newest => "preview",
            // The very first version becomes the stable one.
            StrategyKind::Canary if hash == self.newest => "stable",
            _ => "old",
        }
    }
}

impl Services {
    fn read(spec: &Value) -> Self {
        let name = |field: &str| spec[field].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        Self {
            active: name("activeService"),
            preview: name("previewService"),
            stable: name("stableService"),
            canary: name("canaryService"),
        }
    }

    fn has(&self, service: &str) -> bool {
        [&self.active, &self.preview, &self.stable, &self.canary].into_iter().flatten().any(|name| name == service)
    }
}

impl CanaryStep {
    fn read(step: &Value) -> Self {
        if let Some(weight) = step["setWeight"].as_i64() {
            return Self::SetWeight { weight };
        }
        let name = step.as_object().and_then(|fields| fields.keys().next()).cloned().unwrap_or_default();
        match name.as_str() {
            "pause" => Self::Pause { seconds: seconds(&step["pause"]["duration"]) },
            "setCanaryScale" => Self::SetCanaryScale,
            "analysis" => Self::Analysis,
            "experiment" => Self::Experiment,
            _ => Self::Other { name },
        }
    }
}

/// `30`, `"30"`, `30s`, `5m`, `1h30m`
fn seconds(duration: &Value) -> Option<i64> {
    let text = match duration {
        Value::Number(number) => return number.as_i64(),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (mut total, mut digits) = (0_i64, String::new());
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<i64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    digits.is_empty().then_some(total)
}

impl Paused {
    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        let share = match (self.reason.as_str(), self.weight) {
            ("BlueGreenPause", _) => Text::new(
                "the new version runs beside the old one and gets no traffic yet",
                "새 버전이 이전 버전 옆에서 실행 중이며 아직 트래픽을 받지 않습니다",
            ),
            ("InconclusiveAnalysisRun" | "InconclusiveExperiment", _) => {
                Text::new("the analysis came to no conclusion", "분석에서 결론이 나지 않았습니다")
            }
            (_, Some(weight)) => {
                text!("{weight} % of the requests get the new version", "요청의 {weight} % 가 새 버전으로 갑니다")
            }
            _ => Text::new("it was paused by hand", "사람이 일시 정지했습니다"),
        };
        let (en, ko) = (share.en, share.ko);
        let at = match (self.step, self.steps) {
            (Some(step), Some(steps)) => text!(" at step {step} of {steps}", " ({steps}단계 중 {step}단계)"),
            _ => Text::new("", ""),
        };
        let (at_en, at_ko) = (at.en, at.ko);
        match &self.until {
            Some(until) => {
                text!("paused{at_en}: {en}; it goes on by itself at {until}", "일시 정지됨{at_ko}: {ko}. {until} 에 저절로 계속됩니다")
            }
            None => text!("paused{at_en}: {en}; promote or abort", "일시 정지됨{at_ko}: {ko}. 승격하거나 중단하세요"),
        }
    }
}

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
struct Patches {
    spec: Option<Value>,
    status: Option<Value>,
}

fn patches(rollout: &Value, order: Order) -> Patches {
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

/// Tries an aborted Rollout again that an apply did not change: to the controller it would stay aborted.
///
/// # Errors
/// Where the API server does not do it.
pub(crate) async fn retry(client: &Client, namespace: &str, name: &str) -> Result<(), kube::Error> {
    let api = kinds::api(client, namespace, API_VERSION, "Rollout");
    let now = serde_json::to_value(api.get(name).await?).unwrap_or_default();
    if is_aborted(&now) && !unseen(&now) {
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(&json!({"status": {"abort": false}}))).await?;
    }
    Ok(())
}

/// Argo adds the hash of a version to the selectors of the Services that a Rollout names, and a selector is applied as a
/// whole: what is applied must have it too, or for a moment both versions would get the traffic.
///
/// # Errors
/// Where the API server does not answer.
pub(crate) async fn keep_selectors(client: &Client, namespace: &str, objects: &mut [Value]) -> Result<(), kube::Error> {
    let steered: Vec<Services> = objects.iter().filter_map(Strategy::read).map(|strategy| strategy.services).collect();
    let services = kinds::api(client, namespace, "v1", "Service");
    for object in objects.iter_mut().filter(|object| object["kind"] == "Service") {
        let name = str(object, "/metadata/name").to_owned();
        if !steered.iter().any(|services| services.has(&name)) {
            continue;
        }
        let Some(live) = services.get_opt(&name).await? else { continue };
        if let Some(hash) = live.data.pointer("/spec/selector").and_then(|selector| selector.get(POD_HASH))
            && let Some(selector) = object.pointer_mut("/spec/selector").and_then(Value::as_object_mut)
        {
            selector.insert(POD_HASH.to_owned(), hash.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn canary(status: &Value) -> Value {
        json!({
            "kind": "Rollout", "metadata": {"name": "web", "generation": 2},
            "spec": {"strategy": {"canary": {"canaryService": "web-canary", "stableService": "web",
                "steps": [{"setWeight": 20}, {"pause": {"duration": "1m30s"}}, {"setWeight": 50}, {"pause": {}}]}}},
            "status": status,
        })
    }

    fn paused(index: i64) -> Value {
        canary(
            &json!({"observedGeneration": "2", "stableRS": "a", "currentPodHash": "b", "currentStepIndex": index, "controllerPause": true,
            "phase": "Paused", "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}]}),
        )
    }

    #[test]
    fn a_pause_says_where_it_stands_and_whether_it_ends_by_itself() {
        let found = Strategy::read(&paused(3)).unwrap();
        let pause = found.paused.clone().unwrap();
        assert_eq!((pause.step, pause.steps, pause.weight, pause.until.clone()), (Some(4), Some(4), Some(50), None));
        assert_eq!(pause.text().en, "paused at step 4 of 4: 50 % of the requests get the new version; promote or abort");
        let timed = Strategy::read(&paused(1)).unwrap().paused.unwrap();
        assert_eq!((timed.weight, timed.until.as_deref()), (Some(20), Some("2026-01-01T00:01:30Z")));
        assert_eq!(["a", "b", "c"].map(|hash| found.role(&paused(3), hash)), ["stable", "canary", "old"]);
    }

    #[test]
    fn the_weight_is_what_the_ingress_was_told() {
        let mut rollout = paused(3);
        rollout["status"]["canary"] = json!({"weights": {"canary": {"weight": 48}}});
        assert_eq!(Strategy::read(&rollout).unwrap().weight, Some(48));
        rollout["status"]["abort"] = json!(true);
        assert_eq!(Strategy::read(&rollout).unwrap().weight, Some(0));
        let done = canary(&json!({"stableRS": "b", "currentPodHash": "b", "currentStepIndex": 4}));
        assert_eq!(Strategy::read(&done).unwrap().weight, None);
    }

    #[test]
    fn promoting_ends_a_pause_once() {
        let promote = Order::Promote { full: false };
        assert_eq!(patches(&paused(3), promote), Patches { spec: None, status: Some(json!({"pauseConditions": null})) });
        let mut unpausing = paused(3);
        unpausing["status"]["pauseConditions"] = Value::Null;
        assert_eq!(patches(&unpausing, promote), Patches::default(), "whoever presses twice skips no step");
        assert!(unseen(&unpausing));
        let mut by_hand = paused(3);
        by_hand["spec"]["paused"] = json!(true);
        assert_eq!(patches(&by_hand, promote).spec, Some(json!({"paused": false})));
        let mut inconclusive = paused(3);
        inconclusive["status"]["canary"] = json!({"currentStepAnalysisRunStatus": {"status": "Inconclusive"}});
        assert_eq!(
            patches(&inconclusive, promote).status,
            Some(json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 4}))
        );
        assert_eq!(patches(&paused(1), Order::Promote { full: true }).status, Some(json!({"promoteFull": true})));
    }

    #[test]
    fn what_is_through_or_aborted_takes_no_order() {
        let through = canary(&json!({"stableRS": "b", "currentPodHash": "b"}));
        let mut aborted = paused(3);
        aborted["status"]["abort"] = json!(true);
        let first = canary(&json!({"currentPodHash": "b"}));
        for order in [Order::Abort, Order::Promote { full: false }, Order::Promote { full: true }] {
            for rollout in [&through, &aborted, &first, &json!({"kind": "Deployment"})] {
                assert_eq!(patches(rollout, order), Patches::default(), "{order:?}");
            }
        }
        assert_eq!(patches(&paused(3), Order::Abort).status, Some(json!({"abort": true})));
    }

    #[test]
    fn blue_and_green() {
        let rollout = json!({
            "kind": "Rollout", "metadata": {"name": "web"},
            "spec": {"strategy": {"blueGreen": {"activeService": "web", "previewService": "web-preview", "autoPromotionEnabled": false}}},
            "status": {"stableRS": "a", "currentPodHash": "b", "blueGreen": {"activeSelector": "a", "previewSelector": "b"},
                "pauseConditions": [{"reason": "BlueGreenPause", "startTime": "2026-01-01T00:00:00Z"}]},
        });
        let found = Strategy::read(&rollout).unwrap();
        assert_eq!((found.kind, found.weight, found.step), (StrategyKind::BlueGreen, Some(0), None));
        assert_eq!(["a", "b"].map(|hash| found.role(&rollout, hash)), ["active", "preview"]);
        assert!(found.paused.unwrap().text().en.ends_with("promote or abort"));
    }

    #[test]
    fn durations() {
        let read = ["30", "30s", "5m", "1h30m", "soon", "5"].map(|text| seconds(&json!(text)));
        assert_eq!(read, [Some(30), Some(30), Some(300), Some(5400), None, Some(5)]);
        assert_eq!(seconds(&json!(7)), Some(7));
        assert_eq!(seconds(&Value::Null), None);
    }
}
