//! What has happened lately, in words: Kubernetes says `FailedScheduling` to those who know it already.

use maru_model::Text;
use serde_json::Value;

use crate::live::Live;
use crate::model::text;

/// The newest that are shown.
const MOST: usize = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// RFC 3339.
    pub at: String,
    /// True for what Kubernetes warns of.
    pub warning: bool,
    pub kind: String,
    pub name: String,
    pub reason: String,
    /// Kubernetes' own words.
    pub message: String,
    /// What that means.
    pub words: Text,
    pub count: i64,
}

pub(super) fn of(live: &Live) -> Vec<EventView> {
    let mut found: Vec<EventView> = live.of_kind("Event").map(view).collect();
    found.sort_by(|a, b| (&b.at, &b.name).cmp(&(&a.at, &a.name)));
    found.truncate(MOST);
    found
}

fn view(event: &Value) -> EventView {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let at = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/firstTimestamp", "/metadata/creationTimestamp"];
    let count = event.pointer("/series/count").or_else(|| event.get("count")).and_then(Value::as_i64).unwrap_or(1);
    let (reason, message) = (text("/reason"), text("/message"));
    EventView {
        at: at.iter().map(|pointer| text(pointer)).find(|at| !at.is_empty()).unwrap_or_default(),
        warning: event["type"] == "Warning",
        kind: text("/involvedObject/kind"),
        name: text("/involvedObject/name"),
        words: words(&reason, &message),
        reason,
        message,
        count,
    }
}

/// What an event means to somebody who has not met it.
fn words(reason: &str, message: &str) -> Text {
    let plain = |en: &str, ko: &str| Text::new(en, ko);
    match reason {
        "Scheduled" => plain("A machine was found for the pod", "파드를 실행할 노드를 정했습니다"),
        "Pulling" => plain("The image is being fetched", "이미지를 가져오는 중입니다"),
        "Pulled" if message.contains("already present") => plain("The image was there already", "이미지가 이미 있습니다"),
        "Pulled" => plain("The image was fetched", "이미지를 가져왔습니다"),
        "Created" => plain("The container was made", "컨테이너를 만들었습니다"),
        "Started" => plain("The container was started", "컨테이너를 시작했습니다"),
        "Killing" if message.contains("probe") => {
            plain("The container is ended and started anew: its liveness probe failed", "liveness 검사에 실패해 컨테이너를 다시 시작합니다")
        }
        "Killing" => plain("The container is being ended", "컨테이너를 종료하는 중입니다"),
        "BackOff" if message.contains("pulling image") => plain(
            "The image cannot be fetched; the next try comes later each time",
            "이미지를 가져오지 못해 점점 더 기다렸다가 다시 시도합니다",
        ),
        "BackOff" => plain(
            "The program ends again and again; the next start comes later each time",
            "프로그램이 계속 끝나서 점점 더 기다렸다가 다시 시작합니다",
        ),
        "Unhealthy" if message.starts_with("Readiness") => plain(
            "The readiness probe failed: the pod gets no requests for now",
            "readiness 검사에 실패해 이 파드로 요청을 보내지 않습니다",
        ),
        "Unhealthy" if message.starts_with("Liveness") => plain("The liveness probe failed", "liveness 검사에 실패했습니다"),
        "Unhealthy" => plain("A probe failed", "상태 검사에 실패했습니다"),
        "FailedScheduling" if message.contains("Insufficient") => {
            plain("No machine has room for the pod: it asks for more than is free", "파드가 요청한 만큼 남은 노드가 없습니다")
        }
        "FailedScheduling" => plain("No machine can take the pod yet", "아직 파드를 실행할 노드가 없습니다"),
        "FailedMount" | "FailedAttachVolume" => plain("A volume could not be mounted", "볼륨을 연결하지 못했습니다"),
        "FailedCreate" if message.contains("quota") => {
            plain("No further pod: that would exceed your quota", "할당량을 넘어 파드를 더 만들 수 없습니다")
        }
        "FailedCreate" => plain("A pod could not be made", "파드를 만들지 못했습니다"),
        "Failed" if message.contains("ErrImagePull") || message.contains("pull") => {
            plain("The image could not be fetched", "이미지를 가져오지 못했습니다")
        }
        "Failed" => plain("The container could not be started", "컨테이너를 시작하지 못했습니다"),
        "OOMKilling" | "Evicted" => {
            plain("It was ended for using too much memory or disk", "메모리나 디스크를 너무 많이 써서 종료되었습니다")
        }
        "ScalingReplicaSet" => plain("The number of pods of a version is changed", "한 버전의 파드 수를 바꿉니다"),
        "SuccessfulCreate" => plain("A pod was made", "파드를 만들었습니다"),
        "SuccessfulDelete" => plain("A pod was removed", "파드를 지웠습니다"),
        "SuccessfulRescale" => plain("The autoscaler changed the number of pods", "오토스케일러가 파드 수를 바꿨습니다"),
        "FailedGetResourceMetric" | "FailedComputeMetricsReplicas" => {
            plain("The autoscaler has no measurements yet", "오토스케일러가 아직 측정값을 얻지 못했습니다")
        }
        "Completed" => plain("The job is done", "작업을 마쳤습니다"),
        "BackoffLimitExceeded" => plain("The job failed too often and is given up", "작업이 여러 번 실패해 그만둡니다"),
        "ProvisioningSucceeded" => plain("The storage is there", "저장 공간을 마련했습니다"),
        "WaitForFirstConsumer" | "ExternalProvisioning" | "Provisioning" => {
            plain("The storage is being made", "저장 공간을 마련하는 중입니다")
        }
        _ => text!("{message}", "{message}"),
    }
}
