//! `/office/indicators/{code}`: results are entered, in the form or from a workbook, and what is promised.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Desk, Form, leads_to, refused, shown};
use crate::domain::Code;
use crate::domain::families;
use crate::domain::figures::{Measure, Period};
use crate::domain::unit::Unit;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::http::{Site, respond};
use crate::import::Report;
use crate::import::results;
use crate::render::office::results as pages;
use crate::render::standings;
use crate::words::number::whole;
use crate::words::text::Lang;

const FAMILY: &str = "indicator";
/// Largest workbook, bytes.
const LARGEST: u64 = 4 << 20;
/// Most rows of a workbook.
const ROWS: usize = 2_000;

/// An indicator, with the units that the person may report for.
struct Opened {
    code: Code,
    version: i64,
    measure: Measure,
    period: Period,
    units: Vec<Unit>,
    is_city: bool,
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
        return Err(HttpError::Refused(crate::domain::Refusal::forbidden("forbidden-family", sentence!("forbidden-family"))));
    }
    Ok(Opened { code, version: entry.version, measure, period, units, is_city })
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
        let known = site.model.image().table(&self.code, Some(self.period), &site.moment());
        let form = pages::Entry {
            code: self.code,
            version: self.version,
            measure: &self.measure,
            period: self.period,
            units: &self.units,
            is_city: self.is_city,
            known: known.as_ref(),
            filled: &filled,
            report,
        };
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        shown(headers, status, pages::entry(lang, &site.city(), &desk.who(), &site.moment(), &form, wrong))
    }

    /// What the form reports: only what was filled in. Numbers that cannot be read are left to the rules.
    fn values(&self, fields: &Fields) -> Vec<Value> {
        let filled = |name: String| Some(fields.get(&name).unwrap_or_default().trim().to_owned()).filter(|text| !text.is_empty());
        let read = |name: String| filled(name).map(|text| self.measure.figure(&text).map_or_else(|| json!(text), |value| json!(value)));
        let count = |name: String| filled(name).map(|text| whole(&text).map_or_else(|| json!(text), |value| json!(value)));
        let own = |id: &str, unit: Option<&Unit>| -> Option<Value> {
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
            if let Some(unit) = unit {
                line.insert("unit".into(), json!(unit.id));
            }
            Some(Value::Object(line))
        };
        let units = self.units.iter().filter_map(|unit| own(unit.id.as_str(), Some(unit)));
        units.chain(own("city", None).filter(|_| self.is_city)).collect()
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
    let file = standings::template(&opened.measure, &units).map_err(|error| HttpError::Internal(error.to_string()))?;
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
        let mut filled = fields.clone();
        for line in results::lines(&rows, &units, |text| opened.measure.figure(text), &mut report) {
            let names = ["value", "yes", "asked", "population"];
            for (name, cell) in names.into_iter().zip(line.cells).filter_map(|(name, cell)| Some((name, cell?))) {
                filled = filled.put(&format!("{name}-{}", line.unit), crate::words::number::typed(cell));
            }
        }
        return Ok(opened.page(&site, &desk, &headers, lang, &filled, (None, Some(&report))));
    }
    let text = |name: &str| fields.get(name).unwrap_or_default().trim().to_owned();
    let optional = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
    let (action, body) = if fields.get("do") == Some("pledge") {
        let value = opened.measure.figure(&text("pledge")).map_or_else(|| json!(text("pledge")), |value| json!(value));
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
        Ok(_) => Ok(leads_to(&format!("/office/indicators/{}?period={}&done=1", opened.code, opened.period), lang)),
        Err(error) => Ok(opened.page(&site, &desk, &headers, lang, &fields, (Some(&refused(error, lang)?), None))),
    }
}
