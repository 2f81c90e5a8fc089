//! What a consultation adds to the shared view.

use serde_json::json;

use super::{AnswersPublished, Consultation};
use crate::domain::days::{Days, Rule};
use crate::domain::publication::Status;
use crate::domain::publication::view::Fact;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::publication::view::{Calendar, Calls, Section};
use crate::domain::schema::{Property, Type};

/// Properties of a consultation, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("about", Type::Text).like("QHSDD21AG"),
    Property::new("accepted", Type::Integer),
    Property::new("answers", Type::Text).like("Đã tiếp thu"),
    Property::new("authority", Type::Text).like("UBND tỉnh Yên Bái"),
    Property::new("how", Type::Text).like("Viết phiếu góp ý"),
    Property::new("received", Type::Integer),
];

pub(super) fn describe(consultation: &Consultation, answers: Option<&AnswersPublished>, _: &Moment, view: &mut View) {
    view.summary.clone_from(&consultation.summary);
    view.sections.push(Section::Opinions(consultation.closes, consultation.about));
    let days = Days::new(Rule::Daily, consultation.opens, Some(consultation.closes)).held(view.effective_from, view.days_end);
    view.sections.push(Section::Calendar(Calendar::of(days, &["how-to-comment"])));
    let phones = consultation.phones.iter().map(|phone| (phone.label.clone(), phone.number.clone())).collect();
    view.sections.push(Section::Calls(Calls { phones, ..Calls::default() }));
    let standing = match view.status {
        Status::InForce => Some("consulting"),
        Status::Upcoming => Some("consultation-soon"),
        Status::Expired if answers.is_some() => Some("consultation-answered"),
        Status::Expired => Some("consultation-closed"),
        _ => None,
    };
    if let Some(standing) = standing {
        view.standing = standing.into();
    }
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    fact("how-to-comment", Shown::Text(consultation.how.clone()));
    fact("consulted-by", Shown::Text(consultation.authority.clone()));
    if let Some(level) = &consultation.level {
        fact("level", Shown::Text(level.clone()));
    }
    if let Some(answers) = answers {
        fact("opinions", Shown::Text(format!("{} / {}", answers.accepted, answers.received)));
        fact("answers", Shown::Text(answers.summary.clone()));
        fact("answers-as-of", Shown::Date(answers.as_of));
    }
    let properties = [
        ("about", json!(consultation.about)),
        ("accepted", json!(answers.map(|answers| answers.accepted))),
        ("answers", json!(answers.map(|answers| &answers.summary))),
        ("authority", json!(consultation.authority)),
        ("how", json!(consultation.how)),
        ("received", json!(answers.map(|answers| answers.received))),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
}
