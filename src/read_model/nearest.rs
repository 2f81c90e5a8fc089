//! Finds the points of a kind nearest to a place, those that can be used now first.

use serde_json::Value;

use super::ReadModel;
use crate::domain::Code;
use crate::domain::families;
use crate::domain::payment::{self, Method, named_in};
use crate::domain::publication::Status;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Usable;
use crate::domain::publication::view::View;
use crate::event_store::StoreError;
use crate::geometry::Position;
use crate::words::text::Lang;

/// Mean radius of the earth, metres (IUGG).
const EARTH: f64 = 6_371_008.8;

/// Length of a degree of latitude on that globe, metres.
pub(super) const METRES_PER_DEGREE: f64 = EARTH * std::f64::consts::PI / 180.0;

/// A map point near a place, or a participating place of a campaign.
#[derive(Debug, Clone)]
pub struct Near {
    /// The item.
    pub view: View,
    /// The participating place, if the item is a campaign.
    pub place: Option<PlaceNear>,
    /// Position of the point.
    pub at: Position,
    /// Distance from the place asked about, metres in a straight line.
    pub metres: Option<f64>,
}

/// A participating place.
#[derive(Debug, Clone, Default)]
pub struct PlaceNear {
    /// The place's name.
    pub name: String,
    /// Address in words.
    pub address: Option<String>,
    /// Accepted means of payment.
    pub payment: Option<String>,
    /// What is offered.
    pub offer: Option<String>,
    /// Hours in words.
    pub hours: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

impl PlaceNear {
    /// A place with a page of its own, as lists show it in Vietnamese.
    pub fn of(view: &View) -> Self {
        let property = |name: &str| view.properties.get(name).and_then(Value::as_str).map(str::to_owned);
        let payments = view.merchant().map(|merchant| payment::said(&merchant.payments).text(Lang::Vi).clone());
        Self {
            name: view.title.clone(),
            address: property("address"),
            payment: payments.filter(|text| !text.is_empty()),
            offer: property("offer"),
            hours: property("hours"),
            phone: property("phone"),
        }
    }
}

/// Distance between two positions on the globe, metres (haversine).
pub fn metres(a: Position, b: Position) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let (north, east) = ((lat_b - lat_a) / 2.0, (b.lon - a.lon).to_radians() / 2.0);
    let h = north.sin().powi(2) + lat_a.cos() * lat_b.cos() * east.sin().powi(2);
    2.0 * EARTH * h.sqrt().min(1.0).asin()
}

/// Kinds that can be searched for: those of map points, and `place` for places of campaigns.
pub fn kinds() -> Vec<&'static str> {
    let points = families::collections().into_iter().filter(|(_, _, kind)| !kind.is_empty()).map(|(_, _, kind)| kind);
    points.chain(["place"]).collect()
}

/// A place with its distance from `at`.
pub(super) fn near(view: View, at: Option<Position>) -> Option<Near> {
    let own = view.position?;
    Some(Near { at: own, metres: at.map(|at| metres(at, own)), place: None, view })
}

/// True for a place that takes a way to pay, as far as it says.
pub(super) fn takes(near: &Near, method: Method) -> bool {
    if let Some(merchant) = near.view.merchant() {
        return merchant.payments.iter().any(|payment| payment.method == method);
    }
    let written = near.place.as_ref().and_then(|place| place.payment.as_deref()).unwrap_or_default();
    named_in(written).0.iter().any(|payment| payment.method == method)
}

