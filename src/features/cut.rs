//! The parts of a feature set that lie within an area: a unit's part of a plan, the zones under a parcel.

use i_overlay::i_float::int::point::IntPoint;

use super::{Feature, Features, Kind};
use crate::geometry::area::{Area, Within, area_m2, bbox_of, part_m2};
use crate::geometry::crs::Crs;
use crate::geometry::{Bbox, Ring};

/// A zone, or the part of it that lies within the area.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The zone's index in its set.
    pub index: usize,
    /// Its rings, without closing points, in 10⁻⁷ degrees.
    pub rings: Vec<Ring>,
    /// The box around it in degrees.
    pub bbox: Bbox,
    /// Square metres in the plane of the plan.
    pub area_m2: f64,
    /// True when the whole zone lies within the area.
    pub whole: bool,
}

/// The parts of a set's zones that lie within an area, in the file's order. `plane` is the system in which areas
/// are measured. A zone that lies wholly within keeps its published area, in whole square metres.
pub fn cut(area: &Area, features: &Features, plane: &Crs) -> Vec<Piece> {
    let near = features.near(&area.bbox());
    near.into_iter().filter_map(|index| piece(area, features, index, &features.list[index], plane)).collect()
}

fn piece(area: &Area, features: &Features, index: usize, feature: &Feature, plane: &Crs) -> Option<Piece> {
    if features.kind(feature) != Some(Kind::Areas) {
        return None;
    }
    let rings = features.rings(feature);
    match area.within(&rings) {
        Within::Nothing => None,
        Within::All => {
            let published = features.number_property(feature, "area_ha").map(|hectares| hectares * 10_000.0);
            let area_m2 = published.unwrap_or_else(|| area_m2(&rings, plane));
            Some(Piece { index, bbox: feature.bbox(), rings, area_m2, whole: true })
        }
        Within::Around => {
            let rings = area.rings().to_vec();
            Some(Piece { index, bbox: area.bbox(), rings, area_m2: area.area_m2(plane), whole: false })
        }
        Within::Parts(parts, grid) => {
            let area_m2 = parts.iter().map(|part| part_m2(part, &grid, plane)).sum();
            let round = |p: &IntPoint| grid.degrees(f64::from(p.x), f64::from(p.y)).map(|value| (value * 1e7).round() as i64);
            let rings: Vec<Ring> = parts.iter().flatten().map(|ring| ring.iter().map(round).collect()).collect();
            Some(Piece { index, bbox: bbox_of(&rings), rings, area_m2, whole: false })
        }
    }
}

