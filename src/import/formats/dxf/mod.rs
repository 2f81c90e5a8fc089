//! Reads ASCII DXF (AutoCAD DXF reference, R12 to 2018). Closed outlines and hatches become areas. The land-use
//! code comes from a text inside the area or from the layer's name, and holes come from nesting.
//!
//! This is an own reader of group codes, because no maintained crate reads HATCH, which planners use for areas.

mod curves;
mod drawing;
mod entity;
mod groups;
mod hatch;
mod text;

use std::collections::{BTreeMap, HashMap};

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTreeBuilder, RTreeIndex};
use serde_json::{Map, Value};

use super::{Left, Limits, ReadError, Reader, Stated, Tally, Whole, nest};
use crate::domain::land_use;
use crate::geometry::simple::{Geometry, Position, Rings};
use crate::import::feature::{Feature, of_lines};
use crate::import::source::ReadSeek;
use crate::words::fold::fold;
use drawing::Drawing;
use entity::{Drawn, Islands};

/// A point of the drawing: x, y.
type Point = [f64; 2];

/// Name of the attribute that holds the code found.
const CODE: &str = "Ma";
/// Largest gap that is closed without a remark, metres.
const SLIP: f64 = 0.001;

/// True if a text begins like a DXF file.
pub(super) fn looks_like(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(512)]);
    let mut lines = text.lines().map(str::trim);
    match (lines.next(), lines.next()) {
        (Some("0"), Some("SECTION")) => true,
        // Some files begin with a comment.
        (Some("999"), Some(_)) => lines.next() == Some("0"),
        _ => false,
    }
}

/// The land-use code in a text or a layer's name: the first word that is a code.
fn code_in(text: &str) -> Option<&'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+');
    words.filter(|word| !word.is_empty()).find_map(|word| Some(land_use::get(&word.to_uppercase())?.code.as_str()))
}

/// The code that a text of a drawing is: its words are the code, numbers and units. None for a name with a code in it.
fn plain_code(text: &str) -> Option<&'static str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| word.chars().any(char::is_alphabetic));
    let code = code_in(words.next()?)?;
    // “ODT 2,5ha”, “LUC 125m2”, “CLN-12”.
    let is_unit = |word: &str| matches!(word.trim_start_matches(|c: char| c.is_ascii_digit()), "ha" | "HA" | "m" | "m2" | "M2" | "m²");
    words.all(|word| is_unit(word) || code_in(word).is_some()).then_some(code)
}

/// The code that stands in capitals among other words: “TON DUC THANG”, “Khu ODT”.
fn code_among_words(text: &str) -> Option<&'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| !word.is_empty());
    words.filter(|word| !word.chars().any(char::is_lowercase)).find_map(code_in)
}

/// The part of a layer's name that says what lies on it: drawings that were bound in put their own name before it
/// (`BANVE$0$CLN`, `banve|CLN`).
fn own_name(layer: &str) -> &str {
    layer.rsplit(['|', '$']).next().unwrap_or(layer)
}

/// True for a layer whose name says that it shows not the plan but what is there now, was, or is struck:
/// `HT_LUC`, `HIENTRANG-CLN`, `ODT_CU`, `KHONG_ODT`.
fn is_beside_plan(layer: &str) -> bool {
    let folded = fold(own_name(layer));
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let all: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    all.contains("hientrang") || words.into_iter().any(|word| matches!(word, "ht" | "cu" | "xoa" | "khong" | "bo" | "old"))
}

/// The distinct codes in a text.
fn codes_in(text: &str) -> Vec<&'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| !word.is_empty());
    let mut codes: Vec<&str> = words.filter_map(|word| Some(land_use::get(&word.to_uppercase())?.code.as_str())).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// True for a layer that holds the drawing's legend, by its name.
fn is_legend(layer: &str) -> bool {
    let plain: String = fold(layer).chars().filter(|c| c.is_alphanumeric()).collect();
    ["chugiai", "chudan", "chuthich", "legend", "bangmau", "kyhieu"].iter().any(|word| plain.contains(word))
}

