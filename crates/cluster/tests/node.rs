//! The embedded node for real: Docker and the node's image (`docker/node/build`) are needed, as `./test` has them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Instant;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use maru_cluster::{NamespaceSpec, namespace};
use maru_model::{Login, Quota};
use serde_json::json;

use support::{Node, eventually, ready};

fn note(name: &str) -> ConfigMap {
    serde_json::from_value(json!({ "metadata": { "name": name }, "data": { "kept": "yes" } })).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_starts_heals_and_keeps_its_data() {
    let node = Node::new("life").await;
    let began = Instant::now();
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    eprintln!("ready on an empty volume in {:.1} s", began.elapsed().as_secs_f32());
    let client = cluster.client().await.unwrap();
    let notes: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    notes.create(&PostParams::default(), &note("before")).await.unwrap();

    // A pod runs: the sandbox, its address and its image are there. The pause program is the only image that every node has.
    let pod: Pod = serde_json::from_value(json!({ "metadata": { "name": "idle" }, "spec": {
        "containers": [{ "name": "idle", "image": "maru.internal/pause:1", "imagePullPolicy": "Never" }],
    } }))
    .unwrap();
    let pods: Api<Pod> = Api::namespaced(client.clone(), "default");
    let began = Instant::now();
    pods.create(&PostParams::default(), &pod).await.unwrap();
    let runs = || async {
        let status = pods.get("idle").await.ok()?.status?;
        (status.phase.as_deref() == Some("Running")).then_some(())
    };
    eventually("the pod runs", runs).await;
    eprintln!("a pod runs after {:.2} s", began.elapsed().as_secs_f32());

    // Each part of it is killed: it comes back by itself, in the same container, and afterwards all of them do their work.
    let id = node.engine.inspect_container(&node.container()).await.unwrap().unwrap().id;
    for part in ["kube-apiserver", "etcd", "containerd", "kubelet", "controllers", "coredns"] {
        let began = Instant::now();
        let before = node.process(part).await.unwrap_or_else(|| panic!("there is no {part} to kill"));
        node.run(&["kill", "-9", &before]).await;
        eventually(part, || async { node.process(part).await.filter(|now| *now != before) }).await;
        eventually("the API answers", || async { notes.get("before").await.ok() }).await;
        // A pod goes, and another comes: scheduled, given an address, started, and told of.
        pods.delete("idle", &DeleteParams::default().grace_period(0)).await.unwrap();
        eventually("the pod is gone", || async { pods.get_opt("idle").await.ok()?.is_none().then_some(()) }).await;
        eventually("a pod is taken", || async { pods.create(&PostParams::default(), &pod).await.ok() }).await;
        eventually("the pod runs", runs).await;
        eprintln!("{part} was killed: a new pod runs after {:.1} s", began.elapsed().as_secs_f32());
    }
    assert_eq!(node.engine.inspect_container(&node.container()).await.unwrap().unwrap().id, id);

    // The server ends and starts again: it adopts the node that runs.
    stop.cancel();
    driver.await.unwrap();
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    assert_eq!(node.engine.inspect_container(&node.container()).await.unwrap().unwrap().id, id);

    // The container is killed: the driver starts it, and what was stored is there.
    node.engine.kill_container(&node.container()).await.unwrap();
    let began = Instant::now();
    let kept = eventually("the node is back", || async { notes.get("before").await.ok() }).await;
    assert_eq!(kept.data.unwrap()["kept"], "yes");
    eventually("the pod runs again", runs).await;
    eprintln!("the node and its pod are back {:.1} s after the container was killed", began.elapsed().as_secs_f32());
    ready(&cluster).await;

    stop.cancel();
    driver.await.unwrap();
    node.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_student_has_a_namespace_and_no_more() {
    let node = Node::new("role").await;
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    let admin = cluster.client().await.unwrap();
    for login in ["mina", "jun"] {
        let spec = NamespaceSpec {
            login: Login::parse(login).unwrap(),
            dockerconfigjson: r#"{"auths":{}}"#.to_owned(),
            quota: Quota::default(),
            viewers: Vec::new(),
        };
        namespace::ensure(&admin, &spec).await.unwrap();
        namespace::ensure(&admin, &spec).await.unwrap();
    }
    let mut config = cluster.config().unwrap();
    config.auth_info.impersonate = Some(namespace::user(&Login::parse("mina").unwrap()));
    let mina = kube::Client::try_from(config).unwrap();

    let own: Api<ConfigMap> = Api::namespaced(mina.clone(), "u-mina");
    own.create(&PostParams::default(), &note("mine")).await.unwrap();
    own.delete("mine", &DeleteParams::default()).await.unwrap();
    let others: Api<ConfigMap> = Api::namespaced(mina.clone(), "u-jun");
    assert_eq!(refusal(others.list(&Default::default()).await), 403);
    // Pod Security: nothing of the node in a pod.
    let pod: Pod = serde_json::from_value(json!({ "metadata": { "name": "host" }, "spec": {
        "containers": [{ "name": "host", "image": "maru.internal/pause:1" }],
        "volumes": [{ "name": "root", "hostPath": { "path": "/" } }],
    } }))
    .unwrap();
    assert_eq!(refusal(Api::<Pod>::namespaced(mina, "u-mina").create(&PostParams::default(), &pod).await), 403);

    // Nobody in particular may ask nothing.
    let mut config = cluster.config().unwrap();
    config.auth_info = kube::config::AuthInfo::default();
    let stranger = kube::Client::try_from(config).unwrap();
    assert_eq!(refusal(stranger.apiserver_version().await), 401);

    stop.cancel();
    driver.await.unwrap();
    node.remove().await;
}

fn refusal<T: std::fmt::Debug>(answer: kube::Result<T>) -> u16 {
    match answer {
        Err(kube::Error::Api(status)) => status.code,
        other => panic!("it was not refused: {other:?}"),
    }
}
