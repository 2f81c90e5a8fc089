//! What applies at a place: the zones of every plan in force under a point or a parcel, the zones on an earlier
//! day, decided revisions that are not yet in force, and open consultations.

use std::sync::Arc;

use jiff::civil::Date;
use rayon::prelude::*;
use serde_json::{Map, Value};
use tokio::task::block_in_place;

use super::ReadModel;
use super::nearby::Nearby;
pub use super::place::Place;
use super::streets::{Streets, streets, within_reach};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::feature_set::FeatureSet;
use crate::domain::lot_indicators::Indicators;
use crate::domain::plan::{LINES, PlanKind};
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::event_store::StoreError;
use crate::features::Feature;
use crate::features::Features;
use crate::features::boundaries::unit_or_heirs;
use crate::features::cut::cut;
use crate::features::cut::meets;
use crate::geometry::Bbox;
use crate::geometry::area::Area;
use crate::geometry::crs::Crs;
use crate::geometry::intersects;

/// Smallest part of a parcel that counts, square metres. Smaller parts come from borders that do not meet
/// exactly.
const SLIVER_M2: f64 = 0.5;

/// What a plan says of a lot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LotHere {
    /// Its number as the plan has it.
    pub number: Option<String>,
    /// What may be built on it.
    pub indicators: Indicators,
    /// Free conditions.
    pub conditions: Option<String>,
}

impl LotHere {
    /// What the properties of a lot say.
    pub fn of(properties: &Map<String, Value>) -> Self {
        let text = |name: &str| properties.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Self { number: text("lot"), indicators: Indicators::of(properties), conditions: text("conditions") }
    }
}

/// A zone at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneHere {
    /// The zone's number in the plan, from 1.
    pub number: u32,
    /// Its land-use code; empty for a lot in no class.
    pub land_use: String,
    /// What the plan says of it where it is a lot of an urban plan.
    pub lot: Option<LotHere>,
    /// The zone's own name.
    pub name: Option<String>,
    /// Area of the parcel inside the zone, square metres.
    pub area_m2: Option<f64>,
    /// Share of the parcel inside the zone, percent.
    pub share: Option<f64>,
}

/// A plan at a place.
#[derive(Debug, Clone)]
pub struct PlanHere {
    /// The plan, or one of its revisions.
    pub view: View,
    /// The plan's zones at the place: for a parcel the largest first, for a point in the file's order.
    pub zones: Vec<ZoneHere>,
    /// Area of the parcel that no zone covers, square metres.
    pub uncovered_m2: Option<f64>,
    /// What the plan's lines say there; none for a plan without lines.
    pub streets: Option<Streets>,
}

/// What a plan said at a place on an earlier day, and says now.
#[derive(Debug, Clone)]
pub struct ChangedHere {
    /// The plan on the earlier day; none if it did not hold yet.
    pub before: Option<PlanHere>,
    /// The plan now; none if it no longer holds.
    pub after: Option<PlanHere>,
}

/// What applies at a place.
pub struct Here {
    /// The administrative unit that the place lies in.
    pub unit: Option<UnitId>,
    /// True if the units' boundaries are known and the place lies in none of them.
    pub is_beyond: bool,
    /// Area of the parcel, square metres.
    pub parcel_m2: Option<f64>,
    /// Plans in force with a zone there, by kind and code.
    pub plans: Vec<PlanHere>,
    /// Revisions with a zone there that are decided but not yet in force.
    pub coming: Vec<PlanHere>,
    /// Plans that differ from those of the earlier day that was asked for.
    pub changed: Vec<ChangedHere>,
    /// Open consultations that concern the place.
    pub consultations: Vec<View>,
    /// What goes on near it, the nearest first.
    pub nearby: Vec<Nearby>,
}

/// The order in which plans at a place are told: the more detailed one first.
fn order_of(plan: &PlanHere) -> (u8, &'static str, Code, u32) {
    let coarseness = PlanKind::named(plan.view.kind).map_or(u8::MAX, PlanKind::coarseness);
    (coarseness, plan.view.kind, plan.view.code, plan.view.revision)
}

