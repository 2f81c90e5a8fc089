//! The rules of questions with answers, and what they add to the shared view.

use jiff::civil::Date;

use super::Faq;
use crate::domain::access::Role;
use crate::domain::procedure::Procedure;
use crate::domain::publication::view::{Moment, View};
use crate::domain::publication::{Event, Family, Nothing, Publication};
use crate::domain::schema::{Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Context, Refusal};

/// Most laws of an answer.
const MOST: usize = 20;

impl Family for Faq {
    const NAME: &'static str = "faq";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("faq", "")];
    // A point that every item lacks: its features have no geometry.
    const SHAPE: Shape = Shape::Point;
    const ROLES: &'static [Role] = &[Role::Clerk, Role::Planner];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("faq", "HDTT0001C")];
    type Change = Nothing;
    type Changed = Nothing;
    type State = ();

    fn properties(_: &str) -> Vec<Property> {
        super::view::PROPERTIES.to_vec()
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

    fn check(&self, _: Date, context: &Context) -> Result<(), Refusal> {
        if [&self.title, &self.answer, &self.authority].iter().any(|text| text.trim().is_empty()) {
            return Err(Refusal::invalid("faq-incomplete", sentence!("faq-incomplete")));
        }
        // An answer about digital services may rest on no law; one about land does.
        let needs_law = !matches!(self.kind, Procedure::DigitalService | Procedure::Other);
        if (needs_law && self.basis.is_empty()) || self.basis.len() > MOST || self.basis.iter().any(|basis| basis.law.trim().is_empty()) {
            return Err(Refusal::invalid("faq-basis", sentence!("faq-basis", most = MOST)));
        }
        if self.as_of > context.today {
            return Err(Refusal::invalid("faq-day", sentence!("faq-day", day = self.as_of)));
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
