//! The borders of a hatch: loops of edges, joined at their ends in any order and direction.

use std::collections::HashMap;

use super::Point;
use super::curves::{arc, distance, path_of, spline, sweep};
use super::groups::{Fields, Value};

/// Widest gap that is bridged, metres.
pub(super) const BRIDGED: f64 = 1.0;
/// Greatest distance at which two ends are one point, metres.
const SAME: f64 = 1e-6;

/// Most ends of a loop whose surroundings are searched because they meet no other end exactly.
const MOST_LOOKS: usize = 2_000;

/// The result of reading a hatch's borders.
pub(super) enum Borders {
    /// The rings, and the widest gap that was bridged, metres.
    Rings(Vec<Vec<Point>>, f64),
    /// A gap that is too wide, metres.
    Gap(f64),
    /// An edge that cannot be drawn.
    Unreadable,
    /// The hatch has no border.
    Nothing,
}

/// Reads the groups of a hatch once, from front to back.
struct Cursor<'a> {
    rest: &'a [(i32, Value)],
}

impl Cursor<'_> {
    fn peek(&self) -> Option<(i32, f64)> {
        self.rest.first().map(|(code, value)| (*code, if let Value::Number(number) = value { *number } else { f64::NAN }))
    }

    /// Takes the next group if it has that code.
    fn take(&mut self, code: i32) -> Option<f64> {
        let (found, value) = self.peek()?;
        (found == code).then(|| {
            self.rest = &self.rest[1..];
            value
        })
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn whole(&mut self, code: i32) -> Option<usize> {
        self.take(code).filter(|number| *number >= 0.0).map(|number| number as usize)
    }
}

/// Reads the borders of a HATCH or MPOLYGON.
pub(super) fn borders(fields: &Fields, most: usize) -> Borders {
    let mut cursor = Cursor { rest: &fields.0 };
    // Elevation and extrusion come before the count of loops.
    while cursor.peek().is_some_and(|(code, _)| code != 91) {
        cursor.skip();
    }
    let loops = cursor.whole(91).unwrap_or(0);
    let (mut rings, mut widest) = (Vec::new(), 0.0_f64);
    for _ in 0..loops {
        while cursor.peek().is_some_and(|(code, _)| code != 92) {
            // The pattern follows the last loop.
            if matches!(cursor.peek(), Some((75 | 76, _))) {
                break;
            }
            cursor.skip();
        }
        let Some(kind) = cursor.whole(92) else { break };
        let found = if kind & 2 != 0 {
            polyline(&mut cursor).map(|ring| Ok((vec![ring], 0.0)))
        } else {
            edges(&mut cursor, most).map(|edges| join(&edges))
        };
        // A loop that is only the box around a text is no hole of the zone.
        let is_text_box = kind & 8 != 0;
        match found {
            None => return Borders::Unreadable,
            Some(Err(gap)) => return Borders::Gap(gap),
            Some(Ok((found, gap))) if !is_text_box => {
                widest = widest.max(gap);
                rings.extend(found.into_iter().filter(|ring| ring.len() >= 3));
            }
            Some(Ok(_)) => {}
        }
    }
    if rings.is_empty() { Borders::Nothing } else { Borders::Rings(rings, widest) }
}

fn polyline(cursor: &mut Cursor<'_>) -> Option<Vec<Point>> {
    let mut count = 0;
    while let Some((code, value)) = cursor.peek().filter(|(code, _)| matches!(code, 72 | 73 | 93)) {
        if code == 93 {
            count = value.max(0.0) as usize;
        }
        cursor.skip();
    }
    let mut vertices: Vec<(Point, f64)> = Vec::new();
    for _ in 0..count {
        let at = [cursor.take(10)?, cursor.take(20)?];
        vertices.push((at, cursor.take(42).unwrap_or(0.0)));
    }
    let closes = vertices.len() > 2 && vertices.first().map(|v| v.0) == vertices.last().map(|v| v.0);
    if closes {
        vertices.pop();
    }
    let mut ring = path_of(&vertices, true);
    ring.pop();
    Some(ring)
}

/// The possible readings of an edge; the first follows the standard.
type Readings = Vec<Vec<Point>>;

