//! The routing table: which Service answers a host and a path. A pure value, built from what the cluster says and
//! never changed; a request borrows it, a change of the cluster replaces it.
//!
//! ```text
//! Ingress ─┐
//! Service ─┼─ build(objects, policy) ─> Table ── find(host, path) ─> Route ── pick(headers) ─> Backend ── next() ─> Endpoint
//! Slice   ─┘
//! ```
//!
//! The rules are upstream's (kubernetes.io, "Ingress"): a named host before a wildcard (which covers one label) before
//! no host; the longest path first, Exact before Prefix, Prefix by whole path elements; the older Ingress wins a tie.

mod backend;
mod build;
mod canary;
mod claim;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub use backend::{Backend, Endpoint, Gap, Protocol};
pub(crate) use build::by_age;
pub use build::{Objects, Policy, build};
pub use canary::Canary;
pub use claim::{HostPolicy, Refused};

use http::HeaderMap;

/// Everything that is routed.
#[derive(Debug, Default)]
pub struct Table {
    /// By name, in lower case.
    hosts: HashMap<Box<str>, Host>,
    /// `foo.com` holds the rules of `*.foo.com`.
    wildcards: HashMap<Box<str>, Host>,
    /// Rules without a host.
    any: Host,
    refused: Vec<Refused>,
    counters: backend::Counters,
}

/// The rules of one host.
#[derive(Debug, Default)]
struct Host {
    exact: HashMap<Box<str>, Arc<Route>>,
    /// Without trailing slashes: the path `/` is the empty string.
    prefix: HashMap<Box<str>, Arc<Route>>,
    /// The length of the longest key of `prefix`: a longer path needs not be looked up whole.
    longest: usize,
    /// What a default backend answers.
    fallback: Option<Arc<Route>>,
}

/// One rule of an Ingress.
#[derive(Debug)]
pub struct Route {
    pub namespace: String,
    pub ingress: String,
    /// As the Ingress writes it; none for a default backend.
    pub path: Option<String>,
    pub backend: Arc<Backend>,
    pub canary: Option<Canary>,
    /// How long the application may be silent before the answer is 504, where the Ingress says so.
    pub read_timeout: Option<std::time::Duration>,
    /// Whether a page in words tells whoever calls about pods (`maru.dev/error-details: none`: no).
    pub details: bool,
}

impl Route {
    /// Its Service has pods that may come, and none of them is ready.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.backend.endpoints.is_empty() && matches!(self.backend.gap, Some(Gap::NotReady(_)))
    }

    /// The Service for one request: the canary's by its own rules and its exact weight. A canary without a ready pod takes nothing.
    #[must_use]
    pub fn pick(&self, headers: &HeaderMap) -> &Arc<Backend> {
        match &self.canary {
            Some(canary) if !canary.backend.endpoints.is_empty() && canary.takes(headers) => &canary.backend,
            _ => &self.backend,
        }
    }
}

/// What the table says about a request.
#[derive(Debug)]
pub enum Lookup<'t> {
    Route(&'t Arc<Route>),
    /// The host is known, this path is not; these are.
    NoPath(Vec<&'t str>),
    /// Nothing is known about the host; somebody may have asked for it in vain.
    NoHost(Option<&'t Refused>),
}

impl Table {
    /// The rule for a `Host` header (with or without a port) and a path.
    #[must_use]
    pub fn find(&self, host: &str, path: &str) -> Lookup<'_> {
        let name = normal(host);
        let named = self.hosts.get(name.as_ref());
        let wildcard = name.split_once('.').and_then(|(_, parent)| self.wildcards.get(parent));
        let candidates = [named, wildcard, Some(&self.any)];
        let by_path = candidates.iter().flatten().find_map(|h| h.find(path));
        if let Some(route) = by_path.or_else(|| candidates.iter().flatten().find_map(|h| h.fallback.as_ref())) {
            return Lookup::Route(route);
        }
        if named.is_none() && wildcard.is_none() {
            return Lookup::NoHost(self.refused.iter().find(|r| r.host == name));
        }
        let mut paths: Vec<&str> = candidates.iter().flatten().flat_map(|h| h.paths()).collect();
        paths.sort_unstable();
        paths.dedup();
        Lookup::NoPath(paths)
    }

    /// Whether a namespace has rules.
    #[must_use]
    pub fn has(&self, namespace: &str) -> bool {
        self.routes().any(|route| route.namespace == namespace)
    }

    fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        let hosts = self.hosts.values().chain(self.wildcards.values()).chain([&self.any]);
        hosts.flat_map(|host| host.exact.values().chain(host.prefix.values()).chain(&host.fallback))
    }

    /// The Services of a namespace that requests are led to.
    #[must_use]
    pub fn services(&self, namespace: &str) -> BTreeSet<String> {
        let backends = self.routes().flat_map(|route| [Some(&route.backend), route.canary.as_ref().map(|canary| &canary.backend)]);
        backends.flatten().filter(|backend| backend.namespace == namespace).map(|backend| backend.service.clone()).collect()
    }

    /// Hosts that Ingresses asked for and did not get, with the reason.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// How many hosts have rules.
    #[must_use]
    pub fn hosts(&self) -> usize {
        self.hosts.len() + self.wildcards.len()
    }
}

impl Host {
    fn find(&self, path: &str) -> Option<&Arc<Route>> {
        if let Some(route) = self.exact.get(path) {
            return Some(route);
        }
        let mut rest = path.strip_suffix('/').unwrap_or(path);
        loop {
            if rest.len() <= self.longest
                && let Some(route) = self.prefix.get(rest)
            {
                return Some(route);
            }
            rest = &rest[..rest.rfind('/')?];
        }
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.exact.values().chain(self.prefix.values()).filter_map(|r| r.path.as_deref())
    }
}

/// A host name without port and trailing dot, in lower case.
pub(crate) fn normal(host: &str) -> std::borrow::Cow<'_, str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|b| b.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}
