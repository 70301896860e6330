//! From a Service's port to the addresses of its ready pods.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::uri::Authority;
use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::{EndpointConditions, EndpointSlice};
use k8s_openapi::api::networking::v1::{IngressBackend, ServiceBackendPort};

/// One port of one Service, and who answers there now.
#[derive(Debug)]
pub struct Backend {
    pub namespace: String,
    pub service: String,
    /// The number or name that the Ingress gives.
    pub port: String,
    pub protocol: Protocol,
    pub endpoints: Vec<Endpoint>,
    /// The labels of the pods that the Service leads to; empty where it selects none.
    pub selector: BTreeMap<String, String>,
    /// Why there are no endpoints.
    pub gap: Option<Gap>,
    next: Arc<AtomicUsize>,
}

/// How the application is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    /// HTTP/2 without TLS, known beforehand: gRPC.
    H2c,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub address: SocketAddr,
    pub authority: Authority,
    pub pod: Option<String>,
}

/// Why nobody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The Ingress names a Service that does not exist.
    NoService,
    /// The Service has other ports, these.
    NoPort(Vec<String>),
    /// The Service stands for a name outside of the cluster.
    External,
    /// The Ingress names something that is not a Service.
    NotAService,
    /// The Service has pods that are not ready, so many; or none.
    NotReady(usize),
}

/// The places in the rounds, kept over a change of the table.
#[derive(Debug, Default, Clone)]
pub(super) struct Counters(HashMap<String, Arc<AtomicUsize>>);

impl Counters {
    /// The counter of this name as it was in `previous`.
    pub(super) fn of(&mut self, name: String, previous: Option<&Self>) -> Arc<AtomicUsize> {
        let kept = previous.and_then(|p| p.0.get(&name)).cloned();
        Arc::clone(self.0.entry(name).or_insert_with(|| kept.unwrap_or_default()))
    }
}

impl Backend {
    /// The endpoints in the order in which they should be tried: round-robin, each once.
    pub fn round(&self) -> impl Iterator<Item = &Endpoint> {
        let n = self.endpoints.len();
        let start = if n == 0 { 0 } else { self.next.fetch_add(1, Ordering::Relaxed) % n };
        self.endpoints[start..].iter().chain(&self.endpoints[..start])
    }
}

/// What the Services of the cluster offer.
pub(super) struct Backends<'o> {
    services: HashMap<(&'o str, &'o str), &'o Service>,
    slices: HashMap<(&'o str, &'o str), Vec<&'o EndpointSlice>>,
    loopback: bool,
    made: HashMap<(String, String, String, bool), Arc<Backend>>,
}

impl<'o> Backends<'o> {
    pub(super) fn new(services: &'o [Arc<Service>], slices: &'o [Arc<EndpointSlice>], loopback: bool) -> Self {
        let key = |meta: &'o k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta| meta.namespace.as_deref().unwrap_or("");
        let mut by_service: HashMap<_, Vec<_>> = HashMap::new();
        for slice in slices {
            let label = slice.metadata.labels.as_ref().and_then(|l| l.get("kubernetes.io/service-name"));
            if let Some(service) = label {
                by_service.entry((key(&slice.metadata), service.as_str())).or_default().push(&**slice);
            }
        }
        let services = services.iter().map(|s| ((key(&s.metadata), s.metadata.name.as_deref().unwrap_or("")), &**s)).collect();
        Self { services, slices: by_service, loopback, made: HashMap::new() }
    }

    /// The backend that an Ingress in `namespace` names; `grpc` where the Ingress says that it speaks HTTP/2.
    pub(super) fn get(
        &mut self,
        namespace: &str,
        wanted: &IngressBackend,
        grpc: bool,
        counters: &mut Counters,
        previous: Option<&Counters>,
    ) -> Arc<Backend> {
        let (service, port) = match &wanted.service {
            Some(s) => (s.name.clone(), s.port.as_ref().map_or_else(String::new, port_words)),
            None => (wanted.resource.as_ref().map_or_else(String::new, |r| format!("{}/{}", r.kind, r.name)), String::new()),
        };
        let key = (namespace.to_owned(), service, port, grpc);
        if let Some(made) = self.made.get(&key) {
            return Arc::clone(made);
        }
        let (endpoints, protocol, gap) = match &wanted.service {
            None => (Vec::new(), Protocol::Http1, Some(Gap::NotAService)),
            Some(s) => match self.resolve(namespace, &s.name, s.port.as_ref()) {
                Ok((endpoints, h2)) => (endpoints, if h2 || grpc { Protocol::H2c } else { Protocol::Http1 }, None),
                Err(gap) => (Vec::new(), Protocol::Http1, Some(gap)),
            },
        };
        let next = counters.of(format!("{}/{}:{}", key.0, key.1, key.2), previous);
        let spec = self.services.get(&(namespace, key.1.as_str())).and_then(|service| service.spec.as_ref());
        let selector = spec.and_then(|spec| spec.selector.clone()).unwrap_or_default();
        let backend = Arc::new(Backend {
            namespace: key.0.clone(),
            service: key.1.clone(),
            port: key.2.clone(),
            protocol,
            endpoints,
            selector,
            gap,
            next,
        });
        self.made.insert(key, Arc::clone(&backend));
        backend
    }

