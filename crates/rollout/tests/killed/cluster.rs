//! An API server in memory, as far as rollouts speak to one: apply (and its dry run), get, list, watch, delete. It outlives the
//! servers that are killed, and counts what is asked of it, so that one can be killed at any request: before it has an
//! effect, or after, with the answer lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use kube::client::Body;
use maru_model::Text;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

/// How long it is away.
const AWAY: Duration = Duration::from_millis(300);

/// Where a server dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// The number of the step: a request, or a question to the surroundings.
    pub step: usize,
    /// The step has its effect, and only its answer is lost.
    pub after: bool,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<(String, String), Value>,
    version: u64,
    steps: usize,
    kill: Option<Kill>,
    leave: Option<Leave>,
}

/// Where the cluster goes away for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leave {
    pub step: usize,
    /// Whoever watches over it sees it at once; else only who asks it.
    pub noticed: bool,
}

#[derive(Default)]
pub struct Cluster {
    state: Mutex<State>,
    changed: Notify,
    killed: Notify,
    /// How it is away, while it is.
    away: watch::Sender<Option<Leave>>,
}

impl Cluster {
    /// A server begins: steps count from 0, and it dies at `kill`.
    pub fn begin(&self, kill: Option<Kill>) {
        let mut state = self.state.lock().unwrap();
        (state.steps, state.kill) = (0, kill);
    }

    /// It goes away, once, when the step has come.
    pub fn leaves(&self, leave: Leave) {
        self.state.lock().unwrap().leave = Some(leave);
    }

    /// What whoever watches over it says.
    pub fn is_there(&self) -> bool {
        !self.away.borrow().is_some_and(|leave| leave.noticed)
    }

    pub async fn away(&self) -> Text {
        let mut away = self.away.subscribe();
        away.wait_for(|away| away.is_some_and(|leave| leave.noticed)).await.unwrap();
        Text::verbatim("on its way")
    }

    /// True once it went away.
    pub fn has_left(&self) -> bool {
        self.state.lock().unwrap().leave.is_none()
    }

    pub fn steps(&self) -> usize {
        self.state.lock().unwrap().steps
    }

    /// Resolves when the step has come at which the server dies.
    pub async fn killed(&self) {
        self.killed.notified().await;
    }

    /// What is there: by kind and name, without what every write changes.
    pub fn objects(&self) -> BTreeMap<(String, String), Value> {
        let mut objects = self.state.lock().unwrap().objects.clone();
        for object in objects.values_mut() {
            object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
        }
        objects
    }

    /// One step of the server: it may be its last. `effect` is what the step does.
    pub async fn step<T>(&self, effect: impl FnOnce() -> T) -> T {
        let (dies, leaves) = {
            let mut state = self.state.lock().unwrap();
            let at = state.steps;
            state.steps += 1;
            (state.kill.filter(|kill| kill.step == at), state.leave.take_if(|leave| leave.step == at))
        };
        if let Some(leave) = leaves {
            self.away.send_replace(Some(leave));
            let away = self.away.clone();
            tokio::spawn(async move {
                tokio::time::sleep(AWAY).await;
                away.send_replace(None);
            });
        }
        if dies.is_some_and(|kill| !kill.after) {
            self.die().await;
        }
        let done = effect();
        if dies.is_some() {
            self.die().await;
        }
        done
    }

    async fn die(&self) {
        self.killed.notify_one();
        std::future::pending::<()>().await;
    }

