//! An item's record as JSON: everything that the page says.

use serde_json::{Value, json};

use crate::domain::publication::view::View;
use crate::features::geojson::shared;

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
    if !view.alone.is_empty() {
        let alone = view.alone.iter().map(|(at, reason, seconded)| json!({ "at": at, "reason": reason, "seconded": seconded }));
        record.insert("published_alone".into(), alone.collect());
    }
    Value::Object(record)
}
