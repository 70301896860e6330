//! Why a workload does not become healthy, in a beginner's words: read off the states of its pods, its own conditions and the
//! namespace's events. What cannot get better by waiting is known at once, long before a deadline.
//!
//! ```text
//!  newest ─▶ before: no pod, no node, no volume ─▶ container: no image, no start, an end, a probe
//! ```

mod before;
mod container;
mod newest;
#[cfg(test)]
mod tests;

use std::time::Duration;

use maru_model::Text;
use serde_json::Value;

use crate::live::Live;

pub(crate) use newest::{is_settling, pods as newest_pods};

/// Something that keeps a workload from being healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Stable; also what is remembered to tell a passing trouble from one that stays.
    pub code: &'static str,
    /// `Deployment web`
    pub workload: String,
    pub message: Text,
    pub fix: Option<Text>,
    /// How long it may last before the rollout gives up; `None`: it is only worth showing.
    pub patience: Option<Duration>,
    /// Whose log says more: pod, container, and whether it is the previous run's.
    pub log: Option<(String, String, bool)>,
}

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

fn seconds(s: u64) -> Option<Duration> {
    Some(Duration::from_secs(s))
}

fn str<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// All troubles of one workload. `alone`: everything else is healthy, so that it waits for nobody.
pub(crate) fn of(kind: &str, name: &str, live: &Live, alone: bool) -> Vec<Trouble> {
    let mut found = Vec::new();
    let workload = format!("{kind} {name}");
    if let Some(object) = live.get(kind, name) {
        before::refused(&workload, kind, object, live, &mut found);
    }
    for pod in newest_pods(kind, name, live) {
        if pod.pointer("/metadata/deletionTimestamp").is_none() {
            before::scheduling(&workload, pod, &mut found);
            container::all(&workload, pod, live, alone, &mut found);
            before::volumes(&workload, pod, live, &mut found);
        }
    }
    found
}
