//! Reads ASCII DXF (AutoCAD DXF reference, R12 to 2018). Closed outlines and hatches become areas. The land-use
//! code comes from a text inside the area or from the layer's name, and holes come from nesting.
//!
//! This is an own reader of group codes, because no maintained crate reads HATCH, which planners use for areas.

mod areas;
mod codes;
mod curves;
mod drawing;
mod entity;
mod groups;
mod hatch;
mod labels;
mod text;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Left, Limits, ReadError, Reader, Tally, Whole, nest};
use crate::geometry::simple::{Geometry, Position};
use crate::import::columns::{LAYER, LINE_OF_TEXT};
use crate::import::feature::{Feature, of_lines};
use crate::import::source::ReadSeek;
use areas::{Area, assign_texts, cut_holes, drop_doubles, open_tables, unframe};
use codes::{code_among_words, code_of_layer, codes_in, is_beside_plan, is_legend, own_name};
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

/// Opens a drawing. With `tables`, it gives the table of texts in each area as columns: those of lots.
#[expect(clippy::too_many_lines, reason = "one pass over the entities, and what became of each")]
pub fn open(input: Box<dyn ReadSeek>, limits: &Limits, tables: bool) -> Result<Box<dyn Reader>, ReadError> {
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
        let code = code_of_layer(&layer, tables);
        match entity.shape {
            Drawn::Outline(ring, gap) => areas.push(Area::new(layer, code, vec![positions(ring)], false, gap)),
            Drawn::Hatch(rings, gap, islands) => {
                let rings: Vec<Vec<Position>> = rings.into_iter().map(positions).collect();
                let parts = match islands {
                    Islands::Alternate => nest::polygons(rings),
                    Islands::Outermost => nest::outermost(rings, true),
                    Islands::Ignored => nest::outermost(rings, false),
                };
                areas.extend(parts.into_iter().map(|rings| Area::new(layer.clone(), code, rings, true, gap)));
            }
            Drawn::Text(text) => {
                if !text.struck.is_empty() {
                    tally.quote(Left::StruckText(layer), &text.struck);
                }
                if !text.lines.is_empty() {
                    texts.push(*text);
                }
            }
            Drawn::Picture(kind) => tally.add(Left::Overlay(kind.to_owned())),
            Drawn::Point(_) if code.is_some() => tally.add(Left::Entities("POINT".to_owned(), layer)),
            Drawn::Point(_) => *elsewhere.entry(format!("{layer} (POINT)")).or_default() += 1,
            Drawn::Line(_, _, gap) if code.is_some() && gap.is_finite() && gap > 0.0 => {
                tally.quote(Left::Open(layer), &metres(gap));
            }
            Drawn::Line(kind, ..) | Drawn::Other(kind) if code.is_some() => {
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
    if tables {
        open_tables(&mut areas, &tally);
    }
    unframe(&mut areas, &tally);
    if tables {
        areas.iter_mut().for_each(|area| area.written = labels::written(&area.labels));
    }
    cut_holes(&mut areas, &tally);
    let mut without: BTreeMap<String, usize> = BTreeMap::new();
    let mut features = Vec::new();
    let any_code = areas.iter().any(|area| area.code().is_some());
    for area in areas {
        let code = area.code();
        if code.is_none() && any_code && !area.written.is_of_a_lot() {
            // A text that is no code may be one that was written wrongly.
            let words = area.texts.first().map(|text| format!(" ({})", text.chars().take(20).collect::<String>()));
            *without.entry(area.layer + &words.unwrap_or_default()).or_default() += 1;
            continue;
        }
        let (codes, of_layer) = (area.codes(), area.layer_code);
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
            features.push(feature(area, Value::from(format!("{code} / {of_layer}")), &tally));
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
        let code = code.map_or(Value::Null, Value::from);
        features.push(feature(area, code, &tally));
    }
    tally.list(Left::NoCode, &without);
    if features.is_empty() {
        let why = tally.because();
        return Err(ReadError::new("empty", sentence!("empty-dxf", why)));
    }
    if features.len() > limits.features {
        return Err(ReadError::too_many(limits.features));
    }
    Ok(Whole::drawing(features, tally))
}

/// An area with its code, its layer and its texts. A table in it gives a column for each line, and for each value with a word
/// before it.
fn feature(area: Area, code: Value, tally: &Tally) -> Feature {
    let mut properties = Map::from_iter([
        (CODE.to_owned(), code),
        (LAYER.to_owned(), Value::from(area.layer)),
        ("Text".to_owned(), Value::from(area.texts.join(" "))),
    ]);
    for (number, line) in area.written.lines.into_iter().enumerate() {
        properties.insert(format!("{LINE_OF_TEXT} {}", number + 1), Value::from(line));
    }
    for (name, value) in area.written.named {
        super::put(&mut properties, name, &value, tally);
    }
    Feature { properties, geometry: Ok(Geometry::Polygon(area.rings)), line: None }
}

/// Opens a drawing for its lines: open and closed ones alike, each with its layer; `with_points` for its points too.
pub fn open_lines(input: Box<dyn ReadSeek>, limits: &Limits, with_points: bool) -> Result<Box<dyn Reader>, ReadError> {
    let tally = Tally::default();
    let mut features = Vec::new();
    for entity in Drawing::read(input, limits, &tally)?.0 {
        let layer = entity.layer;
        let points = match entity.shape {
            Drawn::Point(at) if with_points => {
                let properties = Map::from_iter([(LAYER.to_owned(), Value::from(layer))]);
                features.push(Feature { properties, geometry: Ok(Geometry::Point(Position(at))), line: None });
                continue;
            }
            Drawn::Point(_) => {
                tally.add(Left::Entities("POINT".into(), layer));
                continue;
            }
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
        let properties = Map::from_iter([(LAYER.to_owned(), Value::from(layer))]);
        features.push(Feature { properties, geometry: of_lines(vec![points.into_iter().map(Position).collect()]), line: None });
    }
    if features.is_empty() {
        let why = tally.because();
        return Err(ReadError::new("empty", sentence!("empty-dxf-lines", why)));
    }
    if features.len() > limits.features {
        return Err(ReadError::too_many(limits.features));
    }
    Ok(Whole::drawing(features, tally))
}

/// Metres as text, to the centimetre, or to the millimetre below one centimetre.
fn metres(gap: f64) -> String {
    let rounded = if gap < 0.01 { (gap * 1000.0).round() / 1000.0 } else { (gap * 100.0).round() / 100.0 };
    format!("{rounded}")
}

#[cfg(test)]
mod tests {
    use super::codes::code_in;
    use super::*;

    #[test]
    fn codes_are_found_in_texts_and_layers() {
        assert_eq!(code_in("ODT 1,2 ha"), Some("ODT"));
        assert_eq!(code_in("QH_LUC"), Some("LUC"));
        assert_eq!(code_in("RANH GIOI"), None);
        assert_eq!(text::plain_text(r"{\fArial|b0;ODT}\PDi\U+1EC7n"), (vec!["ODT".into(), "Diện".into()], String::new()));
        for text in [r"{\KCLN\k} ODT", r"\KCLN\k\PODT", "%%kCLN%%k ODT", r"{\KCLN} ODT"] {
            assert_eq!(text::plain_text(text), (vec!["ODT".into()], "CLN".into()), "{text}");
        }
        for (text, plain) in [
            (r"DT: 1500m{\H0.7x;\S2^;}", "DT: 1500m²"),
            (r"L\U+00F4 \S1/2; t\S3#4;", "Lô 1/2 t3/4"),
            ("45%%d %%p2 %%c10 50%%% 3%%176", "45° ±2 Ø10 50% 3°"),
            ("%%uODT%%u", "ODT"),
        ] {
            assert_eq!(text::plain_text(text).0, [plain], "{text}");
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
