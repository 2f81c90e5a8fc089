//! What several plans say of one place, side by side.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{t, zone_name};
use crate::domain::lot_indicators::ALL;
use crate::read_model::here::{PlanHere, ZoneHere};
use crate::render::indicators;
use crate::render::layout::scrolling;
use crate::words::text::{Lang, text};

/// Most plans that stand side by side: more columns do not fit a phone.
const MOST: usize = 3;

/// What a plan says in one row: of a parcel in several lots, the largest part's first; a dash where it says nothing.
fn cell(plan: &PlanHere, said: &dyn Fn(&ZoneHere) -> Option<String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for value in plan.zones.iter().filter_map(said) {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    if all.is_empty() { "–".to_owned() } else { all.join("; ") }
}

/// The rows in which at least one plan says something: what it is about, then what each plan says.
fn rows(lang: Lang, plans: &[&PlanHere]) -> Vec<(String, Vec<String>)> {
    type Said<'a> = Box<dyn Fn(&ZoneHere) -> Option<String> + 'a>;
    let mut all: Vec<(String, Said<'_>)> = vec![
        (t(lang, "land-use-name").to_owned(), Box::new(move |zone| Some(zone_name(lang, zone).to_owned()))),
        (t(lang, "lot").to_owned(), Box::new(|zone| zone.lot.as_ref()?.number.clone())),
    ];
    for indicator in ALL {
        let said = move |zone: &ZoneHere| {
            let stated = &zone.lot.as_ref()?.indicators.stated().iter().find(|(own, _)| *own == indicator)?.1;
            Some(indicators::value(lang, indicator, *stated))
        };
        all.push((text(lang, &format!("indicator-{}", indicator.key())).to_owned(), Box::new(said)));
    }
    let row = |(about, said): (String, Said<'_>)| (about, plans.iter().map(|plan| cell(plan, &said)).collect::<Vec<_>>());
    all.into_iter().map(row).filter(|(_, cells)| cells.iter().any(|cell| cell != "–")).collect()
}

/// The table, where at least two plans have zones at the place, and one of them says what may be built.
pub(super) fn table(lang: Lang, plans: &[PlanHere]) -> Markup {
    let plans: Vec<&PlanHere> = plans.iter().filter(|plan| !plan.zones.is_empty()).take(MOST).collect();
    let tells = |zone: &ZoneHere| zone.lot.as_ref().is_some_and(|lot| !lot.indicators.stated().is_empty());
    if plans.len() < 2 || !plans.iter().any(|plan| plan.zones.iter().any(tells)) {
        return html! {};
    }
    let table = html! {
        table.beside {
            thead {
                tr {
                    td {}
                    @for plan in &plans { th scope="col" { a href={ "/q/" (plan.view.code) (lang.query()) } { (t(lang, plan.view.kind)) } } }
                }
            }
            tbody {
                @for (about, cells) in rows(lang, &plans) {
                    // Each plan has numbers of its own.
                    @let differs = about != t(lang, "lot") && cells.iter().filter(|cell| *cell != "–").collect::<BTreeSet<_>>().len() > 1;
                    tr {
                        th scope="row" { (about) @if differs { br; span.small { "≠ " (t(lang, "plans-differ")) } } }
                        @for cell in &cells { td { (cell) } }
                    }
                }
            }
        }
    };
    html! {
        h3 { (t(lang, "side-by-side")) }
        (scrolling(t(lang, "side-by-side"), table))
        p.note { (t(lang, "side-by-side-note")) }
    }
}
