//! Validity of polygons by the OGC rules (Simple Features 06-103r4 §6.1.11), and safe repairs.
//!
//! All decisions are made on the published coordinates, whole numbers of 10⁻⁷ degrees, with exact
//! arithmetic: what is found valid here stays valid when it is written.

use std::collections::{HashMap, HashSet};

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree, RTreeBuilder, RTreeIndex};

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
pub type Ring = Vec<Vertex>;

/// Width in metres below which a spike is taken away.
const SPIKE_METRES: f64 = 0.05;
/// Above this number of segments pairs are found through an index.
const BRUTE_FORCE: usize = 64;

/// A repair that changes no area worth naming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Repair {
    Closed,
    DuplicatePoints,
    Spike,
    SelfTouch,
    RingOrder,
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
}

/// A valid multi-polygon.
#[derive(Debug, Clone, PartialEq)]
pub struct Mended {
    /// Parts: outer ring counter-clockwise, then holes clockwise.
    pub parts: Vec<Vec<Ring>>,
    /// What was done.
    pub repairs: Vec<Repair>,
}

fn cross(a: [i64; 2], b: [i64; 2], c: [i64; 2]) -> i128 {
    let (abx, aby) = (i128::from(b[0] - a[0]), i128::from(b[1] - a[1]));
    let (acx, acy) = (i128::from(c[0] - a[0]), i128::from(c[1] - a[1]));
    abx * acy - aby * acx
}

/// Twice the signed area in 10⁻¹⁴ square degrees; positive when counter-clockwise.
pub fn signed_area(ring: &[Vertex]) -> i128 {
    let Some(first) = ring.first() else { return 0 };
    ring.windows(2).map(|pair| cross(first.lonlat, pair[0].lonlat, pair[1].lonlat)).sum()
}

/// Rings as a polygon of the `geo` crate, each vertex placed by `at`.
pub fn polygon(rings: &[Ring], at: impl Fn(&Vertex) -> [f64; 2]) -> geo::Polygon {
    let mut lines = rings.iter().map(|ring| ring.iter().map(|vertex| geo::Coord::from(at(vertex))).collect::<geo::LineString>());
    let outer = lines.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
    geo::Polygon::new(outer, lines.collect())
}

fn on_segment(p: [i64; 2], a: [i64; 2], b: [i64; 2]) -> bool {
    cross(a, b, p) == 0 && p[0] >= a[0].min(b[0]) && p[0] <= a[0].max(b[0]) && p[1] >= a[1].min(b[1]) && p[1] <= a[1].max(b[1])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Border,
    Outside,
}

