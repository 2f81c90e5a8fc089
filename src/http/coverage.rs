//! `/coverage`: which hamlets community digital teams serve, and which none.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::errors::HttpError;
use super::reading::{Asking, Form};
use super::{Site, respond};
use crate::render::coverage as pages;

/// `GET /coverage`
pub async fn coverage(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let form = asking.page_or_json()?;
    let (moment, city) = (site.moment(), site.city());
    let units = site.at_length(|| site.model.image().coverage(&moment)).await?;
    let (media, body) = match form {
        Form::Json => ("application/json", pages::json(&city, &units).to_string()),
        Form::Html => ("text/html; charset=utf-8", pages::coverage(asking.lang(), &city, &units)),
    };
    Ok(respond::fresh(&asking.headers, media, "no-cache", HeaderMap::new(), body))
}
