//! All indicators by the campaign they belong to, with the latest figure of each.

use maud::{Markup, html};

use super::{difference, figure, standing_words};
use crate::domain::city::City;
use crate::domain::figures::Standing;
use crate::domain::figures::{Row, Table};
use crate::domain::publication::view::View;
use crate::render::layout::{self, Page};
use crate::words::text::{Lang, text};

/// An indicator, and what is known of it.
pub type Entry = (View, Option<Table>);

/// The figure that stands for an indicator: the city's, or that of the one unit it is about.
fn own(known: &Table) -> Option<&Row> {
    known.city.as_ref().or(known.units.first().filter(|_| known.units.len() == 1 && known.bodies.is_empty()))
}

fn entry(lang: Lang, (view, known): &Entry) -> Markup {
    let t = |key| text(lang, key);
    html! {
        li {
            @let title = known.as_ref().map_or(view.title.as_str(), |known| lang.pick(&known.measure.title, known.measure.title_en.as_deref().unwrap_or(&known.measure.title)));
            a href={ "/indicators/" (view.code) (lang.query()) } { (title) }
            br;
            @if let Some(known) = known {
                @if let Some(own) = own(known) {
                    b { (figure(lang, &known.measure.unit, own.value)) }
                    @if let Some(target) = own.wanted() { ": " (difference(lang, &known.measure.unit, known.measure.direction, own.value, target)) }
                    @if let Some(standing) = own.standing { " " span.tag { (standing_words(lang, standing)) } }
                }
                @if known.units.len() > 1 { " " span.note { (known.units.len()) " " (t("units-reported")) } }
                br; span.note { (t("period-of")) " " (known.period.in_numbers()) " · " (known.measure.source) }
            } @else { span.note { (t("no-figures-yet")) } }
        }
    }
}

/// How many of those with a target have reached it.
fn summary(lang: Lang, entries: &[&Entry]) -> Markup {
    let judged: Vec<Standing> = entries.iter().filter_map(|(_, known)| own(known.as_ref()?)?.standing).collect();
    let met = judged.iter().filter(|standing| **standing != Standing::Missed).count();
    let exceeded = judged.iter().filter(|standing| matches!(standing, Standing::Exceeded(_))).count();
    html! {
        @if !judged.is_empty() {
            p { b { (met) "/" (judged.len()) " " (text(lang, "standing-met")) } ", " (exceeded) " " (text(lang, "standing-exceeded")) }
        }
    }
}

/// The page of all indicators; `campaigns` are those that indicators belong to.
pub fn list(lang: Lang, city: &City, all: &[Entry], campaigns: &[View]) -> String {
    let t = |key| text(lang, key);
    let of = |entry: &Entry| entry.1.as_ref().and_then(|known| known.measure.campaign);
    let others: Vec<&Entry> =
        all.iter().filter(|entry| of(entry).is_none_or(|code| !campaigns.iter().any(|own| own.code == code))).collect();
    let content = html! {
        h1 { (t("indicators")) }
        @if all.is_empty() { p { (t("nothing-here")) } }
        @for campaign in campaigns {
            @let own: Vec<&Entry> = all.iter().filter(|entry| of(entry) == Some(campaign.code)).collect();
            h2 { a href={ "/q/" (campaign.code) (lang.query()) } { (campaign.title) } }
            (summary(lang, &own))
            ul.list { @for one in own { (entry(lang, one)) } }
        }
        @if !others.is_empty() {
            @if !campaigns.is_empty() { h2 { (t("other-indicators")) } }
            ul.list { @for one in others { (entry(lang, one)) } }
        }
        p.note { (t("points-explained")) }
    };
    layout::page(
        &Page::new(lang, city, t("indicators"), "/indicators").alternate("application/json", String::from("/indicators?f=json")),
        content,
    )
}
