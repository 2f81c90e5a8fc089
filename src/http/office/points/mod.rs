//! Map points: a table to edit in place, a form with a map for one, and lists from a file with a preview.

mod lists;
mod one;

pub use lists::{carry_out_list, list, send_list};
pub use one::{new_point, point, publish, revise};

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Desk, Form, leads_to, refused, shown};
use crate::domain::Code;
use crate::domain::days::Hours;
use crate::domain::families::{self, Item};
use crate::domain::payment::{self, Payment};
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::domain::subject::SubjectId;
use crate::domain::trade::{Offer, Product};
use crate::domain::unit::Units;
use crate::http::errors::HttpError;
use crate::http::forms::Fields;
use crate::http::reading::Asking;
use crate::http::{Site, respond};
use crate::import::list::Known;
use crate::import::points::{KINDS, family_of};
use crate::render::office::points as pages;
use crate::words::copied::in_query;
use crate::words::fold::{fold, typed};
use crate::words::sheet::harmless;
use crate::words::text::Lang;

/// The families whose items are points of that table.
const FAMILIES: [&str; 2] = ["map-point", "merchant"];
/// Most points on a page of the table.
const ROWS: usize = 25;
/// Most points that are sorted by name.
const SORTED: usize = 2_000;

/// The columns of the table that is edited elsewhere, as its reader knows them: header, and where it stands in the facts.
const SHEET: [(&str, &str); 15] = [
    ("Mã", ""),
    ("Tên", "/title"),
    ("Địa chỉ", "/address"),
    ("Điện thoại", "/phones/0/number"),
    ("Giờ", "/hours"),
    ("Vai trò", "/role"),
    ("Đơn vị chủ quản", "/operator"),
    ("Mô tả", "/summary"),
    ("Ngôn ngữ", "/languages"),
    ("Mã đơn vị", "/units"),
    ("Thanh toán", "/payments"),
    ("Ưu đãi", "/offers"),
    ("Sản phẩm", "/products"),
    ("lat", "/position/lat"),
    ("lon", "/position/lon"),
];

/// Refuses whoever may change no point.
pub(super) fn check(desk: &Desk) -> Result<(), HttpError> {
    desk.check_families(&FAMILIES)
}

/// The kinds of points that this person may change.
fn kinds(desk: &Desk) -> Vec<&'static str> {
    KINDS.into_iter().filter(|kind| desk.actor.has(|role| role.covers(families::roles(family_of(kind))))).collect()
}

/// True for a point that this person may change, and that holds or will hold.
fn is_own(desk: &Desk, item: &Item, units: &Units, today: Date) -> bool {
    let brief = item.brief(today).filter(|brief| item.is_public() && matches!(brief.status, Status::InForce | Status::Upcoming));
    brief.is_some_and(|brief| desk.actor.check(families::roles(item.family()), brief.units, units, today).is_ok())
}

/// The points of a kind that this person may change and whose names have all these words: by name, or by code where they
/// are more than [`SORTED`]. Of those no more than `most` are looked for.
fn own(site: &Site, desk: &Desk, kind: &str, words: &str, most: usize) -> Vec<Code> {
    let (today, city, image) = (site.moment().today, site.city(), site.model.image());
    let wanted = fold(words);
    let is_wanted = |item: &Item| {
        wanted.is_empty() || item.title(today).map(fold).is_some_and(|title| wanted.split_whitespace().all(|word| title.contains(word)))
    };
    // A collection is in the order of codes, on every node.
    let collections = families::collections().into_iter();
    let of_kind = collections
        .filter(|(_, family, known)| *family == family_of(kind) && (*known == kind || known.is_empty()))
        .flat_map(|(name, ..)| image.collection(name))
        .filter(|(_, entry)| entry.item.kind() == Some(kind));
    let own = of_kind.filter(|(_, entry)| is_wanted(&entry.item) && is_own(desk, &entry.item, &city.units, today));
    let mut list: Vec<(&Code, &Item)> = own.map(|(code, entry)| (code, &entry.item)).take(most.max(SORTED + 1)).collect();
    if list.len() <= SORTED {
        list.sort_by_cached_key(|(code, item)| (item.title(today).map(fold), **code));
    }
    list.into_iter().map(|(code, _)| *code).collect()
}

/// A point that this person may change, with what its latest revision states.
fn known_point(site: &Site, desk: &Desk, code: &Code) -> Option<(View, Known)> {
    let (moment, city, image) = (site.moment(), site.city(), site.model.image());
    let entry = image
        .entry(code)
        .filter(|entry| FAMILIES.contains(&entry.item.family()) && is_own(desk, &entry.item, &city.units, moment.today))?;
    let (view, facts) = (entry.item.view(None, &moment)?, entry.item.latest_facts()?);
    let subject = facts["contact"]["subject"].as_str().map(|id| SubjectId(id.to_owned()));
    let contact = subject.and_then(|subject| image.contact(&subject).map(|person| (person.name.clone(), person.phone.clone())));
    let ends = view.holds_to.is_some_and(|day| day <= moment.today);
    Some((view, Known { code: *code, seen: entry.version, facts, contact, ends }))
}

