//! From the cluster's objects to the table.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend};

use super::backend::{Backends, Counters};
use super::canary::{Canary, Rule};
use super::claim::{Claim, HostPolicy, Refused, taken};
use super::{Host, Route, Table};

/// What the cluster says.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    pub ingresses: Vec<Arc<Ingress>>,
    pub services: Vec<Arc<Service>>,
    pub slices: Vec<Arc<EndpointSlice>>,
}

/// Which Ingresses are ours, and what they may have.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Names of Ingress classes (`spec.ingressClassName`, or the old annotation).
    pub classes: Vec<String>,
    /// Whether Ingresses that name no class are ours too.
    pub unclassed: bool,
    /// None: first come, first served.
    pub hosts: Option<HostPolicy>,
    /// Whether endpoints on this machine's own addresses are dialled: for tests.
    pub loopback: bool,
}

impl Policy {
    /// Whether an Ingress is this gateway's to serve.
    #[must_use]
    pub fn serves(&self, ingress: &Ingress) -> bool {
        let named = ingress.spec.as_ref().and_then(|s| s.ingress_class_name.as_deref());
        match named.or_else(|| annotation(ingress, "kubernetes.io/ingress.class")) {
            Some(class) => self.classes.iter().any(|c| c == class),
            None => self.unclassed,
        }
    }

    /// A host as it is granted to Ingresses of a namespace, in lower case, and how strong that claim is.
    pub(crate) fn granted(&self, namespace: &str, host: &str) -> Option<(String, usize)> {
        match &self.hosts {
            None => Some((host.to_ascii_lowercase(), 0)),
            Some(policy) => policy.claim(namespace, Some(host)).ok().and_then(|claim| Some((claim.host?, claim.strength))),
        }
    }
}

/// Those that are ours, the older first.
pub(crate) fn by_age<'i>(ingresses: &'i [Arc<Ingress>], policy: &Policy) -> Vec<&'i Ingress> {
    let mut ours: Vec<&Ingress> = ingresses.iter().map(|i| &**i).filter(|i| policy.serves(i)).collect();
    ours.sort_by_key(|i| {
        let meta = &i.metadata;
        let age = meta.creation_timestamp.as_ref().map(|t| t.0);
        (age.is_none(), age, meta.namespace.clone(), meta.name.clone())
    });
    ours
}

/// Builds the table; the places in the rounds go on from `previous`.
#[must_use]
pub fn build(objects: &Objects, policy: &Policy, previous: Option<&Table>) -> Table {
    let ours = by_age(&objects.ingresses, policy);
    let mut builder = Builder {
        table: Table::default(),
        backends: Backends::new(&objects.services, &objects.slices, policy.loopback),
        previous: previous.map(|t| &t.counters),
        owners: owners(&ours, policy),
        policy,
    };
    let canaries = canaries(&ours);
    for ingress in ours.iter().filter(|i| i.metadata.annotations.as_ref().and_then(Rule::read).is_none()) {
        builder.add(ingress, &canaries);
    }
    builder.table
}

struct Builder<'o> {
    table: Table,
    backends: Backends<'o>,
    previous: Option<&'o Counters>,
    /// Who has a host under a host policy.
    owners: HashMap<String, String>,
    policy: &'o Policy,
}

/// The canary of a rule, by namespace, host and path.
type Canaries<'o> = HashMap<(&'o str, &'o str, &'o str), (&'o Ingress, &'o IngressBackend, Rule)>;

fn canaries<'o>(ours: &[&'o Ingress]) -> Canaries<'o> {
    let mut found = HashMap::new();
    for ingress in ours {
        let Some(rule) = ingress.metadata.annotations.as_ref().and_then(Rule::read) else { continue };
        let namespace = ingress.metadata.namespace.as_deref().unwrap_or("");
        for (host, path) in paths(ingress) {
            found.entry((namespace, host, path_of(path))).or_insert((*ingress, &path.backend, rule.clone()));
        }
    }
    found
}

fn paths(ingress: &Ingress) -> impl Iterator<Item = (&str, &HTTPIngressPath)> {
    let rules = ingress.spec.iter().flat_map(|s| s.rules.iter().flatten());
    rules.flat_map(|rule| rule.http.iter().flat_map(|h| &h.paths).map(|p| (rule.host.as_deref().unwrap_or(""), p)))
}

fn path_of(path: &HTTPIngressPath) -> &str {
    path.path.as_deref().filter(|p| !p.is_empty()).unwrap_or("/")
}

/// Each host's namespace: the best claim, then the oldest.
fn owners(ours: &[&Ingress], policy: &Policy) -> HashMap<String, String> {
    let mut best: HashMap<String, (usize, String)> = HashMap::new();
    let Some(hosts) = &policy.hosts else { return HashMap::new() };
    for ingress in ours {
        let namespace = ingress.metadata.namespace.as_deref().unwrap_or("");
        for host in wanted_hosts(ingress) {
            let Ok(Claim { host: Some(host), strength }) = hosts.claim(namespace, host) else { continue };
            match best.get(&host) {
                Some((held, _)) if *held >= strength => {}
                _ => {
                    best.insert(host, (strength, namespace.to_owned()));
                }
            }
        }
    }
    best.into_iter().map(|(host, (_, namespace))| (host, namespace)).collect()
}

