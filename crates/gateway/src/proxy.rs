//! One request on its way: the rule for it, the pod for it, its headers, and the page in words when there is none.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use maru_model::Text;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::access_log::AccessLog;
use crate::activity::Activity;
use crate::body::{Body, Lender, Lent, boxed, full, told};
use crate::diagnose::{Diagnoser, Diagnosis};
use crate::exchange::{Exchange, Records};
use crate::forward::{self, Tunnels};
use crate::options::Options;
use crate::page::{Links, Page};
use crate::route::{Backend, Endpoint, Lookup, Protocol, Route, Table};
use crate::sleep::{Found, Sleeper};
use crate::tls::{Certificates, Resolver};
use crate::{Error, metrics::Metrics, words};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// From a trusted proxy: the request is not to be passed on; the answer is how its application is, logs included.
pub const EXPLAIN: HeaderName = HeaderName::from_static("x-maru-explain");
/// From a trusted proxy, with a namespace: the answer is its newest requests.
pub const REQUESTS: HeaderName = HeaderName::from_static("x-maru-requests");
/// In the answer to [`EXPLAIN`]: whose application it is. Who asked has to see to it that only those read it who may.
pub const NAMESPACE: HeaderName = HeaderName::from_static("x-maru-namespace");

/// How many pods are tried for one request, where connecting to them fails.
const ATTEMPTS: usize = 3;
/// How long a request is held while its application wakes.
const A_PERSON_WAITS: Duration = Duration::from_secs(4);
const A_PROGRAM_WAITS: Duration = Duration::from_secs(30);
const MOST_HELD: usize = 256;
/// Below the keep-alive of common servers (Node closes after 5 s), so that we are not the ones to be surprised.
const IDLE: Duration = Duration::from_secs(4);

/// The proxy: give it tables, give it requests.
#[derive(Debug)]
pub struct Proxy {
    options: Options,
    table: watch::Sender<Arc<Table>>,
    http1: Client<HttpConnector, Lent>,
    http2: Client<HttpConnector, Lent>,
    diagnoser: Option<Diagnoser>,
    sleeper: Option<Sleeper>,
    pub(crate) records: Arc<Records>,
    /// Requests that may be held until an application is awake.
    held: Semaphore,
    tunnels: Tunnels,
    pub(crate) certificates: Arc<Resolver>,
}

/// Why a request got no answer from its application.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No pod could be connected to; the last one tried, and why.
    Connect(Endpoint, String),
    /// The connection ended before there was an answer.
    Broken(Endpoint, String),
    /// No answer in this time.
    Silent(Endpoint, Duration),
}

