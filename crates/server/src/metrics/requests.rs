//! Requests, by what they asked for and how they were answered.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::proxy::{Destination, destination};
use crate::state::AppState;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: String,
    status: u16,
}

/// Cheap to clone: all clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    answers: Family<Answer, Counter>,
    durations: Family<Route, Histogram>,
    going_on: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        // From what the database answers at once to what an Engine under load takes.
        let buckets = || Histogram::new([0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0]);
        Self { answers: Family::default(), durations: Family::new_with_constructor(buckets), going_on: Gauge::default() }
    }
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("maru_http_requests", "Requests that were answered", self.answers.clone());
        registry.register("maru_http_request_seconds", "From a request to the head of its answer", self.durations.clone());
        registry.register("maru_http_requests_going_on", "Requests whose answer has not begun", self.going_on.clone());
    }
}

/// One that is being answered, also where the caller leaves before.
struct GoingOn<'a>(&'a Gauge);

impl Drop for GoingOn<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Middleware: counts the request.
pub async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let metrics = &state.metrics;
    let method = name(request.method());
    // By host name first: an application's paths are its own.
    let route = match destination(&request, &state.config) {
        Destination::App => "app".to_owned(),
        Destination::Preview => "preview".to_owned(),
        Destination::Own => request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned()),
    };
    metrics.going_on.inc();
    let going_on = GoingOn(&metrics.going_on);
    let began = Instant::now();
    let response = next.run(request).await;
    drop(going_on);
    metrics.durations.get_or_create(&Route { method, route: route.clone() }).observe(began.elapsed().as_secs_f64());
    metrics.answers.get_or_create(&Answer { method, route, status: response.status().as_u16() }).inc();
    response
}

/// Callers may invent methods, and each would be a number to keep.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
