//! What the form of a campaign states: its schedule, hours, exceptions and places, a line each.

use serde_json::{Map, Value, json};

use crate::domain::days::Hours;
use crate::http::forms::Fields;
use crate::words::civil::written as day;
use crate::words::fold::typed;
use crate::words::sentence::Sentence;

/// Hours and the days of the week that have them: `7:00–11:00 thứ Ba, thứ Bảy`.
fn hours(line: &str) -> Option<Value> {
    Hours::read(line).and_then(|hours| serde_json::to_value(hours).ok())
}

/// A day that is cancelled or moved: `25/12/2026: Bão`, `25/12/2026 -> 24/12/2026: Trùng lễ`.
fn exception(line: &str) -> Option<Value> {
    let (days, reason) = line.split_once(':').map_or((line, ""), |(days, reason)| (days, reason.trim()));
    let plain = days.replace('→', "->");
    let (planned, moved) = plain.split_once("->").map_or((plain.as_str(), None), |(planned, moved)| (planned, Some(moved)));
    let mut exception = json!({ "day": day(planned)? });
    if let Some(moved) = moved {
        exception["moved_to"] = json!(day(moved)?);
    }
    if !reason.is_empty() {
        exception["reason"] = json!(reason);
    }
    Some(exception)
}

/// A number as people write it: a comma or a point stands before the decimals.
fn degrees(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok()
}

/// A participating place: `Tên | địa chỉ | thanh toán | ưu đãi | giờ | 21,7043; 104,8735`.
fn place(line: &str) -> Option<Value> {
    let mut cells = line.split('|').map(str::trim).collect::<Vec<_>>();
    let at = cells.pop()?;
    let (lat, lon) = at.split_once(';').or_else(|| at.split_once(' '))?;
    let (lat, lon) = (degrees(lat)?, degrees(lon)?);
    let mut properties = Map::new();
    for (name, cell) in ["Tên", "Địa chỉ", "Thanh toán", "Ưu đãi", "Giờ"].into_iter().zip(cells.iter()) {
        if !cell.is_empty() {
            properties.insert(name.into(), json!(cell));
        }
    }
    let is_named = properties.contains_key("Tên") && cells.len() <= 5;
    is_named.then(|| json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Point", "coordinates": [lon, lat] } }))
}

/// The lines of a field, each read; the first that cannot be read is an error.
fn lines<'f>(fields: &'f Fields, name: &str, read: fn(&str) -> Option<Value>) -> Result<Vec<Value>, &'f str> {
    let lines = fields.untrimmed(name).unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| read(line).ok_or(line)).collect()
}

fn schedule(fields: &Fields) -> Value {
    let text = |name: &str| fields.get(name).unwrap_or_default().trim();
    let date = |name: &str| day(text(name)).map_or_else(|| json!(text(name)), |day| json!(day));
    let mut span = json!({ "from": date("from") });
    if !text("to").is_empty() {
        span["to"] = date("to");
    }
    if let Ok(count) = text("count").parse::<u32>() {
        span["count"] = json!(count);
    }
    match text("repeat") {
        "range" => json!({ "range": { "from": date("from"), "to": date("to") } }),
        "weekly" => {
            span["weekdays"] = json!(fields.all("weekday").collect::<Vec<_>>());
            json!({ "weekly": span })
        }
        "monthly" => {
            span["on"] = match text("month_on") {
                "last-day" => json!("last-day"),
                "weekday" => json!({ "weekday": { "which": text("which"), "day": text("month_weekday") } }),
                _ => json!({ "date": text("month_date").parse::<u8>().unwrap_or(0) }),
            };
            json!({ "monthly": span })
        }
        _ => json!({ "day": { "on": date("from") } }),
    }
}

/// What the form states, over what was known. Errors: a line that cannot be read.
pub(super) fn facts_of(fields: &Fields, before: Value) -> Result<Value, Sentence> {
    let mut facts = if let Value::Object(before) = before { before } else { Map::new() };
    let mut put = |name: &str, value: Option<Value>| match value {
        Some(value) => drop(facts.insert(name.to_owned(), value)),
        None => drop(facts.remove(name)),
    };
    for name in ["kind", "title", "summary", "organiser", "hours"] {
        let text = typed(fields.get(name).unwrap_or_default());
        let is_needed = matches!(name, "kind" | "title" | "organiser");
        put(name, (is_needed || !text.is_empty()).then(|| json!(text)));
    }
    let count = fields.get("count").unwrap_or_default().trim();
    if !count.is_empty() && count.parse::<u32>().is_err() {
        return Err(sentence!("form-count", count));
    }
    put("schedule", Some(schedule(fields)));
    put("holidays", fields.get("holidays").filter(|rule| !rule.is_empty() && *rule != "held").map(|rule| json!(rule)));
    let list = |all: Vec<Value>| (!all.is_empty()).then(|| json!(all));
    put("times", list(lines(fields, "times", hours).map_err(|line| sentence!("form-hours", line))?));
    put("exceptions", list(lines(fields, "exceptions", exception).map_err(|line| sentence!("form-exception", line))?));
    let units: Vec<Value> = fields.all("unit").filter(|unit| !unit.is_empty()).map(|unit| json!(unit)).collect();
    put("units", list(units));
    let places = lines(fields, "places", place).map_err(|line| sentence!("form-place", line))?;
    if !places.is_empty() {
        put("places", Some(json!({ "geojson": { "type": "FeatureCollection", "features": places } })));
    } else if fields.get("places_remove").is_some() {
        put("places", None);
    }
    Ok(Value::Object(facts))
}