/// The edges of a loop; none if one of them cannot be drawn.
fn edges(cursor: &mut Cursor<'_>, most: usize) -> Option<Vec<Readings>> {
    let count = cursor.whole(93)?;
    let mut edges = Vec::new();
    for _ in 0..count {
        let edge = match cursor.whole(72)? {
            1 => vec![vec![[cursor.take(10)?, cursor.take(20)?], [cursor.take(11)?, cursor.take(21)?]]],
            2 => {
                let centre = [cursor.take(10)?, cursor.take(20)?];
                let radius = cursor.take(40)?;
                let angles = [cursor.take(50)?, cursor.take(51)?].map(f64::to_radians);
                let forward = cursor.take(73).unwrap_or(1.0) != 0.0;
                ways(angles, forward).into_iter().map(|(start, sweep)| arc(centre, [radius; 2], 0.0, start, sweep)).collect()
            }
            3 => {
                let centre = [cursor.take(10)?, cursor.take(20)?];
                let major = [cursor.take(11)?, cursor.take(21)?];
                let ratio = cursor.take(40)?;
                let angles = [cursor.take(50)?, cursor.take(51)?].map(f64::to_radians);
                let forward = cursor.take(73).unwrap_or(1.0) != 0.0;
                let radius = [libm::hypot(major[0], major[1]), libm::hypot(major[0], major[1]) * ratio];
                let tilt = libm::atan2(major[1], major[0]);
                // Programs differ: some write the ellipse's parameters, others true angles.
                let parameter = |angle: f64| {
                    let (s, c) = libm::sincos(angle);
                    libm::atan2(s / ratio, c)
                };
                let both = [angles, angles.map(parameter)];
                both.iter()
                    .flat_map(|angles| ways(*angles, forward))
                    .map(|(start, sweep)| arc(centre, radius, tilt, start, sweep))
                    .collect()
            }
            4 => vec![spline_edge(cursor, most)?],
            _ => return None,
        };
        if !edge.iter().flatten().flatten().all(|v| v.is_finite()) {
            return None;
        }
        edges.push(edge);
    }
    Some(edges)
}

/// The possible starts and sweeps of an arc, radians. The angles of a clockwise arc should be counted
/// clockwise, but some programs count them counter-clockwise.
fn ways([from, to]: [f64; 2], forward: bool) -> Vec<(f64, f64)> {
    if forward { vec![(from, sweep(from, to))] } else { vec![(-from, -sweep(from, to)), (from, -sweep(to, from))] }
}

fn spline_edge(cursor: &mut Cursor<'_>, most: usize) -> Option<Vec<Point>> {
    let degree = cursor.whole(94)?;
    let (mut knots, mut controls, mut weights) = (Vec::new(), Vec::<Point>::new(), Vec::new());
    let (mut knot_count, mut control_count) = (0, 0);
    while let Some((code, value)) = cursor.peek() {
        match code {
            73 | 74 | 12 | 22 | 13 | 23 => {}
            95 => knot_count = value as usize,
            96 => control_count = value as usize,
            40 => knots.push(value),
            10 => controls.push([value, f64::NAN]),
            20 => controls.last_mut()?[1] = value,
            42 => weights.push(value),
            // Fit points are skipped, because the control points define the curve. After the last edge, the
            // same code holds the count of the loop's source objects.
            97 => {
                cursor.skip();
                let wanted = value.max(0.0) as usize;
                for _ in 0..wanted {
                    if cursor.take(11).is_none() {
                        break;
                    }
                    cursor.take(21)?;
                }
                while matches!(cursor.peek(), Some((12 | 22 | 13 | 23, _))) {
                    cursor.skip();
                }
                break;
            }
            _ => break,
        }
        cursor.skip();
    }
    (knots.len() == knot_count && controls.len() == control_count).then_some(())?;
    spline(degree, &knots, &controls, &weights, most)
}

/// Joins edges to rings, and gives the widest gap that was bridged, metres. Errors: the width of a gap wider
/// than [`BRIDGED`].
pub(super) fn join(edges: &[Readings]) -> Result<(Vec<Vec<Point>>, f64), f64> {
    let edges = choose(edges);
    let ends = |i: usize| [edges[i][0], edges[i][edges[i].len() - 1]];
    let mut by_place: HashMap<[i64; 2], Vec<usize>> = HashMap::new();
    // Most ends meet exactly; these are found without a search of their surroundings.
    let mut by_end: HashMap<[u64; 2], Vec<usize>> = HashMap::new();
    let cell = |p: Point| p.map(|v| (v / BRIDGED).floor() as i64);
    let bits = |p: Point| p.map(f64::to_bits);
    for i in 0..edges.len() {
        for end in ends(i) {
            by_place.entry(cell(end)).or_default().push(i);
            by_end.entry(bits(end)).or_default().push(i);
        }
    }
    let mut looks = 0_usize;
    let mut used = vec![false; edges.len()];
    let (mut rings, mut widest) = (Vec::new(), 0.0_f64);
    for first in 0..edges.len() {
        if used[first] {
            continue;
        }
        used[first] = true;
        let mut ring = edges[first].clone();
        let mut last = first;
        loop {
            let (start, end) = (ring[0], ring[ring.len() - 1]);
            let to_start = if ring.len() > 2 { distance(start, end) } else { f64::INFINITY };
            if to_start <= SAME {
                break;
            }
            // Take the next edge in the file's order if it fits, else the nearest one.
            let near = |i: usize| ends(i).map(|p| distance(p, end)).into_iter().fold(f64::INFINITY, f64::min);
            let next = Some(last + 1).filter(|i| *i < edges.len() && !used[*i] && near(*i) <= SAME);
            let next = next.or_else(|| by_end.get(&bits(end)).and_then(|found| found.iter().copied().find(|i| !used[*i])));
            let next = next.or_else(|| {
                let [x, y] = cell(end);
                let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| [x.saturating_add(dx), y.saturating_add(dy)]));
                let found = around.filter_map(|place| by_place.get(&place)).flatten().copied();
                looks += 1;
                let found = found.filter(|i| !used[*i]);
                found.min_by(|a, b| near(*a).total_cmp(&near(*b)))
            });
            // A loop in which very many edges do not meet exactly is no border.
            if looks > MOST_LOOKS {
                return Err(f64::INFINITY);
            }
            let gap = next.map_or(f64::INFINITY, near);
            if to_start <= BRIDGED && to_start <= gap {
                widest = widest.max(to_start);
                break;
            }
            let Some(next) = next.filter(|_| gap <= BRIDGED) else {
                // Nothing is near enough: give the distance to the nearest edge.
                let others = (0..edges.len()).filter(|i| !used[*i]).map(near);
                return Err(others.fold(to_start, f64::min));
            };
            widest = widest.max(gap);
            used[next] = true;
            last = next;
            let reversed = distance(ends(next)[1], end) < distance(ends(next)[0], end);
            let mut points = edges[next].clone();
            if reversed {
                points.reverse();
            }
            let skip = usize::from(gap <= SAME);
            ring.extend(points.into_iter().skip(skip));
        }
        if distance(ring[0], ring[ring.len() - 1]) <= SAME {
            ring.pop();
        }
        rings.push(ring);
    }
    Ok((rings, widest))
}

