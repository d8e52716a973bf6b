//! Counts and times of requests, in the text form that Prometheus reads. A tool adds its own to the same registry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::{Method, StatusCode, header};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Place {
    route: String,
}

/// What is counted. A clone counts into the same place.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<Answer, Counter>,
    seconds: Family<Place, Histogram>,
}

impl Metrics {
    /// An empty registry, whose names begin with the tool's.
    #[must_use]
    pub fn new(tool: &str) -> Self {
        let mut registry = Registry::with_prefix(tool);
        let requests = Family::default();
        registry.register("requests", "Requests answered", requests.clone());
        // From half a millisecond to sixteen seconds.
        let seconds = Family::new_with_constructor((|| Histogram::new(exponential_buckets(0.0005, 2.0, 16))) as fn() -> Histogram);
        registry.register("request_seconds", "How long requests took", seconds.clone());
        Self { registry: Arc::new(Mutex::new(registry)), requests, seconds }
    }

    /// Adds a tool's own metrics.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What Prometheus reads, as `application/openmetrics-text`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing into a string does not fail.
        let _ = text::encode(&mut out, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        out
    }

    /// The resource `/metrics`. Put it where only those who may see it reach it.
    pub fn router(self) -> Router {
        let content = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
        Router::new().route("/metrics", get(async move || (content, self.text())))
    }

    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let answer = Answer { method: known(method), route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&answer).inc();
        self.seconds.get_or_create(&Place { route: route.to_owned() }).observe(took.as_secs_f64());
    }
}

/// A client may invent methods without end; the registry holds each that it was given for ever.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
