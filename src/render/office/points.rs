//! Map points in the office: the table, one point with its map, and what a list would change.

use maud::{Markup, html};
use serde_json::Value;

use super::findings::findings;
use super::{Who, frame, wrong_box};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::days::Hours;
use crate::domain::payment::{self, Payment};
use crate::domain::publication::view::Moment;
use crate::domain::trade::{self, Offer, Product};
use crate::import::Report;
use crate::import::list::{Change, Known};
use crate::render::here::tap;
use crate::render::merchants::{Filled, trade_fields};
use crate::words::copied::in_query;
use crate::words::text::{Lang, text};

/// The columns of the table; `phone` is the first number.
pub const COLUMNS: [&str; 4] = ["title", "address", "phone", "hours"];
/// The texts of a point's form that are members of its facts, by its kind.
pub fn texts(kind: &str) -> &'static [&'static str] {
    const TEXTS: [&str; 6] = ["title", "summary", "address", "hours", "operator", "role"];
    if trade::KINDS.contains(&kind) { &TEXTS[..4] } else { &TEXTS }
}
/// Most changes of a list that are shown.
const SHOWN: usize = 200;

/// A part of the table.
pub struct Table<'a> {
    /// Kind of the points.
    pub kind: &'a str,
    /// Kinds that the person may change.
    pub kinds: &'a [&'a str],
    /// Words in the names of the points.
    pub words: &'a str,
    /// How many points of the kind come before.
    pub from: usize,
    /// How many are shown on a page.
    pub most: usize,
    /// How many there are; none for too many to count.
    pub count: Option<usize>,
    /// True where others follow.
    pub further: bool,
    /// The points.
    pub rows: &'a [Known],
    /// What was refused.
    pub wrong: &'a [String],
    /// How many points were changed just now.
    pub done: Option<usize>,
}

fn label(lang: Lang, name: &str) -> &str {
    match name {
        "title" => text(lang, "field-title"),
        "summary" => text(lang, "what-it-means"),
        "phone" | "phones" => text(lang, "field-phone"),
        "payments" => text(lang, "field-payments"),
        other => text(lang, other),
    }
}

fn value(known: &Known, name: &str) -> String {
    let found = if name == "phone" { &known.facts["phones"][0]["number"] } else { &known.facts[name] };
    found.as_str().unwrap_or_default().to_owned()
}

/// The table of one kind, to be edited in place, and the ways to new points.
pub fn table(lang: Lang, city: &City, who: &Who<'_>, table: &Table<'_>) -> String {
    let t = |key| text(lang, key);
    let words: String = if table.words.is_empty() { String::new() } else { format!("&q={}", in_query(table.words)) };
    let part = |from: usize| format!("/office/points?kind={}{words}&from={from}{}", table.kind, lang.and());
    let content = html! {
        @for wrong in table.wrong { (wrong_box(Some(wrong))) }
        @if let Some(done) = table.done { div.status.good role="status" { b { (done) " " (t("points-done")) } } }
        nav aria-label=(t("points-kinds")) {
            @for (n, kind) in table.kinds.iter().enumerate() {
                @if n > 0 { " · " }
                @if *kind == table.kind { b { (t(kind)) } } @else { a href={ "/office/points?kind=" (kind) (lang.and()) } { (t(kind)) } }
            }
        }
        p { a href={ "/office/points/new?kind=" (table.kind) (lang.and()) } { (t("point-new")) } }
        @if table.further || table.from > 0 || !table.words.is_empty() {
            form.column action="/office/points" method="get" {
                (super::language_field(lang))
                input type="hidden" name="kind" value=(table.kind);
                label { (t("office-find-point")) input type="search" name="q" value=(table.words); }
                button.plain { (t("search")) }
            }
        }
        @if table.rows.is_empty() { p { (t(if table.words.is_empty() { "points-none" } else { "points-none-found" })) } }
        @else {
            form.rows action="/office/points" method="post" {
                (who.hidden(lang))
                input type="hidden" name="kind" value=(table.kind);
                input type="hidden" name="q" value=(table.words);
                input type="hidden" name="from" value=(table.from);
                @for known in table.rows {
                    fieldset {
                        legend { a href={ "/office/points/" (known.code) (lang.query()) } { (value(known, "title")) } }
                        input type="hidden" name={ "seen-" (known.code) } value=(known.seen);
                        // The hours of a place where people pay have days: they are on its own page.
                        @for name in COLUMNS.into_iter().filter(|name| *name != "hours" || !trade::KINDS.contains(&table.kind)) {
                            // A person's number is changed with their consent, on the point's own page.
                            @if name != "phone" || known.facts["contact"].is_null() {
                                label { (label(lang, name)) input type=(if name == "phone" { "tel" } else { "text" }) name={ (name) "-" (known.code) } value=(value(known, name)) maxlength="500" required[name == "title"]; }
                            }
                        }
                    }
                }
                button.wide { (t("points-save")) }
            }
            p {
                @if table.from > 0 { a href=(part(table.from.saturating_sub(table.most))) { (t("earlier")) } " · " }
                (table.from + 1) "–" (table.from + table.rows.len()) @if let Some(count) = table.count { " / " (count) }
                @if table.further { " · " a href=(part(table.from + table.most)) { (t("further")) } }
            }
        }
        h2 { (t("points-list")) }
        p.note { (t("points-list-help")) }
        p { a href={ "/office/points/list.csv?kind=" (table.kind) } download { (t("points-sheet")) } }
        form.column action="/office/points/lists" method="post" enctype="multipart/form-data" {
            (who.hidden(lang))
            label { (t("office-file")) input type="file" name="file" required; }
            (how(lang, table.kinds, Some(table.kind), "", false))
            button { (t("points-compare")) }
        }
    };
    frame(lang, city, who, t("office-points"), "/office/points", content)
}

