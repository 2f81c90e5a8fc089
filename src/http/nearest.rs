//! `/nearest?kind=&lon=&lat=`: whom to call, nearest first. The page opens without a network once it was seen.

use crate::http::reading;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::Site;
use super::errors::HttpError;
use super::forms::{self, Fields};
use super::here;
use super::reading::Form;
use super::respond;
use crate::domain::payment::Method;
use crate::http::reading::Asking;
use crate::read_model::nearest::kinds;
use crate::render::nearest as pages;

/// Longest body of a form, bytes.
const FORM_BYTES: usize = 16 << 10;
/// Most results that are shown.
const SHOWN: usize = 30;

/// `GET /nearest`
pub async fn get(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    let query = query.as_deref();
    answer(&site, Fields::of(query, ""), &headers).await
}

/// `POST /nearest`: as `GET /nearest`, but the position stands in no address.
pub async fn post(State(site): State<Arc<Site>>, Asking { query, headers }: Asking, body: Body) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let sent = forms::read(&headers, body, FORM_BYTES).await?;
    answer(&site, Fields::of(query, &sent.text), &headers).await
}

async fn answer(site: &Arc<Site>, fields: Fields, headers: &HeaderMap) -> Result<Response, HttpError> {
    let form = match fields.get("f") {
        None if reading::wants_html(headers) => Form::Html,
        given => reading::form(given, headers)?,
    };
    let lang = fields.lang(headers);
    let city = site.city();
    let moment = site.moment();
    let known = kinds();
    let kind = match fields.asked("kind") {
        None => known.first().copied().unwrap_or("place"),
        Some(text) => known.iter().copied().find(|kind| *kind == text).ok_or_else(|| {
            let list = known.join(", ");
            let shown: String = text.chars().take(40).collect();
            HttpError::Parameter(sentence!("kind", shown, list))
        })?,
    };
    let (at, wrong) = match here::position(&fields, &city) {
        Ok(at) => (at, None),
        // The page shows whom to call even if the position is wrong.
        Err(HttpError::Parameter(said)) if form == Form::Html => (None, Some(said.text(lang))),
        Err(error) => return Err(error),
    };
    let pays = match fields.asked("pays") {
        None => None,
        Some(text) => Some(Method::parse(text).ok_or_else(|| {
            let list = Method::ALL.map(Method::as_str).join(", ");
            let shown: String = text.chars().take(40).collect();
            HttpError::Parameter(sentence!("pays", shown, list))
        })?),
    };
    let found = site.model.nearest(kind, pays, at, SHOWN, &moment).await?;
    if form == Form::Json {
        let body = pages::json(kind, at, &found, &city).to_string();
        return Ok(respond::unkept(headers, StatusCode::OK, "application/json", HeaderMap::new(), body));
    }
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(here::html(headers, status, pages::page(lang, &city, &moment, &pages::Asked { kind, pays, at }, wrong.as_deref(), &found)))
}
