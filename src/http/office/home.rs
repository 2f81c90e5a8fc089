//! `/office`: what waits for the person who has signed in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Desk, deadlines, proposals, with_script};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::render::office::home as pages;

/// `GET /office`
pub async fn home(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let two_persons = {
        let image = site.model.image();
        image.accounts.second_person_since.map(|_| image.accounts.two_persons())
    };
    let list = proposals::listed(&site, &desk, asking.lang()).await?;
    let alone = proposals::published_alone(&site, &desk);
    let drafts = site.app.drafts(desk.actor.name()).await?;
    let two_persons = two_persons.as_deref();
    let due = site.at_length(|| deadlines::due(&site, &desk)).await?;
    let questions = super::desk::waiting(&site, &desk);
    // Who keeps the program is told of what residents will meet soon.
    let certificate = site.certificates.get().filter(|_| desk.check_administrator().is_ok());
    let certificate = certificate.and_then(|shown| Some((shown.why_not(site.app.now())?, shown.validity().map(|validity| validity.until))));
    let waits = pages::Waits { proposals: &list, alone: &alone, drafts: &drafts, due: &due, questions, certificate };
    let page = pages::home(asking.lang(), &site.city(), &desk.who(), &site.moment(), two_persons, &waits);
    Ok(with_script(&asking.headers, StatusCode::OK, page))
}
