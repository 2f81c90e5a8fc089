//! The borders of a set as coarse as a map of a city shows them: in whole pixels of web Mercator. Tiles
//! in which single zones cannot be told apart are drawn from it.

use std::cell::RefCell;
use std::f64::consts::PI;

use rayon::prelude::*;

use super::features::{Feature, Features, Shapes, Steps};

/// The zoom whose pixels they are.
pub const ZOOM: u8 = 14;
/// Pixels across a tile.
const TILE: f64 = 256.0;

/// Rings of every feature in pixels, from the north-west corner of the world.
pub struct Coarse {
    /// Where each feature begins.
    starts: Box<[u32]>,
    /// Of each its land-use code's index and 1, 0 where it has none; then as [`Shapes`] writes rings.
    bytes: Box<[u8]>,
}

/// The pixel of a position in 10⁻⁷ degrees.
fn pixel([lon, lat]: [i64; 2]) -> [i64; 2] {
    let across = f64::from(1_u32 << ZOOM) * TILE;
    let lat = (lat as f64 / 1e7).clamp(-85.06, 85.06).to_radians();
    let x = (lon as f64 / 3.6e9 + 0.5) * across;
    let y = (0.5 - (lat.tan() + 1.0 / lat.cos()).ln() / (2.0 * PI)) * across;
    [x.round() as i64, y.round() as i64]
}

/// Leaves out points that fall together; all where no area is left.
pub fn thin(ring: &mut Vec<[i64; 2]>) {
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    if ring.len() < 3 {
        ring.clear();
    }
}

impl Coarse {
    /// The areas of a set. None where its text would not fit 32 bits.
    pub fn new(features: &Features) -> Option<Self> {
        // Some thousand features share their rooms: large sets leave little behind.
        let few = |list: &[Feature]| {
            let (mut shapes, mut lengths) = (Shapes::default(), Vec::with_capacity(list.len()));
            let (ring, rings) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
            for feature in list {
                let begins = shapes.bytes.len();
                shapes.number(features.land_use_index(feature).map_or(0, |index| u64::from(index) + 1));
                if !features.is_points(feature) {
                    let end = || {
                        let mut ring: Vec<[i64; 2]> = ring.take();
                        thin(&mut ring);
                        if !ring.is_empty() {
                            rings.borrow_mut().push(ring);
                        }
                    };
                    features.walk(feature, |position| ring.borrow_mut().push(pixel(position)), end);
                }
                shapes.rings(&rings.take());
                lengths.push(shapes.bytes.len() - begins);
            }
            (shapes.bytes, lengths)
        };
        let parts: Vec<(Vec<u8>, Vec<usize>)> = features.list.par_chunks(2_048).map(few).collect();
        let mut starts = Vec::with_capacity(features.list.len());
        let mut bytes = Vec::with_capacity(parts.iter().map(|(bytes, _)| bytes.len()).sum());
        for (part, lengths) in parts {
            let mut begins = bytes.len();
            for length in lengths {
                starts.push(u32::try_from(begins).ok()?);
                begins += length;
            }
            bytes.extend_from_slice(&part);
        }
        Some(Self { starts: starts.into(), bytes: bytes.into() })
    }

    /// Visits the rings of a feature in `room`, each without its closing point; with each the index of the
    /// feature's land-use code, where it has one.
    #[inline]
    pub fn walk(&self, index: usize, room: &mut Vec<[i64; 2]>, mut ring: impl FnMut(Option<u16>, &mut Vec<[i64; 2]>)) {
        let Some(start) = self.starts.get(index) else { return };
        let mut steps = Steps::new(self.bytes.get(*start as usize..).unwrap_or_default());
        let code = steps.number().checked_sub(1).and_then(|index| u16::try_from(index).ok());
        for _ in 0..steps.number() {
            room.clear();
            for _ in 0..steps.number() {
                room.push(steps.position());
            }
            ring(code, room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_where_the_tiles_have_it() {
        // The middle of the world, and a place in Yên Bái: tile 14/7179/12964 by the formula of OGC 17-083r4, annex D.
        assert_eq!(pixel([0, 0]), [1 << 21, 1 << 21]);
        let [x, y] = pixel([1_048_700_000, 217_000_000]);
        assert_eq!([x / 256, y / 256], [12_964, 7_179]);
    }

    #[test]
    fn each_feature_is_found_with_its_code_and_its_ring() {
        let square = |lon: f64, code: &str| {
            let [a, b] = [lon, lon + 0.001];
            let ring = format!("[[{a:.3},21.7],[{b:.3},21.7],[{b:.3},21.701],[{a:.3},21.701],[{a:.3},21.7]]");
            format!(
                "{{\"type\":\"Feature\",\"properties\":{{\"land_use\":\"{code}\"}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{ring}]}}}}"
            )
        };
        let lines = format!("{},\n{},\n{}", square(104.87, "ODT"), square(104.88, "LUC"), square(104.89, "?"));
        let text = format!("{{\"type\":\"FeatureCollection\",\"bbox\":[104,21,105,22],\"features\":[\n{lines}\n]}}\n");
        let features = Features::parse(&bytes::Bytes::from(text)).expect("canonical");
        let coarse = Coarse::new(&features).expect("small");
        let mut room = Vec::new();
        for (index, feature) in features.list.iter().enumerate() {
            let own: Vec<_> = features.rings(feature)[0].iter().map(|position| pixel(*position)).collect();
            let mut found = Vec::new();
            coarse.walk(index, &mut room, |code, ring| found.push((code, ring.clone())));
            assert_eq!(found, [(features.land_use_index(feature), own)]);
        }
    }

    #[test]
    fn what_falls_together_is_left_out() {
        let thinned = |mut ring: Vec<[i64; 2]>| {
            thin(&mut ring);
            ring
        };
        assert_eq!(thinned(vec![[1, 1], [1, 1], [2, 1], [2, 2], [1, 1]]), [[1, 1], [2, 1], [2, 2]]);
        assert_eq!(thinned(vec![[1, 1], [2, 1], [2, 1], [1, 1]]), Vec::<[i64; 2]>::new());
    }
}
