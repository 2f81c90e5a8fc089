//! Spatial relations (OGC 21-065r2 §7.7; the DE-9IM of Simple Features).

use geo::{Coord, Geometry, Intersects, Polygon, Rect, Relate};

/// A box as a polygon; degrees.
pub(super) fn rect(west: f64, south: f64, east: f64, north: f64) -> Polygon<f64> {
    Rect::new(Coord { x: west, y: south }, Coord { x: east, y: north }).to_polygon()
}

/// A relation between two shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Intersects,
    Disjoint,
    Equals,
    Touches,
    Within,
    Contains,
    Overlaps,
    Crosses,
}

impl Relation {
    /// The relation with this name in capitals, such as `S_INTERSECTS`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "S_INTERSECTS" => Self::Intersects,
            "S_DISJOINT" => Self::Disjoint,
            "S_EQUALS" => Self::Equals,
            "S_TOUCHES" => Self::Touches,
            "S_WITHIN" => Self::Within,
            "S_CONTAINS" => Self::Contains,
            "S_OVERLAPS" => Self::Overlaps,
            "S_CROSSES" => Self::Crosses,
            _ => return None,
        })
    }

    /// True when it cannot hold between shapes whose boxes are apart.
    pub(super) fn needs_contact(self) -> bool {
        self != Self::Disjoint
    }

    pub(super) fn holds(self, a: &Geometry<f64>, b: &Geometry<f64>) -> bool {
        match self {
            Self::Intersects => a.intersects(b),
            Self::Disjoint => !a.intersects(b),
            Self::Equals => a.relate(b).is_equal_topo(),
            Self::Touches => a.relate(b).is_touches(),
            Self::Within => a.relate(b).is_within(),
            Self::Contains => a.relate(b).is_contains(),
            Self::Overlaps => a.relate(b).is_overlaps(),
            Self::Crosses => a.relate(b).is_crosses(),
        }
    }
}

/// A box from four numbers, or from six with heights, which are ignored. If west is greater than east, the box
/// crosses the antimeridian.
pub(super) fn bbox(numbers: &[f64]) -> Option<Geometry<f64>> {
    let ([west, south, east, north] | [west, south, _, east, north, _]) = *numbers else { return None };
    if !(numbers.iter().all(|number| number.is_finite()) && south <= north) {
        return None;
    }
    if west <= east {
        return Some(Geometry::Polygon(rect(west, south, east, north)));
    }
    // The box crosses the antimeridian.
    Some(Geometry::MultiPolygon(geo::MultiPolygon(vec![rect(west, south, 180.0, north), rect(-180.0, south, east, north)])))
}
