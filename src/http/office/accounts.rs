//! Accounts: for administrators all of them, for everybody their own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Desk, leads_to, refused, shown, with_script};
use crate::app::accounts::Profile;
use crate::domain::access::{AccountId, Grant, Reach, Role};
use crate::domain::unit::UnitId;
use crate::domain::{Digest, Refusal};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::render::office::accounts::{self as pages, Access, Listed};
use crate::words::text::Lang;

/// The account's name and state, as the list shows it.
async fn listed(site: &Site, id: AccountId) -> Result<Option<Listed>, HttpError> {
    let Some(account) = site.app.accounts().await?.all.remove(&id) else { return Ok(None) };
    let (profile, identities) = (site.app.profile(&id).await?, site.app.identities(&id).await?);
    Ok(Some(Listed { id, account, profile, identities }))
}

/// `GET /office/accounts`
pub async fn accounts(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    list(&site, &desk, &asking.headers, asking.lang(), None).await
}

async fn list(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, wrong: Option<&str>) -> Result<Response, HttpError> {
    let mut all = Vec::new();
    for (id, account) in site.app.accounts().await?.all {
        let profile = site.app.profile(&id).await?;
        all.push(Listed { id, account, profile, identities: Vec::new() });
    }
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(shown(headers, status, pages::list(lang, &site.city(), &desk.who(), &site.moment(), &all, wrong)))
}

/// Where a right of a form holds: where the field `reach` is `units`, each field `unit` is one. Errors: units are ticked
/// beside the whole city, so it is not known which is meant.
pub(super) fn reach(fields: &Fields, reach: &str, unit: &str) -> Result<Reach, Refusal> {
    let units: Vec<UnitId> = fields.all(unit).filter_map(|unit| unit.parse().ok()).collect();
    match fields.get(reach) {
        Some("units") => Ok(Reach::Units(units)),
        _ if units.is_empty() => Ok(Reach::City),
        _ => Err(Refusal::invalid("reach-both", sentence!("reach-both"))),
    }
}

/// Roles and units of a form: `role` is a role, `reach-ROLE` and `unit-ROLE` say where it holds.
fn grants(fields: &Fields) -> Result<Vec<Grant>, Refusal> {
    let roles = Role::OF_PEOPLE.into_iter().filter(|role| fields.all("role").any(|given| given == role.as_str()));
    let grant = |role: Role| {
        let name = role.as_str();
        Ok(Grant { role, reach: reach(fields, &format!("reach-{name}"), &format!("unit-{name}"))? })
    };
    roles.map(grant).collect()
}

/// `POST /office/accounts`: invites a person, and shows the invitation once.
pub async fn invite(
    State(site): State<Arc<Site>>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let field = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let profile = Profile { name: field("name"), email: field("email") };
    let invited = match grants(&fields) {
        Ok(grants) => site.app.invite(&desk.actor, &profile, grants).await,
        Err(refusal) => Err(refusal.into()),
    };
    match invited {
        Ok((account, secret)) => invitation(&site, &desk, &headers, lang, account, &secret).await,
        Err(error) => list(&site, &desk, &headers, lang, Some(&refused(error, lang)?)).await,
    }
}

async fn invitation(
    site: &Site,
    desk: &Desk,
    headers: &HeaderMap,
    lang: Lang,
    account: AccountId,
    secret: &str,
) -> Result<Response, HttpError> {
    let listed = listed(site, account).await?.ok_or(HttpError::NotFound)?;
    let page = pages::invitation(lang, &site.city(), &desk.who(), &listed, secret)?;
    Ok(shown(headers, StatusCode::OK, page))
}

/// `GET /office/accounts/{id}`
pub async fn account(State(site): State<Arc<Site>>, Path(id): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    one(&site, &desk, &asking.headers, asking.lang(), AccountId(id), None).await
}

async fn one(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, id: AccountId, wrong: Option<&str>) -> Result<Response, HttpError> {
    let access = Access { sessions: site.app.sessions(&id).await?.len(), has_providers: !site.app.providers().is_empty() };
    let listed = listed(site, id).await?.ok_or(HttpError::NotFound)?;
    let status = if wrong.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(shown(headers, status, pages::one(lang, &site.city(), &desk.who(), &site.moment(), &listed, &access, wrong)))
}

/// `POST /office/accounts/{id}`: changes rights, suspends, resumes, invites anew, ends all sessions, ties or unties an
/// identity, as the pressed button says.
pub async fn change_account(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    let id = AccountId(id);
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let done = match fields.get("do") {
        Some("grant") => match grants(&fields) {
            Ok(grants) => site.app.grant(&desk.actor, id.clone(), grants).await,
            Err(refusal) => Err(refusal.into()),
        },
        Some("suspend") => site.app.suspend(&desk.actor, id.clone(), true).await,
        Some("resume") => site.app.suspend(&desk.actor, id.clone(), false).await,
        Some("end-sessions") => site.app.end_sessions(&id).await,
        Some("tie") => site.app.tie_identity(&desk.actor, id.clone(), fields.get("code").unwrap_or_default()).await,
        Some("untie") => site.app.untie_identity(&desk.actor, id.clone(), fields.get("identity").unwrap_or_default()).await,
        Some("invite") => match site.app.invite_again(&desk.actor, id.clone()).await {
            Ok(secret) => return invitation(&site, &desk, &headers, lang, id, &secret).await,
            Err(error) => Err(error),
        },
        _ => return Err(HttpError::NotFound),
    };
    match done {
        Ok(()) => Ok(leads_to(&format!("/office/accounts/{id}"), lang)),
        Err(error) => one(&site, &desk, &headers, lang, id, Some(&refused(error, lang)?)).await,
    }
}

/// `GET /office/me`: the person's own account and sessions.
pub async fn own(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    own_page(&site, &desk, &asking.headers, asking.lang(), None).await
}

pub(super) async fn own_page(
    site: &Site,
    desk: &Desk,
    headers: &HeaderMap,
    lang: Lang,
    wrong: Option<&str>,
) -> Result<Response, HttpError> {
    let listed = listed(site, desk.account.clone()).await?.ok_or(HttpError::NotFound)?;
    let sessions = site.app.sessions(&desk.account).await?;
    let left = site.app.recovery_left(&desk.account).await?;
    let passkeys = site.app.passkeys(&desk.account).await?;
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = pages::own(lang, &site.city(), &desk.who(), &site.moment(), &listed, &sessions, &desk.session, left, &passkeys, wrong);
    Ok(with_script(headers, status, page))
}

/// `POST /office/me`: ends one of the person's sessions, or sets another passphrase, which ends all others.
pub async fn change_own(
    State(site): State<Arc<Site>>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let given = |name: &str| fields.untrimmed(name).unwrap_or_default();
    let done = match fields.get("session") {
        Some(session) => {
            let session: Digest = session.parse().map_err(|_| HttpError::NotFound)?;
            site.app.end_one_session(&desk.account, given("current"), session.0).await
        }
        None => site.app.change_passphrase(&desk.account, given("current"), given("passphrase"), &desk.session).await,
    };
    match done {
        Ok(()) => Ok(leads_to("/office/me", lang)),
        Err(error) => own_page(&site, &desk, &headers, lang, Some(&refused(error, lang)?)).await,
    }
}
