//! The zones of a set in a plane, for the comparison with another set.

use rayon::prelude::*;

use super::Features;
use crate::domain::land_use;
use crate::geometry::crs::Crs;
use crate::geometry::exchange::Zone;

/// The zones of a set in a plane, in the file's order; their class is the index of their land-use code. A zone with a
/// point outside the plane's reach is left out.
pub fn zones(features: &Features, plane: &Crs) -> Vec<Zone> {
    let zone = |feature: &super::Feature| {
        let class = u32::from(feature.land_use?);
        let point = |[lon, lat]: [i64; 2]| plane.from_wgs84(lon as f64 / 1e7, lat as f64 / 1e7).ok();
        let rings = features.rings(feature).into_iter().map(|ring| ring.into_iter().map(point).collect::<Option<Vec<_>>>());
        Some(Zone { class, rings: rings.collect::<Option<Vec<_>>>()? })
    };
    features.list.par_iter().filter_map(zone).collect()
}

/// The land-use code of a class.
pub fn code(class: u32) -> &'static str {
    land_use::all().get(class as usize).map_or("", |entry| entry.code.as_str())
}
