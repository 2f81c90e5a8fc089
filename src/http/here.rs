//! `/here`: what applies at a place. The place is given by the browser's position, by tapping the map, by
//! coordinates in WGS 84 or VN-2000, by the name of a unit or landmark, or as a parcel. Positions come in a
//! POST body, are answered and forgotten: they are neither logged nor kept. A GET with coordinates serves
//! links that people share on purpose.

use crate::http::reading;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::civil::Date;

use super::Site;
use super::errors::HttpError;
use super::forms::{self, Fields};
use super::home::map_of;
use super::place_sheet;
use super::reading::Form;
use super::respond;
use super::search;
use crate::domain::city::City;
use crate::domain::feature_set::FeatureSet;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::unit::UnitId;
use crate::geometry::Bbox;
use crate::geometry::Position;
use crate::geometry::area::Area;
use crate::geometry::contains;
use crate::geometry::crs::Crs;
use crate::http::reading::Asking;
use crate::import::parcel;
use crate::prints;
use crate::read_model::here::Place;
use crate::read_model::nearest::kinds;
use crate::read_model::search::Hit;
use crate::render::here::tap::Picked;
use crate::render::here::ways::Typed;
use crate::render::here::{self as pages, Asked, Spot, json as programs, tap, unit, ways};
use crate::render::layout::SCRIPT_POLICY;
use crate::render::map::{self, Frame};
use crate::render::search::Found;
use crate::words::sentence::{Names, Sentence, ToWord, Word};
use crate::words::text::Lang;
use crate::words::text::text;

/// Longest body, bytes: a parcel of 2,000 corners as GeoJSON, percent-encoded.
const BODY_BYTES: usize = 256 << 10;
/// Most places offered for a name that was typed.
const PROPOSED: usize = 12;
/// Decimal places of a degree that are kept, as a factor: positions are rounded to about a metre before use.
const DIGITS: f64 = 1e5;

/// `GET /here`
pub async fn get(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    let query = query.as_deref();
    answer(&site, Fields::of(query, ""), &headers).await
}

/// `POST /here`: as `GET /here`, but the fields come in the body and stand in no address.
pub async fn post(State(site): State<Arc<Site>>, Asking { query, headers }: Asking, body: Body) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let sent = forms::read(&headers, body, BODY_BYTES).await?;
    let fields = match sent.media.as_str() {
        "application/geo+json" | "application/json" | "text/plain" | "text/csv" => Fields::of(query, "").with("parcel", sent.text),
        _ => Fields::of(query, &sent.text),
    };
    answer(&site, fields, &headers).await
}

fn wrong(said: Sentence) -> HttpError {
    HttpError::Parameter(said)
}

fn outside(city: &City, in_degrees: bool) -> HttpError {
    let order = if in_degrees { sentence!("order-degrees") } else { sentence!("order-metres", epsg = city.default_crs) };
    wrong(sentence!("place-outside", city = city.name(), order))
}

fn number(fields: &Fields, name: &str) -> Result<Option<f64>, HttpError> {
    let Some(text) = fields.asked(name) else { return Ok(None) };
    let plain: String = crate::words::alike::read(text).chars().filter(|c| !c.is_whitespace()).collect();
    let value = parcel::number(&plain).filter(|value| value.is_finite());
    let shown: String = text.chars().take(40).collect();
    value.map(Some).ok_or_else(|| wrong(sentence!("number-here", name = in_languages(name), shown)))
}

/// The name of a field as the page shows it.
fn named(lang: Lang, name: &str) -> &str {
    match name {
        "lon" => text(lang, "longitude"),
        "lat" => text(lang, "latitude"),
        "e" => text(lang, "easting"),
        "n" => text(lang, "northing"),
        other => other,
    }
}

/// The name of a field in all languages.
fn in_languages(name: &str) -> Word {
    Names(named(Lang::Vi, name), named(Lang::En, name)).to_word()
}

fn both(fields: &Fields, names: [&str; 2]) -> Result<Option<[f64; 2]>, HttpError> {
    let given = match names.map(|name| fields.asked(name)) {
        [None, None] => return Ok(None),
        [Some(_), Some(_)] => return Ok(number(fields, names[0])?.zip(number(fields, names[1])?).map(|(a, b)| [a, b])),
        [Some(text), None] | [None, Some(text)] => text,
    };
    // Both numbers in one field, as maps and our own answers show them: “21.70423, 104.87512”.
    let apart = parcel::numbers(&given.replace(", ", " "));
    let parts: Vec<&str> = given.split(',').map(str::trim).collect();
    let by_comma: Vec<f64> = parts.iter().filter_map(|part| parcel::number(part)).collect();
    // If both numbers have dots, or both are whole metres, the comma separates them and is not a decimal comma.
    let stands_between = parts.iter().all(|part| part.contains('.')) || by_comma.iter().all(|value| value.abs() >= 100_000.0);
    match (apart.as_slice(), by_comma.as_slice(), parts.len()) {
        ([a, b], ..) => Ok(Some([*a, *b])),
        (_, [a, b], 2) if stands_between => Ok(Some([*a, *b])),
        _ => {
            let [a, b] = names.map(in_languages);
            Err(wrong(sentence!("enter-both-numbers", a, b)))
        }
    }
}

