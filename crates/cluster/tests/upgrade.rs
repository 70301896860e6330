//! Another image of the node on the data of the one before. Docker and the node's image are needed, as `./test` has them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod};
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use support::{Node, eventually, ready};

/// The node as a version before might have been: other content, so another id.
fn version_before(image: &str) -> String {
    let name = format!("maru/node:test-before-{}", std::process::id());
    let mut build = Command::new("docker").args(["build", "--quiet", "--tag", &name, "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let dockerfile = format!("FROM {image}\nLABEL maru.test=before\nRUN echo before >/etc/maru-version\n");
    build.stdin.take().unwrap().write_all(dockerfile.as_bytes()).unwrap();
    assert!(build.wait().unwrap().success());
    name
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_image_goes_on_with_what_the_one_before_had() {
    let mut node = Node::new("upgrade").await;
    let present = node.config.node_image.clone();
    node.config.node_image = version_before(&present);
    let before = node.config.node_image.clone();
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    assert_eq!(node.run(&["cat", "/etc/maru-version"]).await.as_deref(), Some("before"));

    let client = cluster.client().await.unwrap();
    let note: ConfigMap = serde_json::from_value(json!({ "metadata": { "name": "note" }, "data": { "kept": "yes" } })).unwrap();
    Api::<ConfigMap>::namespaced(client.clone(), "default").create(&PostParams::default(), &note).await.unwrap();
    let claim: PersistentVolumeClaim = serde_json::from_value(json!({ "metadata": { "name": "data" }, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "16Mi" } },
    } }))
    .unwrap();
    Api::<PersistentVolumeClaim>::namespaced(client.clone(), "default").create(&PostParams::default(), &claim).await.unwrap();
    let pod: Pod = serde_json::from_value(json!({ "metadata": { "name": "idle" }, "spec": {
        "containers": [{ "name": "idle", "image": "maru.internal/pause:1", "imagePullPolicy": "Never",
            "volumeMounts": [{ "name": "data", "mountPath": "/data" }] }],
        "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": "data" } }],
    } }))
    .unwrap();
    Api::<Pod>::namespaced(client.clone(), "default").create(&PostParams::default(), &pod).await.unwrap();
    let volume = eventually("the claim has a volume", || async {
        Api::<PersistentVolumeClaim>::namespaced(client.clone(), "default").get("data").await.ok()?.spec?.volume_name
    })
    .await;
    let runs = |client: kube::Client| async move {
        let pod = Api::<Pod>::namespaced(client, "default").get("idle").await.ok()?;
        let status = pod.status?;
        let ready = status.conditions?.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        ready.then_some((pod.metadata.uid?, status.container_statuses?.first()?.container_id.clone()?))
    };
    let (uid, program) = eventually("the pod runs", || runs(client.clone())).await;
    let file = format!("/var/lib/maru/volumes/{volume}/file");
    node.run(&["sh", "-c", &format!("echo written before >{file}")]).await.unwrap();
    let container = node.engine.inspect_container(&node.container()).await.unwrap().unwrap().id;
    stop.cancel();
    driver.await.unwrap();

    // The program that is started next brings another image. The old node still runs.
    node.config.node_image = present;
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    assert_ne!(node.engine.inspect_container(&node.container()).await.unwrap().unwrap().id, container);
    assert_eq!(node.run(&["cat", "/etc/maru-version"]).await, None, "it is the present one");
    let client = cluster.client().await.unwrap();
    let kept = Api::<ConfigMap>::namespaced(client.clone(), "default").get("note").await.unwrap();
    assert_eq!(kept.data.unwrap()["kept"], "yes");
    let again =
        eventually("the same pod runs, with another program", || async { runs(client.clone()).await.filter(|(_, now)| *now != program) })
            .await;
    assert_eq!(again.0, uid);
    assert_eq!(node.run(&["cat", &file]).await.as_deref(), Some("written before"));

    stop.cancel();
    driver.await.unwrap();
    let engine = node.engine.clone();
    node.remove().await;
    engine.remove_image(&before).await.unwrap();
}
