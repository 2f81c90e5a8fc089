//! Which features of a set meet a box.

use geo_index::indices::Indices;
use geo_index::rtree::{RTree, RTreeIndex};

use super::Features;
use super::shapes::Steps;
use crate::domain::geometry::Bbox;

/// A box in 10⁻⁷ degrees: degrees written with seven decimals are whole numbers, whatever the last bit
/// of the product.
fn scaled(bbox: &Bbox) -> [f64; 4] {
    bbox.map(|degrees| {
        let scaled = degrees * 1e7;
        if (scaled - scaled.round()).abs() < 1e-3 { scaled.round() } else { scaled }
    })
}

/// The whole numbers that lie in a box.
fn inner([west, south, east, north]: [f64; 4]) -> [i32; 4] {
    [west.ceil() as i32, south.ceil() as i32, east.floor() as i32, north.floor() as i32]
}

/// Walks along a feature's borders to see whether it meets a box; 10⁻⁷ degrees.
struct Hit {
    bbox: [f64; 4],
    last: Option<[f64; 2]>,
    /// Whether the box's south-west corner lies inside: a ray to the east crosses borders oddly.
    inside: bool,
    touched: bool,
}

impl Hit {
    fn step(&mut self, position: [i64; 2]) {
        let b = position.map(|value| value as f64);
        let [west, south, east, north] = self.bbox;
        self.touched |= b[0] >= west && b[0] <= east && b[1] >= south && b[1] <= north;
        if let Some(a) = self.last.replace(b)
            && !self.touched
        {
            if (a[1] > south) != (b[1] > south) && west < a[0] + (south - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
                self.inside = !self.inside;
            }
            let beside = a[0].max(b[0]) < west || a[0].min(b[0]) > east || a[1].max(b[1]) < south || a[1].min(b[1]) > north;
            if !beside {
                // The line meets the box when the corners are not all on one side of it.
                let side = |x: f64, y: f64| (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
                let sides = [side(west, south), side(east, south), side(east, north), side(west, north)];
                self.touched |= !(sides.iter().all(|s| *s > 0.0) || sides.iter().all(|s| *s < 0.0));
            }
        }
    }
}

/// The items of an index whose boxes meet another.
struct Meeting<'a> {
    boxes: &'a [[i32; 4]],
    indices: Indices<'a>,
    nodes: Vec<usize>,
}

impl Meeting<'_> {
    /// Which each is, and its box.
    fn items(&self) -> impl Iterator<Item = (usize, [i32; 4])> {
        self.nodes.iter().filter_map(|at| Some((self.indices.get(*at), *self.boxes.get(*at)?)))
    }
}

/// The items of an index whose boxes meet `bbox`. Nodes lie cold in memory: a level's are looked at
/// without a branch between them, so that they are waited for together.
fn meeting(tree: &RTree<i32>, bbox: [i32; 4]) -> Meeting<'_> {
    let [west, south, east, north] = bbox;
    let (boxes, _) = tree.boxes().as_chunks::<4>();
    let indices = tree.indices();
    let fanout = usize::from(tree.node_size());
    let mut levels = tree.level_bounds().iter().rev().map(|bound| bound / 4);
    // The highest level is one node.
    let mut nodes: Vec<usize> = levels.next().and_then(|end| end.checked_sub(1)).into_iter().collect();
    #[expect(clippy::needless_bitwise_bool, reason = "a branch would be guessed wrong at every other node")]
    let meets = |at: &usize| {
        let [left, bottom, right, top] = boxes.get(*at).copied().unwrap_or(super::NOWHERE);
        (left <= east) & (right >= west) & (bottom <= north) & (top >= south)
    };
    nodes.retain(&meets);
    let mut below = Vec::with_capacity(512);
    for end in levels {
        below.clear();
        below.resize(nodes.len() * fanout, 0);
        let mut found = 0;
        for node in &nodes {
            let first = indices.get(*node) / 4;
            for at in first..end.min(first + fanout) {
                if let Some(place) = below.get_mut(found) {
                    *place = at;
                }
                found += usize::from(meets(&at));
            }
        }
        below.truncate(found);
        std::mem::swap(&mut nodes, &mut below);
    }
    Meeting { boxes, indices, nodes }
}

/// True when a feature whose box meets another box, both in 10⁻⁷ degrees, is known to meet it: a side of
/// its box that lies in the other has a point of the feature on it.
fn is_sure([left, bottom, right, top]: [i32; 4], [west, south, east, north]: [i32; 4]) -> bool {
    let across = left >= west && right <= east;
    let along = bottom >= south && top <= north;
    (across && (top <= north || bottom >= south)) || (along && (right <= east || left >= west))
}

/// A feature's positions, which are about to be walked along.
struct Line<'a> {
    /// How many rings; 0 for points.
    rings: u64,
    steps: Steps<'a>,
}

impl<'a> Line<'a> {
    fn new(shape: &'a [u8]) -> Self {
        let mut steps = Steps::new(shape);
        Self { rings: steps.number(), steps }
    }

