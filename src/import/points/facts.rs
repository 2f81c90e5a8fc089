//! What a row of a list says of a map point, as its facts.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::Row;
use crate::domain::days::Hours;
use crate::domain::payment;
use crate::domain::subject;
use crate::domain::trade::{self, Offer, Product};
use crate::domain::unit::Units;
use crate::import::report::{Finding, Report, Severity};
use crate::words::fold::{bare_units, fold, typed};
use crate::words::sentence::Sentence;

/// Facts of a map point from a row; `kind` counts if the row names none.
///
/// The phone number of a health worker or of a named person is personal data. It goes to the vault with the
/// consent that the row gives (columns Người liên hệ, Số điện thoại, Đồng ý); without consent the row is
/// refused.
pub fn facts(row: &Row, kind: Option<&str>, report: &mut Report) -> Value {
    let mut facts = Map::new();
    let text = |field: &str| row.fields.get(field).and_then(Value::as_str);
    let own_kind = text("kind").map(|kind| kind_of(kind).unwrap_or(kind)).or(kind);
    let is_denied = text("phone").is_some() && text("consent").is_some_and(subject::denies);
    let personal = is_denied || text("contact").is_some() || (own_kind == Some("health-worker") && text("phone").is_some());
    let is_merchant = own_kind.is_some_and(|kind| trade::KINDS.contains(&kind));
    let personal = personal && !is_merchant;
    if personal {
        match (text("contact"), text("phone"), text("consent")) {
            (_, _, Some(evidence)) if subject::denies(evidence) || subject::names_no_evidence(evidence) => report.push(
                Finding::new(Severity::Error, "consent-denied", sentence!("consent-denied-points", evidence)).of(row.number, row.line),
            ),
            (Some(name), Some(phone), Some(evidence)) => {
                let consent = json!({ "purpose": "public-contact", "text_version": "import", "evidence": evidence });
                facts.insert("contact".into(), json!({ "name": name, "phone": phone, "consent": consent }));
            }
            _ => report.push(Finding::new(Severity::Error, "consent-missing", sentence!("consent-missing")).of(row.number, row.line)),
        }
    }
    let mut left = Vec::new();
    for (field, value) in &row.fields {
        let Some(text) = value.as_str() else { continue };
        let list = || text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>();
        match field.as_str() {
            "phone" if personal => {}
            "phone" => {
                facts.insert("phones".into(), json!([{ "label": "Điện thoại", "number": text }]));
            }
            // What the office keeps of a point says nothing of a place where people pay.
            "languages" | "hamlets" | "role" | "operator" | "contact" | "consent" if is_merchant => left.push(field.as_str()),
            "languages" | "hamlets" => {
                facts.insert(field.clone(), json!(list()));
            }
            "units" => {
                facts.insert(
                    field.clone(),
                    json!(bare_units(text).split([',', ';']).map(str::trim).filter(|id| !id.is_empty()).collect::<Vec<_>>()),
                );
            }
            "kind" => {
                let kind = kind_of(text).unwrap_or(text);
                if !KINDS.contains(&kind) {
                    report.push(Finding::new(Severity::Error, "unknown-kind", sentence!("unknown-kind", text)).of(row.number, row.line));
                }
                facts.insert("kind".into(), json!(kind));
            }
            "payment" | "offer" | "products" | "contact" | "consent" => {}
            _ => {
                facts.insert(field.clone(), value.clone());
            }
        }
    }
    if is_merchant {
        put_trade(row, &mut facts, report);
        for field in left {
            let said = sentence!("merchant-field", field);
            report.push(Finding::new(Severity::Warning, "columns-not-used", said).of(row.number, row.line));
        }
    }
    if let Some(kind) = kind {
        facts.entry("kind").or_insert(json!(kind));
    }
    let [lon, lat] = row.position.map(|value| value as f64 / 1e7);
    facts.insert("position".into(), json!({ "lon": lon, "lat": lat }));
    Value::Object(facts)
}

