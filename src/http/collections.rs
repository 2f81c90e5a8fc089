//! `/collections` and below: lists of items and of single features, with bbox and paging.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde_json::{Value, json};

use super::Site;
use super::errors::HttpError;
use super::items::finish;
use super::respond::{self, Form};
use crate::domain::geometry::{Bbox, contains, intersects};
use crate::domain::publication::Status;
use crate::domain::view::View;
use crate::domain::{Code, families};
use crate::event_store::StoreError;
use crate::read_model::features::Features;
use crate::render::geojson::{self, Shared};
use crate::render::home as pages;
use crate::render::text::{Lang, text};

const DEFAULT_LIMIT: usize = 100;
const MAXIMUM_LIMIT: usize = 10_000;
const GEOJSON: &str = "application/geo+json";
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
/// Short: map clients keep metadata without asking again.
const METADATA_CACHE: &str = "public, max-age=5";

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Published items.
    Items,
    /// Features of the items' sets, of those in force.
    Features(&'static str),
    /// Administrative units.
    Units,
}

fn all() -> Vec<(&'static str, Content)> {
    let items = families::collections().into_iter().map(|(name, _, _)| (name, Content::Items));
    let features = families::feature_collections().into_iter().map(|(name, family)| (name, Content::Features(family)));
    items.chain(features).chain([("units", Content::Units)]).collect()
}

fn find(name: &str) -> Result<(&'static str, Content), HttpError> {
    all().into_iter().find(|(known, _)| *known == name).ok_or(HttpError::NotFound)
}

/// Items of a family whose collections together hold the family's feature sets.
fn views_of(site: &Site, family: &str) -> Vec<View> {
    let moment = site.moment();
    let image = site.model.image();
    let mut views = Vec::new();
    for (name, of, _) in families::collections() {
        if of == family {
            views.extend(image.collection(name).filter_map(|(_, entry)| entry.item.view(None, &moment)));
        }
    }
    views.retain(|view| view.status == Status::InForce && view.features.is_some() && !view.outline_only);
    views.sort_by_key(|view| view.code);
    views
}

fn count(site: &Site, name: &str, content: Content) -> usize {
    match content {
        Content::Items => site.model.image().count(name),
        Content::Features(family) => {
            views_of(site, family).iter().filter_map(|view| view.features.as_ref()).map(|set| set.count as usize).sum()
        }
        Content::Units => site.city().units.0.len(),
    }
}

fn description(site: &Site, name: &str) -> Value {
    let city = site.city();
    let url = &city.public_url;
    let link = |rel: &str, media: &str, path: String, title: &str| json!({ "rel": rel, "type": media, "href": format!("{url}{path}"), "title": title });
    json!({
        "id": name,
        "title": text(Lang::Vi, name),
        "description": text(Lang::En, name),
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "extent": { "spatial": { "bbox": [city.bbox], "crs": CRS84 }, "temporal": { "interval": [[Value::Null, Value::Null]] } },
        "links": [
            link("self", "application/json", format!("/collections/{name}?f=json"), "This collection"),
            link("alternate", "text/html", format!("/collections/{name}?f=html"), "This collection as HTML"),
            link("items", GEOJSON, format!("/collections/{name}/items"), "Features as GeoJSON"),
            link("items", "text/html", format!("/collections/{name}/items?f=html"), "Features as HTML"),
        ],
    })
}

/// `/collections`
pub async fn list(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.as_deref();
    let result = respond::form(respond::parameter(query, "f").as_deref(), &headers).map(|form| {
        if form == Form::Html {
            let lang = respond::language(respond::parameter(query, "lang").as_deref(), &headers);
            let counts: Vec<_> = all().into_iter().map(|(name, content)| (name, count(&site, name, content))).collect();
            let page = pages::collections(lang, &site.city(), &counts);
            return respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), page);
        }
        let url = site.city().public_url.clone();
        let collections: Vec<_> = all().into_iter().map(|(name, _)| description(&site, name)).collect();
        let links = json!([
            { "rel": "self", "type": "application/json", "href": format!("{url}/collections?f=json") },
            { "rel": "alternate", "type": "text/html", "href": format!("{url}/collections?f=html") },
        ]);
        let body = json!({ "links": links, "collections": collections }).to_string();
        respond::fresh(&headers, "application/json", METADATA_CACHE, HeaderMap::new(), body)
    });
    finish(&site, &headers, query, result)
}

