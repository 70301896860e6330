//! What is used, of what may be; and what autoscalers make of it.

use std::collections::HashMap;

use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client};
use serde::Serialize;
use serde_json::Value;

use crate::live::Live;

/// One line of a ResourceQuota.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuotaUse {
    /// `requests.memory`, `pods`
    pub resource: String,
    /// As Kubernetes writes them.
    pub used: String,
    pub hard: String,
    /// How much of it is used, from 0 to 1.
    pub share: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Autoscaler {
    pub name: String,
    /// `Deployment/web`
    pub target: String,
    pub min: i64,
    pub max: i64,
    pub current: i64,
    pub desired: i64,
    /// What it looks at, such as `cpu`; in percent of what the pods request.
    pub metric: Option<String>,
    pub load: Option<i64>,
    pub wanted_load: Option<i64>,
}

pub(super) fn quota(live: &Live) -> Vec<QuotaUse> {
    let mut found: Vec<QuotaUse> = Vec::new();
    for quota in live.of_kind("ResourceQuota") {
        let of = |list: &str, resource: &str| quota["status"][list][resource].as_str().unwrap_or("0").to_owned();
        for resource in quota["status"]["hard"].as_object().into_iter().flat_map(|hard| hard.keys()) {
            let (used, hard) = (of("used", resource), of("hard", resource));
            let share = match (quantity(&used), quantity(&hard)) {
                (Some(used), Some(hard)) if hard > 0.0 => used / hard,
                _ => 0.0,
            };
            found.push(QuotaUse { resource: resource.clone(), used, hard, share });
        }
    }
    // What is nearly used up is what one wants to see.
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.resource.cmp(&b.resource)));
    found
}

pub(crate) fn autoscalers(live: &Live) -> Vec<Autoscaler> {
    live.of_kind("HorizontalPodAutoscaler").map(autoscaler).collect()
}

fn autoscaler(hpa: &Value) -> Autoscaler {
    let text = |pointer: &str| hpa.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let int = |pointer: &str| hpa.pointer(pointer).and_then(Value::as_i64);
    let target = hpa.pointer("/spec/metrics/0/resource");
    let name = target.and_then(|resource| resource["name"].as_str());
    let measured = hpa.pointer("/status/currentMetrics").and_then(Value::as_array).into_iter().flatten();
    let measured = measured.filter_map(|metric| metric.get("resource")).find(|resource| resource["name"].as_str() == name);
    Autoscaler {
        name: text("/metadata/name").to_owned(),
        target: format!("{}/{}", text("/spec/scaleTargetRef/kind"), text("/spec/scaleTargetRef/name")),
        min: int("/spec/minReplicas").unwrap_or(1),
        max: int("/spec/maxReplicas").unwrap_or(1),
        current: int("/status/currentReplicas").unwrap_or(0),
        desired: int("/status/desiredReplicas").unwrap_or(0),
        metric: name.map(str::to_owned),
        load: measured.and_then(|resource| resource.pointer("/current/averageUtilization")?.as_i64()),
        wanted_load: target.and_then(|resource| resource.pointer("/target/averageUtilization")?.as_i64()),
    }
}

/// Thousandths of a CPU and bytes, by the pod's name. Nothing where nobody measures.
pub(super) async fn of_pods(client: &Client, namespace: &str) -> HashMap<String, (i64, i64)> {
    let resource = ApiResource {
        group: "metrics.k8s.io".to_owned(),
        version: "v1beta1".to_owned(),
        api_version: "metrics.k8s.io/v1beta1".to_owned(),
        kind: "PodMetrics".to_owned(),
        plural: "pods".to_owned(),
    };
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let Ok(list) = api.list(&ListParams::default()).await else { return HashMap::new() };
    let measured = list.items.into_iter().filter_map(|pod| {
        let containers = pod.data["containers"].as_array()?.clone();
        let sum = |what: &str| containers.iter().filter_map(|container| quantity(container["usage"][what].as_str()?)).sum::<f64>();
        Some((pod.metadata.name?, (whole(sum("cpu") * 1000.0), whole(sum("memory")))))
    });
    measured.collect()
}

#[expect(clippy::cast_possible_truncation, reason = "measurements are far below")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// `500m`, `1.5Gi`, `12345n` as numbers.
pub(super) fn quantity(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 16] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
        ("", 1.0),
    ];
    UNITS.iter().find_map(|(unit, factor)| text.strip_suffix(unit)?.parse::<f64>().ok().map(|number| number * factor))
}
