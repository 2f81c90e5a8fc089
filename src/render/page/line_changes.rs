//! Which lines of a plan changed between two revisions: a street that becomes wider takes land.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;

use super::{Before, Item};
use crate::domain::plan::LineKind;
use crate::features::Features;
use crate::words::format;

/// Most lines that a page lists.
const LISTED: usize = 100;

/// What is compared of the lines of one kind and name.
#[derive(Default, PartialEq)]
struct Own {
    /// The width of the right of way, metres.
    width_m: Option<f64>,
    /// Their geometries, as they are stored.
    courses: Vec<String>,
}

/// Lines by kind, and by the name of their road or their own.
fn by_name(lines: &Features) -> BTreeMap<(LineKind, String), Own> {
    let mut all: BTreeMap<(LineKind, String), Own> = BTreeMap::new();
    for line in &lines.list {
        let said = lines.parsed_properties(line);
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let kind = text("line_kind").and_then(LineKind::named).unwrap_or(LineKind::Other);
        let own = all.entry((kind, text("road").or(text("name")).unwrap_or_default().to_owned())).or_default();
        own.width_m = own.width_m.or(said.get("right_of_way_m").and_then(Value::as_f64));
        own.courses.push(lines.geometry(line).to_owned());
    }
    all.values_mut().for_each(|own| own.courses.sort_unstable());
    all
}

impl Item<'_> {
    /// Which lines changed, by kind and name: wider and narrower roads first.
    pub(super) fn changed_lines(&self, before: &Before<'_>) -> Markup {
        if before.beside.lines.is_none() && self.beside.lines.is_none() {
            return html! {};
        }
        let of = |lines: Option<&Features>| lines.map(by_name).unwrap_or_default();
        let (old, new) = (of(before.beside.lines), of(self.beside.lines));
        let mut wider = Vec::new();
        let mut others: Vec<(&(LineKind, String), &str)> = Vec::new();
        for (key, is) in &new {
            match old.get(key) {
                None => others.push((key, "lines-added")),
                Some(was) if was.width_m != is.width_m => wider.push((key, was.width_m, is.width_m)),
                Some(was) if was != is => others.push((key, "lines-moved")),
                Some(_) => {}
            }
        }
        others.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key, "lines-gone")));
        let name = |(kind, name): &(LineKind, String)| {
            let kind = self.t(&format!("line-{}", kind.as_str())).to_owned();
            if name.is_empty() { kind } else { format!("{name} ({kind})") }
        };
        let metres = |width: Option<f64>| width.map_or_else(|| "–".to_owned(), |width| format!("{} m", format::short(self.lang, width)));
        html! {
            h2 { (self.t("changed-lines")) " (" (wider.len() + others.len()) ")" }
            @if wider.is_empty() && others.is_empty() { p { (self.t("no-line-changed")) } }
            @else {
                ul.list {
                    @for (key, was, is) in wider.iter().take(LISTED) {
                        li { (name(key)) ": " (self.t("field-right_of_way_m")) " " (metres(*was)) " → " b { (metres(*is)) } }
                    }
                    @for (key, what) in others.iter().take(LISTED) { li { (self.t(what)) ": " (name(key)) } }
                }
                @if wider.len() > LISTED || others.len() > LISTED { p.note { "…" } }
            }
        }
    }
}
