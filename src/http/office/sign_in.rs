//! Signing in and out, and accepting an invitation.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use super::door::{cookie, is_private, set_cookie};
use super::{Desk, FORM_BYTES, SESSION, leads_to, onward, refused, shown, with_cookies, with_script};
use crate::app::ExecuteError;
use crate::app::accounts::Acceptance;
use crate::app::passkeys::Given;
use crate::credentials::oidc::Via;
use crate::domain::Refusal;
use crate::domain::access::AccountId;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::{self, Fields};
use crate::http::limiter::network;
use crate::http::proxies::Peer;
use crate::http::reading::Asking;
use crate::render::office::sign_in as pages;
use crate::words::fold::fold;
use crate::words::text::{Lang, text};

/// Name of the cookie of a browser from which somebody has signed in before.
const BROWSER: &str = "__Host-bangtin-browser";
/// How long a browser is known, seconds.
const BROWSER_KNOWN: u64 = 90 * 86_400;

pub(super) type From = Option<Extension<Peer>>;

fn peer(from: From) -> Option<Peer> {
    from.map(|Extension(peer)| peer)
}

pub(super) fn check_private(site: &Site, from: From, headers: &HeaderMap) -> Result<(), HttpError> {
    if is_private(site, peer(from), headers) {
        return Ok(());
    }
    Err(HttpError::Refused(Refusal::forbidden("not-private", sentence!("not-private"))))
}

/// The network and the fields of a form that somebody sends who has not signed in.
pub(super) async fn sent(site: &Site, from: From, asking: &Asking, body: Body) -> Result<(IpAddr, Fields), HttpError> {
    let client = network(peer(from), &asking.headers, &site.limits.proxies);
    check_private(site, from, &asking.headers)?;
    let fields = forms::read(&asking.headers, body, FORM_BYTES).await?.form()?;
    Ok((client, fields))
}

/// The passkey that a form carries; none where it carries none.
pub(super) fn given(fields: &Fields) -> Option<Given> {
    let field = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let response = fields.get("passkey").filter(|text| !text.is_empty())?.to_owned();
    Some(Given { asked: field("asked"), response, label: field("label") })
}

/// The page to go on to: one of the office's own.
pub(super) fn back(fields: &Fields) -> &str {
    let is_own = |path: &&str| {
        (*path == "/office" || path.starts_with("/office/") || path.starts_with("/office?"))
            && !path.contains(['\\', '\r', '\n'])
            && !path.starts_with("/office/sign-")
    };
    fields.get("back").filter(is_own).unwrap_or("/office")
}

/// `GET /office/sign-in`
pub async fn sign_in_form(State(site): State<Arc<Site>>, from: From, asking: Asking) -> Result<Response, HttpError> {
    check_private(&site, from, &asking.headers)?;
    let lang = asking.lang();
    let fields = Fields::parse(asking.query.as_deref().unwrap_or_default());
    let notice = fields.get("over").map(|_| text(lang, "office-session-over"));
    Ok(sign_in_page(&site, &asking.headers, StatusCode::OK, lang, &fields, notice))
}

/// The page with the form to sign in, filled as it was sent.
pub(super) fn sign_in_page(
    site: &Site,
    headers: &HeaderMap,
    status: StatusCode,
    lang: Lang,
    fields: &Fields,
    notice: Option<&str>,
) -> Response {
    let email = fields.get("email").unwrap_or_default();
    with_script(headers, status, pages::form(lang, &site.city(), site.app.providers(), back(fields), email, notice))
}

/// Begins a session in place of the browser's old one, and leads on to a page of the office.
pub(super) async fn begin(
    site: &Site,
    headers: &HeaderMap,
    back: &str,
    lang: Lang,
    account: &AccountId,
    via: Option<&Via>,
) -> Result<Response, HttpError> {
    if let Some(old) = cookie(headers, SESSION)
        && let Some(row) = site.app.session(old).await?
    {
        site.app.end_session(row.sha256).await?;
    }
    let secret = site.app.begin_session(account, via).await?;
    let email = site.app.profile(account).await?.email;
    let known = known_browser(site, &email, headers);
    Ok(with_cookies(leads_to(back, lang), cookies_of(site, &email, known, &secret)?))
}

/// Marks a browser from which this address has signed in. It tells nothing about the address.
fn browser_mark(site: &Site, email: &str, random: &str) -> String {
    let keyed = site.app.vault().digest(format!("browser {random} {}", fold(email)).as_bytes());
    crate::domain::digest::hex(&keyed)
}

/// The mark of a browser that knows this address.
fn known_browser<'a>(site: &Site, email: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let (random, mark) = cookie(headers, BROWSER)?.split_once('.')?;
    (browser_mark(site, email, random) == mark).then_some(random)
}