/// Codes and whole square metres of a plan's zones at a place, for comparing; none where the plan does not hold.
fn codes(plan: Option<&PlanHere>) -> Vec<(&str, i64)> {
    let zones = plan.into_iter().flat_map(|plan| &plan.zones);
    let mut codes: Vec<(&str, i64)> = zones.map(|zone| (zone.land_use.as_str(), zone.area_m2.unwrap_or(0.0).round() as i64)).collect();
    codes.sort_unstable();
    codes
}

/// What lots of a plan say at a place, for comparing.
fn lots(plan: Option<&PlanHere>) -> Vec<String> {
    let lots = plan.into_iter().flat_map(|plan| &plan.zones).filter_map(|zone| zone.lot.as_ref());
    let mut lots: Vec<String> = lots.map(|lot| format!("{:?} {:?} {:?}", lot.number, lot.indicators.stated(), lot.conditions)).collect();
    lots.sort_unstable();
    lots
}

/// Roads and tenths of their widths at a place, for comparing.
fn widths(plan: Option<&PlanHere>) -> Vec<(Option<&str>, i64)> {
    let roads = plan.and_then(|plan| plan.streets.as_ref()).into_iter().flat_map(|streets| &streets.roads);
    let mut widths: Vec<(Option<&str>, i64)> = roads.map(|road| (road.road.as_deref(), (road.width_m * 10.0).round() as i64)).collect();
    widths.sort_unstable();
    widths
}

fn text(features: &Features, feature: &Feature, name: &str) -> Option<String> {
    let value = features.parsed_properties(feature).remove(name)?;
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The zones of a set at a place, and the area of the parcel that none covers, square metres.
fn zones(features: &Features, place: &Place, plane: &Crs) -> (Vec<ZoneHere>, Option<f64>) {
    let zone = |index: usize| {
        let feature = &features.list[index];
        let land_use = features.code_of(feature).to_owned();
        let lot = features.is_lot(feature).then(|| LotHere::of(&features.parsed_properties(feature)));
        ZoneHere { number: feature.number, land_use, lot, name: text(features, feature, "name"), area_m2: None, share: None }
    };
    match place {
        Place::Point(_) => (features.within(&place.bbox()).into_iter().map(zone).collect(), None),
        Place::Parcel(area, stated) => {
            let measured = area.area_m2(plane);
            let whole = stated.unwrap_or(measured);
            // Rounding corners to a centimetre changes the area of a small parcel; this factor corrects that.
            let factor = if measured > 0.0 { whole / measured } else { 1.0 };
            let mut pieces = cut(area, features, plane);
            pieces.iter_mut().for_each(|piece| piece.area_m2 *= factor);
            pieces.retain(|piece| piece.area_m2 >= SLIVER_M2);
            pieces.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2));
            let covered: f64 = pieces.iter().map(|piece| piece.area_m2).sum();
            let of = |piece: &crate::features::cut::Piece| ZoneHere {
                area_m2: Some(piece.area_m2),
                share: Some(if whole > 0.0 { (piece.area_m2 / whole * 100.0).min(100.0) } else { 0.0 }),
                ..zone(piece.index)
            };
            (pieces.iter().map(of).collect(), Some((whole - covered).max(0.0)).filter(|rest| *rest >= SLIVER_M2))
        }
    }
}

