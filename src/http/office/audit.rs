//! `/office/audit`: who did what, for administrators. It is read from the log itself, the newest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::civil::Date;
use serde_json::Value;

use super::{Desk, shown};
use crate::domain::Code;
use crate::domain::access::{AccountId, Actor};
use crate::domain::publication::view::moment_of;
use crate::event_store::StoredEvent;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::reading::Asking;
use crate::http::respond;
use crate::render::office::audit::{self as pages, Filter, Line};
use crate::words::civil::date_in;
use crate::words::text::text;

/// Lines of a page.
const SHOWN: usize = 100;
/// Lines of a table for spreadsheets.
const MOST: usize = 10_000;
/// Events that are looked through in one go.
const PAGE: i64 = 2_000;
/// Most events that one request looks through.
const LOOKED_AT: i64 = 200_000;

/// The events that are asked for and stand before a position, the newest first; and the position from which to go on.
async fn found(site: &Site, filter: &Filter, before: i64, most: usize) -> Result<(Vec<StoredEvent>, Option<i64>), HttpError> {
    let zone = site.city().zone();
    // What was done by a token of the person, the person did.
    let actors: Option<Vec<String>> = filter.person.as_ref().map(|person| {
        let tokens = site.model.image().tokens_of(&AccountId(person.clone()));
        std::iter::once(person.clone()).chain(tokens.iter().map(ToString::to_string)).collect()
    });
    let item = match filter.item.as_ref().and_then(|item| item.parse().ok()) {
        Some(code) => Some(site.app.histories(code).await?),
        None => None,
    };
    let is_meant = |stored: &StoredEvent| {
        item.as_ref().is_none_or(|histories| histories.contains(&stored.event.aggregate))
            && actors.as_ref().is_none_or(|actors| actors.contains(&stored.actor))
            && filter.day.is_none_or(|day| date_in(&zone, moment_of(stored.recorded_at)) == day)
    };
    let (mut end, mut list) = (before, Vec::new());
    let stop = (before - LOOKED_AT).max(0);
    while end > stop {
        let begin = (end - PAGE).max(0);
        let page = site.app.log().read(begin, (end - begin) as usize).await?;
        for stored in page.into_iter().rev().filter(|stored| stored.position <= end) {
            if is_meant(&stored) {
                list.push(stored);
                if list.len() == most {
                    let last = list.last().map(|stored| stored.position - 1);
                    return Ok((list, last.filter(|last| *last > 0)));
                }
            }
        }
        end = begin;
    }
    Ok((list, Some(stop).filter(|stop| *stop > 0)))
}

/// `GET /office/audit?person=&item=&day=&before=`, `&f=csv`
pub async fn audit(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    let asked = |name: &str| asking.parameter(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter {
        person: asked("person"),
        item: asked("item").and_then(|code| code.parse::<Code>().ok()).map(|code| code.to_string()),
        day: asked("day").and_then(|day| day.parse::<Date>().ok()),
    };
    let is_table = asking.parameter("f").as_deref() == Some("csv");
    let head = site.app.log().head().await?.position;
    let before = asked("before").and_then(|position| position.parse().ok()).unwrap_or(head).min(head);
    // A code or a day that cannot be read finds nothing, and not everything.
    let is_unread = asked("item").is_some() && filter.item.is_none() || asked("day").is_some() && filter.day.is_none();
    let most = if is_table { MOST } else { SHOWN };
    let (events, older) = if is_unread { (Vec::new(), None) } else { found(&site, &filter, before, most).await? };
    let mut people: BTreeMap<String, String> = BTreeMap::new();
    for id in site.app.accounts().await?.all.into_keys() {
        let name = site.app.profile(&id).await?.name;
        people.insert(id.0.clone(), if name.is_empty() { id.0 } else { name });
    }
    let tokens: BTreeMap<String, (String, Option<AccountId>)> = {
        let image = site.model.image();
        image.tokens().map(|token| (token.token.to_string(), (token.label.clone(), image.person_of(&token.token).cloned()))).collect()
    };
    let (lang, city) = (asking.lang(), site.city());
    let who = |actor: &str| match (people.get(actor), tokens.get(actor)) {
        (Some(name), _) => name.clone(),
        (None, Some((_, Some(person)))) => format!("{actor} ({})", people.get(&person.0).map_or(person.0.as_str(), String::as_str)),
        _ if actor == Actor::local().name() => text(lang, "audit-machine").to_owned(),
        _ if actor == Actor::clock().name() => text(lang, "audit-clock").to_owned(),
        _ => match Actor::item_of_link(actor) {
            Some(code) => format!("{} ({code})", text(lang, "by-link")),
            None => actor.to_owned(),
        },
    };
    let today = site.moment().today;
    let name = |stored: &StoredEvent| {
        let about = stored.event.aggregate.as_str();
        let (family, id) = about.split_once('/').unwrap_or((about, ""));
        match family {
            "accounts" => {
                let payload: Value = serde_json::from_str(&stored.event.payload).unwrap_or_default();
                payload["account"].as_str().and_then(|id| people.get(id).cloned())
            }
            "account" => people.get(id).cloned(),
            "token" => tokens.get(id).map(|(label, _)| label.clone()),
            _ => id.parse::<Code>().ok().and_then(|code| {
                let image = site.model.image();
                let item = &image.entry(&code)?.item;
                let proposed = || item.proposal().map(|proposal| proposal.title.clone());
                item.title(today).map(str::to_owned).or_else(proposed)
            }),
        }
    };
    let line = |stored: &StoredEvent| Line {
        position: stored.position,
        at: moment_of(stored.recorded_at),
        who: who(&stored.actor),
        event: stored.event.name.clone(),
        name: name(stored).unwrap_or_default(),
        about: stored.event.aggregate.clone(),
    };
    let lines: Vec<Line> = events.iter().map(line).collect();
    if is_table {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"nhat-ky.csv\""));
        return Ok(respond::unkept(&asking.headers, StatusCode::OK, "text/csv; charset=utf-8", headers, pages::csv(lang, &lines)));
    }
    let page = pages::list(lang, &city, &desk.who(), &site.moment(), &filter, &people, &lines, older);
    Ok(shown(&asking.headers, StatusCode::OK, page))
}