/// `/collections/{c}`
pub async fn one(State(site): State<Arc<Site>>, Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.as_deref();
    let result = (|| {
        let (name, content) = find(&name)?;
        let form = respond::form(respond::parameter(query, "f").as_deref(), &headers)?;
        if form == Form::Html {
            let lang = respond::language(respond::parameter(query, "lang").as_deref(), &headers);
            let counted = count(&site, name, content);
            let page = pages::collections(lang, &site.city(), &[(name, counted)]);
            return Ok(respond::fresh(&headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), page));
        }
        Ok(respond::fresh(&headers, "application/json", METADATA_CACHE, HeaderMap::new(), description(&site, name).to_string()))
    })();
    finish(&site, &headers, query, result)
}

/// What a request for features asks.
struct Ask {
    bbox: Option<Bbox>,
    limit: usize,
    after: Option<String>,
    form: Form,
    lang: Lang,
}

const KNOWN: &[&str] = &["bbox", "limit", "after", "f", "lang", "token"];

impl Ask {
    fn read(query: Option<&str>, headers: &HeaderMap) -> Result<Self, HttpError> {
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap_or_default();
            if !KNOWN.contains(&name) {
                return Err(HttpError::BadRequest(format!("unknown parameter “{name}”; known: {}", KNOWN.join(", "))));
            }
        }
        let given = |name| respond::parameter(query, name);
        let limit = match given("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => match text.parse::<usize>() {
                Ok(0) | Err(_) => return Err(HttpError::BadRequest("limit must be a whole number from 1".into())),
                Ok(limit) => limit.min(MAXIMUM_LIMIT),
            },
        };
        Ok(Self {
            bbox: given("bbox").map(|text| parse_bbox(&text)).transpose()?,
            limit,
            after: given("after"),
            form: respond::form(given("f").as_deref(), headers)?,
            lang: respond::language(given("lang").as_deref(), headers),
        })
    }
}

/// Four numbers, or six with heights that are left aside; west may be greater than east.
fn parse_bbox(text: &str) -> Result<Bbox, HttpError> {
    let wrong = || HttpError::BadRequest("bbox must be west,south,east,north in degrees".into());
    let numbers: Vec<f64> =
        text.split(',').map(|part| part.trim().parse().ok().filter(|n: &f64| n.is_finite())).collect::<Option<_>>().ok_or_else(wrong)?;
    let bbox = match numbers[..] {
        [west, south, east, north] | [west, south, _, east, north, _] => [west, south, east, north],
        _ => return Err(wrong()),
    };
    if bbox[1] > bbox[3] { Err(wrong()) } else { Ok(bbox) }
}

/// A page of features: their JSON, lines for people, and where the next page begins.
#[derive(Default)]
struct Chosen {
    features: Vec<String>,
    views: Vec<View>,
    lines: Vec<pages::Line>,
    matched: usize,
    next: Option<String>,
}

fn meets(view: &View, bbox: &Bbox) -> bool {
    match (view.position, &view.features) {
        (Some(position), _) => {
            let point = [position.lon, position.lat, position.lon, position.lat];
            intersects(bbox, &point)
        }
        (None, Some(set)) => intersects(bbox, &set.bbox),
        // A feature without geometry matches every box (OGC 17-069r4 §7.15.3).
        (None, None) => true,
    }
}

/// `/collections/{c}/items`
pub async fn items(State(site): State<Arc<Site>>, Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.as_deref();
    let result = async {
        let (name, content) = find(&name)?;
        let ask = Ask::read(query, &headers)?;
        let chosen = match content {
            Content::Items => choose_items(&site, name, &ask).await?,
            Content::Features(family) => choose_features(&site, family, &ask).await?,
            Content::Units => choose_units(&site, &ask),
        };
        Ok(page(&site, name, &ask, chosen, &headers))
    };
    finish(&site, &headers, query, result.await)
}

async fn choose_items(site: &Site, name: &str, ask: &Ask) -> Result<Chosen, HttpError> {
    let after = ask
        .after
        .as_deref()
        .map(|text| text.parse::<Code>().map_err(|_| HttpError::BadRequest("after must be an id of this collection".into())))
        .transpose()?;
    let moment = site.moment();
    let mut chosen = Chosen::default();
    {
        let image = site.model.image();
        let fits = |view: &View| ask.bbox.as_ref().is_none_or(|bbox| meets(view, bbox));
        chosen.matched = if ask.bbox.is_none() {
            image.count(name)
        } else {
            image.collection(name).filter_map(|(_, entry)| entry.item.view(None, &moment)).filter(fits).count()
        };
        for code in image.codes_after(name, after) {
            let Some(view) = image.view(&code, None, &moment).filter(fits) else { continue };
            if chosen.views.len() == ask.limit {
                chosen.next = chosen.views.last().map(|last| last.code.to_string());
                break;
            }
            chosen.views.push(view);
        }
    }
    if ask.form == Form::Json {
        let url = site.city().public_url.clone();
        for view in &chosen.views {
            let features = features_of(site, view).await?;
            chosen.features.push(geojson::item(view, features.as_deref(), &url));
        }
    }
    Ok(chosen)
}

