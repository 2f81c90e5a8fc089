//! An example of every parameter: something that people would really ask for.

use serde_json::{Value, json};

use crate::domain::families;
use crate::domain::figures::VALUE_PROPERTIES;
use crate::http::collections::crs::CRS84;
use crate::http::errors::{Gone, HttpError};
use crate::words::text::Lang;

/// Examples that follow neither from the parameter's type nor from a family's properties, by its name.
const TEXTS: &[(&str, &str)] = &[
    ("after", "1795496400000000.1795496400.100"),
    ("as_of", "2026-01-05T08:30:00Z"),
    ("board", "1"),
    ("code", "QHSDD21AG"),
    ("datetime", "2026-01-05"),
    ("filter", "CASEI(id) LIKE CASEI('q%')"),
    ("id", "QHSDD21AG-2-1"),
    ("kind", "land-use-plan"),
    ("lang", "en"),
    ("month", "2026-12"),
    ("name_en", "Yen Bai ward"),
    ("period", "2022"),
    ("parcel", "2401150 512650\n2401150 512690\n2401180 512690"),
    ("place", "Chợ Ga"),
    ("q", "quy hoach su dung dat"),
    ("since", "2026-01-05"),
    ("status", "in-force"),
    ("successors", "04252-2025"),
    ("summary", "Thử"),
    ("title", "Kế hoạch sử dụng đất năm 2026"),
    ("token", "abc"),
    ("unit", "04252-2025"),
    ("units", "04252-2025"),
    ("url", "https://bangtin.example/q/QHSDD21AG"),
];

/// An example of a parameter; it fits the parameter's schema.
pub(super) fn of(name: &str, schema: &Value) -> Value {
    if let Some(value) = schema.get("default").or_else(|| schema.pointer("/enum/0")) {
        return value.clone();
    }
    let bound = |name: &str| schema[name].as_f64();
    match (name, schema["type"].as_str(), schema["format"].as_str()) {
        ("bbox", ..) => json!([104.88, 21.7, 104.9, 21.72]),
        ("crs" | "bbox-crs" | "filter-crs", ..) => json!(CRS84),
        ("sortby", ..) => json!("-id"),
        ("e", ..) => json!(507_000.0),
        ("n", ..) => json!(2_399_000.0),
        (_, Some("boolean"), _) => json!(true),
        (_, Some("integer"), _) => json!(bound("minimum").map_or(1, |least| least as i64)),
        (_, Some("number"), _) => {
            json!(bound("minimum").zip(bound("maximum")).map_or(1.5, |(least, most)| f64::midpoint(least, most)))
        }
        (_, _, Some("date")) => json!("2026-01-05"),
        (_, _, Some("date-time")) => json!("2026-01-05T08:30:00Z"),
        _ => {
            let known = TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
            known.or_else(|| of_a_property(name)).or_else(|| of_a_family(name)).map_or(Value::Null, |text| json!(text))
        }
    }
}

/// The example that a family gives for one of its properties.
fn of_a_property(name: &str) -> Option<&'static str> {
    let mut own = families::collections().into_iter().flat_map(|(_, family, kind)| families::item_properties(family, kind));
    let example = own.find(|property| property.name == name && property.example.is_some()).and_then(|property| property.example);
    let of_features = || families::feature_collections().into_iter().flat_map(|(own, _)| own.properties.iter().copied().flatten());
    let of_values = || VALUE_PROPERTIES.iter().find(|property| property.name == name)?.example;
    example.or_else(of_values).or_else(|| of_features().find(|property| property.name == name)?.example)
}

/// The code of an item of a family: the features of its sets carry it as a property.
fn of_a_family(name: &str) -> Option<&'static str> {
    let (collection, ..) = families::collections().into_iter().find(|(_, family, _)| *family == name)?;
    families::examples().into_iter().find(|(known, _)| *known == collection).map(|(_, id)| id)
}

/// The id of a feature of a collection.
pub(super) fn feature(collection: &str) -> &'static str {
    let known = families::examples().into_iter().find(|(name, _)| *name == collection);
    // Figures and units belong to no family.
    known.map_or(if collection == "indicator-values" { "CTKS22176-2022-04252-2020" } else { "04252-2025" }, |(_, id)| id)
}

/// A refusal as it is answered.
pub(super) fn problem() -> Value {
    HttpError::twice("limit").problem(Lang::Vi)
}

/// The answer for a feature that was not in force at that moment.
pub(super) fn gone(url: &str) -> Value {
    let link = |rel: &str, path: &str| json!({ "rel": rel, "type": "application/json", "href": format!("{url}/collections/plans/items/QHSDD21AG{path}") });
    let links = json!([link("timemap", "/versions?f=json"), link("latest-version", "")]);
    HttpError::Gone(Box::new(Gone { links, header: None })).problem(Lang::Vi)
}
