//! What is on: the page of today and the days that follow, and the same as JSON.

use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::layout::{self, Page};
use super::nearest;
use crate::domain::city::City;
use crate::domain::days::Exception;
use crate::domain::publication::view::{Calendar, Moment, View};
use crate::domain::unit::{Unit, UnitId};
use crate::geometry::Position;
use crate::read_model::nearest::{Near, PlaceNear};
use crate::read_model::today::On;
use crate::words::format;
use crate::words::text::{Lang, text};

/// What is on in the city, or in one of its units.
pub struct Today<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// The moment of reading.
    pub moment: &'a Moment,
    /// First and last day shown.
    pub days: [Date; 2],
    /// True where the reader asked for other days than those from today on.
    pub is_asked: bool,
    /// The unit; none means the whole city.
    pub unit: Option<&'a Unit>,
    /// What is on, by day.
    pub on: &'a [On],
    /// What has a day in that time that was called off.
    pub off: &'a [View],
    /// How many occasions each unit has in those days.
    pub by_unit: &'a [(UnitId, usize)],
    /// The day whose places are listed, and the places, nearest first.
    pub places: (Date, &'a [Near]),
    /// Where the reader is.
    pub at: Option<Position>,
    /// What was wrong with the position.
    pub wrong: Option<&'a str>,
}

/// The hours of an occasion, as people write them.
pub(super) fn hours(on: &On) -> Option<String> {
    let calendar = on.view.calendar()?;
    let hours: Vec<String> = calendar.days.hours_on(on.when.planned).map(crate::domain::days::Hours::in_words).collect();
    (!hours.is_empty()).then(|| hours.join(", "))
}

/// Days of the schedule between two days on which nothing takes place, with the reason. A day that was moved onto another
/// planned one is among them.
pub(super) fn cancelled(calendar: &Calendar, [from, to]: [Date; 2]) -> Vec<(Date, Option<&str>)> {
    let is_lost = |exception: &&Exception| match exception.moved_to {
        None => true,
        Some(day) => calendar.days.on(day).is_none_or(|found| found.planned != exception.day),
    };
    let off = calendar.exceptions.iter().filter(|exception| (from..=to).contains(&exception.day)).filter(is_lost);
    let mut off: Vec<_> = off.map(|exception| (exception.day, exception.reason.as_deref())).collect();
    off.sort_unstable();
    off
}

/// Why a day of the schedule was moved.
pub(super) fn reason_of(calendar: &Calendar, planned: Date) -> Option<&str> {
    calendar.exceptions.iter().find(|exception| exception.day == planned)?.reason.as_deref()
}

