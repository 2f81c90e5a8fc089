//! One point: its form, with a map on which its place is set.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::super::{Desk, Form, campaigns, done, leads_to, refused};
use super::{Part, check, known_point, set};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::trade;
use crate::geometry::Position;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::merchants::form;
use crate::http::reading::Asking;
use crate::http::{Site, here};
use crate::import::list::Known;
use crate::import::points::{KINDS, family_of};
use crate::render::office::points as pages;
use crate::words::fold::typed;
use crate::words::sentence::Sentence;
use crate::words::text::Lang;

/// Width in degrees of the map around a point that has a place.
const SPAN: f64 = 0.02;

/// The fields of the form of one point, from its facts.
fn fields_of(facts: &Value) -> Fields {
    let mut fields = Fields::default();
    for name in pages::texts(facts["kind"].as_str().unwrap_or_default()) {
        fields = fields.with(name, facts[name].as_str().unwrap_or_default().to_owned());
    }
    let lines = |list: &Value, line: &dyn Fn(&Value) -> String| list.as_array().into_iter().flatten().map(line).collect::<Vec<_>>();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let phones = lines(&facts["phones"], &|phone| format!("{}: {}", text(&phone["label"]), text(&phone["number"])));
    fields = fields.with("phones", phones.join("\n")).with("languages", lines(&facts["languages"], &text).join(", "));
    fields = fields.with("hamlets", lines(&facts["hamlets"], &text).join(", "));
    for unit in lines(&facts["units"], &text) {
        fields = fields.with("unit", unit);
    }
    if facts["always_open"] == true {
        fields = fields.with("always_open", "1".into());
    }
    for code in lines(&facts["campaigns"], &text) {
        fields = fields.with("campaign", code);
    }
    fields = form::fill(fields, facts);
    let number = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    fields = fields.with("duty_limit_minutes", number(&facts["duty_limit_minutes"]));
    fields.with("lon", number(&facts["position"]["lon"])).with("lat", number(&facts["position"]["lat"]))
}

/// What the form of one point states, over what was known. Wrong numbers are left to the rules, which say what is wrong.
fn facts_of(fields: &Fields, before: Value, kind: &str, at: Option<Position>) -> Result<Value, Sentence> {
    let mut facts = if before.is_null() { json!({ "kind": kind }) } else { before };
    for name in pages::texts(kind) {
        set(&mut facts, name, typed(fields.get(name).unwrap_or_default()));
    }
    let mut put = |name: &str, value: Option<Value>| match (facts.as_object_mut(), value) {
        (Some(facts), Some(value)) => drop(facts.insert(name.to_owned(), value)),
        (Some(facts), None) => drop(facts.remove(name)),
        (None, _) => {}
    };
    put("phones", form::phones(fields.get("phones").unwrap_or_default()));
    let units: Vec<&str> = fields.all("unit").filter(|unit| !unit.is_empty()).collect();
    put("units", (!units.is_empty()).then(|| json!(units)));
    put("position", at.map(|at| json!({ "lon": at.lon, "lat": at.lat })));
    if trade::KINDS.contains(&kind) {
        let campaigns: Vec<&str> = fields.all("campaign").filter(|code| !code.is_empty()).collect();
        put("campaigns", (!campaigns.is_empty()).then(|| json!(campaigns)));
        form::put(fields, &mut facts)?;
        return Ok(facts);
    }
    for name in ["languages", "hamlets"] {
        let all: Vec<String> = fields.get(name).unwrap_or_default().split([',', ';']).map(typed).filter(|name| !name.is_empty()).collect();
        put(name, (!all.is_empty()).then(|| json!(all)));
    }
    put("always_open", Some(json!(fields.get("always_open").is_some())));
    let minutes = fields.get("duty_limit_minutes").unwrap_or_default();
    put(
        "duty_limit_minutes",
        (!minutes.is_empty()).then(|| minutes.parse::<u16>().map_or_else(|_| json!(minutes), |minutes| json!(minutes))),
    );
    let person = ["contact_name", "contact_phone", "contact_consent"].map(|name| typed(fields.get(name).unwrap_or_default()));
    if let [name, phone, evidence] = &person
        && person.iter().any(|text| !text.is_empty())
    {
        let consent = json!({ "purpose": "public-contact", "text_version": "office", "evidence": evidence });
        put("contact", Some(json!({ "name": name, "phone": phone, "consent": consent })));
    } else if fields.get("contact_remove").is_some() {
        put("contact", None);
    }
    Ok(facts)
}