/// The fields of the form, from the facts.
pub(super) fn fields_of(facts: &Value) -> Fields {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let mut fields = Fields::default();
    for name in ["kind", "title", "summary", "organiser", "hours", "holidays"] {
        fields = fields.with(name, text(&facts[name]));
    }
    let (repeat, span) = facts["schedule"].as_object().and_then(|all| all.iter().next()).map_or(("day", &Value::Null), |(a, b)| (a, b));
    fields = fields.with("repeat", repeat.to_owned());
    let from = if repeat == "day" { &span["on"] } else { &span["from"] };
    fields = fields.with("from", text(from)).with("to", text(&span["to"])).with("count", text(&span["count"]));
    for weekday in span["weekdays"].as_array().into_iter().flatten() {
        fields = fields.with("weekday", text(weekday));
    }
    let on = if repeat == "monthly" { &span["on"] } else { &Value::Null };
    if *on == "last-day" {
        fields = fields.with("month_on", "last-day".into());
    } else if !on["weekday"].is_null() {
        let (which, day) = (text(&on["weekday"]["which"]), text(&on["weekday"]["day"]));
        fields = fields.with("month_on", "weekday".into()).with("which", which).with("month_weekday", day);
    } else {
        fields = fields.with("month_on", "date".into()).with("month_date", text(&on["date"]));
    }
    let times: Vec<Hours> = serde_json::from_value(facts["times"].clone()).unwrap_or_default();
    fields = fields.with("times", times.iter().map(Hours::written).collect::<Vec<_>>().join("\n"));
    let shown = |value: &Value| day(&text(value)).map_or_else(String::new, crate::words::format::date);
    let exceptions = facts["exceptions"].as_array().into_iter().flatten().map(|one| {
        let moved = if one["moved_to"].is_null() { String::new() } else { format!(" -> {}", shown(&one["moved_to"])) };
        let reason = if one["reason"].is_null() { String::new() } else { format!(": {}", text(&one["reason"])) };
        format!("{}{moved}{reason}", shown(&one["day"]))
    });
    fields = fields.with("exceptions", exceptions.collect::<Vec<_>>().join("\n"));
    for unit in facts["units"].as_array().into_iter().flatten() {
        fields = fields.with("unit", text(unit));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_people_write_them() {
        assert_eq!(exception("25/12/2026: Bão số 11: nghỉ"), Some(json!({ "day": "2026-12-25", "reason": "Bão số 11: nghỉ" })));
        assert_eq!(exception("1/1/2027 → 4/1/2027"), Some(json!({ "day": "2027-01-01", "moved_to": "2027-01-04" })));
        assert_eq!(exception("31/2/2027"), None);
        let read = place("Chợ Ga | Khu trung tâm | VietQR, thẻ || 6h–11h | 21,7043; 104,8735").expect("a place");
        assert_eq!(read["geometry"]["coordinates"], json!([104.8735, 21.7043]));
        assert_eq!(
            read["properties"],
            json!({ "Tên": "Chợ Ga", "Địa chỉ": "Khu trung tâm", "Thanh toán": "VietQR, thẻ", "Giờ": "6h–11h" })
        );
        assert_eq!(place("Chợ Ga | Khu trung tâm"), None);
    }

    #[test]
    fn the_form_of_a_campaign_as_it_was_filled_states_the_same() {
        for schedule in [
            json!({ "day": { "on": "2026-12-04" } }),
            json!({ "range": { "from": "2026-12-04", "to": "2026-12-10" } }),
            json!({ "weekly": { "from": "2026-12-04", "weekdays": ["tuesday", "saturday"], "count": 12 } }),
            json!({ "monthly": { "from": "2026-12-04", "on": { "date": 16 }, "to": "2027-12-01" } }),
            json!({ "monthly": { "from": "2026-12-04", "on": "last-day" } }),
            json!({ "monthly": { "from": "2026-12-04", "on": { "weekday": { "which": "first", "day": "friday" } } } }),
        ] {
            let facts = json!({
                "kind": "cashless-day", "title": "Ngày hội", "organiser": "UBND", "schedule": schedule, "holidays": "next-working-day",
                "times": [{ "from": "07:00:00", "to": "11:00:00" }, { "from": "13:00:00", "to": "17:30:00", "days": ["saturday", "sunday"] }],
                "exceptions": [{ "day": "2026-12-11", "reason": "Bão" }, { "day": "2026-12-18", "moved_to": "2026-12-17" }],
                "units": ["04252-2025"], "places": { "sha256": "ab" },
            });
            assert_eq!(facts_of(&fields_of(&facts), facts.clone()), Ok(facts));
        }
    }
}
