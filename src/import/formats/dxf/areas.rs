//! The areas of a drawing: which text stands in which, which is drawn twice, which is cut out of which.

use std::collections::{BTreeMap, HashMap};

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTreeBuilder, RTreeIndex};

use super::super::{Left, Tally, nest};
use super::codes::{code_among_words, plain_code};
use super::curves::distance;
use super::labels::Written;
use super::text::Text;
use crate::geometry::simple::{Position, Rings};

/// An area of the drawing.
pub(super) struct Area {
    pub(super) layer: String,
    pub(super) rings: Rings,
    pub(super) texts: Vec<String>,
    /// The same texts, with their places.
    pub(super) labels: Vec<Text>,
    /// The code that the layer names.
    pub(super) layer_code: Option<&'static str>,
    /// The table of a lot that is written in it; empty where none is wanted.
    pub(super) written: Written,
    pub(super) is_hatch: bool,
    /// The gap that was closed, metres.
    pub(super) gap: f64,
}

fn key(ring: &[Position]) -> (i64, i64, i64) {
    let sum = ring.iter().fold([0.0, 0.0], |sum, p| [sum[0] + p.0[0], sum[1] + p.0[1]]);
    ((sum[0] * 10.0).round() as i64, (sum[1] * 10.0).round() as i64, (nest::area(ring).abs() * 10.0).round() as i64)
}

fn open_ring(ring: &[Position]) -> &[Position] {
    match ring {
        [first, rest @ .., last] if first == last => &ring[..=rest.len()],
        _ => ring,
    }
}

impl Area {
    pub(super) fn new(layer: String, layer_code: Option<&'static str>, rings: Rings, is_hatch: bool, gap: f64) -> Self {
        Self { layer, rings, texts: Vec::new(), labels: Vec::new(), layer_code, written: Written::default(), is_hatch, gap }
    }

    /// The codes that its texts are. On the layer of a class, “DL-01” is the number of a lot, and not another class.
    pub(super) fn codes(&self) -> Vec<&'static str> {
        let are_numbers = self.written.is_of_a_lot() && self.layer_code.is_some();
        if are_numbers { Vec::new() } else { self.texts.iter().filter_map(|text| plain_code(text)).collect() }
    }

    /// The code of a text that says nothing else, else of the layer, else of a text with more words.
    pub(super) fn code(&self) -> Option<&'static str> {
        let plain = self.codes().first().copied();
        plain.or(self.layer_code).or_else(|| self.texts.iter().find_map(|text| code_among_words(text)))
    }
}

/// Removes polylines that a hatch fills: the two are one area.
pub(super) fn drop_doubles(areas: &mut Vec<Area>) {
    let hatched = areas.iter().filter(|area| area.is_hatch);
    let hatches: HashMap<_, _> =
        hatched.flat_map(|area| area.rings.iter().map(move |ring| (key(open_ring(ring)), area.layer_code))).collect();
    // Where the two layers name different codes, both stay, and the report names the overlap.
    let says_the_same = |area: &Area| match (hatches.get(&key(open_ring(&area.rings[0]))), area.layer_code) {
        (Some(Some(code)), Some(own)) => *code == own,
        (hatch, _) => hatch.is_some(),
    };
    areas.retain(|area| area.is_hatch || !says_the_same(area));
}

