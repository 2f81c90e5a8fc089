//! The outline of a set, as GeoJSON.

use std::fmt::Write as _;

use crate::geometry::outline::{dissolve, doubled_area};
use crate::geometry::{Ring, encloses};

/// Rings smaller than about 10 m² are slivers between borders that do not meet exactly.
const SLIVER: i128 = 2 * 100 * 1_000 * 10;

fn push_position(text: &mut String, [x, y]: [f64; 2]) {
    let _ = write!(text, "[{x},{y}]");
}

/// Points in degrees as a GeoJSON MultiPoint.
pub fn points(points: &[[f64; 2]]) -> String {
    let mut text = String::from("{\"type\":\"MultiPoint\",\"coordinates\":[");
    for (i, point) in points.iter().enumerate() {
        text.push_str(if i > 0 { "," } else { "" });
        push_position(&mut text, *point);
    }
    text.push_str("]}");
    text
}

/// Lines in 10⁻⁷ degrees as a GeoJSON MultiLineString.
pub fn lines(lines: &[Vec<[i64; 2]>]) -> String {
    let mut text = String::from("{\"type\":\"MultiLineString\",\"coordinates\":[");
    for (i, line) in lines.iter().enumerate() {
        text.push_str(if i > 0 { ",[" } else { "[" });
        for (k, point) in line.iter().enumerate() {
            text.push_str(if k > 0 { "," } else { "" });
            push_position(&mut text, point.map(|value| value as f64 / 1e7));
        }
        text.push(']');
    }
    text.push_str("]}");
    text
}

/// The outline of areas as a GeoJSON MultiPolygon.
pub fn outline(rings: impl Iterator<Item = Ring>) -> String {
    let mut text = String::new();
    let all = dissolve(rings);
    let (mut outers, mut holes) = (Vec::new(), Vec::new());
    for ring in all {
        let area = doubled_area(&ring);
        if area >= SLIVER {
            outers.push((ring, Vec::new()));
        } else if area <= -SLIVER {
            holes.push(ring);
        }
    }
    for hole in holes {
        let inside = |outer: &Ring| hole.iter().filter(|point| encloses(outer, **point)).count() * 2 > hole.len();
        if let Some((_, own)) = outers.iter_mut().find(|(outer, _)| inside(outer)) {
            own.push(hole);
        }
    }
    let push_ring = |text: &mut String, ring: &Ring| {
        text.push('[');
        for (i, point) in ring.iter().chain(ring.first()).enumerate() {
            text.push_str(if i > 0 { "," } else { "" });
            push_position(text, point.map(|value| value as f64 / 1e7));
        }
        text.push(']');
    };
    text.push_str("{\"type\":\"MultiPolygon\",\"coordinates\":[");
    for (i, (outer, holes)) in outers.iter().enumerate() {
        text.push_str(if i > 0 { ",[" } else { "[" });
        push_ring(&mut text, outer);
        for hole in holes {
            text.push(',');
            push_ring(&mut text, hole);
        }
        text.push(']');
    }
    text.push_str("]}");
    text
}
