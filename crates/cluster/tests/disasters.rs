//! What no part of the node can help: the Docker Engine dies, the disk is full. Done to an Engine of the test's own, whose
//! disk is a tmpfs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../engine/tests/support/own_engine.rs"]
mod own_engine;
mod support;

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Service};
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use own_engine::Dockerd;
use support::{Node, PYTHON, eventually, load_image, ready};

/// Writes down at its first start when that was, and serves it.
const APP: &str = "[ -e /data/words ] || date +%s%N >/data/words; exec python3 -m http.server 8000 -d /data";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_engine_and_a_full_disk_are_survived() {
    match own_engine::folder() {
        Some(folder) => survive(&folder).await,
        None => own_engine::run("a_dead_engine_and_a_full_disk_are_survived", Some("5g")),
    }
}

async fn make<T>(client: &kube::Client, object: Value)
where
    T: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let api: Api<T> = Api::namespaced(client.clone(), "default");
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

fn note(name: &str) -> Value {
    json!({ "metadata": { "name": name }, "data": { "kept": "yes" } })
}

/// What the application says, through the API server.
async fn ask(client: &kube::Client) -> Option<String> {
    let path = "/api/v1/namespaces/default/services/app:80/proxy/words";
    client.request_text(http::Request::get(path).body(Vec::new()).ok()?).await.ok()
}

/// Until the disk takes not one byte more.
fn fill(folder: &Path) {
    let mut file = std::fs::File::create(folder.join("data/filler")).unwrap();
    for size in [16 << 20, 1 << 16, 1] {
        let piece = vec![1; size];
        while file.write_all(&piece).is_ok() {}
    }
    assert!(std::fs::write(folder.join("data/more"), [1; 4096]).is_err(), "the disk is not full");
}

async fn survive(folder: &Path) {
    let mut dockerd = Dockerd::start(folder);
    dockerd.load(&Node::image());
    let node = Node::new("disasters").await;
    let (cluster, stop, driver) = node.drive();
    ready(&cluster).await;
    load_image(&cluster, PYTHON).await;
    let client = cluster.client().await.unwrap();
    let (name, labels) = (json!({ "name": "app" }), json!({ "app": "app" }));
    let storage = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "10Mi" } } });
    make::<PersistentVolumeClaim>(&client, json!({ "metadata": name, "spec": storage })).await;
    make::<Service>(&client, json!({ "metadata": name, "spec": { "selector": labels, "ports": [{ "port": 80, "targetPort": 8000 }] } }))
        .await;
    let container = json!({ "name": "main", "image": PYTHON, "imagePullPolicy": "Never", "command": ["sh", "-c", APP],
        "volumeMounts": [{ "name": "data", "mountPath": "/data" }] });
    let pod = json!({ "metadata": { "labels": labels }, "spec": { "containers": [container],
        "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": "app" } }] } });
    let spec = json!({ "selector": { "matchLabels": labels }, "strategy": { "type": "Recreate" }, "template": pod });
    make::<Deployment>(&client, json!({ "metadata": name, "spec": spec })).await;
    let words = eventually("the application answers", || ask(&client)).await;

    // The Engine is killed: the node is no part of it.
    dockerd.kill();
    assert_eq!(ask(&client).await.as_ref(), Some(&words), "while there is no Engine");
    make::<ConfigMap>(&client, note("without-an-engine")).await;
    // It comes back, and ends what it finds: the driver starts the node again.
    dockerd = Dockerd::start(folder);
    let began = Instant::now();
    let again = eventually("the application answers again", || async { ask(&cluster.client().await.ok()?).await }).await;
    eprintln!("the application answers {:.1} s after a killed Engine was back", began.elapsed().as_secs_f32());
    assert_eq!(again, words);
    ready(&cluster).await;
    let client = cluster.client().await.unwrap();
    let notes: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    assert!(notes.get("without-an-engine").await.is_ok());

    // Nothing can be written anywhere. What is asked to be kept is refused, or kept.
    fill(folder);
    let mut acknowledged = Vec::new();
    let began = Instant::now();
    for number in 0..20 {
        let name = format!("full-{number}");
        if notes.create(&PostParams::default(), &serde_json::from_value(note(&name)).unwrap()).await.is_ok() {
            acknowledged.push(name);
        }
    }
    eprintln!("{} of 20 notes were taken in {:.1} s on a full disk", acknowledged.len(), began.elapsed().as_secs_f32());
    // The kubelet looks at its disk every ten seconds: what runs goes on all the same.
    let mut asked = 0;
    while began.elapsed() < Duration::from_secs(25) {
        assert_eq!(ask(&client).await.as_ref(), Some(&words), "on a full disk, after {:.1} s", began.elapsed().as_secs_f32());
        asked += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    eprintln!("the application answered {asked} of {asked} times on a full disk");
    std::fs::remove_file(folder.join("data/filler")).unwrap();
    let began = Instant::now();
    eventually("something can be kept again", || async {
        let notes: Api<ConfigMap> = Api::namespaced(cluster.client().await.ok()?, "default");
        notes.create(&PostParams::default(), &serde_json::from_value(note("afterwards")).ok()?).await.ok()
    })
    .await;
    let again = eventually("the application answers again", || async { ask(&cluster.client().await.ok()?).await }).await;
    eprintln!("the application answers {:.1} s after there was room again", began.elapsed().as_secs_f32());
    assert_eq!(again, words);
    let notes: Api<ConfigMap> = Api::namespaced(cluster.client().await.unwrap(), "default");
    for name in acknowledged.iter().map(String::as_str).chain(["without-an-engine"]) {
        assert!(notes.get(name).await.is_ok(), "{name} is lost");
    }

    stop.cancel();
    driver.await.unwrap();
    node.remove().await;
    dockerd.end();
}