/// The hosts of an Ingress, each once; none where it has no rules or rules without a host.
fn wanted_hosts(ingress: &Ingress) -> Vec<Option<&str>> {
    let rules = ingress.spec.as_ref().and_then(|s| s.rules.as_deref()).unwrap_or_default();
    let mut hosts: Vec<Option<&str>> = rules.iter().map(|r| r.host.as_deref().filter(|h| !h.is_empty())).collect();
    if hosts.is_empty() {
        hosts.push(None);
    }
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

impl<'o> Builder<'o> {
    fn add(&mut self, ingress: &'o Ingress, canaries: &Canaries<'o>) {
        let Some(spec) = &ingress.spec else { return };
        let has_rules = spec.rules.as_ref().is_some_and(|r| !r.is_empty());
        if let Some(default) = &spec.default_backend {
            let route = Arc::new(self.route(ingress, None, default, None));
            for wanted in wanted_hosts(ingress) {
                // With rules, a default backend answers what is left over on their hosts; without, on every host.
                if let Some(host) = self.granted(ingress, wanted)
                    && (host.is_some() || !has_rules)
                {
                    self.table.host(host.as_deref()).fallback.get_or_insert_with(|| Arc::clone(&route));
                }
            }
        }
        for rule in spec.rules.iter().flatten() {
            let wanted = rule.host.as_deref().filter(|h| !h.is_empty());
            let Some(host) = self.granted(ingress, wanted) else { continue };
            for path in rule.http.iter().flat_map(|h| &h.paths) {
                let canary =
                    canaries.get(&(ingress.metadata.namespace.as_deref().unwrap_or(""), rule.host.as_deref().unwrap_or(""), path_of(path)));
                let canary = canary.map(|(from, backend, rule)| {
                    let backend = self.backend(from, backend);
                    let name = format!("canary {}/{} {}{}", backend.namespace, backend.service, wanted.unwrap_or("*"), path_of(path));
                    let turn = self.table.counters.of(name, self.previous);
                    Canary::new(backend, rule.clone(), turn)
                });
                let route = self.route(ingress, Some(path_of(path)), &path.backend, canary);
                self.table.host(host.as_deref()).insert(&path.path_type, path_of(path), route);
            }
        }
    }

    /// The host that an Ingress gets for the one it wants: none if it gets nothing, `Some(None)` for every host.
    fn granted(&mut self, ingress: &Ingress, wanted: Option<&str>) -> Option<Option<String>> {
        let Some(hosts) = &self.policy.hosts else { return Some(wanted.map(str::to_ascii_lowercase)) };
        let namespace = ingress.metadata.namespace.as_deref().unwrap_or("");
        let why = match hosts.claim(namespace, wanted) {
            Ok(Claim { host: None, .. }) => return Some(None),
            Ok(Claim { host: Some(host), .. }) if self.owners.get(&host).is_none_or(|o| o == namespace) => return Some(Some(host)),
            Ok(_) => taken(),
            Err(why) => why,
        };
        let refused = Refused {
            namespace: namespace.to_owned(),
            ingress: ingress.metadata.name.clone().unwrap_or_default(),
            host: wanted.unwrap_or("").to_ascii_lowercase(),
            why,
        };
        if !self.table.refused.contains(&refused) {
            self.table.refused.push(refused);
        }
        None
    }

    fn backend(&mut self, ingress: &Ingress, wanted: &IngressBackend) -> Arc<super::Backend> {
        let namespace = ingress.metadata.namespace.as_deref().unwrap_or("");
        let grpc = annotation(ingress, "nginx.ingress.kubernetes.io/backend-protocol").is_some_and(|p| p.eq_ignore_ascii_case("GRPC"));
        self.backends.get(namespace, wanted, grpc, &mut self.table.counters, self.previous)
    }

    fn route(&mut self, ingress: &Ingress, path: Option<&str>, wanted: &IngressBackend, canary: Option<Canary>) -> Route {
        let seconds =
            annotation(ingress, "nginx.ingress.kubernetes.io/proxy-read-timeout").and_then(|s| s.trim_end_matches('s').parse().ok());
        Route {
            namespace: ingress.metadata.namespace.clone().unwrap_or_default(),
            ingress: ingress.metadata.name.clone().unwrap_or_default(),
            path: path.map(str::to_owned),
            backend: self.backend(ingress, wanted),
            canary,
            read_timeout: seconds.map(Duration::from_secs),
            details: annotation(ingress, "maru.dev/error-details") != Some("none"),
        }
    }
}

impl Table {
    fn host(&mut self, host: Option<&str>) -> &mut Host {
        match host {
            None => &mut self.any,
            Some(host) => match host.strip_prefix("*.") {
                Some(parent) => self.wildcards.entry(parent.into()).or_default(),
                None => self.hosts.entry(host.into()).or_default(),
            },
        }
    }
}

impl Host {
    /// The first comer stays: rules come from the oldest Ingress on. `ImplementationSpecific` is Prefix here.
    fn insert(&mut self, kind: &str, path: &str, route: Route) {
        if kind == "Exact" {
            self.exact.entry(path.into()).or_insert_with(|| Arc::new(route));
            return;
        }
        let key = path.trim_end_matches('/');
        self.longest = self.longest.max(key.len());
        self.prefix.entry(key.into()).or_insert_with(|| Arc::new(route));
    }
}

fn annotation<'i>(ingress: &'i Ingress, name: &str) -> Option<&'i str> {
    ingress.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}