/// Chooses for each edge the reading whose ends meet those of the other edges best.
fn choose(edges: &[Readings]) -> Vec<Vec<Point>> {
    let ends = |points: &[Point]| [points[0], points[points.len() - 1]];
    let mut chosen: Vec<Vec<Point>> = edges.iter().map(|readings| readings[0].clone()).collect();
    if edges.iter().all(|readings| readings.len() == 1) || edges.len() == 1 {
        return chosen;
    }
    for (i, readings) in edges.iter().enumerate().filter(|(_, readings)| readings.len() > 1) {
        // Compare with the neighbours in the file's order, in all readings that are still possible.
        let beside = [(i + edges.len() - 1) % edges.len(), (i + 1) % edges.len()];
        let all = edges.len() <= 64;
        let others: Vec<Point> = (0..edges.len())
            .filter(|j| *j != i && (all || beside.contains(j)))
            .flat_map(|j| edges[j].iter().flat_map(|points| ends(points)))
            .collect();
        let apart = |points: &Vec<Point>| {
            let nearest = |end: Point| others.iter().map(|other| distance(*other, end)).fold(f64::INFINITY, f64::min);
            // A difference of millimetres does not outweigh the standard's reading.
            ends(points).into_iter().map(nearest).sum::<f64>().max(0.001)
        };
        let mut best = (f64::INFINITY, 0);
        for (k, points) in readings.iter().enumerate() {
            let away = apart(points);
            if away < best.0 - 0.001 {
                best = (away, k);
            }
        }
        chosen[i].clone_from(&readings[best.1]);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(edges: &[[Point; 2]]) -> Vec<Readings> {
        edges.iter().map(|edge| vec![edge.to_vec()]).collect()
    }

    const A: Point = [0.0, 0.0];
    const B: Point = [100.0, 0.0];
    const C: Point = [100.0, 100.0];
    const D: Point = [0.0, 100.0];

    #[test]
    fn edges_meet_whatever_their_order_and_direction() {
        for edges in [[[A, B], [B, C], [C, D], [D, A]], [[A, B], [C, B], [D, C], [A, D]], [[C, D], [A, B], [D, A], [C, B]]] {
            let (rings, gap) = join(&lines(&edges)).expect("closed");
            assert!(rings.len() == 1 && rings[0].len() == 4 && gap < 1e-9, "{rings:?}");
        }
    }

    #[test]
    fn a_gap_of_centimetres_is_bridged_and_one_of_metres_is_named() {
        let (rings, gap) = join(&lines(&[[A, B], [[100.0, 0.3], C], [C, D], [D, A]])).expect("bridged");
        assert!(rings.len() == 1 && (gap - 0.3).abs() < 1e-9);
        let gap = join(&lines(&[[A, B], [[100.0, 5.0], C], [C, D], [D, A]])).expect_err("named");
        assert!((gap - 5.0).abs() < 1e-9, "{gap}");
    }

    #[test]
    fn two_rings_in_one_loop_are_two() {
        let away = |p: Point| [p[0] + 500.0, p[1]];
        let edges = [[A, B], [B, C], [C, A], [away(A), away(B)], [away(B), away(C)], [away(C), away(A)]];
        assert_eq!(join(&lines(&edges)).expect("closed").0.len(), 2);
    }
}