/// The points of these codes.
fn known(site: &Site, desk: &Desk, codes: &[Code]) -> Vec<Known> {
    codes.iter().filter_map(|code| known_point(site, desk, code)).map(|(_, known)| known).collect()
}

/// The part of the table that an address asks for.
struct Part {
    kind: &'static str,
    words: String,
    from: usize,
}

impl Part {
    /// What the fields ask for; the first kind that the person may change where they name none.
    fn of(desk: &Desk, fields: &Fields) -> Self {
        let kinds = kinds(desk);
        let named = fields.get("kind").and_then(|kind| kinds.iter().copied().find(|known| *known == kind));
        let kind = named.or(kinds.first().copied()).unwrap_or(KINDS[0]);
        let from = fields.get("from").and_then(|from| from.parse().ok()).unwrap_or(0);
        Self { kind, words: fields.get("q").unwrap_or_default().to_owned(), from }
    }

    /// Its address.
    fn address(&self) -> String {
        let words = if self.words.is_empty() { String::new() } else { format!("&q={}", in_query(&self.words)) };
        let from = if self.from > 0 { format!("&from={}", self.from) } else { String::new() };
        format!("/office/points?kind={}{words}{from}", self.kind)
    }
}

/// `GET /office/points?kind=&q=&from=`
pub async fn table(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = Fields::parse(asking.query.as_deref().unwrap_or_default());
    let done = fields.get("done").and_then(|done| done.parse().ok());
    Ok(table_page(&site, &desk, &asking.headers, asking.lang(), &Part::of(&desk, &fields), &Wrong::default(), done))
}

/// What was refused: in words, and what was typed in the rows.
#[derive(Default)]
struct Wrong {
    said: Vec<String>,
    typed: BTreeMap<Code, Value>,
}

fn table_page(site: &Site, desk: &Desk, headers: &HeaderMap, lang: Lang, part: &Part, wrong: &Wrong, done: Option<usize>) -> Response {
    let codes = own(site, desk, part.kind, &part.words, part.from + ROWS + 1);
    let count = Some(codes.len()).filter(|count| *count <= SORTED);
    let on_page: Vec<Code> = codes.iter().copied().skip(part.from).take(ROWS).collect();
    let mut rows = known(site, desk, &on_page);
    for row in &mut rows {
        if let Some(typed) = wrong.typed.get(&row.code) {
            row.facts.clone_from(typed);
        }
    }
    let wrong = wrong.said.as_slice();
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let table = pages::Table {
        kind: part.kind,
        kinds: &kinds(desk),
        words: &part.words,
        from: part.from,
        most: ROWS,
        count,
        further: codes.len() > part.from + ROWS,
        rows: &rows,
        wrong,
        done,
    };
    shown(headers, status, pages::table(lang, &site.city(), &desk.who(), &table))
}

/// What facts state, as a list is read again: hours, offers and products are lines, divided by semicolons.
fn in_a_cell(facts: &Value, pointer: &str) -> String {
    fn lines<T: DeserializeOwned>(value: &Value, written: fn(&T) -> String) -> Option<String> {
        let list: Vec<T> = serde_json::from_value(value.clone()).ok()?;
        Some(list.iter().map(written).collect::<Vec<_>>().join("; "))
    }
    let value = facts.pointer(pointer).unwrap_or(&Value::Null);
    let read = match pointer {
        "/hours" => lines(&facts["times"], Hours::written),
        "/payments" => serde_json::from_value::<Vec<Payment>>(value.clone()).ok().map(|list| payment::said(&list).text(Lang::Vi)),
        "/offers" => lines(value, Offer::written),
        "/products" => lines(value, Product::written),
        _ => None,
    };
    read.unwrap_or_else(|| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    })
}

