//! The map on an item's page.

use maud::{Markup, PreEscaped, html};

use super::{Extract, Item};
use crate::domain::publication::Status;
use crate::geometry::Bbox;
use crate::render::map::{self, Around, Detail};

impl Item<'_> {
    pub(super) fn map(&self) -> Markup {
        let view = self.view;
        let alt = format!("{}: {}", self.t("map-alt"), view.title);
        let around = Around { beside: self.beside, ..Around::units(self.lang, self.units) };
        let mut is_whole = true;
        let mut drawn = |drawing: map::Drawing| {
            is_whole = drawing.is_whole;
            drawing.svg
        };
        let svg = match (view.position, self.features, &view.features) {
            (Some(position), _, _) => map::points(self.city, &[position], &Detail::PHONE, &around, &alt),
            (None, Some(features), Some(set)) if set.area_ha.is_some() || view.outline_only => match self.extract {
                Some(extract @ Extract { pieces: Some(pieces), .. }) => {
                    drawn(map::zones(&map::Part { features, pieces }, &extract.bbox(), &Detail::EXTRACT, &around, &alt))
                }
                _ if self.has_lots() => drawn(map::zones(features, &set.bbox, &Detail::LOTS, &around, &alt)),
                _ => drawn(map::zones(features, &set.bbox, &Detail::PHONE, &around, &alt)),
            },
            (None, Some(features), Some(_)) => map::marks(self.city, features, &Detail::PHONE, &around, &alt),
            _ => return html! {},
        };
        html! {
            h2 { (self.t("map")) }
            (PreEscaped(svg))
            @if let Some(bbox) = self.extract.filter(|extract| extract.pieces.is_some()).map(Extract::bbox).or(view.features.as_ref().map(|set| set.bbox)) {
                (self.line_legend(&bbox))
            }
            @if !is_whole { p.note { (self.t("map-merged")) } }
            @if let Some(collection) = view.feature_collection.filter(|_| view.status == Status::InForce && self.revision.is_none() && self.draft.is_none()) {
                p.note.noprint {
                    a href={ "/collections/" (collection) "/map?item=" (view.code) (self.lang.and()) } { (self.t("interactive-map")) }
                    " (" (self.t("interactive-map-note")) ")"
                }
            }
        }
    }

    /// What the lines on a map of that box are.
    pub(super) fn line_legend(&self, bbox: &Bbox) -> Markup {
        let kinds = map::kinds(&self.beside, bbox, &Detail::LOTS);
        html! {
            @if !kinds.is_empty() {
                p.note {
                    @for (i, kind) in kinds.iter().enumerate() {
                        @if i > 0 { " · " }
                        (PreEscaped(map::sample(*kind, 28.0, 9.0))) " " (self.t(&format!("line-{}", kind.as_str())))
                    }
                }
            }
        }
    }
}
