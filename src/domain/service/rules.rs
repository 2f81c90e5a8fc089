//! The rules of services, and what they add to the shared view.

use jiff::civil::Date;

use super::Service;
use crate::domain::access::Role;
use crate::domain::publication::view::{Moment, View};
use crate::domain::publication::{Event, Family, Nothing, Publication};
use crate::domain::schema::{Property, Shape};
use crate::domain::trade::is_web_address;
use crate::domain::unit::UnitId;
use crate::domain::{Context, Refusal};

/// Most things that a service needs.
const MOST: usize = 20;

impl Family for Service {
    const NAME: &'static str = "service";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("services", "")];
    // A point that every item lacks: its features have no geometry.
    const SHAPE: Shape = Shape::Point;
    const ROLES: &'static [Role] = &[Role::Campaign];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("services", "DVDN0001Y")];
    type Change = Nothing;
    type Changed = Nothing;
    type State = ();

    fn properties(_: &str) -> Vec<Property> {
        super::view::PROPERTIES.to_vec()
    }

    fn kind(&self) -> &'static str {
        "online-service"
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn units(&self) -> &[UnitId] {
        &self.units
    }

    fn check(&self, _: Date, _: &Context) -> Result<(), Refusal> {
        if [&self.title, &self.category, &self.operator].iter().any(|text| text.trim().is_empty()) {
            return Err(Refusal::invalid("service-incomplete", sentence!("service-incomplete")));
        }
        if !is_web_address(&self.link) {
            return Err(Refusal::invalid("service-link", sentence!("web-address", link = self.link)));
        }
        if self.needs.len() > MOST || self.needs.iter().any(|need| need.trim().is_empty()) {
            return Err(Refusal::invalid("service-needs", sentence!("service-needs", most = MOST)));
        }
        Ok(())
    }

    fn decide(_: &Publication<Self>, change: Self::Change, _: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        match change {}
    }

    fn apply((): &mut (), changed: &Self::Changed) {
        match *changed {}
    }

    fn describe(&self, (): &(), _: &Moment, view: &mut View) {
        super::view::describe(self, view);
    }
}
