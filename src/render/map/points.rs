//! Maps of points and lines in the city: wards by name, numbered marks, closed roads and the ways around them.

use std::fmt::Write as _;

use super::frame::Frame;
use super::{Around, Detail, furniture};
use crate::domain::city::City;
use crate::features::{ASIDE, Features, Kind};
use crate::geometry::Bbox;
use crate::geometry::Position;
use crate::geometry::union;
use crate::words::text::text;

/// Least width of such a map in degrees, about three kilometres.
const LEAST: f64 = 0.03;

/// The box around boxes, with room to see where they are; the city's box if there are none.
fn around(city: &City, boxes: impl Iterator<Item = Bbox>) -> Bbox {
    let Some([west, south, east, north]) = boxes.reduce(|a, b| union(&a, &b)) else { return city.bbox };
    let (x, y) = (f64::midpoint(west, east), f64::midpoint(south, north));
    let half = (f64::max(east - west, north - south) * 0.6).max(LEAST / 2.0);
    [x - half, y - half, x + half, y + half]
}

/// Begins a map of a box with wards and landmarks.
fn ground(city: &City, bbox: &Bbox, detail: &Detail, around: &Around<'_>, alt: &str) -> (Frame, String) {
    let frame = Frame::within(bbox, detail.width, detail.height, 4.0);
    let unit = detail.font / 12.0;
    let mut svg = furniture::open(&frame, unit, alt);
    let _ = write!(svg, "<path fill=\"#f4f4ee\" d=\"M0 0h{:.0}v{:.0}H0z\"/>", frame.width, frame.height);
    furniture::units(&mut svg, &frame, unit, around.units);
    let names = city.landmarks.iter().map(|place| (around.lang.pick(&place.name_vi, &place.name_en), [place.lon, place.lat]));
    furniture::landmarks(&mut svg, &frame, unit, names);
    (frame, svg)
}

/// Ends a map.
fn end(mut svg: String, frame: &Frame, detail: &Detail, around: &Around<'_>) -> String {
    furniture::scale_and_north(&mut svg, frame, detail.font / 12.0, text(around.lang, "north"), around.lang);
    svg.push_str("</svg>");
    svg
}

/// Draws marks among wards and landmarks; several marks are numbered.
pub fn points(city: &City, marks: &[Position], detail: &Detail, around_them: &Around<'_>, alt: &str) -> String {
    let bbox = around(city, marks.iter().map(|mark| [mark.lon, mark.lat, mark.lon, mark.lat]));
    let (frame, mut svg) = ground(city, &bbox, detail, around_them, alt);
    let unit = detail.font / 12.0;
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
    end(svg, &frame, detail, around_them)
}

/// Draws the lines of a set among wards and landmarks: thick and red, and dashed blue what lies beside them, such as
/// a detour. Colour is not all that tells them apart.
fn lines(city: &City, features: &Features, detail: &Detail, around_them: &Around<'_>, alt: &str) -> String {
    let bbox = around(city, features.list.iter().filter(|feature| feature.has_place()).map(crate::features::Feature::bbox));
    let (frame, mut svg) = ground(city, &bbox, detail, around_them, alt);
    let unit = detail.font / 12.0;
    let (mut own, mut beside) = (String::new(), String::new());
    for feature in &features.list {
        let path = if features.properties(feature).contains(ASIDE) { &mut beside } else { &mut own };
        for line in features.lines(feature) {
            let mut last = None;
            for position in line {
                let place = frame.place_scaled(position).map(|value| (value * 10.0).round() as i64);
                if last != Some(place) {
                    let [x, y] = place.map(|value| value as f64 / 10.0);
                    let _ = write!(path, "{}{x} {y}", if last.is_some() { "L" } else { "M" });
                    last = Some(place);
                }
            }
        }
    }
    let _ = write!(svg, "<g fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">");
    for (path, colour, width, dashes) in [(&beside, "#0b5394", 3.0, 7.0), (&own, "#b00020", 5.0, 0.0)] {
        if path.is_empty() {
            continue;
        }
        let _ = write!(svg, "<path d=\"{path}\" stroke=\"#fff\" stroke-width=\"{}\"/>", super::short((width + 3.0) * unit));
        let dashes = if dashes > 0.0 { format!(" stroke-dasharray=\"{}\"", super::short(dashes * unit)) } else { String::new() };
        let _ = write!(svg, "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{}\"{dashes}/>", super::short(width * unit));
    }
    svg.push_str("</g>");
    end(svg, &frame, detail, around_them)
}

/// Draws a set of lines or of points.
pub fn marks(city: &City, features: &Features, detail: &Detail, around: &Around<'_>, alt: &str) -> String {
    if features.is_of(Kind::Lines) {
        return lines(city, features, detail, around, alt);
    }
    points(city, &positions(features), detail, around, alt)
}

/// The positions of a set's points, in order.
fn positions(features: &Features) -> Vec<Position> {
    features.list.iter().filter_map(|feature| features.point(feature)).map(|[lon, lat]| Position { lon, lat }).collect()
}