/// A point in its form, for the person who asks.
struct Opened<'a> {
    site: &'a Arc<Site>,
    desk: &'a Desk,
    headers: &'a HeaderMap,
    lang: Lang,
    /// None for a new point.
    known: Option<&'a Known>,
    kind: &'static str,
}

/// A place, and the width in degrees of the map around it; the whole city where there is none.
type Shown = Option<(Position, f64)>;

impl Opened<'_> {
    /// The page, with a map around the point's place, or of the whole city.
    async fn page(&self, fields: &Fields, shown: Shown, wrong: Option<&str>) -> Result<Response, HttpError> {
        let Self { site, desk, headers, lang, known, kind } = *self;
        let (city, moment) = (site.city(), site.moment());
        let (at, span) = shown.map_or((None, 0.0), |(at, span)| (Some(at), span));
        let map = here::drawn(site, lang, &city, &moment, at, span).await?;
        let path = known.map_or_else(|| String::from("/office/points/new"), |known| format!("/office/points/{}", known.code));
        let filled = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        let all = |name: &str| fields.all(name).map(str::to_owned).collect::<Vec<_>>();
        let campaigns: Vec<(Code, String)> = if trade::KINDS.contains(&kind) { campaigns::running(site) } else { Vec::new() };
        let units: Vec<String> = fields.all("unit").filter(|unit| !unit.is_empty()).map(str::to_owned).collect();
        // A form that is shown again is the same point; the next one that is opened is another.
        let once = match fields.get("once") {
            Some(once) => once.to_owned(),
            None => site.app.random_text()?,
        };
        let point = pages::Point {
            path: &path,
            known,
            kind,
            filled: &filled,
            units: &units,
            map: &map,
            once: &once,
            all: &all,
            campaigns: &campaigns,
        };
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        Ok(here::html(headers, status, pages::one(lang, &city, &desk.who(), &moment, &point, wrong)))
    }
}

fn find(site: &Site, desk: &Desk, code: &str) -> Result<Known, HttpError> {
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    known_point(site, desk, &code).map(|(_, known)| known).ok_or(HttpError::NotFound)
}

fn kind_of(known: &Known) -> &'static str {
    KINDS.into_iter().find(|kind| known.facts["kind"] == *kind).unwrap_or(KINDS[0])
}

fn place_of(facts: &Value) -> Option<Position> {
    Some(Position { lon: facts["position"]["lon"].as_f64()?, lat: facts["position"]["lat"].as_f64()? })
}

/// `GET /office/points/new?kind=`
pub async fn new_point(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = Fields::parse(asking.query.as_deref().unwrap_or_default());
    let (lang, kind) = (asking.lang(), Part::of(&desk, &fields).kind);
    let opened = Opened { site: &site, desk: &desk, headers: &asking.headers, lang, known: None, kind };
    opened.page(&Fields::default(), None, None).await
}

/// `GET /office/points/{code}`
pub async fn point(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check(&desk)?;
    let known = find(&site, &desk, &code)?;
    let (lang, kind) = (asking.lang(), kind_of(&known));
    let opened = Opened { site: &site, desk: &desk, headers: &asking.headers, lang, known: Some(&known), kind };
    opened.page(&fields_of(&known.facts), place_of(&known.facts).map(|at| (at, SPAN)), None).await
}

/// `POST /office/points/new`: publishes a point, or shows the map again after a tap.
pub async fn publish(
    State(site): State<Arc<Site>>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = desk.fields(&headers, body).await?;
    let (lang, kind) = (fields.lang(&asking.headers), Part::of(&desk, &fields).kind);
    save(&fields, &Opened { site: &site, desk: &desk, headers: &headers, lang, known: None, kind }).await
}