/// True when one of the set's zones lies within the area, wholly or in part.
pub fn meets(area: &Area, features: &Features) -> bool {
    let areas = features
        .near(&area.bbox())
        .into_iter()
        .map(|index| &features.list[index])
        .filter(|feature| features.kind(feature) == Some(Kind::Areas));
    areas.into_iter().any(|feature| area.within(&features.rings(feature)) != Within::Nothing)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// About a metre, in 10⁻⁷ degrees.
    const M: i64 = 100;
    const ORIGIN: [i64; 2] = [1_048_700_000, 217_000_000];

    fn ring(points: &[[i64; 2]]) -> Ring {
        points.iter().map(|[x, y]| [ORIGIN[0] + x * M, ORIGIN[1] + y * M]).collect()
    }

    fn square(x: i64, y: i64, side: i64) -> Ring {
        ring(&[[x, y], [x + side, y], [x + side, y + side], [x, y + side]])
    }

    /// Canonical bytes of zones with those rings.
    fn set(zones: &[Vec<Ring>]) -> Features {
        let mut text = String::from("{\"type\":\"FeatureCollection\",\"bbox\":[104,21,105,22],\"features\":[\n");
        for (i, rings) in zones.iter().enumerate() {
            let ring = |ring: &Ring| {
                let points: Vec<String> =
                    ring.iter().chain(ring.first()).map(|[x, y]| format!("[{},{}]", *x as f64 / 1e7, *y as f64 / 1e7)).collect();
                format!("[{}]", points.join(","))
            };
            let rings: Vec<String> = rings.iter().map(ring).collect();
            let comma = if i + 1 < zones.len() { "," } else { "" };
            text.push_str(
                "{\"type\":\"Feature\",\"properties\":{\"land_use\":\"ODT\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[",
            );
            text.push_str(&rings.join(","));
            text.push_str("]}}");
            text.push_str(comma);
            text.push('\n');
        }
        text.push_str("]}\n");
        Features::parse(&Bytes::from(text)).expect("canonical")
    }

    fn plane() -> Crs {
        Crs::new(9208).expect("known")
    }

    #[test]
    fn a_parcel_over_two_zones_is_divided_without_loss() {
        let zones = set(&[vec![square(0, 0, 100)], vec![square(100, 0, 100)], vec![square(500, 0, 100)]]);
        let parcel = Area::new(vec![ring(&[[90, 20], [120, 20], [120, 50], [90, 50]])]).expect("area");
        let pieces = cut(&parcel, &zones, &plane());
        assert_eq!(pieces.iter().map(|piece| piece.index).collect::<Vec<_>>(), [0, 1]);
        let total = parcel.area_m2(&plane());
        let [a, b] = [pieces[0].area_m2, pieces[1].area_m2];
        assert!((a + b - total).abs() < 0.01, "{a} + {b} ≠ {total}");
        assert!((a / total - 1.0 / 3.0).abs() < 1e-3);
    }

    #[test]
    fn what_lies_in_a_hole_is_not_in_the_zone_around_it() {
        let mut hole = square(40, 40, 20);
        hole.reverse();
        let zones = set(&[vec![square(0, 0, 100), hole], vec![square(40, 40, 20)]]);
        let parcel = Area::new(vec![square(45, 45, 10)]).expect("area");
        let pieces = cut(&parcel, &zones, &plane());
        assert_eq!(pieces.iter().map(|piece| piece.index).collect::<Vec<_>>(), [1]);
        // A parcel around the hole gets the part of the zone beside the hole.
        let around = Area::new(vec![square(30, 30, 40)]).expect("area");
        let cut = cut(&around, &zones, &plane());
        let total: f64 = cut.iter().map(|piece| piece.area_m2).sum();
        assert!((total - around.area_m2(&plane())).abs() < 0.02);
        assert!(cut.iter().any(|piece| piece.whole), "the inner zone lies within wholly");
    }

    #[test]
    fn neighbours_of_the_area_that_only_touch_it_are_left_out() {
        let zones = set(&[vec![square(0, 0, 100)], vec![square(100, 0, 100)]]);
        let parcel = Area::new(vec![square(0, 0, 100)]).expect("area");
        assert_eq!(cut(&parcel, &zones, &plane()).iter().map(|piece| piece.index).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn an_area_deep_inside_a_zone_is_measured_as_it_is() {
        let mut hole = square(400, 400, 200);
        hole.reverse();
        let zones = set(&[vec![square(0, 0, 1_000), hole]]);
        let deep = Area::new(vec![ring(&[[100, 100], [120, 100], [120, 130], [100, 130]])]).expect("area");
        let pieces = cut(&deep, &zones, &plane());
        assert_eq!(pieces.len(), 1);
        assert!((pieces[0].area_m2 - deep.area_m2(&plane())).abs() < 1e-9 && pieces[0].rings == deep.rings());
        let apart = Area::new(vec![square(450, 450, 10)]).expect("area");
        assert_eq!(cut(&apart, &zones, &plane()), [], "it lies in the zone's hole");
    }

    #[test]
    fn an_area_with_a_hole_leaves_it_out() {
        let zones = set(&[vec![square(0, 0, 100)]]);
        let mut hole = square(20, 20, 20);
        hole.reverse();
        let area = Area::new(vec![square(10, 10, 50), hole]).expect("area");
        let pieces = cut(&area, &zones, &plane());
        assert!((pieces[0].area_m2 - area.area_m2(&plane())).abs() < 0.01);
        assert!(!area.contains(ring(&[[30, 30]])[0]) && area.contains(ring(&[[15, 15]])[0]));
    }
}
