//! The landing page as JSON, conformance, and the OpenAPI document.

use crate::http::collections::parameters;
use crate::http::reading;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::collections::{CONFORMANCE, METADATA_CACHE, query};
use super::errors::HttpError;
use super::reading::Form;
use super::respond;
use super::{Site, openapi};
use crate::http::reading::Asking;
use crate::render::collections as pages;

/// `/` as JSON.
pub fn landing(site: &Site) -> Value {
    let city = site.model.image().city.clone();
    let url = &city.public_url;
    let link = |rel: &str, media: &str, path: &str, title: &str| json!({ "rel": rel, "type": media, "href": format!("{url}{path}"), "title": title });
    json!({
        "title": format!("Bảng tin {}", city.name_vi),
        "description": format!("Public notices of {}: plans, map points, campaigns", city.name_en),
        "links": [
            link("self", "application/json", "/?f=json", "This document"),
            link("alternate", "text/html", "/?f=html", "This page as HTML"),
            link("service-desc", "application/vnd.oai.openapi+json;version=3.0", "/api?f=json", "The API"),
            link("service-doc", "text/html", "/api?f=html", "The API for people"),
            link("conformance", "application/json", "/conformance?f=json", "Conformance"),
            link("data", "application/json", "/collections?f=json", "Collections"),
            link("license", "text/html", "/licence", &city.licence),
        ],
    })
}

/// `/conformance`
pub async fn conformance(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    let is_page = reading::is_page(reading::schema_form, query.as_deref(), &headers);
    let pairs = parameters::pairs(query.as_deref(), query::COMMON, &[], is_page)?;
    if reading::schema_form(parameters::value(&pairs, "f"), &headers)? == Form::Html {
        let lang = reading::language(parameters::value(&pairs, "lang"), &headers);
        let page = pages::conformance(lang, &site.city(), CONFORMANCE);
        return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), page));
    }
    let body = json!({ "conformsTo": CONFORMANCE }).to_string();
    Ok(respond::fresh(&headers, "application/json", METADATA_CACHE, HeaderMap::new(), body))
}

/// `/api`
pub async fn openapi(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    let make = || {
        let is_page = reading::is_page(reading::schema_form, query.as_deref(), &headers);
        let pairs = parameters::pairs(query.as_deref(), query::COMMON, &[], is_page)?;
        let form = reading::schema_form(parameters::value(&pairs, "f"), &headers)?;
        let document = openapi::document(&site.city());
        if form == Form::Html {
            let lang = reading::language(parameters::value(&pairs, "lang"), &headers);
            let page = pages::api(lang, &site.city(), &document);
            return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), page));
        }
        let media = "application/vnd.oai.openapi+json;version=3.0";
        Ok(respond::fresh(&headers, media, METADATA_CACHE, HeaderMap::new(), document.to_string()))
    };
    // This is a long text, made for each request.
    site.at_length(make).await.flatten()
}
