//! What is in preparation, or waits for a second person: lists, a page for each, and what is done with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Desk, leads_to, plans, preview as previews, refused, shown};
use crate::app::Request;
use crate::app::proposals::Foreseen;
use crate::domain::access::{AccountId, Actor};
use crate::domain::families::{self, Item};
use crate::domain::publication::Proposal;
use crate::domain::publication::view::View;
use crate::domain::{Code, Digest};
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::items::{self, send_document};
use crate::http::reading::Asking;
use crate::import::attach::no_files;
use crate::prints;
use crate::render::office::proposals::{self as pages, Listed, Unseconded};
use crate::words::text::{Lang, text};

/// Most proposals on a page.
const MOST: usize = 200;

/// The names of persons, each read once.
struct Names<'a> {
    site: &'a Site,
    lang: Lang,
    known: BTreeMap<AccountId, String>,
}

impl Names<'_> {
    async fn of(&mut self, account: &AccountId) -> Result<String, HttpError> {
        if let Some(name) = self.known.get(account) {
            return Ok(name.clone());
        }
        let profile = self.site.app.profile(account).await?;
        let name = if Actor::is_of_link(account) {
            text(self.lang, "by-link").to_owned()
        } else if profile.name.is_empty() {
            account.0.clone()
        } else {
            profile.name
        };
        self.known.insert(account.clone(), name.clone());
        Ok(name)
    }

    async fn all(&mut self, accounts: &[AccountId]) -> Result<Vec<String>, HttpError> {
        let mut names = Vec::with_capacity(accounts.len());
        for account in accounts {
            names.push(self.of(account).await?);
        }
        Ok(names)
    }
}

/// What the person may see of what is in preparation, what waits for them first.
pub(super) async fn listed(site: &Site, desk: &Desk, lang: Lang) -> Result<Vec<Listed>, HttpError> {
    let (city, today) = (site.city(), site.moment().today);
    let found: Vec<(bool, bool, Code, Proposal)> = {
        let image = site.model.image();
        let seen = image.unsettled().filter(|(_, item)| item.shows_proposal_to(&desk.actor, &city.units, today));
        let all = seen.filter_map(|(code, item)| {
            let proposal = item.proposal()?;
            Some((item.may_judge(&desk.actor, &city.units, today), proposal.authors.contains(&desk.account), code, proposal))
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(waits, is_own, _, proposal)| (!waits, !is_own, -proposal.at));
        all.into_iter().take(MOST).map(|(waits, is_own, code, proposal)| (waits, is_own, *code, proposal.clone())).collect()
    };
    let mut names = Names { site, lang, known: BTreeMap::new() };
    let mut list = Vec::with_capacity(found.len());
    for (waits_for_me, is_own, code, proposal) in found {
        let authors = names.all(&proposal.authors).await?;
        list.push(Listed { code, waits_for_me, is_own, authors, proposal });
    }
    Ok(list)
}

/// What was published alone and waits for a second look of this person.
pub(super) fn published_alone(site: &Site, desk: &Desk) -> Vec<Unseconded> {
    let (city, moment) = (site.city(), site.moment());
    let image = site.model.image();
    let mine = image.unsettled().filter(|(_, item)| item.may_second(&desk.actor, &city.units, moment.today));
    let all = mine.filter_map(|(code, item)| {
        let (number, alone) = item.unseconded()?;
        let title = item.title(moment.today).unwrap_or_default().to_owned();
        Some(Unseconded { code: *code, title, number, alone: alone.clone() })
    });
    let mut list: Vec<Unseconded> = all.collect();
    list.sort_by_key(|waiting| waiting.alone.at);
    list
}

/// `POST /office/seconds/{code}`: notes that the person has looked at what was published alone.
pub async fn second(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let number: u32 = fields.get("number").and_then(|number| number.parse().ok()).ok_or(HttpError::NotFound)?;
    let family = site.model.image().entry(&code).map(|entry| entry.item.family()).ok_or(HttpError::NotFound)?;
    let (id, kind) = (format!("office-second-{code}-{number}"), format!("{family}.second"));
    let request = Request { id, kind, code: Some(code), body: json!({ "number": number }), blobs: Vec::new(), with: Vec::new() };
    let outcome = site.app.execute(&desk.actor, request, &no_files).await?;
    site.model.wait_for(outcome.position, super::SEEN).await;
    Ok(leads_to("/office", fields.lang(&asking.headers)))
}

/// `GET /office/proposals`
pub async fn proposals(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let list = listed(&site, &desk, asking.lang()).await?;
    let page = pages::list(asking.lang(), &site.city(), &desk.who(), &site.moment(), &list);
    Ok(shown(&asking.headers, StatusCode::OK, page))
}

/// A proposal that the person may see, as it would be.
async fn find(site: &Site, desk: &Desk, code: &str) -> Result<(Code, Proposal, Foreseen), HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (city, today) = (site.city(), site.moment().today);
    let family = {
        let image = site.model.image();
        let item = &image.entry(&code).ok_or(HttpError::NotFound)?.item;
        // Whoever may not see it is not told that there is one.
        item.shows_proposal_to(&desk.actor, &city.units, today).then(|| item.family()).ok_or(HttpError::NotFound)?
    };
    let foreseen = site.app.foreseen(family, code).await?.ok_or(HttpError::NotFound)?;
    let proposal = foreseen.before.proposal().cloned().ok_or(HttpError::NotFound)?;
    Ok((code, proposal, foreseen))
}

