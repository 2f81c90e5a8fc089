//! `/office/campaigns`: what an organiser plans, changes and calls off.

mod form;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Desk, Form, done, leads_to, refused, shown};
use crate::domain::Code;
use crate::domain::families;
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::read_model::image::Entry;
use crate::render::office::campaigns as pages;
use crate::words::text::Lang;

const FAMILY: &str = "campaign";

/// A campaign that the person may change, with its version and what its latest revision states.
fn find(site: &Site, desk: &Desk, code: &str) -> Result<(View, i64, Value), HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (moment, image) = (site.moment(), site.model.image());
    let entry = image.entry(&code).filter(|entry| entry.item.family() == FAMILY).ok_or(HttpError::NotFound)?;
    let view = entry.item.view(None, &moment).ok_or(HttpError::NotFound)?;
    let facts = entry.item.latest_facts().ok_or(HttpError::NotFound)?;
    let may = desk.actor.check(families::roles(FAMILY), &view.units, &image.city.units, moment.today);
    may.map_err(HttpError::Refused)?;
    Ok((view, entry.version, facts))
}

/// The campaigns that hold or will, by their titles.
pub(super) fn running(site: &Site) -> Vec<(Code, String)> {
    let today = site.moment().today;
    let image = site.model.image();
    let of = |(code, entry): (&Code, &Entry)| {
        let brief = entry.item.brief(today).filter(|brief| matches!(brief.status, Status::InForce | Status::Upcoming))?;
        Some((*code, brief.title.to_owned()))
    };
    let mut found: Vec<(Code, String)> = image.collection("campaigns").filter_map(of).collect();
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

/// `GET /office/campaigns`
pub async fn list(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let (moment, city) = (site.moment(), site.city());
    let look = || {
        let image = site.model.image();
        let of = |name: &'static str| {
            let views = image.collection(name).filter_map(|(_, entry)| entry.item.view(None, &moment));
            views.filter(|view| view.status != Status::Withdrawn)
        };
        let is_own = |view: &View| desk.actor.check(families::roles(FAMILY), &view.units, &city.units, moment.today).is_ok();
        let mut campaigns: Vec<View> = of("campaigns").filter(is_own).collect();
        campaigns.sort_by_key(|view| (view.next_day().is_none(), view.next_day(), view.title.clone()));
        // A ward reports for itself on indicators of the whole city.
        let mut indicators: Vec<View> = of("indicators").collect();
        indicators.sort_by_key(|view| view.title.clone());
        (campaigns, indicators)
    };
    let (campaigns, indicators) = site.at_length(look).await?;
    Ok(shown(&asking.headers, StatusCode::OK, pages::list(asking.lang(), &city, &desk.who(), &moment, &campaigns, &indicators)))
}

/// A campaign in its form.
struct Opened<'a> {
    site: &'a Arc<Site>,
    desk: &'a Desk,
    headers: &'a HeaderMap,
    lang: Lang,
    known: Option<&'a (View, i64, Value)>,
}

impl Opened<'_> {
    fn page(&self, fields: &Fields, wrong: Option<&str>) -> Result<Response, HttpError> {
        let Self { site, desk, headers, lang, known } = *self;
        let once = match fields.get("once") {
            Some(once) => once.to_owned(),
            None => site.app.random_text()?,
        };
        let filled = |name: &str| fields.untrimmed(name).unwrap_or_default().to_owned();
        let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
        let form = pages::Form { known: known.map(|(view, seen, _)| (view, *seen)), filled: &filled, all: &all, once: &once };
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok(shown(headers, status, pages::one(lang, &site.city(), &desk.who(), &site.moment(), &form, wrong)))
    }
}

/// `GET /office/campaigns/new`
pub async fn new_campaign(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let opened = Opened { site: &site, desk: &desk, headers: &asking.headers, lang: asking.lang(), known: None };
    let tomorrow = site.moment().today.tomorrow().map(|day| day.to_string()).unwrap_or_default();
    opened.page(&Fields::default().with("repeat", "weekly".into()).with("from", tomorrow).with("holidays", "next-working-day".into()), None)
}

/// `GET /office/campaigns/{code}`
pub async fn campaign(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let known = find(&site, &desk, &code)?;
    let opened = Opened { site: &site, desk: &desk, headers: &asking.headers, lang: asking.lang(), known: Some(&known) };
    opened.page(&form::fields_of(&known.2), None)
}

/// `POST /office/campaigns/new`
pub async fn publish(
    State(site): State<Arc<Site>>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let opened = Opened { site: &site, desk: &desk, headers: &headers, lang, known: None };
    let facts = match form::facts_of(&fields, Value::Null) {
        Ok(facts) => facts,
        Err(said) => return opened.page(&fields, Some(&said.text(lang))),
    };
    match desk.publish(&site, FAMILY, fields.get("once"), facts).await {
        Ok(outcome) => {
            let own = outcome.code.map_or_else(|| String::from("/office/campaigns"), |code| format!("/office/campaigns/{code}"));
            Ok(done(&outcome, &own, lang))
        }
        Err(error) => opened.page(&fields, Some(&refused(error, lang)?)),
    }
}

/// `POST /office/campaigns/{code}`: another schedule, or a single day that is called off, moved or restored.
pub async fn change(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let fields = desk.fields(&headers, body).await?;
    let known = find(&site, &desk, &code)?;
    let lang = fields.lang(&asking.headers);
    let opened = Opened { site: &site, desk: &desk, headers: &headers, lang, known: Some(&known) };
    let (view, seen, before) = &known;
    let seen = seen.to_string();
    let text = |name: &str| fields.get(name).unwrap_or_default().trim();
    let (action, body) = match text("do") {
        "cancel-day" | "restore-day" => {
            // Days go as they were typed: what cannot be read is refused, and is never a cancellation instead of a move.
            let mut body = json!({ "day": text("day"), "reason": text("reason") });
            if !text("moved_to").is_empty() && text("do") == "cancel-day" {
                body["moved_to"] = json!(text("moved_to"));
            }
            (text("do"), body)
        }
        _ => {
            if text("seen") != seen {
                let said = sentence!("row-changed", title = view.title).text(lang);
                return opened.page(&form::fields_of(before), Some(&said));
            }
            let facts = match form::facts_of(&fields, before.clone()) {
                Ok(facts) => facts,
                Err(said) => return opened.page(&fields, Some(&said.text(lang))),
            };
            if facts == *before {
                return Ok(leads_to(&format!("/office/campaigns/{}", view.code), lang));
            }
            // What is put right keeps its days behind it; another kind of campaign is another item.
            ("correct", json!({ "revision": view.history.first().map(|entry| entry.number), "reason": text("reason"), "facts": facts }))
        }
    };
    let form = Form { family: FAMILY, action, seen: &seen, at: None };
    match desk.carry_out(&site, view.code, &form, body).await {
        Ok(outcome) => Ok(done(&outcome, &format!("/office/campaigns/{}", view.code), lang)),
        Err(error) => {
            let filled = if action == "correct" { fields.clone() } else { form::fields_of(before) };
            opened.page(&filled, Some(&refused(error, lang)?))
        }
    }
}
