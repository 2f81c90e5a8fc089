//! The page of what is nearest, with a number to call on every line.

use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{self, Page, language_field, words_field};
use super::merchants::until;
use crate::domain::city::City;
use crate::domain::days::Open;
use crate::domain::payment::Method;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::Usable;
use crate::domain::publication::view::View;
use crate::geometry::Position;
use crate::read_model::nearest::{Near, kinds};
use crate::words::civil::in_milliseconds;
use crate::words::format;
use crate::words::format::dialled;
use crate::words::text::Lang;
use crate::words::text::text;

fn words(lang: Lang, view: &View, label: &str) -> Option<String> {
    let facts = view.facts.iter().filter(|fact| fact.label == label).filter_map(|fact| match &fact.value {
        Shown::Text(text) => Some(text.clone()),
        Shown::Key(key) => Some(text(lang, key).to_owned()),
        Shown::Keys(keys) => Some(keys.iter().map(|key| text(lang, key)).collect::<Vec<_>>().join(", ")),
        Shown::Said(said) => Some(said.text(lang).clone()),
        _ => None,
    });
    let facts: Vec<String> = facts.collect();
    (!facts.is_empty()).then(|| facts.join("; "))
}

/// The name of a kind in a heading.
fn title(lang: Lang, kind: &str) -> &str {
    text(lang, if kind == "place" { "places" } else { kind })
}

/// One of what is nearest, as it is on a day: whether it is open is known for today only.
pub(super) fn entry(lang: Lang, moment: &Moment, near: &Near, on: Date) -> Markup {
    let view = &near.view;
    let t = |key| text(lang, key);
    let is_duty = view.fact("duty").is_some();
    html! {
        li.near {
            @match &near.place {
                Some(place) => {
                    b { (place.name) }
                    br; span.note { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } @if let Some(day) = if on == moment.today { view.next_day() } else { Some(on) } { ": " (format::day_in_words(lang, moment.today, day)) } }
                }
                None => b { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } },
            }
            @if let Some(metres) = near.metres { br; b { (format::distance(lang, metres)) } " " span.note { (t("as-the-crow-flies")) } }
            @if is_duty {
                // A copy of the page may be read later: when this is too old, a script replaces the word by
                // “unknown”.
                p.duty.ready[view.duty() == Some(Usable::Yes)] data-until=[view.next_change.map(jiff::Timestamp::as_second)] data-later=(t("duty-unknown")) {
                    b { (text(lang, &view.standing)) }
                    @match view.fact("duty-at") {
                        // This shows a time of day and not an age, so that it stays true in a copy of the page.
                        Some(Shown::Moment(at)) => { " – " (t("duty-at")) " " (format::clock(&moment.zone, moment.today, *at)) }
                        _ => { " – " (t("never-told")) }
                    }
                }
            }
            @if let Some(open) = view.merchant().and_then(|merchant| merchant.open).filter(|_| on == moment.today) {
                p.duty.ready[matches!(open, Open::Until(_))] data-until=[view.next_change.map(jiff::Timestamp::as_second)] data-later=(t("hours-see")) {
                    b { (text(lang, &view.standing)) } " " (until(lang, moment.today, open))
                }
            }
            @for (label, number) in view.phones() {
                @if near.place.is_none() { a.call.plain href={ "tel:" (dialled(number)) } { (t("call")) " " (number) " – " (label) } }
            }
            @if let Some(place) = &near.place {
                @if let Some(number) = &place.phone { a.call.plain href={ "tel:" (dialled(number)) } { (t("call")) " " (number) } }
                @for (key, value) in [("address", &place.address), ("payment", &place.payment), ("offer", &place.offer), ("hours", &place.hours)] {
                    @if let Some(value) = value { br; (t(key)) ": " (value) }
                }
            } @else {
                p {
                    @for (i, (label, value)) in ["address", "role", "times", "hours", "payment", "access", "languages", "operator"].iter().filter_map(|label| Some((*label, words(lang, view, label)?))).enumerate() {
                        @if i > 0 { br; }
                        (text(lang, label)) ": " (value)
                    }
                    @if let Some(merchant) = view.merchant() { @for offer in &merchant.offers { br; (t("offer")) ": " b { (offer.what) } @if let Some(condition) = &offer.condition { " (" (condition) ")" } } }
                    @if !is_duty { br; span.note { (t("updated")) " " (format::clock(&moment.zone, moment.today, view.updated)) } }
                }
            }
        }
    }
}

/// What is asked for.
pub struct Asked<'a> {
    /// The kind.
    pub kind: &'a str,
    /// The way to pay that places must take.
    pub pays: Option<Method>,
    /// From where.
    pub at: Option<Position>,
}

/// The choice of a way to pay.
fn pays(lang: Lang, asked: &Asked<'_>) -> Markup {
    let t = |key| text(lang, key);
    html! {
        form.column action="/nearest" method=(if asked.at.is_some() { "post" } else { "get" }) {
            input type="hidden" name="kind" value=(asked.kind);
            @if let Some(at) = asked.at { input type="hidden" name="lon" value=(at.lon); input type="hidden" name="lat" value=(at.lat); }
            (language_field(lang))
            label { (t("pays-with"))
                select name="pays" {
                    option value="" { (t("pays-any")) }
                    @for method in Method::ALL { option value=(method.as_str()) selected[asked.pays == Some(method)] { (t(method.key())) } }
                }
            }
            button.plain { (t("show")) }
        }
    }
}

