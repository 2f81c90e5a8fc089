//! The home page, and the answer for addresses that lead nowhere.

use crate::http::collections::parameters;
use crate::http::lists;
use crate::http::reading::{self, Asking};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use jiff::civil::Date;

use super::collections::query;
use super::errors::HttpError;
use super::items::code_before;
use super::reading::Form;
use super::respond;
use super::{Site, api};
use crate::domain::Digest;
use crate::domain::city::City;
use crate::domain::families;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::unit::UnitId;
use crate::prints;
use crate::render::home as pages;
use crate::render::map::unit_shapes;
use crate::words::text::Lang;

/// Newest items shown of each collection, and of what changed last.
const SHOWN: usize = 3;
/// The collection of services on other sites, and how many of them the page shows.
const SERVICES: &str = "services";
const MOST_SERVICES: usize = 12;
/// Occasions of today that are shown.
const TODAY: usize = 5;

/// `/`
pub async fn home(State(site): State<Arc<Site>>, Asking { query, headers }: Asking) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let f = reading::parameter(query, "f");
    let json = match f.as_deref() {
        // A browser gets the page, and so does someone who tries curl. A map client asks for JSON, or
        // is known to read nothing else.
        None => !reading::wants_html(&headers) && (accepts_json(&headers) || reads_json_only(&headers)),
        given => reading::form(given, &headers)? == Form::Json,
    };
    if json {
        // For a program, a mistyped parameter is an error. A page opens whatever was appended to its
        // address.
        let rest: Vec<&str> = query.unwrap_or_default().split('&').filter(|pair| !pair.starts_with("lang=")).collect();
        parameters::pairs(Some(&rest.join("&")), query::COMMON, &[], false)?;
        return Ok(respond::described(&headers, vary(), &api::landing(&site)));
    }
    let lang = reading::language(reading::parameter(query, "lang").as_deref(), &headers);
    let moment = site.moment();
    let city = site.city();
    let map = map_of(&site, &city, &moment, (lang, None)).await;
    let image = site.model.image();
    // What was taken back is no news.
    let newest = |name: &'static str| {
        let mut newest: Vec<_> = image.collection(name).collect();
        newest.sort_by_key(|(code, entry)| (-entry.version, **code));
        newest.retain(|(_, entry)| !entry.item.is_withdrawn());
        newest.truncate(SHOWN);
        newest
    };
    // Services stand on the page themselves.
    let names = families::collections().into_iter().map(|(name, ..)| name).filter(|name| *name != SERVICES);
    let collections: Vec<_> = names
        .clone()
        .map(|name| {
            let views = newest(name).into_iter().filter_map(|(_, entry)| entry.item.view(None, &moment)).collect();
            (name, image.count(name), views)
        })
        .collect();
    let mut changed: Vec<_> = names.flat_map(newest).collect();
    changed.sort_by_key(|(code, entry)| (-entry.version, **code));
    changed.truncate(SHOWN);
    let changed = changed.into_iter().filter_map(|(_, entry)| entry.item.view(None, &moment)).collect::<Vec<_>>();
    let services = image.collection(SERVICES).filter_map(|(_, entry)| entry.item.view(None, &moment));
    let mut services: Vec<_> = services.filter(|view| view.status == Status::InForce).collect();
    services.sort_by(|a, b| (a.told("category"), &a.title).cmp(&(b.told("category"), &b.title)));
    services.truncate(MOST_SERVICES);
    let mut on = image.on(None, [moment.today; 2], &moment);
    on.truncate(TODAY);
    drop(image);
    let page = pages::home(
        lang,
        &city,
        &moment,
        &pages::Home { map: &map, on: &on, changed: &changed, services: &services, collections: &collections },
    );
    Ok(respond::fresh(&headers, "text/html; charset=utf-8", "public, max-age=5", vary(), page))
}

/// Maps of the wards in each language, each with the day, the boundaries and the names that it was drawn for.
pub(crate) type Maps = HashMap<(Lang, Option<UnitId>), ((Date, Option<Digest>, String), Arc<str>)>;

/// The map of the wards, in a language, on which a unit may be marked; it is drawn again on another day, or when the city
/// changes. Without boundaries there is none.
pub(super) async fn map_of(site: &Site, city: &City, moment: &Moment, shown: (Lang, Option<UnitId>)) -> Arc<str> {
    let boundaries = prints::boundaries(&site.model, city).await.unwrap_or_default();
    let boundaries = boundaries.as_deref();
    let names: String = city.units.valid_on(moment.today).map(|unit| unit.name_vi.as_str()).collect();
    let key = (moment.today, city.boundaries.as_ref().filter(|_| boundaries.is_some()).map(|set| set.sha256), names);
    let mut maps = site.home_maps.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, map)) = maps.get(&shown).filter(|(known, _)| *known == key) {
        return Arc::clone(map);
    }
    let own = shown.1.as_ref().map(|id| city.units.at(id, moment.today)).unwrap_or_default();
    let is_own = |id: &UnitId| own.iter().any(|unit| unit.id == *id);
    let map: Arc<str> = pages::map_of(shown.0, &unit_shapes(city, boundaries, moment.today, shown.0), &is_own).into();
    maps.insert(shown, (key, Arc::clone(&map)));
    map
}

/// The headers that decide the form of the answer.
fn vary() -> HeaderMap {
    HeaderMap::from_iter([(header::VARY, HeaderValue::from_static("Accept, Accept-Language, Accept-Encoding, User-Agent"))])
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = lists::whole(headers, header::ACCEPT).unwrap_or_default();
    // True if the client asks for a form that programs read, or refuses pages.
    lists::weighted(&accept).any(|(media, weight)| match media.to_ascii_lowercase().as_str() {
        "application/*" => weight > 0.0,
        "text/html" => weight <= 0.0,
        media => weight > 0.0 && media.contains("json"),
    })
}

/// True for libraries that accept anything but read only JSON.
fn reads_json_only(headers: &HeaderMap) -> bool {
    let agent = headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    ["owslib", "python", "gdal", "qgis"].iter().any(|name| agent.contains(name))
}

/// `/licence`: the terms of the data.
pub async fn licence(State(site): State<Arc<Site>>, asking: Asking) -> Response {
    let page = crate::render::collections::licence(asking.lang(), &site.city());
    respond::fresh(&asking.headers, "text/html; charset=utf-8", "public, max-age=60", HeaderMap::new(), page)
}

/// `/glossary`: legal and technical words explained.
pub async fn glossary(State(site): State<Arc<Site>>, asking: Asking) -> Response {
    let page = crate::render::glossary::glossary(asking.lang(), &site.city());
    respond::fresh(&asking.headers, "text/html; charset=utf-8", "public, max-age=60", HeaderMap::new(), page)
}

/// The answer for an address that leads nowhere.
pub async fn not_found(uri: Uri) -> Result<Response, HttpError> {
    // Messengers make a link within a link from “[text](address)”; the code is at its beginning.
    let behind = uri.path().strip_prefix("/q/").or_else(|| uri.path().strip_prefix("/Q/"));
    if let Some(code) = behind.filter(|rest| rest.contains("](") || rest.contains("%5D(")).and_then(code_before) {
        return Ok(respond::see(&format!("/q/{code}")));
    }
    Err(HttpError::NotFound)
}

/// The answer for a method that an address does not take. The router has already named those that it takes.
pub async fn method_not_allowed() -> HttpError {
    HttpError::MethodNotAllowed
}
