//! Where units and organisations stand by an indicator: the page, and the list of all indicators.

mod drawn;
mod list;
mod sheet;

use maud::{Markup, html};

use super::layout::{self, Page, scrolling};
use super::map::UnitShape;
use crate::domain::city::City;
use crate::domain::figures::{Direction, Standing, Who};
use crate::domain::figures::{Row, Table};
use crate::domain::publication::view::Moment;
use crate::words::format;
use crate::words::text::{Lang, text};

pub use list::list;
pub use sheet::{csv, json, template, xlsx};

/// Most rows of a table, so that the page stays light for a phone; the files have all.
const ROWS: usize = 60;

/// The page of an indicator in a period.
pub struct Shown<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// The moment of reading.
    pub moment: &'a Moment,
    /// What is known.
    pub standings: &'a Table,
    /// The shapes of units on the last day of the period.
    pub shapes: &'a [UnitShape],
}

/// A number with its unit, as people write it: “74,8 %”, “18.000 tài khoản”.
fn figure(lang: Lang, unit: &str, value: f64) -> String {
    format!("{} {unit}", format::short(lang, (value * 100.0).round() / 100.0))
}

/// How a figure stands, in words: “chưa đạt”, “đạt”, “vượt 2 %”.
fn standing_words(lang: Lang, standing: Standing) -> String {
    match standing {
        Standing::Missed => text(lang, "standing-missed").to_owned(),
        Standing::Met => text(lang, "standing-met").to_owned(),
        Standing::Exceeded(percent) => format!("{} {percent} %", text(lang, "standing-exceeded")),
    }
}

/// The difference to what was wanted, in both ways of saying it: “vượt 4,8 điểm (+6,9 %)”.
fn difference(lang: Lang, unit: &str, direction: Direction, value: f64, wanted: f64) -> String {
    // As in the standing: what is equal but for the machine's rounding is equal.
    let differs = if (value - wanted).abs() < 1e-9 { 0.0 } else { value - wanted };
    let ahead = if direction == Direction::Up { differs } else { -differs };
    let points = format::short(lang, (ahead.abs() * 100.0).round() / 100.0);
    let measured = if unit == "%" { text(lang, "points-word") } else { unit };
    let key = if ahead < 0.0 { "short-by" } else { "beyond-by" };
    if differs == 0.0 {
        return text(lang, "just-reached").to_owned();
    }
    let percent = if wanted.abs() < 1e-9 { String::new() } else { percent(lang, differs / wanted.abs() * 100.0) };
    format!("{} {points} {measured}{percent}", text(lang, key))
}

fn percent(lang: Lang, value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!(" ({sign}{} %)", format::short(lang, (value.abs() * 10.0).round() / 10.0))
}

/// The name of whoever's figure it is.
fn name_of<'a>(lang: Lang, city: &'a City, who: &'a Who) -> &'a str {
    match who {
        Who::City => lang.pick(&city.name_vi, &city.name_en),
        Who::Body(name) => name,
        Who::Unit(id) => city.units.get(id).map_or(id.as_str(), |unit| lang.pick(&unit.name_vi, &unit.name_en)),
    }
}