impl ReadModel {
    /// The points of a kind, those that can be used now first, then by distance from `at`; by title if there is
    /// no place. Of places only those that take the way to pay, where one is asked for. At most `limit` of them.
    pub async fn nearest(
        &self,
        kind: &str,
        pays: Option<Method>,
        at: Option<Position>,
        limit: usize,
        moment: &Moment,
    ) -> Result<Vec<Near>, StoreError> {
        let mut found =
            if kind == "place" { self.places(at, moment).await? } else { tokio::task::block_in_place(|| self.points(kind, at, moment)) };
        found.retain(|near| kind != "place" || pays.is_none_or(|method| takes(near, method)));
        let rank = |near: &Near| near.view.duty().unwrap_or(Usable::Yes);
        found.sort_by(|a, b| {
            let by_use = rank(a).cmp(&rank(b));
            let by_distance = a.metres.unwrap_or(0.0).total_cmp(&b.metres.unwrap_or(0.0));
            let name = |near: &Near| near.place.as_ref().map_or(near.view.title.clone(), |place| place.name.clone());
            by_use.then(by_distance).then_with(|| name(a).cmp(&name(b)))
        });
        found.truncate(limit);
        Ok(found)
    }

    fn points(&self, kind: &str, at: Option<Position>, moment: &Moment) -> Vec<Near> {
        let names = families::collections().into_iter().filter(|(_, _, own)| *own == kind).map(|(name, ..)| name);
        let codes: Vec<Code> = {
            let image = self.image();
            names.flat_map(|name| image.collection(name).map(|(code, _)| *code).collect::<Vec<_>>()).collect()
        };
        let mut views = Vec::with_capacity(codes.len());
        self.in_turns(&codes, |image, code| views.extend(image.view(code, None, moment)));
        views.into_iter().filter(|view| view.status == Status::InForce).filter_map(|view| near(view, at)).collect()
    }

    async fn places(&self, at: Option<Position>, moment: &Moment) -> Result<Vec<Near>, StoreError> {
        let campaigns: Vec<View> = {
            let image = self.image();
            let with_days =
                image.items().filter(|(_, entry)| !entry.item.has_areas()).filter_map(|(_, entry)| entry.item.view(None, moment));
            let running = with_days.filter(|view| view.status == Status::InForce && view.calendar().is_some() && view.features.is_some());
            let mut running: Vec<View> = running.collect();
            running.sort_by_key(|view| view.code);
            running
        };
        let mut found = self.places_of(campaigns, at).await?;
        found.extend(self.image().merchants(|_| true, moment).into_iter().filter_map(|view| near(view, at)));
        Ok(found)
    }

    /// The participating places of campaigns, with their distance from `at`.
    pub(super) async fn places_of(&self, campaigns: Vec<View>, at: Option<Position>) -> Result<Vec<Near>, StoreError> {
        let mut found = Vec::new();
        for view in campaigns {
            let Some(set) = &view.features else { continue };
            let Some(features) = self.readable(set.sha256).await? else { continue };
            let near = |feature| {
                let Some([lon, lat]) = features.point(feature) else { return };
                let properties = features.parsed_properties(feature);
                let field = |name: &str| properties.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
                let own = Position { lon, lat };
                let place = PlaceNear {
                    name: field("name").unwrap_or_default(),
                    address: field("address"),
                    payment: field("payment"),
                    offer: field("offer"),
                    hours: field("hours"),
                    phone: field("phone"),
                };
                found.push(Near { view: view.clone(), place: Some(place), at: own, metres: at.map(|at| metres(at, own)) });
            };
            tokio::task::block_in_place(|| features.list.iter().for_each(near));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_of_a_degree_is_as_long_as_the_globe_says() {
        let at = |lon, lat| Position { lon, lat };
        assert!((metres(at(104.88, 21.70), at(104.88, 21.71)) - 1_111.95).abs() < 0.1);
        assert!((metres(at(104.88, 21.70), at(104.89, 21.70)) - 1_033.1).abs() < 0.5);
        assert!(metres(at(104.88, 21.70), at(104.88, 21.70)).abs() < 1e-9);
    }

    #[test]
    fn every_kind_of_point_and_places_can_be_asked_for() {
        assert_eq!(kinds(), ["ambulance", "health-worker", "health-station", "advisory-desk", "digital-team", "place"]);
    }
}
