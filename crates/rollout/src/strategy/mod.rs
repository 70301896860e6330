//! Blue/green and canary: where an Argo Rollout is on its way from one version to the next, and what moves it on.
//!
//! ```text
//!  apply ─▶ progressing ⇄ paused ──promote──▶ … ─▶ healthy
//!                └───────────┴─────abort──────▶ degraded: the version before serves all
//! ```
//!
//! Argo's controller does it; here its status is read. `orders` is what a person tells it, `apply` what an apply leaves to it.

mod apply;
mod orders;
#[cfg(test)]
mod tests;

use maru_model::Text;
use serde::Serialize;
use serde_json::Value;

pub use orders::Order;

pub(crate) use apply::{keep_selectors, retry};
pub(crate) use orders::tell;

use crate::model::text;

/// The label by which Argo tells the pods of one version from those of another.
pub(crate) const POD_HASH: &str = "rollouts-pod-template-hash";
pub(crate) const API_VERSION: &str = "argoproj.io/v1alpha1";

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
