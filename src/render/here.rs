//! Pages of “at my place”: the ways to say where, and what applies there.

use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use jiff::civil::Date;

use super::format;
use super::glossary::term;
use super::layout::{Page, language_field, page, words_field};
use super::map::{self, Around, Detail, Frame, Part, UnitShape};
use super::page::swatch;
use super::search::Found;
use super::text::{Lang, text};
use crate::domain::city::City;
use crate::domain::geometry::{Bbox, Position};
use crate::domain::publication::Status;
use crate::domain::unit::UnitId;
use crate::domain::view::{Moment, View};
use crate::domain::{land_use, law};
use crate::read_model::cut::Piece;
use crate::read_model::features::Features;
use crate::read_model::here::{Here, PlanHere, ZoneHere};

/// Width of the map that is tapped, CSS pixels: it is not scaled, or a tap would not be where it is.
const MAP: f64 = 320.0;
/// Zones of a parcel that are listed one by one.
const LISTED: usize = 40;
/// Least width of that map, degrees: some 250 metres.
const NEAREST: f64 = 0.0024;

/// A place that was asked about.
pub struct Spot {
    /// Where it is; of a parcel a point inside.
    pub at: Position,
    /// Its name, where it was found by one.
    pub name: Option<String>,
    /// The parcel as it was sent.
    pub parcel: Option<String>,
}

/// A question and its answer.
pub struct Asked<'a> {
    /// Where.
    pub spot: &'a Spot,
    /// The day to compare with.
    pub since: Option<Date>,
    /// What applies there.
    pub here: &'a Here,
    /// What was wrong with the day to compare with.
    pub wrong: Option<&'a str>,
}

/// A map to be tapped.
pub struct Picked {
    /// The drawing.
    pub svg: String,
    /// Its middle, where it is not the whole city.
    pub at: Option<Position>,
    /// Its width in degrees; 0 for the whole city.
    pub span: f64,
    /// Its width in pixels.
    pub width: f64,
    /// Its height in pixels, the strip with its scale included: shown in any other shape, a tap would not
    /// be where it is.
    pub height: f64,
}

/// What was typed into the form, shown again after a mistake.
#[derive(Default)]
pub struct Typed<'a> {
    /// Degrees.
    pub lon: &'a str,
    /// Degrees.
    pub lat: &'a str,
    /// Metres.
    pub e: &'a str,
    /// Metres.
    pub n: &'a str,
    /// A parcel.
    pub parcel: &'a str,
}

/// The box of a map around a place: the whole city where none, or where `span` is 0.
pub fn map_box(city: &City, at: Option<Position>, span: f64) -> Bbox {
    match at {
        Some(at) if span > 0.0 => {
            let half = span.clamp(NEAREST, 1.0) / 2.0;
            [at.lon - half, at.lat - half, at.lon + half, at.lat + half]
        }
        _ => city.bbox,
    }
}

/// The next span when a map is tapped.
pub fn nearer(city: &City, span: f64) -> f64 {
    let now = if span > 0.0 { span } else { city.bbox[2] - city.bbox[0] };
    (now / 4.0).max(NEAREST)
}

/// Where places lie on the map to be tapped.
pub fn frame(bbox: &Bbox) -> Frame {
    Frame::new(bbox, MAP, 0.0)
}

/// Size of the labels of that map.
const LABELS: f64 = 11.0;

/// Height of the whole drawing of the map to be tapped, pixels.
pub fn drawn_height(frame: &Frame) -> f64 {
    (frame.height + map::strip(LABELS)).round()
}