/// The position that a request gives in numbers: `lon` and `lat` in degrees, or `e` and `n` in metres of
/// the city's VN-2000 zone. The size of the numbers tells which is which, so either order is understood.
pub(super) fn position(fields: &Fields, city: &City) -> Result<Option<Position>, HttpError> {
    let round = |value: f64| (value * DIGITS).round() / DIGITS;
    // A Vietnamese table writes “512.650” for 512,650 metres.
    let metres = |value: f64| if value.abs() < 10_000.0 { (value * 1e3).round() } else { value };
    let [degrees, planar] = [both(fields, ["lon", "lat"])?, both(fields, ["e", "n"])?.map(|pair| pair.map(metres))];
    let Some(pair) = degrees.or(planar) else { return Ok(None) };
    let plane = Crs::new(city.default_crs).map_err(|error| HttpError::Internal(error.to_string()))?;
    let [lon, lat] = parcel::degrees(pair, &plane, city).ok_or_else(|| outside(city, degrees.is_some()))?;
    Ok(Some(Position { lon: round(lon), lat: round(lat) }))
}

/// The place under the finger, and the width in degrees of the next map.
pub(super) fn tapped(fields: &Fields, city: &City) -> Result<Option<(Position, f64)>, HttpError> {
    let Some([x, y]) = both(fields, ["at.x", "at.y"])? else { return Ok(None) };
    let span = number(fields, "span")?.unwrap_or(0.0);
    let bbox = tap::map_box(city, spot_of(fields)?, span);
    let frame = tap::frame(&bbox);
    let [lon, lat] = frame.degrees(x.clamp(0.0, frame.width), y.clamp(0.0, frame.height));
    if !contains(&city.bbox, lon, lat) {
        return Err(outside(city, true));
    }
    let round = |value: f64| (value * DIGITS).round() / DIGITS;
    // Each tap zooms in four times.
    Ok(Some((Position { lon: round(lon), lat: round(lat) }, tap::nearer(city, span))))
}

/// The middle of the map that was shown.
fn spot_of(fields: &Fields) -> Result<Option<Position>, HttpError> {
    let at = both(fields, ["map.lon", "map.lat"])?;
    Ok(at.map(|[lon, lat]| Position { lon, lat }))
}

fn since(fields: &Fields, moment: &Moment) -> Result<Option<Date>, HttpError> {
    let Some(text) = fields.get("since") else { return Ok(None) };
    let mut parts = text.split(['/', '.']).map(|part| part.trim().parse::<i16>());
    let vietnamese = match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(day)), Some(Ok(month)), Some(Ok(year))) => {
            i8::try_from(month).ok().zip(i8::try_from(day).ok()).and_then(|(month, day)| Date::new(year, month, day).ok())
        }
        _ => None,
    };
    let shown: String = text.chars().take(40).collect();
    let vietnamese = vietnamese.filter(|day: &Date| day.year() >= 1_000);
    let day = text.parse::<Date>().ok().or(vietnamese).ok_or_else(|| wrong(sentence!("since-day", shown)))?;
    if day > moment.today {
        return Err(wrong(sentence!("day-compare-future")));
    }
    Ok(Some(day))
}

/// What a request asks about.
enum Question {
    /// Nothing was asked yet.
    Open,
    /// A place.
    At(Spot, Place),
    /// A unit: the answer is its part of every plan.
    Unit(UnitId),
    /// A name that several things have, or none; with the things found, and another spelling if none was found.
    Which(String, Vec<Found>, Option<String>),
}

