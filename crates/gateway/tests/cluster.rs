//! The whole gateway beside an API server in memory: when it begins to serve, and what it says of what does not run.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use maru_gateway::route::Policy;
use maru_gateway::{Body, Error, Options};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const INGRESSES: &str = "/apis/networking.k8s.io/v1/ingresses";
const SERVICES: &str = "/api/v1/services";
const SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";

fn whole(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

#[derive(Default)]
struct Told {
    /// Until then nobody is answered.
    answers: bool,
    /// An Ingress that is made while they are watched: no other change is told.
    made: Option<Value>,
}

/// An API server that holds these lists. What somebody wants to write is never answered.
async fn api(lists: BTreeMap<String, Vec<Value>>, told: watch::Receiver<Told>) -> kube::Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let lists = Arc::new(lists);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (lists, told) = (Arc::clone(&lists), told.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let (lists, mut told) = (Arc::clone(&lists), told.clone());
                async move {
                    told.wait_for(|told| told.answers).await.unwrap();
                    if request.method() == Method::PATCH {
                        std::future::pending::<()>().await;
                    }
                    if request.uri().query().is_some_and(|query| query.contains("watch=true")) {
                        let ingresses = request.uri().path() == INGRESSES;
                        let made = futures_util::stream::once(async move {
                            let made = told.wait_for(|told| ingresses && told.made.is_some()).await.unwrap().made.clone();
                            Ok(Frame::data(Bytes::from(format!("{}\n", json!({"type": "ADDED", "object": made})))))
                        });
                        let events = made.chain(futures_util::stream::pending());
                        return Ok::<_, std::convert::Infallible>(Response::new(StreamBody::new(events).boxed_unsync()));
                    }
                    let items = lists.get(request.uri().path()).cloned().unwrap_or_default();
                    let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "1"}, "items": items});
                    Ok(whole(StatusCode::OK, list.to_string()))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    kube::Client::try_from(kube::Config::new(format!("http://{address}").parse().unwrap())).unwrap()
}

/// A pod that says `ok`.
async fn pod() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|_| async { Ok::<_, std::convert::Infallible>(whole(StatusCode::OK, "ok".into())) });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

