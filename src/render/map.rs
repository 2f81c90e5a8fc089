//! The map on a page, drawn by the server as SVG: small, sharp, readable without colour.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use geo::InteriorPoint;
use rayon::prelude::*;

use super::shape::{self, Ring};
use crate::domain::city::City;
use crate::domain::geometry::{Bbox, Position, union};
use crate::domain::land_use;
use crate::import::canonical::round;
use crate::import::feature::{Geometry, Position as Pair};
use crate::read_model::features::{Feature, Features};

/// Units across a map; a phone shows about half as many pixels.
const WIDTH: f64 = 720.0;
/// Rings that cover less than this many square units, about 12 square pixels on a phone, are not drawn.
const SMALLEST: i128 = 48;

/// Room of a label, map units across and down.
const LABEL: [f64; 2] = [46.0, 22.0];

/// From degrees to map units, north up.
struct Frame {
    west: f64,
    north: f64,
    scale_x: f64,
    scale_y: f64,
    height: f64,
}

impl Frame {
    fn new(bbox: &Bbox) -> Self {
        let [west, south, east, north] = *bbox;
        let squeeze = f64::midpoint(south, north).to_radians().cos();
        let (width, height) = (((east - west) * squeeze).max(1e-6), (north - south).max(1e-6));
        // Nothing is drawn more than twice as high as wide, or flatter than half.
        let (span_x, span_y) = (width.max(height / 2.0), height.max(width / 2.0));
        let scale = (WIDTH - 16.0) / span_x;
        Self {
            west: west - (span_x - width) / 2.0 / squeeze - 8.0 / scale / squeeze,
            north: north + (span_y - height) / 2.0 + 8.0 / scale,
            scale_x: scale * squeeze,
            scale_y: scale,
            height: span_y * scale + 16.0,
        }
    }

    fn place(&self, lon: f64, lat: f64) -> [f64; 2] {
        [(lon - self.west) * self.scale_x, (self.north - lat) * self.scale_y]
    }

    fn snap(&self, [x, y]: [i64; 2]) -> [i64; 2] {
        let [x, y] = self.place(x as f64 / 1e7, y as f64 / 1e7);
        [x.round() as i64, y.round() as i64]
    }

    fn open(&self, alt: &str) -> String {
        let alt = maud::html! { (alt) }.into_string();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {0:.0}\" role=\"img\" class=\"map\"><title>{alt}</title>",
            self.height
        )
    }
}

/// A ring on the map's grid, without points that fall together. Neighbours that share a border share
/// it on the grid too.
fn snapped(ring: &Ring, frame: &Frame) -> Ring {
    let mut points: Ring = Vec::with_capacity(16);
    for point in ring {
        let point = frame.snap(*point);
        if points.last() != Some(&point) {
            points.push(point);
        }
    }
    while points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    points
}

/// A ring of the grid as path data with relative steps; none when it covers fewer square units than
/// `smallest`.
fn push_ring(path: &mut String, ring: &Ring, smallest: i128) {
    let mut points: Vec<[i64; 2]> = Vec::with_capacity(ring.len());
    for &point in ring {
        // A middle point on the straight line between its neighbours says nothing.
        if let [.., a, b] = points.as_slice()
            && (b[0] - a[0]) * (point[1] - b[1]) == (b[1] - a[1]) * (point[0] - b[0])
            && (b[0] - a[0]) * (point[0] - b[0]) >= 0
            && (b[1] - a[1]) * (point[1] - b[1]) >= 0
        {
            points.pop();
        }
        points.push(point);
    }
    if points.len() < 3 || shape::doubled_area(&points).abs() < 2 * smallest {
        return;
    }
    let mut at = points[0];
    let _ = write!(path, "M{} {}l", at[0], at[1]);
    for point in &points[1..] {
        let (dx, dy) = (point[0] - at[0], point[1] - at[1]);
        let gap = if path.ends_with('l') || dx < 0 { "" } else { " " };
        let second = if dy < 0 { "" } else { " " };
        let _ = write!(path, "{gap}{dx}{second}{dy}");
        at = *point;
    }
    path.push('z');
}

