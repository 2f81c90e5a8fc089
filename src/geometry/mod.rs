//! Exact geometry: points, boxes, rings in whole 10⁻⁷ degrees, how zones fit together, coordinate systems.
//! All functions are pure and know nothing of the city.

pub mod arcs;
pub mod area;
pub mod borders;
pub mod coverage;
pub mod crs;
pub mod exchange;
pub mod grid;
pub mod outline;
pub mod rings;
pub mod simple;
pub mod steps;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A ring without its closing point: longitude and latitude in 10⁻⁷ degrees.
pub type Ring = Vec<[i64; 2]>;

/// West, south, east, north in degrees WGS 84.
pub type Bbox = [f64; 4];

/// A point in WGS 84, degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Longitude, −180 to 180.
    pub lon: f64,
    /// Latitude, −90 to 90.
    pub lat: f64,
}

/// True when the point lies in the box, borders included; NaN never does.
pub fn contains(bbox: &Bbox, lon: f64, lat: f64) -> bool {
    lon >= bbox[0] && lon <= bbox[2] && lat >= bbox[1] && lat <= bbox[3]
}

/// The stretches of a line near a box: runs of its segments whose own boxes meet it. The line is in 10⁻⁷ degrees, the box
/// in degrees.
pub fn stretches(line: &[[i64; 2]], bbox: Bbox) -> Vec<&[[i64; 2]]> {
    let [west, south, east, north] = bbox.map(|degrees| (degrees * 1e7).round() as i64);
    let is_near =
        |[a, b]: &[[i64; 2]; 2]| a[0].min(b[0]) <= east && a[0].max(b[0]) >= west && a[1].min(b[1]) <= north && a[1].max(b[1]) >= south;
    let (mut found, mut begun) = (Vec::new(), None);
    for (i, segment) in line.array_windows().enumerate() {
        match (is_near(segment), begun) {
            (true, None) => begun = Some(i),
            (false, Some(from)) => {
                found.push(&line[from..=i]);
                begun = None;
            }
            _ => {}
        }
    }
    found.extend(begun.map(|from| &line[from..]));
    found
}

/// True when the point lies inside the ring, which may be closed or not. The unit of the numbers does not matter.
pub fn encloses(ring: &[[i64; 2]], [x, y]: [i64; 2]) -> bool {
    let mut inside = false;
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        if (a[1] > y) != (b[1] > y) {
            let side = i128::from(b[0] - a[0]) * i128::from(y - a[1]) - i128::from(b[1] - a[1]) * i128::from(x - a[0]);
            inside ^= (side > 0) == (b[1] > a[1]);
        }
    }
    inside
}

/// True when two boxes share at least a point. A box whose west is greater than its east
/// crosses the antimeridian (RFC 7946 §5.2).
pub fn intersects(a: &Bbox, b: &Bbox) -> bool {
    let in_latitude = a[1] <= b[3] && a[3] >= b[1];
    let in_longitude = match (a[0] > a[2], b[0] > b[2]) {
        (false, false) => a[0] <= b[2] && a[2] >= b[0],
        (true, true) => true,
        _ => a[0] <= b[2] || a[2] >= b[0],
    };
    in_latitude && in_longitude
}

/// The smallest box around both boxes. Neither may cross the antimeridian.
pub fn union(a: &Bbox, b: &Bbox) -> Bbox {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_over_the_antimeridian_meets_both_sides() {
        let fiji = [177.0, -20.0, -178.0, -16.0];
        assert!(intersects(&fiji, &[179.0, -18.0, 179.5, -17.0]));
        assert!(intersects(&fiji, &[-179.5, -18.0, -179.0, -17.0]));
        assert!(!intersects(&fiji, &[0.0, -18.0, 10.0, -17.0]));
    }

    #[test]
    fn a_line_that_leaves_a_box_and_comes_back_has_two_stretches() {
        let line = [[-30_000_000, 0], [5_000_000, 0], [30_000_000, 0], [30_000_000, 5_000_000], [5_000_000, 5_000_000]];
        assert_eq!(stretches(&line, [0.0, -1.0, 1.0, 1.0]), [&line[..3], &line[3..]]);
        // A segment that only passes through is near too; a line beside the box is not.
        assert_eq!(stretches(&line[1..3], [1.0, -0.1, 2.0, 0.1]), [&line[1..3]]);
        assert!(stretches(&line, [0.0, 2.0, 1.0, 3.0]).is_empty());
    }

    #[test]
    fn nan_lies_nowhere() {
        assert!(!contains(&[0.0, 0.0, 1.0, 1.0], f64::NAN, 0.5));
    }
}