async fn features_of(site: &Site, view: &View) -> Result<Option<Arc<Features>>, HttpError> {
    match &view.features {
        None => Ok(None),
        Some(set) => match site.model.features(set.sha256).await {
            Ok(features) => Ok(Some(features)),
            // One damaged set does not take the others away.
            Err(StoreError::Damaged(what)) => {
                tracing::error!("{what}");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        },
    }
}

/// `CODE-REVISION-NUMBER`
fn split_id(id: &str) -> Option<(Code, u32, usize)> {
    let mut parts = id.split('-');
    let parsed = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(parsed)
}

async fn choose_features(site: &Site, family: &str, ask: &Ask) -> Result<Chosen, HttpError> {
    let after = match &ask.after {
        None => None,
        Some(id) => Some(split_id(id).ok_or_else(|| HttpError::BadRequest("after must be an id of this collection".into()))?),
    };
    let url = site.city().public_url.clone();
    let mut chosen = Chosen::default();
    for view in views_of(site, family) {
        let Some(set) = view.features.as_ref().filter(|set| ask.bbox.as_ref().is_none_or(|bbox| intersects(bbox, &set.bbox))) else {
            continue;
        };
        let full = chosen.features.len() == ask.limit;
        let passed = after.as_ref().is_some_and(|(code, _, _)| view.code < *code);
        if ask.bbox.is_none() && (full || passed) {
            // Counted without being read.
            chosen.matched += set.count as usize;
            if full && chosen.next.is_none() {
                chosen.next = chosen.lines.last().map(|line| line.title.clone());
            }
            continue;
        }
        let Some(features) = features_of(site, &view).await? else { continue };
        let shared = Shared::new(&view, &url);
        let indices = match &ask.bbox {
            None => (0..features.list.len()).collect(),
            Some(bbox) => features.within(bbox),
        };
        chosen.matched += indices.len();
        for index in indices {
            let feature = &features.list[index];
            let number = feature.number as usize;
            let done = after.as_ref().is_some_and(|(code, _, last)| (view.code, number) <= (*code, *last));
            if done || chosen.next.is_some() {
                continue;
            }
            if chosen.features.len() == ask.limit {
                chosen.next = chosen.lines.last().map(|line| line.title.clone());
                continue;
            }
            let mut json = String::with_capacity(1024);
            shared.push(&mut json, &features, feature);
            chosen.features.push(json);
            chosen.lines.push(line_of(ask.lang, &view, &shared.id(feature), features.properties(feature)));
        }
    }
    Ok(chosen)
}

fn line_of(lang: Lang, view: &View, id: &str, properties: &str) -> pages::Line {
    let properties: Value = serde_json::from_str(&format!("{{{properties}}}")).unwrap_or_default();
    let field = |name: &str| properties.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let note = [field("land_use"), field("name"), view.title.clone()];
    let suffix = if lang == Lang::En { "?lang=en" } else { "" };
    pages::Line {
        title: id.to_owned(),
        href: Some(format!("/q/{}{suffix}", view.code)),
        note: note.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
    }
}

fn unit_feature(unit: &crate::domain::unit::Unit) -> String {
    let successors = unit.successors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let properties = json!({
        "id": unit.id, "name": unit.name_vi, "name_en": unit.name_en, "kind": unit.kind,
        "valid_from": unit.valid_from, "valid_to": unit.valid_to, "successors": (!successors.is_empty()).then_some(successors),
    });
    json!({ "type": "Feature", "id": unit.id, "properties": properties, "geometry": { "type": "Point", "coordinates": [unit.label.lon, unit.label.lat] } }).to_string()
}

fn choose_units(site: &Site, ask: &Ask) -> Chosen {
    let city = site.city();
    let mut chosen = Chosen::default();
    let fits = |unit: &&crate::domain::unit::Unit| ask.bbox.as_ref().is_none_or(|bbox| contains(bbox, unit.label.lon, unit.label.lat));
    let units: Vec<_> = city.units.0.iter().filter(fits).collect();
    chosen.matched = units.len();
    let start = ask.after.as_ref().and_then(|id| units.iter().position(|unit| unit.id.as_str() == id)).map_or(0, |index| index + 1);
    for unit in units.iter().skip(start).take(ask.limit) {
        chosen.features.push(unit_feature(unit));
        let to = unit.valid_to.map(crate::render::format::date).unwrap_or_default();
        chosen.lines.push(pages::Line {
            title: ask.lang.pick(&unit.name_vi, &unit.name_en).to_owned(),
            href: None,
            note: format!("{} · {} – {to}", unit.id, crate::render::format::date(unit.valid_from)),
        });
    }
    if start + ask.limit < units.len() {
        chosen.next = units.get(start + ask.limit - 1).map(|unit| unit.id.to_string());
    }
    chosen
}

fn page(site: &Site, name: &str, ask: &Ask, chosen: Chosen, headers: &HeaderMap) -> Response {
    let city = site.city();
    let url = &city.public_url;
    let mut parameters = format!("limit={}", ask.limit);
    if let Some([west, south, east, north]) = ask.bbox {
        let _ = write!(parameters, "&bbox={west},{south},{east},{north}");
    }
    let address = |form: &str, after: Option<&str>| {
        let after = after.map(|id| format!("&after={id}")).unwrap_or_default();
        format!("/collections/{name}/items?f={form}&{parameters}{after}")
    };
    if ask.form == Form::Html {
        let next = chosen.next.as_deref().map(|id| address("html", Some(id)));
        let html = pages::items(ask.lang, &city, name, &chosen.views, &chosen.lines, next.as_deref());
        return respond::fresh(headers, "text/html; charset=utf-8", METADATA_CACHE, HeaderMap::new(), html);
    }
    let mut links = vec![
        json!({ "rel": "self", "type": GEOJSON, "href": format!("{url}{}", address("json", ask.after.as_deref())) }),
        json!({ "rel": "alternate", "type": "text/html", "href": format!("{url}{}", address("html", ask.after.as_deref())) }),
        json!({ "rel": "collection", "type": "application/json", "href": format!("{url}/collections/{name}") }),
    ];
    if let Some(next) = &chosen.next {
        links.push(json!({ "rel": "next", "type": GEOJSON, "href": format!("{url}{}", address("json", Some(next))) }));
    }
    let returned = chosen.features.len();
    let head = json!({ "numberMatched": chosen.matched, "numberReturned": returned, "links": links }).to_string();
    let body = format!(
        "{{\"type\":\"FeatureCollection\",{},\"features\":[\n{}\n]}}\n",
        head.trim_start_matches('{').trim_end_matches('}'),
        chosen.features.join(",\n")
    );
    respond::fresh(headers, GEOJSON, METADATA_CACHE, content_crs(), body)
}

fn content_crs() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-crs", HeaderValue::from_static("<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"));
    headers
}

