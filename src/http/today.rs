//! `/today`: what is on, in the city or in a unit; its calendar, and the poster of a month.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;

use super::errors::HttpError;
use super::forms::{self, Fields};
use super::reading::{self, Asking, Form};
use super::{Site, here, respond};
use crate::domain::Code;
use crate::domain::unit::{Unit, UnitId};
use crate::geometry::Position;
use crate::prints::PressError;
use crate::read_model::today::On;
use crate::render::print::month::Month;
use crate::render::today::Today;
use crate::words::text::Lang;

/// Longest body of a form, bytes.
const FORM_BYTES: usize = 16 << 10;
/// Days that are shown where nobody asks for more or fewer; and at most.
const DAYS: [i64; 2] = [7, 92];
/// Most places that are listed.
const SHOWN: usize = 10;

/// `GET /today?unit=&on=&days=`
pub async fn get(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    answer(&site, Fields::of(query.as_deref(), ""), &headers, true).await
}

/// `POST /today`: as `GET /today`, but the position stands in no address.
pub async fn post(State(site): State<Arc<Site>>, Asking { query, headers }: Asking, body: Body) -> Result<Response, HttpError> {
    let sent = forms::read(&headers, body, FORM_BYTES).await?;
    answer(&site, Fields::of(query.as_deref(), &sent.text), &headers, false).await
}

/// The unit that is asked for, as it is today: one that was merged is followed where one unit took its place.
fn unit_of(site: &Site, asked: Option<&str>, today: Date) -> Result<Option<Unit>, HttpError> {
    let Some(asked) = asked.filter(|asked| *asked != "all") else { return Ok(None) };
    let id: UnitId = asked.parse().map_err(|_| HttpError::UnknownUnit)?;
    let city = site.city();
    let unit = city.units.get(&id).ok_or(HttpError::UnknownUnit)?;
    Ok(Some(match city.units.at(&id, today).as_slice() {
        [heir] => (*heir).clone(),
        _ => unit.clone(),
    }))
}

/// First and last day that are asked for.
fn days_of(fields: &Fields, today: Date) -> Result<[Date; 2], HttpError> {
    let first = match fields.untrimmed("on") {
        None => today,
        Some(day) => day.parse::<Date>().map_err(|_| HttpError::Parameter(sentence!("today-on", day)))?,
    };
    let count = match fields.untrimmed("days") {
        None => DAYS[0],
        Some(count) => {
            let number = count.parse::<i64>().ok().filter(|number| (1..=DAYS[1]).contains(number));
            number.ok_or_else(|| HttpError::Parameter(sentence!("today-days", count, most = DAYS[1])))?
        }
    };
    Ok([first, first.saturating_add((count - 1).days())])
}

