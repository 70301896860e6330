//! The proxy in front of real servers on loopback, with tables from literal Kubernetes objects.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use maru_gateway::route::{Objects, Policy, build};
use maru_gateway::{Body, Options, Proxy};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// What the application does.
async fn app(name: &'static str, mut request: Request<Incoming>) -> Result<Response<Body>, std::convert::Infallible> {
    let text = |s: String| Full::new(Bytes::from(s)).map_err(|n| match n {}).boxed_unsync();
    let response = match request.uri().path() {
        "/headers" => {
            let mut lines: Vec<String> =
                request.headers().iter().map(|(n, v)| format!("{n}: {}", String::from_utf8_lossy(v.as_bytes()))).collect();
            lines.sort();
            Response::new(text(lines.join("\n")))
        }
        "/size" => {
            let mut size = 0u64;
            while let Some(frame) = request.body_mut().frame().await {
                size += frame.unwrap().data_ref().map_or(0, |d| d.len() as u64);
            }
            Response::new(text(size.to_string()))
        }
        "/events" => {
            let events = futures_util::stream::unfold(0, |n| async move {
                tokio::time::sleep(Duration::from_millis(if n == 0 { 0 } else { 200 })).await;
                (n < 3).then(|| (Ok(Frame::data(Bytes::from(format!("data: {n}\n\n")))), n + 1))
            });
            let mut response = Response::new(StreamBody::new(events).boxed_unsync());
            response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
            response
        }
        "/echo" => {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let mut io = TokioIo::new(upgrade.await.unwrap());
                let mut buffer = [0; 1024];
                while let Ok(n) = io.read(&mut buffer).await
                    && n > 0
                {
                    io.write_all(&buffer[..n]).await.unwrap();
                }
            });
            let mut response = Response::new(text(String::new()));
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert("connection", "Upgrade".parse().unwrap());
            response.headers_mut().insert("upgrade", "echo".parse().unwrap());
            response
        }
        "/trailers" => {
            let te = request.headers().get("te").map_or("", |te| te.to_str().unwrap());
            let said = Bytes::from(format!("{:?} {te}", request.version()));
            let trailers = http::HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
            let frames = futures_util::stream::iter([Ok(Frame::data(said)), Ok(Frame::trailers(trailers))]);
            Response::new(StreamBody::new(frames).boxed_unsync())
        }
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Response::new(text("late".into()))
        }
        _ => Response::new(text(name.into())),
    };
    Ok(response)
}

