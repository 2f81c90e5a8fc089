//! Finds units in the set of a city's boundaries.

use jiff::civil::Date;

use super::Features;
use crate::domain::city::City;
use crate::domain::unit::UnitId;
use crate::geometry::Ring;

/// The rings of a unit's boundary; empty where it is not known.
pub fn unit_rings(boundaries: &Features, id: &UnitId) -> Vec<Ring> {
    let own = boundaries.list.iter().filter(|feature| boundaries.text_property(feature, "unit") == Some(id.as_str()));
    own.flat_map(|feature| boundaries.rings(feature)).collect()
}

/// A unit's boundary as GeoJSON geometry; none where it is not known.
pub fn boundary_text<'a>(boundaries: &'a Features, id: &UnitId) -> Option<&'a str> {
    let own = boundaries.list.iter().find(|feature| boundaries.text_property(feature, "unit") == Some(id.as_str()))?;
    Some(boundaries.geometry(own))
}

/// The rings of a unit's boundary, or else of the units that took it over.
pub fn unit_or_heirs(city: &City, boundaries: &Features, id: &UnitId, today: Date) -> Vec<Ring> {
    let own = unit_rings(boundaries, id);
    let heirs = || city.units.at(id, today).into_iter().flat_map(|unit| unit_rings(boundaries, &unit.id)).collect();
    if own.is_empty() { heirs() } else { own }
}