/// `/collections/{c}/items/{id}`
pub async fn item(
    State(site): State<Arc<Site>>,
    Path((name, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.as_deref();
    let result = async {
        let (name, content) = find(&name)?;
        let form = respond::form(respond::parameter(query, "f").as_deref(), &headers)?;
        let feature = match content {
            Content::Items => {
                let code: Code = id.parse().map_err(|_| HttpError::NotFound)?;
                let moment = site.moment();
                let view =
                    site.model.image().view(&code, None, &moment).filter(|view| view.collection == name).ok_or(HttpError::NotFound)?;
                if form == Form::Html {
                    let mut headers = HeaderMap::new();
                    headers.insert("location", HeaderValue::try_from(format!("/q/{code}")).map_err(|_| HttpError::NotFound)?);
                    return Ok(respond::with(axum::http::StatusCode::SEE_OTHER, "text/plain", headers, String::new().into()));
                }
                let features = features_of(&site, &view).await?;
                geojson::item(&view, features.as_deref(), &site.city().public_url)
            }
            Content::Features(family) => {
                let (code, revision, number) = split_id(&id).ok_or(HttpError::NotFound)?;
                let view = views_of(&site, family).into_iter().find(|view| view.code == code && view.revision == revision);
                let view = view.ok_or(HttpError::NotFound)?;
                let features = features_of(&site, &view).await?.ok_or(HttpError::NotFound)?;
                let feature = features.list.get(number.wrapping_sub(1)).ok_or(HttpError::NotFound)?;
                let mut json = String::new();
                Shared::new(&view, &site.city().public_url).push(&mut json, &features, feature);
                json
            }
            Content::Units => {
                let city = site.city();
                unit_feature(city.units.0.iter().find(|unit| unit.id.as_str() == id).ok_or(HttpError::NotFound)?)
            }
        };
        let url = site.city().public_url.clone();
        let links = json!([
            { "rel": "self", "type": GEOJSON, "href": format!("{url}/collections/{name}/items/{id}") },
            { "rel": "collection", "type": "application/json", "href": format!("{url}/collections/{name}") },
        ]);
        let feature = feature.strip_suffix('}').map(|open| format!("{open},\"links\":{links}}}")).unwrap_or(feature);
        Ok(respond::fresh(&headers, GEOJSON, METADATA_CACHE, content_crs(), feature))
    };
    finish(&site, &headers, query, result.await)
}
