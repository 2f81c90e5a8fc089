//! Validity of polygons by the OGC rules (Simple Features 06-103r4 §6.1.11), and safe repairs.
//!
//! All decisions are made on the published coordinates, whole numbers of 10⁻⁷ degrees, with exact
//! arithmetic: what is found valid here stays valid when it is written.

mod check;
mod plane;
mod repair;

use geo::Area;

use check::{Side, check_edges, check_nesting, side_of};
pub use plane::{polygon, signed_area};
pub use repair::Place;
use repair::{is_flat, note, resolve, simplify};

/// A vertex: published coordinates (longitude, latitude in 10⁻⁷ degrees) and its place in the
/// plan's plane, in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vertex {
    /// Longitude and latitude in 10⁻⁷ degrees.
    pub lonlat: [i64; 2],
    /// Easting and northing in metres.
    pub plane: [f64; 2],
}

/// A ring without its closing point.
pub type VertexRing = Vec<Vertex>;

/// A repair that is safe to make. The import reports how much it changes the area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Repair {
    Closed,
    DuplicatePoints,
    Spike,
    SelfTouch,
    BowTie,
    RingOrder,
    /// Neighbouring points that became equal when they were rounded to 10⁻⁷ degrees.
    Rounded,
}

/// Why a polygon cannot be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A ring has fewer than three different points.
    TooFewPoints,
    /// Two edges cross or run over each other, at longitude and latitude in 10⁻⁷ degrees.
    Crossing([i64; 2]),
    /// A hole lies outside its polygon.
    HoleOutside([i64; 2]),
    /// Holes cut the interior into pieces.
    Disconnected([i64; 2]),
    /// Two parts lie over each other.
    PartsOverlap([i64; 2]),
    /// A scribble: too many crossings to resolve.
    Tangled([i64; 2]),
}

/// A valid multi-polygon.
#[derive(Debug, Clone, PartialEq)]
pub struct Mended {
    /// Parts: outer ring counter-clockwise, then holes clockwise.
    pub parts: Vec<Vec<VertexRing>>,
    /// What was done.
    pub repairs: Vec<Repair>,
}

/// Plane area of a valid multi-polygon in square metres, without its holes.
pub fn area_m2(parts: &[Vec<VertexRing>]) -> f64 {
    parts.iter().map(|rings| polygon(rings, |vertex| vertex.plane).unsigned_area()).sum()
}

fn orient(ring: &mut VertexRing, counter_clockwise: bool) -> bool {
    let wrong = (signed_area(ring) > 0) != counter_clockwise;
    if wrong {
        ring.reverse();
    }
    wrong
}

/// Mends what can be mended safely and checks the result. `parts` hold rings without their closing
/// points; the first ring of each part is its outer ring. `place` gives the plane coordinates of a point
/// that a repair adds.
pub fn mend(parts: Vec<Vec<VertexRing>>, place: Place<'_>) -> Result<Mended, Fault> {
    let mut repairs = Vec::new();
    let mut result: Vec<Vec<VertexRing>> = Vec::new();
    for part in parts {
        let mut outers: Vec<Vec<VertexRing>> = Vec::new();
        for (number, ring) in part.into_iter().enumerate() {
            let ring = simplify(ring, &mut repairs);
            if ring.len() < 3 || is_flat(&ring) {
                return Err(Fault::TooFewPoints);
            }
            let is_outer = number == 0;
            let turned_left = signed_area(&ring) > 0;
            let mut areas = resolve(ring, place, &mut repairs)?;
            if turned_left != is_outer && !repairs.contains(&Repair::BowTie) {
                note(&mut repairs, Repair::RingOrder);
            }
            for (depth, ring) in areas.iter_mut().flat_map(|rings| rings.iter_mut().enumerate()) {
                orient(ring, (depth == 0) == is_outer);
            }
            if is_outer {
                outers = areas;
                continue;
            }
            for mut rings in areas {
                let islands = rings.split_off(1);
                rings.into_iter().for_each(|hole| put_hole(&mut outers, hole));
                outers.extend(islands.into_iter().map(|island| vec![island]));
            }
        }
        result.extend(outers);
    }
    if result.is_empty() {
        return Err(Fault::TooFewPoints);
    }
    let is_simple = matches!(result.as_slice(), [rings] if rings.len() == 1);
    if !is_simple {
        check_edges(&result)?;
        check_nesting(&result)?;
    }
    repairs.sort_unstable();
    Ok(Mended { parts: result, repairs })
}

