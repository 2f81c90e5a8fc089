//! Draws everything around and on top of a map: units, a mark, the scale, north.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::frame::Frame;
use super::{Areas, UnitShape, paint, short, trace};
use crate::geometry::Bbox;
use crate::geometry::intersects;
use crate::geometry::union;
use crate::words::format;
use crate::words::text::Lang;

/// Height of the strip below a map for its scale, in twelfths of the label size.
const STRIP: f64 = 18.0;

/// Height in units of the strip of a map with labels of that size.
pub fn strip(font: f64) -> f64 {
    STRIP * font / 12.0
}

/// The beginning of a map, with room for its scale.
pub fn open(frame: &Frame, unit: f64, alt: &str) -> String {
    frame.open(STRIP * unit, alt)
}

/// Units as areas to be painted.
pub(super) struct Shapes<'a>(pub(super) &'a [UnitShape]);

impl Areas for Shapes<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn code(&self, _: usize) -> &'static str {
        ""
    }

    fn bbox(&self, index: usize) -> Bbox {
        let points = self.0[index].rings.iter().flatten().map(|[x, y]| [*x as f64 / 1e7, *y as f64 / 1e7]);
        let boxes = points.map(|[x, y]| [x, y, x, y]);
        boxes.reduce(|a, b| union(&a, &b)).unwrap_or([0.0; 4])
    }

    fn walk(&self, index: usize, position: &mut dyn FnMut([i64; 2]), ring: &mut dyn FnMut()) {
        for points in &self.0[index].rings {
            points.iter().chain(points.first()).for_each(|at| position(*at));
            ring();
        }
    }
}

/// Draws the boundaries and names of units, and gives the boxes that the names take.
pub fn units(svg: &mut String, frame: &Frame, unit: f64, units: &[UnitShape]) -> Vec<[f64; 4]> {
    if units.iter().any(|shape| !shape.rings.is_empty()) {
        let grid = paint::paint(&Shapes(units), frame, &|index| index as u16 + 1);
        let rings = trace::trace(&grid, units.len() + 1, &|label| label, 1.0);
        // A border that two units share is drawn once.
        let mut seen = HashSet::new();
        let mut path = String::new();
        for ring in rings.iter().flatten() {
            let mut pen = None;
            for (i, from) in ring.iter().enumerate() {
                let to = &ring[(i + 1) % ring.len()];
                // The edge of the drawing is not a border.
                let on_edge = |k: usize, end: f64| from[k] == to[k] && (from[k] == 0 || f64::from(from[k]) >= end.floor());
                if on_edge(0, frame.width) || on_edge(1, frame.height) {
                    continue;
                }
                if !seen.insert((*from.min(to), *from.max(to))) {
                    continue;
                }
                if pen != Some(*from) {
                    let _ = write!(path, "M{} {}", from[0], from[1]);
                }
                let _ = write!(path, "l{} {}", to[0] - from[0], to[1] - from[1]);
                pen = Some(*to);
            }
        }
        let _ = write!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"#fff\" stroke-width=\"{}\"/><path d=\"{path}\" fill=\"none\" stroke=\"#000\" stroke-width=\"{}\" stroke-dasharray=\"{}\"/>",
            short(2.6 * unit),
            short(1.2 * unit),
            short(4.0 * unit)
        );
    }
    names(svg, frame, unit, units)
}

fn names(svg: &mut String, frame: &Frame, unit: f64, units: &[UnitShape]) -> Vec<[f64; 4]> {
    let font = 11.0 * unit;
    let mut taken: Vec<[f64; 4]> = Vec::new();
    let mut text = String::new();
    for shape in units {
        let [x, y] = frame.place(shape.label.lon, shape.label.lat);
        let half = shape.name.chars().count() as f64 * font * 0.29;
        let own = [x - half, y - font, x + half, y + font * 0.4];
        let is_inside = own[0] >= 0.0 && own[1] >= 0.0 && own[2] <= frame.width && own[3] <= frame.height;
        let is_free = taken.iter().all(|other| own[0] > other[2] || own[2] < other[0] || own[1] > other[3] || own[3] < other[1]);
        if is_inside && is_free {
            let name = maud::html! { (shape.name) }.into_string();
            let _ = write!(text, "<text x=\"{x:.0}\" y=\"{y:.0}\">{name}</text>");
            taken.push(own);
        }
    }
    if !text.is_empty() {
        let _ = write!(
            svg,
            "<g font-size=\"{}\" font-style=\"italic\" text-anchor=\"middle\" stroke=\"#fff\" stroke-width=\"{}\" stroke-linejoin=\"round\" paint-order=\"stroke\">{text}</g>",
            short(font),
            short(3.0 * unit)
        );
    }
    taken
}

