//! The city's settings: what an administrator can set here, and who changed what.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::tokens::seen;
use super::{Desk, leads_to, refused, shown};
use crate::app::ExecuteError;
use crate::domain::access::{AccountId, Actor};
use crate::domain::city::{City, EmergencyNumber};
use crate::domain::families::LogEvent;
use crate::domain::publication::view::moment_of;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::render::office::city::{self as pages, Change};
use crate::words::fold::typed;
use crate::words::text::{Lang, text};

/// Most changes that the page lists.
const MOST: usize = 20;

/// Names of the settings in which two configurations differ.
fn differences(before: &City, after: &City) -> Vec<String> {
    let fields = |city: &City| serde_json::to_value(city).unwrap_or_default();
    let (before, after) = (fields(before), fields(after));
    let Value::Object(after) = after else { return Vec::new() };
    let gone = before.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !after.contains_key(*name));
    let changed = after.iter().filter(|(name, value)| before.get(name.as_str()) != Some(*value)).map(|(name, _)| name);
    changed.chain(gone).cloned().collect()
}

/// What was changed, the newest first: when, by whom, and which settings.
async fn changes(site: &Site, lang: Lang) -> Result<Vec<Change>, HttpError> {
    let (mut known, mut list): (Option<City>, Vec<Change>) = (None, Vec::new());
    for stored in site.app.log().read_aggregate("city", 0).await? {
        let event = LogEvent::decode(&stored.event.name, stored.event.version, &stored.event.payload);
        let Ok(LogEvent::City(event)) = event else { continue };
        let city = event.city().clone();
        let fields = known.as_ref().map(|before| differences(before, &city)).unwrap_or_default();
        if !fields.is_empty() {
            list.push(Change { at: moment_of(stored.recorded_at), by: stored.actor, fields });
        }
        known = Some(city);
    }
    list.reverse();
    list.truncate(MOST);
    for change in &mut list {
        change.by = match change.by.as_str() {
            by if by == Actor::local().name() => text(lang, "audit-machine").to_owned(),
            by => match site.app.profile(&AccountId(by.to_owned())).await?.name {
                name if name.is_empty() => by.to_owned(),
                name => name,
            },
        };
    }
    Ok(list)
}

async fn page(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, wrong: Option<&str>) -> Result<Response, HttpError> {
    let changes = changes(site, lang).await?;
    let two = site.app.accounts().await?.chosen();
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(shown(headers, status, pages::settings(lang, &site.city(), &desk.who(), &site.moment(), &two, &changes, wrong)))
}

/// `GET /office/city`
pub async fn settings(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    page(&site, &desk, &asking.headers, asking.lang(), None).await
}

/// The emergency numbers of a form: rows of a number and its two labels. A row without a number is none.
fn emergency(fields: &Fields) -> Vec<EmergencyNumber> {
    let rows = fields.all("emergency").zip(fields.all("emergency-vi")).zip(fields.all("emergency-en"));
    let row = |((number, vi), en): ((&str, &str), &str)| EmergencyNumber {
        number: number.to_owned(),
        label_vi: vi.to_owned(),
        label_en: if en.is_empty() { vi.to_owned() } else { en.to_owned() },
    };
    rows.map(row).filter(|row| !row.number.is_empty()).collect()
}

async fn changed(site: &Site, desk: &Desk, fields: &Fields) -> Result<(), ExecuteError> {
    if fields.get("do") == Some("second-person") {
        return site.app.choose_second_person(&desk.actor, fields.all("kind").map(str::to_owned).collect()).await;
    }
    let field = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    let today = site.moment().today;
    let change = |city: &mut City| {
        city.contact_vi = field("contact_vi");
        city.contact_en = field("contact_en");
        city.phone = Some(field("phone")).filter(|phone| !phone.is_empty());
        city.licence = field("licence");
        city.emergency = emergency(fields);
        for unit in city.units.valid_on(today).map(|unit| unit.id.clone()).collect::<Vec<_>>() {
            // A form of before has no field for hamlets, and takes none away.
            let Some(written) = fields.untrimmed(&format!("hamlets-{unit}")) else { continue };
            let names: Vec<String> = written.split([',', ';', '\n']).map(typed).filter(|name| !name.is_empty()).collect();
            if names.is_empty() {
                city.hamlets.remove(&unit);
            } else {
                city.hamlets.insert(unit, names);
            }
        }
    };
    site.app.change_settings(&desk.actor, change).await
}

/// `POST /office/city`
pub async fn change(State(site): State<Arc<Site>>, desk: Desk, asking: Asking, body: Body) -> Result<Response, HttpError> {
    desk.check_administrator()?;
    let fields = desk.fields(&asking.headers, body).await?;
    let lang = fields.lang(&asking.headers);
    match changed(&site, &desk, &fields).await {
        Ok(()) => {
            seen(&site).await?;
            tracing::info!(target: "audit", account = %desk.account, "settings changed");
            Ok(leads_to("/office/city", lang))
        }
        Err(error) => page(&site, &desk, &asking.headers, lang, Some(&refused(error, lang)?)).await,
    }
}
