//! The home page, and the answer for addresses that lead nowhere.

use crate::http::collections::parameters;
use crate::http::lists;
use crate::http::reading::{self, Asking};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;

use super::collections::query;
use super::errors::HttpError;
use super::items::code_before;
use super::reading::Form;
use super::respond;
use super::{Site, api};
use crate::domain::families;
use crate::render::home as pages;

/// Newest items shown of each collection.
const SHOWN: usize = 8;

/// `/`
pub async fn home(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let f = reading::parameter(query, "f");
    let json = match f.as_deref() {
        // A browser gets the page, and so does someone who tries curl. A map client asks for JSON, or
        // is known to read nothing else.
        None => !reading::wants_html(&headers) && (accepts_json(&headers) || reads_json_only(&headers)),
        given => reading::form(given, &headers)? == Form::Json,
    };
    if json {
        // For a program, a mistyped parameter is an error. A page opens whatever was appended to its
        // address.
        let rest: Vec<&str> = query.unwrap_or_default().split('&').filter(|pair| !pair.starts_with("lang=")).collect();
        parameters::pairs(Some(&rest.join("&")), query::COMMON, &[], false)?;
        return Ok(respond::described(&headers, vary(), &api::landing(&site)));
    }
    let lang = reading::language(reading::parameter(query, "lang").as_deref(), &headers);
    let moment = site.moment();
    let image = site.model.image();
    let collections: Vec<_> = families::collections()
        .into_iter()
        .map(|(name, _, _)| {
            let mut newest: Vec<_> = image.collection(name).collect();
            newest.sort_by_key(|(code, entry)| (-entry.version, **code));
            let views = newest.into_iter().take(SHOWN).filter_map(|(_, entry)| entry.item.view(None, &moment)).collect();
            (name, image.count(name), views)
        })
        .collect();
    let city = Arc::clone(&image.city);
    drop(image);
    let page = pages::home(lang, &city, &moment, &collections);
    Ok(respond::fresh(&headers, "text/html; charset=utf-8", "public, max-age=5", vary(), page))
}

/// The headers that decide the form of the answer.
fn vary() -> HeaderMap {
    HeaderMap::from_iter([(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding, User-Agent"))])
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = lists::whole(headers, header::ACCEPT).unwrap_or_default();
    // True if the client asks for a form that programs read, or refuses pages.
    lists::weighted(&accept).any(|(media, weight)| match media.to_ascii_lowercase().as_str() {
        "application/*" => weight > 0.0,
        "text/html" => weight <= 0.0,
        media => weight > 0.0 && media.contains("json"),
    })
}

/// True for libraries that accept anything but read only JSON.
fn reads_json_only(headers: &HeaderMap) -> bool {
    let agent = headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    ["owslib", "python", "gdal", "qgis"].iter().any(|name| agent.contains(name))
}

/// `/licence`: the terms of the data.
pub async fn licence(State(site): State<Arc<Site>>, asking: Asking) -> Response {
    let page = crate::render::collections::licence(asking.lang(), &site.city());
    respond::fresh(&asking.headers, "text/html; charset=utf-8", "public, max-age=60", HeaderMap::new(), page)
}

/// `/glossary`: legal and technical words explained.
pub async fn glossary(State(site): State<Arc<Site>>, asking: Asking) -> Response {
    let page = crate::render::glossary::glossary(asking.lang(), &site.city());
    respond::fresh(&asking.headers, "text/html; charset=utf-8", "public, max-age=60", HeaderMap::new(), page)
}

/// The answer for an address that leads nowhere.
pub async fn not_found(uri: Uri) -> Result<Response, HttpError> {
    // Messengers make a link within a link from “[text](address)”; the code is at its beginning.
    let behind = uri.path().strip_prefix("/q/").or_else(|| uri.path().strip_prefix("/Q/"));
    if let Some(code) = behind.filter(|rest| rest.contains("](") || rest.contains("%5D(")).and_then(code_before) {
        return Ok(respond::see(&format!("/q/{code}")));
    }
    Err(HttpError::NotFound)
}

/// The answer for a method that an address does not take. The router has already named those that it takes.
pub async fn method_not_allowed() -> HttpError {
    HttpError::MethodNotAllowed
}
