//! The office: where planners, approvers, clerks and dispatchers work in the browser. It reads the image and sends
//! commands like any other client; it has no rule and no model of its own.

mod accounts;
pub mod audit;
pub mod boards;
pub mod campaigns;
pub mod city;
mod corrections;
pub mod deadlines;
pub mod desk;
pub mod door;
pub mod duty;
mod facts;
mod home;
pub mod indicators;
pub mod items;
pub mod map;
pub mod merchants;
pub mod oidc;
pub mod passkeys;
mod plans;
pub mod points;
mod preview;
mod proposals;
pub mod reports;
pub mod results;
pub mod services;
mod sign_in;
pub mod tokens;
pub mod uploads;

pub use accounts::{account, accounts, change_account, change_own, invite, own};
pub use facts::{import, kept_document, send_facts};
pub use home::home;
pub use plans::{new_plan, report, send_file};
pub use proposals::{file_report, judge, poster, preview, proposal, proposals, proposed_document, second};
pub use sign_in::{accept, invitation, sign_in, sign_in_form, sign_out};

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request as HttpRequest};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::errors::HttpError;
use super::forms::{self, Fields};
use super::{SEEN, Site, reading, respond, uploaded};
use crate::app::{ExecuteError, Outcome, Request};
use crate::domain::access::{AccountId, Actor, Grant, Role};
use crate::domain::city::City;
use crate::domain::families;
use crate::domain::{Code, Digest, Refusal};
use crate::event_store::sessions::SessionRow;
use crate::http::collections::parameters::encoded;
use crate::import::report::Severity;
use crate::import::source::Source;
use crate::render::layout::SCRIPT_POLICY;
use crate::render::office::{Who, sign_in as sign_in_pages};
use crate::words::civil::hour_in;
use crate::words::text::Lang;

/// Name of the session's cookie.
pub const SESSION: &str = "__Host-bangtin";
/// Largest body of a form of the office, bytes.
const FORM_BYTES: usize = 256 << 10;
const HTML: &str = "text/html; charset=utf-8";

/// A person who has signed in, with what a handler needs of them.
#[derive(Clone)]
pub struct Desk {
    /// Who carries out commands.
    pub actor: Actor,
    /// The person's account.
    pub account: AccountId,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Their session.
    pub session: SessionRow,
    /// Their name.
    pub name: String,
    /// What every form of theirs carries.
    pub token: String,
}

impl FromRequestParts<Arc<Site>> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Site>) -> Result<Self, Response> {
        if let Some(desk) = parts.extensions.get::<Self>() {
            return Ok(desk.clone());
        }
        // A form cannot be sent again after signing in; its page can be opened again.
        let path = parts.uri.path_and_query().map_or("/office", |path| path.as_str());
        let back: String = if parts.method == Method::GET { encoded(path).collect() } else { String::new() };
        let lang = reading::language(reading::parameter(parts.uri.query(), "lang").as_deref(), &parts.headers);
        let over = if parts.headers.contains_key(header::COOKIE) && parts.method != Method::GET { "&over=1" } else { "" };
        Err(respond::see(&format!("/office/sign-in?back={back}{over}{}", lang.and())))
    }
}

impl Desk {
    /// The person as pages show them.
    pub fn who(&self) -> Who<'_> {
        Who { name: &self.name, grants: &self.grants, token: &self.token, account: &self.account }
    }

    /// Refuses whoever is no administrator.
    fn check_administrator(&self) -> Result<(), HttpError> {
        self.actor.check_administrator().map_err(HttpError::Refused)
    }

    /// Refuses whoever may change items of none of these families.
    fn check_families(&self, names: &[&str]) -> Result<(), HttpError> {
        if names.iter().any(|name| self.actor.has(|role| role.covers(families::roles(name)))) {
            return Ok(());
        }
        Err(HttpError::Refused(Refusal::forbidden("forbidden-family", sentence!("forbidden-family"))))
    }

    /// Refuses whoever is no planner.
    fn check_planner(&self) -> Result<(), HttpError> {
        if self.actor.has(|role| role == Role::Planner) {
            return Ok(());
        }
        Err(HttpError::Refused(Refusal::forbidden("forbidden-family", sentence!("forbidden-family"))))
    }

    /// The fields of a form that the person sent from a page of theirs.
    pub async fn fields(&self, headers: &HeaderMap, body: Body) -> Result<Fields, HttpError> {
        let fields = forms::read(headers, body, FORM_BYTES).await?.form()?;
        self.is_own(fields.get("token"))?;
        Ok(fields)
    }

    /// A form with files of at most `limit` bytes that the person sent from a page of theirs.
    pub async fn files(&self, request: HttpRequest, limit: u64) -> Result<uploaded::Form, HttpError> {
        let form = uploaded::receive(request, limit).await?;
        self.is_own(form.get("token"))?;
        Ok(form)
    }

    /// Refuses what does not carry the token of the person's pages.
    fn is_own(&self, token: Option<&str>) -> Result<(), HttpError> {
        if token == Some(&self.token) {
            return Ok(());
        }
        Err(HttpError::Refused(Refusal::forbidden("form-token", sentence!("form-token"))))
    }
}

/// True for a form with files.
fn has_files(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    media.to_ascii_lowercase().starts_with("multipart/")
}

/// The hour that a form names; none for at once.
fn hour(site: &Site, given: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else { return Ok(None) };
    let hour = hour_in(&site.city().zone(), given);
    hour.map(Some).ok_or_else(|| Refusal::invalid("hour-unread", sentence!("hour-unread", given)))
}

/// Longest time for which something may have waited on a device, days.
const WAITED_DAYS: i64 = 30;

