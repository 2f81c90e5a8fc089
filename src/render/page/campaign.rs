//! What a campaign's page shows in addition: the places that take part, and what was aimed at and reached.

use jiff::civil::Date;
use maud::{Markup, html};
use serde_json::Value;

use super::Item;
use crate::domain::days::{Hours, Occurrence};
use crate::domain::publication::view::Figure;
use crate::features::Kind;
use crate::render::layout::scrolling;
use crate::render::today::{cancelled, reason_of};
use crate::words::format;

/// Next days that a page lists.
const DAYS: usize = 6;
/// Most places that a page lists, so that it stays light for a phone.
const LISTED: usize = 200;

impl Item<'_> {
    pub(super) fn places(&self) -> Markup {
        let Some(features) = self.features.filter(|features| features.is_of(Kind::Points)) else { return html! {} };
        let rows: Vec<_> = features.list.iter().map(|feature| features.parsed_properties(feature)).collect();
        let field = |row: &serde_json::Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut methods: Vec<(String, usize)> = Vec::new();
        for method in rows
            .iter()
            .filter_map(|row| field(row, "payment"))
            .flat_map(|text| text.split(',').map(|m| m.trim().to_owned()).collect::<Vec<_>>())
        {
            match methods.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&method)) {
                Some((_, count)) => *count += 1,
                None if !method.is_empty() => methods.push((method, 1)),
                None => {}
            }
        }
        methods.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        html! {
            h2 { (self.t("places")) " (" (rows.len()) ")" }
            @if !methods.is_empty() {
                p { (self.t("payment-methods")) ": " @for (i, (method, count)) in methods.iter().enumerate() { @if i > 0 { ", " } b { (method) } " (" (count) ")" } }
            }
            p.noprint { a href={ "/nearest?kind=place" (self.lang.and()) } { (self.t("nearest-place")) } }
            ol {
                @for row in rows.iter().take(LISTED) {
                    li {
                        strong { (field(row, "name").unwrap_or_default()) }
                        @if let Some(address) = field(row, "address") { br; (address) }
                        @if let Some(payment) = field(row, "payment") { br; (self.t("payment")) ": " (payment) }
                        @if let Some(offer) = field(row, "offer") { br; (self.t("offer")) ": " (offer) }
                        @if let Some(hours) = field(row, "hours") { br; (self.t("hours")) ": " (hours) }
                    }
                }
            }
            @if rows.len() > LISTED {
                p { a href={ "/collections/places/items?f=html&campaign=" (self.view.code) (self.lang.and()) } { (self.t("all-places")) " (" (rows.len()) ")" } }
            }
        }
    }

    /// The days that follow the next one, with their hours, and those that do not take place.
    pub(super) fn next_days(&self) -> Markup {
        let view = self.view;
        let Some(calendar) = view.calendar().filter(|calendar| calendar.is_occasion) else { return html! {} };
        let days: Vec<Occurrence> = calendar.next.into_iter().flat_map(|next| calendar.days.from(next)).take(DAYS).collect();
        // Without a day to come, every one that was called off is told.
        let until = days.last().map_or(Date::MAX, |last| last.day);
        let off = cancelled(calendar, [self.moment.today, until]);
        let hours = |when: &Occurrence| calendar.days.hours_on(when.planned).map(Hours::in_words).collect::<Vec<_>>().join(", ");
        let mut lines: Vec<(Date, Markup)> = days
            .iter()
            .filter(|when| days.len() > 1 || when.day != when.planned)
            .map(|when| {
                let hours = hours(when);
                let line = html! {
                    (format::day_in_words(self.lang, self.moment.today, when.day))
                    @if !hours.is_empty() { ": " (hours) }
                    @if when.day != when.planned {
                        " (" (self.t("instead-of")) " " (format::date(when.planned)) ")"
                        @if let Some(reason) = reason_of(calendar, when.planned) { ": " (reason) }
                    }
                };
                (when.day, line)
            })
            .collect();
        lines.extend(off.into_iter().map(|(day, reason)| {
            let line = html! { s { (format::date(day)) } " " (self.t("day-off")) @if let Some(reason) = reason { ": " (reason) } };
            (day, line)
        }));
        lines.sort_by_key(|(day, _)| *day);
        html! {
            @if !lines.is_empty() {
                h2 { (self.t("next-days")) }
                ul { @for (_, line) in &lines { li { (line) } } }
            }
        }
    }

    pub(super) fn figures(&self) -> Markup {
        let figures = self.view.figures();
        html! {
            @if self.view.collection == "indicators" {
                p { a href={ "/indicators/" (self.view.code) (self.lang.query()) } { (self.t("indicator-ranking")) } }
            }
            @if !figures.is_empty() {
                h2 { (self.t("figures")) }
                (scrolling(self.t("figures"), html! {
                    table {
                        thead { tr {
                            th.n scope="col" { (self.t("target")) } th.n scope="col" { (self.t("actual")) } th.n scope="col" { (self.t("difference")) }
                        } }
                        @for figure in figures { (self.figure(figure)) }
                    }
                }))
                @if figures.iter().any(|figure| full(figure).is_some()) { p.note { (self.t("chart-note")) } }
            }
        }
    }

    /// The difference is computed; for percentages it is in points: “74,8 %, +4,8 điểm %”.
    fn figure(&self, figure: &Figure) -> Markup {
        let unit = if figure.unit == "%" { " %" } else { "" };
        let number = |value: f64| format!("{}{unit}", format::short(self.lang, value));
        let none = || "–".to_owned();
        let difference = figure.actual.zip(figure.target).map(|(actual, target)| {
            let difference = actual - target;
            let sign = if difference > 0.0 { "+" } else { "" };
            let unit = if figure.unit == "%" { format!(" {}", self.t("points")) } else { String::new() };
            format!("{sign}{}{unit}", format::short(self.lang, (difference * 100.0).round() / 100.0))
        });
        html! {
            tbody {
                tr {
                    th colspan="3" scope="rowgroup" {
                        (self.lang.pick(&figure.name_vi, &figure.name_en)) @if figure.unit != "%" { " (" (figure.unit) ")" }
                        (bar(figure))
                    }
                }
                tr {
                    td.n { (figure.target.map_or_else(none, number)) }
                    td.n { (figure.actual.map_or_else(none, number)) }
                    td.n { (difference.unwrap_or_else(none)) }
                }
            }
        }
    }
}

/// The value at the full length of a figure's bar: 100 for a percentage, otherwise the larger of target and
/// result. `None` if there is nothing to compare.
fn full(figure: &Figure) -> Option<f64> {
    if figure.unit == "%" {
        return (figure.actual.is_some() || figure.target.is_some()).then_some(100.0);
    }
    let (actual, target) = figure.actual.zip(figure.target)?;
    Some(actual.max(target)).filter(|full| *full > 0.0)
}

/// A figure as a bar, with its target as a mark. The table beside it says the same.
fn bar(figure: &Figure) -> Markup {
    let Some(full) = full(figure) else { return html! {} };
    let within = |value: f64| format!("{:.1}", (value / full * 100.0).clamp(0.0, 100.0));
    html! {
        svg.bar viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            path d="M0 1h100v6H0z" fill="#e0e0e0" stroke="#555" stroke-width=".4" {}
            @if let Some(actual) = figure.actual { path d={ "M0 1h" (within(actual)) "v6H0z" } fill="#003c9e" {} }
            @if let Some(target) = figure.target { path d={ "M" (within(target)) " 0v8" } stroke="#000" stroke-width="1.6" {} path d={ "M" (within(target)) " 0v8" } stroke="#fff" stroke-width=".5" {} }
        }
    }
}
