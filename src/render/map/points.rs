//! Where points are in the city: wards by name, and numbered marks.

use std::fmt::Write as _;

use super::frame::Frame;
use super::{Around, Detail, furniture};
use crate::domain::city::City;
use crate::domain::geometry::Position;
use crate::read_model::features::Features;
use crate::render::text::text;

/// Marks in the city's box; numbered where there are several.
pub fn points(city: &City, marks: &[Position], detail: &Detail, around: &Around<'_>, alt: &str) -> String {
    let frame = Frame::within(&city.bbox, detail.width, detail.height, 4.0);
    let unit = detail.font / 12.0;
    let mut svg = furniture::open(&frame, unit, alt);
    let _ = write!(svg, "<path fill=\"#f4f4ee\" d=\"M0 0h{:.0}v{:.0}H0z\"/>", frame.width, frame.height);
    furniture::units(&mut svg, &frame, unit, around.units);
    let _ = write!(svg, "<g font-size=\"{}\" font-weight=\"700\" text-anchor=\"middle\">", super::short(11.0 * unit));
    for (i, mark) in marks.iter().enumerate() {
        let [x, y] = frame.place(mark.lon, mark.lat);
        let _ = write!(
            svg,
            "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"{}\" fill=\"#b00020\" stroke=\"#fff\" stroke-width=\"{}\"/>",
            super::short(8.0 * unit),
            super::short(1.5 * unit)
        );
        if marks.len() > 1 {
            let _ = write!(svg, "<text x=\"{x:.0}\" y=\"{:.0}\" fill=\"#fff\">{}</text>", y + 4.0 * unit, i + 1);
        }
    }
    svg.push_str("</g>");
    furniture::scale_and_north(&mut svg, &frame, unit, text(around.lang, "north"), around.lang);
    svg.push_str("</svg>");
    svg
}

/// The points of a set, in order.
pub fn positions(features: &Features) -> Vec<Position> {
    features.list.iter().filter_map(|feature| features.point(feature)).map(|[lon, lat]| Position { lon, lat }).collect()
}