async fn question(site: &Site, fields: &Fields, city: &City, moment: &Moment) -> Result<(Question, Option<f64>), HttpError> {
    // Every field is read, whichever decides in the end, so that a wrong one is never ignored.
    let at = position(fields, city)?;
    let tap = tapped(fields, city)?;
    let unit = fields
        .asked("unit")
        .map(|text| text.parse::<UnitId>().ok().filter(|id| city.units.get(id).is_some()).ok_or(HttpError::UnknownUnit));
    let unit = unit.transpose()?;
    let span = if fields.get("map").is_some() { Some(number(fields, "span")?.unwrap_or(0.0)) } else { None };
    if let Some(text) = fields.get("parcel") {
        let parcel = parcel::read(text, city).map_err(|parcel::NoParcel(said)| wrong(said))?;
        let area = Area::new(parcel.rings).ok_or_else(|| wrong(sentence!("parcel-empty")))?;
        let place = Place::Parcel(area, parcel.area_m2);
        let [lon, lat] = place.point();
        return Ok((Question::At(Spot { at: Position { lon, lat }, name: None, parcel: Some(text.to_owned()) }, place), None));
    }
    if let Some((at, span)) = tap {
        return Ok((at_point(at, None), Some(span)));
    }
    if let Some(at) = at {
        return Ok((at_point(at, None), span));
    }
    if let Some(id) = unit {
        return Ok((Question::Unit(id), span));
    }
    if let Some(text) = fields.get("place") {
        let typed: String = text.chars().take(200).collect();
        let index = search::index(site, moment).await?;
        let (named, hits, proposal) = tokio::task::block_in_place(|| {
            let (named, hits) = (index.named(&typed, PROPOSED * 4), index.find(&typed, PROPOSED * 4));
            let proposal = if hits.is_empty() { index.proposal(&typed) } else { None };
            (named, hits, proposal)
        });
        let placed = |hits: Vec<Hit>| -> Vec<Found> {
            let found = hits.into_iter().filter_map(|hit| search::found(site, city, hit, moment));
            let mut found: Vec<Found> = found.filter(|found| found.spot(Lang::Vi).is_some()).collect();
            // People who type where they are mean a ward or a landmark, not a notice board there.
            found.sort_by_key(|found| matches!(found, Found::Item(_)));
            found.truncate(PROPOSED);
            found
        };
        // A place that has this name comes before one that is only related to it.
        let found = Some(placed(named)).filter(|found| !found.is_empty()).unwrap_or_else(|| placed(hits));
        return Ok((Question::Which(typed, found, proposal), span));
    }
    Ok((Question::Open, span))
}

fn at_point(at: Position, name: Option<String>) -> Question {
    Question::At(Spot { at, name, parcel: None }, Place::Point([at.lon, at.lat]))
}

/// If only one thing has the name, the question is about that thing.
fn the_only(lang: Lang, found: Vec<Found>) -> Question {
    match found.into_iter().next() {
        Some(Found::Unit(unit, _)) => Question::Unit(unit.id),
        Some(found) => found.spot(lang).map_or(Question::Open, |(name, at)| at_point(at, Some(name))),
        None => Question::Open,
    }
}

async fn answer(site: &Arc<Site>, fields: Fields, headers: &HeaderMap) -> Result<Response, HttpError> {
    let is_print = fields.get("f") == Some("pdf");
    let form = match fields.get("f").filter(|_| !is_print) {
        None if is_print => Form::Html,
        None if reading::wants_html(headers) => Form::Html,
        given => reading::form(given, headers)?,
    };
    let lang = fields.lang(headers);
    let city = site.city();
    let moment = site.moment();
    // A wrong day does not cost a person the answer: the page says what is wrong beside it.
    let (since, wrong_day) = match since(&fields, &moment) {
        Err(HttpError::Parameter(said)) if form == Form::Html => (None, Some(said.text(lang))),
        since => (since?, None),
    };
    let (question, span) = match question(site, &fields, &city, &moment).await {
        Ok(asked) => asked,
        // A person gets the form again, with what is wrong.
        Err(HttpError::Parameter(said)) if form == Form::Html => {
            let of = |name| fields.get(name).unwrap_or_default();
            let typed = Typed { lon: of("lon"), lat: of("lat"), e: of("e"), n: of("n"), parcel: of("parcel") };
            let page = ways::form(lang, &city, moment.today, Some(&said.text(lang)), &typed);
            return Ok(html(headers, StatusCode::BAD_REQUEST, page));
        }
        Err(error) => return Err(error),
    };
    // The question came from the page of whom to call, so the answer leads back there.
    let nearest = fields.asked("kind").and_then(|kind| kinds().into_iter().find(|known| *known == kind));
    let question = match question {
        Question::Which(_, found, _) if found.len() == 1 && form == Form::Html && nearest.is_none() => the_only(lang, found),
        question => question,
    };
    match question {
        Question::At(spot, place) => {
            let outline = place.outline();
            let here = if matches!(place, Place::Parcel(..)) {
                // A parcel takes a core for a while, so at most one is worked on for each core. The work
                // holds the permit, because the client may hang up before it is done.
                let (permit, model, moment) = (site.drawing_place().await?, Arc::clone(&site.model), moment.clone());
                let task = tokio::spawn(async move {
                    let _permit = permit;
                    model.here(place, since, &moment).await
                });
                task.await.map_err(|error| HttpError::Internal(error.to_string()))??
            } else {
                site.model.here(place, since, &moment).await?
            };
            let asked = Asked { spot: &spot, since, here: &here, wrong: wrong_day.as_deref() };
            if form == Form::Json {
                return Ok(json(headers, &programs::json(&asked, &city)));
            }
            if is_print {
                return place_sheet::printed(site, lang, &city, &moment, &asked, &outline).await;
            }
            let map = match span {
                Some(span) => Some(drawn(site, lang, &city, &moment, Some(spot.at), span).await?),
                None => None,
            };
            let status = if wrong_day.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
            Ok(html(headers, status, pages::answer(lang, &city, &moment, &asked, map.as_ref())))
        }
        Question::Unit(unit) => {
            let (views, nearby) = (site.model.in_unit(&unit, &moment).await?, site.model.nearby_in_unit(&unit, &moment).await?);
            if form == Form::Json {
                return Ok(json(headers, &programs::unit_json(&city, &unit, &views, &nearby)));
            }
            let map = map_of(site, &city, &moment, (lang, Some(unit.clone()))).await;
            Ok(html(headers, StatusCode::OK, unit::page_of(lang, &city, &moment, &unit, &views, &nearby, &map)))
        }
        Question::Which(typed, found, proposal) => {
            if form == Form::Json {
                return Ok(json(headers, &programs::which_json(lang, &typed, &found)));
            }
            Ok(html(headers, StatusCode::OK, ways::which(lang, &city, moment.today, &typed, &found, proposal.as_deref(), nearest)))
        }
        Question::Open if form == Form::Json => Err(wrong(sentence!("here-nothing-given"))),
        Question::Open => match span {
            Some(span) => {
                let map = drawn(site, lang, &city, &moment, None, span).await?;
                Ok(html(headers, StatusCode::OK, tap::page_of(lang, &city, &map)))
            }
            None => Ok(html(headers, StatusCode::OK, ways::form(lang, &city, moment.today, None, &Typed::default()))),
        },
    }
}

