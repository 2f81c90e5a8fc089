//! What a plan adds to the shared view.

use serde_json::json;

use super::{LineKind, Plan, PointKind, Reviewed};
use crate::domain::publication::view::Fact;
use crate::domain::publication::view::Section;
use crate::domain::publication::view::Shown;
use crate::domain::publication::view::View;
use crate::domain::schema::{Equal, Property, Type};

/// Properties of a plan, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("adjustment", Type::Text).of(&["first", "overall", "local"]),
    Property::new("area_ha", Type::Number),
    Property::new("authority", Type::Text).like("UBND tỉnh Yên Bái"),
    Property::new("decision", Type::Text).like("0007/QĐ-DEMO").equal_by(Equal::DecisionNumber),
    Property::new("information_code", Type::Text).like("QH-2021-01"),
    Property::new("level", Type::Text).like("xã"),
    Property::new("period_from", Type::Integer),
    Property::new("period_to", Type::Integer),
    Property::new("scale", Type::Text).like("1/10000"),
    Property::new("signatory", Type::Text).like("Nguyễn Văn Mẫu"),
    Property::new("signed", Type::Date),
    Property::new("vision", Type::Integer),
    Property::new("zone_count", Type::Integer),
];

/// Properties of a zone, beyond those that all features have.
pub(super) const ZONE_PROPERTIES: &[Property] = &[
    Property::new("land_use_name", Type::Text).like("Đất ở tại đô thị"),
    Property::new("area_ha", Type::Number),
    Property::new("land_use", Type::Text).like("ODT"),
    Property::new("name", Type::Text).like("Chợ Ga"),
    Property::new("note", Type::Text).like("Chỉnh ranh giới"),
];

/// Properties of a line, beyond those that all features have.
pub(super) const LINE_PROPERTIES: &[Property] = &[
    Property::new("length_m", Type::Integer),
    Property::new("line_kind", Type::Text).of(LineKind::NAMES),
    Property::new("name", Type::Text).like("Hành lang suối Mẫu"),
    Property::new("note", Type::Text).like("Chỉnh ranh giới"),
    Property::new("right_of_way_m", Type::Number),
    Property::new("road", Type::Text).like("Đường Mẫu 1"),
];

/// Properties of a point, beyond those that all features have.
pub(super) const POINT_PROPERTIES: &[Property] = &[
    Property::new("name", Type::Text).like("M12"),
    Property::new("note", Type::Text).like("Chỉnh ranh giới"),
    Property::new("point_kind", Type::Text).of(PointKind::NAMES),
];

pub(super) fn describe(plan: &Plan, reviewed: Option<&Reviewed>, view: &mut View) {
    let decision = &plan.decision;
    view.summary.clone_from(&plan.summary);
    view.sections.push(Section::Decision(decision.signed, plan.crs));
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    fact("decision", Shown::Text(decision.number.clone()));
    fact("authority", Shown::Text(decision.authority.clone()));
    fact("signed", Shown::Date(decision.signed));
    if let Some(signatory) = &decision.signatory {
        fact("signatory", Shown::Text(signatory.clone()));
    }
    if let Some(period) = plan.period {
        fact("period", Shown::Span(period.from.into(), period.to.into()));
    }
    if let Some(year) = plan.vision {
        fact("vision", Shown::Text(year.to_string()));
    }
    if let Some(scale) = &plan.scale {
        fact("scale", Shown::Text(scale.clone()));
    }
    let left_out = plan.zones.iter().chain(&plan.outline).flat_map(|set| &set.left_out).map(|number| format!("#{number}"));
    let left_out: Vec<String> = left_out.collect();
    if !left_out.is_empty() {
        fact("left-out", Shown::Text(left_out.join(", ")));
    }
    if let Some(level) = &plan.level {
        fact("level", Shown::Text(level.clone()));
    }
    let adjustment = serde_json::to_value(plan.adjustment).ok();
    if let Some(adjustment) = adjustment.as_ref().and_then(|value| value.as_str()) {
        fact("adjustment", Shown::Key(format!("adjustment-{adjustment}")));
    }
    if let Some(code) = &plan.information_code {
        fact("information-code", Shown::Text(code.clone()));
    }
    if let Some(reviewed) = reviewed.filter(|reviewed| reviewed.on >= decision.signed) {
        fact("reviewed", Shown::Date(reviewed.on));
        fact("review-conclusion", Shown::Text(reviewed.conclusion.clone()));
    }
    let properties = [
        ("authority", json!(decision.authority)),
        ("decision", json!(decision.number)),
        ("signed", json!(decision.signed)),
        ("signatory", json!(decision.signatory)),
        ("period_from", json!(plan.period.map(|p| p.from))),
        ("period_to", json!(plan.period.map(|p| p.to))),
        ("vision", json!(plan.vision)),
        ("scale", json!(plan.scale)),
        ("level", json!(plan.level)),
        ("adjustment", json!(plan.adjustment)),
        ("information_code", json!(plan.information_code)),
        ("zone_count", json!(plan.zones.as_ref().map_or(0, |z| z.count))),
        ("area_ha", json!(plan.zones.as_ref().and_then(|z| z.area_ha))),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
}