fn ingress(name: &str) -> Value {
    let path = json!({"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}});
    json!({"metadata": {"namespace": "n", "name": name}, "spec": {"rules": [{"host": format!("{name}.test"), "http": {"paths": [path]}}]}})
}

fn service(name: &str) -> Value {
    json!({"metadata": {"namespace": "n", "name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}})
}

fn slice(name: &str, pod: SocketAddr) -> Value {
    json!({"addressType": "IPv4", "ports": [{"port": pod.port()}], "endpoints": [{"addresses": [pod.ip()]}],
        "metadata": {"namespace": "n", "name": name, "labels": {"kubernetes.io/service-name": name}}})
}

/// Addresses that are free now.
async fn free() -> [SocketAddr; 3] {
    let [a, b, c] = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let (a, b, c) = tokio::try_join!(a, b, c).unwrap();
    [a, b, c].map(|listener| listener.local_addr().unwrap())
}

struct Gateway {
    http: SocketAddr,
    health: SocketAddr,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<Result<(), Error>>,
}

async fn gateway(client: kube::Client) -> Gateway {
    let [http, https, health] = free().await;
    let policy = Policy { unclassed: true, loopback: true, ..Policy::default() };
    let (why, address) = (Some("http://ide.test/why".into()), Some([192, 0, 2, 1].into()));
    let options = Options { listen: http, listen_tls: https, health, policy, why, address, ..Options::default() };
    let stop = CancellationToken::new();
    let ended = tokio::spawn(maru_gateway::run(client, options, stop.clone()));
    Gateway { http, health, stop, ended }
}

/// None where nobody listens.
async fn get(address: SocketAddr, host: &str, path: &str) -> Option<(StatusCode, String)> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(path).header("host", host).body(Full::<Bytes>::default()).unwrap();
    let response = client.send_request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Some((status, String::from_utf8(body.to_vec()).unwrap()))
}

/// The first answer at an address where nobody may listen yet.
async fn first(address: SocketAddr, host: &str, path: &str) -> (StatusCode, String) {
    let asking = async {
        loop {
            match get(address, host, path).await {
                Some(answer) => return answer,
                None => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asking).await.expect("somebody listens")
}

#[tokio::test]
async fn nobody_is_told_404_before_the_first_table() {
    let (told, wait) = watch::channel(Told::default());
    let lists = [(INGRESSES, ingress("web")), (SERVICES, service("web")), (SLICES, slice("web", pod().await))];
    let lists = lists.map(|(path, object)| (path.to_owned(), vec![object]));
    let gateway = gateway(api(BTreeMap::from(lists), wait).await).await;
    let visitor = tokio::spawn(async move { first(gateway.http, "web.test", "/").await });

    assert_eq!(first(gateway.health, "x", "/healthz").await.0, 200, "it lives");
    let (status, why) = first(gateway.health, "x", "/readyz").await;
    assert_eq!((status.as_u16(), why.as_str()), (503, "the cluster has not told all its Ingresses yet\n"));
    assert_eq!(get(gateway.http, "web.test", "/").await, None, "nobody listens yet");

    told.send_modify(|told| told.answers = true);
    assert_eq!(visitor.await.unwrap(), (StatusCode::OK, "ok".to_owned()));
    assert_eq!(first(gateway.health, "x", "/readyz").await.0, 200);
    assert_eq!(get(gateway.http, "nobody.test", "/").await.unwrap().0, 404);
    gateway.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), gateway.ended).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_be_written_holds_no_table_back() {
    let pod = pod().await;
    let (told, wait) = watch::channel(Told { answers: true, made: None });
    let lists = BTreeMap::from([
        (INGRESSES.to_owned(), vec![ingress("web")]),
        (SERVICES.to_owned(), vec![service("web"), service("late")]),
        (SLICES.to_owned(), vec![slice("web", pod), slice("late", pod)]),
    ]);
    let gateway = gateway(api(lists, wait).await).await;
    assert_eq!(first(gateway.http, "web.test", "/").await.0, 200);
    assert_eq!(get(gateway.http, "late.test", "/").await.unwrap().0, 404);
    let mut late = ingress("late");
    (late["apiVersion"], late["kind"]) = ("networking.k8s.io/v1".into(), "Ingress".into());
    late["metadata"]["resourceVersion"] = "2".into();
    told.send_modify(|told| told.made = Some(late));
    let served = async {
        while get(gateway.http, "late.test", "/").await.unwrap().0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), served).await.expect("the Ingress made since is served");
    gateway.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), gateway.ended).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_cluster_that_never_answers_keeps_nobody_from_stopping_it() {
    let (_never, wait) = watch::channel(Told::default());
    let gateway = gateway(api(BTreeMap::new(), wait).await).await;
    assert_eq!(first(gateway.health, "x", "/readyz").await.0, 503);
    gateway.stop.cancel();
    tokio::time::timeout(Duration::from_secs(2), gateway.ended).await.expect("it ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_port_that_somebody_has_is_told_before_the_cluster_answers() {
    let (_never, wait) = watch::channel(Told::default());
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let [_, https, health] = free().await;
    let options = Options { listen: taken.local_addr().unwrap(), listen_tls: https, health, ..Options::default() };
    let ran = maru_gateway::run(api(BTreeMap::new(), wait).await, options, CancellationToken::new());
    let error = tokio::time::timeout(Duration::from_secs(2), ran).await.expect("at once").unwrap_err();
    assert!(matches!(error, Error::Listen { address, .. } if address == taken.local_addr().unwrap()), "{error}");
}

/// Pods of a workload that has `replicas`, and is stopped where `stopped`.
fn workload(name: &str, replicas: u8, stopped: bool) -> Value {
    let annotations = if stopped { json!({"maru.dev/asleep": "1", "maru.dev/stopped": "2026-11-29T10:00:00Z"}) } else { json!({}) };
    json!({"metadata": {"namespace": "n", "name": name, "annotations": annotations},
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": name}}}}})
}

#[tokio::test]
async fn only_what_its_owner_stopped_is_called_stopped() {
    let (_answers, wait) = watch::channel(Told { answers: true, made: None });
    // `both` has pods of one workload that is stopped, and of another that starts.
    let names = ["web", "api", "store", "both"];
    let mut half = workload("half", 0, true);
    half["spec"]["template"]["metadata"]["labels"]["app"] = "both".into();
    let deployments = vec![workload("web", 0, true), workload("api", 1, false), workload("both", 1, false), half];
    let lists = [
        (INGRESSES, names.iter().chain(&["gone"]).map(|name| ingress(name)).collect()),
        (SERVICES, names.map(service).to_vec()),
        ("/apis/apps/v1/namespaces/n/deployments", deployments),
        ("/apis/apps/v1/namespaces/n/statefulsets", vec![workload("store", 0, true)]),
    ];
    let gateway = gateway(api(lists.map(|(path, objects)| (path.to_owned(), objects)).into(), wait).await).await;
    for (host, title) in [
        ("web.test", "503 The application is stopped"),
        ("store.test", "503 The application is stopped"),
        ("api.test", "503 No pod of api is ready"),
        ("both.test", "503 No pod of both is ready"),
        ("gone.test", "503 There is no Service gone"),
    ] {
        let (_, page) = first(gateway.http, host, "/").await;
        assert_eq!(page.lines().next(), Some(title), "{host}");
        assert_eq!(page.contains("http://ide.test/why"), title.contains("is ready"), "a log is where a pod may be: {host}");
    }
    gateway.stop.cancel();
}