impl ReadModel {
    /// The plans at a place, in the order of `views`; none for a plan without a zone there.
    async fn plans_here(&self, views: Vec<View>, place: &Arc<Place>, city: &City) -> Result<Vec<Option<PlanHere>>, StoreError> {
        let mut found = Vec::with_capacity(views.len());
        for view in views {
            let meets = |bbox: Bbox| move |set: &&FeatureSet| intersects(&set.bbox, &bbox);
            let areas = view.features.as_ref().filter(|set| set.area_ha.is_some()).filter(meets(place.bbox())).map(|set| set.sha256);
            let lines = view.set_of(Some(LINES)).filter(meets(within_reach(place.bbox()))).map(|set| set.sha256);
            let mut read = [None, None];
            for (read, digest) in read.iter_mut().zip([areas, lines]) {
                if let Some(digest) = digest {
                    *read = self.readable(digest).await?;
                }
            }
            let plane = Crs::new(view.plane().unwrap_or(city.default_crs)).ok().filter(|_| read.iter().any(Option::is_some));
            found.push(plane.map(|plane| (view, read, plane)));
        }
        let look = |place: &Place, (view, [areas, lines], plane): (View, [Option<Arc<Features>>; 2], Crs)| {
            let (zones, uncovered_m2) = areas.map(|areas| zones(&areas, place, &plane)).unwrap_or_default();
            let streets = lines.map(|lines| streets(&lines, place, &plane));
            let is_said = !zones.is_empty() || streets.as_ref().is_some_and(|streets| !streets.are_silent());
            is_said.then_some(PlanHere { view, zones, uncovered_m2, streets })
        };
        match place.as_ref() {
            // Looking up a point takes an index and a few borders and lines.
            Place::Point(_) => Ok(block_in_place(|| found.into_iter().map(|plan| look(place, plan?)).collect())),
            Place::Parcel(..) => {
                let place = Arc::clone(place);
                let cut = tokio::task::spawn_blocking(move || found.into_par_iter().map(|plan| look(&place, plan?)).collect()).await;
                cut.map_err(|error| StoreError::Unavailable(error.to_string()))
            }
        }
    }

    /// The unit valid `today` that a point lies in, by the recorded boundaries; longitude and latitude in
    /// degrees.
    pub async fn unit_at(&self, city: &City, [lon, lat]: [f64; 2], today: Date) -> Option<UnitId> {
        let boundaries = self.features(city.boundaries.as_ref()?.sha256).await.ok()?;
        let found = boundaries.within(&[lon, lat, lon, lat]).into_iter().filter_map(|index| {
            let id: UnitId = boundaries.text_property(&boundaries.list[index], "unit")?.parse().ok()?;
            city.units.get(&id).is_some_and(|unit| unit.is_valid_on(today)).then_some(id)
        });
        found.min()
    }

    /// What applies at a place now; with `since`, also what differs from that day. Errors: a set cannot be
    /// read.
    pub async fn here(&self, place: Place, since: Option<Date>, moment: &Moment) -> Result<Here, StoreError> {
        let place = Arc::new(place);
        let (city, shown, coming, before) = {
            let image = self.image();
            let mut shown = Vec::new();
            let (mut coming, mut before) = (Vec::new(), Vec::new());
            for (_, entry) in image.items() {
                if !entry.item.has_areas() {
                    continue;
                }
                let Some(view) = entry.item.view(None, moment) else { continue };
                let next = match view.status {
                    Status::Upcoming => Some(view.revision),
                    _ => view.upcoming.map(|(number, _)| number),
                };
                coming.extend(next.and_then(|number| entry.item.view(Some(number), moment)));
                if let Some(day) = since {
                    let held =
                        entry.item.holding(Some(day), Some(day), moment).last().and_then(|number| entry.item.view(Some(*number), moment));
                    let now = (view.status == Status::InForce).then_some(view.revision);
                    // A plan has changed only if another revision holds now.
                    if held.as_ref().map(|held| held.revision) != now {
                        before.push((view.code, held));
                    }
                }
                if view.status == Status::InForce {
                    shown.push(view);
                }
            }
            (Arc::clone(&image.city), shown, coming, before)
        };
        let at = place.point();
        let unit = self.unit_at(&city, at, moment.today).await;
        let parcel_m2 = match (place.as_ref(), Crs::new(city.default_crs)) {
            (Place::Parcel(area, stated), Ok(plane)) => Some(stated.unwrap_or_else(|| area.area_m2(&plane))),
            _ => None,
        };
        let (consultations, shown): (Vec<View>, Vec<View>) = shown.into_iter().partition(|view| view.opinions_until().is_some());
        let is_beyond = unit.is_none() && city.boundaries.is_some();
        let mut here = Here {
            unit,
            is_beyond,
            parcel_m2,
            plans: Vec::new(),
            coming: Vec::new(),
            changed: Vec::new(),
            consultations: Vec::new(),
            nearby: self.nearby(at, moment).await?,
        };
        here.plans.extend(self.plans_here(shown, &place, &city).await?.into_iter().flatten());
        here.plans.sort_by_key(order_of);
        let coming = coming.into_iter().filter(|view| view.opinions_until().is_none()).collect();
        here.coming.extend(self.plans_here(coming, &place, &city).await?.into_iter().flatten());
        here.coming.sort_by_key(order_of);
        for (code, held) in before {
            let held = match held {
                Some(view) => self.plans_here(vec![view], &place, &city).await?.pop().flatten(),
                None => None,
            };
            let now = here.plans.iter().find(|plan| plan.view.code == code).cloned();
            let is_changed = codes(held.as_ref()) != codes(now.as_ref())
                || widths(held.as_ref()) != widths(now.as_ref())
                || lots(held.as_ref()) != lots(now.as_ref());
            if is_changed {
                here.changed.push(ChangedHere { before: held, after: now });
            }
        }
        let order = |changed: &ChangedHere| changed.after.as_ref().or(changed.before.as_ref()).map(|plan| (plan.view.kind, plan.view.code));
        here.changed.sort_by_key(order);
        for view in consultations {
            if self.concerns(&view, &place, here.unit.as_ref(), &city, moment).await? {
                here.consultations.push(view);
            }
        }
        here.consultations.sort_by_key(|view| (view.opinions_until(), view.code));
        Ok(here)
    }

