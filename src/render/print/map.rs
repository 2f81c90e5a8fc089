//! The map on a print, and what its lines are.

use super::Printed;
use super::canvas::{Canvas, regular};
use super::fonts::{Weight, on_one_line};
use crate::domain::plan::LineKind;
use crate::features::Features;
use crate::render::map::{self, Around, Detail, Part};
use crate::render::page::Extract;
use crate::words::text::text;

/// Height of a line that says what the map's lines are, millimetres of A4.
pub(super) const LEGEND: f64 = 4.6;

impl Printed<'_> {
    /// The kinds of line that the map of a print of that size in millimetres shows.
    pub(super) fn lines_shown(&self, width: f64, height: f64) -> Vec<LineKind> {
        let bbox = self.extract.filter(|extract| extract.pieces.is_some()).map(Extract::bbox);
        let bbox = bbox.or(self.view.features.as_ref().map(|set| set.bbox));
        bbox.map(|bbox| map::kinds(&self.beside, &bbox, &Detail::print(width, height))).unwrap_or_default()
    }

    /// Says below the map what its lines are, three in a row.
    pub(super) fn line_legend(&self, page: &mut Canvas, kinds: &[LineKind], [left, top]: [f64; 2], room: f64) {
        for (i, kind) in kinds.iter().enumerate() {
            let (x, y) = (left + (i % 3) as f64 * room / 3.0, top + (i / 3) as f64 * LEGEND);
            page.drawing([x, y, 8.0, 3.0], &map::sample(*kind, 24.0, 9.0));
            let words = text(self.lang, &format!("line-{}", kind.as_str())).to_owned();
            page.line(x + 9.0, y + 2.6, &words, regular(on_one_line(&words, Weight::Regular, room / 3.0 - 10.0, 3.2)));
        }
    }

    /// The map for a print of about that size in millimetres.
    pub fn map(&self, width: f64, height: f64) -> Option<String> {
        let around = Around { beside: self.beside, ..Around::units(self.lang, self.units) };
        let detail = Detail { each: self.features.is_some_and(Features::has_lots), ..Detail::print(width, height) };
        let alt = self.view.title.as_str();
        let set = self.view.features.as_ref();
        match (self.view.position, self.features, set) {
            (Some(position), _, _) => Some(map::points(self.city, &[position], &detail, &around, alt)),
            (None, Some(features), Some(set)) if set.area_ha.is_some() || self.view.outline_only => match self.extract {
                Some(extract) if extract.pieces.is_some() => {
                    let pieces = extract.pieces.as_deref().unwrap_or_default();
                    let detail = Detail { each: true, smallest: 0, ..detail };
                    Some(map::zones(&Part { features, pieces }, &extract.bbox(), &detail, &around, alt).svg)
                }
                _ => Some(map::zones(features, &set.bbox, &detail, &around, alt).svg),
            },
            (None, Some(features), Some(_)) => Some(map::marks(self.city, features, &detail, &around, alt)),
            _ => None,
        }
    }
}
