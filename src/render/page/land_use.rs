//! The table beside the map: every code with its name, hectares and share.

use maud::{Markup, html};

use super::{Extract, Item};
use crate::domain::land_use;
use crate::features::Features;
use crate::render::glossary::term;
use crate::render::map;
use crate::words::format;

/// Hectares of each code, the largest first, and their sum.
pub fn sums<'a>(features: &'a Features, extract: Option<&Extract>) -> (Vec<(&'a str, f64)>, f64) {
    let mut sums: Vec<(&str, f64)> = Vec::new();
    let mut add = |code: &'a str, hectares: f64| match sums.iter_mut().find(|(known, _)| *known == code) {
        Some((_, sum)) => *sum += hectares,
        None => sums.push((code, hectares)),
    };
    let code = |index: usize| features.list.get(index).map(|feature| features.code_of(feature)).filter(|code| !code.is_empty());
    match extract.and_then(|extract| extract.pieces.as_ref()) {
        Some(pieces) => pieces.iter().filter_map(|piece| Some((code(piece.index)?, piece.area_m2 / 10_000.0))).for_each(|(c, a)| add(c, a)),
        None => {
            for (index, feature) in features.list.iter().enumerate() {
                if let Some(code) = code(index) {
                    add(code, features.number_property(feature, "area_ha").unwrap_or(0.0));
                }
            }
        }
    }
    sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    let total = sums.iter().map(|(_, sum)| sum).sum();
    (sums, total)
}

/// The colour of a code, to show beside its name. It is SVG, because the policy allows no style attribute.
pub fn swatch(code: &str) -> Markup {
    html! {
        svg.swatch viewBox="0 0 2 2" aria-hidden="true" {
            @match map::colour(code) {
                Some(fill) => path fill=(fill) d="M0 0h2v2H0z" {},
                None => path stroke="#666" stroke-width=".3" fill="#eee" d="M0 0h2v2H0zL2 2" {},
            }
        }
    }
}

impl Item<'_> {
    pub(super) fn land_use(&self) -> Markup {
        let Some(features) = self.features.filter(|_| self.view.features.as_ref().is_some_and(|set| set.area_ha.is_some())) else {
            return html! {};
        };
        let (sums, total) = sums(features, self.extract);
        if sums.is_empty() || total <= 0.0 {
            return html! {};
        }
        html! {
            h2 { (term(self.lang, "land-use")) }
            table {
                thead { tr { th scope="col" { (self.t("land-use-name")) } th.n scope="col" { (self.t("area-ha")) } th.n scope="col" { "%" } } }
                tbody {
                    @for (code, area) in &sums {
                        tr {
                            th scope="row" {
                                (swatch(code)) b { (code) } " "
                                @if let Some(entry) = land_use::get(code) { (self.lang.pick(&entry.name_vi, &entry.name_en)) }
                            }
                            td.n { (format::number(self.lang, *area, 2)) }
                            td.n { (format::number(self.lang, area / total * 100.0, 1)) }
                        }
                    }
                    tr { th scope="row" { b { (self.t("total")) } } td.n { b { (format::number(self.lang, total, 2)) } } td.n { "100" } }
                }
            }
            p.small { (self.t("area-note")) }
        }
    }
}
