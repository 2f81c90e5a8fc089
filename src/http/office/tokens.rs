//! Tokens for programs: an administrator sees them, makes one and revokes it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::accounts::reach;
use super::{Desk, leads_to, refused, shown};
use crate::domain::Refusal;
use crate::domain::access::{AccountId, Reach, TokenId};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::render::office::tokens::{self as pages, Listed};
use crate::words::text::Lang;

async fn page(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, said: pages::Said<'_>) -> Result<Response, HttpError> {
    let (mut tokens, mut people) = (Vec::new(), Vec::new());
    let held: Vec<_> = {
        let image = site.model.image();
        image.tokens().map(|token| (token.clone(), image.person_of(&token.token).cloned())).collect()
    };
    for (id, account) in site.app.accounts().await?.all {
        if account.is_active() {
            people.push((id.to_string(), site.app.profile(&id).await?.name));
        }
    }
    for (token, person) in held {
        let name = person.and_then(|person| Some(people.iter().find(|(id, _)| *id == person.0)?.1.clone()));
        tokens.push(Listed { token, person: name });
    }
    tokens.sort_by(|a, b| a.token.label.cmp(&b.token.label));
    let status = if matches!(said, pages::Said::Wrong(_)) { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(shown(headers, status, pages::list(lang, &site.city(), &desk.who(), &site.moment(), &tokens, &people, &said)))
}

/// `GET /office/tokens`
pub async fn tokens(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    page(&site, &desk, &asking.headers, asking.lang(), pages::Said::Nothing).await
}

/// `POST /office/tokens`: makes a token, and shows its secret once; or revokes one.
pub async fn change(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, body: Body) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    let fields = desk.fields(&asking.headers, body).await?;
    let lang = fields.lang(&asking.headers);
    if let Some(token) = fields.get("revoke") {
        return match site.app.revoke_token(&desk.actor, TokenId(token.to_owned())).await {
            Ok(()) => {
                seen(&site).await?;
                Ok(leads_to("/office/tokens", lang))
            }
            Err(error) => page(&site, &desk, &asking.headers, lang, pages::Said::Wrong(&refused(error, lang)?)).await,
        };
    }
    let label = fields.get("label").unwrap_or_default().chars().take(80).collect();
    let person = fields.get("person").filter(|id| !id.is_empty()).map(|id| AccountId(id.to_owned()));
    let role = pages::ROLES.into_iter().find(|role| fields.get("role") == Some(role.as_str()));
    let made = match (role, reach(&fields, "reach", "unit")) {
        (None, _) => Err(Refusal::invalid("no-role", sentence!("no-role")).into()),
        (_, Err(refusal)) => Err(refusal.into()),
        (_, Ok(Reach::Units(units))) if units.is_empty() => Err(Refusal::invalid("no-unit", sentence!("no-unit")).into()),
        (Some(role), Ok(reach)) => site.app.create_token_for(&desk.actor, role, reach, label, person).await,
    };
    match made {
        Ok((_, secret)) => {
            seen(&site).await?;
            page(&site, &desk, &asking.headers, lang, pages::Said::Made(&secret)).await
        }
        Err(error) => page(&site, &desk, &asking.headers, lang, pages::Said::Wrong(&refused(error, lang)?)).await,
    }
}

/// Waits until the image has what was just recorded.
pub(super) async fn seen(site: &Site) -> Result<(), HttpError> {
    let head = site.app.log().head().await?;
    site.model.wait_for(head.position, super::SEEN).await;
    Ok(())
}
