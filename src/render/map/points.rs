//! Maps of points in the city: wards by name, and numbered marks.

use std::fmt::Write as _;

use super::frame::Frame;
use super::{Around, Detail, furniture};
use crate::domain::city::City;
use crate::features::Features;
use crate::geometry::Bbox;
use crate::geometry::Position;
use crate::geometry::union;
use crate::words::text::text;

/// Least width of a map of points in degrees, about three kilometres.
const LEAST: f64 = 0.03;

/// The box around marks, within the city's box, with room to see where it is.
fn around_marks(city: &City, marks: &[Position]) -> Bbox {
    let boxes = marks.iter().map(|mark| [mark.lon, mark.lat, mark.lon, mark.lat]);
    let Some([west, south, east, north]) = boxes.reduce(|a, b| union(&a, &b)) else { return city.bbox };
    let (x, y) = (f64::midpoint(west, east), f64::midpoint(south, north));
    let half = (f64::max(east - west, north - south) * 0.6).max(LEAST / 2.0);
    [x - half, y - half, x + half, y + half]
}

/// Draws marks among wards and landmarks; several marks are numbered.
pub fn points(city: &City, marks: &[Position], detail: &Detail, around: &Around<'_>, alt: &str) -> String {
    let frame = Frame::within(&around_marks(city, marks), detail.width, detail.height, 4.0);
    let unit = detail.font / 12.0;
    let mut svg = furniture::open(&frame, unit, alt);
    let _ = write!(svg, "<path fill=\"#f4f4ee\" d=\"M0 0h{:.0}v{:.0}H0z\"/>", frame.width, frame.height);
    furniture::units(&mut svg, &frame, unit, around.units);
    let names = city.landmarks.iter().map(|place| (around.lang.pick(&place.name_vi, &place.name_en), [place.lon, place.lat]));
    furniture::landmarks(&mut svg, &frame, unit, names);
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

/// The positions of a set's points, in order.
pub fn positions(features: &Features) -> Vec<Position> {
    features.list.iter().filter_map(|feature| features.point(feature)).map(|[lon, lat]| Position { lon, lat }).collect()
}
