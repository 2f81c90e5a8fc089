//! Reads the lines and points of a plan.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::roles::{is_existing, line_kind, point_kind};
use crate::domain::plan::{LineKind, PointKind};
use crate::features::canonical::{FeatureText, line_piece, point_piece, round};
use crate::geometry::contains;
use crate::geometry::crs::Crs;
use crate::geometry::simple::Geometry;
use crate::import::cell;
use crate::import::choose_crs::Chosen;
use crate::import::columns::{self, is_cut, plain};
use crate::import::feature::{Feature, GeometryError, Kind, of_lines};
use crate::import::formats::{Left, Tally};
use crate::import::lines::{line, metres};
use crate::import::points;
use crate::import::report::{Finding, Report, Severity};
use crate::import::source::Source;
use crate::import::zones::Options;
use crate::words::fold::{clean, fold};
use crate::words::number::number;
use crate::words::sentence::{Decimal, Sentence};

/// Columns that speak of a right of way: canals have widths too.
const RIGHTS_OF_WAY: &[&str] = &["rightofwaym", "rightofway", "logioi", "logioiduong", "chieuronglogioi", "beronglogioi"];
/// Columns of the width of a right of way, folded without separators.
const WIDTHS: &[&str] = &[
    "rightofwaym",
    "rightofway",
    "logioi",
    "logioiduong",
    "chieuronglogioi",
    "beronglogioi",
    "rongduong",
    "chieurongduong",
    "chieurong",
    "berong",
    "berongduong",
    "width",
];
/// Columns of the name of a road.
const ROADS: &[&str] = &["road", "tenduong", "tenduongpho", "tentuyen", "tentuyenduong", "tuyenduong", "duong", "tuyen"];
/// Columns that say what a line is.
const KINDS: &[&str] =
    &["linekind", "loai", "loaiduong", "loaichigioi", "phanloai", "doituong", "tendoituong", "kind", "type", "layer", "folder"];
/// Widest street that there is, metres.
const WIDEST: f64 = 200.0;

/// The first column of those names, also where a Shapefile has cut it.
fn column(rows: &[&Map<String, Value>], names: &[&str]) -> Option<String> {
    let is_called = |column: &str, name: &str| {
        let bare = plain(column.split(['(', '[']).next().unwrap_or(column));
        bare == name || is_cut(column, name)
    };
    let holds = |column: &str| rows.iter().any(|row| row.get(column).and_then(cell::text).is_some());
    let all = || rows.iter().take(100).flat_map(|row| row.keys());
    names.iter().find_map(|name| all().find(|column| is_called(column, name) && holds(column)).cloned())
}

/// True for the name of a column of rights of way.
fn is_right_of_way(column: &str) -> bool {
    let bare = plain(column.split(['(', '[']).next().unwrap_or(column));
    RIGHTS_OF_WAY.iter().any(|name| bare == *name || is_cut(column, name))
}

/// True where the columns of lines or points say what they are, or that a line has a right of way.
pub(super) fn tells(rows: &[&Map<String, Value>], kind: Kind) -> bool {
    match kind {
        Kind::Areas => false,
        Kind::Lines => column(rows, RIGHTS_OF_WAY).is_some() || rows.iter().any(|row| stated(row, line_kind).is_some()),
        Kind::Points => rows.iter().any(|row| stated(row, point_kind).is_some()),
    }
}

/// The kind that the cells of a row state.
fn stated<T>(row: &Map<String, Value>, kind_of: impl Fn(&str) -> Option<T>) -> Option<T> {
    KINDS
        .iter()
        .find_map(|name| row.iter().filter(|(column, _)| plain(column) == *name).find_map(|(_, value)| kind_of(&cell::text(value)?)))
}

/// The columns of a layer of lines or points.
struct Columns {
    name: Option<String>,
    note: Option<String>,
    road: Option<String>,
    width: Option<String>,
}

/// Rows in which each column that says something says it: columns are judged by the first rows alone.
fn telling<'a>(rows: &[&'a Map<String, Value>]) -> Vec<&'a Map<String, Value>> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut says_more = |row: &&&'a Map<String, Value>| {
        let before = known.len();
        known.extend(
            row.iter().filter(|(_, value)| cell::text(value).is_some_and(|text| !text.is_empty())).map(|(column, _)| column.as_str()),
        );
        known.len() > before
    };
    rows.iter().filter(&mut says_more).copied().collect()
}