async fn backend(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let service = service_fn(move |request| app(name, request));
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// An address where nothing listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

struct Gateway {
    address: SocketAddr,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
}

async fn gateway(endpoints: &[SocketAddr], options: Options) -> Gateway {
    gateway_of(endpoints, options, json!({})).await
}

/// A gateway with one Ingress for `app.test`.
async fn gateway_of(endpoints: &[SocketAddr], options: Options, annotations: serde_json::Value) -> Gateway {
    let policy = Policy { unclassed: true, loopback: true, ..Policy::default() };
    let path = json!({"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}});
    let ingress = json!({"metadata": {"namespace": "n", "name": "web", "annotations": annotations},
        "spec": {"rules": [{"host": "app.test", "http": {"paths": [path]}}]}});
    let service = json!({"metadata": {"namespace": "n", "name": "web"}, "spec": {"ports": [{"port": 80}]}});
    let slices = endpoints.iter().map(|e| {
        Arc::new(
            serde_json::from_value(json!({"addressType": "IPv4", "ports": [{"port": e.port()}], "endpoints": [{"addresses": [e.ip()]}],
                "metadata": {"namespace": "n", "name": e.to_string(), "labels": {"kubernetes.io/service-name": "web"}}}))
            .unwrap(),
        )
    });
    let objects = Objects {
        ingresses: vec![Arc::new(serde_json::from_value(ingress).unwrap())],
        services: vec![Arc::new(serde_json::from_value(service).unwrap())],
        slices: slices.collect(),
    };
    let proxy = Arc::new(Proxy::new(options, None).unwrap());
    proxy.publish(build(&objects, &policy, None));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let ended = tokio::spawn(maru_gateway::serve(listener, proxy, stop.clone()));
    Gateway { address, stop, ended }
}

impl Gateway {
    async fn send(&self, request: http::request::Builder, body: Body) -> Response<Incoming> {
        let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
        let path = request.uri_ref().unwrap().path_and_query().unwrap().to_string();
        let uri = format!("http://{}{path}", self.address);
        client.request(request.uri(uri).body(body).unwrap()).await.unwrap()
    }

    async fn get(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
        let mut request = Request::builder().uri(path).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.send(request, empty()).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

fn full(text: &'static str) -> Body {
    Full::new(Bytes::from_static(text.as_bytes())).map_err(|n| match n {}).boxed_unsync()
}

fn empty() -> Body {
    Full::default().map_err(|n| match n {}).boxed_unsync()
}

#[tokio::test]
async fn rounds_and_headers() {
    let gateway = gateway(&[backend("a").await, backend("b").await], Options::default()).await;
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(gateway.get("app.test", "/", &[]).await.1);
    }
    names.sort();
    assert_eq!(names, ["a", "a", "b", "b"]);
    let headers = [("x-forwarded-for", "6.6.6.6"), ("x-real-ip", "6.6.6.6"), ("te", "trailers"), ("proxy-authorization", "x")];
    let (_, seen) = gateway.get("app.test:8080", "/headers", &headers).await;
    let expected = "host: app.test:8080\nte: trailers\nx-forwarded-for: 127.0.0.1\nx-forwarded-host: app.test:8080\n\
                    x-forwarded-proto: http\nx-real-ip: 127.0.0.1";
    assert_eq!(seen, expected, "who is not trusted can't say where a request comes from");
}

#[tokio::test]
async fn a_proxy_in_front_is_believed_if_it_is_trusted() {
    let options = Options { trusted: vec!["127.0.0.1".parse().unwrap()], ..Options::default() };
    let gateway = gateway(&[backend("a").await], options).await;
    let headers = [("x-forwarded-for", "10.0.0.7"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "shop.example")];
    let (_, seen) = gateway.get("app.test", "/headers", &headers).await;
    for line in
        ["x-forwarded-for: 10.0.0.7, 127.0.0.1", "x-forwarded-proto: https", "x-forwarded-host: shop.example", "x-real-ip: 10.0.0.7"]
    {
        assert!(seen.lines().any(|l| l == line), "{line} in\n{seen}");
    }
}

#[tokio::test]
async fn a_dead_pod_is_passed_over_with_the_body_intact() {
    let gateway = gateway(&[nobody().await, backend("a").await], Options::default()).await;
    for _ in 0..4 {
        let body =
            StreamBody::new(futures_util::stream::iter((0..64).map(|_| Ok(Frame::data(Bytes::from(vec![7; 16 * 1024])))))).boxed_unsync();
        let response = gateway.send(Request::post("/size").header("host", "app.test"), body).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), (64 * 16 * 1024).to_string());
    }
}

/// A server that takes a request, and falls dead. Each request that reached it is told.
async fn dies_at_once(told: tokio::sync::mpsc::UnboundedSender<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            told.send(()).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn what_a_pod_may_have_done_is_not_done_again() {
    let (told, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let gateway = gateway(&[dies_at_once(told.clone()).await, dies_at_once(told).await], Options::default()).await;
    for method in ["POST", "GET"] {
        let request = Request::builder().method(method).uri("/").header("host", "app.test");
        assert_eq!(gateway.send(request, empty()).await.status(), StatusCode::BAD_GATEWAY, "{method}");
        reached.recv().await.unwrap();
        assert!(reached.try_recv().is_err(), "{method} went to one pod, once");
    }
}

#[tokio::test]
async fn a_gigabyte_goes_through() {
    const PIECE: usize = 1 << 20;
    let gateway = gateway(&[backend("a").await], Options::default()).await;
    let piece = Bytes::from(vec![7; PIECE]);
    let pieces = futures_util::stream::iter((0..1024).map(move |_| Ok(Frame::data(piece.clone()))));
    let response = gateway.send(Request::post("/size").header("host", "app.test"), StreamBody::new(pieces).boxed_unsync()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), (1024 * PIECE).to_string());
}

#[tokio::test]
async fn events_arrive_when_they_happen() {
    let gateway = gateway(&[backend("a").await], Options::default()).await;
    let start = Instant::now();
    let response = gateway.send(Request::get("/events").header("host", "app.test"), empty()).await;
    let mut frames = response.into_body().into_data_stream();
    assert_eq!(frames.next().await.unwrap().unwrap(), "data: 0\n\n");
    assert!(start.elapsed() < Duration::from_millis(150), "the first event is not kept back: {:?}", start.elapsed());
    assert_eq!(frames.next().await.unwrap().unwrap(), "data: 1\n\n");
}

async fn upgrade(gateway: &Gateway) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"GET /echo HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n").await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101") && head.contains("upgrade: echo") && head.contains("connection: upgrade"), "{head}");
    stream
}

#[tokio::test]
async fn an_upgrade_is_a_tunnel() {
    let gateway = gateway(&[backend("a").await], Options::default()).await;
    let mut stream = upgrade(&gateway).await;
    let mut answer = [0; 5];
    for word in [b"hello", b"again"] {
        stream.write_all(word).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, word);
    }
}