/// Gives each text to the smallest area around it, and returns the texts that lie in none.
pub(super) fn assign_texts(areas: &mut [Area], texts: Vec<Text>) -> Vec<String> {
    let mut alone = Vec::new();
    if areas.is_empty() {
        return texts.iter().map(Text::joined).collect();
    }
    let mut builder = RTreeBuilder::<f64>::new(areas.len() as u32);
    for area in areas.iter() {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for Position(p) in area.rings.iter().flatten() {
            for k in 0..2 {
                low[k] = low[k].min(p[k]);
                high[k] = high[k].max(p[k]);
            }
        }
        builder.add(low[0], low[1], high[0], high[1]);
    }
    let tree = builder.finish::<HilbertSort>();
    for text in texts {
        let at = Position(text.at);
        let [x, y] = text.at;
        let around = tree.search(x, y, x, y).into_iter().map(|i| i as usize);
        let inside = around.filter(|i| {
            let (outer, holes) = (&areas[*i].rings[0], &areas[*i].rings[1..]);
            nest::contains(outer, at) == Some(true) && !holes.iter().any(|hole| nest::contains(hole, at) == Some(true))
        });
        let smallest = inside.min_by(|a, b| {
            let size = |i: usize| nest::area(&areas[i].rings[0]).abs();
            size(*a).total_cmp(&size(*b)).then(a.cmp(b))
        });
        match smallest {
            Some(smallest) => {
                areas[smallest].texts.push(text.joined());
                areas[smallest].labels.push(text);
            }
            None => alone.push(text.joined()),
        }
    }
    alone
}

/// Greatest share of an outline that may be cut out of it. More is not an island but the same area drawn twice.
const MOST_CUT: f64 = 0.9;

/// Makes an outline inside another one its hole, and says so; hatches already have their own.
pub(super) fn cut_holes(areas: &mut [Area], tally: &Tally) {
    let outlines: Vec<usize> = (0..areas.len()).filter(|i| !areas[*i].is_hatch && areas[*i].code().is_some()).collect();
    let rings: Vec<Vec<Position>> = outlines.iter().map(|i| areas[*i].rings[0].clone()).collect();
    let views: Vec<&[Position]> = rings.iter().map(Vec::as_slice).collect();
    for (inner, parent) in nest::parents(&views).into_iter().enumerate() {
        let size = |ring: usize| nest::area(&rings[ring]).abs();
        if let Some(parent) = parent.filter(|parent| size(inner) < MOST_CUT * size(*parent)) {
            tally.quote(
                Left::CutOut(areas[outlines[parent]].layer.clone()),
                &format!("{} m²", crate::words::format::decimal(size(inner), 0)),
            );
            areas[outlines[parent]].rings.push(rings[inner].clone());
        }
    }
}

/// Least part of a parcel's area that a circle in it must have to be a zone of its own; smaller ones frame a label.
const LEAST_PART: f64 = 0.25;
/// Least roundness of a circle that was drawn as a polyline: 4π·area / perimeter², 1 for a true circle.
const ROUND: f64 = 0.95;

fn is_round(ring: &[Position]) -> bool {
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    let around: f64 = pairs.map(|(Position(a), Position(b))| libm::hypot(b[0] - a[0], b[1] - a[1])).sum();
    ring.len() > 12 && 4.0 * std::f64::consts::PI * nest::area(ring).abs() > ROUND * around * around
}

/// Gives what stands in a small circle to the parcel around it: planners draw a circle with the code and the area into
/// each parcel. A circle in a parcel of another code may be a zone, and is said.
pub(super) fn unframe(areas: &mut Vec<Area>, tally: &Tally) {
    let outlines: Vec<usize> = (0..areas.len()).filter(|i| !areas[*i].is_hatch).collect();
    let rings: Vec<Vec<Position>> = outlines.iter().map(|i| areas[*i].rings[0].clone()).collect();
    let views: Vec<&[Position]> = rings.iter().map(Vec::as_slice).collect();
    let size = |ring: usize| nest::area(&rings[ring]).abs();
    let mut gone = Vec::new();
    for (inner, parent) in nest::parents(&views).into_iter().enumerate() {
        let Some(parent) = parent.filter(|parent| size(inner) < LEAST_PART * size(*parent)) else { continue };
        let (circle, parcel) = (&areas[outlines[inner]], &areas[outlines[parent]]);
        let is_label = circle.layer_code.is_none() && circle.code().is_some() && is_round(&circle.rings[0]);
        if !is_label {
            continue;
        }
        if parcel.code().is_none_or(|code| circle.code() == Some(code)) {
            let (texts, labels) = (areas[outlines[inner]].texts.clone(), areas[outlines[inner]].labels.clone());
            tally.quote(Left::Framed(areas[outlines[inner]].layer.clone()), texts.first().map_or("", String::as_str));
            areas[outlines[parent]].texts.extend(texts);
            areas[outlines[parent]].labels.extend(labels);
            gone.push(outlines[inner]);
        } else {
            tally.quote(Left::RoundZone(circle.layer.clone()), circle.code().unwrap_or_default());
        }
    }
    remove(areas, &gone);
}

