//! The `nginx.ingress.kubernetes.io/canary*` annotations, which Argo Rollouts writes: a part of the requests goes to
//! another Service. Weights are exact: of every `total` requests in a row, `weight` go there, evenly spread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderMap;
use http::header::COOKIE;
use regex::Regex;

use super::Backend;

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

#[derive(Debug)]
pub struct Canary {
    pub backend: Arc<Backend>,
    rule: Rule,
    turn: Arc<AtomicUsize>,
}

/// Who goes to the canary: by header, else by cookie, else by weight (ingress-nginx' order).
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    header: Option<(String, Wanted)>,
    cookie: Option<String>,
    weight: usize,
    total: usize,
}

/// What the header has to say.
#[derive(Clone, Debug)]
enum Wanted {
    AlwaysOrNever,
    Value(String),
    Pattern(Regex),
    /// A pattern that is none: nothing matches it, as ingress-nginx has it.
    Nothing,
}

impl Rule {
    /// The rule of an Ingress with these annotations, if it is a canary.
    pub(super) fn read(annotations: &BTreeMap<String, String>) -> Option<Self> {
        let get = |name: &str| annotations.get(&format!("{PREFIX}{name}")).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        if get("canary").as_deref() != Some("true") {
            return None;
        }
        let number = |name: &str| get(name).and_then(|v| v.parse::<usize>().ok());
        let total = number("canary-weight-total").filter(|t| *t > 0).unwrap_or(100);
        let wanted = match (get("canary-by-header-value"), get("canary-by-header-pattern")) {
            (Some(value), _) => Wanted::Value(value),
            (None, Some(pattern)) => Regex::new(&pattern).map_or(Wanted::Nothing, Wanted::Pattern),
            (None, None) => Wanted::AlwaysOrNever,
        };
        Some(Self {
            header: get("canary-by-header").map(|name| (name, wanted)),
            cookie: get("canary-by-cookie"),
            weight: number("canary-weight").unwrap_or(0).min(total),
            total,
        })
    }
}

impl Canary {
    pub(super) fn new(backend: Arc<Backend>, rule: Rule, turn: Arc<AtomicUsize>) -> Self {
        Self { backend, rule, turn }
    }

    pub(super) fn takes(&self, headers: &HeaderMap) -> bool {
        if let Some((name, wanted)) = &self.rule.header
            && let Some(value) = headers.get(name.as_str()).and_then(|v| v.to_str().ok())
        {
            match (wanted, value) {
                (Wanted::Value(wanted), value) if wanted == value => return true,
                (Wanted::Pattern(pattern), value) if pattern.is_match(value) => return true,
                (Wanted::AlwaysOrNever, "always") => return true,
                (Wanted::AlwaysOrNever, "never") => return false,
                _ => {}
            }
        }
        if let Some(name) = &self.rule.cookie {
            match cookie(headers, name) {
                Some("always") => return true,
                Some("never") => return false,
                _ => {}
            }
        }
        self.by_weight()
    }

    /// Bresenham's line: the n-th request goes to the canary where `n * weight / total` steps up.
    fn by_weight(&self) -> bool {
        let Rule { weight, total, .. } = self.rule;
        if weight == 0 {
            return false;
        }
        let n = self.turn.fetch_add(1, Ordering::Relaxed) % total;
        (n + 1) * weight / total != n * weight / total
    }
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(n, _)| *n == name).map(|(_, v)| v))
}
