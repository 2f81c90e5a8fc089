//! What the lines of a plan say at a place, in words.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::domain::land_use;
use crate::read_model::here::{PlanHere, ZoneHere};
use crate::read_model::streets::{RoadHere, Streets};
use crate::words::sentence::{Decimal, Sentence};
use crate::words::text::Lang;

/// Distance to a red line within which it counts as running through the place, metres: a centimetre of rounding, and more.
const AT_M: f64 = 0.05;

/// Of what the words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A position.
    Point,
    /// A resident's parcel.
    Parcel,
    /// A lot of the plan.
    Lot,
}

impl Subject {
    /// A parcel where its area is known.
    pub(super) fn of(parcel_m2: Option<f64>) -> Self {
        if parcel_m2.is_some() { Self::Parcel } else { Self::Point }
    }
}

fn road_words(here: &RoadHere, subject: Subject) -> Sentence {
    // A width is told as the plan has it, 13,25 m too.
    let places = (0..2).find(|places| (here.width_m * 10_f64.powi(*places)).fract().abs() < 1e-9).unwrap_or(2);
    let width = Decimal(here.width_m, places as usize);
    let of = match &here.road {
        Some(road) => sentence!("right-of-way-named", road, width),
        None => sentence!("right-of-way-unnamed", width),
    };
    match (here.area_m2.zip(here.share), subject) {
        (Some((area, share)), Subject::Lot) => sentence!("lot-in-right-of-way", area = Decimal(area, 1), share = Decimal(share, 1), of),
        (Some((area, share)), _) => sentence!("parcel-in-right-of-way", area = Decimal(area, 1), share = Decimal(share, 1), of),
        (None, _) => sentence!("point-in-right-of-way", of),
    }
}

/// The sentences, the gravest first.
pub(super) fn sentences(streets: &Streets, subject: Subject) -> Vec<Sentence> {
    let mut said: Vec<Sentence> = streets.roads.iter().map(|road| road_words(road, subject)).collect();
    if let Some(area) = streets.area_m2.filter(|_| streets.roads.len() > 1) {
        said.push(sentence!("in-rights-of-way", area = Decimal(area, 1)));
    }
    let is_parcel = subject == Subject::Parcel;
    match streets.red_line_m {
        Some(metres) if metres <= AT_M && is_parcel => said.push(sentence!("red-line-through")),
        Some(metres) if metres <= AT_M => said.push(sentence!("red-line-at")),
        Some(metres) if is_parcel => said.push(sentence!("red-line-from-parcel", metres = Decimal(metres, 1))),
        Some(metres) => said.push(sentence!("red-line-from-point", metres = Decimal(metres, 1))),
        None => {}
    }
    for corridor in &streets.corridors {
        said.push(match corridor {
            Some(name) => sentence!("corridor-named", name),
            None => sentence!("corridor-unnamed"),
        });
    }
    said
}

/// What the plan's areas of streets take of a place, where no right of way says it.
pub(super) fn of_areas(plan: &PlanHere) -> Option<Sentence> {
    let is_said = plan.streets.as_ref().is_some_and(|streets| !streets.roads.is_empty());
    let streets: Vec<&ZoneHere> =
        plan.zones.iter().filter(|zone| zone.lot.is_some() && land_use::STREETS.contains(&zone.land_use.as_str())).collect();
    if is_said || streets.is_empty() {
        return None;
    }
    let sum = |value: fn(&ZoneHere) -> Option<f64>| streets.iter().filter_map(|zone| value(zone)).sum::<f64>();
    Some(match sum(|zone| zone.area_m2) {
        0.0 => sentence!("point-in-street-land"),
        area => sentence!("parcel-in-street-land", area = Decimal(area, 1), share = Decimal(sum(|zone| zone.share), 1)),
    })
}

/// What the lines say, in words.
pub(super) fn words(lang: Lang, streets: &Streets, subject: Subject) -> Markup {
    html! {
        @for said in sentences(streets, subject) { p { b { (said.text(lang)) } } }
    }
}

/// What the lines say, for programs. Areas in square metres, distances in metres.
pub(super) fn json(streets: &Streets) -> Value {
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    let road = |road: &RoadHere| json!({ "road": road.road, "right_of_way_m": road.width_m, "area_m2": road.area_m2.map(tenth), "share": road.share.map(tenth) });
    json!({
        "roads": streets.roads.iter().map(road).collect::<Vec<_>>(),
        "in_right_of_way_m2": streets.area_m2.map(tenth),
        "red_line_m": streets.red_line_m.map(tenth),
        "corridors": streets.corridors,
    })
}
