//! Lots that a red line runs through: either the lot or the line is drawn wrongly, or land is to be given to the street.

use std::collections::BTreeMap;

use geo::{Contains, Coord, Distance, Euclidean, Geometry, MapCoords, Point};
use rayon::prelude::*;

use crate::domain::plan::LineKind;
use crate::features::Features;
use crate::features::canonical::CanonicalSet;
use crate::geometry::crs::Crs;
use crate::import::report::{Finding, Report, Severity};

/// Distance between the places at which a line is looked at, metres.
const STEP_M: f64 = 2.0;
/// How deep in a lot a line must run, metres: less is a slip of the pen.
const DEEP_M: f64 = 0.3;
/// Places that a line must have deep in a lot.
const LEAST: usize = 2;
/// Uses of areas that are streets themselves.
const STREETS: [&str; 2] = ["DGT", "GT"];
/// Most places that are looked at: a line as long as the country is none of a plan.
const MOST: usize = 4_000_000;

/// Places along a line, in degrees.
fn along(line: &[[i64; 2]], plane: &Crs) -> Vec<[f64; 2]> {
    let degrees = |at: [i64; 2]| at.map(|value| value as f64 / 1e7);
    let flat = |[lon, lat]: [f64; 2]| plane.from_wgs84(lon, lat).unwrap_or_default();
    let mut places = Vec::new();
    for [a, b] in line.array_windows() {
        let (a, b) = (degrees(*a), degrees(*b));
        let ([x, y], [u, v]) = (flat(a), flat(b));
        let steps = (libm::hypot(u - x, v - y) / STEP_M).floor().min(MOST as f64) as usize;
        for step in 0..steps {
            let share = (step as f64 + 0.5) / steps as f64;
            places.push([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]);
        }
    }
    places
}

/// Warns of each lot that a red line runs through.
pub(super) fn tell(areas: &CanonicalSet, lines: &CanonicalSet, plane: u32, report: &mut Report) {
    let parsed = |set: &CanonicalSet| Features::parse(&set.chunks.concat().into());
    let (Some(areas), Some(lines), Ok(plane)) = (parsed(areas), parsed(lines), Crs::new(plane)) else { return };
    let is_red = |line: &&crate::features::Feature| lines.text_property(line, "line_kind") == Some(LineKind::RedLine.as_str());
    let places: Vec<[f64; 2]> =
        lines.list.iter().filter(is_red).flat_map(|line| lines.lines(line)).flat_map(|line| along(&line, &plane)).take(MOST).collect();
    let flat = |at: Coord| {
        let [x, y] = plane.from_wgs84(at.x, at.y).unwrap_or_default();
        Coord { x, y }
    };
    let deep = |[lon, lat]: &[f64; 2]| -> Option<(usize, [f64; 2])> {
        let inside = areas.within(&[*lon, *lat, *lon, *lat]).into_iter().find(|index| {
            let lot = &areas.list[*index];
            let is_street = areas.text_property(lot, "land_use").is_some_and(|code| STREETS.contains(&code));
            let Some(shape) = areas.shape(lot).filter(|_| !is_street) else { return false };
            let (shape, point) = (shape.map_coords(flat), Point(flat(Coord { x: *lon, y: *lat })));
            let border = match &shape {
                Geometry::Polygon(polygon) => std::slice::from_ref(polygon),
                Geometry::MultiPolygon(parts) => parts.0.as_slice(),
                _ => return false,
            };
            let rings = border.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()));
            shape.contains(&point) && rings.map(|ring| Euclidean.distance(&point, ring)).fold(f64::INFINITY, f64::min) > DEEP_M
        })?;
        Some((inside, [*lon, *lat]))
    };
    let found: Vec<(usize, [f64; 2])> = places.par_iter().filter_map(deep).collect();
    let mut lots: BTreeMap<usize, (usize, [f64; 2])> = BTreeMap::new();
    for (lot, at) in found {
        lots.entry(lot).or_insert((0, at)).0 += 1;
    }
    for (lot, (count, at)) in lots.into_iter().filter(|(_, (count, _))| *count >= LEAST) {
        let properties = areas.parsed_properties(&areas.list[lot]);
        let number = properties.get("lot").and_then(serde_json::Value::as_str).map_or_else(|| format!("#{lot}"), str::to_owned);
        let metres = (count as f64 * STEP_M).round() as u64;
        let said = sentence!("lot-over-red-line", number, metres);
        report.push(Finding::new(Severity::Warning, "lot-over-red-line", said).at(Some(at)));
    }
}
