//! Home, and what is answered where nothing is.

use crate::http::collections::parameters;
use crate::http::lists;
use crate::http::reading;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;

use super::collections::ask;
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
pub async fn home(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let result = (|| {
        let f = reading::parameter(query, "f");
        let json = match f.as_deref() {
            // A browser or a curious curl gets the page; a map client says JSON, or is known to read nothing else.
            None => !reading::wants_html(&headers) && (accepts_json(&headers) || reads_json_only(&headers)),
            given => reading::form(given, &headers)? == Form::Json,
        };
        if json {
            // A program's typing mistake is named; a page opens whatever was hung onto its address.
            let rest: Vec<&str> = query.unwrap_or_default().split('&').filter(|pair| !pair.starts_with("lang=")).collect();
            parameters::pairs(Some(&rest.join("&")), ask::COMMON, &[], false)?;
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
    })();
    result
}

/// What the form of the answer hangs on.
fn vary() -> HeaderMap {
    HeaderMap::from_iter([(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding, User-Agent"))])
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = lists::whole(headers, header::ACCEPT).unwrap_or_default();
    // Who asks for programs' forms, or for anything but pages.
    lists::weighted(&accept).any(|(media, weight)| match media.to_ascii_lowercase().as_str() {
        "application/*" => weight > 0.0,
        "text/html" => weight <= 0.0,
        media => weight > 0.0 && media.contains("json"),
    })
}

/// True for libraries that ask for anything and read JSON.
fn reads_json_only(headers: &HeaderMap) -> bool {
    let agent = headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    ["owslib", "python", "gdal", "qgis"].iter().any(|name| agent.contains(name))
}

/// `/licence`: the terms of the data.
pub async fn licence(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let lang = reading::language(reading::parameter(query.as_deref(), "lang").as_deref(), &headers);
    let page = crate::render::collections::licence(lang, &site.city());
    respond::fresh(&headers, "text/html; charset=utf-8", "public, max-age=60", HeaderMap::new(), page)
}

/// `/glossary`: words explained.
pub async fn glossary(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let lang = reading::language(reading::parameter(query.as_deref(), "lang").as_deref(), &headers);
    let page = crate::render::glossary::glossary(lang, &site.city());
    respond::fresh(&headers, "text/html; charset=utf-8", "public, max-age=60", HeaderMap::new(), page)
}

/// An address that leads nowhere.
pub async fn not_found(uri: Uri) -> Result<Response, HttpError> {
    // A link within a link, as messengers make of “[text](address)”: the code is at the beginning.
    let behind = uri.path().strip_prefix("/q/").or_else(|| uri.path().strip_prefix("/Q/"));
    if let Some(code) = behind.filter(|rest| rest.contains("](") || rest.contains("%5D(")).and_then(code_before) {
        return Ok(respond::see(&format!("/q/{code}")));
    }
    Err(HttpError::NotFound)
}

/// A method that an address does not take; the router has named those it does.
pub async fn method_not_allowed() -> HttpError {
    HttpError::MethodNotAllowed
}
