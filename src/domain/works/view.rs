//! What works on roads add to the shared view.

use serde_json::json;

use super::{Direction, EndedEarly, Works, WorksState};
use crate::domain::days::Hours;
use crate::domain::publication::Family;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Calendar, Calls, Fact, Moment, Section, Shown, View};
use crate::domain::schema::{Property, Type};
use crate::words::civil::{date_in, in_milliseconds};

/// Properties of works, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("active", Type::Boolean),
    Property::new("authority", Type::Text),
    Property::new("closed_direction", Type::Text).of(&["both", "one", "neither"]),
    Property::new("closed_lanes", Type::Integer),
    Property::new("closed_vehicles", Type::Text).like("lorries, cars"),
    Property::new("contractor", Type::Text).like("Công ty Cấp nước"),
    Property::new("detour", Type::Text).like("Đi theo đường Điện Biên"),
    Property::new("emergency_passes", Type::Boolean),
    Property::new("ended_at", Type::Moment),
    Property::new("hours", Type::Text).like("22h00–5h00"),
    Property::new("permit", Type::Text).like("12/GPTC"),
    Property::new("phone", Type::Text).like("0216 0000 401"),
    Property::new("road", Type::Text).like("Đường Điện Biên"),
    Property::new("stretch", Type::Text).like("từ chợ Ga đến cầu Yên Bái"),
];

/// Properties of a line, beyond those that all features have.
pub(super) const LINE_PROPERTIES: &[Property] =
    &[Property::new("aside", Type::Boolean), Property::new("length_m", Type::Integer), Property::new("name", Type::Text).like("Chợ Ga")];

/// The hours as people write them.
fn hours(works: &Works) -> Option<String> {
    works.hours.as_ref().map(Hours::in_words)
}

/// The works with the last day that was set by hand, where one was. The day on which they ended early is none: they need
/// not have begun on it.
fn until_set(works: &Works, ended: Option<&EndedEarly>, moment: &Moment, view: &View) -> Works {
    let (_, own) = works.effective(works.from);
    let early = ended.map(|ended| date_in(&moment.zone, ended.at));
    let set = view.effective_to.filter(|to| Some(*to) != own && Some(*to) != early);
    Works { to: set.or(works.to), ..works.clone() }
}

pub(super) fn describe(works: &Works, state: &WorksState, moment: &Moment, view: &mut View) {
    // What happened to earlier days says nothing of those of a later revision.
    let begins = crate::words::civil::midnight(&moment.zone, works.from);
    let ended = state.ended.as_ref().filter(|ended| ended.at >= begins);
    let works = &until_set(works, ended, moment, view);
    view.summary.clone_from(&works.summary);
    let phones = works.phones.iter().map(|phone| (phone.label.clone(), phone.number.clone())).collect();
    view.sections.push(Section::Calls(Calls { phones, ..Calls::default() }));
    let days = works.days().held(view.effective_from, view.days_end);
    view.sections.push(Section::Calendar(Calendar::of(days, &["road", "stretch", "works-hours", "every", "detour"])));
    let postponed = state.postponed.as_ref().filter(|postponed| postponed.from == works.from);
    let has_ended = ended.is_some_and(|ended| ended.at <= moment.now);
    let spells = if view.status == Status::InForce && !has_ended { works.spells(moment) } else { Vec::new() };
    let is_active = spells.first().is_some_and(|(begin, _)| *begin <= moment.now);
    let standing = match view.status {
        Status::InForce if has_ended || spells.is_empty() => Some("works-over"),
        Status::InForce if is_active => Some("works-active"),
        Status::InForce => Some("works-between"),
        Status::Upcoming if postponed.is_some() => Some("works-postponed"),
        Status::Upcoming => Some("works-planned"),
        Status::Expired => Some("works-over"),
        _ => None,
    };
    if let Some(standing) = standing {
        view.standing = standing.into();
    }
    view.lasting = matches!(view.status, Status::InForce | Status::Upcoming).then_some("works-on-paper");
    // By the hour: the road closes and opens again.
    let turns = spells.iter().flat_map(|(begin, end)| std::iter::once(*begin).chain(*end)).filter(|at| *at > moment.now).min();
    view.next_change = view.next_change.into_iter().chain(turns).min();
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    let text = |text: &Option<String>| text.clone().map(Shown::Text);
    fact("road", Shown::Text(works.road.clone()));
    if let Some(stretch) = text(&works.stretch) {
        fact("stretch", stretch);
    }
    let direction = match works.closed.direction {
        Direction::Both => "closed-both",
        Direction::One => "closed-one",
        Direction::Neither => "closed-neither",
    };
    fact("closed", Shown::Key(direction.into()));
    if let Some(towards) = text(&works.closed.towards) {
        fact("closed-towards", towards);
    }
    if let Some(lanes) = works.closed.lanes {
        fact("closed-lanes", Shown::Text(lanes.to_string()));
    }
    if !works.closed.vehicles.is_empty() {
        fact("closed-to", Shown::Keys(works.closed.vehicles.iter().map(|vehicle| vehicle.key().to_owned()).collect()));
    }
    if let Some(passes) = works.closed.emergency {
        fact("emergency-vehicles", Shown::Key(if passes { "emergency-pass" } else { "emergency-no-pass" }.into()));
    }
    if let Some(hours) = hours(works) {
        fact("works-hours", Shown::Text(hours));
    }
    let days = works.hours.iter().flat_map(|hours| &hours.days).map(|day| day.key().to_owned()).collect::<Vec<_>>();
    if !days.is_empty() {
        fact("every", Shown::Keys(days));
    }
    if let Some(detour) = text(&works.detour) {
        fact("detour", detour);
    }
    if let Some(postponed) = postponed {
        fact("postponed-because", Shown::Text(postponed.reason.clone()));
    }
    if let Some(ended) = ended {
        fact("ended-early", Shown::Moment(ended.at));
        fact("ended-because", Shown::Text(ended.reason.clone()));
    }
    fact("allowed-by", Shown::Text(works.authority.clone()));
    for (label, value) in [("permit", &works.permit), ("contractor", &works.contractor)] {
        if let Some(value) = text(value) {
            fact(label, value);
        }
    }
    properties(works, ended, is_active, view);
}

/// Puts the properties into the view.
fn properties(works: &Works, ended: Option<&EndedEarly>, is_active: bool, view: &mut View) {
    let vehicles = works.closed.vehicles.iter().map(|vehicle| vehicle.key().trim_start_matches("vehicle-")).collect::<Vec<_>>().join(", ");
    let properties = [
        ("active", json!(is_active)),
        ("authority", json!(works.authority)),
        ("closed_direction", json!(works.closed.direction)),
        ("closed_lanes", json!(works.closed.lanes)),
        ("closed_vehicles", json!((!vehicles.is_empty()).then_some(vehicles))),
        ("contractor", json!(works.contractor)),
        ("detour", json!(works.detour)),
        ("emergency_passes", json!(works.closed.emergency)),
        ("ended_at", json!(ended.map(|ended| in_milliseconds(ended.at)))),
        ("hours", json!(hours(works))),
        ("permit", json!(works.permit)),
        ("phone", json!(works.phones.first().map(|phone| &phone.number))),
        ("road", json!(works.road)),
        ("stretch", json!(works.stretch)),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
}
