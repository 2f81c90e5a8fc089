//! Pages of “at my place”: the ways to name a place, and what applies there.

mod compare;
pub mod json;
pub mod tap;
pub mod unit;
pub mod ways;

use jiff::civil::Date;
use maud::{Markup, html};

use super::glossary::term;
use super::indicators;
use super::layout::{Page, language_field, page};
use super::map;
use super::page::swatch;
use super::streets::{self, Subject};
use crate::domain::city::City;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::{land_use, law};
use crate::geometry::Position;
use crate::read_model::here::{Here, LotHere, PlanHere, ZoneHere};
use crate::read_model::nearby::Nearby;
use crate::words::format;
use crate::words::text::Lang;
use crate::words::text::text;
use tap::{Picked, tappable};
use ways::Typed;

/// Most zones of a parcel that are listed one by one.
const LISTED: usize = 40;

/// A place that someone asked about.
pub struct Spot {
    /// The position; for a parcel, a point inside it.
    pub at: Position,
    /// The name by which it was found, if it was found by name.
    pub name: Option<String>,
    /// The parcel as it was sent.
    pub parcel: Option<String>,
}

/// A question and its answer.
pub struct Asked<'a> {
    /// The place.
    pub spot: &'a Spot,
    /// The day to compare with.
    pub since: Option<Date>,
    /// What applies there.
    pub here: &'a Here,
    /// What was wrong with the day to compare with.
    pub wrong: Option<&'a str>,
}

fn t(lang: Lang, key: &str) -> &str {
    text(lang, key)
}

fn zone_name(lang: Lang, zone: &ZoneHere) -> &str {
    if zone.land_use.is_empty() {
        return t(lang, "in-no-class");
    }
    land_use::get(&zone.land_use).map_or(zone.land_use.as_str(), |entry| lang.pick(&entry.name_vi, &entry.name_en))
}

/// What may be built on a lot, in words.
fn may_be_built(lang: Lang, lot: &LotHere) -> Markup {
    html! {
        @if let Some(sentence) = indicators::sentence(lang, &lot.indicators) { p { b { (sentence) } } }
        @if let Some(conditions) = &lot.conditions { p.note { (conditions) } }
    }
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
                            @if let Some(number) = zone.lot.as_ref().and_then(|lot| lot.number.as_ref()) { (t(lang, "lot")) " " b { (number) } ": " }
                            (swatch(&zone.land_use)) @if !zone.land_use.is_empty() { b { (zone.land_use) } " " } (zone_name(lang, zone))
                            @if let Some(name) = &zone.name { br; span.note { (name) } }
                            @if let Some(lot) = &zone.lot { (may_be_built(lang, lot)) }
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

/// What the law says to the owner of land in a plan. A plan that is not in force binds nobody, so it has no
/// rules.
fn rules(view: &View) -> impl Iterator<Item = &'static law::Rule> {
    view.signed().filter(|_| view.status == Status::InForce).into_iter().flat_map(|signed| law::of(view.kind, signed))
}

