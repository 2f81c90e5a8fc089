//! What a campaign adds to the shared view.

use serde_json::json;

use super::{Campaign, CampaignState, ResultsReported};
use crate::domain::days::{MonthDay, Schedule, Which};
use crate::domain::publication::Status;
use crate::domain::publication::view::Fact;
use crate::domain::publication::view::Figure;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::publication::view::{Calendar, Section};
use crate::domain::schema::{Property, Type};
use crate::words::civil::end_of;
use crate::words::sentence::{Names, Sentence};

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

/// “The first Friday”.
fn in_words(day: MonthDay) -> Sentence {
    match day {
        MonthDay::Date(date) => sentence!("month-date", date = u32::from(date)),
        MonthDay::LastDay => sentence!("month-last-day"),
        MonthDay::Weekday { which, day } => {
            let which = match which {
                Which::First => "which-first",
                Which::Second => "which-second",
                Which::Third => "which-third",
                Which::Fourth => "which-fourth",
                Which::Last => "which-last",
            };
            sentence!("month-weekday", day = Names::of(day.key()), which = Names::of(which))
        }
    }
}

/// What is aimed at, with what was reached, by name; then what was reached beyond it.
fn figures(campaign: &Campaign, latest: Option<&ResultsReported>) -> Vec<Figure> {
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
    figures
}

pub(super) fn describe(campaign: &Campaign, state: &CampaignState, moment: &Moment, view: &mut View) {
    view.summary.clone_from(&campaign.summary);
    // No day takes place before the campaign holds, or after it has ended or something took its place.
    let days = campaign.days(&state.cancelled).held(view.effective_from, view.days_end);
    let next = days.first_from(moment.today).filter(|_| matches!(view.status, Status::InForce | Status::Upcoming));
    // What was said of days that another schedule does not have is out of date.
    let exceptions = campaign.exceptions_with(&state.cancelled).into_iter().filter(|one| days.has(one.day)).collect();
    let exported = &["organiser", "hours", "times"];
    let calendar = Calendar { days, next, exceptions, is_occasion: true, exported, ends_as_planned: true };
    view.sections.push(Section::Calendar(calendar));
    let is_today = next == Some(moment.today);
    let holds = matches!(view.status, Status::InForce | Status::Upcoming);
    let is_off = holds && next.is_none() && state.cancelled.iter().any(|day| day.day >= moment.today && day.moved_to.is_none());
    let standing = match view.status {
        _ if is_off => Some("called-off"),
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
    match &campaign.schedule {
        Schedule::Day { on } => fact("day", Shown::Date(*on)),
        Schedule::Range { .. } => {}
        Schedule::Weekly { weekdays, .. } => {
            fact("every", Shown::Keys(weekdays.iter().map(|day| day.key().to_owned()).collect()));
        }
        Schedule::Monthly { on, .. } => fact("every-month", Shown::Said(in_words(*on))),
    }
    if !campaign.holidays.is_held() {
        fact("holidays", Shown::Key(campaign.holidays.key().into()));
    }
    if let Some(day) = next {
        fact("next-day", Shown::Day(day));
    }
    for times in &campaign.times {
        fact("times", Shown::Said(times.said()));
    }
    if let Some(hours) = &campaign.hours {
        fact("hours", Shown::Text(hours.clone()));
    }
    // The words “today” and “next” are true until midnight.
    if next.is_some() {
        let midnight = end_of(&moment.zone, moment.today);
        view.next_change = Some(view.next_change.map_or(midnight, |at| at.min(midnight)));
    }
    let latest = state.results.last();
    if let Some(latest) = latest {
        view.facts.push(Fact { label: "figures-as-of", value: Shown::Date(latest.as_of) });
        view.facts.push(Fact { label: "figures-source", value: Shown::Text(latest.source.clone()) });
    }
    view.sections.push(Section::Figures(figures(campaign, latest)));
    let properties = [
        ("organiser", json!(campaign.organiser)),
        ("hours", json!(campaign.hours)),
        ("next_day", json!(next)),
        ("place_count", json!(campaign.places.as_ref().map_or(0, |places| places.count))),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
}