impl Proxy {
    /// A proxy with an empty table. With a client of the cluster, pages in words tell about pods.
    ///
    /// # Errors
    /// Where no certificate can be made for hosts that have none.
    pub fn new(options: Options, cluster: Option<kube::Client>) -> Result<Self, Error> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(options.connect_timeout));
        connector.set_nodelay(true);
        connector.set_keepalive(Some(Duration::from_secs(60)));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        let http1 = builder.build(connector.clone());
        let http2 = builder.http2_only(true).build(connector);
        let sleeper = cluster.clone().map(Sleeper::new);
        let diagnoser = cluster.map(Diagnoser::new);
        let tunnels = Tunnels::new(CancellationToken::new());
        let certificates = Arc::new(Resolver::new()?);
        let records = Records { activity: Activity::new(), log: AccessLog::new(options.access_log), metrics: Metrics::default() };
        Ok(Self {
            options,
            table: watch::Sender::default(),
            http1,
            http2,
            diagnoser,
            sleeper,
            records: Arc::new(records),
            held: Semaphore::new(MOST_HELD),
            tunnels,
            certificates,
        })
    }

    #[must_use]
    pub fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.borrow())
    }

    /// Tells of each table from now on.
    pub(crate) fn tables(&self) -> watch::Receiver<Arc<Table>> {
        self.table.subscribe()
    }

    /// From now on requests go by this table; those under way are not touched.
    pub fn publish(&self, table: Table) {
        self.records.log.forget_all_but(|namespace| table.has(namespace));
        self.table.send_replace(Arc::new(table));
    }

    /// From now on clients are shown these certificates.
    pub fn publish_certificates(&self, certificates: Certificates) {
        self.certificates.publish(certificates);
    }

    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn sleeper(&self) -> Option<&Sleeper> {
        self.sleeper.as_ref()
    }

    #[must_use]
    pub fn tunnels(&self) -> &Tunnels {
        &self.tunnels
    }

    /// Answers one request of `peer`, which came by `scheme`.
    pub async fn handle(&self, peer: IpAddr, scheme: &Scheme, mut request: Request<Incoming>) -> Response<Body> {
        let host = host_of(&request).to_owned();
        let trusted = self.options.trusted.contains(&peer);
        let explain = request.headers_mut().remove(&EXPLAIN).is_some() && trusted;
        if explain {
            return self.explain(&host, &request).await;
        }
        if let Some(namespace) = request.headers_mut().remove(&REQUESTS).filter(|_| trusted) {
            return self.requests(&namespace);
        }
        let exchange = Exchange::begin(&self.records, self.client(peer, request.headers()), &host, &request);
        let response = self.answer(peer, scheme, &host, request, &exchange).await;
        exchange.answered(response.status());
        response.map(|body| told(body, exchange))
    }

    async fn answer(
        &self,
        peer: IpAddr,
        scheme: &Scheme,
        host: &str,
        mut request: Request<Incoming>,
        exchange: &Arc<Exchange>,
    ) -> Response<Body> {
        let original = request.headers().clone();
        let page = |page: &Page| page.answer(&original).map(full);
        let table = match self.awake(host, &request, exchange).await {
            Ok(table) => table,
            Err(why) => return page(&why),
        };
        let route = match rule(&table, host, request.uri().path()) {
            Ok(route) => route,
            Err(none) => return page(&none),
        };
        exchange.goes_by(route);
        let backend = route.pick(request.headers());
        let why = self.why(host, request.uri().path());
        if backend.endpoints.is_empty() {
            let diagnosis = self.diagnosis(route, backend).await;
            // Where there are no pods there is no log.
            let why = why.filter(|_| route.waits() && diagnosis.as_ref().is_none_or(|d| !d.pods.is_empty()));
            return page(&words::no_pod(route, backend, diagnosis.as_deref()).links(why));
        }
        let pending = forward::begin(&mut request);
        self.forwarded(peer, scheme, host, request.headers_mut());
        let (parts, body) = request.into_parts();
        let limit = route.read_timeout.unwrap_or(self.options.read_timeout);
        let failure = match self.send(backend, parts, Lender::new(boxed(body)), limit).await {
            Ok((endpoint, mut response)) => {
                if forward::finish(&mut response, pending, &self.tunnels.holding(exchange.clone())).is_ok() {
                    return response.map(boxed);
                }
                Failure::Broken(endpoint.clone(), forward::NotAsked.to_string())
            }
            Err(failure) => failure,
        };
        tracing::debug!(?failure, ingress = %route.ingress, namespace = %route.namespace, "an application did not answer");
        page(&self.failed(route, backend, &failure).await.links(why))
    }

    /// The newest requests of a namespace, as JSON; null where no log is kept.
    fn requests(&self, namespace: &HeaderValue) -> Response<Body> {
        let entries = self.records.log.of(namespace.to_str().unwrap_or_default());
        // Strings and numbers always serialize.
        Response::new(full(serde_json::to_vec(&entries).unwrap_or_default().into()))
    }

    /// The table to route a request by, once what it leads to is awake. A page while that is on its way, longer than whoever asks
    /// is likely to wait (a person gets it soon, a program late), or where it was stopped.
    async fn awake(&self, host: &str, request: &Request<Incoming>, exchange: &Exchange) -> Result<Arc<Table>, Box<Page>> {
        let table = self.table();
        let path = request.uri().path();
        let Some(sleeper) = &self.sleeper else { return Ok(table) };
        let route = match table.find(host, path) {
            Lookup::Route(route) if route.waits() => Arc::clone(route),
            _ => return Ok(table),
        };
        let mut tables = self.tables();
        let found = sleeper.wake(&route.namespace, &route.backend.selector).await;
        if found == Found::Awake {
            return Ok(table);
        }
        exchange.goes_by(&route);
        if found == Found::Stopped {
            return Err(Box::new(words::stopped(host)));
        }
        let waking = || Box::new(words::waking(host));
        let _held = self.held.try_acquire().map_err(|_| waking())?;
        let patience = if wants_a_page(request) { A_PERSON_WAITS } else { A_PROGRAM_WAITS };
        let is_awake = |table: &Arc<Table>| !matches!(table.find(host, path), Lookup::Route(route) if route.waits());
        match tokio::time::timeout(patience, tables.wait_for(is_awake)).await {
            Ok(Ok(table)) => Ok(Arc::clone(&table)),
            Ok(Err(_)) | Err(_) => Err(waking()),
        }
    }

    /// Sends a request to the first pod that can be connected to.
    async fn send<'b>(
        &self,
        backend: &'b Backend,
        parts: Parts,
        body: Lender,
        limit: Duration,
    ) -> Result<(&'b Endpoint, Response<Incoming>), Failure> {
        let mut failure = None;
        for endpoint in backend.round().take(ATTEMPTS) {
            let Some(lent) = body.lend() else { break };
            let request = request_to(endpoint, backend.protocol, &parts, lent);
            let client = if backend.protocol == Protocol::H2c { &self.http2 } else { &self.http1 };
            let answer = client.request(request);
            tokio::pin!(answer);
            // The time runs while neither a piece of the request nor an answer moves.
            let answer = loop {
                let left = limit.saturating_sub(body.quiet());
                tokio::select! {
                    answer = &mut answer => break answer,
                    () = tokio::time::sleep(left) => if body.quiet() >= limit {
                        return Err(Failure::Silent(endpoint.clone(), limit));
                    },
                }
            };
            match answer {
                Ok(response) => return Ok((endpoint, response)),
                Err(error) if error.is_connect() => failure = Some(Failure::Connect(endpoint.clone(), root_cause(&error))),
                Err(error) => return Err(Failure::Broken(endpoint.clone(), root_cause(&error))),
            }
        }
        // An empty backend is answered before; an attempt that did not fail to connect has returned.
        Err(failure.unwrap_or_else(|| Failure::Broken(backend.endpoints[0].clone(), "the request could not be sent again".into())))
    }

    /// The address that a request came from, as the first proxy that is believed saw it.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> String {
        let trusted = self.options.trusted.contains(&peer);
        let before = headers.get(&FORWARDED_FOR).filter(|_| trusted).and_then(|v| v.to_str().ok());
        before.and_then(|b| b.split(',').next()).map_or_else(|| peer.to_string(), |first| first.trim().to_owned())
    }

    fn forwarded(&self, peer: IpAddr, scheme: &Scheme, host: &str, headers: &mut HeaderMap) {
        let trusted = self.options.trusted.contains(&peer);
        let client = self.client(peer, headers);
        let peer = peer.to_string();
        let before = headers.get(&FORWARDED_FOR).filter(|_| trusted).and_then(|v| v.to_str().ok());
        let chain = before.map_or_else(|| peer.clone(), |before| format!("{before}, {peer}"));
        let mut set = |name: HeaderName, value: &str, keep: bool| {
            if !(keep && trusted && headers.contains_key(&name))
                && let Ok(value) = HeaderValue::from_str(value)
            {
                headers.insert(name, value);
            }
        };
        set(FORWARDED_FOR, &chain, false);
        set(REAL_IP, &client, false);
        set(FORWARDED_HOST, host, true);
        set(FORWARDED_PROTO, scheme.as_str(), true);
    }

    /// What whoever calls may know about the pods: the page is public, so nothing that they wrote.
    async fn diagnosis(&self, route: &Route, backend: &Backend) -> Option<Arc<Diagnosis>> {
        let diagnoser = self.diagnoser.as_ref().filter(|_| route.details)?;
        diagnoser.of(&backend.namespace, &backend.service, false).await
    }

    async fn failed(&self, route: &Route, backend: &Backend, failure: &Failure) -> Page {
        let diagnosis = match failure {
            Failure::Connect(..) | Failure::Broken(..) => self.diagnosis(route, backend).await,
            Failure::Silent(..) => None,
        };
        words::no_answer(route, backend, failure, diagnosis.as_deref())
    }

    /// How an application is, for those who may read what its pods write. It is neither asked nor woken for that.
    async fn explain(&self, host: &str, request: &Request<Incoming>) -> Response<Body> {
        let table = self.table();
        let path = request.uri().path();
        let route = match rule(&table, host, path) {
            Ok(route) => route,
            Err(none) => return none.answer(request.headers()).map(full),
        };
        let backend = &route.backend;
        let diagnosis = match &self.diagnoser {
            Some(diagnoser) => diagnoser.of(&backend.namespace, &backend.service, true).await,
            None => None,
        };
        let page = if backend.endpoints.is_empty() {
            words::no_pod(route, backend, diagnosis.as_deref())
        } else {
            match self.refusal(backend).await {
                Some(failure) => words::no_answer(route, backend, &failure, diagnosis.as_deref()),
                None => words::takes_requests(route, backend, diagnosis.as_deref()).links(Some(Links {
                    title: Text::new("Look again", "다시 열어 보기"),
                    to: vec![(Text::verbatim(format!("{host}{path}")), format!("//{host}{path}"))],
                })),
            }
        };
        let mut answer = page.answer(request.headers()).map(full);
        if let Ok(namespace) = HeaderValue::from_str(&route.namespace) {
            answer.headers_mut().insert(NAMESPACE, namespace);
        }
        answer
    }

    /// Why no pod takes a connection; none where one does.
    async fn refusal(&self, backend: &Backend) -> Option<Failure> {
        let mut failure = None;
        for endpoint in backend.round().take(ATTEMPTS) {
            let connected = tokio::time::timeout(self.options.connect_timeout, TcpStream::connect(endpoint.address)).await;
            let why = match connected {
                Ok(Ok(_)) => return None,
                Ok(Err(error)) => without_number(&error.to_string()),
                Err(late) => late.to_string(),
            };
            failure = Some(Failure::Connect(endpoint.clone(), why));
        }
        failure
    }

    /// The way to the last log lines, for those who may read them.
    fn why(&self, host: &str, path: &str) -> Option<Links> {
        let base = self.options.why.as_ref()?;
        // A wildcard may have let anything in.
        let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
        plain.then(|| Links {
            title: Text::new("For its owner and instructors, after a login", "앱 주인과 강사(로그인 후)"),
            to: vec![(Text::new("The last lines of its log", "로그의 마지막 줄 보기"), format!("{base}/{host}{path}"))],
        })
    }
}