fn plan(lang: Lang, plan: &PlanHere, subject: Subject) -> Markup {
    let view = &plan.view;
    html! {
        h3 { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
        p.note {
            (term(lang, view.kind)) " · " b { (term(lang, &view.standing)) } " " (t(lang, if view.status == Status::Upcoming { "from-day" } else { "since" })) " " (format::date(view.effective_from))
            @if let Some(to) = view.holds_to { " " (t(lang, "until")) " " (format::date(to)) }
            @if let (Some(number), Some(authority), Some(signed)) = (view.told("decision"), view.told("authority"), view.signed()) {
                br; (t(lang, "by-decision")) " " (number) " " (t(lang, "of-day")) " " (format::date(signed)) ", " (authority)
            }
        }
        @if !plan.zones.is_empty() || plan.uncovered_m2.is_some() { (zones(lang, plan)) }
        @if let Some(said) = &plan.streets { (streets::words(lang, said, subject)) }
        @if let Some(said) = streets::of_areas(plan) { p { b { (said.text(lang)) } } }
        @if plan.streets.is_some() || plan.zones.iter().any(|zone| zone.lot.is_some()) { p.note { (t(lang, "lot-certificate")) } }
        @for rule in rules(view) { p.rule { (lang.pick(&rule.vi, &rule.en)) " " span.note { "(" (rule.basis) ")" } } }
    }
}

/// The page of what applies at a place.
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
        div.sides {
            div {
                @if let Some(map) = map { (tappable(lang, map)) }
                @if !here.consultations.is_empty() {
                    h2 { (t(lang, "open-consultations")) }
                    ul.list {
                        @for view in &here.consultations {
                            li {
                                a href={ "/q/" (view.code) (lang.query()) } { (view.title) }
                                @if let Some(until) = view.opinions_until() { br; (t(lang, "opinions-until")) " " b { (format::date(until)) } }
                            }
                        }
                    }
                }
                (nearby_list(lang, moment, &here.nearby))
            }
            div {
                h2 { (t(lang, "in-force-here")) " (" (here.plans.len()) ")" }
                @if here.plans.is_empty() { p { (t(lang, if here.is_beyond { "outside-units" } else { "nothing-applies" })) } }
                @for own in &here.plans { (plan(lang, own, Subject::of(here.parcel_m2))) }
                (compare::table(lang, &here.plans))
                @if !here.coming.is_empty() {
                    h2 { (t(lang, "coming-here")) }
                    @for own in &here.coming { (plan(lang, own, Subject::of(here.parcel_m2))) }
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
                @if !here.plans.is_empty() {
                    form action="/here?f=pdf" method="post" { (again) button { (t(lang, "place-sheet-print")) } }
                    p.note { (t(lang, "place-sheet-note")) }
                }
                p.note { strong { (t(lang, "reference-only")) } " " (format::clock(&moment.zone, moment.today, moment.now)) "." }
            }
        }
        h2 { (t(lang, "elsewhere")) }
        @if spot.parcel.is_none() {
            // Only this address has a position in it: people share it on purpose.
            form action="/nearest" method="post" { (again) button { (t(lang, "near-here")) } }
            p { a href={ "/here?lon=" (spot.at.lon) "&lat=" (spot.at.lat) (lang.and()) } { (t(lang, "share-place")) } }
        }
        (ways::all(lang, city, moment.today, &Typed::default()))
    };
    page(&Page::new(lang, city, &title, "/here"), content)
}

/// What goes on near a place, under its families' headings.
fn nearby_list(lang: Lang, moment: &Moment, nearby: &[Nearby]) -> Markup {
    let mut headings: Vec<&str> = Vec::new();
    for one in nearby {
        if !headings.contains(&one.heading) {
            headings.push(one.heading);
        }
    }
    html! {
        @for heading in headings {
            h2 { (t(lang, heading)) }
            ul.list {
                @for one in nearby.iter().filter(|one| one.heading == heading) {
                    li {
                        a href={ "/q/" (one.view.code) (lang.query()) } { (one.view.title) }
                        " " span.tag { (t(lang, &one.view.standing)) }
                        br; span.note {
                            (t(lang, one.view.kind))
                            @if let Some(metres) = one.metres { " · " (format::distance(lang, metres)) }
                            @if one.view.status == Status::Upcoming { " · " (t(lang, "from-day")) " " (format::day_in_words(lang, moment.today, one.view.effective_from)) }
                        }
                    }
                }
            }
        }
    }
}

fn codes(lang: Lang, plan: &PlanHere) -> Markup {
    html! {
        @for (i, zone) in plan.zones.iter().enumerate() {
            @if i > 0 { ", " }
            (zone.land_use) " " (zone_name(lang, zone))
            @if let Some(area) = zone.area_m2 { " (" (format::number(lang, area, 0)) " m²)" }
            @if let Some(lot) = &zone.lot {
                @if let Some(number) = &lot.number { ", " (t(lang, "lot")) " " (number) }
                @for said in indicators::said(lang, &lot.indicators) { ", " (said) }
                @if let Some(conditions) = &lot.conditions { ", " (conditions) }
            }
        }
        @for road in plan.streets.iter().flat_map(|streets| &streets.roads) {
            ", " (t(lang, "field-right_of_way_m")) " " (road.road.as_deref().unwrap_or_default()) ": " (format::short(lang, road.width_m))
        }
        " (" (t(lang, "revision")) " " (plan.view.revision) ")"
    }
}
