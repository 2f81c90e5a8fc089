//! A map of units, each with a colour, a text and a link of its own.

use std::fmt::Write as _;

use super::furniture::Shapes;
use super::{Frame, UnitShape, paint, trace};
use crate::geometry::{Bbox, union};

/// Width of the map in units.
const WIDTH: f64 = 360.0;
/// Free margin in units.
const MARGIN: f64 = 4.0;
/// How far a border may be from its true course, in units.
const TOLERANCE: f64 = 1.2;

/// A unit on the map.
pub struct Ward<'a> {
    /// Its shape and name.
    pub shape: &'a UnitShape,
    /// Its colour.
    pub fill: &'a str,
    /// What is written in it, a line each.
    pub lines: Vec<String>,
    /// Where a tap leads.
    pub link: Option<String>,
}

/// The map as SVG; empty where no boundary is known. `alt` is read aloud.
pub fn wards(wards: &[Ward<'_>], alt: &str) -> String {
    let shapes: Vec<UnitShape> = wards.iter().map(|ward| ward.shape.clone()).collect();
    let points = shapes.iter().flat_map(|shape| shape.rings.iter().flatten()).map(|[x, y]| [*x as f64 / 1e7, *y as f64 / 1e7]);
    let boxes = points.map(|[x, y]| -> Bbox { [x, y, x, y] });
    let Some(bbox) = boxes.reduce(|a, b| union(&a, &b)) else { return String::new() };
    let frame = Frame::new(&bbox, WIDTH, MARGIN);
    let grid = paint::paint(&Shapes(&shapes), &frame, &|index| index as u16 + 1);
    let rings = trace::trace(&grid, shapes.len() + 1, &|label| label, TOLERANCE);
    let mut svg = frame.open(0.0, alt);
    // With links inside it, the map is no single picture.
    if wards.iter().any(|ward| ward.link.is_some()) {
        svg = svg.replacen(" role=\"img\"", "", 1);
    }
    svg.push_str("<g stroke=\"#000\" stroke-width=\"1.2\" fill-rule=\"evenodd\">");
    for (ward, rings) in wards.iter().zip(rings.iter().skip(1)) {
        let mut path = String::new();
        for ring in rings {
            for (i, [x, y]) in ring.iter().enumerate() {
                let _ = write!(path, "{}{x} {y}", if i == 0 { "M" } else { "L" });
            }
            path.push('Z');
        }
        let drawn = format!("<path d=\"{path}\" fill=\"{}\"/>", ward.fill);
        match &ward.link {
            Some(link) => {
                let link = maud::html! { a href=(link) aria-label=(ward.shape.name) { (maud::PreEscaped(&drawn)) } }.into_string();
                svg.push_str(&link);
            }
            None => svg.push_str(&drawn),
        }
    }
    svg.push_str("</g><g font-size=\"11\" text-anchor=\"middle\" stroke=\"#fff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\" pointer-events=\"none\">");
    for ward in wards {
        let [x, y] = frame.place(ward.shape.label.lon, ward.shape.label.lat);
        let top = y - (ward.lines.len().saturating_sub(1)) as f64 * 6.0;
        for (i, line) in ward.lines.iter().enumerate() {
            let text = maud::html! { (line) }.into_string();
            let half = line.chars().count() as f64 * 3.2;
            let x = x.clamp(half.min(WIDTH / 2.0), (WIDTH - half).max(WIDTH / 2.0));
            let _ = write!(svg, "<text x=\"{x:.0}\" y=\"{:.0}\">{text}</text>", top + i as f64 * 12.0 + 4.0);
        }
    }
    svg.push_str("</g></svg>");
    svg
}