fn remove(areas: &mut Vec<Area>, gone: &[usize]) {
    let mut at = 0;
    areas.retain(|_| {
        at += 1;
        gone.binary_search(&(at - 1)).is_err()
    });
}

/// Most frames of a layer that the table of one lot has, one beside the other.
const MOST_FRAMES: usize = 8;
/// How many times as large as its texts a table is at most. A lot around a text is larger.
const HUGS: f64 = 4.0;
/// Width and height of what a letter takes, in heights of the letter.
const LETTER: f64 = 0.8 * 1.8;

/// The part of the drawing that texts take, in square metres.
fn size_of_texts(labels: &[Text]) -> f64 {
    let size = |text: &Text| {
        let height = distance(text.at, text.along);
        text.lines.iter().map(|line| line.chars().count()).sum::<usize>() as f64 * LETTER * height * height
    };
    labels.iter().map(size).sum()
}

/// The frames of a layer in a lot: all of them, and the outer ones among them.
#[derive(Default)]
struct Frames {
    all: Vec<usize>,
    outer: Vec<usize>,
}

/// Gives what stands in the frames of a table to the lot around it. The frames lie on a layer of their own, close around
/// their texts.
pub(super) fn open_tables(areas: &mut Vec<Area>, tally: &Tally) {
    let outlines: Vec<usize> = (0..areas.len()).filter(|i| !areas[*i].is_hatch).collect();
    let views: Vec<&[Position]> = outlines.iter().map(|i| areas[*i].rings[0].as_slice()).collect();
    let parents = nest::parents(&views);
    let layer = |at: usize| areas[outlines[at]].layer.as_str();
    let size = |at: usize| nest::area(views[at]).abs();
    let mut tables: BTreeMap<(usize, &str), Frames> = BTreeMap::new();
    for at in 0..outlines.len() {
        let mut above = parents[at];
        let is_outer = above.is_some_and(|above| layer(above) != layer(at));
        while let Some(same) = above.filter(|above| layer(*above) == layer(at)) {
            above = parents[same];
        }
        let Some(lot) = above else { continue };
        let table = tables.entry((lot, layer(at))).or_default();
        table.all.push(at);
        table.outer.extend(is_outer.then_some(at));
    }
    let hug = |lot: usize, Frames { all, outer }: &Frames| {
        let texts: f64 = all.iter().map(|at| size_of_texts(&areas[outlines[*at]].labels)).sum();
        let frames: f64 = outer.iter().map(|at| size(*at)).sum();
        let is_of_a_class = all.iter().any(|at| areas[outlines[*at]].layer_code.is_some());
        // Where lots lie on the layers of classes, an outline on another layer in one of them is no lot.
        let is_lot_of_a_class = areas[outlines[lot]].layer_code.is_some();
        let is_table = frames < HUGS * texts || is_lot_of_a_class && texts > 0.0;
        !is_of_a_class && outer.len() <= MOST_FRAMES && is_table && frames < LEAST_PART * size(lot)
    };
    let found: Vec<(usize, Vec<usize>)> = tables
        .iter()
        .filter(|((lot, _), frames)| hug(*lot, frames))
        .map(|((lot, _), frames)| (outlines[*lot], frames.all.iter().map(|at| outlines[*at]).collect()))
        .collect();
    let mut gone = Vec::new();
    for (lot, frames) in found {
        for frame in frames {
            let (texts, labels) = (std::mem::take(&mut areas[frame].texts), std::mem::take(&mut areas[frame].labels));
            tally.quote(Left::Framed(areas[frame].layer.clone()), texts.first().map_or("", String::as_str));
            areas[lot].texts.extend(texts);
            areas[lot].labels.extend(labels);
            gone.push(frame);
        }
    }
    gone.sort_unstable();
    remove(areas, &gone);
}