impl Columns {
    fn of(rows: &[&Map<String, Value>]) -> Self {
        let rows = &telling(rows);
        let name = columns::name_column(rows, None, None);
        Self { note: columns::note_column(rows, None), road: column(rows, ROADS), width: column(rows, WIDTHS), name }
    }

    fn is_used(&self, column: &str) -> bool {
        [&self.name, &self.note, &self.road, &self.width].iter().any(|own| own.as_deref() == Some(column))
            || KINDS.contains(&plain(column).as_str())
    }
}

/// The text of a cell; none where it says nothing.
fn text(feature: &Feature, column: Option<&String>) -> Option<String> {
    let text = clean(&cell::text(feature.properties.get(column?)?)?);
    (!text.is_empty() && !cell::is_null_word(&text)).then_some(text)
}

/// The width of a right of way as people write it, metres: `20,5`, `20.5 m`, `13,5m`. Errors: it is no such number.
fn width(text: &str) -> Result<Option<f64>, Sentence> {
    let bare = fold(text);
    let bare = bare.trim().trim_end_matches("met").trim_end_matches('m').trim();
    if bare.is_empty() || bare == "-" {
        return Ok(None);
    }
    match number(bare) {
        Some(0.0) => Ok(None),
        Some(wide) if wide > 0.0 && wide <= WIDEST => Ok(Some(wide)),
        Some(_) => Err(sentence!("width-beyond", text, most = Decimal(WIDEST, 0))),
        None => Err(sentence!("width-unread", text)),
    }
}

/// True where a cell says that the feature is there already.
fn says_existing(feature: &Feature) -> bool {
    feature.properties.iter().filter(|(column, _)| KINDS.contains(&plain(column).as_str())).any(|(column, value)| {
        // Folders and layers were judged by their whole names.
        !matches!(plain(column).as_str(), "layer" | "folder") && cell::text(value).is_some_and(|text| is_existing(&text))
    })
}

/// The features of a layer, with its coordinate system, and a remark on each column that is not used.
fn features(source: &Source, options: &Options, report: &mut Report) -> Option<(Vec<Feature>, Chosen, Columns)> {
    let (mut features, chosen) = points::features(source, options, usize::MAX, report)?;
    let before = features.len();
    features.retain(|feature| !says_existing(feature));
    let count = before - features.len();
    if count > 0 {
        report.add(Severity::Warning, "existing-left-out", None, sentence!("existing-lines", count));
    }
    let rows: Vec<&Map<String, Value>> = features.iter().map(|feature| &feature.properties).collect();
    let columns = Columns::of(&rows);
    let tally = Tally::default();
    tally.list(Left::UnusedOfLines, &columns::unused(&rows, |column| columns.is_used(column)));
    report.take(tally.notes());
    Some((features, chosen, columns))
}

/// What is wrong with a shape: only what may hide a wrong coordinate system stops a file. A line that is none is left out
/// with a word.
fn grave(check: &str) -> Severity {
    if check == "outside-city" || check == "too-many-points" { Severity::Error } else { Severity::Warning }
}

/// The borders of areas, as lines.
fn as_lines(feature: &Feature) -> Feature {
    let geometry = match &feature.geometry {
        Ok(Geometry::Polygon(rings)) => of_lines(rings.clone()),
        Ok(Geometry::MultiPolygon(parts)) => of_lines(parts.iter().flatten().cloned().collect()),
        geometry => geometry.clone(),
    };
    Feature { geometry, ..feature.clone() }
}

