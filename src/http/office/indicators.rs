//! `/office/indicators/new` and `/office/indicators/{code}/edit`: what an indicator measures. Its figures are in `results`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Desk, Form, campaigns, done, leads_to, refused, shown};
use crate::domain::Code;
use crate::domain::families;
use crate::http::Site;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::render::office::indicators as pages;
use crate::words::fold::typed;
use crate::words::text::Lang;

const FAMILY: &str = "indicator";
/// Fields of one line. Those that may be empty are left out of the facts then.
const TEXTS: [&str; 12] =
    ["kind", "title", "title_en", "definition", "unit", "direction", "base", "source", "method", "frequency", "organiser", "campaign"];

/// An indicator that the person may change: its version and what it states.
struct Known {
    code: Code,
    version: i64,
    facts: Value,
}

fn find(site: &Site, desk: &Desk, code: &str) -> Result<Known, HttpError> {
    desk.check_families(&[FAMILY])?;
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (moment, image) = (site.moment(), site.model.image());
    let entry = image.entry(&code).filter(|entry| entry.item.family() == FAMILY).ok_or(HttpError::NotFound)?;
    let view = entry.item.view(None, &moment).ok_or(HttpError::NotFound)?;
    let facts = entry.item.latest_facts().ok_or(HttpError::NotFound)?;
    desk.actor.check(families::roles(FAMILY), &view.units, &image.city.units, moment.today).map_err(HttpError::Refused)?;
    Ok(Known { code, version: entry.version, facts })
}

fn fields_of(facts: &Value) -> Fields {
    let fields = Fields::default();
    let fields = TEXTS.iter().fold(fields, |fields, name| fields.with(name, facts[*name].as_str().unwrap_or_default().to_owned()));
    let units = facts["units"].as_array().into_iter().flatten().filter_map(Value::as_str);
    units.fold(fields, |fields, unit| fields.with("unit_of", unit.to_owned()))
}

/// What the form states, over what was known: a field that the form does not have stays.
fn facts_of(fields: &Fields, before: Value) -> Value {
    let mut facts = if before.is_object() { before } else { json!({}) };
    for name in TEXTS {
        if let Some(text) = fields.untrimmed(name) {
            facts[name] = json!(typed(text));
        }
    }
    facts["units"] = json!(fields.all("unit_of").filter(|unit| !unit.is_empty()).collect::<Vec<_>>());
    if let Some(object) = facts.as_object_mut() {
        object.retain(|_, value| *value != json!("") && *value != json!([]));
    }
    facts
}

fn page(
    site: &Site,
    desk: &Desk,
    headers: &HeaderMap,
    lang: Lang,
    known: Option<&Known>,
    (fields, wrong): (&Fields, Option<&str>),
) -> Response {
    let filled = |name: &str| fields.untrimmed(name).unwrap_or_default().to_owned();
    let units: Vec<String> = fields.all("unit_of").map(str::to_owned).collect();
    let campaigns = campaigns::running(site);
    let form = pages::Form { known: known.map(|known| (known.code, known.version)), filled: &filled, units: &units, campaigns: &campaigns };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    shown(headers, status, pages::one(lang, &site.city(), &desk.who(), &site.moment(), &form, wrong))
}

/// `GET /office/indicators/new`
pub async fn new_indicator(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let fields = Fields::default().with("once", site.app.random_text()?).with("kind", "share".into()).with("unit", "%".into());
    Ok(page(&site, &desk, &asking.headers, asking.lang(), None, (&fields, None)))
}

/// `GET /office/indicators/{code}/edit`
pub async fn indicator(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let known = find(&site, &desk, &code)?;
    Ok(page(&site, &desk, &asking.headers, asking.lang(), Some(&known), (&fields_of(&known.facts), None)))
}

/// `POST /office/indicators/new`
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
    match desk.publish(&site, FAMILY, fields.get("once"), facts_of(&fields, Value::Null)).await {
        Ok(outcome) => {
            let own = outcome.code.map_or_else(|| String::from("/office/campaigns"), |code| format!("/office/indicators/{code}"));
            Ok(done(&outcome, &own, lang))
        }
        Err(error) => Ok(page(&site, &desk, &headers, lang, None, (&fields, Some(&refused(error, lang)?)))),
    }
}

/// `POST /office/indicators/{code}/edit`
pub async fn revise(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let known = find(&site, &desk, &code)?;
    let lang = fields.lang(&asking.headers);
    let seen = known.version.to_string();
    if fields.get("seen") != Some(seen.as_str()) {
        let title = known.facts["title"].as_str().unwrap_or_default();
        let said = sentence!("row-changed", title).text(lang);
        return Ok(page(&site, &desk, &headers, lang, Some(&known), (&fields_of(&known.facts), Some(&said))));
    }
    let own = format!("/office/indicators/{}", known.code);
    let facts = facts_of(&fields, known.facts.clone());
    if facts == known.facts {
        return Ok(leads_to(&own, lang));
    }
    let form = Form { family: FAMILY, action: "revise", seen: &seen, at: None };
    match desk.carry_out(&site, known.code, &form, json!({ "effective_from": site.moment().today, "facts": facts })).await {
        Ok(outcome) => Ok(done(&outcome, &own, lang)),
        Err(error) => Ok(page(&site, &desk, &headers, lang, Some(&known), (&fields, Some(&refused(error, lang)?)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_indicator_as_it_was_filled_states_the_same() {
        let facts = json!({ "kind": "share", "title": "Thanh toán trực tuyến", "title_en": "Paying online", "definition": "Hồ sơ trả trực tuyến",
            "unit": "%", "direction": "up", "base": "hồ sơ", "source": "Văn phòng UBND", "method": "count", "frequency": "year",
            "organiser": "UBND thành phố", "campaign": "TSSN2026K", "units": ["04252-2025"] });
        assert_eq!(facts_of(&fields_of(&facts), facts.clone()), facts);
        // What cannot change is not in the form of a known one.
        let fields = Fields::default().with("title", "Trả trực tuyến".into()).with("base", String::new());
        let changed = facts_of(&fields, facts.clone());
        assert_eq!(
            (&changed["title"], &changed["unit"], changed.get("base"), changed.get("units")),
            (&json!("Trả trực tuyến"), &json!("%"), None, None)
        );
    }
}
