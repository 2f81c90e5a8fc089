//! The borders of a set as coarse as a map of a city shows them: in whole pixels of web Mercator. They serve
//! to draw the tiles on which single zones cannot be told apart.

use std::cell::RefCell;
use std::f64::consts::PI;

use crate::features::{Features, Kind};
use crate::geometry::arcs::Arcs;
use crate::geometry::arcs::Rings;

/// The zoom level of the pixels.
pub const ZOOM: u8 = 14;
/// Pixels across a tile.
const TILE: f64 = 256.0;

/// The pixel of a position in 10⁻⁷ degrees.
fn pixel([lon, lat]: [i64; 2]) -> [i64; 2] {
    let across = f64::from(1_u32 << ZOOM) * TILE;
    let lat = (lat as f64 / 1e7).clamp(-85.06, 85.06).to_radians();
    let x = (lon as f64 / 3.6e9 + 0.5) * across;
    let y = (0.5 - (lat.tan() + 1.0 / lat.cos()).ln() / (2.0 * PI)) * across;
    [x.round() as i64, y.round() as i64]
}

/// The borders of a set's areas in pixels from the north-west corner of the world. Each zone is known by
/// its index in the set. None where there is more than 32 bits can count.
pub fn arcs(features: &Features) -> Option<Arcs> {
    let (mut rings, ring) = (Rings::default(), RefCell::new(Vec::new()));
    for (index, feature) in features.list.iter().enumerate().filter(|(_, feature)| features.kind(feature) == Some(Kind::Areas)) {
        features.walk(
            feature,
            |position| ring.borrow_mut().push(pixel(position)),
            || rings.push(index as u32, ring.borrow_mut().drain(..)),
        );
    }
    Arcs::new(features.list.iter().map(|feature| features.land_use_index(feature).unwrap_or(u16::MAX)).collect(), &rings)
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
    fn each_zone_is_found_with_its_ring() {
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
        let arcs = arcs(&features).expect("small");
        for (index, feature) in features.list.iter().enumerate() {
            let mut own: Vec<_> = features.rings(feature)[0].iter().map(|position| pixel(*position)).collect();
            let mut found = arcs.joined(&[index]);
            own.sort_unstable();
            found.points.sort_unstable();
            assert_eq!((found.points, found.rings, found.counts), (own, vec![(0, 0..4)], vec![1]));
        }
    }
}
