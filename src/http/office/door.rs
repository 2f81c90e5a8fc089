//! What runs around every request to the office: who asks, from where, and what no other site may do in their name.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Desk, SESSION, with_cookies};
use crate::app::ExecuteError;
use crate::credentials::oidc::narrowed;
use crate::domain::access::{AccountId, Actor};
use crate::domain::account::Account;
use crate::domain::city::City;
use crate::domain::{Digest, Refusal};
use crate::event_store::sessions::SessionRow;
use crate::http::Site;
use crate::http::errors::{Frame, HttpError};
use crate::http::proxies::Peer;
use crate::render::office as pages;

/// How long to wait for an account that was just activated.
const PATIENCE: Duration = Duration::from_secs(1);

/// True for an address of the office.
pub fn is_office(uri: &Uri) -> bool {
    let path = uri.path();
    path == "/office" || path.starts_with("/office/")
}

/// Runs around a request to the office.
pub async fn enter(site: &Arc<Site>, mut request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) && !is_own_page(&site.city().public_url, request.headers()) {
        let refusal = Refusal::forbidden("another-site", sentence!("another-site-office"));
        return HttpError::Refused(refusal).into_response();
    }
    let mut renewed = None;
    if let Some(secret) = cookie(request.headers(), SESSION) {
        match desk(site, secret).await {
            Ok(Some((desk, cookie))) => {
                request.extensions_mut().insert(desk);
                renewed = cookie;
            }
            Ok(None) => {}
            Err(error) => return HttpError::from(error).into_response(),
        }
    }
    let desk = request.extensions().get::<Desk>().cloned();
    let mut response = next.run(request).await;
    if let Some(desk) = desk.filter(|_| response.extensions().get::<Arc<HttpError>>().is_some()) {
        // Whoever has signed in keeps the office around them.
        let draw = move |lang, city: &City, title: &str, detail: &str| pages::problem(lang, city, &desk.who(), title, detail);
        response.extensions_mut().insert(Frame(Arc::new(draw)));
    }
    let is_set = response.headers().contains_key(header::SET_COOKIE);
    with_cookies(response, renewed.filter(|_| !is_set))
}

/// Adds the headers that every answer of the office has. No other site reads it, and nothing keeps it.
pub fn guard(headers: &mut HeaderMap) {
    headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // With `no-referrer` a browser sends `Origin: null` with the office's own forms.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find_map(|(known, value)| (known == name).then_some(value))
        .filter(|value| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'))
}

/// A cookie that only this site over a secure connection gets, and no script reads.
pub fn set_cookie(name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// True where the browser says that the form was sent from a page of this very site: at the address that it asked for,
/// or at the public one, since some proxies put another host in its place. A browser that says nothing about it is not
/// believed.
fn is_own_page(public_url: &str, headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::HeaderName::from_static("sec-fetch-site")).is_some_and(|site| site != "same-origin") {
        return false;
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let is_host = |(_, authority): (&str, &str)| text(header::HOST).is_some_and(|host| authority.eq_ignore_ascii_case(host));
    origin.eq_ignore_ascii_case(public_url) || origin.split_once("://").is_some_and(is_host)
}

/// True where nobody between the person and the program can read a passphrase: over HTTPS, or on the machine itself.
pub fn is_private(site: &Site, peer: Option<Peer>, headers: &HeaderMap) -> bool {
    if peer.is_some_and(|peer| peer.is_secure) {
        return true;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(noted) = site.limits.proxies.noted(peer, headers) {
        return noted.is_secure;
    }
    let host = text("host").unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(name, _)| name);
    let is_local = name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_local && peer.is_none_or(|peer| peer.address.ip().to_canonical().is_loopback())
}

/// The account as the image has it. A node that is behind gets time to catch up.
async fn account(site: &Site, id: &AccountId) -> Option<Account> {
    let find = || site.model.image().accounts.all.get(id).cloned();
    let found = find();
    if found.as_ref().is_some_and(Account::is_active) {
        return found;
    }
    let head = site.app.log().head().await.ok()?;
    site.model.wait_for(head.position, PATIENCE).await;
    find()
}

/// Who has signed in with this secret, and a new cookie where their rights have changed since.
async fn desk(site: &Arc<Site>, secret: &str) -> Result<Option<(Desk, Option<HeaderValue>)>, ExecuteError> {
    let Some(session) = site.app.session(secret).await? else { return Ok(None) };
    let id = AccountId(session.account.clone());
    let Some(account) = account(site, &id).await else { return Ok(None) };
    if !account.is_active() || session.begun_at < account.sessions_from {
        site.app.end_session(session.sha256).await?;
        return Ok(None);
    }
    let via = site.app.via(&session)?;
    // A provider that is no longer in the settings lets nobody in.
    if via.as_ref().is_some_and(|via| site.app.providers().iter().all(|provider| provider.id != via.provider)) {
        return Ok(None);
    }
    let grants = narrowed(&account.grants, via.and_then(|via| via.roles).as_ref());
    let (mut session, mut secret, mut cookie): (SessionRow, String, _) = (session, secret.to_owned(), None);
    if session.rights_at < account.rights_at
        && let Some(fresh) = site.app.renew_session(session.clone(), account.rights_at).await?
    {
        session = SessionRow { sha256: Digest::of(fresh.as_bytes()).0, rights_at: account.rights_at, ..session };
        cookie = Some(set_cookie(SESSION, &fresh, None));
        secret = fresh;
    }
    let name = site.app.profile(&id).await?.name;
    let token = form_token(&secret);
    let desk = Desk { actor: Actor::of(id.clone(), grants.clone()), account: id, grants, session, name, token };
    Ok(Some((desk, cookie)))
}

/// The token that a page's forms carry. It follows from the secret in the cookie, which no other site knows.
pub fn form_token(secret: &str) -> String {
    Digest::of(format!("form {secret}").as_bytes()).to_string()[..32].to_owned()
}
