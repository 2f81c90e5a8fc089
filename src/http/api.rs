//! The landing page as JSON, conformance, and the OpenAPI document.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::{Site, openapi, respond};

/// `/` as JSON.
pub fn landing(site: &Site) -> String {
    let city = site.model.image().city.clone();
    let url = &city.public_url;
    let link = |rel: &str, media: &str, path: &str, title: &str| json!({ "rel": rel, "type": media, "href": format!("{url}{path}"), "title": title });
    json!({
        "title": format!("Bảng tin {}", city.name_vi),
        "description": format!("Public notices of {}: plans, map points, campaigns", city.name_en),
        "links": [
            link("self", "application/json", "/?f=json", "This document"),
            link("alternate", "text/html", "/?f=html", "This page as HTML"),
            link("service-desc", "application/vnd.oai.openapi+json;version=3.0", "/api", "The API"),
            link("service-doc", "text/html", "/?f=html", "For people"),
            link("conformance", "application/json", "/conformance", "Conformance"),
            link("data", "application/json", "/collections?f=json", "Collections"),
        ],
    })
    .to_string()
}

/// `/conformance`
pub async fn conformance(headers: HeaderMap) -> Response {
    let body = json!({ "conformsTo": super::collections::CONFORMANCE }).to_string();
    respond::fresh(&headers, "application/json", "public, max-age=5", HeaderMap::new(), body)
}

/// `/api`
pub async fn openapi(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let url = site.model.image().city.public_url.clone();
    let body = openapi::document(&url).to_string();
    let media = "application/vnd.oai.openapi+json;version=3.0";
    respond::fresh(&headers, media, "public, max-age=5", HeaderMap::new(), body)
}