/// How a list is to be read.
fn how(lang: Lang, kinds: &[&str], kind: Option<&str>, crs: &str, whole: bool) -> Markup {
    let t = |key| text(lang, key);
    html! {
        label { (t("points-list-kind")) select name="kind" { @for known in kinds { option value=(known) selected[Some(*known) == kind] { (t(known)) } } } }
        details open[!crs.is_empty()] {
            summary { (t("office-crs")) }
            label { (t("office-crs")) input type="text" name="crs" value=(crs) maxlength="40" placeholder="EPSG:9208"; }
        }
        label { input type="checkbox" name="whole" value="1" checked[whole]; " " (t("points-whole")) }
    }
}

/// One point in its form.
pub struct Point<'a> {
    /// Where the form is sent.
    pub path: &'a str,
    /// The point; none for a new one.
    pub known: Option<&'a Known>,
    /// Its kind.
    pub kind: &'a str,
    /// What the form is filled with.
    pub filled: &'a dyn Fn(&str) -> String,
    /// The units that are ticked.
    pub units: &'a [String],
    /// The map on which its place is set.
    pub map: &'a tap::Picked,
    /// Tells two new points of the same content apart.
    pub once: &'a str,
    /// All values of a field.
    pub all: &'a dyn Fn(&str) -> Vec<String>,
    /// Campaigns in which a place may take part.
    pub campaigns: &'a [(Code, String)],
}

