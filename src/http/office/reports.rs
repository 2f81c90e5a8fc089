//! `/office/reports`: what residents reported, for clerks.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::{Desk, leads_to, shown};
use crate::domain::Refusal;
use crate::domain::access::Role;
use crate::domain::report::ReportId;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::reports::{SHOWN, close, is_within, open};
use crate::http::{Site, respond};
use crate::render::office::reports as pages;

fn check(desk: &Desk) -> Result<(), HttpError> {
    if desk.actor.has(Role::reads_reports) {
        return Ok(());
    }
    Err(HttpError::Refused(Refusal::forbidden("forbidden-role", sentence!("forbidden-role-reports"))))
}

/// `GET /office/reports`
pub async fn reports(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check(&desk)?;
    let (lines, count) = open(&site, &desk.actor, SHOWN).await?;
    let page = pages::list(asking.lang(), &site.city(), &desk.who(), &site.moment(), &lines, count);
    Ok(shown(&asking.headers, StatusCode::OK, page))
}

/// `POST /office/reports`: closes the reports that the form names.
pub async fn work(
    State(site): State<Arc<Site>>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = desk.fields(&headers, body).await?;
    for report in fields.get("report").unwrap_or_default().split_whitespace().take(SHOWN) {
        close(&site, &desk.actor, report, &fields).await?;
    }
    Ok(leads_to("/office/reports", fields.lang(&asking.headers)))
}

/// `GET /office/reports/{id}/photo`: the photo of an open report.
pub async fn photo(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk) -> Result<Response, HttpError> {
    check(&desk)?;
    let open = site.model.image().reports().get(&ReportId(id)).cloned().ok_or(HttpError::NotFound)?;
    let view = site.model.image().view(&open.received.item, None, &site.moment());
    let subject =
        open.received.photo.as_ref().filter(|_| is_within(&site, &desk.actor, &open, view.as_ref())).ok_or(HttpError::NotFound)?;
    let photo = site.app.report_photo(subject).await?.ok_or(HttpError::NotFound)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(respond::with(StatusCode::OK, "image/jpeg", headers, photo))
}