/// `POST /office/points/{code}`: revises a point, or shows the map again after a tap.
pub async fn revise(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = desk.fields(&headers, body).await?;
    let known = find(&site, &desk, &code)?;
    let (lang, kind) = (fields.lang(&asking.headers), kind_of(&known));
    save(&fields, &Opened { site: &site, desk: &desk, headers: &headers, lang, known: Some(&known), kind }).await
}

/// Where a form's point lies: under the finger, with the width of the next map; or as it was typed.
fn place(fields: &Fields, city: &City) -> Result<(Option<Position>, Shown), HttpError> {
    if let Some((at, span)) = here::tapped(fields, city)? {
        return Ok((None, Some((at, span))));
    }
    Ok((here::position(fields, city)?, None))
}

async fn save(fields: &Fields, opened: &Opened<'_>) -> Result<Response, HttpError> {
    let Opened { site, desk, lang, known, kind, .. } = *opened;
    let (at, tapped) = match place(fields, &site.city()) {
        Ok(place) => place,
        Err(HttpError::Parameter(said)) => return opened.page(fields, None, Some(&said.text(lang))).await,
        Err(error) => return Err(error),
    };
    if let Some((at, _)) = tapped {
        let fields = fields.clone().put("lon", at.lon.to_string()).put("lat", at.lat.to_string());
        return opened.page(&fields, tapped, None).await;
    }
    let shown = at.map(|at| (at, SPAN));
    match fields.get("do") {
        Some("save") => {}
        Some("whole") => return opened.page(fields, None, None).await,
        _ => return opened.page(fields, shown, None).await,
    }
    let facts = match facts_of(fields, known.map(|known| known.facts.clone()).unwrap_or_default(), kind, at) {
        Ok(facts) => facts,
        Err(said) => return opened.page(fields, shown, Some(&said.text(lang))).await,
    };
    let made = match known {
        Some(known) if fields.get("seen") != Some(known.seen.to_string().as_str()) => {
            let title = known.facts["title"].as_str().unwrap_or_default();
            let said = sentence!("row-changed", title).text(lang);
            let shown = place_of(&known.facts).map(|at| (at, SPAN));
            return opened.page(&fields_of(&known.facts), shown, Some(&said)).await;
        }
        Some(known) if facts == known.facts => return Ok(leads_to(&format!("/office/points?kind={kind}"), lang)),
        Some(known) => {
            let seen = known.seen.to_string();
            let form = Form { family: family_of(kind), action: "revise", seen: &seen, at: None };
            desk.carry_out(site, known.code, &form, json!({ "effective_from": site.moment().today, "facts": facts })).await
        }
        None => desk.publish(site, family_of(kind), fields.get("once"), facts).await,
    };
    match made {
        Ok(outcome) => Ok(done(&outcome, &format!("/office/points?kind={kind}&done=1"), lang)),
        Err(error) => opened.page(fields, shown, Some(&refused(error, lang)?)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::known;
    use super::*;

    #[test]
    fn the_form_of_a_point_as_it_was_filled_states_the_same() {
        let known = known();
        let at = place_of(&known.facts);
        assert_eq!(facts_of(&fields_of(&known.facts), known.facts.clone(), "health-station", at).expect("read"), known.facts);
        let removed = fields_of(&known.facts).with("contact_remove", "1".into());
        assert_eq!(facts_of(&removed, known.facts.clone(), "health-station", at).expect("read").get("contact"), None);
        let other = removed.with("contact_name", "Lê Văn Bình".into()).with("contact_phone", "0912 345 678".into());
        let facts = facts_of(&other.with("contact_consent", "12".into()), Value::Null, "digital-team", None).expect("read");
        assert_eq!(
            (&facts["kind"], &facts["contact"]["consent"]["evidence"], facts.get("position")),
            (&json!("digital-team"), &json!("12"), None)
        );
    }
}