/// The form of one point. A tap on the map, or a press on a button other than the one that saves, shows it again.
pub fn one(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, point: &Point<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let filled = point.filled;
    let is_merchant = trade::KINDS.contains(&point.kind);
    let input = |name: &'static str| html! { label { (label(lang, name)) input type="text" name=(name) value=(filled(name)) maxlength="500" required[name == "title"]; } };
    let title = point.known.map_or_else(|| format!("{}: {}", t("point-new"), t(point.kind)), |known| value(known, "title"));
    let content = html! {
        (wrong_box(wrong))
        p { span.tag { (t(point.kind)) } @if let Some(known) = point.known { " " a href={ "/q/" (known.code) (lang.query()) } { (known.code) } @if is_merchant { " · " a href={ "/office/merchants/" (known.code) (lang.query()) } { (t("payee-and-link")) } } } }
        form.column action=(point.path) method="post" {
            (who.hidden(lang))
            input type="hidden" name="kind" value=(point.kind);
            input type="hidden" name="once" value=(point.once);
            @if let Some(known) = point.known { input type="hidden" name="seen" value=(known.seen); }
            // The first button is the one that Enter presses.
            button.wide name="do" value="save" { (t("point-save")) }
            (input("title"))
            fieldset {
                legend { (t("point-place")) }
                p.note { (t("point-place-help")) }
                label { (t("latitude")) input type="text" name="lat" value=(filled("lat")) inputmode="decimal" maxlength="40"; }
                label { (t("longitude")) input type="text" name="lon" value=(filled("lon")) inputmode="decimal" maxlength="40"; }
                div #locate data-fill="button[value=place]" data-label=(t("use-position")) data-denied=(t("position-denied")) {}
                button.plain name="do" value="place" formnovalidate { (t("point-show-place")) }
            }
            // As wide as the map is, it has no room for a border on a small phone.
            div { (tap::image(lang, point.map)) }
            @if point.map.span > 0.0 { button.plain name="do" value="whole" formnovalidate { (t("whole-map")) } }
            (input("address"))
            label { (t("what-it-means")) textarea name="summary" rows="2" maxlength="2000" { (filled("summary")) } }
            @if is_merchant { (trade_fields(lang, &Filled { text: filled, all: point.all })) }
            (input("hours"))
            @if !is_merchant { label { input type="checkbox" name="always_open" value="1" checked[!filled("always_open").is_empty()]; " " (t("always-open")) } }
            label { (t("point-phones")) textarea name="phones" rows="3" maxlength="1000" { (filled("phones")) } }
            @if !is_merchant {
                (input("role"))
                (input("operator"))
                label { (t("hamlets")) " " span.note { (t("hamlets-help")) } input type="text" name="hamlets" value=(filled("hamlets")) maxlength="2000"; }
                label { (t("languages")) input type="text" name="languages" value=(filled("languages")) maxlength="200"; }
            }
            @if !point.campaigns.is_empty() {
                @let ticked = (point.all)("campaign");
                fieldset {
                    legend { (t("takes-part")) }
                    @for (code, title) in point.campaigns { label { input type="checkbox" name="campaign" value=(code) checked[ticked.iter().any(|own| *own == code.to_string())]; " " (title) } }
                }
            }
            @if point.kind == "ambulance" {
                label { (t("point-duty-limit")) input type="text" inputmode="numeric" name="duty_limit_minutes" value=(filled("duty_limit_minutes")) maxlength="4" placeholder="120"; }
            }
            details open[!point.units.is_empty()] {
                summary { (t("units")) }
                p.note { (t("office-units-help")) }
                @for unit in city.units.valid_on(moment.today) {
                    label { input type="checkbox" name="unit" value=(unit.id.as_str()) checked[point.units.iter().any(|id| id == unit.id.as_str())]; " " (lang.pick(&unit.name_vi, &unit.name_en)) }
                }
            }
            @if !is_merchant { (person(lang, point)) }
            button.wide name="do" value="save" { (t("point-save")) }
        }
        @if point.known.is_some() { p { a href={ "/office/items/" (point.known.map(|known| known.code.to_string()).unwrap_or_default()) (lang.query()) } { (t("point-other-changes")) } } }
        script src="/assets/here.js" defer {}
    };
    frame(lang, city, who, &title, point.path, content)
}

/// A person to call at the point, with their consent.
fn person(lang: Lang, point: &Point<'_>) -> Markup {
    let t = |key| text(lang, key);
    let filled = point.filled;
    let names = ["contact_name", "contact_phone", "contact_consent"];
    let known = point.known.and_then(|known| known.contact.as_ref());
    html! {
        details open[names.into_iter().any(|name| !filled(name).is_empty())] {
            summary { (t("point-person")) @if let Some((name, phone)) = known { ": " (name) ", " (phone) } }
            p.note { (t("point-person-help")) }
            @for name in names {
                label { (text(lang, &name.replace('_', "-"))) input type=(if name == "contact_phone" { "tel" } else { "text" }) name=(name) value=(filled(name)) maxlength="200" autocomplete="off"; }
            }
            @if point.known.is_some_and(|known| !known.facts["contact"].is_null()) {
                label { input type="checkbox" name="contact_remove" value="1" checked[!filled("contact_remove").is_empty()]; " " (t("point-person-remove")) }
            }
        }
    }
}

/// What a list would change.
pub struct List<'a> {
    /// Id of the list's file.
    pub id: &'a str,
    /// The kind that counts for rows that name none.
    pub kind: Option<&'a str>,
    /// Kinds that the person may change.
    pub kinds: &'a [&'a str],
    /// The coordinate system that was named.
    pub crs: &'a str,
    /// True where points that it does not name end.
    pub whole: bool,
    /// Name of the file.
    pub name: &'a str,
    /// What was found in the file.
    pub report: &'a Report,
    /// What it changes.
    pub changes: &'a [Change],
    /// How many rows change nothing.
    pub same: usize,
    /// What was compared: the form carries it back.
    pub digest: &'a str,
    /// The name of a published point.
    pub title: &'a dyn Fn(&Code) -> String,
    /// The line of a row in the file, where it has lines.
    pub line: &'a dyn Fn(usize) -> Option<u64>,
}

