//! An item's record as JSON: everything that the page says.

use serde_json::{Value, json};

use crate::domain::city::City;
use crate::domain::days::Occurrence;
use crate::domain::publication::view::View;
use crate::features::exchange::code;
use crate::features::geojson::shared;
use crate::geometry::exchange::NOISE_METRES;
use crate::read_model::exchanges::Compared;
use crate::render::today::hours_json;

/// Days to come that a record lists.
const NEXT_DAYS: usize = 50;

/// In what a revision differs from an earlier one: its facts, and the land that passed from one use to another. Areas are
/// in square metres of the plan's plane; null stands for land without a zone.
pub fn changes(city: &City, before: &View, view: &View, compared: Option<&Compared>) -> Value {
    let facts = |view: &View| {
        let mut facts = view.properties.clone();
        let shared = [
            ("title", json!(view.title)),
            ("summary", json!(view.summary)),
            ("units", json!(view.units)),
            ("effective_from", json!(view.effective_from)),
            ("effective_to", json!(view.effective_to)),
        ];
        facts.extend(shared.map(|(name, value)| (name.to_owned(), value)));
        facts
    };
    let (was, is) = (facts(before), facts(view));
    let differs = is.iter().filter(|(name, value)| was.get(*name) != Some(value));
    let changed = differs.map(|(name, value)| json!({ "name": name, "before": was.get(name), "after": value })).collect::<Vec<_>>();
    let mut record = json!({
        "code": view.code, "from": before.revision, "to": view.revision, "facts": changed,
        "land": null, "places": null, "under_way_pct": null, "plane": null, "noise_m": NOISE_METRES,
    });
    match compared {
        None => {}
        Some(Compared::UnderWay(percent)) => record["under_way_pct"] = json!(percent),
        Some(Compared::Made(exchange, around)) => {
            let square = |value: f64| (value * 100.0).round() / 100.0;
            let land = exchange.cells.iter().map(|((from, to), land)| {
                json!({ "from": from.map(code), "to": to.map(code), "area_m2": square(land.area_m2), "noise_m2": square(land.noise_m2) })
            });
            let places = exchange.places.iter().zip(around).map(|(place, around)| {
                let landmark = around.landmark.and_then(|(at, metres)| Some((city.landmarks.get(at)?, metres)));
                json!({
                    "from": place.from.map(code), "to": place.to.map(code), "area_m2": square(place.area_m2),
                    "lon": (around.position.lon * 1e7).round() / 1e7, "lat": (around.position.lat * 1e7).round() / 1e7,
                    "unit": around.unit,
                    "landmark": landmark.map(|(landmark, _)| &landmark.name_vi),
                    "landmark_m": landmark.map(|(_, metres)| metres.round()),
                })
            });
            record["plane"] = json!(format!("EPSG:{}", view.plane().unwrap_or(city.default_crs)));
            record["land"] = land.collect();
            record["places"] = places.collect();
        }
    }
    record
}

/// The record of an item. It never contains the contact of a person.
pub fn record(view: &View, public_url: &str) -> Value {
    let item = format!("{public_url}/q/{}", view.code);
    let mut record = shared(view, public_url);
    let history = view.history.iter().map(|entry| {
        let corrections = entry.corrections.iter().map(|(at, reason, fields)| json!({ "at": at, "reason": reason, "fields": fields }));
        json!({
            "revision": entry.number,
            "status": entry.status.as_str(),
            "title": entry.title,
            "effective_from": entry.effective_from,
            "effective_to": entry.effective_to,
            "published": entry.recorded_at,
            "cancelled": entry.cancelled,
            "corrections": corrections.collect::<Vec<_>>(),
            "expiries": entry.expiries.iter().map(|(at, reason)| json!({ "at": at, "reason": reason })).collect::<Vec<_>>(),
            "features": entry.features,
            "url": format!("{item}/revisions/{}", entry.number),
        })
    });
    let documents = view.documents.iter().map(|document| {
        let mut value = serde_json::to_value(document).unwrap_or(Value::Null);
        if let Some(object) = value.as_object_mut() {
            object.insert("url".into(), json!(format!("{item}/documents/{}", document.sha256)));
        }
        value
    });
    let figures = view.figures().iter().map(|figure| {
        let difference = figure.actual.zip(figure.target).map(|(a, t)| ((a - t) * 1e6).round() / 1e6);
        json!({
            "name_vi": figure.name_vi, "name_en": figure.name_en, "unit": figure.unit,
            "target": figure.target, "actual": figure.actual, "difference": difference,
        })
    });
    let phones = view.phones().iter().map(|(label, number)| json!({ "label": label, "number": number }));
    let more = json!({
        "family": view.family,
        "collection": view.collection,
        "summary": view.summary,
        "units": view.units,
        "position": view.position,
        "features": view.features,
        "blob": view.features.as_ref().map(|set| format!("{public_url}/blobs/{}", set.sha256)),
        "documents": documents.collect::<Vec<_>>(),
        "figures": figures.collect::<Vec<_>>(),
        "phones": phones.collect::<Vec<_>>(),
        "upcoming": view.upcoming.map(|(revision, from)| json!({ "revision": revision, "effective_from": from })),
        "withdrawn": view.withdrawn.as_ref().map(|(reason, instead, at)| json!({ "reason": reason, "replaced_by": instead, "at": at })),
        "superseded_by": view.superseded.as_ref().map(|(by, from)| json!({ "code": by, "from": from })),
        "history": history.collect::<Vec<_>>(),
        "geojson": format!("{item}.geojson"),
    });
    record.extend(view.properties.clone());
    if let Value::Object(more) = more {
        record.extend(more);
    }
    if let Some(calendar) = view.calendar().filter(|calendar| calendar.is_occasion) {
        let next = calendar.next.into_iter().flat_map(|next| calendar.days.from(next)).take(NEXT_DAYS);
        let day = |when: Occurrence| {
            let mut day = json!({ "day": when.day, "hours": hours_json(view, when.planned) });
            if when.day != when.planned {
                day["instead_of"] = json!(when.planned);
            }
            day
        };
        record.insert("next_days".into(), next.map(day).collect());
        record.insert("exceptions".into(), json!(calendar.exceptions));
    }
    if !view.alone.is_empty() {
        let alone = view.alone.iter().map(|(at, reason, seconded)| json!({ "at": at, "reason": reason, "seconded": seconded }));
        record.insert("published_alone".into(), alone.collect());
    }
    Value::Object(record)
}