    fn resolve(&self, namespace: &str, name: &str, port: Option<&ServiceBackendPort>) -> Result<(Vec<Endpoint>, bool), Gap> {
        let service = self.services.get(&(namespace, name)).ok_or(Gap::NoService)?;
        let spec = service.spec.as_ref().ok_or(Gap::NoService)?;
        if spec.type_.as_deref() == Some("ExternalName") {
            return Err(Gap::External);
        }
        let ports = spec.ports.as_deref().unwrap_or_default();
        let port = find_port(ports, port).ok_or_else(|| Gap::NoPort(ports.iter().map(service_port_words).collect()))?;
        let h2 = matches!(port.app_protocol.as_deref(), Some("kubernetes.io/h2c" | "grpc"));
        let endpoints = self.endpoints(namespace, name, port.name.as_deref().unwrap_or(""))?;
        Ok((endpoints, h2))
    }

    fn endpoints(&self, namespace: &str, service: &str, port_name: &str) -> Result<Vec<Endpoint>, Gap> {
        let (mut ready, mut ending, mut waiting) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for slice in self.slices.get(&(namespace, service)).into_iter().flatten() {
            let port = slice.ports.iter().flatten().find(|p| p.name.as_deref().unwrap_or("") == port_name).and_then(|p| p.port);
            let port = port.and_then(|p| u16::try_from(p).ok());
            for endpoint in slice.endpoints.iter().flatten() {
                let pod = endpoint.target_ref.as_ref().filter(|r| r.kind.as_deref() == Some("Pod")).and_then(|r| r.name.clone());
                // All addresses of one endpoint are the same pod; upstream says to use the first.
                let ip = endpoint.addresses.first().and_then(|a| a.parse::<IpAddr>().ok()).filter(|ip| self.may_dial(*ip));
                let set = match (readiness(endpoint.conditions.as_ref()), port) {
                    (Readiness::Ready, Some(_)) => &mut ready,
                    (Readiness::Ending, Some(_)) => &mut ending,
                    _ => &mut waiting,
                };
                if let Some(ip) = ip {
                    set.insert((SocketAddr::new(ip, port.unwrap_or(0)), pod));
                }
            }
        }
        // As kube-proxy does: where all are on their way out, those that still serve go on doing so.
        let chosen = if ready.is_empty() { ending } else { ready };
        let endpoints: Vec<Endpoint> = chosen
            .into_iter()
            .filter_map(|(address, pod)| Some(Endpoint { address, authority: address.to_string().parse().ok()?, pod }))
            .collect();
        if endpoints.is_empty() { Err(Gap::NotReady(waiting.len())) } else { Ok(endpoints) }
    }

    /// The gateway sits in the node's own network: an EndpointSlice written by hand must not lead to what listens
    /// there for the node only, or to metadata services.
    fn may_dial(&self, ip: IpAddr) -> bool {
        let local = match ip {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
            IpAddr::V6(v6) => {
                v6.is_loopback()
                    || v6.is_unicast_link_local()
                    || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback() || v4.is_link_local())
            }
        };
        !ip.is_unspecified() && !ip.is_multicast() && (self.loopback || !local)
    }
}

enum Readiness {
    Ready,
    Ending,
    Waiting,
}

/// Nothing said means ready (the API's own words).
fn readiness(conditions: Option<&EndpointConditions>) -> Readiness {
    let (ready, serving, ending) = conditions.map_or((None, None, None), |c| (c.ready, c.serving, c.terminating));
    match (ready.unwrap_or(true), serving.unwrap_or(true), ending.unwrap_or(false)) {
        (true, _, _) => Readiness::Ready,
        (false, true, true) => Readiness::Ending,
        _ => Readiness::Waiting,
    }
}

fn find_port<'s>(ports: &'s [ServicePort], wanted: Option<&ServiceBackendPort>) -> Option<&'s ServicePort> {
    let mut tcp = ports.iter().filter(|p| p.protocol.as_deref().is_none_or(|p| p == "TCP"));
    match wanted {
        Some(ServiceBackendPort { name: Some(name), .. }) if !name.is_empty() => tcp.find(|p| p.name.as_deref() == Some(name)),
        Some(ServiceBackendPort { number: Some(number), .. }) => tcp.find(|p| p.port == *number),
        _ => None,
    }
}

fn port_words(port: &ServiceBackendPort) -> String {
    match (&port.name, port.number) {
        (Some(name), _) if !name.is_empty() => name.clone(),
        (_, Some(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn service_port_words(port: &ServicePort) -> String {
    match port.name.as_deref() {
        Some(name) if !name.is_empty() => format!("{} ({name})", port.port),
        _ => port.port.to_string(),
    }
}