    /// A client of it, in the runtime of the present server.
    pub fn client(self: &Arc<Self>) -> kube::Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let cluster = cluster.clone();
            async move { cluster.answer(request).await }
        });
        kube::Client::new(service, "default")
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        if parts.uri.path() == "/readyz" {
            return Ok(self.step(|| self.or_away(|| answer(StatusCode::OK, &json!("ok")))).await);
        }
        let (version, plural, name) = place(parts.uri.path());
        let given = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        if query.contains("watch=true") {
            return Ok(self.watch(&plural, &query).await);
        }
        Ok(self.step(|| self.or_away(|| self.act(&parts.method, &version, &plural, name.as_deref(), &query, &given))).await)
    }

    fn or_away(&self, act: impl FnOnce() -> Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        if self.away.borrow().is_some() { failure(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "away") } else { act() }
    }

    fn act(&self, method: &Method, version: &str, plural: &str, name: Option<&str>, query: &str, given: &[u8]) -> Response<Full<Bytes>> {
        let mut state = self.state.lock().unwrap();
        let Some(name) = name else {
            let items: Vec<&Value> = state.objects.iter().filter(|((kind, _), _)| kind == plural).map(|(_, object)| object).collect();
            let list =
                json!({"apiVersion": version, "kind": "List", "metadata": {"resourceVersion": state.version.to_string()}, "items": items});
            return answer(StatusCode::OK, &list);
        };
        let key = (plural.to_owned(), name.to_owned());
        match *method {
            Method::PATCH => {
                let applied: Value = serde_json::from_slice(given).unwrap();
                if applied["spec"]["refuse"] == true {
                    return failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", "spec.refuse: Invalid value: true: never");
                }
                let before = state.objects.get(&key);
                let generation = before.map_or(0, |object| object["metadata"]["generation"].as_u64().unwrap());
                // The spec is ours alone here: what is applied is what is there.
                let is_new = before.is_none_or(|object| object["spec"] != applied["spec"]);
                let mut made = applied;
                made["metadata"]["generation"] = json!(generation + u64::from(is_new));
                made["metadata"]["resourceVersion"] = json!((state.version + 1).to_string());
                made["status"] = status(&made);
                if !query.contains("dryRun=All")
                    && before.is_none_or(|before| before["spec"] != made["spec"] || before["data"] != made["data"])
                {
                    state.version += 1;
                    state.objects.insert(key, made.clone());
                    self.changed.notify_waiters();
                }
                answer(StatusCode::OK, &made)
            }
            Method::DELETE => match state.objects.remove(&key) {
                Some(gone) => {
                    state.version += 1;
                    self.changed.notify_waiters();
                    answer(StatusCode::OK, &gone)
                }
                None => failure(StatusCode::NOT_FOUND, "NotFound", "not found"),
            },
            _ => match state.objects.get(&key) {
                Some(object) => answer(StatusCode::OK, object),
                None => failure(StatusCode::NOT_FOUND, "NotFound", "not found"),
            },
        }
    }

    /// What has changed since the list, or nothing after a while: a watch that ends is begun again.
    async fn watch(&self, plural: &str, query: &str) -> Response<Full<Bytes>> {
        let since: u64 = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion=")).and_then(|v| v.parse().ok()).unwrap_or(0);
        let _ = tokio::time::timeout(Duration::from_millis(200), self.changed.notified()).await;
        let state = self.state.lock().unwrap();
        let is_newer = |object: &Value| object["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse::<u64>().ok()) > Some(since);
        let mut lines = String::new();
        for object in state.objects.iter().filter(|((kind, _), object)| kind == plural && is_newer(object)).map(|(_, object)| object) {
            lines.push_str(&json!({"type": "MODIFIED", "object": object}).to_string());
            lines.push('\n');
        }
        Response::new(Full::new(Bytes::from(lines)))
    }
}

/// All pods of a workload are there as soon as it is: how long that takes is not what is tested.
fn status(object: &Value) -> Value {
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    match object["kind"].as_str() {
        Some("Deployment") => json!({"observedGeneration": object["metadata"]["generation"], "replicas": replicas,
            "updatedReplicas": replicas, "availableReplicas": replicas, "readyReplicas": replicas}),
        Some("PersistentVolumeClaim") => json!({"phase": "Bound"}),
        _ => json!({}),
    }
}

/// `/apis/apps/v1/namespaces/u-mina/deployments/web`: version, plural, name.
fn place(path: &str) -> (String, String, Option<String>) {
    let (before, after) = path.split_once("/namespaces/").unwrap();
    let mut parts = after.split('/').skip(1).map(str::to_owned);
    let version = before.trim_start_matches("/apis/").trim_start_matches("/api/");
    (version.to_owned(), parts.next().unwrap(), parts.next())
}

fn answer(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
}

fn failure(status: StatusCode, reason: &str, message: &str) -> Response<Full<Bytes>> {
    answer(
        status,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "message": message, "code": status.as_u16()}),
    )
}