/// `GET /office/points/list.csv?kind=`: the points of a kind as a table that can be edited and sent back. Persons are not
/// in it.
pub async fn sheet(State(site): State<Arc<Site>>, desk: Desk, asking: Asking) -> Result<Response, HttpError> {
    check(&desk)?;
    let part = Part::of(&desk, &Fields::parse(asking.query.as_deref().unwrap_or_default()));
    // Without this byte order mark, spreadsheets assume another encoding.
    let mut table = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let failed = |error: csv::Error| HttpError::Internal(error.to_string());
    table.write_record(SHEET.map(|(header, _)| header)).map_err(failed)?;
    let codes = own(&site, &desk, part.kind, "", usize::MAX);
    for known in site.at_length(|| known(&site, &desk, &codes)).await? {
        let cell = |pointer: &str| harmless(in_a_cell(&known.facts, pointer));
        table
            .write_record(SHEET.map(|(_, pointer)| if pointer.is_empty() { known.code.to_string() } else { cell(pointer) }))
            .map_err(failed)?;
    }
    let bytes = table.into_inner().map_err(|error| HttpError::Internal(error.to_string()))?;
    let mut extra = HeaderMap::new();
    let name = format!("attachment; filename=\"{}.csv\"", part.kind);
    extra.extend(HeaderValue::try_from(name).ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(respond::unkept(&asking.headers, StatusCode::OK, "text/csv; charset=utf-8", extra, String::from_utf8_lossy(&bytes).into_owned()))
}

/// A point's facts with what its row in the table says. None where it says nothing else.
fn edited(known: &Known, fields: &Fields) -> Option<Value> {
    let mut facts = known.facts.clone();
    for name in pages::COLUMNS {
        let Some(new) = fields.all(&format!("{name}-{}", known.code)).next().map(typed) else { continue };
        set(&mut facts, name, new);
    }
    (facts != known.facts).then_some(facts)
}

/// Puts a text in facts, or takes it out where it is empty. `phone` is the first number.
fn set(facts: &mut Value, name: &str, new: String) {
    if name == "phone" {
        let first = &facts["phones"][0];
        if first["number"] == new.as_str() {
            return;
        }
        let label = first["label"].as_str().unwrap_or("Điện thoại").to_owned();
        let mut phones: Vec<Value> = facts["phones"].as_array().into_iter().flatten().skip(1).cloned().collect();
        if !new.is_empty() {
            phones.insert(0, json!({ "label": label, "number": new }));
        }
        facts["phones"] = json!(phones);
        if phones.is_empty() {
            facts.as_object_mut().into_iter().for_each(|facts| drop(facts.remove("phones")));
        }
        return;
    }
    match facts.as_object_mut() {
        Some(facts) if new.is_empty() => drop(facts.remove(name)),
        Some(facts) => drop(facts.insert(name.to_owned(), json!(new))),
        None => {}
    }
}

/// `POST /office/points`: the rows of the table that were edited become revisions from today on.
pub async fn edit(
    State(site): State<Arc<Site>>,
    desk: Desk,
    asking: Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, HttpError> {
    check(&desk)?;
    let fields = desk.fields(&headers, body).await?;
    let lang = fields.lang(&asking.headers);
    let (mut done, mut waits, mut wrong) = (0, false, Wrong::default());
    let codes: Vec<Code> = fields.names().filter_map(|name| name.strip_prefix("seen-")?.parse().ok()).collect();
    for (view, known) in codes.iter().filter_map(|code| known_point(&site, &desk, code)) {
        let Some(seen) = fields.get(&format!("seen-{}", known.code)) else { continue };
        let Some(facts) = edited(&known, &fields) else { continue };
        if seen != known.seen.to_string() {
            wrong.said.push(sentence!("row-changed", title = view.title).text(lang).clone());
            continue;
        }
        let form = Form { family: view.family, action: "revise", seen, at: None };
        let body = json!({ "effective_from": site.moment().today, "facts": &facts });
        match desk.carry_out(&site, known.code, &form, body).await {
            Ok(outcome) => (done, waits) = (done + 1, waits || outcome.waits()),
            Err(error) => {
                wrong.said.push(format!("{}: {}", view.title, refused(error, lang)?));
                wrong.typed.insert(known.code, facts);
            }
        }
    }
    let part = Part::of(&desk, &fields);
    if wrong.said.is_empty() {
        if waits {
            return Ok(leads_to("/office/proposals", lang));
        }
        return Ok(leads_to(&format!("{}&done={done}", part.address()), lang));
    }
    Ok(table_page(&site, &desk, &headers, lang, &part, &wrong, Some(done).filter(|done| *done > 0 && !waits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn known() -> Known {
        let facts = json!({ "kind": "health-station", "title": "Trạm một", "address": "Tổ 1", "always_open": false,
            "phones": [{ "label": "Trực", "number": "0216 0000 111" }, { "label": "Khác", "number": "0216 0000 112" }],
            "contact": { "subject": "s-1" }, "position": { "lon": 104.87, "lat": 21.7 } });
        Known { code: "TYT00001B".parse().expect("a code"), seen: 1, facts, contact: None, ends: false }
    }

    #[test]
    fn a_row_changes_what_was_typed_and_nothing_else() {
        let same = "title-TYT00001B=Tr%E1%BA%A1m+m%E1%BB%99t&address-TYT00001B=T%E1%BB%95+1&phone-TYT00001B=0216+0000+111&hours-TYT00001B=";
        assert_eq!(edited(&known(), &Fields::parse(same)), None);
        let facts =
            edited(&known(), &Fields::parse("phone-TYT00001B=0216+0000+113&address-TYT00001B=&hours-TYT00001B=7-17")).expect("edited");
        assert_eq!(facts["phones"][0], json!({ "label": "Trực", "number": "0216 0000 113" }));
        assert_eq!((&facts["phones"][1]["number"], &facts["hours"], facts.get("address")), (&json!("0216 0000 112"), &json!("7-17"), None));
        let facts = edited(&known(), &Fields::parse("phone-TYT00001B=")).expect("edited");
        assert_eq!(facts["phones"], json!([{ "label": "Khác", "number": "0216 0000 112" }]));
    }
}