/// An area of the drawing.
struct Area {
    layer: String,
    rings: Rings,
    texts: Vec<String>,
    is_hatch: bool,
    /// The gap that was closed, metres.
    gap: f64,
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

/// Opens a drawing.
#[expect(clippy::too_many_lines, reason = "one pass over the entities, and what became of each")]
pub fn open(input: Box<dyn ReadSeek>, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let tally = Tally::default();
    let (entities, unplotted) = Drawing::read(input, limits, &tally)?;
    let mut areas: Vec<Area> = Vec::new();
    let mut texts = Vec::new();
    // Shapes that could border an area but lie on a layer without a code, counted by layer and kind.
    let mut elsewhere: BTreeMap<String, usize> = BTreeMap::new();
    // Outlines do not repeat their first point at the end; rings do.
    let positions = |mut ring: Vec<Point>| {
        ring.extend(ring.first().copied());
        ring.into_iter().map(Position).collect::<Vec<_>>()
    };
    for entity in entities {
        let layer = entity.layer;
        match entity.shape {
            Drawn::Outline(ring, gap) => areas.push(Area { layer, rings: vec![positions(ring)], texts: Vec::new(), is_hatch: false, gap }),
            Drawn::Hatch(rings, gap, islands) => {
                let rings: Vec<Vec<Position>> = rings.into_iter().map(positions).collect();
                let parts = match islands {
                    Islands::Alternate => nest::polygons(rings),
                    Islands::Outermost => nest::outermost(rings, true),
                    Islands::Ignored => nest::outermost(rings, false),
                };
                areas.extend(parts.into_iter().map(|rings| Area { layer: layer.clone(), rings, texts: Vec::new(), is_hatch: true, gap }));
            }
            Drawn::Text(at, text, struck) => {
                if !struck.is_empty() {
                    tally.quote(Left::StruckText(layer), &struck);
                }
                if !text.is_empty() {
                    texts.push((Position(at), text));
                }
            }
            Drawn::Picture(kind) => tally.add(Left::Overlay(kind.to_owned())),
            Drawn::Line(_, _, gap) if code_in(own_name(&layer)).is_some() && gap.is_finite() && gap > 0.0 => {
                tally.quote(Left::Open(layer), &metres(gap));
            }
            Drawn::Line(kind, ..) | Drawn::Other(kind) if code_in(own_name(&layer)).is_some() => {
                tally.add(Left::Entities(kind.to_owned(), layer));
            }
            Drawn::Line(kind, ..) | Drawn::Other(kind) => *elsewhere.entry(format!("{layer} ({kind})")).or_default() += 1,
            Drawn::Gap(gap) => tally.quote(Left::Gap(layer), &metres(gap)),
            Drawn::HatchBorder => tally.add(Left::HatchBorder(layer)),
            Drawn::Tilted => tally.add(Left::Tilted(layer)),
            Drawn::Insert(_) => {}
        }
    }
    tally.list(Left::Linework, &elsewhere);
    drop_doubles(&mut areas);
    for text in assign_texts(&mut areas, texts) {
        if !codes_in(&text).is_empty() {
            tally.quote(Left::CodeAlone, &text);
        }
    }
    cut_holes(&mut areas, &tally);
    let mut without: BTreeMap<String, usize> = BTreeMap::new();
    let mut features = Vec::new();
    let any_code = areas.iter().any(|area| area.code().is_some());
    for area in areas {
        let code = area.code();
        if code.is_none() && any_code {
            // A text that is no code may be one that was written wrongly.
            let words = area.texts.first().map(|text| format!(" ({})", text.chars().take(20).collect::<String>()));
            *without.entry(area.layer + &words.unwrap_or_default()).or_default() += 1;
            continue;
        }
        let codes: Vec<&str> = area.texts.iter().filter_map(|text| plain_code(text)).collect();
        let of_layer = code_in(own_name(&area.layer));
        if codes.is_empty() && of_layer.is_none() && code.is_some() {
            let words = area.texts.iter().find(|text| code_among_words(text).is_some());
            tally.quote(Left::CodeAmongWords(area.layer.clone()), words.map_or("", String::as_str));
        }
        if let Some(other) = codes.iter().find(|other| **other != codes[0]) {
            tally.quote(Left::TwoCodes(area.layer.clone()), &format!("{}, {other}", codes[0]));
        }
        if code.is_some() && is_legend(&area.layer) {
            tally.add(Left::Legend(area.layer.clone()));
        }
        if code.is_some() && unplotted.contains(&area.layer.to_lowercase()) {
            tally.add(Left::NotPlotted(area.layer.clone()));
        }
        // In “CLN → ODT” or “ODT/TMD” only the author knows which code is meant, so neither is used.
        let open = area.texts.iter().find(|text| codes_in(text).len() > 1);
        if let Some(text) = open {
            tally.quote(Left::OpenCode(area.layer.clone()), text);
        }
        // By a layer with two codes, or one that is not the plan's, nobody can tell what is planned.
        let is_by_layer = codes.is_empty();
        // Where the layer and the text inside say different codes, only the author knows which one is planned.
        let against = of_layer.filter(|of_layer| codes.first().is_some_and(|code| code != of_layer));
        if let (Some(of_layer), Some(code)) = (against, codes.first()) {
            tally.quote(Left::LayerAgainstText(area.layer.clone()), code);
            features.push(Feature {
                properties: Map::from_iter([
                    (CODE.to_owned(), Value::from(format!("{code} / {of_layer}"))),
                    ("Layer".to_owned(), Value::from(area.layer)),
                    ("Text".to_owned(), Value::from(area.texts.join(" "))),
                ]),
                geometry: Ok(Geometry::Polygon(area.rings)),
                line: None,
            });
            continue;
        }
        let is_unclear = is_by_layer
            && of_layer.is_some()
            && code.is_some()
            && (codes_in(own_name(&area.layer)).len() > 1 || is_beside_plan(&area.layer));
        if is_unclear {
            tally.add(Left::UnclearLayer(area.layer.clone()));
        }
        let code = if is_unclear { Some(area.layer.as_str()) } else { open.map(String::as_str).or(code) };
        if area.gap > SLIP {
            tally.quote(Left::Closed(area.layer.clone()), &metres(area.gap));
        }
        let mut properties = Map::new();
        properties.insert(CODE.into(), code.map_or(Value::Null, Value::from));
        properties.insert("Layer".into(), Value::from(area.layer));
        properties.insert("Text".into(), Value::from(area.texts.join(" ")));
        features.push(Feature { properties, geometry: Ok(Geometry::Polygon(area.rings)), line: None });
    }
    tally.list(Left::NoCode, &without);
    if features.is_empty() {
        let why = tally.because();
        return Err(ReadError::new("empty", sentence!("empty-dxf", why)));
    }
    if features.len() > limits.features {
        return Err(ReadError::too_many(limits.features));
    }
    Ok(Whole::boxed(Stated::Nothing, features, tally))
}

/// Opens a drawing for its lines: open and closed ones alike, each with its layer.
pub fn open_lines(input: Box<dyn ReadSeek>, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let tally = Tally::default();
    let mut features = Vec::new();
    for entity in Drawing::read(input, limits, &tally)?.0 {
        let layer = entity.layer;
        let points = match entity.shape {
            Drawn::Line(_, points, _) => points,
            Drawn::Outline(mut ring, _) => {
                ring.extend(ring.first().copied());
                ring
            }
            Drawn::Hatch(..) | Drawn::Gap(_) | Drawn::HatchBorder => {
                tally.add(Left::Beside("HATCH".into()));
                continue;
            }
            Drawn::Picture(kind) => {
                tally.add(Left::Overlay(kind.to_owned()));
                continue;
            }
            Drawn::Other(kind) => {
                tally.add(Left::Entities(kind.to_owned(), layer));
                continue;
            }
            Drawn::Tilted => {
                tally.add(Left::Tilted(layer));
                continue;
            }
            Drawn::Text(..) | Drawn::Insert(_) => continue,
        };
        let properties = Map::from_iter([("Layer".to_owned(), Value::from(layer))]);
        features.push(Feature { properties, geometry: of_lines(vec![points.into_iter().map(Position).collect()]), line: None });
    }
    if features.is_empty() {
        let why = tally.because();
        return Err(ReadError::new("empty", sentence!("empty-dxf-lines", why)));
    }
    if features.len() > limits.features {
        return Err(ReadError::too_many(limits.features));
    }
    Ok(Whole::boxed(Stated::Nothing, features, tally))
}

/// Metres as text, to the centimetre, or to the millimetre below one centimetre.
fn metres(gap: f64) -> String {
    let rounded = if gap < 0.01 { (gap * 1000.0).round() / 1000.0 } else { (gap * 100.0).round() / 100.0 };
    format!("{rounded}")
}

impl Area {
    /// The code of a text that says nothing else, else of the layer, else of a text with more words.
    fn code(&self) -> Option<&'static str> {
        let plain = self.texts.iter().find_map(|text| plain_code(text));
        plain.or_else(|| code_in(own_name(&self.layer))).or_else(|| self.texts.iter().find_map(|text| code_among_words(text)))
    }
}

