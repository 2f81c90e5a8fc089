//! Addresses for the people who run the site.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::{Site, respond};
use crate::domain::Digest;
use crate::read_model::Health;

fn no_store() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
}

/// `/healthz`: the process is alive.
pub async fn health() -> Response {
    respond::with(StatusCode::OK, "text/plain; charset=utf-8", no_store(), "ok\n")
}

/// `/readyz`: whether the image keeps up, the disks have room, and the certificate was renewed. A degraded node still answers 200,
/// because reads go on.
pub async fn ready(State(site): State<Arc<Site>>) -> Response {
    let (status, word, detail) = match site.model.health() {
        Health::Following => match site.app.log().write_trouble() {
            Some(trouble) => (StatusCode::OK, "degraded", trouble),
            None => match site.certificates.get().and_then(|certificates| certificates.why_not(site.app.now())) {
                Some(trouble) => (StatusCode::OK, "degraded", trouble),
                None if site.app.log().is_read_only() => (StatusCode::OK, "read-only", sentence!("node-read-only").to_string()),
                None => (StatusCode::OK, "ready", String::new()),
            },
        },
        Health::Degraded(what) => (StatusCode::OK, "degraded", what),
        Health::Stopped(what) => (StatusCode::SERVICE_UNAVAILABLE, "stopped", what),
    };
    let (position, hash) = {
        let image = site.model.image();
        (image.position, Digest(image.hash))
    };
    let body = json!({ "status": word, "detail": detail, "position": position, "hash": hash });
    respond::with(status, "application/json", no_store(), body.to_string())
}

/// Resident memory in bytes, if the system tells it.
fn resident_bytes() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Writes a metric: what it is, then its samples, each with its labels.
fn metric(text: &mut String, name: &str, kind: &str, help: &str, samples: &[(String, String)]) {
    let _ = writeln!(text, "# HELP bangtin_{name} {help}\n# TYPE bangtin_{name} {kind}");
    for (labels, value) in samples {
        let _ = writeln!(text, "bangtin_{name}{labels} {value}");
    }
}

/// `/metrics` in the text format of Prometheus.
pub async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let mut text = String::new();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed).to_string();
    let by_class = site.metrics.by_class.iter().enumerate();
    let by_class: Vec<_> = by_class.map(|(class, counter)| (format!("{{class=\"{}xx\"}}", class + 1), count(counter))).collect();
    metric(&mut text, "responses_total", "counter", "Answers by the class of their status.", &by_class);
    let mut one = |name, kind, help, value: String| metric(&mut text, name, kind, help, &[(String::new(), value)]);
    one("answers_cached_total", "counter", "Answers that were kept from before.", count(&site.metrics.cached));
    one("answers_rendered_total", "counter", "Answers that were made anew.", count(&site.metrics.rendered));
    let (position, items) = {
        let image = site.model.image();
        (image.position, image.len())
    };
    one("log_position", "gauge", "Position of the last event of the log that this node shows.", position.to_string());
    one("items", "gauge", "Published items.", items.to_string());
    one("following", "gauge", "1 while this node follows the log.", u8::from(site.model.follows()).to_string());
    one("full_disks", "gauge", "Disks that are full.", site.model.disks.full().len().to_string());
    one("cached_set_bytes", "gauge", "Memory of feature sets that are kept.", site.model.cached_set_bytes().to_string());
    if let Some(validity) = site.certificates.get().and_then(|certificates| certificates.validity()) {
        let left = validity.until.duration_since(site.app.now()).as_secs();
        one("certificate_seconds_left", "gauge", "Seconds until the certificate that is shown ends.", left.to_string());
    }
    if let Some(bytes) = resident_bytes() {
        one("resident_bytes", "gauge", "Resident memory.", bytes.to_string());
    }
    respond::with(StatusCode::OK, "text/plain; version=0.0.4", no_store(), text)
}
