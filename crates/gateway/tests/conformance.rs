//! The cases of upstream's conformance suite for Ingress controllers (kubernetes-sigs/ingress-controller-conformance, features
//! path_rules, host_rules, default_backend, load_balancing and ingress_class), as tables: through the real proxy, to a
//! server for each Service that says what it was asked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::Ingress;
use maru_gateway::route::{Objects, Policy, build};
use maru_gateway::{Certificates, Options, Proxy};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;

/// What a pod says it was asked.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Echo {
    service: String,
    pod: IpAddr,
    method: String,
    host: String,
    path: String,
    version: String,
}

/// A pod of a Service, at an address of its own on this machine.
async fn pod(service: &str, ip: Ipv4Addr) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = service.to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let echo = service_fn(|request: Request<Incoming>| {
                    let echo = Echo {
                        service: service.clone(),
                        pod: address.ip(),
                        method: request.method().to_string(),
                        host: request.headers()["host"].to_str().unwrap().to_owned(),
                        path: request.uri().path().to_owned(),
                        version: format!("{:?}", request.version()),
                    };
                    let body = Full::new(Bytes::from(serde_json::to_vec(&echo).unwrap()));
                    std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(body)))
                });
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), echo).await;
            });
        }
    });
    address
}

struct Gateway {
    http: SocketAddr,
    https: SocketAddr,
    roots: RootCertStore,
}

/// A gateway with these Ingresses, and for each Service that they name so many pods.
async fn gateway(ingresses: &[Value], pods: u8, secrets: &[Arc<Secret>], roots: RootCertStore) -> Gateway {
    let policy = Policy { classes: vec!["maru".into()], unclassed: true, loopback: true, ..Policy::default() };
    let mut objects = Objects::default();
    let mut named = BTreeSet::new();
    for ingress in ingresses {
        let paths = ingress["spec"]["rules"].as_array().into_iter().flatten().flat_map(|rule| rule["http"]["paths"].as_array().unwrap());
        let backends = paths.map(|path| &path["backend"]).chain([&ingress["spec"]["defaultBackend"]]);
        named.extend(backends.filter_map(|backend| backend["service"]["name"].as_str()));
    }
    for service in named {
        let metadata = json!({"namespace": "conformance", "name": service});
        let spec = json!({"ports": [{"name": "http", "port": 8080}]});
        objects.services.push(Arc::new(serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()));
        for n in 1..=pods {
            // All of 127.0.0.0/8 is this machine.
            let address = pod(service, Ipv4Addr::new(127, 0, 1, n)).await;
            let labels = json!({"kubernetes.io/service-name": service});
            let slice = json!({"addressType": "IPv4", "metadata": {"namespace": "conformance", "name": format!("{service}-{n}"), "labels": labels},
                "ports": [{"name": "http", "port": address.port()}], "endpoints": [{"addresses": [address.ip()]}]});
            objects.slices.push(Arc::new(serde_json::from_value(slice).unwrap()));
        }
    }
    objects.ingresses = ingresses.iter().map(|ingress| Arc::new(serde_json::from_value::<Ingress>(ingress.clone()).unwrap())).collect();
    let proxy = Arc::new(Proxy::new(Options::default(), None).unwrap());
    proxy.publish(build(&objects, &policy, None));
    proxy.publish_certificates(Certificates::build(&objects.ingresses, secrets, &policy));
    let (plain, secure) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (http, https) = (plain.local_addr().unwrap(), secure.local_addr().unwrap());
    tokio::spawn(maru_gateway::serve(plain, Arc::clone(&proxy), CancellationToken::new()));
    tokio::spawn(maru_gateway::serve_tls(secure, proxy, CancellationToken::new()));
    Gateway { http, https, roots }
}

async fn plain(ingresses: &[Value], pods: u8) -> Gateway {
    gateway(ingresses, pods, &[], RootCertStore::empty()).await
}