/// Removes polylines that a hatch fills: the two are one area.
fn drop_doubles(areas: &mut Vec<Area>) {
    let layer_code = |area: &Area| code_in(own_name(&area.layer));
    let hatched = areas.iter().filter(|area| area.is_hatch);
    let hatches: HashMap<_, _> =
        hatched.flat_map(|area| area.rings.iter().map(move |ring| (key(open_ring(ring)), layer_code(area)))).collect();
    // Where the two layers name different codes, both stay, and the report names the overlap.
    let says_the_same = |area: &Area| match (hatches.get(&key(open_ring(&area.rings[0]))), layer_code(area)) {
        (Some(Some(code)), Some(own)) => *code == own,
        (hatch, _) => hatch.is_some(),
    };
    areas.retain(|area| area.is_hatch || !says_the_same(area));
}

/// Gives each text to the smallest area around it, and returns the texts that lie in none.
fn assign_texts(areas: &mut [Area], texts: Vec<(Position, String)>) -> Vec<String> {
    let mut alone = Vec::new();
    if areas.is_empty() {
        return texts.into_iter().map(|(_, text)| text).collect();
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
    for (at, text) in texts {
        let Position([x, y]) = at;
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
            Some(smallest) => areas[smallest].texts.push(text),
            None => alone.push(text),
        }
    }
    alone
}