fn locate(p: [i64; 2], ring: &[Vertex]) -> Side {
    let mut inside = false;
    for (i, vertex) in ring.iter().enumerate() {
        let a = vertex.lonlat;
        let b = ring[(i + 1) % ring.len()].lonlat;
        if on_segment(p, a, b) {
            return Side::Border;
        }
        if (a[1] > p[1]) != (b[1] > p[1]) && (cross(a, b, p) > 0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// Takes away repeated points and spikes; an empty ring is left of one without area.
fn simplify(ring: Ring, repairs: &mut Vec<Repair>) -> Ring {
    let mut kept: Ring = Vec::with_capacity(ring.len());
    for vertex in ring {
        if kept.last().is_some_and(|last| last.lonlat == vertex.lonlat) {
            repairs.push(Repair::DuplicatePoints);
        } else {
            kept.push(vertex);
        }
    }
    while kept.len() > 1 && kept.first().map(|v| v.lonlat) == kept.last().map(|v| v.lonlat) {
        kept.pop();
        repairs.push(Repair::DuplicatePoints);
    }
    let mut i = 0;
    let mut unchanged = 0;
    while kept.len() >= 3 && unchanged < kept.len() {
        let n = kept.len();
        let (a, b, c) = (kept[(i + n - 1) % n], kept[i % n], kept[(i + 1) % n]);
        if a.lonlat == c.lonlat || is_spike(a.plane, b.plane, c.plane) {
            repairs.push(Repair::Spike);
            kept.remove(i % n);
            if a.lonlat == c.lonlat && kept.len() >= 3 {
                kept.remove(i % kept.len());
            }
            i = (i % kept.len().max(1) + kept.len().max(1) - 1) % kept.len().max(1);
            unchanged = 0;
        } else {
            i = (i + 1) % n;
            unchanged += 1;
        }
    }
    kept
}

/// True when the way to `b` and back leaves less than [`SPIKE_METRES`] between.
fn is_spike(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    let (ux, uy, vx, vy) = (a[0] - b[0], a[1] - b[1], c[0] - b[0], c[1] - b[1]);
    let (u, v) = (ux.hypot(uy), vx.hypot(vy));
    if u == 0.0 || v == 0.0 {
        return false;
    }
    let (dot, area) = (ux * vx + uy * vy, (ux * vy - uy * vx).abs());
    // The distance of the nearer neighbour from the longer side, when both lie the same way.
    dot > 0.0 && area / u.max(v) < SPIKE_METRES && dot / (u * v) > 0.999
}

/// Splits a ring where it touches itself into simple rings.
fn split_touching(ring: Ring, repairs: &mut Vec<Repair>) -> Result<Vec<Ring>, Fault> {
    let ring = insert_touched(ring)?;
    let mut loops = Vec::new();
    let mut path: Ring = Vec::with_capacity(ring.len());
    let mut place: HashMap<[i64; 2], usize> = HashMap::with_capacity(ring.len());
    for vertex in ring {
        if let Some(&start) = place.get(&vertex.lonlat) {
            let closed: Ring = path.drain(start..).collect();
            for gone in &closed {
                place.remove(&gone.lonlat);
            }
            repairs.push(Repair::SelfTouch);
            if closed.len() >= 3 {
                loops.push(closed);
            }
        }
        place.insert(vertex.lonlat, path.len());
        path.push(vertex);
    }
    if path.len() >= 3 {
        loops.push(path);
    }
    Ok(loops)
}

/// Inserts a vertex wherever another vertex of the same ring lies on an edge.
fn insert_touched(ring: Ring) -> Result<Ring, Fault> {
    let segments = segments_of(std::iter::once(&ring));
    let mut inserts: HashMap<usize, Vec<Vertex>> = HashMap::new();
    near_pairs(&segments, |a, b| {
        if crosses(&segments[a], &segments[b]) {
            return Err(Fault::Crossing(segments[b].from));
        }
        for (edge, other) in [(a, b), (b, a)] {
            let (from, to) = (segments[edge].from, segments[edge].to);
            let vertex = segments[other].start;
            let p = vertex.lonlat;
            if p != from && p != to && on_segment(p, from, to) {
                inserts.entry(edge).or_default().push(vertex);
            }
        }
        Ok(())
    })?;
    if inserts.is_empty() {
        return Ok(ring);
    }
    let mut result = Vec::with_capacity(ring.len() + inserts.len());
    for (i, vertex) in ring.into_iter().enumerate() {
        result.push(vertex);
        if let Some(mut extra) = inserts.remove(&i) {
            let [x, y] = vertex.lonlat;
            extra.sort_by_key(|v| (v.lonlat[0] - x).abs() + (v.lonlat[1] - y).abs());
            extra.dedup_by_key(|v| v.lonlat);
            result.extend(extra);
        }
    }
    Ok(result)
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    from: [i64; 2],
    to: [i64; 2],
    start: Vertex,
    ring: usize,
}

fn segments_of<'a>(rings: impl Iterator<Item = &'a Ring>) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (number, ring) in rings.enumerate() {
        for (i, vertex) in ring.iter().enumerate() {
            let to = ring[(i + 1) % ring.len()].lonlat;
            segments.push(Segment { from: vertex.lonlat, to, start: *vertex, ring: number });
        }
    }
    segments
}

fn index(segments: &[Segment]) -> RTree<f64> {
    let mut builder = RTreeBuilder::<f64>::new(segments.len() as u32);
    for segment in segments {
        let (a, b) = (segment.from, segment.to);
        builder.add(a[0].min(b[0]) as f64, a[1].min(b[1]) as f64, a[0].max(b[0]) as f64, a[1].max(b[1]) as f64);
    }
    builder.finish::<HilbertSort>()
}

/// Visits the pairs of segments whose boxes meet, until a visit fails. Pairs are not collected: a
/// scribble of long edges has very many.
fn near_pairs(segments: &[Segment], mut visit: impl FnMut(usize, usize) -> Result<(), Fault>) -> Result<(), Fault> {
    let meet = |a: &Segment, b: &Segment| {
        (0..2).all(|k| a.from[k].min(a.to[k]) <= b.from[k].max(b.to[k]) && b.from[k].min(b.to[k]) <= a.from[k].max(a.to[k]))
    };
    if segments.len() <= BRUTE_FORCE {
        for i in 0..segments.len() {
            for j in i + 1..segments.len() {
                if meet(&segments[i], &segments[j]) {
                    visit(i, j)?;
                }
            }
        }
        return Ok(());
    }
    let tree = index(segments);
    for (i, segment) in segments.iter().enumerate() {
        let (a, b) = (segment.from, segment.to);
        let found = tree.search(a[0].min(b[0]) as f64, a[1].min(b[1]) as f64, a[0].max(b[0]) as f64, a[1].max(b[1]) as f64);
        for j in found.into_iter().map(|j| j as usize).filter(|j| *j > i) {
            visit(i, j)?;
        }
    }
    Ok(())
}

/// True when two segments cross, each inside the other.
fn crosses(a: &Segment, b: &Segment) -> bool {
    let sides = |s: &Segment, p| cross(s.from, s.to, p).signum();
    sides(a, b.from) * sides(a, b.to) < 0 && sides(b, a.from) * sides(b, a.to) < 0
}

/// Where two segments do more than touch: they cross, or run over each other.
fn conflict(a: &Segment, b: &Segment) -> Option<[i64; 2]> {
    let o1 = cross(a.from, a.to, b.from).signum();
    let o2 = cross(a.from, a.to, b.to).signum();
    if crosses(a, b) {
        return Some(b.from);
    }
    if o1 == 0 && o2 == 0 {
        // On one line: they overlap when they share more than a point.
        let k = usize::from((a.from[0] - a.to[0]).abs() < (a.from[1] - a.to[1]).abs());
        let low = a.from[k].min(a.to[k]).max(b.from[k].min(b.to[k]));
        let high = a.from[k].max(a.to[k]).min(b.from[k].max(b.to[k]));
        return (low < high).then_some(b.from);
    }
    None
}

/// The point in which two segments touch.
fn touch(a: &Segment, b: &Segment) -> Option<[i64; 2]> {
    [b.from, b.to]
        .into_iter()
        .find(|p| on_segment(*p, a.from, a.to))
        .or_else(|| [a.from, a.to].into_iter().find(|p| on_segment(*p, b.from, b.to)))
}

/// Follows parents to the root.
fn root(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}

/// Checks rings against each other: no crossing, no overlapping edges, interior in one piece.
fn check_edges(parts: &[Vec<Ring>]) -> Result<(), Fault> {
    let part_of: Vec<usize> = parts.iter().enumerate().flat_map(|(i, rings)| std::iter::repeat_n(i, rings.len())).collect();
    let segments = segments_of(parts.iter().flatten());
    let mut touches: HashSet<(usize, [i64; 2])> = HashSet::new();
    near_pairs(&segments, |i, j| {
        let (a, b) = (&segments[i], &segments[j]);
        if let Some(at) = conflict(a, b) {
            return Err(Fault::Crossing(at));
        }
        if a.ring != b.ring
            && part_of[a.ring] == part_of[b.ring]
            && let Some(at) = touch(a, b)
        {
            touches.insert((a.ring, at));
            touches.insert((b.ring, at));
        }
        Ok(())
    })?;
    // Rings and the points they share form a graph; a cycle encloses a piece of the interior.
    let mut parents: Vec<usize> = (0..part_of.len()).collect();
    let mut points: HashMap<(usize, [i64; 2]), usize> = HashMap::new();
    let mut edges: Vec<_> = touches.into_iter().collect();
    edges.sort_unstable();
    for (ring, at) in edges {
        let node = *points.entry((part_of[ring], at)).or_insert_with(|| {
            parents.push(parents.len());
            parents.len() - 1
        });
        let (a, b) = (root(&mut parents, ring), root(&mut parents, node));
        if a == b {
            return Err(Fault::Disconnected(at));
        }
        parents[a] = b;
    }
    Ok(())
}

/// A vertex of `ring` that is not on the border of `other`, and on which side it lies.
fn side_of(ring: &[Vertex], other: &[Vertex]) -> Option<(Side, [i64; 2])> {
    ring.iter().map(|vertex| (locate(vertex.lonlat, other), vertex.lonlat)).find(|(side, _)| *side != Side::Border)
}

fn check_nesting(parts: &[Vec<Ring>]) -> Result<(), Fault> {
    for rings in parts {
        let Some((outer, holes)) = rings.split_first() else { continue };
        for hole in holes {
            if let Some((Side::Outside, at)) = side_of(hole, outer) {
                return Err(Fault::HoleOutside(at));
            }
        }
        for (i, hole) in holes.iter().enumerate() {
            for (j, other) in holes.iter().enumerate() {
                if i != j
                    && let Some((Side::Inside, at)) = side_of(hole, other)
                {
                    return Err(Fault::PartsOverlap(at));
                }
            }
        }
    }
    for (i, rings) in parts.iter().enumerate() {
        for (j, other) in parts.iter().enumerate() {
            let (Some(a), Some((outer, holes))) = (rings.first(), other.split_first()) else { continue };
            if i != j
                && let Some((Side::Inside, at)) = side_of(a, outer)
            {
                let in_hole = holes.iter().any(|hole| matches!(side_of(a, hole), Some((Side::Inside, _)) | None));
                if !in_hole {
                    return Err(Fault::PartsOverlap(at));
                }
            }
        }
    }
    Ok(())
}

fn orient(ring: &mut Ring, counter_clockwise: bool) -> bool {
    let wrong = (signed_area(ring) > 0) != counter_clockwise;
    if wrong {
        ring.reverse();
    }
    wrong
}

/// Mends what can be mended safely and checks the result; `parts` hold open rings, the first of
/// each part its outer ring.
pub fn mend(parts: Vec<Vec<Ring>>) -> Result<Mended, Fault> {
    let mut repairs = Vec::new();
    let mut result: Vec<Vec<Ring>> = Vec::new();
    for part in parts {
        let mut outers: Vec<Vec<Ring>> = Vec::new();
        for (number, ring) in part.into_iter().enumerate() {
            let ring = simplify(ring, &mut repairs);
            let first = ring.first().map(|vertex| vertex.lonlat).unwrap_or_default();
            let second = ring.get(1).map(|vertex| vertex.lonlat).unwrap_or_default();
            if ring.len() < 3 || ring.iter().all(|vertex| cross(first, second, vertex.lonlat) == 0) {
                return Err(Fault::TooFewPoints);
            }
            if signed_area(&ring) == 0 {
                // Its loops cancel each other out.
                return Err(Fault::Crossing(second));
            }
            let turned_left = signed_area(&ring) > 0;
            let is_outer = number == 0;
            if turned_left != is_outer {
                repairs.push(Repair::RingOrder);
            }
            for mut piece in split_touching(ring, &mut repairs)? {
                if signed_area(&piece) == 0 {
                    continue;
                }
                // A piece of an outer ring that turns the other way encloses a hole.
                let piece_is_outer = is_outer && (signed_area(&piece) > 0) == turned_left;
                orient(&mut piece, piece_is_outer);
                if piece_is_outer {
                    outers.push(vec![piece]);
                } else {
                    let first = outers.first().map_or(0, |_| 0);
                    let home = outers.iter().position(|rings| {
                        rings.first().is_some_and(|outer| matches!(side_of(&piece, outer), Some((Side::Inside, _)) | None))
                    });
                    match outers.get_mut(home.unwrap_or(first)) {
                        Some(rings) => rings.push(piece),
                        // The piece was found before its outer loop closed: keep it for later.
                        None => outers.push(vec![piece]),
                    }
                }
            }
            regroup(&mut outers);
        }
        result.extend(outers);
    }
    check_edges(&result)?;
    check_nesting(&result)?;
    repairs.sort_unstable();
    repairs.dedup();
    Ok(Mended { parts: result, repairs })
}

/// Moves holes that were split off before their outer ring was known to where they belong.
fn regroup(outers: &mut Vec<Vec<Ring>>) {
    let early = |rings: &Vec<Ring>| rings.first().is_some_and(|ring| signed_area(ring) < 0);
    let (holes, mut kept): (Vec<_>, Vec<_>) = std::mem::take(outers).into_iter().partition(early);
    for hole in holes.into_iter().flatten() {
        let home = kept
            .iter()
            .position(|rings| rings.first().is_some_and(|outer| matches!(side_of(&hole, outer), Some((Side::Inside, _)) | None)));
        match home {
            Some(home) => kept[home].push(hole),
            None => kept.push(vec![hole]),
        }
    }
    *outers = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(points: &[[i64; 2]]) -> Ring {
        points.iter().map(|p| Vertex { lonlat: *p, plane: [p[0] as f64, p[1] as f64] }).collect()
    }

    fn square(x: i64, y: i64, size: i64) -> Ring {
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
    fn a_bow_tie_is_refused() {
        let bow = ring(&[[0, 0], [100, 100], [100, 0], [0, 200]]);
        assert!(matches!(mend(vec![vec![bow]]), Err(Fault::Crossing(_))));
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
