//! What an indicator adds to the shared view.

use serde_json::json;

use super::{Indicator, IndicatorState};
use crate::domain::figures::{Direction, Frequency, Standing, Who, standing};
use crate::domain::publication::Status;
use crate::domain::publication::view::{Fact, Figure, Moment, Section, Shown, View};
use crate::domain::schema::{Property, Type};

/// Properties of an indicator, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("as_of", Type::Date),
    Property::new("definition", Type::Text).like("Người từ 15 tuổi đã thanh toán không dùng tiền mặt trong năm"),
    Property::new("direction", Type::Text).of(&["up", "down"]),
    Property::new("measured_in", Type::Text).like("%"),
    Property::new("method", Type::Text).of(&["count", "sample", "register"]),
    Property::new("period", Type::Text).like("2022"),
    Property::new("source", Type::Text).like("Báo Yên Bái, 2023"),
    Property::new("target", Type::Number),
    Property::new("value", Type::Number),
];

pub(super) fn describe(indicator: &Indicator, state: &IndicatorState, moment: &Moment, view: &mut View) {
    view.summary = Some(indicator.definition.clone());
    let latest = state.latest(moment.today);
    let known = latest.map(|period| state.known(period));
    // The city's figure, or that of the one unit that it is about.
    let one = match indicator.units.as_slice() {
        [unit] => Who::Unit(unit.clone()),
        _ => Who::City,
    };
    let city = known.as_ref().and_then(|known| known.get(&one).or_else(|| known.get(&Who::City)));
    let target = latest.and_then(|period| state.target(period, &Who::City));
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    if let Some(base) = &indicator.base {
        fact("base", Shown::Text(base.clone()));
    }
    fact("method", Shown::Key(indicator.method.key().into()));
    let frequency = match indicator.frequency {
        Frequency::Month => "every-month-figure",
        Frequency::Quarter => "every-quarter-figure",
        Frequency::Year => "every-year-figure",
    };
    fact("frequency", Shown::Key(frequency.into()));
    if indicator.direction == Direction::Down {
        fact("direction", Shown::Key("direction-down".into()));
    }
    fact("organiser", Shown::Text(indicator.organiser.clone()));
    fact("figures-source", Shown::Text(indicator.source.clone()));
    if let Some(known) = city {
        fact("figures-as-of", Shown::Date(known.told.report.as_of));
    }
    let figure = Figure {
        name_vi: indicator.title.clone(),
        name_en: indicator.title_en.clone().unwrap_or_else(|| indicator.title.clone()),
        unit: indicator.unit.clone(),
        target,
        actual: city.map(|known| known.told.value),
    };
    if let Some((value, target)) = figure.actual.zip(figure.target).filter(|_| view.status == Status::InForce) {
        view.standing = match standing(value, target, indicator.direction) {
            Standing::Missed => "indicator-missed",
            Standing::Met => "indicator-met",
            Standing::Exceeded(_) => "indicator-exceeded",
        }
        .into();
        view.lasting = Some("indicator-on-paper");
    }
    let properties = [
        ("as_of", json!(city.map(|known| known.told.report.as_of))),
        ("definition", json!(indicator.definition)),
        ("direction", json!(indicator.direction)),
        ("measured_in", json!(indicator.unit)),
        ("method", json!(indicator.method)),
        ("period", json!(latest)),
        ("source", json!(indicator.source)),
        ("target", json!(target)),
        ("value", json!(figure.actual)),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    view.sections.push(Section::Figures(if figure.actual.is_some() || target.is_some() { vec![figure] } else { Vec::new() }));
}
