//! Target states, rollouts and their phases, as they are stored and shown.

use maru_manifest::{Diagnostic, ObjectRef};
use maru_model::{RolloutId, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::strategy::{Paused, Strategy};

/// Both languages of one message, with the same values filled in.
macro_rules! text {
    ($en:literal, $ko:literal) => {
        maru_model::Text::new(format!($en), format!($ko))
    };
}
pub(crate) use text;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    Ready,
    Failed,
}

/// What git asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    pub id: RolloutId,
    pub commit: String,
    /// When it was read; Unix milliseconds.
    pub read_at: i64,
    pub state: TargetState,
    pub diagnostics: Vec<Diagnostic>,
    pub objects: Vec<ObjectRef>,
    /// The rendered objects, images as they are written.
    pub rendered: Vec<Value>,
    /// Where the sources say them.
    #[serde(default)]
    pub places: Vec<Place>,
}

/// Where an object begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub kind: String,
    pub name: String,
    pub file: String,
    pub line: u32,
}

impl Target {
    #[must_use]
    pub fn place(&self, kind: &str, name: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.kind == kind && place.name == name)
    }
}

/// Where a rollout is. Each phase may be entered twice: a server that was killed begins the phase it was in again.
///
/// ```text
/// resolve ─▶ prepare ─▶ verify ─▶ apply ─▶ wait ─▶ prune ─▶ healthy
///    └──────────┴──────────┴────────┴───────┴─────────┴────▶ failed | cancelled
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Names of images become digests.
    Resolve,
    /// Cluster and namespace.
    Prepare,
    /// The API server's dry run.
    Verify,
    Apply,
    /// Until everything is healthy.
    Wait,
    /// What is no longer asked for goes.
    Prune,
    Healthy,
    Failed,
    Cancelled,
}

impl Phase {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Prepare => "prepare",
            Self::Verify => "verify",
            Self::Apply => "apply",
            Self::Wait => "wait",
            Self::Prune => "prune",
            Self::Healthy => "healthy",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Resolve, Self::Prepare, Self::Verify, Self::Apply, Self::Wait, Self::Prune, Self::Healthy, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|phase| phase.as_str() == text)
    }

    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Healthy | Self::Failed | Self::Cancelled)
    }

    /// What happens in it, for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Resolve => Text::new("Looking up the newest images", "최신 이미지를 찾는 중"),
            Self::Prepare => Text::new("Preparing the namespace", "네임스페이스를 준비하는 중"),
            Self::Verify => Text::new("Asking Kubernetes whether it would take the objects", "Kubernetes 에 오브젝트를 미리 확인하는 중"),
            Self::Apply => Text::new("Handing the objects to Kubernetes", "오브젝트를 Kubernetes 에 전달하는 중"),
            Self::Wait => Text::new("Waiting until everything is healthy", "모두 정상이 될 때까지 기다리는 중"),
            Self::Prune => Text::new("Removing what is no longer asked for", "더 이상 필요 없는 것을 지우는 중"),
            Self::Healthy => Text::new("Everything is healthy", "모두 정상입니다"),
            Self::Failed => Text::new(
                "The rollout failed; what ran before was not removed",
                "롤아웃이 실패했습니다. 이전에 실행되던 것은 지우지 않았습니다",
            ),
            Self::Cancelled => Text::new("The rollout was cancelled", "롤아웃이 취소되었습니다"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    Healthy,
    /// A new version stands still on its way until somebody promotes it, or its time has come; all works.
    Paused,
    Progressing,
    Degraded,
}

/// How one object is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectHealth {
    pub object: ObjectRef,
    pub state: HealthState,
    pub message: Text,
    /// Pods that are ready and that are wanted, of a workload.
    pub ready: Option<i64>,
    pub wanted: Option<i64>,
    /// Of an Argo Rollout.
    pub strategy: Option<Strategy>,
}

/// What a running rollout shows to whoever looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub id: RolloutId,
    pub phase: Phase,
    /// The phase in words, or what it waits for at this moment.
    pub detail: Text,
    pub objects: Vec<ObjectHealth>,
    /// Where it stands still; it waits as long as that lasts.
    pub paused: Option<Paused>,
    pub diagnostics: Vec<Diagnostic>,
    pub urls: Vec<String>,
}

impl Progress {
    /// Nothing will happen until somebody promotes or aborts.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        self.paused.as_ref().is_some_and(|paused| paused.until.is_none())
    }
}

/// A rollout, from the database.
#[derive(Debug, Clone)]
pub struct Rollout {
    pub id: RolloutId,
    pub number: i64,
    pub commit: String,
    pub origin: Option<RolloutId>,
    /// The login of who began it, as it was then; `None` for those of an older Maru.
    pub by: Option<String>,
    pub phase: Phase,
    pub diagnostics: Vec<Diagnostic>,
    pub urls: Vec<String>,
    /// Unix milliseconds.
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

impl Rollout {
    /// How it stands or ended, for people: what stopped it, where something did.
    #[must_use]
    pub fn detail(&self) -> Text {
        let stopped = self.diagnostics.iter().find(|diagnostic| diagnostic.is_error()).filter(|_| self.phase == Phase::Cancelled);
        stopped.map_or_else(|| self.phase.text(), |diagnostic| diagnostic.message.clone())
    }

    pub(crate) fn from_row(row: &maru_store::rollouts::RolloutRow) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: row.id.clone(),
            number: row.number,
            commit: row.commit_id.clone(),
            origin: row.origin_id.clone(),
            by: row.started_by.clone(),
            // An unknown phase is of a newer version: its end is not known here.
            phase: Phase::parse(&row.phase).unwrap_or(Phase::Failed),
            diagnostics: serde_json::from_str(&row.diagnostics)?,
            urls: serde_json::from_str(&row.urls)?,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}

/// The reference of a rendered object.
pub(crate) fn reference(object: &Value) -> ObjectRef {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    ObjectRef {
        api_version: text("/apiVersion"),
        kind: text("/kind"),
        name: text("/metadata/name"),
        namespace: text("/metadata/namespace"),
    }
}
