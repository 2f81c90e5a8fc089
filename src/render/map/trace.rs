//! Traces the borders of a grid's regions as rings, simplified along the arcs that neighbours share.
//!
//! An arc runs between two corners at which at least three regions meet. It is simplified by Douglas and
//! Peucker's rule, always in the same direction. So both neighbours get the same line, and no gap opens
//! between them.

use super::paint::Raster;

/// A ring in whole units without its closing point. Its region lies on the right.
pub type RasterRing = Vec<[i32; 2]>;

/// East, south, west, north; y grows downwards.
const STEPS: [[isize; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

struct Tracer<'a> {
    grid: &'a Raster,
    /// Maps a label to the region that it belongs to.
    class: &'a dyn Fn(u16) -> u16,
    tolerance: f64,
    /// Corners whose edge to the east was already walked.
    walked: Vec<bool>,
}

/// The rings of every class. `class` gives the class of a label, so labels can be joined; class 0 is left out.
pub fn trace(grid: &Raster, labels: usize, class: &dyn Fn(u16) -> u16, tolerance: f64) -> Vec<Vec<RasterRing>> {
    let mut tracer = Tracer { grid, class, tolerance, walked: vec![false; (grid.width + 1) * (grid.height + 1)] };
    let mut rings = vec![Vec::new(); labels];
    for y in 0..grid.height {
        for x in 0..grid.width {
            let own = class(grid.labels[y * grid.width + x]);
            if own != 0 && !tracer.walked[y * (grid.width + 1) + x] && tracer.class_at(x as isize, y as isize - 1) != own {
                let ring = tracer.ring(x as isize, y as isize, own);
                if ring.len() > 2 {
                    rings[own as usize].push(ring);
                }
            }
        }
    }
    rings
}

impl Tracer<'_> {
    fn class_at(&self, x: isize, y: isize) -> u16 {
        (self.class)(self.grid.at(x, y))
    }

    /// The regions right and left of the edge that leaves a corner in a direction.
    fn beside(&self, x: isize, y: isize, direction: usize) -> (u16, u16) {
        let (right, left) = match direction {
            0 => ([x, y], [x, y - 1]),
            1 => ([x - 1, y], [x, y]),
            2 => ([x - 1, y - 1], [x - 1, y]),
            _ => ([x, y - 1], [x - 1, y - 1]),
        };
        (self.class_at(right[0], right[1]), self.class_at(left[0], left[1]))
    }

    /// True if more than two borders meet. This looks at labels and not at classes, so that a whole has the
    /// same arcs as its parts.
    fn is_node(&self, x: isize, y: isize) -> bool {
        let around = [self.grid.at(x, y - 1), self.grid.at(x, y), self.grid.at(x - 1, y), self.grid.at(x - 1, y - 1)];
        let borders = (0..4).filter(|i| around[*i] != around[(i + 1) % 4]).count();
        borders > 2
    }

    fn ring(&mut self, start_x: isize, start_y: isize, own: u16) -> RasterRing {
        let (mut x, mut y, mut direction) = (start_x, start_y, 0);
        let mut corners: Vec<[i32; 2]> = Vec::new();
        let mut nodes: Vec<usize> = Vec::new();
        loop {
            if direction == 0 {
                let place = y as usize * (self.grid.width + 1) + x as usize;
                if self.walked[place] {
                    break;
                }
                self.walked[place] = true;
            }
            if self.is_node(x, y) {
                nodes.push(corners.len());
            }
            corners.push([x as i32, y as i32]);
            x += STEPS[direction][0];
            y += STEPS[direction][1];
            // Turning right first keeps regions that touch only at a corner apart.
            direction = [1, 0, 3]
                .into_iter()
                .map(|turn| (direction + turn) % 4)
                .find(|next| {
                    let (right, left) = self.beside(x, y, *next);
                    right == own && left != own
                })
                .unwrap_or((direction + 2) % 4);
        }
        self.simplified(&corners, &nodes)
    }

    fn simplified(&self, corners: &[[i32; 2]], nodes: &[usize]) -> RasterRing {
        let mut ring = RasterRing::new();
        if nodes.is_empty() {
            // The ring has no node, so its first corner and the corner farthest from that are kept fixed.
            let first = (0..corners.len()).min_by_key(|index| corners[*index]).unwrap_or_default();
            let turned: Vec<[i32; 2]> = corners[first..].iter().chain(&corners[..=first]).copied().collect();
            let far = |index: &usize| (distance(turned[0], turned[*index]), turned[*index]);
            let middle = (0..turned.len()).max_by_key(far).unwrap_or_default();
            self.arc(&turned[..=middle], &mut ring);
            self.arc(&turned[middle..], &mut ring);
            return ring;
        }
        for (i, &from) in nodes.iter().enumerate() {
            let to = nodes[(i + 1) % nodes.len()];
            if from < to {
                self.arc(&corners[from..=to], &mut ring);
            } else {
                let around: Vec<[i32; 2]> = corners[from..].iter().chain(&corners[..=to]).copied().collect();
                self.arc(&around, &mut ring);
            }
        }
        ring
    }

    /// Appends an arc, without its last corner.
    fn arc(&self, corners: &[[i32; 2]], ring: &mut RasterRing) {
        let (Some(first), Some(last)) = (corners.first(), corners.last()) else { return };
        let mut kept = vec![*first];
        // An arc that returns to its start has two directions too.
        let forward = (first, corners.get(1)) <= (last, corners.get(corners.len().wrapping_sub(2)));
        if forward {
            thin(corners, self.tolerance, &mut kept);
        } else {
            let back: Vec<[i32; 2]> = corners.iter().rev().copied().collect();
            let mut reversed = vec![back[0]];
            thin(&back, self.tolerance, &mut reversed);
            kept = reversed.into_iter().rev().collect();
        }
        kept.pop();
        ring.extend(kept);
    }
}

