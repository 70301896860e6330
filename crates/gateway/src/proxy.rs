//! One request on its way: the rule for it, the pod for it, its headers, and the page in words when there is none.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio_util::sync::CancellationToken;

use crate::body::{Body, Lender, Lent, boxed, full};
use crate::diagnose::Diagnoser;
use crate::forward::{self, Tunnels};
use crate::options::Options;
use crate::page::Page;
use crate::route::{Backend, Endpoint, Lookup, Protocol, Route, Table};
use crate::tls::{Certificates, Resolver};
use crate::{Error, metrics::Metrics, words};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// How many pods are tried for one request, where connecting to them fails.
const ATTEMPTS: usize = 3;
/// Below the keep-alive of common servers (Node closes after 5 s), so that we are not the ones to be surprised.
const IDLE: Duration = Duration::from_secs(4);

/// The proxy: give it tables, give it requests.
#[derive(Debug)]
pub struct Proxy {
    options: Options,
    table: RwLock<Arc<Table>>,
    http1: Client<HttpConnector, Lent>,
    http2: Client<HttpConnector, Lent>,
    diagnoser: Option<Diagnoser>,
    tunnels: Tunnels,
    pub(crate) certificates: Arc<Resolver>,
    pub(crate) metrics: Metrics,
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
        let diagnoser = cluster.map(|c| Diagnoser::new(c, options.show_logs));
        let tunnels = Tunnels::new(CancellationToken::new());
        let certificates = Arc::new(Resolver::new()?);
        Ok(Self { options, table: RwLock::default(), http1, http2, diagnoser, tunnels, certificates, metrics: Metrics::default() })
    }

    #[must_use]
    pub fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on requests go by this table; those under way are not touched.
    pub fn publish(&self, table: Table) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// From now on clients are shown these certificates.
    pub fn publish_certificates(&self, certificates: Certificates) {
        self.certificates.publish(certificates);
    }

    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    #[must_use]
    pub fn tunnels(&self) -> &Tunnels {
        &self.tunnels
    }

    /// Answers one request of `peer`, which came by `scheme`.
    pub async fn handle(&self, peer: IpAddr, scheme: &Scheme, mut request: Request<Incoming>) -> Response<Body> {
        let table = self.table();
        let host = host_of(&request).to_owned();
        let route = match table.find(&host, request.uri().path()) {
            Lookup::Route(route) => route,
            Lookup::NoPath(paths) => return self.page(None, &words::no_path(&host, request.uri().path(), &paths), request.headers()),
            Lookup::NoHost(refused) => return self.page(None, &words::no_host(&host, refused), request.headers()),
        };
        let backend = route.pick(request.headers());
        if backend.endpoints.is_empty() {
            return self.page(Some(route), &self.unready(route, backend).await, request.headers());
        }
        let original = request.headers().clone();
        let pending = forward::begin(&mut request);
        self.forwarded(peer, scheme, &host, request.headers_mut());
        let (parts, body) = request.into_parts();
        let limit = route.read_timeout.unwrap_or(self.options.read_timeout);
        match self.send(backend, parts, Lender::new(boxed(body)), limit).await {
            Ok((endpoint, mut response)) => {
                if forward::finish(&mut response, pending, &self.tunnels).is_err() {
                    let failure = Failure::Broken(endpoint.clone(), forward::NotAsked.to_string());
                    return self.page(Some(route), &self.failed(route, backend, &failure).await, &original);
                }
                self.metrics.count(Some(route), response.status());
                response.map(boxed)
            }
            Err(failure) => {
                tracing::debug!(?failure, ingress = %route.ingress, namespace = %route.namespace, "an application did not answer");
                self.page(Some(route), &self.failed(route, backend, &failure).await, &original)
            }
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

    fn forwarded(&self, peer: IpAddr, scheme: &Scheme, host: &str, headers: &mut HeaderMap) {
        let trusted = self.options.trusted.contains(&peer);
        let peer = peer.to_string();
        let before = headers.get(&FORWARDED_FOR).filter(|_| trusted).and_then(|v| v.to_str().ok());
        let client = before.and_then(|b| b.split(',').next()).map_or(peer.as_str(), str::trim).to_owned();
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

    async fn unready(&self, route: &Route, backend: &Backend) -> Page {
        let diagnosis = match &self.diagnoser {
            Some(d) => d.of(&backend.namespace, &backend.service, route.show_logs).await,
            None => None,
        };
        words::no_pod(route, backend, diagnosis.as_deref())
    }

    async fn failed(&self, route: &Route, backend: &Backend, failure: &Failure) -> Page {
        let diagnosis = match (&self.diagnoser, failure) {
            (Some(d), Failure::Connect(..) | Failure::Broken(..)) => d.of(&backend.namespace, &backend.service, route.show_logs).await,
            _ => None,
        };
        words::no_answer(route, backend, failure, diagnosis.as_deref())
    }

    fn page(&self, route: Option<&Route>, page: &Page, request: &HeaderMap) -> Response<Body> {
        self.metrics.count(route, page.status);
        page.answer(request).map(full)
    }
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
    cause.to_string()
}
