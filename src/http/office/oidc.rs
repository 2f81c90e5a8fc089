//! Signing in at a provider: leading there and coming back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::door::{cookie, set_cookie};
use super::sign_in::{From, back, begin, check_private, sent, sign_in_page};
use super::{HTML, onward, refused, with_cookies};
use crate::app::ExecuteError;
use crate::app::oidc::Arrival;
use crate::credentials::oidc::Brought;
use crate::domain::Refusal;
use crate::domain::refusal::Why;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::limiter::network;
use crate::http::reading::Asking;
use crate::http::respond;
use crate::render::office::sign_in as pages;
use crate::words::text::{Lang, text};

/// Name of the cookie of a browser that was led to a provider.
const LED: &str = "__Host-bangtin-oidc";
/// How long it is kept, seconds.
const LED_KEPT: u64 = 600;

/// `POST /office/oidc/{id}`: leads somebody to a provider.
pub async fn leave(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    from: From,
    asking: Asking,
    body: Body,
) -> Result<Response, HttpError> {
    let (client, fields) = sent(&site, from, &asking, body).await?;
    let (headers, lang) = (&asking.headers, fields.lang(&asking.headers));
    if !site.sign_in_limiter.admits(client, site.app.now()) {
        let wrong = text(lang, "office-too-many-tries");
        return Ok(sign_in_page(&site, headers, StatusCode::TOO_MANY_REQUESTS, lang, &fields, Some(wrong)));
    }
    match site.app.leave_for(&id, back(&fields), lang).await {
        Ok(departure) => {
            let page = onward(headers, lang, &site.city(), text(lang, "provider-onward"), &departure.address);
            Ok(with_cookies(page, [set_cookie(LED, &departure.browser, Some(LED_KEPT))]))
        }
        Err(error) => {
            let status = status(&error);
            Ok(sign_in_page(&site, headers, status, lang, &fields, Some(&refused(error, lang)?)))
        }
    }
}

/// `GET /office/oidc/{id}/back`: takes somebody who comes back from a provider. It begins a session, because the protocol
/// has the browser come back with a GET; the browser's own cookie and the state, used once, stand for the form's token.
pub async fn arrive(State(site): State<Arc<Site>>, Path(id): Path<String>, from: From, asking: Asking) -> Result<Response, HttpError> {
    let client = network(from.map(|axum::Extension(peer)| peer), &asking.headers, &site.limits.proxies);
    check_private(&site, from, &asking.headers)?;
    let (headers, lang) = (&asking.headers, asking.lang());
    let given = Fields::parse(asking.query.as_deref().unwrap_or_default());
    let nothing = Fields::parse("");
    let again = |status, wrong: &str| {
        let page = sign_in_page(&site, headers, status, lang, &nothing, Some(wrong));
        with_cookies(page, [set_cookie(LED, "", Some(0))])
    };
    if !site.sign_in_limiter.admits(client, site.app.now()) {
        return Ok(again(StatusCode::TOO_MANY_REQUESTS, text(lang, "office-too-many-tries")));
    }
    let field = |name: &str| given.get(name).map(str::to_owned);
    let brought = Brought { state: field("state").unwrap_or_default(), code: field("code"), iss: field("iss"), error: field("error") };
    match site.app.arrive_from(&id, &brought, cookie(headers, LED).unwrap_or_default()).await {
        Ok(Arrival::Known(account, via, asked)) => {
            let lang = Lang::ALL.into_iter().find(|lang| lang.code() == asked.lang).unwrap_or(lang);
            let response = begin(&site, headers, &asked.back, lang, &account, Some(&via)).await?;
            Ok(with_cookies(response, [set_cookie(LED, "", Some(0))]))
        }
        Ok(Arrival::Stranger(code)) => {
            let page = pages::stranger(lang, &site.city(), &code);
            let response = respond::unkept(headers, StatusCode::FORBIDDEN, HTML, HeaderMap::new(), page);
            Ok(with_cookies(response, [set_cookie(LED, "", Some(0))]))
        }
        Err(error) => Ok(again(status(&error), &refused(error, lang)?)),
    }
}

/// The status of what did not become a session.
fn status(error: &ExecuteError) -> StatusCode {
    match error {
        ExecuteError::Refused(Refusal { why: Why::Unknown, .. }) => StatusCode::NOT_FOUND,
        // The provider does not answer.
        ExecuteError::Refused(Refusal { why: Why::Busy, .. }) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    }
}
