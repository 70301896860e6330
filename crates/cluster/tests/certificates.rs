//! The node's certificates end, and nobody notices. Docker and the node's image are needed, as `./test` has them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use maru_cluster::Validity;
use serde_json::json;

use support::{Node, eventually, ready};

/// A start takes some 20 s, on a busy machine a minute.
const LIFETIME: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_renewed_before_they_end_and_pods_go_on() {
    let mut node = Node::new("certificates").await;
    node.config.validity = Validity { lifetime: LIFETIME, renew_before: Duration::from_secs(80) };
    let began = Instant::now();
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    let container = node.engine.inspect_container(&node.container()).await.unwrap().unwrap().id;
    let pod: Pod = serde_json::from_value(json!({ "metadata": { "name": "idle" }, "spec": {
        "containers": [{ "name": "idle", "image": "maru.internal/pause:1", "imagePullPolicy": "Never" }],
    } }))
    .unwrap();
    let pods = || async { Some(Api::<Pod>::namespaced(cluster.client().await.ok()?, "default")) };
    pods().await.unwrap().create(&PostParams::default(), &pod).await.unwrap();
    let started = || async {
        let status = pods().await?.get("idle").await.ok()?.status?;
        let container = status.container_statuses?.into_iter().next()?;
        Some((status.start_time?, container.restart_count, container.state?.running?.started_at?))
    };
    let before = eventually("the pod runs", started).await;

    let certificate = || node.run(&["cat", "/etc/maru/pki/apiserver.crt"]);
    let first = certificate().await.unwrap();
    eventually("there is another certificate", || async { certificate().await.filter(|now| *now != first) }).await;
    let renewed = began.elapsed();
    assert!(renewed < LIFETIME, "renewed after {renewed:?}");

    // The first ones have ended: who still had one would not be let in.
    tokio::time::sleep(LIFETIME.saturating_sub(began.elapsed()) + Duration::from_secs(10)).await;
    ready(&cluster).await;
    assert_eq!(eventually("the pod is as it was", started).await, before, "no program of it was started again");
    let other = Pod { metadata: kube::core::ObjectMeta { name: Some("other".into()), ..Default::default() }, ..pod };
    pods().await.unwrap().create(&PostParams::default(), &other).await.unwrap();
    let runs = || async {
        let found = pods().await?.get("other").await.ok()?;
        let phase = found.status.as_ref()?.phase.clone()?;
        (phase == "Running").then(|| found.name_any())
    };
    eventually("another pod runs: scheduler, controllers and kubelet have theirs", runs).await;
    assert_eq!(node.engine.inspect_container(&node.container()).await.unwrap().unwrap().id, container);
    eprintln!("renewed {:.0} s after the start, certificates of {} s", renewed.as_secs_f32(), LIFETIME.as_secs());
    stop.cancel();
    driver.await.unwrap();
    node.remove().await;
}