/// Draws places that people know by name; each has its longitude and latitude in degrees.
pub fn landmarks<'a>(svg: &mut String, frame: &Frame, unit: f64, places: impl Iterator<Item = (&'a str, [f64; 2])>) {
    let mut text = String::new();
    let mut written: Vec<Bbox> = Vec::new();
    for (name, [lon, lat]) in places {
        let [x, y] = frame.place(lon, lat);
        if x < 0.0 || y < 0.0 || x > frame.width || y > frame.height {
            continue;
        }
        let name = maud::html! { (name) }.into_string();
        // A name that would run out of the drawing on the right is written to the left of its place.
        let length = name.chars().count() as f64 * 5.0 * unit;
        let (at, anchor) = if x > frame.width * 0.6 { (x - 6.0 * unit, "end") } else { (x + 6.0 * unit, "start") };
        let left = if anchor == "end" { at - length } else { at };
        let own = [left, y - 6.0 * unit, left + length, y + 6.0 * unit];
        let _ = write!(
            text,
            "<path d=\"M{} {}h{side}v{side}h-{side}z\"/>",
            short(x - 3.0 * unit),
            short(y - 3.0 * unit),
            side = short(6.0 * unit)
        );
        // If names would overlap, only the first is written.
        if written.iter().any(|other| intersects(other, &own)) {
            continue;
        }
        written.push(own);
        let _ = write!(
            text,
            "<text x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"{anchor}\" stroke=\"#fff\" stroke-width=\"{}\" paint-order=\"stroke\">{name}</text>",
            y + 4.0 * unit,
            short(3.0 * unit),
        );
    }
    if !text.is_empty() {
        let _ = write!(svg, "<g font-size=\"{}\" fill=\"#333\" stroke-linejoin=\"round\">{text}</g>", short(10.0 * unit));
    }
}

/// Outlines a parcel or lot; its rings are in 10⁻⁷ degrees.
pub fn outline(svg: &mut String, frame: &Frame, rings: &[Vec<[i64; 2]>], unit: f64) {
    let mut path = String::new();
    for ring in rings {
        for (i, at) in ring.iter().enumerate() {
            let [x, y] = frame.place_scaled(*at);
            let _ = write!(path, "{}{} {}", if i == 0 { "M" } else { "L" }, short(x), short(y));
        }
        path.push('Z');
    }
    if !path.is_empty() {
        let (wide, thin) = (short(4.5 * unit), short(2.2 * unit));
        let _ = write!(
            svg,
            "<g fill=\"none\" stroke-linejoin=\"round\"><path d=\"{path}\" stroke=\"#fff\" stroke-width=\"{wide}\"/><path d=\"{path}\" stroke=\"#003c9e\" stroke-width=\"{thin}\"/></g>"
        );
    }
}

/// Draws a mark at a place: “here”.
pub fn mark(svg: &mut String, [x, y]: [f64; 2], unit: f64) {
    let _ = write!(
        svg,
        "<g transform=\"translate({} {}) scale({})\" fill=\"none\" stroke-linecap=\"round\"><path d=\"M-14 0h9m10 0h9M0-14v9m0 10v9\" stroke=\"#fff\" stroke-width=\"6\"/><circle r=\"5\" stroke=\"#fff\" stroke-width=\"5\"/><path d=\"M-14 0h9m10 0h9M0-14v9m0 10v9\" stroke=\"#b00020\" stroke-width=\"3\"/><circle r=\"5\" stroke=\"#b00020\" stroke-width=\"2.5\"/></g>",
        short(x),
        short(y),
        short(unit)
    );
}

/// A round length in metres that takes at most `longest` metres: 1, 2 or 5 times a power of ten.
fn round_length(longest: f64) -> f64 {
    let power = 10_f64.powf(longest.max(1e-9).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|factor| factor * power).find(|length| *length <= longest).unwrap_or(power)
}

/// Draws the scale and an arrow to the north, in the strip below the map.
pub fn scale_and_north(svg: &mut String, frame: &Frame, unit: f64, north: &str, lang: Lang) {
    let metres = round_length(frame.width * 0.3 / frame.units_per_metre());
    let length = metres * frame.units_per_metre();
    let words =
        if metres >= 1_000.0 { format!("{} km", format::short(lang, metres / 1e3)) } else { format!("{} m", format::short(lang, metres)) };
    let (left, base) = (4.0 * unit, frame.height + 12.0 * unit);
    let right = frame.width - 6.0 * unit;
    let north = maud::html! { (north) }.into_string();
    let _ = write!(
        svg,
        "<g font-size=\"{}\"><path d=\"M{left} {}v{tick}h{}v-{tick}\" fill=\"none\" stroke=\"#000\" stroke-width=\"{}\"/><text x=\"{}\" y=\"{base}\">{words}</text><path d=\"M{right} {}l{w} {h}h-{w2}z\"/><text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{north}</text></g>",
        short(11.0 * unit),
        short(base - 6.0 * unit),
        short(length),
        short(1.5 * unit),
        short(left + length + 5.0 * unit),
        short(base - 9.0 * unit),
        short(right - 6.0 * unit),
        tick = short(5.0 * unit),
        w = short(4.0 * unit),
        h = short(9.0 * unit),
        w2 = short(8.0 * unit),
        left = short(left),
        right = short(right),
        base = short(base),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_a_round_length_that_fits() {
        for (longest, length) in [(4_321.0, 2_000.0), (999.0, 500.0), (1_000.0, 1_000.0), (73.0, 50.0), (0.7, 0.5)] {
            assert!((round_length(longest) - length).abs() < 1e-9, "{longest}");
        }
    }
}