impl Today<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    fn name(&self) -> &str {
        match self.unit {
            Some(unit) => self.lang.pick(&unit.name_vi, &unit.name_en),
            None => self.lang.pick(&self.city.name_vi, &self.city.name_en),
        }
    }

    /// The query of an address for the same unit, with its question mark; empty for the whole city.
    fn of_unit(&self) -> String {
        self.unit.map_or_else(String::new, |unit| format!("?unit={}", unit.id))
    }

    fn entry(&self, on: &On) -> Markup {
        let view = &on.view;
        let table = &self.city.units;
        html! {
            li {
                a href={ "/q/" (view.code) (self.lang.query()) } { (view.title) }
                @if let Some(hours) = hours(on) { br; (hours) }
                @else if let Some(words) = view.told("hours") { br; (words) }
                br; span.note {
                    (self.t(view.kind)) " · "
                    @if view.units.is_empty() { (self.t("whole-city")) }
                    @for (i, unit) in view.units.iter().filter_map(|id| table.get(id)).enumerate() {
                        @if i > 0 { ", " }
                        (self.lang.pick(&unit.name_vi, &unit.name_en))
                    }
                    @if on.when.planned != on.when.day {
                        " · " (self.t("instead-of")) " " (format::date(on.when.planned))
                        @if let Some(reason) = view.calendar().and_then(|calendar| reason_of(calendar, on.when.planned)) { ": " (reason) }
                    }
                }
            }
        }
    }

    fn list(&self, day: Date) -> Markup {
        html! { ul.list { @for on in self.on.iter().filter(|on| on.when.day == day) { (self.entry(on)) } } }
    }

    fn content(&self) -> Markup {
        let first = self.days[0];
        let mut days: Vec<Date> = self.on.iter().map(|on| on.when.day).collect();
        days.dedup();
        let (lang, today) = (self.lang, self.moment.today);
        html! {
            h1 { (self.t("on-today")) ": " (self.name()) }
            h2 { (format::day_in_words(lang, today, first)) }
            @if days.contains(&first) {
                (self.list(first))
                (self.places())
            } @else { p { (self.t("nothing-on")) } }
            @if days.iter().any(|day| *day != first) {
                h2 { (self.t("on-next-days")) }
                @for day in days.iter().filter(|day| **day != first) {
                    h3 { (format::day_in_words(lang, today, *day)) }
                    (self.list(*day))
                }
            }
            @if !days.contains(&first) { (self.places()) }
            (self.off())
            (self.wards())
            (self.keep())
        }
    }

    /// Days that were called off: whoever has them in mind must read it.
    fn off(&self) -> Markup {
        html! {
            @if !self.off.is_empty() {
                h2 { (self.t("called-off-days")) }
                ul.list {
                    @for view in self.off {
                        @for (day, reason) in view.calendar().map(|calendar| cancelled(calendar, self.days)).unwrap_or_default() {
                            li { s { (format::date(day)) } " " a href={ "/q/" (view.code) (self.lang.query()) } { (view.title) } @if let Some(reason) = reason { ": " (reason) } }
                        }
                    }
                }
            }
        }
    }

    fn places(&self) -> Markup {
        let (day, places) = self.places;
        html! {
            @if let Some(wrong) = self.wrong { div.status.bad role="alert" { (wrong) } }
            @if !places.is_empty() {
                h2 { (self.t("places")) ", " (format::day_in_words(self.lang, self.moment.today, day)) }
                @if self.at.is_none() {
                    div #locate data-action={ "/today" (self.of_unit()) } data-kind="place" data-label=(self.t("use-position")) data-denied=(self.t("position-denied")) data-lang=(self.lang.code()) {}
                }
                @if self.at.is_none() && self.unit.is_some() { p.note { (self.t("from-middle")) } }
                ol.list { @for near in places { (nearest::entry(self.lang, self.moment, near, day)) } }
                p.note { (self.t("position-privacy")) }
                script src="/assets/here.js" defer {}
            }
        }
    }

    fn wards(&self) -> Markup {
        html! {
            h2 { (self.t("on-by-unit")) }
            ul.list {
                @if self.unit.is_some() { li { a href={ "/today" (self.lang.query()) } { (self.t("whole-city")) } } }
                @for (id, count) in self.by_unit {
                    @if let Some(unit) = self.city.units.get(id) {
                        li {
                            @let name = self.lang.pick(&unit.name_vi, &unit.name_en);
                            @if self.unit.is_some_and(|own| own.id == *id) { strong { (name) } }
                            @else { a href={ "/today?unit=" (id.as_str()) (self.lang.and()) } { (name) } }
                            " " span.note { (count) " " (self.t("occasions")) }
                        }
                    }
                }
            }
        }
    }

    /// What can be kept: the calendar, and the poster of the month.
    fn keep(&self) -> Markup {
        let (of_unit, lang) = (self.of_unit(), self.lang);
        let and = if of_unit.is_empty() { lang.query() } else { lang.and() };
        let address = format!("{}/today.ics{of_unit}", self.city.public_url);
        let follow = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
        let month = self.days[0];
        html! {
            ul.ways.noprint {
                li { a href={ "webcal://" (follow) } { (self.t("follow-calendar")) } }
                li { a href={ "/today/poster.pdf" (of_unit) (if of_unit.is_empty() { "?" } else { "&" }) "month=" (month.strftime("%Y-%m")) (lang.and()) } { (self.t("month-poster")) } }
            }
            p.note { (self.t("follow-calendar-how")) " " span.small { (address) } " · " a href={ "/today.ics" (of_unit) } { (self.t("download")) } " · " a href={ "/today" (of_unit) (and) (if and.is_empty() && of_unit.is_empty() { "?" } else { "&" }) "f=json" } { "JSON" } }
        }
    }

    /// The page.
    pub fn page(&self) -> String {
        let title = format!("{}: {}", self.t("on-today"), self.name());
        let separator = if self.unit.is_some() { "&" } else { "?" };
        let count = self.days[0].until(self.days[1]).map_or(0, |span| span.get_days()) + 1;
        let days = if self.is_asked { format!("{separator}on={}&days={count}", self.days[0]) } else { String::new() };
        let path = format!("/today{}{days}", self.of_unit());
        layout::page(&Page::new(self.lang, self.city, &title, &path), self.content())
    }

    fn off_json(&self) -> Value {
        let days = |view: &View| {
            let code = view.code;
            let days = view.calendar().map(|calendar| cancelled(calendar, self.days)).unwrap_or_default();
            days.into_iter().map(|(day, reason)| json!({ "day": day, "code": code, "reason": reason })).collect::<Vec<_>>()
        };
        self.off.iter().flat_map(days).collect()
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let of = |view: &View| format!("{}/q/{}", self.city.public_url, view.code);
        let on = self.on.iter().map(|on| {
            let view = &on.view;
            let mut entry = json!({
                "day": on.when.day, "code": view.code, "url": of(view), "title": view.title, "kind": view.kind,
                "revision": view.revision, "units": view.units, "hours": hours_json(view, on.when.planned),
            });
            if on.when.planned != on.when.day {
                entry["instead_of"] = json!(on.when.planned);
            }
            entry
        });
        let places = self.places.1.iter().map(|near| {
            let place = near.place.clone().unwrap_or_else(|| PlaceNear::of(&near.view));
            json!({
                "code": near.view.code, "name": place.name, "address": place.address, "payment": place.payment, "offer": place.offer,
                "hours": place.hours, "phone": place.phone, "lon": near.at.lon, "lat": near.at.lat, "distance_m": near.metres.map(f64::round),
            })
        });
        json!({
            "from": self.days[0], "to": self.days[1], "unit": self.unit.map(|unit| &unit.id),
            "on": on.collect::<Vec<_>>(), "called_off": self.off_json(), "places_day": self.places.0, "places": places.collect::<Vec<_>>(),
        })
    }
}

/// The hours of a day of the schedule; empty means the whole day.
pub(super) fn hours_json(view: &View, planned: Date) -> Value {
    let hours = view.calendar().into_iter().flat_map(|calendar| calendar.days.hours_on(planned));
    hours.map(|hours| json!({ "from": hours.from.strftime("%H:%M").to_string(), "to": hours.to.strftime("%H:%M").to_string() })).collect()
}