async fn answer(site: &Arc<Site>, fields: Fields, headers: &HeaderMap, is_kept: bool) -> Result<Response, HttpError> {
    let form = match fields.get("f") {
        None if reading::wants_html(headers) => Form::Html,
        given => reading::form(given, headers)?,
    };
    let (lang, city, moment) = (fields.lang(headers), site.city(), site.moment());
    let unit = unit_of(site, fields.asked("unit"), moment.today)?;
    let days = days_of(&fields, moment.today)?;
    let (at, wrong) = match here::position(&fields, &city) {
        Ok(at) => (at, None),
        // The page shows what is on even if the position is wrong.
        Err(HttpError::Parameter(said)) if form == Form::Html => (None, Some(said.text(lang))),
        Err(error) => return Err(error),
    };
    let look = || {
        let image = site.model.image();
        let wanted = unit.as_ref().map(|unit| &unit.id);
        let on = image.on(wanted, days, &moment);
        let off = image.changed_days(wanted, days, &moment);
        let everywhere = if wanted.is_some() { image.on(None, days, &moment) } else { on.clone() };
        // Each revision once, with the number of its days.
        let mut counted: HashMap<(Code, u32), (&On, usize)> = HashMap::new();
        for on in &everywhere {
            counted.entry((on.view.code, on.view.revision)).or_insert((on, 0)).1 += 1;
        }
        let count = |id: &UnitId| counted.values().filter(|(on, _)| image.concerns(&on.view, id, moment.today)).map(|(_, days)| days).sum();
        let by_unit: Vec<(UnitId, usize)> =
            image.city.units.valid_on(moment.today).map(|unit| (unit.id.clone(), count(&unit.id))).collect();
        (on, off, by_unit)
    };
    let (on, off, by_unit) = site.at_length(look).await?;
    let day = on.first().map_or(days[0], |on| on.when.day);
    let of_day: Vec<On> = on.iter().filter(|on| on.when.day == day).cloned().collect();
    // Without a position, the middle of the unit tells what is near.
    let near = at.or(unit.as_ref().map(|unit| Position { lon: unit.label.lon, lat: unit.label.lat }));
    let places = site.model.places_on(&of_day, near, SHOWN, &moment).await?;
    let today = Today {
        lang,
        city: &city,
        moment: &moment,
        days,
        is_asked: fields.untrimmed("on").is_some() || fields.untrimmed("days").is_some(),
        unit: unit.as_ref(),
        on: &on,
        off: &off,
        by_unit: &by_unit,
        places: (day, &places),
        at,
        wrong: wrong.as_deref(),
    };
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok(match form {
        Form::Json if is_kept && at.is_none() => {
            respond::fresh(headers, "application/json", "no-cache", HeaderMap::new(), today.json().to_string())
        }
        Form::Json => respond::unkept(headers, status, "application/json", HeaderMap::new(), today.json().to_string()),
        Form::Html if is_kept && at.is_none() && wrong.is_none() => {
            respond::fresh(headers, "text/html; charset=utf-8", "no-cache", HeaderMap::new(), today.page())
        }
        Form::Html => here::html(headers, status, today.page()),
    })
}

/// `GET /today.ics?unit=`: the calendar of the city or a unit.
pub async fn calendar(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let moment = site.moment();
    let unit = unit_of(&site, asking.asked("unit").as_deref(), moment.today)?;
    let make = || {
        let (city, views) = {
            let image = site.model.image();
            (Arc::clone(&image.city), image.calendars(unit.as_ref().map(|unit| &unit.id), &moment))
        };
        let name = unit.as_ref().map_or(&city.name_vi, |unit| &unit.name_vi);
        crate::render::calendar::of_all(&city, &format!("Bảng tin {name}"), &views)
    };
    let body = site.at_length(make).await?;
    Ok(respond::fresh(&asking.headers, "text/calendar; charset=utf-8", "no-cache", HeaderMap::new(), body))
}

/// `GET /today/poster.pdf?unit=&month=2026-12`: what is on in a month, on one page to hang up.
pub async fn poster(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let moment = site.moment();
    let unit = unit_of(&site, asking.asked("unit").as_deref(), moment.today)?;
    let month = match asking.parameter("month") {
        None => moment.today,
        Some(month) => format!("{month}-01").parse().map_err(|_| HttpError::Parameter(sentence!("today-month", month)))?,
    };
    let lang = Lang::choose(asking.parameter("lang").as_deref(), None);
    let place = site.drawing_place().await?;
    let look = || {
        let image = site.model.image();
        let days = [month.first_of_month(), month.last_of_month()];
        (Arc::clone(&image.city), image.on(unit.as_ref().map(|unit| &unit.id), days, &moment))
    };
    let (city, on) = site.at_length(look).await?;
    let made = tokio::task::spawn_blocking(move || {
        // The work holds the place, because the client may hang up before it is done.
        let _place = place;
        Month { lang, city: &city, moment: &moment, first: month.first_of_month(), unit: unit.as_ref(), on: &on }
            .pdf()
            .map_err(PressError::from)
    });
    let file = made.await.map_err(|error| HttpError::Internal(error.to_string()))??;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"lich-thang.pdf\""));
    Ok(respond::with(StatusCode::OK, "application/pdf", headers, file))
}