impl Gateway {
    async fn send(&self, method: &str, url: &str) -> (StatusCode, Option<Echo>) {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path).header("host", host);
        let request = request.body(Full::new(Bytes::new())).unwrap();
        if scheme == "http" {
            return exchange(TcpStream::connect(self.http).await.unwrap(), request).await;
        }
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(self.roots.clone()).with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let stream = TcpStream::connect(self.https).await.unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("the certificate is the host's own");
        exchange(stream, request).await
    }

    /// Each request, and the Service that has to answer it: `-` for 404.
    async fn holds(&self, table: &[(&str, &str)]) {
        for (url, service) in table {
            let (status, echo) = self.send("GET", url).await;
            let Some(echo) = echo else {
                assert_eq!((status.as_u16(), *service), (404, "-"), "{url}");
                continue;
            };
            assert_eq!((status.as_u16(), echo.service.as_str()), (200, *service), "{url}");
            let rest = url.split_once("://").unwrap().1;
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            assert_eq!((echo.host.as_str(), echo.path.as_str()), (host, if path.is_empty() { "/" } else { path }), "as it was asked");
        }
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> (StatusCode, Option<Echo>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let ended = tokio::spawn(connection);
    let response = client.send_request(request).await.unwrap();
    let status = response.status();
    for header in ["content-length", "content-type", "date"].iter().filter(|_| status != StatusCode::OK) {
        assert!(response.headers().contains_key(*header), "{header}");
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    drop(client);
    let _ = ended.await;
    (status, serde_json::from_slice(&body).ok())
}

fn backend(service: &str) -> Value {
    json!({"service": {"name": service, "port": {"number": 8080}}})
}

fn rule(host: &str, paths: &[(&str, &str, &str)]) -> Value {
    let paths: Vec<Value> =
        paths.iter().map(|(kind, path, service)| json!({"pathType": kind, "path": path, "backend": backend(service)})).collect();
    json!({"host": host, "http": {"paths": paths}})
}

fn ingress(spec: &Value) -> Value {
    json!({"metadata": {"namespace": "conformance", "name": "case"}, "spec": spec})
}

#[tokio::test]
async fn path_rules() {
    let spec = json!({"rules": [
        rule("exact-path-rules", &[("Exact", "/foo", "foo-exact")]),
        rule("prefix-path-rules", &[
            ("Prefix", "/foo", "foo-prefix"), ("Prefix", "/aaa/bbb", "aaa-slash-bbb-prefix"), ("Prefix", "/aaa", "aaa-prefix"),
        ]),
        rule("mixed-path-rules", &[("Prefix", "/foo", "foo-prefix"), ("Exact", "/foo", "foo-exact")]),
        rule("trailing-slash-path-rules", &[("Prefix", "/aaa/bbb/", "aaa-slash-bbb-slash-prefix"), ("Exact", "/foo/", "foo-slash-exact")]),
    ]});
    let cases = [
        ("http://exact-path-rules/foo", "foo-exact"),
        ("http://exact-path-rules/foo/", "-"),
        ("http://exact-path-rules/FOO", "-"),
        ("http://exact-path-rules/bar", "-"),
        ("http://prefix-path-rules/foo", "foo-prefix"),
        ("http://prefix-path-rules/foo/", "foo-prefix"),
        ("http://prefix-path-rules/FOO", "-"),
        ("http://prefix-path-rules/aaa/bbb", "aaa-slash-bbb-prefix"),
        ("http://prefix-path-rules/aaa/bbb/ccc", "aaa-slash-bbb-prefix"),
        ("http://prefix-path-rules/aaa/ccc", "aaa-prefix"),
        ("http://prefix-path-rules/aaaccc", "-"),
        ("http://mixed-path-rules/foo", "foo-exact"),
        ("http://trailing-slash-path-rules/aaa/bbb", "aaa-slash-bbb-slash-prefix"),
        ("http://trailing-slash-path-rules/aaa/bbb/", "aaa-slash-bbb-slash-prefix"),
        ("http://trailing-slash-path-rules/foo", "-"),
    ];
    plain(&[ingress(&spec)], 1).await.holds(&cases).await;
}

#[tokio::test]
async fn host_rules() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["foo.bar.com".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let bytes = |text: &str| k8s_openapi::ByteString(text.as_bytes().to_vec());
    let metadata = json!({"namespace": "conformance", "name": "conformance-tls"});
    let mut secret: Secret = serde_json::from_value(json!({"metadata": metadata, "type": "kubernetes.io/tls"})).unwrap();
    secret.data = Some([("tls.crt".to_owned(), bytes(&certificate)), ("tls.key".to_owned(), bytes(&key.serialize_pem()))].into());

    // The second rule names its port.
    let mut named = rule("foo.bar.com", &[("Prefix", "/", "foo-bar-com")]);
    named["http"]["paths"][0]["backend"]["service"]["port"] = json!({"name": "http"});
    let spec = json!({
        "tls": [{"hosts": ["foo.bar.com"], "secretName": "conformance-tls"}],
        "rules": [rule("*.foo.com", &[("Prefix", "/", "wildcard-foo-com")]), named],
    });
    let cases = [
        ("https://foo.bar.com", "foo-bar-com"),
        ("http://foo.bar.com", "foo-bar-com"),
        ("http://subdomain.bar.com", "-"),
        ("http://bar.foo.com", "wildcard-foo-com"),
        ("http://baz.bar.foo.com", "-"),
        ("http://foo.com", "-"),
    ];
    gateway(&[ingress(&spec)], 1, &[Arc::new(secret)], roots).await.holds(&cases).await;
}

#[tokio::test]
async fn default_backend() {
    let gateway = plain(&[ingress(&json!({"defaultBackend": backend("echo-service")}))], 1).await;
    for (method, host, path) in [
        ("GET", "my-host", "/"),
        ("GET", "my-host", "/sub-path"),
        ("POST", "some-host", "/"),
        ("PUT", "", "/resource"),
        ("DELETE", "some-host", "/resource"),
        ("PATCH", "my-host", "/resource"),
    ] {
        let (status, echo) = gateway.send(method, &format!("http://{host}{path}")).await;
        let echo = echo.unwrap();
        assert_eq!((status, echo.service.as_str()), (StatusCode::OK, "echo-service"));
        assert_eq!((echo.method.as_str(), echo.path.as_str(), echo.version.as_str()), (method, path, "HTTP/1.1"));
    }
}

#[tokio::test]
async fn load_balancing() {
    let gateway = plain(&[ingress(&json!({"defaultBackend": backend("echo-service")}))], 10).await;
    let mut pods = BTreeSet::new();
    for _ in 0..100 {
        let (status, echo) = gateway.send("GET", "http://load-balancing").await;
        assert_eq!(status, StatusCode::OK);
        pods.insert(echo.unwrap().pod);
    }
    assert_eq!(pods.len(), 10);
}

#[tokio::test]
async fn ingress_class() {
    let rules = json!([rule("ingress-class", &[("Prefix", "/", "ingress-class-prefix")])]);
    let other = ingress(&json!({"ingressClassName": "some-invalid-class-name", "rules": rules}));
    plain(&[other], 1).await.holds(&[("http://ingress-class/", "-")]).await;
    let ours = ingress(&json!({"ingressClassName": "maru", "rules": rules}));
    plain(&[ours], 1).await.holds(&[("http://ingress-class/", "ingress-class-prefix")]).await;
}
