//! The rules of plans.

use jiff::civil::Date;

use super::{Plan, Reviewed};
use crate::domain::access::Role;
use crate::domain::document::Document;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::lot_indicators;
use crate::domain::publication::ClaimKind;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::publication::{Claim, Event, Family, Publication, Status};
use crate::domain::schema::{FeatureCollection, Further, Only, Property, Shape};
use crate::domain::unit::UnitId;
use crate::domain::{Context, Digest, Refusal};
use crate::geometry::contains;
use crate::words::alike::read;
use crate::words::fold::{bare_number, fold, marked};

/// Most characters of what a review found.
const LONGEST_CONCLUSION: usize = 2_000;

/// An authority as it is compared: “Ủy ban nhân dân tỉnh Lào Cai” and “UBND tỉnh Lào Cai” are one. “Xã Minh Tiến” and
/// “xã Minh Tiên” are two: names keep their marks.
fn bare_authority(authority: &str) -> String {
    // Abbreviations, and the words that stand for them, are known without their marks.
    let short = [
        ("uy ban nhan dan", "ubnd"),
        ("hoi dong nhan dan", "hdnd"),
        ("t.", "tinh"),
        ("tp.", "thanh pho"),
        ("p.", "phuong"),
        ("tinh", "tinh"),
        ("thanh pho", "thanh pho"),
        ("phuong", "phuong"),
        ("xa", "xa"),
    ];
    let text = read(authority);
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_matches([',', ';'])).collect();
    let plain: Vec<String> = words.iter().map(|word| fold(word)).collect();
    let mut bare = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let known = short
            .iter()
            .find(|(long, _)| long.split(' ').enumerate().all(|(i, word)| plain.get(at + i).is_some_and(|plain| plain == word)));
        if let Some((long, short)) = known {
            bare.push((*short).to_owned());
            at += long.split(' ').count();
        } else {
            bare.push(marked(words[at].trim_matches('.')));
            at += 1;
        }
    }
    bare.retain(|word| !word.is_empty());
    bare.join(" ")
}

/// The lines of a plan.
pub const LINES: Further = Further { field: "plan_lines", mark: "L", feature_kind: "line" };
/// The points of a plan.
pub const POINTS: Further = Further { field: "plan_points", mark: "P", feature_kind: "point" };

