//! One request and its answer, from the first word to the last byte: what is counted, logged, and called being busy.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use http::{Request, StatusCode};

use crate::access_log::{AccessLog, Entry};
use crate::activity::{Activity, Visit};
use crate::metrics::Metrics;
use crate::route::Route;

/// Where it is written down.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) activity: Arc<Activity>,
    pub(crate) log: AccessLog,
    pub(crate) metrics: Metrics,
}

#[derive(Debug)]
pub(crate) struct Exchange {
    records: Arc<Records>,
    began: Instant,
    at: SystemTime,
    client: String,
    method: String,
    host: String,
    path: String,
    /// None for as long as no rule was found.
    route: OnceLock<(Arc<Route>, Visit)>,
    status: AtomicU16,
    bytes: AtomicU64,
}

impl Exchange {
    pub(crate) fn begin<B>(records: &Arc<Records>, client: String, host: &str, request: &Request<B>) -> Arc<Self> {
        Arc::new(Self {
            records: Arc::clone(records),
            began: Instant::now(),
            at: SystemTime::now(),
            client,
            method: request.method().to_string(),
            host: host.to_owned(),
            // Without the query, which may hold what is nobody's business.
            path: request.uri().path().to_owned(),
            route: OnceLock::new(),
            status: AtomicU16::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// The rule that it goes by; the first word counts.
    pub(crate) fn goes_by(&self, route: &Arc<Route>) {
        self.route.get_or_init(|| (Arc::clone(route), self.records.activity.visit(&route.namespace)));
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let (status, bytes, took) = (*self.status.get_mut(), *self.bytes.get_mut(), self.began.elapsed());
        let route = self.route.get().map(|(route, _)| &**route);
        self.records.metrics.count(route, status, bytes, took);
        self.records.log.add(
            route.map_or("", |route| &route.namespace),
            Entry {
                at: self.at.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
                client: std::mem::take(&mut self.client),
                method: std::mem::take(&mut self.method),
                host: std::mem::take(&mut self.host),
                path: std::mem::take(&mut self.path),
                status,
                bytes,
                ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            },
        );
    }
}
