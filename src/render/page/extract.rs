//! The part of an item that lies in a unit.

use jiff::civil::Date;

use crate::domain::city::City;
use crate::domain::publication::view::View;
use crate::domain::unit::{Unit, UnitId};
use crate::features::Features;
use crate::features::boundaries::unit_or_heirs;
use crate::features::cut::Piece;
use crate::features::cut::cut;
use crate::geometry::Bbox;
use crate::geometry::area::Area;
use crate::geometry::area::bbox_of;
use crate::geometry::crs::Crs;
use crate::geometry::union;

/// The part of an item that lies in a unit.
pub struct Extract {
    /// The unit that was asked for.
    pub unit: Unit,
    /// The pieces of the item's areas in the unit; `None` if the unit's boundary is unknown.
    pub pieces: Option<Vec<Piece>>,
    /// The boundary of the unit, in 10⁻⁷ degrees.
    pub rings: Vec<Vec<[i64; 2]>>,
}

impl Extract {
    /// Cuts an item's areas to a unit. It uses the unit's own boundary, or those of the units that took it
    /// over. `None` if the city does not know the unit, or if the item has no areas.
    pub fn of(
        city: &City,
        boundaries: Option<&Features>,
        view: &View,
        features: Option<&Features>,
        unit: &UnitId,
        today: Date,
    ) -> Option<Self> {
        // An item with points only has no parts.
        if !view.outline_only && view.features.as_ref().is_none_or(|set| set.area_ha.is_none()) {
            return None;
        }
        let unit = city.units.get(unit)?.clone();
        let rings = boundaries.map(|all| unit_or_heirs(city, all, &unit.id, today)).unwrap_or_default();
        let plane = Crs::new(view.plane().unwrap_or(city.default_crs)).ok();
        let area = Area::new(rings.clone()).zip(plane).zip(features);
        let pieces = area.map(|((area, plane), features)| cut(&area, features, &plane));
        Some(Self { unit, pieces, rings })
    }

    /// The box to draw, in degrees: the unit's box, or the box around the part if the part is tiny.
    pub fn bbox(&self) -> Bbox {
        let unit = bbox_of(&self.rings);
        let pieces = self.pieces.iter().flatten().map(|piece| piece.bbox).reduce(|a, b| union(&a, &b));
        let size = |bbox: &Bbox| (bbox[2] - bbox[0]) * (bbox[3] - bbox[1]);
        match pieces {
            Some(part) if size(&part) * 10.0 < size(&unit) => {
                let around = (part[2] - part[0]).max(part[3] - part[1]) * 0.4;
                [part[0] - around, part[1] - around, part[2] + around, part[3] + around]
            }
            _ => unit,
        }
    }

    /// True if a part of the item is known to lie in the unit.
    pub fn has_something(&self) -> bool {
        self.pieces.as_ref().is_some_and(|pieces| !pieces.is_empty())
    }

    /// True if the boundary of the unit is known.
    pub fn is_cut(&self) -> bool {
        self.pieces.is_some()
    }
}