/// Draws the map to be tapped.
pub fn draw(lang: Lang, city: &City, features: Option<&Features>, units: &[UnitShape], bbox: &Bbox, at: Option<Position>) -> String {
    let frame = frame(bbox);
    let detail =
        Detail { width: frame.width, height: Some(frame.height), each: true, smallest: 0, font: LABELS, margin: 0.0, ..Detail::PHONE };
    let around = Around { lang, units, mark: at.map(|at| [at.lon, at.lat]), landmarks: Some(city) };
    let alt = text(lang, "tap-map");
    let Some(features) = features else { return map::blank(bbox, &detail, &around, alt) };
    // Only what can be seen is drawn.
    let near = features.near(&frame.bbox());
    let piece = |index: &usize| {
        let feature = &features.list[*index];
        Piece { index: *index, rings: features.rings(feature), bbox: feature.bbox(), area_m2: 0.0, whole: true }
    };
    let pieces: Vec<Piece> = near.iter().map(piece).collect();
    if pieces.len() > 4_000 {
        map::zones(features, bbox, &Detail { each: false, smallest: 12, ..detail }, &around, alt).svg
    } else {
        map::zones(&Part { features, pieces: &pieces }, bbox, &detail, &around, alt).svg
    }
}

fn t(lang: Lang, key: &str) -> &str {
    text(lang, key)
}

/// The ways to say where.
fn ways(lang: Lang, city: &City, today: Date, typed: &Typed<'_>) -> Markup {
    let by_degrees = !typed.lon.is_empty() || !typed.lat.is_empty();
    let by_metres = !typed.e.is_empty() || !typed.n.is_empty();
    html! {
        // A script puts a button here where the browser knows its position.
        div #locate data-action="/here" data-label=(t(lang, "use-position")) data-denied=(t(lang, "position-denied")) data-lang=(lang.code()) {}
        form action="/here" method="post" role="search" { (words_field(lang, "place", "here-name", "")) }
        form action="/here" method="post" {
            input type="hidden" name="map" value="1";
            (language_field(lang))
            button { (t(lang, "pick-on-map")) }
        }
        details open[by_degrees || by_metres] {
            summary { (t(lang, "by-coordinates")) }
            form.column action="/here" method="post" {
                label { (t(lang, "longitude")) input name="lon" autocomplete="off" placeholder="104,87512" value=(typed.lon); }
                label { (t(lang, "latitude")) input name="lat" autocomplete="off" placeholder="21,70423" value=(typed.lat); }
                (language_field(lang))
                button { (t(lang, "applies-here")) }
            }
            form.column action="/here" method="post" {
                label { (t(lang, "northing")) input name="n" autocomplete="off" placeholder="2401150" value=(typed.n); }
                label { (t(lang, "easting")) input name="e" autocomplete="off" placeholder="512650" value=(typed.e); }
                (language_field(lang))
                button { (t(lang, "applies-here")) }
            }
        }
        details open[!typed.parcel.is_empty()] {
            summary { (t(lang, "by-parcel")) }
            form.column action="/here" method="post" {
                label { (t(lang, "parcel-label")) textarea name="parcel" rows="6" spellcheck="false" placeholder="1  2401150,00  512650,00\n2  2401150,00  512670,00\n…" { (typed.parcel) } }
                (language_field(lang))
                button { (t(lang, "applies-here")) }
            }
        }
        p { (t(lang, "by-unit")) " "
            @for (i, unit) in city.units.valid_on(today).enumerate() {
                @if i > 0 { " · " }
                a href={ "/here?unit=" (unit.id) (lang.and()) } { (lang.pick(&unit.name_vi, &unit.name_en)) }
            }
        }
        p.note { (t(lang, "position-privacy")) }
        script src="/assets/here.js" defer {}
    }
}

/// The form; after a mistake with what is wrong.
pub fn form(lang: Lang, city: &City, today: Date, wrong: Option<&str>, typed: &Typed<'_>) -> String {
    let content = html! {
        h1 { (t(lang, "here")) }
        p { (t(lang, "here-explain")) }
        @if let Some(wrong) = wrong { div.status.bad role="alert" { (wrong) } }
        (ways(lang, city, today, typed))
    };
    page(&Page::new(lang, city, t(lang, "here"), "/here"), content)
}

/// A drawing as what follows `data:image/svg+xml,` in an attribute. Its own entities stay what they are.
fn data_of(svg: &str) -> String {
    let quoted = [('%', "%25"), ('#', "%23"), ('&', "%26"), ('"', "'"), ('<', "%3C"), ('>', "%3E")];
    quoted.iter().fold(svg.to_owned(), |data, (plain, quoted)| data.replace(*plain, quoted))
}

