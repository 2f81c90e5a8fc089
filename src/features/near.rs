//! Which features of a set meet a box.

use std::ops::ControlFlow;

use geo_index::rtree::RTreeIndex;

use crate::features::Features;
use crate::geometry::Bbox;
use crate::geometry::steps::{Kind, Steps};

/// A box in 10⁻⁷ degrees. Degrees written with seven decimals become whole numbers, even where the last bit
/// of the product is wrong.
fn scaled(bbox: &Bbox) -> [f64; 4] {
    bbox.map(|degrees| {
        let scaled = degrees * 1e7;
        if (scaled - scaled.round()).abs() < 1e-3 { scaled.round() } else { scaled }
    })
}

/// The range of whole numbers within a box.
fn inner([west, south, east, north]: [f64; 4]) -> [i32; 4] {
    [west.ceil() as i32, south.ceil() as i32, east.floor() as i32, north.floor() as i32]
}

/// Walks along a feature's borders to see whether it meets a box; 10⁻⁷ degrees.
struct Hit {
    exact: [f64; 4],
    whole: [i64; 4],
    /// The previous position, and on which sides of the box it lies.
    last: Option<([i64; 2], u8)>,
    /// True when the box's south-west corner lies inside the feature: then a ray to the east crosses its borders an
    /// odd number of times.
    inside: bool,
}

impl Hit {
    const SOUTH: u8 = 4;

    fn new(exact: [f64; 4]) -> Self {
        Self { exact, whole: inner(exact).map(i64::from), last: None, inside: false }
    }

    /// The sides of the box beyond which a position lies, one bit for each (Cohen and Sutherland); 0 within the box.
    fn sides(&self, [x, y]: [i64; 2]) -> u8 {
        let [west, south, east, north] = self.whole;
        u8::from(x < west) | (u8::from(x > east) << 1) | (u8::from(y < south) * Self::SOUTH) | (u8::from(y > north) << 3)
    }