#[tokio::test]
async fn pages_in_words() {
    let options = || Options { read_timeout: Duration::from_millis(200), ..Options::default() };
    let full = gateway(&[backend("a").await], options()).await;
    let (status, text) = full.get("nobody.test:8080", "/", &[]).await;
    assert_eq!(status, 404);
    assert!(text.contains("a rule for nobody.test.\n") && text.contains("kubectl get ingress"), "{text}");
    let (status, json) = full.get("app.test", "/slow", &[("accept", "application/json"), ("accept-language", "ko")]).await;
    assert_eq!(status, 504);
    assert!(json.contains("\"code\":\"timed_out\"") && json.contains("응답하지 않습니다"), "{json}");

    let (status, html) = gateway(&[], options()).await.get("app.test", "/", &[("accept", "text/html")]).await;
    assert_eq!(status, 503);
    assert!(html.contains("No pod of web is ready") && html.contains("web:80"), "{html}");

    let (status, text) = gateway(&[nobody().await], options()).await.get("app.test", "/", &[]).await;
    assert_eq!(status, 502);
    assert!(text.contains("0.0.0.0") && text.contains("(Connection refused)"), "{text}");
}

#[tokio::test]
async fn how_an_application_is_is_told_to_a_trusted_proxy_only() {
    let why = || Options { why: Some("http://localhost:8080/why".into()), ..Options::default() };
    let trusting = || Options { trusted: vec!["127.0.0.1".parse().unwrap()], ..why() };
    let html = [("accept", "text/html"), ("x-maru-explain", "1")];
    let (status, page) = gateway(&[], why()).await.get("app.test", "/a/b", &html).await;
    assert_eq!(status, 503);
    assert!(page.contains("http://localhost:8080/why/app.test/a/b"), "{page}");
    let (_, page) = gateway(&[backend("a").await], why()).await.get("app.test", "/headers", &html).await;
    assert!(!page.contains("x-maru-explain") && page.contains("accept: text/html"), "it goes no further: {page}");

    let request = || Request::get("/slow").header("host", "app.test").header("x-maru-explain", "1");
    for (endpoints, status) in [(vec![], 503), (vec![nobody().await], 502), (vec![backend("a").await], 200)] {
        let answer = gateway(&endpoints, trusting()).await.send(request(), empty()).await;
        assert_eq!(answer.status(), status, "the application itself is not asked");
        assert_eq!(answer.headers()["x-maru-namespace"], "n");
    }
    let (_, page) = gateway(&[backend("a").await], trusting()).await.get("app.test", "/", &html).await;
    assert!(page.contains("web takes requests") && page.contains("href=\"//app.test/\""), "{page}");
}

