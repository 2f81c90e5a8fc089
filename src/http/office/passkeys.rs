//! Passkeys: what a browser is asked, and what it gives. It needs a script, so an authenticator app is always possible too.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::accounts::own_page;
use super::sign_in::{From, back, begin, check_private, given, sent, sign_in_page};
use super::{Desk, leads_to, refused};
use crate::app::passkeys::Asked;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::respond;
use crate::words::text::text;

fn answer(headers: &HeaderMap, asked: &Asked) -> Response {
    let body = json!({ "asked": asked.id, "options": asked.options });
    respond::unkept(headers, StatusCode::OK, "application/json", HeaderMap::new(), body.to_string())
}

/// `POST /office/passkeys/asked`: asks whoever wants to sign in for a passkey.
pub async fn ask(State(site): State<Arc<Site>>, from: From, asking: Asking, body: Body) -> Result<Response, HttpError> {
    let (client, _) = sent(&site, from, &asking, body).await?;
    if !site.sign_in_limiter.admits(client, site.app.now()) {
        return Err(HttpError::TooMany);
    }
    Ok(answer(&asking.headers, &site.app.ask_to_sign_in().await?))
}

/// `POST /office/passkeys`: signs in with a passkey.
pub async fn sign_in(State(site): State<Arc<Site>>, from: From, asking: Asking, body: Body) -> Result<Response, HttpError> {
    let (client, fields) = sent(&site, from, &asking, body).await?;
    let lang = fields.lang(&asking.headers);
    if !site.sign_in_limiter.admits(client, site.app.now()) {
        let wrong = text(lang, "office-too-many-tries");
        return Ok(sign_in_page(&site, &asking.headers, StatusCode::TOO_MANY_REQUESTS, lang, &fields, Some(wrong)));
    }
    match site.app.sign_in_by_passkey(&given(&fields).unwrap_or_default()).await {
        Ok(account) => begin(&site, &asking.headers, back(&fields), lang, &account, None).await,
        Err(error) => {
            tracing::warn!(target: "audit", "a sign-in with a passkey was refused: {error}");
            let wrong = refused(error, lang)?;
            Ok(sign_in_page(&site, &asking.headers, StatusCode::FORBIDDEN, lang, &fields, Some(&wrong)))
        }
    }
}

/// `POST /office/invitation/{secret}/passkey`: asks an invited person's browser for a passkey.
pub async fn ask_invited(
    State(site): State<Arc<Site>>,
    Path(secret): Path<String>,
    from: From,
    asking: Asking,
    body: Body,
) -> Result<Response, HttpError> {
    let (client, fields) = sent(&site, from, &asking, body).await?;
    if !site.sign_in_limiter.admits(client, site.app.now()) {
        return Err(HttpError::TooMany);
    }
    let invitation = site.app.invitation(&secret).await?;
    let (email, name) = (fields.get("email").unwrap_or_default(), fields.get("name").unwrap_or_default());
    Ok(answer(&asking.headers, &site.app.ask_for_passkey(&invitation.account, email, name).await?))
}

/// `POST /office/me/passkeys/asked`: asks the person's browser for another passkey.
pub async fn ask_own(State(site): State<Arc<Site>>, desk: Desk, from: From, asking: Asking, body: Body) -> Result<Response, HttpError> {
    check_private(&site, from, &asking.headers)?;
    desk.fields(&asking.headers, body).await?;
    let profile = site.app.profile(&desk.account).await?;
    Ok(answer(&asking.headers, &site.app.ask_for_passkey(&desk.account, &profile.email, &profile.name).await?))
}

/// `POST /office/me/passkeys`: adds a passkey, or removes one. Both ask for the passphrase again.
pub async fn change_own(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, body: Body) -> Result<Response, HttpError> {
    let fields = desk.fields(&asking.headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let passphrase = fields.untrimmed("current").unwrap_or_default();
    let changed = match (fields.get("remove"), given(&fields)) {
        (Some(id), _) => site.app.remove_passkey(&desk.account, passphrase, id, &desk.session).await,
        (None, given) => site.app.add_passkey(&desk.account, passphrase, &given.unwrap_or_default()).await,
    };
    match changed {
        Ok(()) => Ok(leads_to("/office/me", lang)),
        Err(error) => own_page(&site, &desk, &asking.headers, lang, Some(&refused(error, lang)?)).await,
    }
}