impl Shown<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        text(self.lang, key)
    }

    fn title(&self) -> &str {
        let indicator = &self.standings.measure;
        self.lang.pick(&indicator.title, indicator.title_en.as_deref().unwrap_or(&indicator.title))
    }

    fn figure(&self, value: f64) -> String {
        figure(self.lang, &self.standings.measure.unit, value)
    }

    fn path(&self) -> String {
        format!("/indicators/{}?period={}", self.standings.code, self.standings.period)
    }

    /// The page.
    pub fn page(&self) -> String {
        let standings = self.standings;
        let lang = self.lang;
        let content = html! {
            p.kind { a href={ "/indicators" (lang.query()) } { (self.t("indicators")) } }
            h1 { (self.title()) }
            p { (self.t("period-of")) " " b { (standings.period.in_numbers()) } @if standings.periods.len() > 1 { (self.periods()) } }
            div.sides {
                div {
                    (self.head())
                    p { (standings.measure.definition) }
                    (self.map())
                    (self.course())
                }
                div {
                    (self.table("ranked-units", &standings.units))
                    (self.table("bodies", &standings.bodies))
                    (self.waiting())
                    (self.rule())
                    (self.corrections())
                    (self.about())
                    (self.files())
                }
            }
        };
        let path = self.path();
        let page = Page::new(lang, self.city, self.title(), &path);
        layout::page(&page.alternate("application/json", format!("{path}&f=json")), content)
    }

    fn periods(&self) -> Markup {
        html! {
            nav aria-label=(self.t("periods")) {
                @for (i, period) in self.standings.periods.iter().rev().enumerate().take(12) {
                    @if i > 0 { " · " }
                    @if *period == self.standings.period { strong { (period.in_numbers()) } }
                    @else { a href={ "/indicators/" (self.standings.code) "?period=" (period) (self.lang.and()) } { (period.in_numbers()) } }
                }
            }
        }
    }

    /// The city's own figure, first of all.
    fn head(&self) -> Markup {
        let standings = self.standings;
        let indicator = &standings.measure;
        let Some(city) = &standings.city else { return html! {} };
        let class = match city.standing {
            Some(Standing::Missed) => "status wait",
            Some(_) => "status good",
            None => "status",
        };
        html! {
            div class=(class) {
                b { (self.figure(city.value)) }
                @if let Some(target) = city.target {
                    (difference(self.lang, &indicator.unit, indicator.direction, city.value, target))
                    br; (self.t("target")) " " (self.figure(target))
                    @if let Some(standing) = city.standing { " – " (standing_words(self.lang, standing)) }
                }
            }
            @if city.interval.low < city.interval.high {
                p { (self.t("interval")) ": " (self.figure(city.interval.low)) " – " (self.figure(city.interval.high)) }
            }
            @if city.target.is_some() && indicator.unit == "%" { p.note { (self.t("points-explained")) } }
        }
    }

    fn row(&self, row: &Row, scale: (f64, f64)) -> Markup {
        let name = name_of(self.lang, self.city, &row.who);
        let is_sampled = row.interval.low < row.interval.high;
        html! {
            tr {
                td.n { (row.rank) }
                th scope="row" {
                    (name)
                    (drawn::interval(row, scale))
                    @if let Some(answers) = row.answers { span.note { (answers.yes) "/" (answers.asked) " " (self.t("said-yes")) } }
                    @if let Some(pledge) = &row.pledge {
                        span.note { (self.t("pledge")) " " (self.figure(pledge.value)) ", " (pledge.signed_by) ", " (format::date(pledge.signed_on)) }
                    }
                }
                td.n {
                    b { (self.figure(row.value)) }
                    @if let Some(standing) = row.standing { br; (standing_words(self.lang, standing)) }
                    @if is_sampled { br; span.note { (format::number(self.lang, row.interval.low, 1)) "–" (format::number(self.lang, row.interval.high, 1)) } }
                }
            }
        }
    }

    fn table(&self, heading: &'static str, rows: &[Row]) -> Markup {
        if rows.is_empty() {
            return html! {};
        }
        let scale = drawn::scale(rows);
        html! {
            h2 { (self.t("ranking")) ": " (self.t(heading)) }
            (scrolling(&format!("{}: {}", self.t("ranking"), self.t(heading)), html! {
                table {
                    thead { tr { th.n scope="col" { (self.t("rank")) } th scope="col" { (self.t(heading)) } th.n scope="col" { (self.t("actual")) } } }
                    tbody { @for row in rows.iter().take(ROWS) { (self.row(row, scale)) } }
                }
            }))
            @if rows.len() > ROWS { p { (rows.len() - ROWS) " " (self.t("rows-in-files")) } }
        }
    }

    /// The rule that the ranking follows; it stands where the ranking stands.
    fn rule(&self) -> Markup {
        let standings = self.standings;
        if standings.units.is_empty() && standings.bodies.is_empty() {
            return html! {};
        }
        let is_sampled = standings.units.iter().any(|row| row.interval.low < row.interval.high);
        html! {
            p.rule { (self.t("ranking-rule")) }
            @if is_sampled { p.note { (self.t("interval-rule")) } }
        }
    }

    /// Who has not reported, and what was promised by whoever has not.
    fn waiting(&self) -> Markup {
        let standings = self.standings;
        html! {
            @if !standings.missing.is_empty() {
                p { b { (self.t("not-reported")) ": " } @for (i, id) in standings.missing.iter().enumerate() { @if i > 0 { ", " } (name_of(self.lang, self.city, &Who::Unit(id.clone()))) } }
            }
            @if !standings.pledged.is_empty() {
                h2 { (self.t("pledges-open")) }
                ul { @for pledge in standings.pledged.iter().take(ROWS) {
                    li { (name_of(self.lang, self.city, &Who::of(pledge.unit.as_ref(), pledge.body.as_deref()))) ": " b { (self.figure(pledge.value)) } ", " (pledge.signed_by) ", " (format::date(pledge.signed_on)) }
                } }
            }
        }
    }

    fn map(&self) -> Markup {
        let drawn = drawn::map(self);
        html! { @if let Some((svg, legend)) = drawn { h2 { (self.t("map")) } (maud::PreEscaped(svg)) p.note { (self.t("map-classes")) ": " (legend) } } }
    }

    fn course(&self) -> Markup {
        let known = self.standings.course.iter().filter(|(_, value, _)| value.is_some()).count();
        html! { @if known > 1 { h2 { (self.t("course")) } (maud::PreEscaped(drawn::course(self))) } }
    }

    fn corrections(&self) -> Markup {
        let standings = self.standings;
        let all = || standings.city.iter().chain(&standings.units).chain(&standings.bodies).filter(|row| !row.corrected.is_empty());
        html! {
            @if all().next().is_some() {
                h2 { (self.t("corrections")) }
                ul { @for row in all().take(ROWS) { li { (name_of(self.lang, self.city, &row.who)) ": " (self.steps(row)) } } }
            }
        }
    }

    /// A figure's way to what it is now: each step with its reason.
    fn steps(&self, row: &Row) -> Markup {
        let next = row.corrected.iter().skip(1).map(|told| told.value).chain([row.value]);
        html! {
            @for (i, (before, next)) in row.corrected.iter().zip(next).enumerate() {
                @if i == 0 { s { (self.figure(before.value)) } " (" (format::date(before.as_of)) ")" }
                " → "
                @if i + 1 < row.corrected.len() { s { (self.figure(next)) } } @else { (self.figure(next)) }
                @if let Some(reason) = &before.reason { " – " (reason) }
            }
        }
    }

    /// Where the figures come from.
    fn about(&self) -> Markup {
        let standings = self.standings;
        let indicator = &standings.measure;
        let mut sources: Vec<(&str, Option<&str>, jiff::civil::Date)> = standings
            .city
            .iter()
            .chain(&standings.units)
            .chain(&standings.bodies)
            .map(|row| (row.source.as_str(), row.document.as_deref(), row.as_of))
            .collect();
        sources.sort_unstable();
        sources.dedup();
        html! {
            dl {
                dt { (self.t("method")) } dd { (self.t(indicator.method.key())) }
                @if let Some(base) = &indicator.base { dt { (self.t("base")) } dd { (base) } }
                dt { (self.t("figures-source")) }
                dd { @for (i, (source, document, as_of)) in sources.iter().take(5).enumerate() {
                    @if i > 0 { br; }
                    (source) @if let Some(document) = document { ", " (document) } " (" (format::date(*as_of)) ")"
                } }
                dt { (self.t("organiser")) } dd { (indicator.organiser) }
            }
            p { a href={ "/q/" (standings.code) (self.lang.query()) } { (self.t("indicator-item")) } }
        }
    }

    fn files(&self) -> Markup {
        let of = |ending: &str| format!("/indicators/{}.{ending}?period={}", self.standings.code, self.standings.period);
        html! {
            p.noprint {
                (self.t("download")) ": " a href=(of("csv")) { "CSV" } " · " a href=(of("xlsx")) { "XLSX" } " · " a href=(of("json")) { "JSON" }
                " · " a href={ "/collections/indicator-values/items?f=json&indicator=" (self.standings.code) "&period=" (self.standings.period) } { "GeoJSON" }
            }
        }
    }
}