/// When a button was pressed, where the form has waited for the network since: milliseconds since 1970, by the server's
/// clock. None without it; never later than now.
fn pressed(site: &Site, fields: &Fields) -> Option<Timestamp> {
    let at = Timestamp::from_millisecond(fields.get("pressed")?.parse().ok()?).ok()?;
    let now = site.app.now();
    let is_late = now.as_second() - at.as_second() > WAITED_DAYS * 86_400;
    (!is_late).then(|| at.min(now))
}

/// What a form asks for.
pub(super) struct Form<'a> {
    family: &'a str,
    action: &'a str,
    /// The state of the item that the person saw.
    seen: &'a str,
    /// When it is to be carried out, as it was typed; none for at once.
    at: Option<&'a str>,
}

impl Desk {
    /// Carries out the command that a form asks for. The same form, sent twice, acts once; the same words sent of a later
    /// state act again.
    async fn carry_out(&self, site: &Arc<Site>, code: Code, form: &Form<'_>, body: Value) -> Result<Outcome, ExecuteError> {
        self.carry_out_with(site, code, form, body, HashMap::new()).await
    }

    /// The same, of a form with files that its body names.
    async fn carry_out_with(
        &self,
        site: &Arc<Site>,
        code: Code,
        form: &Form<'_>,
        body: Value,
        files: HashMap<String, Source>,
    ) -> Result<Outcome, ExecuteError> {
        let Form { family, action, seen, at } = form;
        let digest = Digest::of(format!("{seen}{body}{}", at.unwrap_or_default()).as_bytes()).to_string();
        let id = format!("office-{action}-{code}-{}", &digest[..16]);
        let request = Request { id, kind: format!("{family}.{action}"), code: Some(code), body, blobs: Vec::new(), with: Vec::new() };
        let request = match hour(site, *at)? {
            Some(at) => request.at(at),
            None => request,
        };
        let outcome = carried_out(site, self, request, files).await?;
        site.model.wait_for(outcome.position, SEEN).await;
        Ok(outcome)
    }

    /// Publishes a new item from a form that carries `once`, a text of its own: the same form, sent twice, acts once.
    async fn publish(&self, site: &Arc<Site>, family: &str, once: Option<&str>, facts: Value) -> Result<Outcome, ExecuteError> {
        let digest = Digest::of(format!("{} {} {facts}", self.account, once.unwrap_or_default()).as_bytes()).to_string();
        let (id, kind) = (format!("office-{family}-{}", &digest[..32]), format!("{family}.publish"));
        let request = Request { id, kind, code: None, body: json!({ "facts": facts }), blobs: Vec::new(), with: Vec::new() };
        let outcome = carried_out(site, self, request, HashMap::new()).await?;
        site.model.wait_for(outcome.position, SEEN).await;
        Ok(outcome)
    }
}

/// Carries a command out in a task of its own, so that it is completed even if the browser hangs up.
async fn carried_out(site: &Arc<Site>, desk: &Desk, request: Request, files: HashMap<String, Source>) -> Result<Outcome, ExecuteError> {
    let (site, actor) = (Arc::clone(site), desk.actor.clone());
    let task = tokio::spawn(async move {
        let named = |name: &str| files.get(name).cloned().ok_or_else(|| name.to_owned());
        site.app.execute(&actor, request, &named).await
    });
    task.await.unwrap_or_else(|error| Err(ExecuteError::Unavailable(error.to_string())))
}

/// A page whose script only this site may send.
fn with_script(headers: &HeaderMap, status: StatusCode, page: String) -> Response {
    let mut extra = HeaderMap::new();
    extra.extend(SCRIPT_POLICY.parse().ok().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    respond::unkept(headers, status, HTML, extra, page)
}

/// A page of the office.
fn shown(headers: &HeaderMap, status: StatusCode, page: String) -> Response {
    respond::unkept(headers, status, HTML, HeaderMap::new(), page)
}

/// Leads on to another page of the office, after a form was sent.
fn leads_to(path: &str, lang: Lang) -> Response {
    let separator = if path.contains('?') { lang.and() } else { lang.query() };
    let (path, place) = path.split_once('#').map_or((path, String::new()), |(path, place)| (path, format!("#{place}")));
    respond::see(&format!("{path}{separator}{place}"))
}

/// Leads on to `own` after a command was carried out, or to the proposals where it waits for a second person.
fn done(outcome: &Outcome, own: &str, lang: Lang) -> Response {
    leads_to(if outcome.waits() { "/office/proposals" } else { own }, lang)
}

/// A page that leads on to another site at once. A browser lets a form of this site be answered by no other, so the page
/// leads on by itself, and has a link where it does not.
fn onward(headers: &HeaderMap, lang: Lang, city: &City, title: &str, address: &str) -> Response {
    let mut extra = HeaderMap::new();
    extra.extend(HeaderValue::from_str(&format!("0;url={address}")).ok().map(|onward| (header::REFRESH, onward)));
    respond::unkept(headers, StatusCode::OK, HTML, extra, sign_in_pages::onward(lang, city, title, address))
}

/// What a refused form says above its fields. Errors that are no refusal go on as they are.
fn refused(error: ExecuteError, lang: Lang) -> Result<String, HttpError> {
    match error {
        ExecuteError::Refused(refusal) => Ok(refusal.said.text(lang).clone()),
        // Places that were typed into a form.
        ExecuteError::Import(report) => {
            let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
            Ok(errors.map(|finding| finding.said.text(lang)).collect::<Vec<_>>().join(" "))
        }
        error => Err(error.into()),
    }
}

/// Adds cookies to an answer.
fn with_cookies(mut response: Response, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    response.headers_mut().extend(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    response
}