/// Gives a hole to the outer ring around it. A hole without one goes to the first outer ring, and
/// `check_nesting` then finds it outside.
fn put_hole(outers: &mut [Vec<VertexRing>], hole: VertexRing) {
    let around = |rings: &Vec<VertexRing>| matches!(side_of(&hole, &rings[0]), Some((Side::Inside, _)) | None);
    let home = if outers.len() == 1 { 0 } else { outers.iter().position(around).unwrap_or(0) };
    if let Some(rings) = outers.get_mut(home) {
        rings.push(hole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(points: &[[i64; 2]]) -> VertexRing {
        points.iter().map(|p| Vertex { lonlat: *p, plane: [p[0] as f64, p[1] as f64] }).collect()
    }

    fn mend(parts: Vec<Vec<VertexRing>>) -> Result<Mended, Fault> {
        super::mend(parts, &|p| p.map(|v| v as f64))
    }

    fn square(x: i64, y: i64, size: i64) -> VertexRing {
        ring(&[[x, y], [x + size, y], [x + size, y + size], [x, y + size]])
    }

    fn area(mended: &Mended) -> i128 {
        mended.parts.iter().flatten().map(|ring| signed_area(ring)).sum()
    }

    #[test]
    fn a_clockwise_ring_is_turned_round() {
        let mut clockwise = square(0, 0, 100);
        clockwise.reverse();
        let mended = mend(vec![vec![clockwise]]).expect("mended");
        assert_eq!(mended.repairs, [Repair::RingOrder]);
        assert_eq!(area(&mended), 2 * 100 * 100);
    }

    #[test]
    fn a_bow_tie_is_split_into_its_two_wings() {
        let bow = ring(&[[0, 0], [100, 100], [100, 0], [0, 100]]);
        let mended = mend(vec![vec![bow]]).expect("mended");
        assert_eq!((mended.parts.len(), mended.repairs.as_slice()), (2, [Repair::BowTie].as_slice()));
        assert_eq!(area(&mended), 2 * 2 * 2_500);
    }

    #[test]
    fn a_curl_over_its_own_area_is_taken_away() {
        let curl = ring(&[[0, 0], [60, 0], [60, 30], [50, 30], [50, -0], [100, 0], [100, 100], [0, 100]]);
        let inner = ring(&[[0, 0], [1000, 0], [1000, 600], [900, 600], [900, 500], [1100, 500], [1100, 1000], [0, 1000]]);
        for (ring, least) in [(curl, 9_000), (inner, 900_000)] {
            let mended = mend(vec![vec![ring]]).expect("mended");
            assert!(area(&mended) >= 2 * least, "{mended:?}");
        }
    }

    #[test]
    fn a_scribble_is_refused_in_good_time() {
        let scribble: Vec<[i64; 2]> = (0..4_000).map(|i| if i % 2 == 0 { [i * 7, 0] } else { [40_000 - i * 3, 100_000] }).collect();
        assert!(matches!(mend(vec![vec![ring(&scribble)]]), Err(Fault::Tangled(_))));
    }

    #[test]
    fn a_long_thin_spike_is_taken_away() {
        let mut spiked = square(0, 0, 100);
        spiked.insert(1, Vertex { lonlat: [500, -400], plane: [50.0, -400.0] });
        spiked.insert(1, Vertex { lonlat: [50, 0], plane: [50.0, 0.0] });
        spiked.insert(3, Vertex { lonlat: [51, 0], plane: [50.001, 0.0] });
        let mended = mend(vec![vec![spiked]]).expect("mended");
        assert!(mended.repairs.contains(&Repair::Spike));
        assert_eq!(area(&mended), 2 * 100 * 100);
    }

    #[test]
    fn a_ring_that_touches_itself_is_split_into_its_pieces() {
        // Two squares that meet in one corner, drawn in one go.
        let eight = ring(&[[0, 0], [100, 0], [100, 100], [200, 100], [200, 200], [100, 200], [100, 100], [0, 100]]);
        let mended = mend(vec![vec![eight]]).expect("mended");
        assert_eq!(mended.parts.len(), 2);
        assert_eq!(area(&mended), 2 * 2 * 100 * 100);
        // A hole drawn with the outer ring, through a shared corner.
        let inside = ring(&[[0, 0], [300, 0], [300, 300], [0, 300], [0, 0], [100, 200], [200, 200], [200, 100]]);
        let mended = mend(vec![vec![inside]]).expect("mended");
        assert_eq!((mended.parts.len(), mended.parts[0].len()), (1, 2));
    }

    #[test]
    fn a_hole_outside_or_across_is_refused() {
        assert!(matches!(mend(vec![vec![square(0, 0, 100), square(500, 0, 50)]]), Err(Fault::HoleOutside(_))));
        assert!(matches!(mend(vec![vec![square(0, 0, 100), square(50, 50, 100)]]), Err(Fault::Crossing(_))));
    }

    #[test]
    fn a_hole_that_cuts_the_interior_in_two_is_refused() {
        let diamond = ring(&[[50, 0], [70, 50], [50, 100], [30, 50]]);
        assert!(matches!(mend(vec![vec![square(0, 0, 100), diamond]]), Err(Fault::Disconnected(_))));
    }

    #[test]
    fn a_point_or_a_line_is_refused() {
        assert_eq!(mend(vec![vec![ring(&[[0, 0], [10, 0]])]]), Err(Fault::TooFewPoints));
        assert_eq!(mend(vec![vec![ring(&[[0, 0], [10, 0], [20, 0]])]]).err(), Some(Fault::TooFewPoints));
    }

    #[test]
    fn parts_that_overlap_are_refused_and_islands_in_holes_are_not() {
        assert!(matches!(mend(vec![vec![square(0, 0, 100)], vec![square(20, 20, 10)]]), Err(Fault::PartsOverlap(_))));
        let island = mend(vec![vec![square(0, 0, 100), square(20, 20, 50)], vec![square(30, 30, 10)]]);
        assert!(island.is_ok(), "{island:?}");
    }

    /// geo's validation is the witness: what is mended is valid, whatever went in.
    #[test]
    fn whatever_is_mended_is_valid_in_the_eyes_of_another_library() {
        use geo::Validation;
        let mut state = 20_201_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % below) as i64
        };
        let mut mended = 0;
        for _ in 0..3_000 {
            // A coarse grid, so that points repeat, edges touch and lines fall together.
            let mut rings = Vec::new();
            for _ in 0..=random(2) {
                let points: Vec<[i64; 2]> = (0..3 + random(6)).map(|_| [random(9), random(9)]).collect();
                rings.push(points.iter().map(|p| Vertex { lonlat: *p, plane: [p[0] as f64 * 100.0, p[1] as f64 * 100.0] }).collect());
            }
            if let Ok(result) = mend(vec![rings]) {
                mended += 1;
                let parts: Vec<geo::Polygon> =
                    result.parts.iter().map(|rings| polygon(rings, |v| [v.lonlat[0] as f64, v.lonlat[1] as f64])).collect();
                let whole = geo::MultiPolygon::new(parts);
                assert!(whole.is_valid(), "{whole:?}");
            }
        }
        assert!(mended > 300, "only {mended} shapes could be mended: the test says little");
    }
}