    /// What is in force in a unit: plans with a zone in it, and consultations that concern it. Everything in
    /// force, if the unit's boundary is not known.
    pub async fn in_unit(&self, unit: &UnitId, moment: &Moment) -> Result<Vec<View>, StoreError> {
        let (city, mut views) = {
            let image = self.image();
            let areas = image.items().filter(|(_, entry)| entry.item.has_areas()).filter_map(|(_, entry)| entry.item.view(None, moment));
            (Arc::clone(&image.city), areas.filter(|view| view.status == Status::InForce).collect::<Vec<View>>())
        };
        views.sort_by_key(|view| (view.kind, view.code));
        let boundaries = match &city.boundaries {
            Some(set) => self.readable(set.sha256).await?,
            None => None,
        };
        let Some(area) = boundaries.and_then(|all| Area::new(unit_or_heirs(&city, &all, unit, moment.today))) else { return Ok(views) };
        let mut asked = Vec::with_capacity(views.len());
        for view in views {
            let features = match &view.features {
                Some(set) => self.readable(set.sha256).await?,
                None => None,
            };
            asked.push((view, features));
        }
        let today = moment.today;
        let now: Vec<UnitId> = city.units.at(unit, today).into_iter().map(|unit| unit.id.clone()).collect();
        let is_in = move |(view, features): (View, Option<Arc<Features>>)| {
            let named = || view.units.iter().flat_map(|id| city.units.at(id, today)).any(|own| now.contains(&own.id));
            let is_in = match &features {
                Some(features) => meets(&area, features),
                None => view.units.is_empty() || named(),
            };
            is_in.then_some(view)
        };
        let found = tokio::task::spawn_blocking(move || asked.into_par_iter().filter_map(is_in).collect()).await;
        found.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// True if a consultation concerns the place: by its area if it has one, else by its units, else always.
    async fn concerns(&self, view: &View, place: &Place, unit: Option<&UnitId>, city: &City, moment: &Moment) -> Result<bool, StoreError> {
        if let Some(set) = &view.features {
            if !intersects(&set.bbox, &place.bbox()) {
                return Ok(false);
            }
            // If the area cannot be read, the consultation is shown.
            let features = self.readable(set.sha256).await?;
            return Ok(features.is_none_or(|features| !features.within(&place.bbox()).is_empty()));
        }
        let own = |id: &UnitId| city.units.at(id, moment.today).iter().any(|known| Some(&known.id) == unit);
        Ok(view.units.is_empty() || unit.is_none() || view.units.iter().any(own))
    }
}