/// A place on a sketch that has a number.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// Its number.
    pub number: usize,
    /// Longitude and latitude in degrees.
    pub at: [f64; 2],
    /// `error`, `warning`, `repair`.
    pub class: &'static str,
}

/// Outlines of all zones with numbered marks, for a report.
pub fn sketch(features: &Features, marks: &[Mark], alt: &str) -> String {
    let boxes = features.list.iter().map(|feature| feature.bbox);
    let bbox = boxes.chain(marks.iter().map(|mark| [mark.at[0], mark.at[1], mark.at[0], mark.at[1]])).reduce(|a, b| union(&a, &b));
    let Some(bbox) = bbox else { return String::new() };
    let frame = Frame::new(&bbox);
    let mut svg = frame.open(alt);
    let mut path = String::new();
    for feature in &features.list {
        features.rings(feature).iter().for_each(|ring| push_ring(&mut path, &snapped(ring, &frame), 2));
    }
    let _ = write!(svg, "<path d=\"{path}\" fill=\"#eee\" stroke=\"#777\" stroke-width=\".6\" fill-rule=\"evenodd\"/>");
    // The gravest lie on top.
    for mark in marks.iter().rev() {
        let [x, y] = frame.place(mark.at[0], mark.at[1]);
        let colour = match mark.class {
            "error" => "#b00020",
            "warning" => "#8a4b00",
            _ => "#0b5394",
        };
        let _ = write!(
            svg,
            "<a href=\"#f{0}\"><circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"9\" fill=\"{colour}\" stroke=\"#fff\"/>\
             <text x=\"{x:.0}\" y=\"{1:.0}\" font-size=\"10\" text-anchor=\"middle\" fill=\"#fff\">{0}</text></a>",
            mark.number,
            y + 3.5
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A plan's zones by land-use code, with the codes written into the largest ones.
pub fn zones(features: &Features, bbox: &Bbox, alt: &str) -> String {
    let frame = Frame::new(bbox);
    // Of each zone its code, its rings on the grid, and the size of its box.
    let read = |feature: &Feature| {
        let (rings, open) = (RefCell::new(Vec::<Ring>::new()), RefCell::new(Ring::new()));
        let snap = |position: [i64; 2]| {
            let point = frame.snap(position);
            let mut open = open.borrow_mut();
            if open.last() != Some(&point) {
                open.push(point);
            }
        };
        let end = || {
            let mut ring = open.borrow_mut();
            while ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
            if ring.len() > 2 {
                rings.borrow_mut().push(ring.clone());
            }
            ring.clear();
        };
        features.walk(feature, snap, end);
        let [west, south, east, north] = feature.bbox;
        let size = (((east - west) * (north - south)) * 1e14) as i128;
        (features.text_property(feature, "land_use").unwrap_or_default(), rings.into_inner(), size)
    };
    let zones: Vec<(&str, Vec<Ring>, i128)> = features.list.par_iter().map(read).collect();
    let mut by_code: BTreeMap<&str, Vec<Ring>> = BTreeMap::new();
    let mut largest: BTreeMap<&str, (i128, &Feature)> = BTreeMap::new();
    for ((code, rings, area), feature) in zones.into_iter().zip(&features.list) {
        if largest.get(code).is_none_or(|(known, _)| area > *known) {
            largest.insert(code, (area, feature));
        }
        by_code.entry(code).or_default().extend(rings);
    }
    let mut svg = frame.open(alt);
    svg.push_str("<defs><pattern id=\"h\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 8L8 0\" stroke=\"#777\"/></pattern></defs>");
    svg.push_str("<g stroke=\"#555\" stroke-width=\".8\" fill-rule=\"evenodd\">");
    for (code, rings) in by_code {
        let mut path = String::new();
        for ring in shape::dissolve(rings) {
            push_ring(&mut path, &ring, SMALLEST);
        }
        if !path.is_empty() {
            let colour = land_use::get(code).map(|entry| entry.rgb.as_str()).filter(|rgb| !rgb.is_empty());
            let _ = write!(svg, "<path fill=\"{}\" d=\"{path}\"/>", colour.unwrap_or("url(#h)"));
        }
    }
    svg.push_str(
        "</g><g font-size=\"21\" font-weight=\"700\" text-anchor=\"middle\" stroke=\"#fff\" stroke-width=\"4\" paint-order=\"stroke\">",
    );
    // The largest come first; a code that would stand over another is left to the table.
    let mut labels: Vec<_> = largest.into_iter().collect();
    labels.sort_by_key(|(_, (area, _))| std::cmp::Reverse(*area));
    let mut taken: Vec<[f64; 2]> = Vec::new();
    for (code, (area, feature)) in labels {
        let place = features.parsed_geometry(feature).as_ref().and_then(label_place);
        let Some([x, y]) = place.map(|[lon, lat]| frame.place(lon, lat)) else { continue };
        let side = (area as f64 / 2.0).sqrt() / 1e7 * frame.scale_y;
        let is_free = taken.iter().all(|[u, v]| (x - u).abs() > LABEL[0] || (y - v).abs() > LABEL[1]);
        if side > 20.0 && is_free {
            taken.push([x, y]);
            let code = maud::html! { (code) }.into_string();
            let _ = write!(svg, "<text x=\"{x:.0}\" y=\"{:.0}\">{code}</text>", y + 7.0);
        }
    }
    svg.push_str("</g></svg>");
    svg
}

/// A place for a label inside a feature's first polygon, clear of its holes, in degrees.
fn label_place(geometry: &Geometry) -> Option<[f64; 2]> {
    let rings = match geometry {
        Geometry::Point(_) => return None,
        Geometry::Polygon(rings) => rings,
        Geometry::MultiPolygon(parts) => parts.first()?,
    };
    let mut lines = rings.iter().map(|ring| ring.iter().map(|Pair(at)| geo::Coord::from(*at)).collect::<geo::LineString>());
    let place = geo::Polygon::new(lines.next()?, lines.collect()).interior_point()?;
    Some([place.x(), place.y()])
}

/// Wards by name, and numbered marks: where points are in the city.
pub fn points(city: &City, marks: &[Position], today: jiff::civil::Date, alt: &str) -> String {
    let frame = Frame::new(&city.bbox);
    let mut svg = frame.open(alt);
    let [a, b] = [frame.place(city.bbox[0], city.bbox[3]), frame.place(city.bbox[2], city.bbox[1])];
    let _ = write!(
        svg,
        "<path fill=\"#f4f4ee\" stroke=\"#555\" stroke-dasharray=\"6 5\" d=\"M{:.0} {:.0}H{:.0}V{:.0}H{:.0}z\"/>",
        a[0], a[1], b[0], b[1], a[0]
    );
    svg.push_str("<g font-size=\"30\" text-anchor=\"middle\" fill=\"#333\">");
    for unit in city.units.valid_on(today) {
        let [x, y] = frame.place(unit.label.lon, unit.label.lat);
        let name = maud::html! { (unit.name_vi) }.into_string();
        let _ = write!(svg, "<text x=\"{x:.0}\" y=\"{y:.0}\">{name}</text>");
    }
    svg.push_str("</g><g font-size=\"22\" font-weight=\"700\" text-anchor=\"middle\">");
    for (i, mark) in marks.iter().enumerate() {
        let [x, y] = frame.place(mark.lon, mark.lat);
        let _ = write!(svg, "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"16\" fill=\"#b00020\" stroke=\"#fff\" stroke-width=\"3\"/>");
        if marks.len() > 1 {
            let _ = write!(svg, "<text x=\"{x:.0}\" y=\"{:.0}\" fill=\"#fff\">{}</text>", y + 8.0, i + 1);
        }
    }
    svg.push_str("</g></svg>");
    svg
}

/// The points of a set, in order.
pub fn positions(features: &Features) -> Vec<Position> {
    features.list.iter().filter_map(|feature| features.point(feature)).map(|[lon, lat]| Position { lon, lat }).collect()
}

/// Rounds a position for the page, five decimals: about a metre.
pub fn readable(position: Position) -> String {
    crate::import::zones::degrees([round(position.lat), round(position.lon)])
}
