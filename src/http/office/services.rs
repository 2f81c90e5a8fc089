//! `/office/services`: the register of services on other sites, for its keeper.

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
use crate::render::office::services as pages;
use crate::words::fold::typed;
use crate::words::text::Lang;

const FAMILY: &str = "service";

/// `GET /office/services`
pub async fn list(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let moment = site.moment();
    let mut views: Vec<View> = {
        let image = site.model.image();
        let all = image.collection("services").filter_map(|(_, entry)| entry.item.view(None, &moment));
        all.filter(|view| matches!(view.status, Status::InForce | Status::Upcoming)).collect()
    };
    views.sort_by(|a, b| (a.told("category"), &a.title).cmp(&(b.told("category"), &b.title)));
    let services: Vec<_> = views
        .into_iter()
        .map(|view| (site.links.of(&view.code, view.link().unwrap_or_default()), view))
        .map(|(looked, view)| (view, looked))
        .collect();
    Ok(shown(&asking.headers, StatusCode::OK, pages::list(asking.lang(), &site.city(), &desk.who(), &moment, &services)))
}

/// A service that the person may change: its view, its version and what it states.
fn find(site: &Site, desk: &Desk, code: &str) -> Result<(View, i64, Value), HttpError> {
    desk.check_families(&[FAMILY])?;
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (moment, image) = (site.moment(), site.model.image());
    let entry = image.entry(&code).filter(|entry| entry.item.family() == FAMILY).ok_or(HttpError::NotFound)?;
    let view = entry.item.view(None, &moment).ok_or(HttpError::NotFound)?;
    let facts = entry.item.latest_facts().ok_or(HttpError::NotFound)?;
    desk.actor.check(families::roles(FAMILY), &view.units, &image.city.units, moment.today).map_err(HttpError::Refused)?;
    Ok((view, entry.version, facts))
}

const TEXTS: [&str; 5] = ["title", "summary", "category", "link", "operator"];

fn fields_of(facts: &Value) -> Fields {
    let fields =
        TEXTS.iter().fold(Fields::default(), |fields, name| fields.with(name, facts[*name].as_str().unwrap_or_default().to_owned()));
    let needs: Vec<&str> = facts["needs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    fields.with("needs", needs.join("\n"))
}

/// What the form states, over what was known.
fn facts_of(fields: &Fields, before: Value) -> Value {
    let mut facts = if before.is_object() { before } else { json!({}) };
    for name in TEXTS {
        facts[name] = json!(typed(fields.get(name).unwrap_or_default()));
    }
    let needs = fields.untrimmed("needs").unwrap_or_default().lines().map(typed).filter(|need| !need.is_empty());
    facts["needs"] = json!(needs.collect::<Vec<_>>());
    if let Some(object) = facts.as_object_mut() {
        object.retain(|name, value| !(matches!(name.as_str(), "summary" | "needs") && (*value == json!("") || *value == json!([]))));
    }
    facts
}

fn page(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, known: Option<(&View, i64)>, said: (&Fields, Option<&str>)) -> Response {
    let (fields, wrong) = said;
    let filled = |name: &str| fields.untrimmed(name).unwrap_or_default().to_owned();
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    shown(headers, status, pages::one(lang, &site.city(), &desk.who(), known, &filled, wrong))
}

/// `GET /office/services/new`
pub async fn new_service(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let fields = Fields::default().with("once", site.app.random_text()?);
    Ok(page(&site, &desk, &asking.headers, asking.lang(), None, (&fields, None)))
}

/// `GET /office/services/{code}`
pub async fn service(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let (view, seen, facts) = find(&site, &desk, &code)?;
    Ok(page(&site, &desk, &asking.headers, asking.lang(), Some((&view, seen)), (&fields_of(&facts), None)))
}

/// `POST /office/services/new`
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
    let facts = facts_of(&fields, Value::Null);
    match desk.publish(&site, FAMILY, fields.get("once"), facts).await {
        Ok(outcome) => Ok(done(&outcome, "/office/services", lang)),
        Err(error) => Ok(page(&site, &desk, &headers, lang, None, (&fields, Some(&refused(error, lang)?)))),
    }
}

/// `POST /office/services/{code}`
pub async fn revise(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    let fields = desk.fields(&headers, body).await?;
    let (view, seen, before) = find(&site, &desk, &code)?;
    let lang = fields.lang(&asking.headers);
    if fields.get("seen") != Some(seen.to_string().as_str()) {
        let said = sentence!("row-changed", title = view.title).text(lang);
        return Ok(page(&site, &desk, &headers, lang, Some((&view, seen)), (&fields_of(&before), Some(&said))));
    }
    let facts = facts_of(&fields, before.clone());
    if facts == before {
        return Ok(leads_to("/office/services", lang));
    }
    let version = seen.to_string();
    let form = Form { family: FAMILY, action: "revise", seen: &version, at: None };
    match desk.carry_out(&site, view.code, &form, json!({ "effective_from": site.moment().today, "facts": facts })).await {
        Ok(outcome) => Ok(done(&outcome, "/office/services", lang)),
        Err(error) => Ok(page(&site, &desk, &headers, lang, Some((&view, seen)), (&fields, Some(&refused(error, lang)?)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_service_as_it_was_filled_states_the_same() {
        let facts = json!({ "title": "Trả tiền điện", "summary": "Trả và tra cứu", "category": "Điện", "link": "https://a.example", "operator": "Điện lực",
            "needs": ["Mã khách hàng", "Thẻ"], "units": ["04252-2025"] });
        assert_eq!(facts_of(&fields_of(&facts), facts.clone()), facts);
        let mut bare = facts.clone();
        bare.as_object_mut().expect("facts").retain(|name, _| name != "summary" && name != "needs");
        assert_eq!(facts_of(&fields_of(&bare), facts), bare, "what is empty is taken out");
    }
}
