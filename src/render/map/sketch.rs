//! A sketch of a file's shapes with numbered marks, for the report of an import.

use std::fmt::Write as _;

use super::frame::Frame;
use crate::features::Features;
use crate::geometry::Ring;
use crate::geometry::outline;
use crate::geometry::union;

/// Width of the sketch in units.
const WIDTH: f64 = 720.0;

/// A ring on the map's grid, without points that fall together. A border that neighbours share is shared on
/// the grid too.
fn snapped(ring: &Ring, frame: &Frame) -> Ring {
    let mut points: Ring = Vec::with_capacity(16);
    for point in ring {
        let point = frame.place_scaled(*point).map(|value| value.round() as i64);
        if points.last() != Some(&point) {
            points.push(point);
        }
    }
    while points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    points
}

/// Appends a ring of the grid as path data with relative steps. A ring of fewer than `smallest` square
/// units is left out.
fn push_ring(path: &mut String, ring: &Ring, smallest: i128) {
    let mut points: Vec<[i64; 2]> = Vec::with_capacity(ring.len());
    for &point in ring {
        // A point on the straight line between its neighbours is not needed.
        if let [.., a, b] = points.as_slice()
            && (b[0] - a[0]) * (point[1] - b[1]) == (b[1] - a[1]) * (point[0] - b[0])
            && (b[0] - a[0]) * (point[0] - b[0]) >= 0
            && (b[1] - a[1]) * (point[1] - b[1]) >= 0
        {
            points.pop();
        }
        points.push(point);
    }
    if points.len() < 3 || outline::doubled_area(&points).abs() < 2 * smallest {
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

/// A numbered place on a sketch.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// The number that is shown.
    pub number: usize,
    /// Longitude and latitude in degrees.
    pub at: [f64; 2],
    /// The kind of finding: `error`, `warning` or `repair`.
    pub class: &'static str,
}

/// A sketch of all zones' outlines with numbered marks, for a report.
pub fn sketch(features: &Features, marks: &[Mark], alt: &str) -> String {
    let boxes = features.list.iter().map(crate::features::Feature::bbox);
    let bbox = boxes.chain(marks.iter().map(|mark| [mark.at[0], mark.at[1], mark.at[0], mark.at[1]])).reduce(|a, b| union(&a, &b));
    let Some(bbox) = bbox else { return String::new() };
    let frame = Frame::new(&bbox, WIDTH, 8.0);
    let mut svg = frame.open(0.0, alt);
    let mut path = String::new();
    for feature in &features.list {
        features.rings(feature).iter().for_each(|ring| push_ring(&mut path, &snapped(ring, &frame), 2));
    }
    let _ = write!(svg, "<path d=\"{path}\" fill=\"#eee\" stroke=\"#777\" stroke-width=\".6\" fill-rule=\"evenodd\"/>");
    // The gravest marks are drawn last, on top.
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
