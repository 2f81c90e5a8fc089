//! What the lines of a plan say at a place, in words.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::read_model::streets::{RoadHere, Streets};
use crate::words::sentence::{Decimal, Sentence};
use crate::words::text::Lang;

/// Distance to a red line within which it counts as running through the place, metres: a centimetre of rounding, and more.
const AT_M: f64 = 0.05;

fn road_words(lang: Lang, here: &RoadHere) -> Sentence {
    let width = Decimal(here.width_m, usize::from(here.width_m.fract() != 0.0));
    let unnamed = sentence!("street-unnamed").text(lang);
    let road = here.road.as_deref().unwrap_or(&unnamed);
    match (here.area_m2, here.share) {
        (Some(area), Some(share)) => sentence!("parcel-in-right-of-way", area = Decimal(area, 1), share = Decimal(share, 1), road, width),
        _ => sentence!("point-in-right-of-way", road, width),
    }
}

/// The sentences, the gravest first.
pub(super) fn sentences(lang: Lang, streets: &Streets, is_parcel: bool) -> Vec<Sentence> {
    let mut said: Vec<Sentence> = streets.roads.iter().map(|road| road_words(lang, road)).collect();
    if let Some(area) = streets.area_m2.filter(|_| streets.roads.len() > 1) {
        said.push(sentence!("parcel-in-rights-of-way", area = Decimal(area, 1)));
    }
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

/// What the lines say, in words.
pub(super) fn words(lang: Lang, streets: &Streets, is_parcel: bool) -> Markup {
    html! {
        @for said in sentences(lang, streets, is_parcel) { p { b { (said.text(lang)) } } }
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