    /// Walks on to the next position. Breaks when the border meets the box.
    fn step(&mut self, b: [i64; 2]) -> ControlFlow<()> {
        let sides = self.sides(b);
        if sides == 0 {
            return ControlFlow::Break(());
        }
        let Some((a, before)) = self.last.replace((b, sides)) else { return ControlFlow::Continue(()) };
        let is_beside = before & sides != 0;
        let crosses_ray = (before ^ sides) & Self::SOUTH != 0;
        if is_beside && !crosses_ray {
            return ControlFlow::Continue(());
        }
        let [west, south, east, north] = self.exact;
        let (a, b) = (a.map(|value| value as f64), b.map(|value| value as f64));
        if crosses_ray && west < a[0] + (south - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
            self.inside = !self.inside;
        }
        if is_beside {
            return ControlFlow::Continue(());
        }
        // The line meets the box when the corners are not all on one side of it.
        let side = |x: f64, y: f64| (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
        let corners = [side(west, south), side(east, south), side(east, north), side(west, north)];
        let misses = corners.iter().all(|s| *s > 0.0) || corners.iter().all(|s| *s < 0.0);
        if misses { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// A feature's positions, ready to be walked along.
struct Line<'a> {
    kind: Kind,
    /// How many lines follow.
    count: u64,
    steps: Steps<'a>,
}

impl<'a> Line<'a> {
    fn new(shape: &'a [u8]) -> Self {
        let mut steps = Steps::new(shape);
        let (kind, count) = steps.begin();
        Self { kind, count, steps }
    }

    /// True when the feature itself, not only its box, shares a point with a box in 10⁻⁷ degrees.
    fn meets(mut self, exact: [f64; 4]) -> bool {
        let mut hit = Hit::new(exact);
        if self.kind == Kind::Points {
            // No line leads from one point to the next.
            let alone = |at| {
                hit.last = None;
                hit.step(at)
            };
            return self.steps.line(alone).is_break();
        }
        for _ in 0..self.count {
            let mut first = None;
            hit.last = None;
            let walked = self.steps.line(|at| {
                first.get_or_insert(at);
                hit.step(at)
            });
            let first = first.filter(|_| self.kind == Kind::Areas);
            if walked.is_break() || first.is_some_and(|at| hit.step(at).is_break()) {
                return true;
            }
        }
        hit.inside && self.kind == Kind::Areas
    }
}

impl Features {
    /// Indices of the features whose boxes meet `bbox`, in the file's order. Features without a geometry are
    /// always among them (OGC 17-069r4 §7.15.3).
    pub fn near(&self, bbox: &Bbox) -> Vec<usize> {
        self.search(bbox, |_, _| true)
    }

    /// Indices of the features that meet `bbox`, in the file's order.
    pub fn within(&self, bbox: &Bbox) -> Vec<usize> {
        self.search(bbox, |index, exact| {
            let shape = self.list.get(index).and_then(|feature| self.places.shapes.get(feature.shape..));
            Line::new(shape.unwrap_or_default()).meets(exact)
        })
    }

    /// Indices, in the file's order, of the features whose boxes meet `bbox` and for which `meets` is true. `meets`
    /// gets a feature's index and the box in 10⁻⁷ degrees.
    fn search(&self, bbox: &Bbox, meets: impl Fn(usize, [f64; 4]) -> bool) -> Vec<usize> {
        let mut found = self.places.bare.clone();
        if let Some(tree) = &self.places.tree {
            let mut search = |bbox: Bbox| {
                let exact = scaled(&bbox);
                let [west, south, east, north] = inner(exact);
                let near = tree.search(west, south, east, north).into_iter().map(|index| index as usize);
                found.extend(near.filter(|index| meets(*index, exact)));
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

    /// Numbers from 0 up to a bound: Knuth's linear generator (TAOCP 2, §3.3.4), from a fixed seed.
    fn seeded(mut state: u64) -> impl FnMut(i32) -> i32 {
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i32 % below
        }
    }

    #[test]
    fn a_search_finds_what_a_look_at_every_feature_finds_however_many_there_are() {
        let mut random = seeded(11);
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

    #[test]
    fn boxes_of_every_kind_meet_what_another_geometry_library_says_they_meet() {
        use geo::Intersects;
        let mut random = seeded(5);
        // A square with a hole and a triangle beside it; a notch; points.
        let square = "[[[0,0],[40,0],[40,40],[0,40],[0,0]],[[10,10],[10,30],[30,30],[30,10],[10,10]]],[[[50,0],[60,0],[50,10],[50,0]]]";
        let notch = "[[[0,50],[30,50],[30,90],[15,55],[0,90],[0,50]]]";
        let small = |coordinates: &str| {
            let numbers = coordinates.split_inclusive(['[', ']', ',']).map(|piece| {
                let digits = piece.trim_end_matches(['[', ']', ',']);
                digits.parse::<u32>().map_or_else(|_| piece.to_owned(), |number| piece.replace(digits, &format!("0.{number:07}")))
            });
            numbers.collect::<String>()
        };
        let shapes = [
            format!("{{\"type\":\"MultiPolygon\",\"coordinates\":[{}]}}", small(square)),
            format!("{{\"type\":\"MultiPolygon\",\"coordinates\":[{}]}}", small(notch)),
            format!("{{\"type\":\"MultiPoint\",\"coordinates\":{}}}", small("[[5,5],[70,70]]")),
            format!(
                "{{\"type\":\"MultiLineString\",\"coordinates\":{}}}",
                small("[[[3,60],[60,60],[60,95]],[[10,12],[28,12],[28,28],[10,28]]]")
            ),
            format!("{{\"type\":\"LineString\",\"coordinates\":{}}}", small("[[0,99],[997,3]]")),
        ];
        let set = Features::of_items(&shapes.map(|shape| (String::new(), shape)));
        // The same in whole numbers, which the other library compares exactly.
        let whole: Vec<geo::Geometry<f64>> = set
            .list
            .iter()
            .map(|feature| {
                geo::MapCoords::map_coords(&set.shape(feature).expect("a shape"), |at| geo::Coord {
                    x: (at.x * 1e7).round(),
                    y: (at.y * 1e7).round(),
                })
            })
            .collect();
        let mut met = 0;
        for _ in 0..20_000 {
            // Halves, so that borders lie on positions and between them; some boxes are lines or points.
            let (west, south) = (f64::from(random(150)) / 2.0, f64::from(random(200)) / 2.0);
            let mut side = |from: f64| from + f64::from([0, 0, 1, 2, 7, 20, 90][random(7) as usize]) / 2.0;
            let (east, north) = (side(west), side(south));
            let rect = geo::Rect::new((west, south), (east, north)).to_polygon();
            let is_line = east <= west || north <= south;
            let expected: Vec<usize> = (0..whole.len())
                .filter(|index| {
                    if is_line {
                        whole[*index].intersects(&geo::Line::new((west, south), (east, north)))
                    } else {
                        whole[*index].intersects(&rect)
                    }
                })
                .collect();
            met += expected.len();
            assert_eq!(set.within(&[west, south, east, north].map(|at| at / 1e7)), expected, "{west},{south},{east},{north}");
        }
        assert!(met > 5_000, "{met}");
    }
}
