//! A server that is killed during a rollout, at every single step and at any moment: the next one brings it to the very end that it
//! would have come to. Each server has a runtime of its own, which is dropped as `kill -9` would: nothing of it runs on.
#![allow(clippy::unwrap_used)]

#[path = "killed/cluster.rs"]
mod cluster;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cluster::{Cluster, Kill, Leave};
use kube::Client;
use maru_manifest::Files;
use maru_model::{Login, Role, RolloutId, Text};
use maru_rollout::{BoxFuture, RenderError, Rollouts, Settings, Snapshot, Source, Surroundings};
use maru_store::Store;
use maru_store::rollouts::RolloutRow;
use maru_store::users::User;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// What a rollout is told by the rest of Maru; every question is a step.
struct Around {
    cluster: Arc<Cluster>,
    /// Somebody pushes an image all the while: each question for the newest has another answer.
    builds: Arc<AtomicUsize>,
}

impl Surroundings for Around {
    fn snapshot<'a>(&'a self, _: &'a User, _: &'a Source, commit: Option<&'a str>) -> BoxFuture<'a, Result<Snapshot, Text>> {
        let commit = commit.unwrap_or("c0").to_owned();
        Box::pin(self.cluster.step(|| Ok(Snapshot { commit, committed_at: 0, files: Files::new() })))
    }

    fn render<'a>(&'a self, _: &'a Files, _: &'a str) -> BoxFuture<'a, Result<String, RenderError>> {
        Box::pin(async { Err(RenderError::Refused("nothing is rendered here".to_owned())) })
    }

    fn newest_digest<'a>(&'a self, _: &'a User, _: &'a str) -> BoxFuture<'a, Result<Option<String>, Text>> {
        Box::pin(self.cluster.step(|| Ok(Some(format!("sha256:{}", self.builds.fetch_add(1, Ordering::SeqCst))))))
    }

    fn cluster<'a>(&'a self) -> BoxFuture<'a, Result<Client, Text>> {
        Box::pin(async {
            self.cluster.step(|| ()).await;
            if self.cluster.is_there() { Ok(self.cluster.client()) } else { Err(Text::verbatim("on its way")) }
        })
    }

    fn away<'a>(&'a self) -> BoxFuture<'a, Text> {
        Box::pin(self.cluster.away())
    }

    fn ensure_namespace<'a>(&'a self, _: &'a Client, _: &'a User) -> BoxFuture<'a, Result<(), Text>> {
        Box::pin(self.cluster.step(|| Ok(())))
    }
}

/// A machine: database and cluster stay, servers come and go.
struct Machine {
    cluster: Arc<Cluster>,
    builds: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
}

/// What a server lived to see.
#[derive(Debug)]
enum Lived {
    Killed,
    ToTheEnd(Box<RolloutRow>),
}

impl Machine {
    fn new() -> Self {
        let machine = Self { cluster: Arc::default(), builds: Arc::default(), folder: tempfile::tempdir().unwrap() };
        run(async {
            let store = store(machine.folder.path()).await;
            let user = store.add_user(&Login::parse("mina").unwrap(), "Mina", Role::Student, "").await.unwrap();
            store
                .put_app(
                    &user.id,
                    &maru_store::builds::Source::Project { project: maru_model::ProjectName::parse("guestbook").unwrap() },
                    "",
                )
                .await
                .unwrap();
        });
        machine
    }

