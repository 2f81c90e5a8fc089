//! The city's map, for people to tap where they are. It works without a script: the browser sends the
//! tapped point.

use maud::{Markup, PreEscaped, html};

use super::t;
use crate::domain::city::City;
use crate::features::Features;
use crate::features::cut::Piece;
use crate::geometry::Bbox;
use crate::geometry::Position;
use crate::render::layout::{Page, language_field, page};
use crate::render::map::{self, Around, Detail, Frame, Part, UnitShape};
use crate::words::text::Lang;
use crate::words::text::text;

/// Width of the map that is tapped, CSS pixels. It is never scaled: a tap would land in the wrong place.
const MAP: f64 = 320.0;

/// Least width of that map in degrees, about 250 metres.
const NEAREST: f64 = 0.0024;

/// Font size of that map's labels, pixels.
const LABELS: f64 = 11.0;

/// A map for tapping.
pub struct Picked {
    /// The drawing as SVG.
    pub svg: String,
    /// The middle of the map; `None` if it shows the whole city.
    pub at: Option<Position>,
    /// Width of the map in degrees; 0 for the whole city.
    pub span: f64,
    /// Width of the drawing in pixels.
    pub width: f64,
    /// Height of the drawing in pixels, including the strip with its scale. In any other shape, a tap would
    /// land in the wrong place.
    pub height: f64,
}

/// The box of a map around a place. It is the whole city if there is no place or if `span` is 0.
pub fn map_box(city: &City, at: Option<Position>, span: f64) -> Bbox {
    match at {
        Some(at) if span > 0.0 => {
            let half = span.clamp(NEAREST, 1.0) / 2.0;
            [at.lon - half, at.lat - half, at.lon + half, at.lat + half]
        }
        _ => city.bbox,
    }
}

/// The width in degrees of the map after a tap.
pub fn nearer(city: &City, span: f64) -> f64 {
    let now = if span > 0.0 { span } else { city.bbox[2] - city.bbox[0] };
    (now / 4.0).max(NEAREST)
}

/// Where places lie on the map for tapping.
pub fn frame(bbox: &Bbox) -> Frame {
    Frame::new(bbox, MAP, 0.0)
}

/// Height of the whole drawing in pixels, including the strip with its scale.
pub fn drawn_height(frame: &Frame) -> f64 {
    (frame.height + map::strip(LABELS)).round()
}

/// Draws the map for tapping.
pub fn draw(lang: Lang, city: &City, features: Option<&Features>, units: &[UnitShape], bbox: &Bbox, at: Option<Position>) -> String {
    let frame = frame(bbox);
    let detail =
        Detail { width: frame.width, height: Some(frame.height), each: true, smallest: 0, font: LABELS, margin: 0.0, ..Detail::PHONE };
    let around = Around { mark: at.map(|at| [at.lon, at.lat]), landmarks: Some(city), ..Around::units(lang, units) };
    let alt = text(lang, "tap-map");
    let Some(features) = features else { return map::blank(bbox, &detail, &around, alt) };
    // Only what the map shows is drawn.
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

/// A drawing as it follows `data:image/svg+xml,` in an attribute. Its own entities stay as they are.
fn data_of(svg: &str) -> String {
    let quoted = [('%', "%25"), ('#', "%23"), ('&', "%26"), ('"', "'"), ('<', "%3C"), ('>', "%3E")];
    quoted.iter().fold(svg.to_owned(), |data, (plain, quoted)| data.replace(*plain, quoted))
}

/// The map as a field of a form: a tap on it sends the form with the tapped point.
pub fn image(lang: Lang, map: &Picked) -> Markup {
    // The drawing is part of the page: a separate address would reveal the person's place.
    let data = data_of(&map.svg);
    html! {
        input type="hidden" name="span" value=(map.span);
        @if let Some(at) = map.at { input type="hidden" name="map.lon" value=(at.lon); input type="hidden" name="map.lat" value=(at.lat); }
        input type="image" name="at" formnovalidate width=(map.width) height=(map.height) alt=(t(lang, "tap-map")) src={ "data:image/svg+xml," (PreEscaped(data)) };
    }
}

/// The form with the map. It needs no script: the browser sends the tapped point.
pub(super) fn tappable(lang: Lang, map: &Picked) -> Markup {
    html! {
        form.tap action="/here" method="post" {
            input type="hidden" name="map" value="1";
            (language_field(lang))
            (image(lang, map))
        }
        p.note { (t(lang, "tap-help")) }
        @if map.span > 0.0 {
            form action="/here" method="post" { input type="hidden" name="map" value="1"; (language_field(lang)) button { (t(lang, "whole-map")) } }
        }
    }
}

/// The page with the whole city for tapping.
pub fn page_of(lang: Lang, city: &City, map: &Picked) -> String {
    let content =
        html! { h1 { (t(lang, "pick-on-map")) } (tappable(lang, map)) p { a href={ "/here" (lang.query()) } { (t(lang, "other-ways")) } } };
    page(&Page::new(lang, city, t(lang, "pick-on-map"), "/here"), content)
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
