//! Which features of a set meet a box.

use geo_index::rtree::{Node, RTree, RTreeIndex};

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

/// Visits every item at or below a node of an index whose box meets `bbox`, and the item's box.
fn visit(node: &Node<'_, i32, RTree<i32>>, bbox: [i32; 4], each: &mut impl FnMut(usize, [i32; 4])) {
    let [west, south, east, north] = bbox;
    let place = [node.min_x(), node.min_y(), node.max_x(), node.max_y()];
    if place[0] > east || place[2] < west || place[1] > north || place[3] < south {
        return;
    }
    match node.insertion_index() {
        Some(index) => each(index as usize, place),
        None => node.children_unchecked().for_each(|child| visit(&child, bbox, each)),
    }
}

impl Features {
    /// Indices of the features whose boxes meet `bbox`, in the file's order; those without a place
    /// are everywhere (OGC 17-069r4 §7.15.3).
    pub fn near(&self, bbox: &Bbox) -> Vec<usize> {
        self.search(bbox, |_, _, _| true)
    }

    /// Indices of the features that meet `bbox`, in the file's order.
    pub fn within(&self, bbox: &Bbox) -> Vec<usize> {
        self.search(bbox, |index, place, exact| self.meets(index, place, exact))
    }

    /// Indices of the features whose boxes meet `bbox` and that are wanted by their index, their box, and
    /// the box that is searched in 10⁻⁷ degrees.
    fn search(&self, bbox: &Bbox, wanted: impl Fn(usize, [i32; 4], [f64; 4]) -> bool) -> Vec<usize> {
        let mut found = Vec::with_capacity(self.places.bare.len() + 128);
        found.extend_from_slice(&self.places.bare);
        if let Some(tree) = &self.places.tree {
            let mut search = |bbox: Bbox| {
                let exact = scaled(&bbox);
                let mut each = |index, place| {
                    if wanted(index, place, exact) {
                        found.push(index);
                    }
                };
                visit(&tree.root(), inner(exact), &mut each);
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

    /// True when the feature itself, not only its box `place`, shares a point with a box in 10⁻⁷ degrees.
    /// The feature is not looked at where its box says enough: it lies cold in memory.
    fn meets(&self, index: usize, place: [i32; 4], exact: [f64; 4]) -> bool {
        let [west, south, east, north] = exact;
        let [left, bottom, right, top] = place.map(f64::from);
        if left > east || right < west || bottom > north || top < south {
            return false;
        }
        let across = left >= west && right <= east;
        let along = bottom >= south && top <= north;
        // A side of its box that lies in the other box has a point of the feature on it.
        if (across && (top <= north || bottom >= south)) || (along && (right <= east || left >= west)) {
            return true;
        }
        // One without a place is everywhere.
        let Some(feature) = self.list.get(index).filter(|feature| feature.has_place()) else { return true };
        let mut steps = Steps::new(self.places.shapes.get(feature.shape..).unwrap_or_default());
        let rings = steps.number();
        if rings == 0 {
            let inside = |[x, y]: [f64; 2]| x >= west && x <= east && y >= south && y <= north;
            return (0..steps.number()).any(|_| inside(steps.position().map(|value| value as f64)));
        }
        let mut hit = Hit { bbox: exact, last: None, inside: false, touched: false };
        for _ in 0..rings {
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
