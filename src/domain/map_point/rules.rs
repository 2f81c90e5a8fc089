//! The rules of map points.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{DutyChanged, MapPoint, PointKind, SetDuty};
use crate::domain::access::Role;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::publication::{Event, Family, Publication};
use crate::domain::schema::{Property, Shape};
use crate::domain::subject::SubjectId;
use crate::domain::unit::UnitId;
use crate::domain::{Context, Refusal};
use crate::geometry::contains;
use crate::words::format::clock;

/// Most hamlets that a point serves.
const MOST_HAMLETS: usize = 100;

impl Family for MapPoint {
    const NAME: &'static str = "map-point";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[
        ("ambulances", "ambulance"),
        ("health-workers", "health-worker"),
        ("health-stations", "health-station"),
        ("advisory-desks", "advisory-desk"),
        ("digital-teams", "digital-team"),
    ];
    const SHAPE: Shape = Shape::Point;
    /// A point of the second version may name hamlets.
    const FACTS_VERSION: u32 = 2;
    const CHANGES: &'static [&'static str] = &["set-duty"];
    const CHANGED: &'static [(&'static str, u32)] = &[("map-point.duty_changed", 1)];
    const ROLES: &'static [Role] = &[Role::Health];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("advisory-desks", "BTV000011"),
        ("ambulances", "XCT00001C"),
        ("digital-teams", "TCNS0001V"),
        ("health-stations", "TYT00001B"),
        ("health-workers", "NVYT00016"),
    ];
    type Change = SetDuty;
    type Changed = DutyChanged;
    type State = Option<DutyChanged>;

    fn upcast_facts(version: u32, facts: serde_json::Value) -> Option<serde_json::Value> {
        (version == 1).then_some(facts)
    }

    fn properties(kind: &str) -> Vec<Property> {
        [super::view::PROPERTIES, super::view::properties_of(kind)].concat()
    }

    fn kind(&self) -> &'static str {
        self.kind.as_str()
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn units(&self) -> &[UnitId] {
        &self.units
    }

    fn person(&self) -> Option<&SubjectId> {
        self.contact.as_ref().map(|contact| &contact.subject)
    }

    fn check(&self, _: Date, context: &Context) -> Result<(), Refusal> {
        if self.title.trim().is_empty() {
            return Err(Refusal::invalid("title-missing", sentence!("point-incomplete")));
        }
        let position = self.position;
        if !contains(&context.city.bbox, position.lon, position.lat) {
            return Err(Refusal::invalid(
                "outside-city",
                sentence!("point-outside", lon = position.lon, lat = position.lat, city = context.city.name()),
            ));
        }
        if let Some(phone) = self.phones.iter().find(|phone| !crate::domain::phone::is_phone(&phone.number)) {
            return Err(Refusal::invalid("phone", sentence!("phone", phone = phone.number)));
        }
        if self.hamlets.len() > MOST_HAMLETS || self.hamlets.iter().any(|name| name.trim().is_empty()) {
            return Err(Refusal::invalid("hamlets", sentence!("hamlets", most = MOST_HAMLETS)));
        }
        if self.duty_limit_minutes.is_some_and(|minutes| !(5..=1440).contains(&minutes)) {
            return Err(Refusal::invalid("duty-limit", sentence!("duty-limit")));
        }
        Ok(())
    }

    fn decide(current: &Publication<Self>, change: SetDuty, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        let kind = current.latest().map(|revision| revision.facts.kind);
        if kind != Some(PointKind::Ambulance) {
            return Err(Refusal::invalid("no-duty", sentence!("no-duty")));
        }
        let at = change.at.unwrap_or(context.now);
        if at > context.now + 5.minutes() {
            return Err(Refusal::invalid(
                "duty-in-future",
                sentence!("duty-in-future", at = clock(&context.city.zone(), context.today, at)),
            ));
        }
        if current.state.as_ref().is_some_and(|last| last.at > at) {
            return Err(Refusal::conflict("duty-older", sentence!("duty-older")));
        }
        Ok(vec![Event::Changed(DutyChanged { duty: change.duty, at })])
    }

    fn apply(state: &mut Option<DutyChanged>, changed: &DutyChanged) {
        *state = Some(changed.clone());
    }

    fn describe(&self, state: &Option<DutyChanged>, moment: &Moment, view: &mut View) {
        super::view::describe(self, state.as_ref(), moment, view);
    }
}