/// The content of the page. `wrong` says what was wrong with a position.
fn content(lang: Lang, city: &City, moment: &Moment, asked: &Asked<'_>, wrong: Option<&str>, found: &[Near]) -> Markup {
    let t = |key| text(lang, key);
    let (kind, at) = (asked.kind, asked.at);
    let is_health = matches!(kind, "ambulance" | "health-worker" | "health-station");
    html! {
        h1 { (t("nearest")) ": " (title(lang, kind)) }
        div.offline role="status" { (t("offline-copy")) " " b { (format::clock(&moment.zone, moment.today, moment.now)) } }
        div.sides {
            div {
                @if is_health {
                    @if let Some(number) = city.emergency.first() {
                        a.call href={ "tel:" (number.number) } { (t("call")) " " (number.number) " – " (lang.pick(&number.label_vi, &number.label_en)) }
                        p.note { (t("no-dispatch")) }
                    }
                }
                nav aria-label=(t("kinds")) {
                    // If there is a position, the other kinds are asked for in a POST body: it must stand in no
                    // address.
                    @if let Some(at) = at {
                        form.kinds action="/nearest" method="post" {
                            input type="hidden" name="lon" value=(at.lon);
                            input type="hidden" name="lat" value=(at.lat);
                            (language_field(lang))
                            @for other in kinds() {
                                @if other == kind { strong { (title(lang, other)) } } @else { button name="kind" value=(other) { (title(lang, other)) } }
                            }
                        }
                        p { a href={ "/nearest?kind=" (kind) (lang.and()) } { (t("other-ways")) } }
                    } @else {
                        p {
                            @for (i, other) in kinds().into_iter().enumerate() {
                                @if i > 0 { " · " }
                                @if other == kind { strong { (title(lang, other)) } }
                                @else { a href={ "/nearest?kind=" (other) (lang.and()) } { (title(lang, other)) } }
                            }
                        }
                    }
                }
                @if let Some(wrong) = wrong { div.status.bad role="alert" { (wrong) } }
                @if kind == "place" { (pays(lang, asked)) }
                @if kind == "digital-team" { p { a href={ "/coverage" (lang.query()) } { (t("coverage")) } } }
                @if at.is_none() {
                    div #locate data-action="/nearest" data-kind=(kind) data-label=(t("use-position")) data-denied=(t("position-denied")) data-lang=(lang.code()) {}
                    p { (t("near-unit")) " "
                        @for (i, unit) in city.units.valid_on(moment.today).enumerate() {
                            @if i > 0 { " · " }
                            a href={ "/nearest?kind=" (kind) (of_way(asked)) "&lon=" (format!("{:.5}", unit.label.lon)) "&lat=" (format!("{:.5}", unit.label.lat)) (lang.and()) } { (lang.pick(&unit.name_vi, &unit.name_en)) }
                        }
                    }
                    form action="/here" method="post" role="search" {
                        input type="hidden" name="kind" value=(kind);
                        (words_field(lang, "place", "here-name", ""))
                    }
                }
            }
            div {
                @if found.is_empty() { p { (t("nothing-here")) } }
                ol.list { @for near in found { (entry(lang, moment, near, moment.today)) } }
                p.note { (t("position-privacy")) }
            }
        }
        script src="/assets/here.js" defer {}
        script src="/assets/offline.js" defer {}
    }
}

/// The way to pay that is asked for, as part of an address.
fn of_way(asked: &Asked<'_>) -> String {
    asked.pays.map_or_else(String::new, |method| format!("&pays={}", method.as_str()))
}

/// The page of what is nearest.
pub fn page(lang: Lang, city: &City, moment: &Moment, asked: &Asked<'_>, wrong: Option<&str>, found: &[Near]) -> String {
    let content = content(lang, city, moment, asked, wrong, found);
    layout::page(&Page::new(lang, city, text(lang, "nearest"), &format!("/nearest?kind={}{}", asked.kind, of_way(asked))), content)
}

/// The list of what is nearest as JSON.
pub fn json(kind: &str, at: Option<Position>, found: &[Near], city: &City) -> Value {
    let list: Vec<Value> = found
        .iter()
        .map(|near| {
            let view = &near.view;
            json!({
                "code": view.code, "url": format!("{}/q/{}", city.public_url, view.code),
                "title": near.place.as_ref().map_or(&view.title, |place| &place.name),
                "lon": near.at.lon, "lat": near.at.lat, "distance_m": near.metres.map(f64::round),
                "usable": match view.duty().unwrap_or(Usable::Yes) { Usable::Yes => "yes", Usable::Unknown => "unknown", Usable::Busy => "busy", Usable::No => "no" },
                "standing": view.standing, "duty_at": view.properties.get("duty_at"), "updated": in_milliseconds(view.updated),
                "phones": view.phones().iter().map(|(label, number)| json!({ "label": label, "number": number })).collect::<Vec<_>>(),
                "properties": view.properties,
                "place": near.place.as_ref().map(|place| json!({ "name": place.name, "address": place.address, "payment": place.payment, "offer": place.offer, "hours": place.hours, "phone": place.phone })),
            })
        })
        .collect();
    json!({ "kind": kind, "lon": at.map(|at| at.lon), "lat": at.map(|at| at.lat), "emergency": city.emergency.first(), "nearest": list })
}
