//! `/office/indicators/{code}`: results are entered, in the form or from a workbook, and what is promised.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Desk, Form, leads_to, refused, shown};
use crate::domain::families;
use crate::domain::figures::{Measure, Period, Promise, Table, Who};
use crate::domain::unit::Unit;
use crate::domain::{Code, Refusal};
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::http::{Site, respond};
use crate::import::Report;
use crate::import::results;
use crate::render::office::results as pages;
use crate::render::standings;
use crate::words::fold::{fold, typed};
use crate::words::number::{self, whole};
use crate::words::text::Lang;

const FAMILY: &str = "indicator";
/// Largest workbook, bytes.
const LARGEST: u64 = 4 << 20;
/// Most rows of a workbook.
const ROWS: usize = 2_000;
/// Free lines for organisations.
const FREE: usize = 3;

/// An indicator, with the units that the person may report for.
struct Opened {
    code: Code,
    version: i64,
    measure: Measure,
    period: Period,
    units: Vec<Unit>,
    is_city: bool,
    known: Option<Table>,
}

fn open(site: &Site, desk: &Desk, code: &str, period: Option<&str>) -> Result<Opened, HttpError> {
    desk.check_families(&[FAMILY])?;
    let code: Code = code.parse().map_err(|_| HttpError::NotFound)?;
    let (moment, image) = (site.moment(), site.model.image());
    let entry = image.entry(&code).ok_or(HttpError::NotFound)?;
    let measure = entry.item.measure().ok_or(HttpError::NotFound)?;
    let period = match period.filter(|period| !period.is_empty()) {
        Some(text) => text.parse().map_err(|_| HttpError::Parameter(sentence!("indicator-asked", period = text)))?,
        None => Period::around(moment.today, measure.frequency),
    };
    if period.frequency() != measure.frequency {
        return Err(HttpError::Parameter(sentence!("indicator-asked", period)));
    }
    let table = &image.city.units;
    let may = |unit: &Unit| desk.actor.check(families::roles(FAMILY), std::slice::from_ref(&unit.id), table, moment.today).is_ok();
    let day = period.last().min(moment.today.max(period.first()));
    let meant = |unit: &&Unit| measure.units.is_empty() || measure.units.contains(&unit.id);
    let units: Vec<Unit> = table.valid_on(day).filter(meant).filter(|unit| may(unit)).cloned().collect();
    let is_city = desk.actor.check(families::roles(FAMILY), &[], table, moment.today).is_ok();
    if units.is_empty() && !is_city {
        return Err(HttpError::Refused(Refusal::forbidden("forbidden-family", sentence!("forbidden-family"))));
    }
    let known = image.table(&code, Some(period), &moment);
    Ok(Opened { code, version: entry.version, measure, period, units, is_city, known })
}

impl Opened {
    fn page(
        &self,
        site: &Site,
        desk: &Desk,
        headers: &HeaderMap,
        lang: Lang,
        fields: &Fields,
        (wrong, report): (Option<&str>, Option<&Report>),
    ) -> Response {
        let filled = |name: &str| fields.untrimmed(name).unwrap_or_default().to_owned();
        let mut bodies = self.bodies(fields);
        bodies.extend(std::iter::repeat_n(String::new(), FREE));
        let form = pages::Entry {
            code: self.code,
            version: self.version,
            measure: &self.measure,
            period: self.period,
            units: &self.units,
            is_city: self.is_city,
            known: self.known.as_ref(),
            bodies: &bodies,
            filled: &filled,
            report,
        };
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        shown(headers, status, pages::entry(lang, &site.city(), &desk.who(), &site.moment(), &form, wrong))
    }

    /// The organisations that have a line in the form: those that it carries, or else those that are known.
    fn bodies(&self, fields: &Fields) -> Vec<String> {
        let carried = (0..ROWS).map_while(|number| fields.untrimmed(&format!("body-{number}")));
        let mut bodies: Vec<String> = carried.map(typed).collect();
        if bodies.is_empty() {
            let known = self.known.iter().flat_map(|known| {
                let pledged = known.pledged.iter().map(Promise::who);
                known.bodies.iter().map(|row| row.who.clone()).chain(pledged).chain(known.targets.iter().map(|(who, _)| who.clone()))
            });
            bodies = known.filter_map(|who| if let Who::Body(name) = who { Some(name) } else { None }).collect();
            bodies.sort();
            bodies.dedup();
        }
        // Free lines; a figure without a name stays, for the rules to refuse.
        while bodies.last().is_some_and(String::is_empty) && fields.get(&format!("value-body-{}", bodies.len() - 1)).is_none() {
            bodies.pop();
        }
        bodies
    }

