//! What goes on near a place: items of the families that say from how far people should hear of them.

use std::sync::Arc;

use super::ReadModel;
use crate::domain::families;
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::event_store::StoreError;
use crate::features::boundaries::unit_or_heirs;
use crate::features::{ASIDE, Features};
use crate::geometry::area::Area;
use crate::geometry::intersects;
use crate::read_model::nearest::METRES_PER_DEGREE;

/// An item near a place.
#[derive(Debug, Clone)]
pub struct Nearby {
    /// The item.
    pub view: View,
    /// Key of the heading under which its family is listed.
    pub heading: &'static str,
    /// Metres from the place in a straight line; none where a whole unit was asked about.
    pub metres: Option<f64>,
}

/// The least distance of a point from the lines of a set, in metres; longitude and latitude in degrees. Lines beside
/// the item's place do not count. None if the set has no lines.
fn distance(features: &Features, [lon, lat]: [f64; 2]) -> Option<f64> {
    let squeeze = lat.to_radians().cos();
    // Metres to the east and north of the point. Within a city the globe is flat enough.
    let plain = |[x, y]: [i64; 2]| [(x as f64 / 1e7 - lon) * METRES_PER_DEGREE * squeeze, (y as f64 / 1e7 - lat) * METRES_PER_DEGREE];
    let own = features.list.iter().filter(|feature| !features.properties(feature).contains(ASIDE));
    let lines = own.flat_map(|feature| features.lines(feature));
    let near = |line: Vec<[i64; 2]>| -> f64 {
        let parts = line.array_windows().map(|[a, b]| {
            let ([ax, ay], [bx, by]) = (plain(*a), plain(*b));
            let (dx, dy) = (bx - ax, by - ay);
            let along = -(ax * dx + ay * dy) / (dx * dx + dy * dy);
            let along = if along.is_finite() { along.clamp(0.0, 1.0) } else { 0.0 };
            libm::hypot(ax + along * dx, ay + along * dy)
        });
        parts.fold(f64::INFINITY, f64::min)
    };
    lines.map(near).reduce(f64::min).filter(|metres| metres.is_finite())
}

/// Positions along a line in 10⁻⁷ degrees, some twenty metres apart, its own among them.
fn along(line: &[[i64; 2]]) -> impl Iterator<Item = [i64; 2]> {
    const STEP: i64 = 2_000;
    let between = |[a, b]: &[[i64; 2]; 2]| {
        let (a, b) = (*a, *b);
        let count = ((b[0] - a[0]).abs().max((b[1] - a[1]).abs()) / STEP).clamp(1, 1_000);
        (0..count).map(move |at| std::array::from_fn(|axis| a[axis] + (b[axis] - a[axis]) * at / count))
    };
    line.array_windows().flat_map(between).chain(line.last().copied())
}

impl ReadModel {
    /// Items of such families that hold, or will hold.
    fn told_nearby(&self, moment: &Moment) -> Vec<(View, &'static str, f64)> {
        let told = families::nearby();
        let of = |family: &str| told.iter().find(|(name, ..)| *name == family).map(|(_, heading, metres)| (*heading, *metres));
        let image = self.image();
        let views = image.items().filter_map(|(_, entry)| {
            let (heading, metres) = of(entry.item.family())?;
            let view = entry.item.view(None, moment)?;
            matches!(view.status, Status::InForce | Status::Upcoming).then_some((view, heading, metres))
        });
        views.collect()
    }

    async fn set_of(&self, view: &View) -> Result<Option<Arc<Features>>, StoreError> {
        match &view.features {
            Some(set) => self.readable(set.sha256).await,
            None => Ok(None),
        }
    }

    /// What goes on near a place, the nearest first; longitude and latitude in degrees.
    pub async fn nearby(&self, at: [f64; 2], moment: &Moment) -> Result<Vec<Nearby>, StoreError> {
        let mut found = Vec::new();
        for (view, heading, most) in self.told_nearby(moment) {
            // Most works are far away: their box says so.
            let reach = 2.0 * most / METRES_PER_DEGREE;
            let around = [at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach];
            if !view.features.as_ref().is_some_and(|set| intersects(&set.bbox, &around)) {
                continue;
            }
            let Some(features) = self.set_of(&view).await? else { continue };
            if let Some(metres) = distance(&features, at).filter(|metres| *metres <= most) {
                found.push(Nearby { view, heading, metres: Some(metres) });
            }
        }
        found.sort_by(|a, b| a.metres.unwrap_or(0.0).total_cmp(&b.metres.unwrap_or(0.0)).then(a.view.code.cmp(&b.view.code)));
        Ok(found)
    }

    /// What goes on in a unit: what names it, and what has a line in it.
    pub async fn nearby_in_unit(&self, unit: &UnitId, moment: &Moment) -> Result<Vec<Nearby>, StoreError> {
        let (city, today) = (Arc::clone(&self.image().city), moment.today);
        let boundaries = match &city.boundaries {
            Some(set) => self.readable(set.sha256).await?,
            None => None,
        };
        let area = boundaries.and_then(|all| Area::new(unit_or_heirs(&city, &all, unit, today)));
        let now: Vec<UnitId> = city.units.at(unit, today).into_iter().map(|unit| unit.id.clone()).collect();
        let mut found = Vec::new();
        for (view, heading, _) in self.told_nearby(moment) {
            let is_named = view.units.iter().flat_map(|id| city.units.at(id, today)).any(|own| now.contains(&own.id));
            let is_in = is_named
                || match (&area, self.set_of(&view).await?) {
                    (Some(area), Some(features)) => {
                        let own = features.list.iter().filter(|feature| !features.properties(feature).contains(ASIDE));
                        let mut lines = own.flat_map(|feature| features.lines(feature));
                        lines.any(|line| along(&line).any(|position| area.contains(position)))
                    }
                    _ => false,
                };
            if is_in {
                found.push(Nearby { view, heading, metres: None });
            }
        }
        found.sort_by_key(|nearby| nearby.view.code);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_that_of_the_nearest_line_and_a_detour_is_not_the_place() {
        let line = |aside: bool, from: &str, to: &str| {
            (format!("\"aside\":{aside}"), format!("{{\"type\":\"MultiLineString\",\"coordinates\":[[{from},{to}]]}}"))
        };
        let set = Features::of_items(&[line(false, "[104.87,21.7]", "[104.87,21.71]"), line(true, "[104.88,21.7]", "[104.88,21.71]")]);
        let metres = |lon, lat| distance(&set, [lon, lat]).expect("lines");
        assert!((metres(104.871, 21.705) - 103.3).abs() < 0.2, "beside its middle: {}", metres(104.871, 21.705));
        assert!((metres(104.87, 21.711) - 111.2).abs() < 0.2, "beyond its end");
        assert!(metres(104.88, 21.705) > 1_000.0, "on the detour");
        assert!(metres(104.87, 21.703) < 0.01);
    }
}