    /// A server begins, with a rollout of `objects` where they are given, and goes on with what it finds.
    fn serve(&self, objects: Option<&[Value]>, kill: Option<Kill>, patience: Option<Duration>) -> Lived {
        self.cluster.begin(kill);
        let runtime = runtime();
        let lived = runtime.block_on(async {
            let store = store(self.folder.path()).await;
            let user = store.user_by_login(&Login::parse("mina").unwrap()).await.unwrap().unwrap();
            let around = Around { cluster: self.cluster.clone(), builds: self.builds.clone() };
            let settings = Settings {
                apps_domain: "apps.localhost".to_owned(),
                scheme: "http".to_owned(),
                authority: ":8080".to_owned(),
                steady: Duration::from_millis(100),
            };
            let rollouts = Rollouts::new(store.clone(), Arc::new(around), settings, CancellationToken::new());
            if let Some(objects) = objects {
                store.set_app_target(&user.id, &target(objects).to_string()).await.unwrap();
                rollouts.start(&user).await.unwrap();
            } else {
                rollouts.resume().await.unwrap();
            }
            let ended = async {
                loop {
                    let newest = store.rollouts_of(&user.id, 1).await.unwrap().remove(0);
                    if newest.finished_at.is_some() {
                        return newest;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let dies = async {
                tokio::select! {
                    () = self.cluster.killed() => {}
                    () = tokio::time::sleep(patience.unwrap_or(Duration::from_secs(60))) => assert!(patience.is_some(), "a rollout hangs"),
                }
            };
            tokio::select! {
                biased;
                row = ended => Lived::ToTheEnd(Box::new(row)),
                () = dies => Lived::Killed,
            }
        });
        runtime.shutdown_background();
        lived
    }

    /// A rollout of `objects` by as many servers as it takes: each dies where it is told to, the last one lives.
    fn roll(&self, objects: &[Value], kills: &[(Option<Kill>, Option<Duration>)]) -> RolloutRow {
        let mut given = Some(objects);
        for (kill, patience) in kills.iter().copied().chain([(None, None)]) {
            if let Lived::ToTheEnd(row) = self.serve(given.take(), kill, patience) {
                return *row;
            }
        }
        panic!("the last server was not killed, and did not come to an end");
    }

    /// What stands in the database about what is in the cluster, by kind and name.
    fn remembered(&self) -> Vec<String> {
        run(async {
            let store = store(self.folder.path()).await;
            let user = store.user_by_login(&Login::parse("mina").unwrap()).await.unwrap().unwrap();
            let applied: Vec<Value> = serde_json::from_str(&store.app(&user.id).await.unwrap().unwrap().applied).unwrap();
            let mut names: Vec<String> = applied.iter().map(|object| format!("{} {}", object["kind"], object["name"])).collect();
            names.sort();
            names
        })
    }

    /// What came of it, whatever images were the newest meanwhile.
    fn outcome(&self, row: &RolloutRow) -> Outcome {
        let there = self.cluster.objects();
        // What runs are the very images that the rollout settled on, once and for all.
        let settled: Vec<Value> = serde_json::from_str(&row.objects).unwrap();
        if row.phase == "healthy" {
            for object in settled.iter().filter(|object| object["kind"] == "Deployment") {
                let live = &there[&("deployments".to_owned(), object["metadata"]["name"].as_str().unwrap().to_owned())];
                assert_eq!(image(live), image(object));
            }
        }
        let there = there
            .into_iter()
            .map(|(key, mut object)| {
                if object["kind"] == "Deployment" {
                    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("");
                }
                (key, object)
            })
            .collect();
        Outcome {
            phase: row.phase.clone(),
            diagnostics: row.diagnostics.clone(),
            urls: row.urls.clone(),
            there,
            remembered: self.remembered(),
        }
    }
}

/// `there` has the generations too: a Deployment of a higher one had its pods replaced once more than was necessary.
#[derive(Debug, PartialEq)]
struct Outcome {
    phase: String,
    diagnostics: String,
    urls: String,
    there: BTreeMap<(String, String), Value>,
    remembered: Vec<String>,
}

fn image(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]["containers"][0]["image"]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = runtime();
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

async fn store(folder: &Path) -> Store {
    Store::open(&format!("sqlite://{}/maru.db?mode=rwc", folder.display())).await.unwrap()
}

fn target(objects: &[Value]) -> Value {
    json!({"id": RolloutId::generate(), "commit": "c1", "read_at": 0, "state": "ready", "diagnostics": [], "objects": [], "rendered": objects})
}

fn object(version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn deployment(name: &str, replicas: u64) -> Value {
    let containers = json!([{"name": name, "image": format!("registry.localhost/mina/{name}")}]);
    object("apps/v1", "Deployment", name, &json!({"replicas": replicas, "template": {"spec": {"containers": containers}}}))
}

fn service(name: &str) -> Value {
    object("v1", "Service", name, &json!({"selector": {"app": name}}))
}

fn ingress(host: &str) -> Value {
    object("networking.k8s.io/v1", "Ingress", "web", &json!({"rules": [{"host": host}]}))
}

fn before() -> Vec<Value> {
    vec![
        object("v1", "ConfigMap", "settings", &json!({})),
        object("v1", "PersistentVolumeClaim", "data", &json!({})),
        deployment("web", 1),
        deployment("old", 1),
        service("web"),
        service("old"),
        ingress("mina.apps.localhost"),
    ]
}

fn after() -> Vec<Value> {
    vec![deployment("web", 2), deployment("api", 1), service("web"), service("api"), ingress("mina.apps.localhost")]
}

fn refused() -> Vec<Value> {
    vec![deployment("web", 3), object("v1", "Service", "api", &json!({"refuse": true}))]
}

/// Where `before` runs already.
fn machine() -> Machine {
    let machine = Machine::new();
    let first = machine.roll(&before(), &[]);
    assert_eq!(first.phase, "healthy", "{}", first.diagnostics);
    machine
}

/// The end of an undisturbed rollout, and in how many steps it comes to it.
fn undisturbed(objects: &[Value]) -> (Outcome, usize) {
    let machine = machine();
    let row = machine.roll(objects, &[]);
    (machine.outcome(&row), machine.cluster.steps())
}

#[test]
fn undisturbed_it_brings_what_is_asked_for_and_takes_what_is_not() {
    let (outcome, _) = undisturbed(&after());
    assert_eq!((outcome.phase.as_str(), outcome.urls.as_str()), ("healthy", r#"["http://mina.apps.localhost:8080/"]"#));
    let names: Vec<String> = outcome.there.keys().map(|(kind, name)| format!("{kind}/{name}")).collect();
    assert_eq!(
        names,
        ["deployments/api", "deployments/web", "ingresses/web", "persistentvolumeclaims/data", "services/api", "services/web"]
    );
}

#[test]
fn killed_at_every_step_it_comes_to_the_same_end() {
    let (expected, steps) = undisturbed(&after());
    assert!(steps > 20, "{steps} steps");
    for step in 0..steps {
        for after_it in [false, true] {
            let machine = machine();
            let kill = Kill { step, after: after_it };
            let row = machine.roll(&after(), &[(Some(kill), None)]);
            assert_eq!(machine.outcome(&row), expected, "{kill:?}");
        }
    }
    println!("killed at {steps} steps, before and after each");
}

#[test]
fn what_is_refused_changes_nothing_wherever_it_is_killed() {
    let (expected, steps) = undisturbed(&refused());
    assert_eq!(expected.phase, "failed");
    for step in 0..steps {
        for after_it in [false, true] {
            let machine = machine();
            let kill = Kill { step, after: after_it };
            let row = machine.roll(&refused(), &[(Some(kill), None)]);
            let outcome = machine.outcome(&row);
            assert_eq!(
                (&outcome.phase, &outcome.there, &outcome.remembered),
                (&expected.phase, &expected.there, &expected.remembered),
                "{kill:?}"
            );
        }
    }
}

#[test]
fn a_cluster_that_goes_away_is_waited_for() {
    let (expected, steps) = undisturbed(&after());
    for step in (0..steps).step_by(3) {
        for noticed in [true, false] {
            let machine = machine();
            let leave = Leave { step, noticed };
            machine.cluster.leaves(leave);
            let row = machine.roll(&after(), &[]);
            assert!(machine.cluster.has_left(), "{leave:?}");
            assert_eq!(machine.outcome(&row), expected, "{leave:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several in a row, and at moments that are no step of ours: between two writes of the database, or within one.
    #[test]
    fn killed_again_and_again_it_comes_to_the_same_end(
        kills in proptest::collection::vec(
            prop_oneof![
                (0_usize..40, any::<bool>()).prop_map(|(step, after)| (Some(Kill { step, after }), None)),
                (0_u64..400).prop_map(|at| (None, Some(Duration::from_millis(at)))),
            ],
            1..5,
        )
    ) {
        use std::sync::OnceLock;
        static EXPECTED: OnceLock<Outcome> = OnceLock::new();
        let expected = EXPECTED.get_or_init(|| undisturbed(&after()).0);
        let machine = machine();
        let row = machine.roll(&after(), &kills);
        let outcome = machine.outcome(&row);
        prop_assert_eq!(&outcome.phase, &expected.phase);
        prop_assert_eq!(&outcome.there, &expected.there);
        prop_assert_eq!(&outcome.remembered, &expected.remembered);
    }
}