/// A map that can be tapped, without a script: the browser sends where.
fn tappable(lang: Lang, map: &Picked) -> Markup {
    // The drawing travels in the page: its address would tell where somebody is.
    let data = data_of(&map.svg);
    html! {
        form.tap action="/here" method="post" {
            input type="hidden" name="map" value="1";
            input type="hidden" name="span" value=(map.span);
            @if let Some(at) = map.at { input type="hidden" name="map.lon" value=(at.lon); input type="hidden" name="map.lat" value=(at.lat); }
            (language_field(lang))
            input type="image" name="at" width=(map.width) height=(map.height) alt=(t(lang, "tap-map")) src={ "data:image/svg+xml," (PreEscaped(data)) };
        }
        p.note { (t(lang, "tap-help")) }
        @if map.span > 0.0 {
            form action="/here" method="post" { input type="hidden" name="map" value="1"; (language_field(lang)) button { (t(lang, "whole-map")) } }
        }
    }
}

/// The whole city to be tapped.
pub fn tap(lang: Lang, city: &City, map: &Picked) -> String {
    let content =
        html! { h1 { (t(lang, "pick-on-map")) } (tappable(lang, map)) p { a href={ "/here" (lang.query()) } { (t(lang, "other-ways")) } } };
    page(&Page::new(lang, city, t(lang, "pick-on-map"), "/here"), content)
}

/// What has a name that was typed; each leads to what applies there, or to the nearest of a kind.
pub fn which(lang: Lang, city: &City, today: Date, typed: &str, found: &[Found], proposal: Option<&str>, nearest: Option<&str>) -> String {
    let action = if nearest.is_some() { "/nearest" } else { "/here" };
    let kind = html! { @if let Some(kind) = nearest { input type="hidden" name="kind" value=(kind); } };
    let content = html! {
        h1 { (t(lang, "here")) }
        p { (t(lang, "results")) ": “" (typed) "” (" (found.len()) ")" }
        @if found.is_empty() { p role="status" { (t(lang, "place-none")) } }
        @if let Some(proposal) = proposal {
            form action="/here" method="post" {
                (language_field(lang))
                (kind)
                input type="hidden" name="place" value=(proposal);
                button { (t(lang, "search-proposal")) " " (proposal) "?" }
            }
        }
        ul.list {
            @for found in found {
                @if let Some((name, at)) = found.spot(lang) {
                    li {
                        form.plain action=(action) method="post" {
                            (kind)
                            @match found {
                                Found::Unit(unit, _) if nearest.is_none() => { input type="hidden" name="unit" value=(unit.id); }
                                _ => { input type="hidden" name="lon" value=(at.lon); input type="hidden" name="lat" value=(at.lat); }
                            }
                            (language_field(lang))
                            button { (name) }
                        }
                    }
                }
            }
        }
        (ways(lang, city, today, &Typed::default()))
    };
    page(&Page::new(lang, city, t(lang, "here"), "/here"), content)
}

/// The same for programs.
pub fn which_json(lang: Lang, typed: &str, found: &[Found]) -> Value {
    let spot = |found: &Found| {
        let (name, at) = found.spot(lang)?;
        let unit = match found {
            Found::Unit(unit, _) => Some(unit.id.clone()),
            _ => None,
        };
        Some(json!({ "name": name, "lon": at.lon, "lat": at.lat, "unit": unit }))
    };
    json!({ "place": typed, "candidates": found.iter().filter_map(spot).collect::<Vec<_>>() })
}

