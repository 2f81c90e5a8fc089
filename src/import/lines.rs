//! Reads lines: works on a road, and the way around them.

use serde_json::{Map, Value, json};

use super::cell;
use super::columns;
use super::feature::{Feature, GeometryError};
use super::formats;
use super::points;
use super::report::{Finding, Report, Severity};
use super::source::Source;
use super::zones::{Imported, Options};
use crate::features::canonical;
use crate::geometry::contains;
use crate::geometry::crs::Crs;
use crate::geometry::simple::{Geometry, Position};
use crate::import::choose_crs::Chosen;
use crate::words::fold::{clean, fold};
use crate::words::sentence::Sentence;

/// Columns that say what a line is, folded without separators.
const ROLE_NAMES: &[&str] = &["loai", "vaitro", "role", "type", "kind", "layer", "folder", "aside"];
/// Words by which offices call the way around, folded.
const DETOUR: &[&str] =
    &["detour", "aside", "duong tranh", "tuyen tranh", "loi tranh", "vong tranh", "duong vong", "loi vong", "huong vong"];

/// Reads a file of lines as a canonical set. A line that its file calls a detour does not belong to the item's place
/// and gets the property `aside`. Lengths are measured in the plane of the options, in whole metres.
pub fn import(source: &Source, options: &Options) -> Imported {
    let mut report = Report::default();
    let mut writer = canonical::Writer::default();
    let choice = formats::Choice { lines: true, ..options.choice.clone() };
    let options = Options { choice, ..options.clone() };
    let mut are_beside = true;
    if let (Some((features, chosen)), Ok(plane)) =
        (points::features(source, &options, points::MOST_ROWS, &mut report), Crs::new(options.plane))
    {
        let rows: Vec<&Map<String, Value>> = features.iter().map(|feature| &feature.properties).collect();
        let name = columns::name_column(&rows, options.columns.name.as_deref(), None);
        report.name_column.clone_from(&name);
        report.features = features.len();
        let unused = columns::unused(&rows, |column| name.as_deref() == Some(column) || is_role(column));
        let tally = formats::Tally::default();
        tally.list(formats::Left::UnusedOfLines, &unused);
        report.take(tally.notes());
        for (number, feature) in features.iter().enumerate() {
            match line(feature, &chosen, &options) {
                Ok(lines) => {
                    let text = name.as_ref().and_then(|name| cell::text(feature.properties.get(name)?)).map(|text| clean(&text));
                    let mut properties = Map::new();
                    let is_beside = is_detour(feature);
                    are_beside &= is_beside;
                    properties.insert("aside".into(), json!(is_beside));
                    properties.insert("length_m".into(), json!(metres(&lines, &plane)));
                    properties.insert("name".into(), json!(text.filter(|text| !text.is_empty())));
                    writer.push(&canonical::line_piece(&properties, &lines));
                }
                Err((check, said)) => report.push(Finding::new(Severity::Error, check, said).of(number, feature.line)),
            }
        }
    }
    if are_beside && report.is_clean() {
        report.add(Severity::Error, "only-detours", None, sentence!("only-detours"));
    }
    if !source.is_unchanged() {
        report.add(Severity::Error, "changed-while-read", None, sentence!("changed-while-read"));
    }
    report.sort();
    let set = writer.finish();
    let drawn = set.as_ref().map(|set| set.chunks.clone()).unwrap_or_default();
    Imported { set: set.filter(|_| report.is_clean()), report, drawn, plane: options.plane, further: Vec::new() }
}

fn is_role(column: &str) -> bool {
    ROLE_NAMES.contains(&columns::plain(column).as_str())
}

/// True if the file calls the line a way around the works.
fn is_detour(feature: &Feature) -> bool {
    feature.properties.iter().filter(|(column, _)| is_role(column)).any(|(column, value)| {
        // A truth may come as a word: in a table, or in KML.
        let words = cell::text(value).map(|text| fold(&text).replace(['-', '_'], " ")).unwrap_or_default();
        let is_flag = columns::plain(column) == "aside" && matches!(words.trim(), "true" | "1" | "co" | "x");
        is_flag || DETOUR.iter().any(|word| words.contains(word))
    })
}

pub(super) type Wrong = (&'static str, Sentence);

/// The feature's lines in 10⁻⁷ degrees, without positions that repeat.
pub(super) fn line(feature: &Feature, chosen: &Chosen, options: &Options) -> Result<Vec<Vec<[i64; 2]>>, Wrong> {
    let lines: &[Vec<Position>] = match &feature.geometry {
        Ok(Geometry::LineString(line)) => std::slice::from_ref(line),
        Ok(Geometry::MultiLineString(lines)) => lines,
        Ok(Geometry::Point(_)) => return Err(("not-a-line", sentence!("not-a-line"))),
        Ok(_) => {
            return Err(("not-a-line", sentence!("area-not-a-line")));
        }
        Err(GeometryError::Missing) => return Err(("no-geometry", sentence!("no-geometry-lines"))),
        Err(GeometryError::Unreadable(why)) => {
            return Err(("geometry-unreadable", sentence!("geometry-unreadable", why)));
        }
    };
    if lines.is_empty() {
        return Err(("no-geometry", sentence!("geometry-empty")));
    }
    let points: usize = lines.iter().map(Vec::len).sum();
    if points > options.choice.limits.points {
        return Err(("too-many-points", sentence!("points-more-than", points, most = options.choice.limits.points)));
    }
    let place = |Position([x, y]): &Position| -> Option<[i64; 2]> {
        let [x, y] = if chosen.swapped { [*y, *x] } else { [*x, *y] };
        let [lon, lat] = chosen.crs.to_wgs84(x, y).ok()?;
        contains(&options.city, lon, lat).then(|| [canonical::round(lon), canonical::round(lat)])
    };
    let mut placed = Vec::with_capacity(lines.len());
    for line in lines {
        let mut positions =
            line.iter().map(place).collect::<Option<Vec<_>>>().ok_or_else(|| ("outside-city", sentence!("outside-city-lines")))?;
        positions.dedup();
        if positions.len() < 2 {
            return Err(("line-too-short", sentence!("line-too-short")));
        }
        placed.push(positions);
    }
    Ok(placed)
}

/// The length of lines in the plane, whole metres.
pub(super) fn metres(lines: &[Vec<[i64; 2]>], plane: &Crs) -> i64 {
    let plain = |[lon, lat]: [i64; 2]| plane.from_wgs84(lon as f64 / 1e7, lat as f64 / 1e7).unwrap_or_default();
    let length = |[a, b]: &[[i64; 2]; 2]| {
        let ([x, y], [u, v]) = (plain(*a), plain(*b));
        libm::hypot(u - x, v - y)
    };
    lines.iter().map(|line| line.array_windows().map(length).sum::<f64>()).sum::<f64>().round() as i64
}
