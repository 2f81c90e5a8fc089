//! What a campaign adds to the shared view.

use serde_json::json;

use super::{Campaign, ResultsReported, Schedule};
use crate::domain::publication::Status;
use crate::domain::publication::view::Fact;
use crate::domain::publication::view::Figure;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::publication::view::{Calendar, Section};
use crate::domain::schema::{Property, Type};
use crate::words::civil::end_of;

/// Properties of a campaign, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("hours", Type::Text).like("Sáng thứ Ba, 8:00–11:00"),
    Property::new("next_day", Type::Date),
    Property::new("organiser", Type::Text).like("Thành phố Yên Bái"),
    Property::new("place_count", Type::Integer),
];

/// Properties of a participating place, beyond those that all features have.
pub(super) const PLACE_PROPERTIES: &[Property] = &[
    Property::new("address", Type::Text).like("Tổ 5"),
    Property::new("hours", Type::Text).like("Sáng thứ Ba, 8:00–11:00"),
    Property::new("name", Type::Text).like("Chợ Ga"),
    Property::new("offer", Type::Text).like("Giảm 5 % rau quả"),
    Property::new("payment", Type::Text).like("VietQR"),
    Property::new("phone", Type::Text).like("0216 0000 111"),
];

pub(super) fn describe(campaign: &Campaign, results: &[ResultsReported], moment: &Moment, view: &mut View) {
    view.summary.clone_from(&campaign.summary);
    // No day takes place before the campaign holds, or after it has ended or something took its place.
    let begin = view.effective_from.max(moment.today);
    let next = campaign.schedule.next_on_or_after(begin).filter(|day| view.days_end.is_none_or(|end| *day <= end));
    let next = next.filter(|_| matches!(view.status, Status::InForce | Status::Upcoming));
    let days = campaign.schedule.days();
    view.sections.push(Section::Calendar(Calendar { days, next, exported: &["organiser", "hours"], ends_as_planned: true }));
    let is_today = next == Some(moment.today);
    let standing = match view.status {
        Status::InForce if is_today => Some("running"),
        Status::InForce => Some("ongoing"),
        Status::Upcoming => Some("starting"),
        Status::Expired => Some("ended"),
        _ => None,
    };
    if let Some(standing) = standing {
        view.standing = standing.into();
    }
    view.lasting = (view.status == Status::InForce).then_some("ongoing");
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    fact("organiser", Shown::Text(campaign.organiser.clone()));
    match campaign.schedule {
        Schedule::Day { on } => fact("day", Shown::Date(on)),
        Schedule::Range { .. } => {}
        Schedule::Weekly { weekday, .. } => {
            fact("every", Shown::Key(format!("{weekday:?}").to_lowercase()));
        }
    }
    if let Some(day) = next {
        fact("next-day", Shown::Day(day));
    }
    if let Some(hours) = &campaign.hours {
        fact("hours", Shown::Text(hours.clone()));
    }
    // The words “today” and “next” are true until midnight.
    if next.is_some() {
        let midnight = end_of(&moment.zone, moment.today);
        view.next_change = Some(view.next_change.map_or(midnight, |at| at.min(midnight)));
    }
    let latest = results.last();
    if let Some(latest) = latest {
        view.facts.push(Fact { label: "figures-as-of", value: Shown::Date(latest.as_of) });
        view.facts.push(Fact { label: "figures-source", value: Shown::Text(latest.source.clone()) });
    }
    let mut figures: Vec<Figure> = campaign
        .targets
        .iter()
        .map(|target| Figure {
            name_vi: target.name_vi.clone(),
            name_en: target.name_en.clone(),
            unit: target.unit.clone(),
            target: Some(target.target),
            actual: None,
        })
        .collect();
    for reported in latest.iter().flat_map(|latest| &latest.figures) {
        match figures.iter_mut().find(|figure| figure.name_vi == reported.name_vi) {
            Some(figure) => figure.actual = Some(reported.actual),
            None => figures.push(Figure {
                name_vi: reported.name_vi.clone(),
                name_en: reported.name_en.clone(),
                unit: reported.unit.clone(),
                target: None,
                actual: Some(reported.actual),
            }),
        }
    }
    view.sections.push(Section::Figures(figures));
    let properties = [
        ("organiser", json!(campaign.organiser)),
        ("hours", json!(campaign.hours)),
        ("next_day", json!(next)),
        ("place_count", json!(campaign.places.as_ref().map_or(0, |places| places.count))),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
}