/// The item as its page would show it: a new revision even before its first day.
fn view_of(site: &Site, item: &Item, proposal: &Proposal) -> Result<View, HttpError> {
    let is_revision = matches!(proposal.action.as_str(), "publish" | "revise");
    let revision = item.latest().filter(|_| is_revision);
    item.view(revision, &site.moment()).ok_or(HttpError::NotFound)
}

/// The item of a proposal that the person may see, as its page would show it. Errors: what the rules would refuse.
pub(super) async fn foreseen_view(site: &Site, desk: &Desk, code: &str) -> Result<View, HttpError> {
    let (_, proposal, foreseen) = find(site, desk, code).await?;
    view_of(site, &foreseen.after.map_err(HttpError::Refused)?, &proposal)
}

/// `GET /office/proposals/{code}`
pub async fn proposal(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let lang = asking.lang();
    match one(&site, &desk, &asking.headers, lang, &code, None).await {
        Err(HttpError::NotFound) => done(&site, &code, lang),
        answer => answer,
    }
}

/// Leads on from a proposal that is no more to what it was about. Errors: that is not public.
fn done(site: &Site, code: &str, lang: Lang) -> Result<Response, HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let image = site.model.image();
    let entry = image.entry(&code).filter(|entry| entry.item.is_public() && entry.item.proposal().is_none());
    entry.map(|_| leads_to(&format!("/office/items/{code}"), lang)).ok_or(HttpError::NotFound)
}

/// `GET /office/proposals/{code}/report`: the report on the file that it was made of, while that is kept.
pub async fn file_report(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk) -> Result<Response, HttpError> {
    let (code, ..) = find(&site, &desk, &code).await?;
    let import = site.app.import_behind(code).await?.ok_or(HttpError::NotFound)?;
    let kept = site.app.kept_import(&import).await?.ok_or(HttpError::NotFound)?;
    Ok(plans::report_page(kept))
}

async fn one(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, code: &str, wrong: Option<&str>) -> Result<Response, HttpError> {
    let (code, proposal, foreseen) = find(site, desk, code).await?;
    let (city, moment) = (site.city(), site.moment());
    let mut names = Names { site, lang, known: BTreeMap::new() };
    let authors = names.all(&proposal.authors).await?;
    let approvals = names.all(&proposal.approvals).await?;
    let returned = match &proposal.returned {
        Some((by, comment)) => Some((names.of(by).await?, comment.clone())),
        None => None,
    };
    let waits_for_me = foreseen.before.may_judge(&desk.actor, &city.units, moment.today);
    let is_own = proposal.authors.contains(&desk.account);
    let roles = families::roles(foreseen.before.family());
    let may = pages::May {
        give_back: foreseen.before.may_return(&desk.actor, &city.units, moment.today),
        publish_alone: foreseen.before.may_publish_alone(&desk.actor, &city.units, moment.today),
        discard: is_own || desk.actor.check(roles, &proposal.units, &city.units, moment.today).is_ok(),
    };
    let (refusal, material) = match &foreseen.after {
        Err(refusal) => (Some(refusal.said.text(lang).clone()), None),
        Ok(after) => {
            let before = foreseen.before.view(None, &moment);
            (None, Some(items::foreseen(site, before, view_of(site, after, &proposal)?).await?))
        }
    };
    let units = material.as_ref().map(|material| material.units(lang)).unwrap_or_default();
    let draft = material.as_ref().map(|material| (material.draft(lang, &units, format!("/office/proposals/{code}")), material.before()));
    // What withdraws or ends an item is of no file.
    let is_of_file = matches!(proposal.action.as_str(), "publish" | "revise");
    let has_report = is_of_file && site.app.import_behind(code).await?.is_some();
    let import = site.app.sent_import(desk.actor.name(), code).await?.filter(|_| is_own);
    let boards = site.model.image().boards_showing(&code, &moment);
    let listed = Listed { code, waits_for_me, is_own, authors, proposal };
    let status = if wrong.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let shown_as = pages::Shown {
        listed: &listed,
        approvals: &approvals,
        may,
        has_report,
        returned: returned.as_ref(),
        refusal: refusal.as_deref(),
        import: import.as_deref(),
        boards: &boards,
        draft,
    };
    Ok(shown(headers, status, pages::one(lang, &city, &desk.who(), &moment, &shown_as, wrong)))
}