#[tokio::test]
async fn who_asked_for_what_is_kept_for_a_trusted_proxy() {
    let trusting = || Options { trusted: vec!["127.0.0.1".parse().unwrap()], ..Options::default() };
    let kept = gateway(&[backend("a").await], trusting()).await;
    let ask = |headers: &'static [(&'static str, &'static str)]| kept.get("app.test", "/", headers);
    kept.get("app.test", "/hello?password=hunter2", &[("x-forwarded-for", "203.0.113.9")]).await;
    kept.send(Request::post("/size").header("host", "app.test"), full("12345")).await.into_body().collect().await.unwrap();
    upgrade(&kept).await;
    // An answer is written down when its last byte is on its way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (_, said) = ask(&[("x-maru-requests", "n")]).await;
    let entries: Vec<maru_gateway::Entry> = serde_json::from_str(&said).unwrap();
    let lines: Vec<String> =
        entries.iter().map(|e| format!("{} {} {}{} {} {}", e.client, e.method, e.host, e.path, e.status, e.bytes)).collect();
    let expected = ["127.0.0.1 GET app.test/echo 101 0", "127.0.0.1 POST app.test/size 200 1", "203.0.113.9 GET app.test/hello 200 1"];
    assert_eq!(lines, expected, "the newest first, without the query");
    assert_eq!(ask(&[("x-maru-requests", "others")]).await.1, "[]");
    let stranger = gateway(&[backend("a").await], Options::default()).await;
    assert_eq!(stranger.get("app.test", "/", &[("x-maru-requests", "n")]).await.1, "a");
    let off = gateway(&[backend("a").await], Options { access_log: false, ..trusting() }).await;
    assert_eq!(off.get("app.test", "/", &[("x-maru-requests", "n")]).await.1, "null");
}

#[tokio::test]
async fn a_long_upload_is_not_a_silent_application() {
    let gateway = gateway(&[backend("a").await], Options { read_timeout: Duration::from_millis(300), ..Options::default() }).await;
    let pieces = futures_util::stream::iter(0..8).then(|_| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(Frame::data(Bytes::from_static(b"piece")))
    });
    let response = gateway.send(Request::post("/size").header("host", "app.test"), StreamBody::new(pieces).boxed_unsync()).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn stopping_lets_requests_end() {
    let gateway = gateway(&[backend("a").await], Options { drain: Duration::from_secs(5), ..Options::default() }).await;
    let response = gateway.send(Request::get("/events").header("host", "app.test"), empty()).await;
    gateway.stop.cancel();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "data: 0\n\ndata: 1\n\ndata: 2\n\n");
    tokio::time::timeout(Duration::from_secs(3), gateway.ended).await.expect("it ends when the last request has").unwrap();
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end() {
    let gateway = gateway(&[backend("a").await], Options { drain: Duration::from_millis(200), ..Options::default() }).await;
    let mut stream = upgrade(&gateway).await;
    gateway.stop.cancel();
    tokio::time::timeout(Duration::from_secs(3), gateway.ended).await.expect("it ends").unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn grpc_goes_by_http2_and_keeps_its_trailers() {
    let gateway =
        gateway_of(&[backend("a").await], Options::default(), json!({"nginx.ingress.kubernetes.io/backend-protocol": "GRPC"})).await;
    // Over HTTP/2 the host is in the address itself.
    let address = SocketAddr::from(([127, 0, 0, 1], gateway.address.port()));
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://app.test/trailers").header("te", "trailers").body(empty()).unwrap();
    let body = client.send_request(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), "HTTP/2.0 trailers");
}

#[tokio::test]
async fn who_connects_and_never_asks_is_let_go() {
    let options = Options { head_timeout: Duration::from_millis(200), ..Options::default() };
    let gateway = gateway(&[backend("a").await], options).await;
    // Nothing at all, half of what HTTP/2 begins with, and half a head.
    for said in ["", "PRI * HT", "GET / HTTP/1.1\r\nHo"] {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut left = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut left)).await;
        assert!(ended.is_ok(), "{said:?} is held for ever");
    }
    let response = gateway.send(Request::get("/events").header("host", "app.test"), empty()).await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b"data: 2\n\n"), "an answer may take longer");
}