/// Greatest share of an outline that may be cut out of it. More is not an island but the same area drawn twice.
const MOST_CUT: f64 = 0.9;

/// Makes an outline inside another one its hole, and says so; hatches already have their own.
fn cut_holes(areas: &mut [Area], tally: &Tally) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_texts_and_layers() {
        assert_eq!(code_in("ODT 1,2 ha"), Some("ODT"));
        assert_eq!(code_in("QH_LUC"), Some("LUC"));
        assert_eq!(code_in("RANH GIOI"), None);
        assert_eq!(text::plain_text(r"{\fArial|b0;ODT}\PDi\U+1EC7n"), ("ODT Diện".into(), String::new()));
        for text in [r"{\KCLN\k} ODT", r"\KCLN\k\PODT", "%%kCLN%%k ODT", r"{\KCLN} ODT"] {
            assert_eq!(text::plain_text(text), ("ODT".into(), "CLN".into()), "{text}");
        }
        for (text, plain) in [
            (r"DT: 1500m{\H0.7x;\S2^;}", "DT: 1500m²"),
            (r"L\U+00F4 \S1/2; t\S3#4;", "Lô 1/2 t3/4"),
            ("45%%d %%p2 %%c10 50%%% 3%%176", "45° ±2 Ø10 50% 3°"),
            ("%%uODT%%u", "ODT"),
        ] {
            assert_eq!(text::plain_text(text).0, plain, "{text}");
        }
        assert_eq!(codes_in("CLN -> ODT"), ["CLN", "ODT"]);
        assert_eq!(codes_in("ODT 1,2 ha (ODT)"), ["ODT"]);
        assert!(is_legend("CHU GIAI") && is_legend("0_Chú dẫn") && !is_legend("ODT"));
    }

    #[test]
    fn gaps_are_told_in_metres() {
        assert_eq!((metres(0.3).as_str(), metres(5.0).as_str(), metres(0.004).as_str()), ("0.3", "5", "0.004"));
    }
}
