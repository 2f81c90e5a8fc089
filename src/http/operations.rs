//! Addresses for the people who run the site.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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

/// `/metrics` in the text format of Prometheus.
pub async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let mut text = String::new();
    for (class, counter) in site.metrics.by_class.iter().enumerate() {
        let _ = writeln!(text, "bangtin_responses_total{{class=\"{}xx\"}} {}", class + 1, counter.load(Ordering::Relaxed));
    }
    let _ = writeln!(text, "bangtin_answers_cached_total {}", site.metrics.cached.load(Ordering::Relaxed));
    let _ = writeln!(text, "bangtin_answers_rendered_total {}", site.metrics.rendered.load(Ordering::Relaxed));
    let image = site.model.image();
    let _ = writeln!(text, "bangtin_log_position {}", image.position);
    let _ = writeln!(text, "bangtin_items {}", image.len());
    let _ = writeln!(text, "bangtin_following {}", u8::from(site.model.follows()));
    let _ = writeln!(text, "bangtin_full_disks {}", site.model.disks.full().len());
    let _ = writeln!(text, "bangtin_cached_set_bytes {}", site.model.cached_set_bytes());
    if let Some(validity) = site.certificates.get().and_then(|certificates| certificates.validity()) {
        let left = validity.until.duration_since(site.app.now()).as_secs();
        let _ = writeln!(text, "bangtin_certificate_seconds_left {left}");
    }
    if let Some(bytes) = resident_bytes() {
        let _ = writeln!(text, "bangtin_resident_bytes {bytes}");
    }
    respond::with(StatusCode::OK, "text/plain; version=0.0.4", no_store(), text)
}