/// The cookies of somebody who has signed in: the session's, and the mark of the browser.
fn cookies_of(site: &Site, email: &str, known: Option<&str>, secret: &str) -> Result<[HeaderValue; 2], HttpError> {
    let random = match known {
        Some(random) => random.to_owned(),
        None => site.app.random_text()?,
    };
    let browser = format!("{random}.{}", browser_mark(site, email, &random));
    Ok([set_cookie(SESSION, secret, None), set_cookie(BROWSER, &browser, Some(BROWSER_KNOWN))])
}

/// `POST /office/sign-in`
pub async fn sign_in(State(site): State<Arc<Site>>, from: From, asking: Asking, body: Body) -> Result<Response, HttpError> {
    let headers = &asking.headers;
    let (client, fields) = sent(&site, from, &asking, body).await?;
    let lang = fields.lang(&asking.headers);
    let email = fields.get("email").unwrap_or_default();
    let again = |status, wrong: &str| sign_in_page(&site, headers, status, lang, &fields, Some(wrong));
    // A stranger who tries somebody's address out uses up the tries of unknown browsers only: the person's own
    // browser has tries of its own.
    let known = known_browser(&site, email, headers);
    let now = site.app.now();
    let who = format!("{}/{}", fold(email), known.unwrap_or_default());
    if !site.sign_in_limiter.admits(client, now) || !site.account_limiter.admits(&[(who, 1.0)], now) {
        return Ok(again(StatusCode::TOO_MANY_REQUESTS, text(lang, "office-too-many-tries")));
    }
    let passphrase = fields.untrimmed("passphrase").unwrap_or_default();
    let account = match site.app.sign_in(email, passphrase, fields.get("code").unwrap_or_default()).await {
        Ok(account) => account,
        Err(error) => {
            tracing::warn!(target: "audit", "a sign-in was refused: {error}");
            return Ok(again(StatusCode::FORBIDDEN, &refused(error, lang)?));
        }
    };
    begin(&site, headers, back(&fields), lang, &account, None).await
}

/// `POST /office/sign-out`: ends this session, or all of the person's; who came from a provider is led there to sign out.
pub async fn sign_out(
    State(site): State<Arc<Site>>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    if fields.get("everywhere").is_some() {
        site.app.end_sessions(&desk.account).await?;
    } else {
        site.app.end_session(desk.session.sha256).await?;
    }
    let response = match site.app.way_out(&desk.session, lang).await? {
        Some(address) => onward(&headers, lang, &site.city(), text(lang, "provider-sign-out"), &address),
        None => leads_to("/office/sign-in", lang),
    };
    // Not "storage": what another account has pressed without network still waits there for its sign-in.
    let mut response = with_cookies(response, [set_cookie(SESSION, "", Some(0))]);
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// `GET /office/invitation/{secret}`
pub async fn invitation(
    State(site): State<Arc<Site>>,
    Path(secret): Path<String>,
    from: From,
    asking: Asking,
) -> Result<Response, HttpError> {
    check_private(&site, from, &asking.headers)?;
    let invitation = site.app.invitation(&secret).await?;
    let acceptance = Acceptance { name: invitation.profile.name.clone(), email: invitation.profile.email.clone(), ..Acceptance::default() };
    let page = pages::invitation(asking.lang(), &site.city(), &secret, &invitation, &acceptance, None)?;
    Ok(with_script(&asking.headers, StatusCode::OK, page))
}

/// `POST /office/invitation/{secret}`: sets what the person signs in with, shows the recovery codes, and signs them in.
pub async fn accept(
    State(site): State<Arc<Site>>,
    Path(secret): Path<String>,
    from: From,
    asking: Asking,
    body: Body,
) -> Result<Response, HttpError> {
    let headers = &asking.headers;
    let (client, fields) = sent(&site, from, &asking, body).await?;
    let lang = fields.lang(&asking.headers);
    if !site.sign_in_limiter.admits(client, site.app.now()) {
        return Err(HttpError::TooMany);
    }
    let field = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let passphrase = fields.untrimmed("passphrase").unwrap_or_default().to_owned();
    let passkey = given(&fields);
    let acceptance = Acceptance { name: field("name"), email: field("email"), passphrase, code: field("code"), passkey };
    let (account, recovery) = match site.app.accept(&secret, &acceptance).await {
        Ok(accepted) => accepted,
        Err(error @ ExecuteError::Refused(_)) => {
            // Where the invitation itself is no longer valid, there is no form to show again.
            let invitation = site.app.invitation(&secret).await?;
            let wrong = refused(error, lang)?;
            let page = pages::invitation(lang, &site.city(), &secret, &invitation, &acceptance, Some(&wrong))?;
            return Ok(with_script(headers, StatusCode::UNPROCESSABLE_ENTITY, page));
        }
        Err(error) => return Err(error.into()),
    };
    let session = site.app.begin_session(&account, None).await?;
    let page = pages::recovery_codes(lang, &site.city(), &acceptance.email, &recovery);
    Ok(with_cookies(shown(headers, StatusCode::OK, page), cookies_of(&site, &acceptance.email, None, &session)?))
}