/// The map around a place, or of the whole city, with the land-use plan that covers most of it.
pub(super) async fn drawn(
    site: &Site,
    lang: Lang,
    city: &Arc<City>,
    moment: &Moment,
    at: Option<Position>,
    span: f64,
) -> Result<Picked, HttpError> {
    let bbox = tap::map_box(city, at, span);
    let frame: Frame = tap::frame(&bbox);
    let seen: Bbox = frame.bbox();
    // The area that a plan's box shares with the map.
    let covered = |set: &FeatureSet| {
        let along = |low: usize, high: usize| (set.bbox[high].min(seen[high]) - set.bbox[low].max(seen[low])).max(0.0);
        if set.area_ha.is_some() { along(0, 2) * along(1, 3) } else { 0.0 }
    };
    let base = {
        let image = site.model.image();
        let plans = image.items().filter(|(_, entry)| entry.item.has_areas()).filter_map(|(code, entry)| {
            let brief = entry.item.brief(moment.today).filter(|brief| brief.status == Status::InForce && entry.item.is_public())?;
            let set = brief.set?;
            Some((covered(set), brief.kind, code, set.sha256)).filter(|(area, ..)| *area > 0.0)
        });
        let best = plans.max_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        best.map(|(.., sha256)| sha256)
    };
    let features = match base {
        Some(sha256) => Some(site.model.features(sha256).await?),
        None => None,
    };
    let boundaries = prints::boundaries(&site.model, city).await.unwrap_or_default();
    let (city, today) = (Arc::clone(city), moment.today);
    let svg = tokio::task::spawn_blocking(move || {
        let units = map::unit_shapes(&city, boundaries.as_deref(), today, lang);
        tap::draw(lang, &city, features.as_deref(), &units, &bbox, at)
    });
    let svg = svg.await.map_err(|error| HttpError::Internal(error.to_string()))?;
    Ok(Picked { svg, at, span, width: frame.width, height: tap::drawn_height(&frame) })
}

fn json(request: &HeaderMap, value: &serde_json::Value) -> Response {
    respond::unkept(request, StatusCode::OK, "application/json", HeaderMap::new(), value.to_string())
}

/// A page whose script may ask the browser for its position.
pub(super) fn html(request: &HeaderMap, status: StatusCode, page: String) -> Response {
    let mut extra = HeaderMap::new();
    extra.extend(SCRIPT_POLICY.parse().ok().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    extra.insert("permissions-policy", HeaderValue::from_static("geolocation=(self)"));
    respond::unkept(request, status, "text/html; charset=utf-8", extra, page)
}