impl Family for Plan {
    const NAME: &'static str = "plan";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("plans", "")];
    const FEATURES: &'static [FeatureCollection] = &[
        FeatureCollection {
            name: "zones",
            only: Only::WithUse,
            shape: Shape::Areas,
            properties: &[super::view::ZONE_PROPERTIES],
            further: None,
        },
        FeatureCollection {
            name: "lots",
            only: Only::Lots,
            shape: Shape::Areas,
            properties: &[super::view::ZONE_PROPERTIES, lot_indicators::PROPERTIES],
            further: None,
        },
        FeatureCollection {
            name: "plan-lines",
            only: Only::All,
            shape: Shape::Lines,
            properties: &[super::view::LINE_PROPERTIES],
            further: Some(LINES),
        },
        FeatureCollection {
            name: "plan-points",
            only: Only::All,
            shape: Shape::Point,
            properties: &[super::view::POINT_PROPERTIES],
            further: Some(POINTS),
        },
    ];
    const SHAPE: Shape = Shape::Areas;
    const SETS: &'static [(&'static str, Takes)] =
        &[("zones", Takes::Zones), ("outline", Takes::Outline), (LINES.field, Takes::PlanLines), (POINTS.field, Takes::PlanPoints)];
    /// The second version may have lines and points.
    const FACTS_VERSION: u32 = 2;
    const ROLES: &'static [Role] = &[Role::Planner];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("plans", "QHSDD21AG"),
        ("zones", "QHSDD21AG-2-1"),
        ("lots", "QHPK2301B-1-1"),
        ("plan-lines", "QHPK2301B-1-L1"),
        ("plan-points", "QHPK2301B-1-P1"),
    ];
    const CHANGES: &'static [&'static str] = &["review"];
    const CHANGED: &'static [(&'static str, u32)] = &[("plan.reviewed", 1)];
    type Change = Reviewed;
    type Changed = Reviewed;
    type State = Option<Reviewed>;

    fn is_publishing(_: &Reviewed) -> bool {
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

    fn features(&self) -> Option<&FeatureSet> {
        self.zones.as_ref()
    }

    fn further(&self) -> Vec<(&'static str, &FeatureSet)> {
        let sets = [(LINES.field, self.plan_lines.as_ref()), (POINTS.field, self.plan_points.as_ref())];
        sets.into_iter().filter_map(|(field, set)| Some((field, set?))).collect()
    }

    fn outline(&self) -> Option<&FeatureSet> {
        self.outline.as_ref()
    }

    fn upcast_facts(version: u32, facts: serde_json::Value) -> Option<serde_json::Value> {
        // A plan of the first version has neither lines nor points.
        (version == 1).then_some(facts)
    }

    fn effective(&self, _: Date) -> (Date, Option<Date>) {
        (self.decision.signed, None)
    }

    fn check(&self, effective_from: Date, context: &Context) -> Result<(), Refusal> {
        if self.title.trim().is_empty() {
            return Err(Refusal::invalid("title-missing", sentence!("plan-incomplete")));
        }
        let decision = &self.decision;
        if decision.authority.trim().is_empty() || decision.number.trim().is_empty() {
            return Err(Refusal::invalid("decision-incomplete", sentence!("decision-incomplete")));
        }
        if decision.signed > context.today {
            return Err(Refusal::invalid(
                "signed-in-future",
                sentence!("signed-in-future", signed = decision.signed, today = context.today),
            ));
        }
        if effective_from < decision.signed {
            return Err(Refusal::invalid(
                "effective-before-signed",
                sentence!("effective-before-signed", effective_from, signed = decision.signed),
            ));
        }
        if let Some(period) = self.period.filter(|period| period.from > period.to) {
            return Err(Refusal::invalid("period-reversed", sentence!("plan-period-reversed", from = period.from, to = period.to)));
        }
        if let Some(code) = self.information_code.as_deref().filter(|code| !is_information_code(code)) {
            return Err(Refusal::invalid("information-code", sentence!("information-code", code)));
        }
        check_in_city(self.zones.as_ref(), context)?;
        check_in_city(self.outline.as_ref(), context)?;
        check_in_city(self.plan_lines.as_ref(), context)?;
        check_in_city(self.plan_points.as_ref(), context)
    }

    fn check_follows(&self, previous: &Self) -> Result<(), Refusal> {
        if self.decision.signed < previous.decision.signed {
            return Err(Refusal::invalid(
                "signed-before-last",
                sentence!("signed-before-last", signed = self.decision.signed, previous = previous.decision.signed),
            ));
        }
        Ok(())
    }

    fn claims(&self) -> Vec<Claim> {
        let decision = &self.decision;
        let authority = bare_authority(&decision.authority);
        let number = bare_number(&decision.number);
        let key = format!("{}|{authority}|{number}|{}", self.kind.as_str(), decision.signed);
        // Databases index keys of a limited length.
        let key = if key.len() > 500 { Digest::of(key.as_bytes()).to_string() } else { key };
        vec![Claim { kind: ClaimKind::Decision, key }]
    }

    fn decide(current: &Publication<Self>, change: Reviewed, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        if change.conclusion.trim().is_empty() || change.conclusion.chars().count() > LONGEST_CONCLUSION {
            return Err(Refusal::invalid("conclusion-missing", sentence!("conclusion-missing", most = LONGEST_CONCLUSION)));
        }
        if !matches!(current.status_on(context.today), Status::InForce | Status::Upcoming) {
            return Err(Refusal::conflict("review-ended", sentence!("review-ended")));
        }
        let signed = current.latest().map(|revision| revision.facts.decision.signed);
        let last = current.state.as_ref().map(|last| last.on);
        if change.on > context.today || signed.max(last).is_some_and(|since| change.on < since) {
            return Err(Refusal::invalid("review-day", sentence!("review-day", on = change.on)));
        }
        Ok(vec![Event::Changed(change)])
    }

    fn apply(state: &mut Option<Reviewed>, changed: &Reviewed) {
        *state = Some(changed.clone());
    }

    fn describe(&self, state: &Option<Reviewed>, _: &Moment, view: &mut View) {
        super::view::describe(self, state.as_ref(), view);
    }
}

/// `^\d{4}[1-4][1-5][0-2]\d{5}$`
fn is_information_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 12
        && bytes.iter().all(u8::is_ascii_digit)
        && (b'1'..=b'4').contains(&bytes[4])
        && (b'1'..=b'5').contains(&bytes[5])
        && (b'0'..=b'2').contains(&bytes[6])
}

/// Refuses a feature set that reaches beyond the city's box.
pub fn check_in_city(set: Option<&FeatureSet>, context: &Context) -> Result<(), Refusal> {
    let Some(set) = set else { return Ok(()) };
    let [west, south, east, north] = set.bbox;
    if contains(&context.city.bbox, west, south) && contains(&context.city.bbox, east, north) {
        return Ok(());
    }
    Err(Refusal::invalid("outside-city", sentence!("plan-outside", west, south, east, north, city = context.city.name())))
}
