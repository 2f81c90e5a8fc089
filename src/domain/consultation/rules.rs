//! The rules of consultations.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::{AnswersPublished, Consultation, ConsultationKind};
use crate::domain::access::Role;
use crate::domain::document::Document;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::plan::check_in_city;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::publication::{Event, Family, Publication};
use crate::domain::schema::{Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Code, Context, Refusal};

/// Shortest time for opinions in days, by the law in force on the day it opens, with the law's article. None
/// where no rule is known from the law's own text.
pub fn shortest(kind: ConsultationKind, level: Option<&str>, opens: Date) -> Option<(i64, &'static str)> {
    const LAW_2024: Date = date(2024, 8, 1);
    const LAW_2013: Date = date(2014, 7, 1);
    let is_provincial = level.is_some_and(|level| crate::words::fold::fold(level) == "tinh");
    match kind {
        ConsultationKind::LandUseConsultation | ConsultationKind::ScheduleConsultation if opens < LAW_2013 => None,
        ConsultationKind::LandUseConsultation | ConsultationKind::ScheduleConsultation if opens < LAW_2024 => {
            Some((30, "Luật Đất đai 2013, Điều 43 khoản 2"))
        }
        ConsultationKind::LandUseConsultation if is_provincial => Some((45, "Luật Đất đai 2024, Điều 70 khoản 2")),
        ConsultationKind::LandUseConsultation => Some((30, "Luật Đất đai 2024, Điều 70 khoản 3")),
        ConsultationKind::ScheduleConsultation => Some((20, "Luật Đất đai 2024, Điều 70 khoản 3")),
        _ => None,
    }
}

impl Family for Consultation {
    const NAME: &'static str = "consultation";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("consultations", "")];
    const SHAPE: Shape = Shape::Areas;
    const CHANGES: &'static [&'static str] = &["publish-answers"];
    const CHANGED: &'static [(&'static str, u32)] = &[("consultation.answers_published", 1)];
    const SETS: &'static [(&'static str, Takes)] = &[("outline", Takes::Outline)];
    const ROLES: &'static [Role] = &[Role::Planner];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("consultations", "YKND26016")];
    type Change = AnswersPublished;
    type Changed = AnswersPublished;
    type State = Option<AnswersPublished>;

    fn is_publishing(_: &AnswersPublished) -> bool {
        true
    }

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

    fn documents(&self) -> &[Document] {
        &self.documents
    }

    fn outline(&self) -> Option<&FeatureSet> {
        self.outline.as_ref()
    }

    fn effective(&self, _: Date) -> (Date, Option<Date>) {
        (self.opens, Some(self.closes))
    }

    fn refers(&self) -> Vec<Code> {
        self.about.into_iter().collect()
    }

    fn check(&self, effective_from: Date, context: &Context) -> Result<(), Refusal> {
        if self.title.trim().is_empty() || self.authority.trim().is_empty() || self.how.trim().is_empty() {
            return Err(Refusal::invalid("consultation-incomplete", sentence!("consultation-incomplete")));
        }
        if self.closes < self.opens {
            return Err(Refusal::invalid("period-reversed", sentence!("consultation-reversed", closes = self.closes, opens = self.opens)));
        }
        if effective_from != self.opens {
            return Err(Refusal::invalid("consultation-dates", sentence!("consultation-dates")));
        }
        if let Some((days, law)) = shortest(self.kind, self.level.as_deref(), self.opens)
            && self.opens.saturating_add(days.days()) > self.closes.saturating_add(1.day())
        {
            return Err(Refusal::invalid("consultation-too-short", sentence!("consultation-too-short", days, law)));
        }
        if let Some(phone) = self.phones.iter().find(|phone| !crate::domain::phone::is_phone(&phone.number)) {
            return Err(Refusal::invalid("phone", sentence!("phone", phone = phone.number)));
        }
        if let Some(about) = self.about.filter(|about| !context.known_items.contains_key(about)) {
            return Err(Refusal::invalid("unknown-item", sentence!("unknown-item-consultation", about)));
        }
        check_in_city(self.outline.as_ref(), context)
    }

    fn check_days(&self, _: Date, to: Option<Date>) -> Result<(), Refusal> {
        if let Some(to) = to.filter(|to| *to > self.closes) {
            return Err(Refusal::invalid("end-after-days", sentence!("end-after-days", to, last = self.closes)));
        }
        Ok(())
    }

    fn decide(current: &Publication<Self>, change: AnswersPublished, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        if change.summary.trim().is_empty() || change.accepted > change.received {
            return Err(Refusal::invalid("answers-incomplete", sentence!("answers-incomplete")));
        }
        let opened = current.latest().map(|revision| revision.facts.opens);
        if change.as_of > context.today || opened.is_some_and(|opens| change.as_of < opens) {
            return Err(Refusal::invalid("answers-day", sentence!("answers-day", as_of = change.as_of)));
        }
        Ok(vec![Event::Changed(change)])
    }

    fn apply(state: &mut Option<AnswersPublished>, changed: &AnswersPublished) {
        *state = Some(changed.clone());
    }

    fn describe(&self, state: &Option<AnswersPublished>, moment: &Moment, view: &mut View) {
        super::view::describe(self, state.as_ref(), moment, view);
    }
}
