//! Memento (RFC 7089): from an item to the revision that held at a moment.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::domain::Code;
use crate::domain::publication::view::View;
use crate::http::errors::HttpError;
use crate::http::{Site, respond};

/// Redirects from an item to the revision that held at the moment of `Accept-Datetime`.
pub(super) fn memento(site: &Arc<Site>, code: Code, asked: &HeaderValue, query: Option<&str>) -> Result<Response, HttpError> {
    let wrong = || HttpError::Parameter(sentence!("accept-datetime"));
    let asked = asked.to_str().ok().and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).ok_or_else(wrong)?;
    let moment = site.moment();
    let (view, url) = {
        let image = site.model.image();
        let entry = image.entry(&code).filter(|entry| entry.item.is_public()).ok_or(HttpError::UnknownCode)?;
        let day = crate::words::civil::date_in(&moment.zone, asked.timestamp());
        let validity = entry.item.validity(&moment);
        // For a time before the first version, this is the first version; otherwise the last that had begun
        // (RFC 7089 §4.5.3).
        let held = validity.iter().rev().find(|(_, from, _)| *from <= day).or(validity.first());
        let number = held.map(|(number, ..)| *number).ok_or(HttpError::NotFound)?;
        (entry.item.view(Some(number), &moment).ok_or(HttpError::NotFound)?, image.city.public_url.clone())
    };
    let mut headers = HeaderMap::new();
    let rest = query.map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{url}/q/{code}/revisions/{}{rest}", view.revision);
    headers.insert(header::LOCATION, HeaderValue::try_from(location).map_err(|_| HttpError::NotFound)?);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Datetime, Accept-Language"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(HeaderValue::try_from(memento_links(&url, &view)).ok().map(|links| (header::LINK, links)));
    Ok(respond::with(StatusCode::FOUND, "text/plain", headers, bytes::Bytes::new()))
}

/// The links of an item to its versions (RFC 7089, RFC 5829).
pub(super) fn memento_links(url: &str, view: &View) -> String {
    let (code, collection) = (view.code, view.collection);
    let timemap = format!("{url}/collections/{collection}/items/{code}/versions?f=link-format");
    format!(
        "<{url}/q/{code}>; rel=\"original timegate latest-version\", <{timemap}>; rel=\"timemap\"; type=\"application/link-format\", \
         <{url}/q/{code}/history>; rel=\"version-history\""
    )
}
