//! `/office`: what waits for the person who has signed in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Desk, shown};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::render::office::home as pages;

/// `GET /office`
pub async fn home(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let second_person = site.model.image().accounts.second_person_since.is_some();
    let page = pages::home(asking.lang(), &site.city(), &desk.who(), second_person);
    Ok(shown(&asking.headers, StatusCode::OK, page))
}