/// Adds the lines of a layer to `pieces`. `kind` is that of lines whose columns say none. Lengths are measured in the plane
/// of the options, in whole metres.
pub(super) fn add_lines(source: &Source, options: &Options, kind: Option<LineKind>, pieces: &mut Vec<FeatureText>, report: &mut Report) {
    let Ok(plane) = Crs::new(options.plane) else { return };
    let Some((features, chosen, columns)) = features(source, options, report) else { return };
    for (number, feature) in features.iter().enumerate() {
        let lines = match line(&as_lines(feature), &chosen, options) {
            Ok(lines) => lines,
            Err((check, said)) => {
                report.push(Finding::new(grave(check), check, said).of(number, feature.line));
                continue;
            }
        };
        let stated_kind = stated(&feature.properties, line_kind).or(kind);
        let wide = text(feature, columns.width.as_ref()).map_or(Ok(None), |text| width(&text));
        let wide = wide.unwrap_or_else(|said| {
            report.push(Finding::new(Severity::Warning, "width-unread", said).of(number, feature.line));
            None
        });
        // Only roads have a right of way.
        let is_road = wide.is_some() && columns.width.as_deref().is_some_and(is_right_of_way);
        let kind = stated_kind.unwrap_or(if is_road { LineKind::Road } else { LineKind::Other });
        let (name, road) = (text(feature, columns.name.as_ref()), text(feature, columns.road.as_ref()));
        // The name of a road's centre line is that of the road.
        let (name, road) = if kind == LineKind::Road && road.is_none() { (None, name) } else { (name, road) };
        let mut properties = Map::new();
        properties.insert("length_m".into(), json!(metres(&lines, &plane)));
        properties.insert("line_kind".into(), json!(kind.as_str()));
        properties.insert("name".into(), json!(name));
        properties.insert("note".into(), json!(text(feature, columns.note.as_ref())));
        properties.insert("right_of_way_m".into(), json!(wide));
        properties.insert("road".into(), json!(road));
        pieces.push(line_piece(&properties, &lines));
    }
}

/// Adds the points of a layer to `pieces`.
pub(super) fn add_points(source: &Source, options: &Options, kind: Option<PointKind>, pieces: &mut Vec<FeatureText>, report: &mut Report) {
    let Some((features, chosen, columns)) = features(source, options, report) else { return };
    for (number, feature) in features.iter().enumerate() {
        let position = match point(feature, &chosen, options) {
            Ok(position) => position,
            Err((check, said)) => {
                report.push(Finding::new(grave(check), check, said).of(number, feature.line));
                continue;
            }
        };
        let mut properties = Map::new();
        properties.insert("name".into(), json!(text(feature, columns.name.as_ref())));
        properties.insert("note".into(), json!(text(feature, columns.note.as_ref())));
        let kind = stated(&feature.properties, point_kind).or(kind).unwrap_or(PointKind::Other);
        properties.insert("point_kind".into(), json!(kind.as_str()));
        pieces.push(point_piece(&properties, position));
    }
}

/// The feature's position in 10⁻⁷ degrees.
fn point(feature: &Feature, chosen: &Chosen, options: &Options) -> Result<[i64; 2], (&'static str, Sentence)> {
    let [x, y] = match &feature.geometry {
        Ok(Geometry::Point(position)) => position.0,
        Ok(_) => return Err(("not-a-point", sentence!("not-a-point-plan"))),
        Err(GeometryError::Missing) => return Err(("no-geometry", sentence!("no-geometry-lines"))),
        Err(GeometryError::Unreadable(why)) => return Err(("geometry-unreadable", sentence!("geometry-unreadable", why))),
    };
    let [x, y] = if chosen.swapped { [y, x] } else { [x, y] };
    let placed = chosen.crs.to_wgs84(x, y).ok().filter(|[lon, lat]| contains(&options.city, *lon, *lat));
    placed.map(|[lon, lat]| [round(lon), round(lat)]).ok_or_else(|| ("outside-city", sentence!("outside-city-lines")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_read_as_people_write_them() {
        for (text, wide) in
            [("20,5", Some(20.5)), ("20.5 m", Some(20.5)), ("13,5m", Some(13.5)), ("-", None), ("0", None), (" 7 mét ", Some(7.0))]
        {
            assert_eq!(width(text).ok(), Some(wide), "{text}");
        }
        for wrong in ["10-12", "rộng", "2050"] {
            assert!(width(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn columns_of_widths_and_roads_are_found_also_where_they_are_cut() {
        let row = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect::<Map<_, _>>();
        let cut = row(&[("right_of_w", "12"), ("TenDuong", "Đường Mẫu 1")]);
        let columns = Columns::of(&[&cut]);
        assert_eq!((columns.width.as_deref(), columns.road.as_deref()), (Some("right_of_w"), Some("TenDuong")));
        let tell = |pairs: &[(&str, &str)], kind| tells(&[&row(pairs)], kind);
        assert!(tell(&[("right_of_w", "12")], Kind::Lines) && tell(&[("Loai", "Chỉ giới đường đỏ")], Kind::Lines));
        assert!(!tell(&[("Loai", "Bờ kè")], Kind::Lines) && tell(&[("Loai", "Mốc giới")], Kind::Points));
    }
}