    /// The lines of a workbook, put into the form.
    fn filled(&self, fields: &Fields, lines: Vec<results::Line>) -> Fields {
        let mut filled = fields.clone();
        let mut bodies = self.bodies(fields);
        let mut numbers: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, body) in bodies.iter().enumerate() {
            numbers.entry(fold(body)).or_default().push(number);
        }
        let mut taken = BTreeSet::new();
        for line in lines {
            let id = match line.who {
                Who::City => String::from("city"),
                Who::Unit(unit) => unit.to_string(),
                Who::Body(name) => {
                    // The same name, or the only one that is alike without accents; two rows never share a line.
                    let alike = numbers.get(&fold(&name)).map(Vec::as_slice).unwrap_or_default();
                    let same = alike.iter().find(|number| bodies[**number] == name);
                    let only = if let [only] = alike { Some(only) } else { None };
                    let number = same.or(only).copied().filter(|number| !taken.contains(number)).unwrap_or(bodies.len());
                    taken.insert(number);
                    if number == bodies.len() {
                        bodies.push(name);
                    }
                    format!("body-{number}")
                }
            };
            let names = ["value", "yes", "asked", "population"];
            for (name, cell) in names.into_iter().zip(line.cells).filter_map(|(name, cell)| Some((name, cell?))) {
                filled = filled.put(&format!("{name}-{id}"), number::typed(cell));
            }
        }
        bodies.iter().enumerate().fold(filled, |filled, (number, body)| filled.put(&format!("body-{number}"), body.clone()))
    }

    /// The figure that was typed. What cannot be read is left to the rules, which say so.
    fn read(&self, text: &str) -> Value {
        self.measure.figure(text).map_or_else(|| json!(text), |value| json!(value))
    }

    /// The targets that the form changes.
    fn targets(&self, fields: &Fields) -> Result<Vec<Value>, Refusal> {
        let bodies = self.bodies(fields).into_iter().enumerate().map(|(number, name)| (format!("body-{number}"), Who::Body(name)));
        let units = self.units.iter().map(|unit| (unit.id.to_string(), Who::Unit(unit.id.clone())));
        let mut changed = Vec::new();
        for (id, who) in std::iter::once((String::from("city"), Who::City)).chain(units).chain(bodies) {
            let now = fields.get(&format!("target-{id}")).map(|text| self.read(text));
            let before = self.known.iter().flat_map(|known| &known.targets).find(|(whose, _)| *whose == who).map(|(_, value)| json!(value));
            // What was not touched is not sent, whatever another person has set meanwhile.
            let was = fields.get(&format!("was-{id}")).map(|text| self.read(text));
            if was.is_some() && was == now {
                continue;
            }
            if was.is_some() && was != before {
                let title = &self.measure.title;
                return Err(Refusal::invalid("row-changed", sentence!("row-changed", title)));
            }
            let value = match (now, before) {
                (None, Some(_)) => return Err(Refusal::invalid("target-emptied", sentence!("target-emptied"))),
                (None, None) => continue,
                (Some(now), before) if before.as_ref() == Some(&now) => continue,
                (Some(now), _) => now,
            };
            changed.push(match who {
                Who::City => json!({ "value": value }),
                Who::Unit(unit) => json!({ "unit": unit, "value": value }),
                Who::Body(body) => json!({ "body": body, "value": value }),
            });
        }
        Ok(changed)
    }

    /// What the form reports: only what was filled in. Numbers that cannot be read are left to the rules.
    fn values(&self, fields: &Fields) -> Vec<Value> {
        let filled = |name: String| Some(fields.get(&name).unwrap_or_default().trim().to_owned()).filter(|text| !text.is_empty());
        let read = |name: String| filled(name).map(|text| self.read(&text));
        let count = |name: String| filled(name).map(|text| whole(&text).map_or_else(|| json!(text), |value| json!(value)));
        let own = |id: &str, whose: Option<(&str, &str)>| -> Option<Value> {
            let mut line = Map::new();
            if let Some(value) = read(format!("value-{id}")) {
                line.insert("value".into(), value);
            }
            let (yes, asked) = (count(format!("yes-{id}")), count(format!("asked-{id}")));
            if yes.is_some() || asked.is_some() {
                // One without the other is refused by the rules.
                line.insert("answers".into(), json!({ "yes": yes.unwrap_or(json!(0)), "asked": asked.unwrap_or(json!(0)) }));
            }
            if line.is_empty() {
                return None;
            }
            if let Some(population) = count(format!("population-{id}")) {
                line.insert("population".into(), population);
            }
            if let Some((name, value)) = whose {
                line.insert(name.into(), json!(value));
            }
            Some(Value::Object(line))
        };
        let units = self.units.iter().filter_map(|unit| own(unit.id.as_str(), Some(("unit", unit.id.as_str()))));
        let mut values: Vec<Value> = units.collect();
        if self.is_city {
            values.extend(own("city", None));
            // A figure without a name is refused by the rules: it is nobody's.
            let line = |(number, name): (usize, String)| own(&format!("body-{number}"), Some(("body", &name)));
            values.extend(self.bodies(fields).into_iter().enumerate().filter_map(line));
        }
        values
    }
}