    /// True when the feature itself, not only its box, shares a point with a box in 10⁻⁷ degrees.
    fn meets(mut self, exact: [f64; 4]) -> bool {
        let [west, south, east, north] = exact;
        let steps = &mut self.steps;
        if self.rings == 0 {
            let inside = |[x, y]: [f64; 2]| x >= west && x <= east && y >= south && y <= north;
            return (0..steps.number()).any(|_| inside(steps.position().map(|value| value as f64)));
        }
        let mut hit = Hit { bbox: exact, last: None, inside: false, touched: false };
        for _ in 0..self.rings {
            let mut first = None;
            for _ in 0..steps.number() {
                let at = steps.position();
                first.get_or_insert(at);
                hit.step(at);
                if hit.touched {
                    return true;
                }
            }
            first.into_iter().for_each(|at| hit.step(at));
            hit.last = None;
        }
        hit.touched || hit.inside
    }
}

impl Features {
    /// Indices of the features whose boxes meet `bbox`, in the file's order; those without a place
    /// are everywhere (OGC 17-069r4 §7.15.3).
    pub fn near(&self, bbox: &Bbox) -> Vec<usize> {
        self.search(bbox, |met, _, found| found.extend(met.items().map(|(index, _)| index)))
    }

    /// Indices of the features that meet `bbox`, in the file's order.
    pub fn within(&self, bbox: &Bbox) -> Vec<usize> {
        self.search(bbox, |met, exact, found| {
            let whole = inner(exact);
            // Features and their positions lie cold in memory: only those are looked at whose boxes do not
            // say enough, and those all at once before the first is walked along.
            let mut unsure = Vec::with_capacity(16);
            for (index, place) in met.items() {
                if is_sure(place, whole) { found.push(index) } else { unsure.push(index) }
            }
            // One without a place was found already, wherever its box is said to be.
            let shapes: Vec<usize> = unsure.iter().map(|index| self.list.get(*index).map_or(usize::MAX, |feature| feature.shape)).collect();
            let lines: Vec<Line<'_>> = shapes.iter().map(|shape| Line::new(self.places.shapes.get(*shape..).unwrap_or_default())).collect();
            found.extend(unsure.iter().zip(lines).filter_map(|(index, line)| line.meets(exact).then_some(*index)));
        })
    }

    /// Indices of features, in the file's order: of those whose boxes meet `bbox`, the ones that `choose`
    /// finds, which is given the box in 10⁻⁷ degrees.
    fn search(&self, bbox: &Bbox, choose: impl Fn(&Meeting<'_>, [f64; 4], &mut Vec<usize>)) -> Vec<usize> {
        let mut found = Vec::with_capacity(self.places.bare.len() + 128);
        found.extend_from_slice(&self.places.bare);
        if let Some(tree) = &self.places.tree {
            let mut search = |bbox: Bbox| {
                let exact = scaled(&bbox);
                choose(&meeting(tree, inner(exact)), exact, &mut found);
            };
            let [west, south, east, north] = *bbox;
            if west <= east {
                search(*bbox);
            } else {
                search([west, south, 180.0, north]);
                search([-180.0, south, east, north]);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_what_a_look_at_every_feature_finds_however_many_there_are() {
        // Knuth's linear generator (TAOCP 2, §3.3.4), from a fixed seed.
        let mut state = 11_u64;
        let mut random = |below: i32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i32 % below
        };
        for count in [1, 2, 15, 16, 17, 255, 256, 257, 300, 4_097] {
            let places: Vec<[i32; 2]> = (0..count).map(|_| [random(1_000), random(1_000)]).collect();
            let item = |[x, y]: &[i32; 2]| {
                let at = |x: i32, y: i32| format!("[104.{x:04},21.{y:04}]");
                let (right, top) = (x + 9, y + 9);
                // A triangle: half of its box is empty.
                let ring = [at(*x, *y), at(right, *y), at(*x, top), at(*x, *y)].join(",");
                (String::new(), format!("{{\"type\":\"Polygon\",\"coordinates\":[[{ring}]]}}"))
            };
            let set = Features::of_items(&places.iter().map(item).collect::<Vec<_>>());
            for _ in 0..50 {
                let [x, y]: [i32; 2] = [random(1_000), random(1_000)];
                let (width, height) = (random(100), random(100));
                let degrees = |origin: f64, at: i32| origin + f64::from(at) / 1e4;
                let bbox = [degrees(104.0, x), degrees(21.0, y), degrees(104.0, x + width), degrees(21.0, y + height)];
                let boxes_meet =
                    |[left, bottom]: &[i32; 2]| *left <= x + width && left + 9 >= x && *bottom <= y + height && bottom + 9 >= y;
                // The nearest point of the box to the triangle's right angle decides.
                let meet = |place: &[i32; 2]| boxes_meet(place) && (x - place[0]).max(0) + (y - place[1]).max(0) <= 9;
                let all = |wanted: &dyn Fn(&[i32; 2]) -> bool| -> Vec<usize> {
                    (0..places.len()).filter(|index| wanted(&places[*index])).collect()
                };
                assert_eq!(set.near(&bbox), all(&boxes_meet), "{count} features, boxes that meet {bbox:?}");
                assert_eq!(set.within(&bbox), all(&meet), "{count} features that meet {bbox:?}");
            }
        }
    }
}