/// `GET /office/proposals/{code}/preview`: the item's page exactly as it would be.
pub async fn preview(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let lang = asking.lang();
    let view = foreseen_view(&site, &desk, &code).await?;
    let at = format!("/office/proposals/{}", view.code);
    let material = items::foreseen(&site, None, view).await?;
    let page = material.draft(lang, &material.units(lang), at).render()?;
    Ok(shown(&asking.headers, StatusCode::OK, page))
}

/// `GET /office/proposals/{code}/poster.pdf?size=`: the poster or map sheet as it would be, marked as a draft.
pub async fn poster(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let size = items::paper(asking.query.as_deref())?;
    let view = foreseen_view(&site, &desk, &code).await?;
    let material = prints::foreseen(&site.model, &site.moment(), view, asking.lang()).await?;
    let file = tokio::task::block_in_place(|| material.poster(size))?;
    Ok(previews::print(file))
}

/// `GET /office/proposals/{code}/documents/{sha256}`: a file of a proposal.
pub async fn proposed_document(
    State(site): State<Arc<Site>>,
    Path((code, digest)): Path<(String, String)>,
    desk: Desk,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let digest: Digest = digest.parse().map_err(|_| HttpError::NotFound)?;
    let (_, proposal, foreseen) = find(&site, &desk, &code).await?;
    let view = view_of(&site, &foreseen.after.map_err(HttpError::Refused)?, &proposal)?;
    let document = view.documents.into_iter().find(|document| document.sha256 == digest).ok_or(HttpError::NotFound)?;
    send_document(&site, &document, "no-store", &headers).await
}

/// `POST /office/proposals/{code}`: approves, returns, discards, or publishes alone in an emergency, as the pressed button
/// says.
pub async fn judge(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let (own, proposal, foreseen) = match find(&site, &desk, &code).await {
        // Somebody else, or the same form before, has done it.
        Err(HttpError::NotFound) => return done(&site, &code, lang),
        found => found?,
    };
    let known = ["approve", "return", "discard", "publish-alone"];
    let action = fields.get("do").filter(|action| known.contains(action)).ok_or(HttpError::NotFound)?;
    let seen = fields.get("proposal").unwrap_or_default();
    let body = match action {
        "return" => json!({ "proposal": seen, "comment": fields.get("comment").unwrap_or_default() }),
        "publish-alone" if seen != proposal.digest().to_string() => {
            let said = sentence!("proposal-changed").text(lang);
            return one(&site, &desk, &headers, lang, &code, Some(&said)).await;
        }
        "publish-alone" => {
            let command: Value = serde_json::from_str(&proposal.body).map_err(|error| HttpError::Internal(error.to_string()))?;
            json!({ "action": proposal.action, "command": command, "reason": fields.get("reason").unwrap_or_default() })
        }
        _ => json!({ "proposal": seen }),
    };
    // A form that is sent twice is answered twice and acts once.
    let id = format!("office-{action}-{seen}");
    let request =
        Request { id, kind: format!("{}.{action}", foreseen.before.family()), code: Some(own), body, blobs: Vec::new(), with: Vec::new() };
    match site.app.execute(&desk.actor, request, &no_files).await {
        Ok(outcome) => {
            site.model.wait_for(outcome.position, super::SEEN).await;
            let is_public = outcome.events.iter().any(|event| !event.ends_with(".approved"));
            Ok(match action {
                "approve" | "publish-alone" if is_public => leads_to(&format!("/office/items/{own}?done=1"), lang),
                _ => leads_to("/office/proposals", lang),
            })
        }
        Err(error) => one(&site, &desk, &headers, lang, &code, Some(&refused(error, lang)?)).await,
    }
}
