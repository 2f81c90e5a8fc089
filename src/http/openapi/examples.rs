//! An example of every parameter: something that people would really ask for.

use serde_json::{Value, json};

use crate::http::collections::crs::CRS84;
use crate::http::errors::{Gone, HttpError};
use crate::words::text::Lang;

/// Examples that do not follow from the parameter's type, by its name.
const TEXTS: &[(&str, &str)] = &[
    ("about", "QHSDD21AG"),
    ("address", "Tổ 5"),
    ("after", "1795496400000000.1795496400.100"),
    ("answers", "Đã tiếp thu"),
    ("as_of", "2026-01-05T08:30:00Z"),
    ("authority", "UBND tỉnh Yên Bái"),
    ("board", "1"),
    ("campaign", "NKTM20267"),
    ("code", "QHSDD21AG"),
    ("datetime", "2026-01-05"),
    ("decision", "0007/QĐ-DEMO"),
    ("filter", "CASEI(id) LIKE CASEI('q%')"),
    ("hours", "Sáng thứ Ba, 8:00–11:00"),
    ("how", "Viết phiếu góp ý"),
    ("id", "QHSDD21AG-2-1"),
    ("information_code", "QH-2021-01"),
    ("items", "QHSDD21AG, KHSDD26AK"),
    ("keeper", "Văn phòng UBND phường"),
    ("kind", "land-use-plan"),
    ("land_use", "ODT"),
    ("land_use_name", "Đất ở tại đô thị"),
    ("lang", "en"),
    ("languages", "vi, tay"),
    ("level", "xã"),
    ("name", "Chợ Ga"),
    ("name_en", "Yen Bai ward"),
    ("note", "Chỉnh ranh giới"),
    ("offer", "Giảm 5 % rau quả"),
    ("operator", "Bệnh viện đa khoa"),
    ("organiser", "Thành phố Yên Bái"),
    ("parcel", "2401150 512650\n2401150 512690\n2401180 512690"),
    ("payment", "VietQR"),
    ("phone", "0216 0000 111"),
    ("place", "Chợ Ga"),
    ("plan", "QHSDD21AG"),
    ("q", "quy hoach su dung dat"),
    ("role", "Cấp cứu"),
    ("scale", "1/10000"),
    ("signatory", "Nguyễn Văn Mẫu"),
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

/// A feature of each collection whose ids differ from those of plans.
const FEATURES: &[(&str, &str)] = &[
    ("advisory-desks", "BTV000011"),
    ("ambulances", "XCT00001C"),
    ("boards", "BANG0001F"),
    ("campaigns", "NKTM20267"),
    ("consultations", "YKND26016"),
    ("digital-teams", "TCNS0001V"),
    ("health-stations", "TYT00001B"),
    ("health-workers", "NVYT00016"),
    ("places", "NKTM20267-1-1"),
    ("units", "04252-2025"),
    ("zones", "QHSDD21AG-2-1"),
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
        _ => TEXTS.iter().find(|(known, _)| *known == name).map_or(Value::Null, |(_, text)| json!(text)),
    }
}

/// The id of a feature of a collection.
pub(super) fn feature(collection: &str) -> &'static str {
    let known = FEATURES.iter().find(|(name, _)| *name == collection);
    known.map_or("QHSDD21AG", |(_, id)| id)
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