/// `GET /office/indicators/{code}?period=`
pub async fn results(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let opened = open(&site, &desk, &code, asking.asked("period").as_deref())?;
    let fields = Fields::default().with("as_of", opened.period.last().min(site.moment().today).to_string());
    Ok(opened.page(&site, &desk, &asking.headers, asking.lang(), &fields, (None, None)))
}

/// `GET /office/indicators/{code}/sheet.xlsx?period=`: the workbook into which results are entered.
pub async fn sheet(State(site): State<Arc<Site>>, Path(code): Path<String>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    let opened = open(&site, &desk, &code, asking.asked("period").as_deref())?;
    let units: Vec<&Unit> = opened.units.iter().collect();
    let bodies = opened.is_city.then(|| opened.bodies(&Fields::default()));
    let file = standings::template(&opened.measure, &units, bodies.as_deref()).map_err(|error| HttpError::Internal(error.to_string()))?;
    let mut headers = HeaderMap::new();
    let name = format!("attachment; filename=\"{}-{}.xlsx\"", opened.code, opened.period);
    headers.extend(HeaderValue::try_from(name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(respond::with(StatusCode::OK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", headers, Body::from(file)))
}

/// `POST /office/indicators/{code}`: a workbook fills the form and changes nothing; the form reports, or pledges.
pub async fn report(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    desk: Desk,
    asking: Asking,
    request: HttpRequest,
) -> Result<Response, HttpError> {
    desk.check_families(&[FAMILY])?;
    let headers = request.headers().clone();
    let sent = desk.files(request, LARGEST).await?;
    let fields = Fields::from(sent.fields());
    let lang = fields.lang(&asking.headers);
    let opened = open(&site, &desk, &code, fields.get("period"))?;
    if let (Some("read"), Some(source)) = (fields.get("do"), sent.file("file")) {
        let (mut report, rows) = site.app.read_table(&desk.actor, source, ROWS)?;
        let units: Vec<&Unit> = opened.units.iter().collect();
        let lines = results::lines(&rows, &units, opened.is_city, |text| opened.measure.figure(text), &mut report);
        return Ok(opened.page(&site, &desk, &headers, lang, &opened.filled(&fields, lines), (None, Some(&report))));
    }
    let text = |name: &str| fields.get(name).unwrap_or_default().trim().to_owned();
    let optional = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
    let own = format!("/office/indicators/{}?period={}", opened.code, opened.period);
    let (action, body) = if fields.get("do") == Some("targets") {
        match opened.targets(&fields) {
            Ok(targets) if targets.is_empty() => return Ok(leads_to(&own, lang)),
            Ok(targets) => ("set-targets", json!({ "period": opened.period, "targets": targets })),
            Err(refusal) => return Ok(opened.page(&site, &desk, &headers, lang, &fields, (Some(&refusal.said.text(lang)), None))),
        }
    } else if fields.get("do") == Some("pledge") {
        let value = opened.read(&text("pledge"));
        let mut body = json!({ "period": opened.period, "value": value, "signed_by": text("signed_by"), "signed_on": text("signed_on") });
        match (optional("pledge_unit"), optional("pledge_body")) {
            (_, Some(name)) => body["body"] = json!(name),
            (unit, None) => body["unit"] = json!(unit),
        }
        if let Some(document) = optional("pledge_document") {
            body["document"] = json!(document);
        }
        ("pledge", body)
    } else {
        let mut body =
            json!({ "period": opened.period, "as_of": text("as_of"), "source": text("source"), "values": opened.values(&fields) });
        for name in ["document", "reason"] {
            if let Some(text) = optional(name) {
                body[name] = json!(text);
            }
        }
        ("report-results", body)
    };
    let seen = opened.version.to_string();
    match desk.carry_out(&site, opened.code, &Form { family: FAMILY, action, seen: &seen, at: None }, body).await {
        Ok(_) => Ok(leads_to(&format!("{own}&done=1"), lang)),
        Err(error) => Ok(opened.page(&site, &desk, &headers, lang, &fields, (Some(&refused(error, lang)?), None))),
    }
}
