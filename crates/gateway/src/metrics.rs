//! Counters in Prometheus' text format, for each rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::route::Route;

/// By namespace, Ingress and path of the rule; all empty where none was found.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<[String; 3], Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// By class of status; those that were given up before an answer come first.
    requests: [u64; 6],
    bytes: u64,
    time: Duration,
}

impl Metrics {
    pub(crate) fn count(&self, route: Option<&Route>, status: u16, bytes: u64, time: Duration) {
        let key = route.map_or_else(Default::default, |r| [r.namespace.clone(), r.ingress.clone(), r.path.clone().unwrap_or_default()]);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = all.entry(key).or_default();
        counts.requests[usize::from(status / 100).min(5)] += 1;
        counts.bytes += bytes;
        counts.time += time;
    }

    pub(crate) fn render(&self, tunnels: usize, hosts: usize) -> String {
        let mut requests = String::from("# TYPE maru_gateway_requests_total counter\n");
        let mut bytes = String::from("# TYPE maru_gateway_response_bytes_total counter\n");
        let mut seconds = String::from("# TYPE maru_gateway_request_seconds summary\n");
        // Writing to a string does not fail.
        for ([namespace, ingress, path], counts) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let labels = format!("namespace=\"{namespace}\",ingress=\"{ingress}\",path=\"{}\"", escape(path));
            for (class, n) in counts.requests.iter().enumerate().filter(|(_, n)| **n > 0) {
                let status = if class == 0 { "none".to_owned() } else { format!("{class}xx") };
                let _ = writeln!(requests, "maru_gateway_requests_total{{{labels},status=\"{status}\"}} {n}");
            }
            let _ = writeln!(bytes, "maru_gateway_response_bytes_total{{{labels}}} {}", counts.bytes);
            let _ = writeln!(seconds, "maru_gateway_request_seconds_sum{{{labels}}} {}", counts.time.as_secs_f64());
            let _ = writeln!(seconds, "maru_gateway_request_seconds_count{{{labels}}} {}", counts.requests.iter().sum::<u64>());
        }
        let tunnels = format!("# TYPE maru_gateway_tunnels gauge\nmaru_gateway_tunnels {tunnels}\n");
        let hosts = format!("# TYPE maru_gateway_hosts gauge\nmaru_gateway_hosts {hosts}\n");
        [requests, bytes, seconds, tunnels, hosts].concat()
    }
}

/// A path may be anything that an Ingress takes.
fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_counted_where_it_belongs() {
        let metrics = Metrics::default();
        for status in [0, 101, 204, 404, 599, 999] {
            metrics.count(None, status, 10, Duration::from_millis(500));
        }
        let text = metrics.render(1, 2);
        for line in [
            "maru_gateway_requests_total{namespace=\"\",ingress=\"\",path=\"\",status=\"none\"} 1",
            "maru_gateway_requests_total{namespace=\"\",ingress=\"\",path=\"\",status=\"5xx\"} 2",
            "maru_gateway_response_bytes_total{namespace=\"\",ingress=\"\",path=\"\"} 60",
            "maru_gateway_request_seconds_sum{namespace=\"\",ingress=\"\",path=\"\"} 3",
            "maru_gateway_tunnels 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        assert_eq!(escape("/a\"b\\"), "/a\\\"b\\\\");
    }
}
