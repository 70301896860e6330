//! Counters in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;

use crate::route::Route;

/// Requests by namespace, Ingress and class of status.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<String, BTreeMap<String, [u64; 5]>>>);

impl Metrics {
    /// Counts one answer; `route` is none where no rule was found.
    pub(crate) fn count(&self, route: Option<&Route>, status: StatusCode) {
        let (namespace, ingress) = route.map_or(("", ""), |r| (&r.namespace, &r.ingress));
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the first request of an Ingress allocates its name.
        if let Some(counts) = counters.get_mut(namespace).and_then(|n| n.get_mut(ingress)) {
            counts[class] += 1;
        } else {
            counters.entry(namespace.to_owned()).or_default().entry(ingress.to_owned()).or_default()[class] += 1;
        }
    }

    pub(crate) fn render(&self, tunnels: usize, hosts: usize) -> String {
        let mut out = String::from("# TYPE maru_gateway_requests_total counter\n");
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = counters.iter().flat_map(|(n, by_ingress)| by_ingress.iter().map(move |(i, counts)| (n, i, counts)));
        for (namespace, ingress, counts) in lines {
            for (class, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
                let labels = format!("namespace=\"{namespace}\",ingress=\"{ingress}\",status=\"{}xx\"", class + 1);
                // Writing to a string does not fail.
                let _ = writeln!(out, "maru_gateway_requests_total{{{labels}}} {n}");
            }
        }
        let _ = writeln!(out, "# TYPE maru_gateway_tunnels gauge\nmaru_gateway_tunnels {tunnels}");
        let _ = writeln!(out, "# TYPE maru_gateway_hosts gauge\nmaru_gateway_hosts {hosts}");
        out
    }
}
