//! Lots that a red line runs through: either the lot or the line is drawn wrongly, or land is to be given to the street.

use std::collections::BTreeMap;

use bytes::Bytes;
use rayon::prelude::*;

use crate::domain::land_use;
use crate::domain::plan::LineKind;
use crate::features::{Feature, Features};
use crate::geometry::Ring;
use crate::geometry::area::{bbox_of, inside};
use crate::import::report::{Finding, Report, Severity};

/// Distance between the places at which a line is looked at, metres.
const STEP_M: f64 = 2.0;
/// How deep in a lot a line must run, metres: less is a slip of the pen.
const DEEP_M: f64 = 0.3;
/// Places that a line must have deep in a lot.
const LEAST: usize = 2;
/// Most places that are looked at: a line as long as the country is none of a plan.
const MOST: usize = 4_000_000;
/// Places of a line that are looked at together: the lots around them are read once.
const TOGETHER: usize = 64;

/// Metres of a degree of longitude and of latitude near a latitude in degrees: right to parts of a thousand, which is enough
/// for steps and slips. Projecting each place took longer than all else.
fn metres_a_degree(lat: f64) -> [f64; 2] {
    [111_320.0 * libm::cos(lat.to_radians()), 110_700.0]
}

/// Places along a line, in 10⁻⁷ degrees.
fn along(line: &[[i64; 2]]) -> Vec<[i64; 2]> {
    let mut places = Vec::new();
    for [a, b] in line.array_windows() {
        let [kx, ky] = metres_a_degree(a[1] as f64 / 1e7);
        let (dx, dy) = ((b[0] - a[0]) as f64, (b[1] - a[1]) as f64);
        let steps = (libm::hypot(dx * kx / 1e7, dy * ky / 1e7) / STEP_M).floor().min(MOST as f64) as usize;
        for step in 0..steps {
            let share = (step as f64 + 0.5) / steps as f64;
            places.push([a[0] + (dx * share).round() as i64, a[1] + (dy * share).round() as i64]);
        }
    }
    places
}

/// True where the border of an area lies no further from a place than a slip.
fn is_at_border(rings: &[Ring], at: [i64; 2]) -> bool {
    let [kx, ky] = metres_a_degree(at[1] as f64 / 1e7);
    let flat = |p: [i64; 2]| [(p[0] - at[0]) as f64 * kx / 1e7, (p[1] - at[1]) as f64 * ky / 1e7];
    let is_near = |[a, b]: [[f64; 2]; 2]| {
        // Most edges lie further off than that on one side.
        if (0..2).any(|k| a[k].min(b[k]) > DEEP_M || a[k].max(b[k]) < -DEEP_M) {
            return false;
        }
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let along = if dx == 0.0 && dy == 0.0 { 0.0 } else { (-(a[0] * dx + a[1] * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0) };
        libm::hypot(a[0] + dx * along, a[1] + dy * along) <= DEEP_M
    };
    rings.iter().any(|ring| {
        let mut before = ring.last().map_or([0.0; 2], |last| flat(*last));
        ring.iter().any(|corner| {
            let here = flat(*corner);
            is_near([std::mem::replace(&mut before, here), here])
        })
    })
}

/// The places that lie deep in a lot, each with the lot, and its longitude and latitude in degrees.
fn deep(areas: &Features, places: &Ring) -> Vec<(usize, [f64; 2])> {
    let mut found = Vec::new();
    for index in areas.near(&bbox_of(std::slice::from_ref(places))) {
        let lot = &areas.list[index];
        if land_use::STREETS.contains(&areas.code_of(lot)) {
            continue;
        }
        let rings = areas.rings(lot);
        let [west, south, east, north] = lot.bbox().map(|degrees| (degrees * 1e7).round() as i64);
        let is_near = |at: [i64; 2]| (west..=east).contains(&at[0]) && (south..=north).contains(&at[1]);
        let own = places.iter().filter(|at| is_near(**at) && inside(&rings, **at) && !is_at_border(&rings, **at));
        found.extend(own.map(|at| (index, at.map(|value| value as f64 / 1e7))));
    }
    found
}

/// Warns of each lot that a red line runs through; both are canonical texts.
pub(super) fn tell(areas: &[Bytes], lines: &[Bytes], report: &mut Report) {
    let parsed = |chunks: &[Bytes]| Features::parse(&chunks.concat().into());
    let (Some(areas), Some(lines)) = (parsed(areas), parsed(lines)) else { return };
    let is_red = |line: &&Feature| lines.text_property(line, "line_kind") == Some(LineKind::RedLine.as_str());
    let red = lines.list.iter().filter(is_red).flat_map(|line| lines.lines(line));
    let mut left = MOST;
    let mut stretches: Vec<Ring> = Vec::new();
    for line in red {
        let places = along(&line);
        stretches.extend(places[..places.len().min(left)].chunks(TOGETHER).map(<[_]>::to_vec));
        left -= places.len().min(left);
    }
    let found: Vec<(usize, [f64; 2])> = stretches.par_iter().flat_map_iter(|places| deep(&areas, places)).collect();
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
