//! What a map point adds to the shared view.

use jiff::ToSpan;
use serde_json::json;

use super::{Duty, DutyChanged, MapPoint, PointKind};
use crate::domain::publication::Status;
use crate::domain::publication::view::Fact;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::Usable;
use crate::domain::publication::view::View;
use crate::domain::publication::view::{Calls, Section};
use crate::domain::schema::{Property, Type};
use crate::words::civil::in_milliseconds;

/// Minutes for which a duty status counts, where the point names no limit.
const DUTY_LIMIT_MINUTES: u16 = 120;

/// Properties of a map point, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("address", Type::Text).like("Tổ 5"),
    Property::new("always_open", Type::Boolean),
    Property::new("hamlets", Type::Text).like("Tổ 5"),
    Property::new("hours", Type::Text).like("Sáng thứ Ba, 8:00–11:00"),
    Property::new("languages", Type::Text).like("vi, tay"),
    Property::new("operator", Type::Text).like("Bệnh viện đa khoa"),
    Property::new("phone", Type::Text).like("0216 0000 111"),
    Property::new("role", Type::Text).like("Cấp cứu"),
];

/// Further properties of the points of one kind.
pub(super) fn properties_of(kind: &str) -> &'static [Property] {
    const DUTY: &[Property] =
        &[Property::new("duty", Type::Text).of(&["ready", "out", "off", "unknown"]), Property::new("duty_at", Type::Moment)];
    if kind == PointKind::Ambulance.as_str() { DUTY } else { &[] }
}

pub(super) fn describe(point: &MapPoint, state: Option<&DutyChanged>, moment: &Moment, view: &mut View) {
    view.summary.clone_from(&point.summary);
    view.position = Some(point.position);
    view.sections.push(Section::Calls(Calls {
        phones: point.phones.iter().map(|phone| (phone.label.clone(), phone.number.clone())).collect(),
        contact: point.contact.as_ref().map(|contact| contact.subject.clone()),
        is_emergency: point.kind == PointKind::Ambulance,
    }));
    if view.status == Status::InForce {
        view.standing = "active".into();
        view.lasting = Some("active");
    }
    let mut duty = None;
    if point.kind == PointKind::Ambulance {
        let limit = i64::from(point.duty_limit_minutes.unwrap_or(DUTY_LIMIT_MINUTES));
        let fresh = state.filter(|changed| changed.at + limit.minutes() > moment.now);
        if let Some(changed) = fresh {
            let stale_at = changed.at + limit.minutes();
            view.next_change = Some(view.next_change.map_or(stale_at, |at| at.min(stale_at)));
        }
        let name = fresh.map_or("unknown", |changed| changed.duty.as_str());
        duty = Some(name);
        view.sections.push(Section::Duty(match fresh.map(|changed| changed.duty) {
            Some(Duty::Ready) => Usable::Yes,
            Some(Duty::Out) => Usable::Busy,
            Some(Duty::Off) => Usable::No,
            None => Usable::Unknown,
        }));
        if view.status == Status::InForce {
            view.standing = format!("duty-{name}");
        }
        view.facts.push(Fact { label: "duty", value: Shown::Key(format!("duty-{name}")) });
        if let Some(changed) = state {
            view.facts.push(Fact { label: "duty-at", value: Shown::Moment(changed.at) });
        }
    }
    let texts = [
        ("address", point.address.clone()),
        ("role", point.role.clone()),
        ("operator", point.operator.clone()),
        ("hamlets", (!point.hamlets.is_empty()).then(|| point.hamlets.join(", "))),
        ("hours", point.hours.clone()),
        ("languages", (!point.languages.is_empty()).then(|| point.languages.join(", "))),
    ];
    for (label, text) in texts {
        if let Some(text) = text {
            view.facts.push(Fact { label, value: Shown::Text(text) });
        }
    }
    if point.always_open {
        view.facts.push(Fact { label: "hours", value: Shown::Key("always-open".into()) });
    }
    let properties = [
        ("address", json!(point.address)),
        ("role", json!(point.role)),
        ("operator", json!(point.operator)),
        ("hamlets", json!((!point.hamlets.is_empty()).then(|| point.hamlets.join(", ")))),
        ("hours", json!(point.hours)),
        ("always_open", json!(point.always_open)),
        ("languages", json!((!point.languages.is_empty()).then(|| point.languages.join(", ")))),
        ("phone", json!(point.phones.first().map(|phone| &phone.number))),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    if point.kind == PointKind::Ambulance {
        view.properties.insert("duty".into(), json!(duty));
        view.properties.insert("duty_at".into(), json!(state.map(|changed| in_milliseconds(changed.at))));
    }
}