/// The rule for a request, or the page that says that there is none.
fn rule<'t>(table: &'t Table, host: &str, path: &str) -> Result<&'t Arc<Route>, Page> {
    match table.find(host, path) {
        Lookup::Route(route) => Ok(route),
        Lookup::NoPath(paths) => Err(words::no_path(host, path, &paths)),
        Lookup::NoHost(refused) => Err(words::no_host(host, refused)),
    }
}

/// Somebody looks at what comes: a browser asks for a page.
fn wants_a_page<B>(request: &Request<B>) -> bool {
    let html = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    html && request.method() == Method::GET
}

/// The host that was asked for, with its port if one was given.
fn host_of<B>(request: &Request<B>) -> &str {
    let from_uri = request.uri().authority().map(http::uri::Authority::as_str);
    from_uri.or_else(|| request.headers().get(HOST).and_then(|h| h.to_str().ok())).unwrap_or("")
}

fn request_to(endpoint: &Endpoint, protocol: Protocol, parts: &Parts, body: Lent) -> Request<Lent> {
    let mut uri = http::uri::Parts::default();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(endpoint.authority.clone());
    uri.path_and_query = Some(parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
    let mut request = Request::new(body);
    // All three parts are there, and are valid by their types.
    *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
    *request.method_mut() = parts.method.clone();
    *request.headers_mut() = parts.headers.clone();
    if protocol == Protocol::H2c {
        *request.version_mut() = Version::HTTP_2;
        // `:authority` stands for it.
        request.headers_mut().remove(HOST);
    }
    request
}

fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    without_number(&cause.to_string())
}

/// What an error says, without the number that the operating system has for it, which tells a student nothing.
fn without_number(said: &str) -> String {
    said.split_once(" (os error ").map_or(said, |(words, _)| words).to_owned()
}