/// The facts of all rows, with the units that they name. Errors are in the report.
pub fn all_facts(rows: &[Row], kind: Option<&str>, units: &Units, today: Date, report: &mut Report) -> Vec<Value> {
    let of_row = |row: &Row| {
        let mut value = facts(row, kind, report);
        if value.get("kind").is_none() {
            report.push(Finding::new(Severity::Error, "no-kind", sentence!("no-kind")).of(row.number, row.line));
        }
        let Some(named) = value.get("units").and_then(Value::as_array) else { return value };
        let resolve = |text: &str| units.resolve(text, today).map(|unit| unit.id.to_string()).ok_or_else(|| text.to_owned());
        match named.iter().filter_map(Value::as_str).map(resolve).collect::<Result<Vec<_>, String>>() {
            Ok(ids) => value["units"] = json!(ids),
            Err(text) => {
                let error = sentence!("no-unit-on", text, on = today).to_string();
                let said = sentence!("unknown-unit-points", error);
                report.push(Finding::new(Severity::Error, "unknown-unit", said).of(row.number, row.line));
            }
        }
        value
    };
    rows.iter().map(of_row).collect()
}

/// Kinds of points, and of places where people pay.
pub const KINDS: [&str; 11] = [
    "ambulance",
    "health-worker",
    "health-station",
    "advisory-desk",
    "digital-team",
    "shop",
    "market",
    "eatery",
    "pharmacy",
    "school",
    "public-office",
];

/// The family of items of a kind.
pub fn family_of(kind: &str) -> &'static str {
    if trade::KINDS.contains(&kind) { "merchant" } else { "map-point" }
}

/// Puts what a row says of ways to pay, offers, products and hours into the facts of a place where people pay.
fn put_trade(row: &Row, facts: &mut Map<String, Value>, report: &mut Report) {
    let text = |field: &str| row.fields.get(field).and_then(Value::as_str);
    let list = |text: &str, ends: &[char]| text.split(ends).map(typed).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    if let Some(written) = text("payment") {
        let (payments, unknown) = payment::named_in(written);
        for word in unknown {
            report.push(Finding::new(Severity::Error, "payment-unknown", sentence!("form-payment", line = word)).of(row.number, row.line));
        }
        facts.insert("payments".into(), json!(payments));
    }
    let mut put = |name: &str, field: &str, read: &dyn Fn(&str) -> Option<Value>, wrong: &dyn Fn(&String) -> Sentence| {
        let Some(written) = text(field) else { return };
        let lines = list(written, &[';', '\n']);
        for line in lines.iter().filter(|line| read(line).is_none()) {
            report.push(Finding::new(Severity::Error, "form-line", wrong(line)).of(row.number, row.line));
        }
        facts.insert(name.to_owned(), lines.iter().filter_map(|line| read(line)).collect());
    };
    put("offers", "offer", &|line| Offer::read(line).map(|offer| json!(offer)), &|line| sentence!("form-offer", line));
    put("products", "products", &|line| Product::read(line).map(|product| json!(product)), &|line| sentence!("form-product", line));
    // Hours that can be read are compared with the clock; others stay words. Either takes the place of both.
    if let Some(written) = text("hours") {
        let hours = list(written, &[';', '\n']).iter().map(|line| Hours::read(line)).collect::<Option<Vec<_>>>();
        if hours.is_some() {
            facts.remove("hours");
        }
        facts.insert("times".into(), json!(hours.unwrap_or_default()));
    }
}

/// The kind of point that an office's word stands for.
fn kind_of(text: &str) -> Option<&'static str> {
    match fold(text).as_str() {
        "xe cuu thuong" | "xe cap cuu" | "cuu thuong" => Some("ambulance"),
        "nhan vien y te" | "y te thon ban" | "nhan vien y te thon ban" => Some("health-worker"),
        "tram y te" | "benh vien" | "trung tam y te" => Some("health-station"),
        "ban tu van" | "to tu van" => Some("advisory-desk"),
        "to cong nghe so" | "to cong nghe so cong dong" => Some("digital-team"),
        "cua hang" | "shop" | "cua hang tap hoa" | "sieu thi" => Some("shop"),
        "cho" | "market" => Some("market"),
        "quan an" | "nha hang" | "quan ca phe" | "eatery" => Some("eatery"),
        "nha thuoc" | "hieu thuoc" | "pharmacy" => Some("pharmacy"),
        "truong hoc" | "truong" | "school" => Some("school"),
        "bo phan mot cua" | "co quan" | "public-office" => Some("public-office"),
        _ => None,
    }
}