fn distance(a: [i32; 2], b: [i32; 2]) -> i64 {
    let [dx, dy] = [i64::from(a[0] - b[0]), i64::from(a[1] - b[1])];
    dx * dx + dy * dy
}

/// Appends the last corner, and before it those that lie farther than `tolerance` from the simplified line
/// (Douglas and Peucker, 1973). The first corner is not appended.
fn thin(line: &[[i32; 2]], tolerance: f64, kept: &mut Vec<[i32; 2]>) {
    let mut open = vec![(0, line.len() - 1)];
    while let Some((from, to)) = open.pop() {
        let (a, b) = (line[from].map(f64::from), line[to].map(f64::from));
        let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
        let length = dx.hypot(dy);
        let mut worst = (tolerance, None);
        for (offset, at) in line[from + 1..to].iter().enumerate() {
            let [x, y] = [f64::from(at[0]) - a[0], f64::from(at[1]) - a[1]];
            let away = if length > 0.0 { (x * dy - y * dx).abs() / length } else { x.hypot(y) };
            if away > worst.0 {
                worst = (away, Some(from + 1 + offset));
            }
        }
        match worst.1 {
            Some(middle) => open.extend([(middle, to), (from, middle)]),
            None => kept.push(line[to]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[&str]) -> Raster {
        let labels = rows.iter().flat_map(|row| row.bytes().map(|byte| u16::from(byte - b'0'))).collect();
        Raster { width: rows[0].len(), height: rows.len(), labels }
    }

    /// Twice the area of a ring.
    fn area(ring: &RasterRing) -> i64 {
        let next = |i: usize| ring[(i + 1) % ring.len()];
        (0..ring.len()).map(|i| i64::from(ring[i][0]) * i64::from(next(i)[1]) - i64::from(next(i)[0]) * i64::from(ring[i][1])).sum()
    }

    #[test]
    fn a_rectangle_is_four_corners_and_a_hole_runs_the_other_way() {
        let rings = trace(&grid(&["1111", "1001", "1001", "1111"]), 2, &|label| label, 0.5);
        assert_eq!(rings[1].len(), 2);
        assert!(rings[1].iter().all(|ring| ring.len() == 4));
        assert_eq!(rings[1].iter().map(area).sum::<i64>(), 2 * 12);
    }

    #[test]
    fn neighbours_share_every_arc_whatever_was_left_out_of_it() {
        // A rough border between two halves; the second half is split in two.
        let rows: Vec<String> = (0..40_u32)
            .map(|y| {
                let edge = 20 + (y * 7 % 5) as usize + (y / 3 % 4) as usize;
                let rest = if y < 17 { "2" } else { "3" };
                format!("{}{}", "1".repeat(edge), rest.repeat(60 - edge))
            })
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let rings = trace(&grid(&rows), 4, &|label| label, 1.5);
        let covered: i64 = rings.iter().flatten().map(area).sum();
        assert_eq!(covered, 2 * 60 * 40, "no gap and no overlap");
        let whole = trace(&grid(&rows), 2, &|label| u16::from(label > 0), 1.5);
        assert_eq!(whole[1].iter().map(area).sum::<i64>(), 2 * 60 * 40);
        // Every inner edge is walked once in each direction.
        let edges: Vec<_> =
            rings.iter().flatten().flat_map(|ring| (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()]))).collect();
        let inner = |a: [i32; 2], b: [i32; 2]| !(a[0] == b[0] && (a[0] == 0 || a[0] == 60)) && !(a[1] == b[1] && (a[1] == 0 || a[1] == 40));
        for (a, b) in edges.iter().filter(|(a, b)| inner(*a, *b)) {
            assert!(edges.contains(&(*b, *a)), "{a:?} {b:?}");
        }
    }

    #[test]
    fn regions_that_touch_at_a_corner_are_two_rings() {
        let rings = trace(&grid(&["1100", "1100", "0011", "0011"]), 2, &|label| label, 0.5);
        assert_eq!(rings[1].len(), 2);
    }
}