fn shown_value(lang: Lang, value: &Value) -> String {
    match value {
        Value::Null => text(lang, "nothing-stated").to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(|one| shown_value(lang, one)).collect::<Vec<_>>().join(", "),
        Value::Object(at) if at.contains_key("lat") => format!("{}, {}", at["lat"], at["lon"]),
        Value::Object(one) if one.contains_key("method") => {
            let named = serde_json::from_value::<Payment>(value.clone());
            named.map_or_else(|_| value.to_string(), |payment| payment::said(&[payment]).text(lang))
        }
        Value::Object(one) if one.contains_key("from") => {
            serde_json::from_value::<Hours>(value.clone()).map_or_else(|_| value.to_string(), |hours| hours.said().text(lang))
        }
        Value::Object(one) if one.contains_key("what") => {
            serde_json::from_value::<Offer>(value.clone()).map_or_else(|_| value.to_string(), |offer| offer.written())
        }
        Value::Object(one) if one.contains_key("name") => {
            serde_json::from_value::<Product>(value.clone()).map_or_else(|_| value.to_string(), |product| product.written())
        }
        Value::Object(one) if one.contains_key("number") => shown_value(lang, &one["number"]),
        other => other.to_string(),
    }
}

/// What is shown of a new point, below its name.
const ADDED: [&str; 8] = ["hours", "times", "payments", "offers", "products", "phones", "summary", "units"];

fn change_line(lang: Lang, list: &List<'_>, change: &Change) -> Markup {
    let t = |key| text(lang, key);
    html! {
        @match change {
            Change::Add { row, facts } => {
                b { (facts["title"].as_str().unwrap_or_default()) } " " span.tag { (t(facts["kind"].as_str().unwrap_or_default())) }
                " · " @match (list.line)(*row) { Some(line) => (sentence!("report-line", line).text(lang)), None => { "#" (row) } }
                @if let Some(address) = facts["address"].as_str() { " · " (address) }
                @for name in ADDED.into_iter().filter(|name| !facts[*name].is_null()) { br; (label(lang, name)) ": " (shown_value(lang, &facts[name])) }
            }
            Change::Revise { code, fields, .. } => {
                b { ((list.title)(code)) } " · " (code)
                @for (name, old, new) in fields {
                    br;
                    @let key = match name.as_str() { "contact" => "point-person", "position" => "point-place", other => other };
                    (label(lang, key)) ": " del { (shown_value(lang, old)) } " → " ins { (shown_value(lang, new)) }
                }
            }
            Change::End { code, .. } => { b { ((list.title)(code)) } " · " (code) }
        }
    }
}

/// What a list would change: added, changed, ended; and the button that carries it out.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, list: &List<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let path = format!("/office/points/lists/{}", list.id);
    let of = |wanted: fn(&Change) -> bool| list.changes.iter().filter(move |change| wanted(change)).collect::<Vec<_>>();
    let parts = [
        ("points-added", of(|change| matches!(change, Change::Add { .. }))),
        ("points-changed", of(|change| matches!(change, Change::Revise { .. }))),
        ("points-ended", of(|change| matches!(change, Change::End { .. }))),
    ];
    let content = html! {
        (wrong_box(wrong))
        p { b { (list.name) } }
        @if !list.report.findings.is_empty() {
            h2 { (t("points-report")) }
            (findings(lang, list.report, SHOWN, false))
        }
        @if list.report.is_clean() {
            ul { @for (key, changes) in &parts { li { (changes.len()) " " (t(key)) } } li { (list.same) " " (t("points-same")) } }
            @for (key, changes) in parts.iter().filter(|(_, changes)| !changes.is_empty()) {
                h2 { (t(key)) ": " (changes.len()) }
                ul.list { @for change in changes.iter().take(SHOWN) { li { (change_line(lang, list, change)) } } }
                @if changes.len() > SHOWN { p.note { "+ " (changes.len() - SHOWN) } }
            }
            @if !list.changes.is_empty() {
                form.column action=(path) method="post" {
                    (who.hidden(lang))
                    input type="hidden" name="kind" value=(list.kind.unwrap_or_default());
                    input type="hidden" name="crs" value=(list.crs);
                    @if list.whole { input type="hidden" name="whole" value="1"; }
                    input type="hidden" name="digest" value=(list.digest);
                    button.wide { (t("points-carry-out")) }
                }
            }
        } @else {
            p { b { (t("points-mend")) } }
        }
        details open[!list.report.is_clean()] {
            summary { (t("points-read-again")) }
            form.column action=(path) method="get" {
                (super::language_field(lang))
                (how(lang, list.kinds, list.kind, list.crs, list.whole))
                button.plain { (t("points-compare")) }
            }
        }
        p { a href={ "/office/points?kind=" (list.kind.unwrap_or_default()) (lang.and()) } { (t("office-points")) } }
    };
    frame(lang, city, who, t("points-list"), &path, content)
}