/// Items, each at the unit's part.
fn unit_list<'v>(lang: Lang, id: &UnitId, views: impl Iterator<Item = &'v View>) -> Markup {
    html! {
        ul.list {
            @for view in views {
                li {
                    @if view.features.is_some() { a href={ "/q/" (view.code) "?unit=" (id) (lang.and()) } { (view.title) } }
                    @else { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
                    br; span.note { (t(lang, view.kind)) } " " span.tag { (t(lang, &view.standing)) }
                }
            }
        }
    }
}

/// A unit: its part of every plan in force.
pub fn unit(lang: Lang, city: &City, moment: &Moment, id: &UnitId, plans: &[View]) -> String {
    let name = city.units.get(id).map_or(id.as_str(), |unit| lang.pick(&unit.name_vi, &unit.name_en));
    let now = city.units.at(id, moment.today);
    let content = html! {
        h1 { (name) }
        @if !now.iter().any(|unit| unit.id == *id) {
            p { (t(lang, "now-part-of")) " " (now.iter().map(|unit| lang.pick(&unit.name_vi, &unit.name_en)).collect::<Vec<_>>().join(", ")) }
        }
        p { (t(lang, "unit-plans")) }
        (unit_list(lang, id, plans.iter().filter(|view| view.opinions_until.is_none())))
        @if plans.iter().any(|view| view.opinions_until.is_some()) {
            h2 { (t(lang, "open-consultations")) }
            (unit_list(lang, id, plans.iter().filter(|view| view.opinions_until.is_some())))
        }
        (ways(lang, city, moment.today, &Typed::default()))
    };
    page(&Page::new(lang, city, name, &format!("/here?unit={id}")), content)
}

/// The same for programs.
pub fn unit_json(city: &City, id: &UnitId, views: &[View]) -> Value {
    let url = &city.public_url;
    let of = |view: &View| {
        let url = format!("{url}/q/{}?unit={id}", view.code);
        json!({ "code": view.code, "title": view.title, "kind": view.kind, "url": url, "opinions_until": view.opinions_until })
    };
    let (consultations, plans): (Vec<&View>, Vec<&View>) = views.iter().partition(|view| view.opinions_until.is_some());
    let list = |views: Vec<&View>| views.into_iter().map(of).collect::<Vec<_>>();
    json!({ "unit": id, "plans": list(plans), "consultations": list(consultations) })
}

fn zone_name(lang: Lang, zone: &ZoneHere) -> &str {
    land_use::get(&zone.land_use).map_or(zone.land_use.as_str(), |entry| lang.pick(&entry.name_vi, &entry.name_en))
}

fn zones(lang: Lang, plan: &PlanHere) -> Markup {
    let measured = plan.zones.iter().any(|zone| zone.area_m2.is_some());
    html! {
        table {
            @if measured {
                thead { tr { th scope="col" { (t(lang, "land-use-name")) } th.n scope="col" { "m²" } th.n scope="col" { "%" } } }
            }
            tbody {
                @for zone in plan.zones.iter().take(LISTED) {
                    tr {
                        th scope="row" {
                            (swatch(&zone.land_use)) b { (zone.land_use) } " " (zone_name(lang, zone))
                            @if let Some(name) = &zone.name { br; span.note { (name) } }
                        }
                        @if measured {
                            td.n { (zone.area_m2.map(|area| format::number(lang, area, 1)).unwrap_or_default()) }
                            td.n { (zone.share.map(|share| format::number(lang, share, 1)).unwrap_or_default()) }
                        }
                    }
                }
                @if let Some(more) = plan.zones.get(LISTED..).filter(|more| !more.is_empty()) {
                    @let area: f64 = more.iter().filter_map(|zone| zone.area_m2).sum();
                    @let share: f64 = more.iter().filter_map(|zone| zone.share).sum();
                    tr { th scope="row" { (t(lang, "more-zones")) " (" (more.len()) ")" } td.n { (format::number(lang, area, 1)) } td.n { (format::number(lang, share, 1)) } }
                }
                @if let Some(rest) = plan.uncovered_m2 {
                    tr { th scope="row" { (t(lang, "uncovered")) } td.n { (format::number(lang, rest, 1)) } td.n {} }
                }
            }
        }
    }
}

/// What the law says to an owner of land in a plan; it binds nobody before the plan is in force.
fn rules(view: &View) -> impl Iterator<Item = &'static law::Rule> {
    view.signed.filter(|_| view.status == Status::InForce).into_iter().flat_map(|signed| law::of(view.kind, signed))
}

fn plan(lang: Lang, plan: &PlanHere) -> Markup {
    let view = &plan.view;
    html! {
        h3 { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
        p.note {
            (term(lang, view.kind)) " · " b { (term(lang, &view.standing)) } " " (t(lang, "since")) " " (format::date(view.effective_from))
            @if let Some(to) = view.effective_to { " " (t(lang, "until")) " " (format::date(to)) }
            @if let (Some(number), Some(authority), Some(signed)) = (view.told("decision"), view.told("authority"), view.signed) {
                br; (t(lang, "by-decision")) " " (number) " " (t(lang, "of-day")) " " (format::date(signed)) ", " (authority)
            }
        }
        (zones(lang, plan))
        @for rule in rules(view) { p.rule { (lang.pick(&rule.vi, &rule.en)) " " span.note { "(" (rule.basis) ")" } } }
    }
}

/// What applies at a place.
pub fn answer(lang: Lang, city: &City, moment: &Moment, asked: &Asked<'_>, map: Option<&Picked>) -> String {
    let Asked { spot, since, here, wrong } = asked;
    let unit = here.unit.as_ref().and_then(|id| city.units.get(id));
    let title = spot.name.clone().unwrap_or_else(|| t(lang, if spot.parcel.is_some() { "my-parcel" } else { "here" }).to_owned());
    let again = html! {
        @match &spot.parcel {
            Some(parcel) => { input type="hidden" name="parcel" value=(parcel); }
            None => { input type="hidden" name="lon" value=(spot.at.lon); input type="hidden" name="lat" value=(spot.at.lat); }
        }
        (language_field(lang))
    };
    let content = html! {
        h1 { (title) }
        p {
            @if let Some(unit) = unit { b { (lang.pick(&unit.name_vi, &unit.name_en)) } " · " }
            @match here.parcel_m2 {
                Some(area) => { (t(lang, "parcel-area")) " " (format::number(lang, area, 1)) " m²" }
                None => { (map::readable(spot.at)) }
            }
        }
        @if let Some(map) = map { (tappable(lang, map)) }
        @if !here.consultations.is_empty() {
            h2 { (t(lang, "open-consultations")) }
            ul.list {
                @for view in &here.consultations {
                    li {
                        a href={ "/q/" (view.code) (lang.query()) } { (view.title) }
                        @if let Some(until) = view.opinions_until { br; (t(lang, "opinions-until")) " " b { (format::date(until)) } }
                    }
                }
            }
        }
        h2 { (t(lang, "in-force-here")) " (" (here.plans.len()) ")" }
        @if here.plans.is_empty() { p { (t(lang, if here.is_beyond { "outside-units" } else { "nothing-applies" })) } }
        @for own in &here.plans { (plan(lang, own)) }
        @if !here.coming.is_empty() {
            h2 { (t(lang, "coming-here")) }
            @for own in &here.coming { (plan(lang, own)) }
        }
        h2 { (t(lang, "changed-here")) }
        @if let Some(since) = since {
            p { (t(lang, "compared-with")) " " b { (format::date(*since)) } ": " @if here.changed.is_empty() { (t(lang, "no-change-here")) } }
            @for changed in &here.changed {
                @let view = changed.after.as_ref().or(changed.before.as_ref()).map(|plan| &plan.view);
                @if let Some(view) = view {
                    h3 { a href={ "/q/" (view.code) "/history" (lang.query()) } { (view.title) } }
                    dl {
                        dt { (t(lang, "before")) } dd.was { @match &changed.before { Some(plan) => (codes(lang, plan)), None => (t(lang, "nothing-then")) } }
                        dt { (t(lang, "after")) } dd { @match &changed.after { Some(plan) => (codes(lang, plan)), None => (t(lang, "nothing-now")) } }
                    }
                }
            }
        }
        form action="/here" method="post" {
            (again)
            @if let Some(wrong) = wrong { div.status.bad role="alert" { (wrong) } }
            label.above for="since" { (t(lang, "since-label")) }
            input id="since" name="since" value=(since.map(format::date).unwrap_or_default()) autocomplete="off";
            button { (t(lang, "compare")) }
        }
        p.note { strong { (t(lang, "reference-only")) } " " (format::clock(&moment.zone, moment.today, moment.now)) "." }
        h2 { (t(lang, "elsewhere")) }
        @if spot.parcel.is_none() {
            // The one address with a position in it is there to be shared on purpose.
            form action="/nearest" method="post" { (again) button { (t(lang, "near-here")) } }
            p { a href={ "/here?lon=" (spot.at.lon) "&lat=" (spot.at.lat) (lang.and()) } { (t(lang, "share-place")) } }
        }
        (ways(lang, city, moment.today, &Typed::default()))
    };
    page(&Page::new(lang, city, &title, "/here"), content)
}

fn codes(lang: Lang, plan: &PlanHere) -> Markup {
    html! {
        @for (i, zone) in plan.zones.iter().enumerate() {
            @if i > 0 { ", " }
            (zone.land_use) " " (zone_name(lang, zone))
            @if let Some(area) = zone.area_m2 { " (" (format::number(lang, area, 0)) " m²)" }
        }
        " (" (t(lang, "revision")) " " (plan.view.revision) ")"
    }
}

fn plan_json(plan: &PlanHere, url: &str) -> Value {
    let view = &plan.view;
    let zones: Vec<Value> = plan
        .zones
        .iter()
        .map(|zone| {
            json!({
                "id": format!("{}-{}-{}", view.code, view.revision, zone.number), "land_use": zone.land_use,
                "land_use_name": land_use::get(&zone.land_use).map(|entry| &entry.name_vi), "name": zone.name,
                "area_m2": zone.area_m2.map(|area| (area * 10.0).round() / 10.0), "share": zone.share.map(|share| (share * 10.0).round() / 10.0),
            })
        })
        .collect();
    let rules: Vec<Value> = rules(view).map(|rule| json!({ "id": rule.id, "vi": rule.vi, "en": rule.en, "basis": rule.basis })).collect();
    json!({
        "code": view.code, "url": format!("{url}/q/{}", view.code), "title": view.title, "kind": view.kind, "status": view.status.as_str(),
        "revision": view.revision, "effective_from": view.effective_from, "effective_to": view.effective_to,
        "decision": view.told("decision"), "authority": view.told("authority"), "signed": view.signed,
        "zones": zones, "uncovered_m2": plan.uncovered_m2.map(|area| (area * 10.0).round() / 10.0), "rules": rules,
    })
}

/// The answer for programs.
pub fn json(asked: &Asked<'_>, city: &City) -> Value {
    let Asked { spot, since, here, .. } = asked;
    let url = &city.public_url;
    let plans = |list: &[PlanHere]| list.iter().map(|plan| plan_json(plan, url)).collect::<Vec<_>>();
    let changed: Vec<Value> = here
        .changed
        .iter()
        .map(|changed| json!({ "before": changed.before.as_ref().map(|plan| plan_json(plan, url)), "after": changed.after.as_ref().map(|plan| plan_json(plan, url)) }))
        .collect();
    let consultations: Vec<Value> = here
        .consultations
        .iter()
        .map(
            |view| json!({ "code": view.code, "url": format!("{url}/q/{}", view.code), "title": view.title, "until": view.opinions_until }),
        )
        .collect();
    json!({
        "place": { "lon": spot.at.lon, "lat": spot.at.lat, "unit": here.unit, "area_m2": here.parcel_m2.map(|area| (area * 10.0).round() / 10.0) },
        "plans": plans(&here.plans), "coming": plans(&here.coming),
        "since": since, "changed": changed, "consultations": consultations,
        "note": "Chỉ có giá trị tham khảo; văn bản gốc có giá trị pháp lý. For reference only.",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_the_map_that_is_tapped() {
        let svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><text fill=\"#333\">Hoa &amp; L\u{e1} 100 % &lt;b&gt; &quot;x&quot;</text></svg>";
        let data = data_of(svg);
        assert!(!data.contains(['<', '>', '"', '&', '#']), "{data}");
        let mut parts = data.split('%');
        let first = parts.next().unwrap_or_default().to_owned();
        let decoded = parts.fold(first, |mut all, part| {
            all.push(char::from(u8::from_str_radix(&part[..2], 16).expect("two digits")));
            all + &part[2..]
        });
        assert_eq!(decoded, svg.replace('"', "'"), "the browser gets what was drawn");
    }
}
