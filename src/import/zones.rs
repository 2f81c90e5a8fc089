//! A plan's zones: from the planner's file to a canonical set and a report.
//!
//! One thread cuts features out of the file; batches of them are checked on all cores; what comes of
//! them is put together in the file's order. Memory holds the canonical text and the borders that
//! have found no neighbour yet, never the file.

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use bytes::Bytes;
use jiff::civil::Date;
use rayon::prelude::*;
use rustc_hash::FxHasher;
use serde_json::{Map, Value, json};

use super::canonical::{self, CanonicalSet, Piece, hectares, round};
use super::columns;
use super::coverage::{self, Boundary, Coverage, Kind, Misfit};
use super::crs::choose::{Chosen, Hints, choose};
use super::crs::{Crs, CrsError};
use super::encoding::{self, Legacy};
use super::feature::{Feature, Geometry, GeometryError, Position, Raw, Rings};
use super::formats::{self, Choice, ReadError, Reader, Stated};
use super::report::{CodeSum, Finding, Report, Severity};
use super::rings::{Fault, Mended, Repair, Ring, Vertex, mend};
use super::source::Source;
use crate::domain::city::Columns;
use crate::domain::fold::clean;
use crate::domain::geometry::{Bbox, contains};
use crate::domain::land_use;
use crate::domain::plan::PlanKind;

/// Features by which system and columns are judged.
const SAMPLE: usize = 2_000;
/// Features checked together.
const BATCH: usize = 4_096;
/// A zone narrower than this on the average, metres, is a sliver.
const SLIVER_METRES: f64 = 0.05;
/// So is one with less area, square metres.
const SLIVER_M2: f64 = 1.0;
/// Area outside the unit's boundary that is not worth a word, square metres.
const OUTSIDE_M2: f64 = 10.0;
/// Overlaps and gaps smaller than this are slips of rounding, square metres.
const LEAST_MISFIT_M2: f64 = 0.05;

/// What the reader of a file must know beside its bytes.
pub struct Options {
    /// EPSG code given by the planner.
    pub crs: Option<u32>,
    /// Columns named by the planner.
    pub columns: Columns,
    /// Columns the same authority used before; they count where the file has them.
    pub remembered: Columns,
    /// Layer and limits.
    pub choice: Choice,
    /// Kind of plan.
    pub kind: PlanKind,
    /// Day the decision was signed: says which codes are legal.
    pub signed: Date,
    /// The city's box, degrees WGS 84.
    pub city: Bbox,
    /// EPSG code of the plane the city measures areas in.
    pub plane: u32,
    /// Overlaps of more square metres block publishing.
    pub overlap_m2: f64,
    /// True for the outline of a plan without zones: no codes are asked for.
    pub outline: bool,
    /// Where the zones should lie: the boundary of the plan's units, if it is known.
    pub boundary: Option<Boundary>,
}

impl Options {
    /// What holds where nothing is said, for a city.
    pub fn new(city: Bbox, plane: u32) -> Self {
        Self {
            crs: None,
            columns: Columns::default(),
            remembered: Columns::default(),
            choice: Choice::default(),
            kind: PlanKind::LandUsePlan,
            signed: Date::MAX,
            city,
            plane,
            overlap_m2: 10.0,
            outline: false,
            boundary: None,
        }
    }
}

/// A file that was read: its report, and the canonical set where nothing blocks it.
#[derive(Debug)]
pub struct Imported {
    /// What was found.
    pub report: Report,
    /// Canonical bytes and what an event says of them.
    pub set: Option<CanonicalSet>,
    /// Canonical text of what could be read, errors or not: a report's map is drawn from it.
    pub drawn: Vec<Bytes>,
    /// EPSG code of the plane in which areas were measured.
    pub plane: u32,
}

/// Says how many features are done.
pub type Progress<'a> = &'a (dyn Fn(usize) + Sync);

/// Reads a file of zones.
pub fn import(source: &Source, options: &Options, progress: Progress<'_>) -> Imported {
    let attempt = |late: Option<Stated>| -> (Imported, Option<Stated>) {
        let mut report = Report::about(&source.name);
        let mut plane = options.plane;
        let mut seen_late = None;
        let set = match formats::open(source, &options.choice) {
            Ok(mut reader) => run(reader.as_mut(), options, late, &mut report, &mut plane, &mut seen_late, progress),
            Err(error) => {
                unreadable(&mut report, error);
                None
            }
        };
        (Imported { report, set, drawn: Vec::new(), plane }, seen_late)
    };
    let digest = || source.digest().ok().map(|digest| digest.to_string());
    let ((mut imported, late), sha256) = rayon::join(|| attempt(None), digest);
    if late.is_some() {
        // The file named its system only after its features.
        imported = attempt(late).0;
    }
    imported.report.sha256 = sha256;
    if !source.is_unchanged() {
        imported.report.add(
            Severity::Error,
            "changed-while-read",
            None,
            "Tệp bị thay đổi trong lúc đọc; hãy đóng phần mềm đang mở nó rồi thử lại",
            "The file changed while it was read; close what has it open and try again",
        );
    }
    imported.report.sort();
    imported.drawn = imported.set.as_ref().map(|set| set.chunks.clone()).unwrap_or_default();
    imported.set = imported.set.filter(|_| imported.report.is_clean());
    imported
}

pub(super) fn unreadable(report: &mut Report, error: ReadError) {
    report.add(Severity::Error, error.check, None, error.vi, error.en);
}

/// Features read ahead, to judge the file by them.
pub(super) fn sample(reader: &mut dyn Reader, report: &mut Report) -> Option<Vec<Feature>> {
    let mut features = Vec::new();
    while features.len() < SAMPLE {
        match reader.next() {
            Ok(Some(raw)) => features.push(raw.parse()),
            Ok(None) => break,
            Err(error) => {
                unreadable(report, error);
                return None;
            }
        }
    }
    if features.is_empty() {
        report.add(Severity::Error, "empty", None, "Tệp không có đối tượng nào", "The file has no features");
        return None;
    }
    Some(features)
}

pub(super) fn first_positions(features: &[Feature]) -> Vec<[f64; 2]> {
    let step = features.len() / 500 + 1;
    let first = |feature: &Feature| feature.geometry.as_ref().ok()?.first().map(|position| position.0);
    features.iter().step_by(step).filter_map(first).collect()
}

/// The old encoding of a file's texts, if they have one; said in the report.
pub(super) fn legacy_of(features: &[Feature], report: &mut Report) -> Option<Legacy> {
    let texts = features.iter().flat_map(|feature| feature.properties.iter());
    let texts = texts.flat_map(|(key, value)| [Some(key.as_str()), value.as_str()]).flatten();
    let legacy = encoding::detect(texts)?;
    report.add(
        Severity::Repair,
        "encoding-converted",
        None,
        format!("Chữ trong bảng thuộc tính theo bảng mã {}; đã chuyển sang Unicode", legacy.name()),
        format!("The attributes are encoded in {}; converted to Unicode", legacy.name()),
    );
    Some(legacy)
}

/// The feature with its texts in Unicode.
pub(super) fn in_unicode(mut feature: Feature, legacy: Option<Legacy>) -> Feature {
    let Some(legacy) = legacy else { return feature };
    feature.properties = feature
        .properties
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => (encoding::convert(&key, legacy), Value::from(encoding::convert(&text, legacy))),
            other => (encoding::convert(&key, legacy), other),
        })
        .collect();
    feature
}

fn run(
    reader: &mut dyn Reader,
    options: &Options,
    late: Option<Stated>,
    report: &mut Report,
    plane: &mut u32,
    seen_late: &mut Option<Stated>,
    progress: Progress<'_>,
) -> Option<CanonicalSet> {
    let ahead = sample(reader, report)?;
    let stated = late.unwrap_or_else(|| reader.stated());
    let hints = Hints { asked: options.crs, stated: &stated, defaults_to_wgs84: reader.defaults_to_wgs84(), city: &options.city };
    let mut chosen = choose(&first_positions(&ahead), hints, report);
    if chosen.is_none() && stated == Stated::Nothing && ahead.len() == SAMPLE {
        // A long file may name its system at its end.
        while let Ok(Some(_)) = reader.next() {}
        *seen_late = Some(reader.stated()).filter(|stated| *stated != Stated::Nothing);
    }
    report.features = ahead.len();
    let chosen = chosen.take()?;
    if !chosen.crs.is_geographic() {
        *plane = chosen.crs.epsg;
    }
    let plane = Crs::new(*plane).ok()?;
    let legacy = legacy_of(&ahead, report);
    // All features are converted where they are checked; here those that the columns are judged by.
    let converted: Vec<Feature> = match legacy {
        Some(_) => ahead.iter().map(|feature| in_unicode(feature.clone(), legacy)).collect(),
        None => Vec::new(),
    };
    let judged = if legacy.is_some() { &converted } else { &ahead };
    let rows: Vec<&Map<String, Value>> = judged.iter().map(|feature| &feature.properties).collect();
    let columns = find_columns(&rows, options, report)?;
    report.crs = Some(format!("EPSG:{}", chosen.crs.epsg));
    report.plane = Some(format!("EPSG:{}", plane.epsg));
    report.code_column.clone_from(&columns.land_use);
    report.name_column.clone_from(&columns.name);
    report.note_column.clone_from(&columns.note);
    let checker = Checker { options, chosen, plane, columns, legacy };
    let mut assembly = Assembly::new(report, plane);
    let read = checker.all(reader, ahead, &mut assembly, progress);
    let set = assembly.finish(options);
    for note in reader.notes() {
        report.add(note.severity, note.check, None, note.vi, note.en);
    }
    match read {
        Ok(()) => {
            let after = reader.stated();
            *seen_late = Some(after.clone()).filter(|_| after != stated);
            set
        }
        Err(error) => {
            unreadable(report, error);
            None
        }
    }
}

type FindColumn = fn(&[&Map<String, Value>], Option<&str>) -> Option<String>;

/// Finds the columns; the planner's word counts first, then what the authority used before.
fn find_columns(rows: &[&Map<String, Value>], options: &Options, report: &mut Report) -> Option<Columns> {
    if options.outline {
        return Some(Columns { name: columns::name_column(rows, options.columns.name.as_deref()), ..Columns::default() });
    }
    let allowed = |text: &str| land_use::get(text).is_some_and(|entry| land_use::is_allowed(entry, options.kind, options.signed));
    let asked = &options.columns;
    let code = columns::code_column(rows, asked.land_use.as_deref(), allowed);
    let remembered = options.remembered.land_use.as_deref().filter(|_| asked.land_use.is_none());
    let before = remembered.and_then(|name| columns::code_column(rows, Some(name), allowed));
    let Some(land_use) = before.or(code) else {
        let (vi, en) = match &asked.land_use {
            Some(name) => (format!("Không có cột “{name}”"), format!("There is no column “{name}”")),
            None => (String::from("Không tìm thấy cột mã loại đất"), String::from("No column of land-use codes was found")),
        };
        let list = columns::list(rows);
        report.add(
            Severity::Error,
            "no-code-column",
            None,
            format!("{vi}; hãy chỉ rõ bằng --map land_use=TÊN_CỘT. Các cột: {list}"),
            format!("{en}; name it with --map land_use=COLUMN. Columns: {list}"),
        );
        return None;
    };
    for (field, name) in [("name", &asked.name), ("note", &asked.note)] {
        let Some(name) = name else { continue };
        if columns::name_column(rows, Some(name)).is_none() {
            let list = columns::list(rows);
            report.add(
                Severity::Error,
                "no-column",
                None,
                format!("Không có cột “{name}” (--map {field}=…). Các cột: {list}"),
                format!("There is no column “{name}” (--map {field}=…). Columns: {list}"),
            );
            return None;
        }
    }
    let find = |asked: &Option<String>, before: &Option<String>, find: FindColumn| {
        let before = before.as_deref().filter(|_| asked.is_none()).and_then(|name| find(rows, Some(name)));
        before.or_else(|| find(rows, asked.as_deref()))
    };
    Some(Columns {
        land_use: Some(land_use),
        name: find(&asked.name, &options.remembered.name, columns::name_column),
        note: find(&asked.note, &options.remembered.note, columns::note_column),
    })
}

/// What came of one feature.
#[derive(Default)]
struct Zone {
    findings: Vec<Finding>,
    counted: Vec<&'static str>,
    ready: Option<Ready>,
}

/// A zone that can be published.
struct Ready {
    piece: Piece,
    code: String,
    area_m2: f64,
    before_m2: f64,
    border: Vec<(u64, u64)>,
    outline: [u64; 2],
}

/// Checks features; knows nothing of their neighbours.
struct Checker<'a> {
    options: &'a Options,
    chosen: Chosen,
    plane: Crs,
    columns: Columns,
    legacy: Option<Legacy>,
}

impl Checker<'_> {
    /// Reads, checks and hands on all features, in order.
    fn all(
        &self,
        reader: &mut dyn Reader,
        ahead: Vec<Feature>,
        assembly: &mut Assembly<'_>,
        progress: Progress<'_>,
    ) -> Result<(), ReadError> {
        let mut ahead: VecDeque<Raw> = ahead.into_iter().map(Raw::Ready).collect();
        let mut number = 0;
        let mut batch = take(reader, &mut ahead)?;
        let mut checked: Vec<Zone> = Vec::new();
        while !batch.is_empty() {
            let first = number;
            number += batch.len();
            let work = || {
                let each = batch.into_par_iter().enumerate();
                each.map(|(i, raw)| self.zone(first + i, &in_unicode(raw.parse(), self.legacy))).collect::<Vec<Zone>>()
            };
            // While this batch is checked the next one is cut out of the file and the one before is
            // put together.
            let beside = || {
                let next = take(reader, &mut ahead);
                std::mem::take(&mut checked).into_iter().for_each(|zone| assembly.add(zone));
                next
            };
            let (zones, next) = rayon::join(work, beside);
            checked = zones;
            progress(number);
            batch = next?;
        }
        checked.into_iter().for_each(|zone| assembly.add(zone));
        Ok(())
    }

    fn zone(&self, number: usize, feature: &Feature) -> Zone {
        let mut zone = Zone::default();
        let finding = |severity, check: &str, vi: String, en: String| Finding::new(severity, check, vi, en).of(number, feature.line);
        let error = |check: &str, vi: String, en: String| finding(Severity::Error, check, vi, en);
        let code = if self.options.outline { Ok(String::new()) } else { self.code(feature) };
        // Where it lies, by its first point that lies anywhere: an error about its code has a place too.
        let at = feature.geometry.as_ref().ok().and_then(Geometry::first).and_then(|first| self.ring(&[first]).ok());
        let at = at.and_then(|ring| Some(ring.first()?.lonlat.map(|v| v as f64 / 1e7)));
        let code = match code {
            Ok(code) => Some(code),
            Err((check, vi, en)) => {
                zone.findings.push(error(check, vi, en).at(at));
                None
            }
        };
        let shape = self.parts(feature).and_then(|(parts, closed)| self.shape(parts).map(|shape| (shape, closed)));
        let (shape, closed) = match shape {
            Ok(shape) => shape,
            Err((check, vi, en, place)) => {
                zone.findings.push(error(check, vi, en).at(place.or(at)));
                return zone;
            }
        };
        let Shape { mended, before_m2 } = shape;
        let after_m2 = canonical::area_m2(&mended.parts);
        let mut repairs = mended.repairs.clone();
        if closed {
            repairs.insert(0, Repair::Closed);
        }
        for repair in repairs {
            match repair {
                Repair::RingOrder => zone.counted.push("ring-order"),
                Repair::Rounded => zone.counted.push("rounded-points"),
                _ => {
                    let (vi, en) = repair_words(repair);
                    zone.findings.push(finding(Severity::Repair, repair_name(repair), vi.into(), en.into()).at(at));
                }
            }
        }
        if (after_m2 - before_m2).abs() > 1.0 {
            let (vi, en) = area_words(before_m2, after_m2);
            zone.findings.push(finding(Severity::Warning, "area-changed", vi, en).at(at).measuring((after_m2 - before_m2).abs()));
        }
        let border_m: f64 = mended.parts.iter().flatten().map(|ring| perimeter(ring)).sum();
        if after_m2 < SLIVER_M2 || 2.0 * after_m2 < SLIVER_METRES * border_m {
            zone.counted.push("slivers");
            let area = crate::render::format::decimal(after_m2, 2);
            let vi = format!("Vùng rất nhỏ hoặc rất hẹp: {area} m²");
            zone.findings.push(finding(Severity::Warning, "sliver", vi, format!("A very small or narrow zone: {after_m2:.2} m²")).at(at));
        }
        let Some(code) = code else { return zone };
        let text = |column: &Option<String>| {
            let text = feature.properties.get(column.as_ref()?)?.as_str().map(clean)?;
            (!text.is_empty()).then_some(text)
        };
        let mut properties = Map::new();
        if !self.options.outline {
            properties.insert("land_use".into(), json!(code));
            properties.insert("note".into(), json!(text(&self.columns.note)));
        }
        properties.insert("name".into(), json!(text(&self.columns.name)));
        properties.insert("area_ha".into(), json!(hectares(after_m2)));
        let piece = canonical::polygon_piece(&properties, &mended);
        if let Some(boundary) = &self.options.boundary {
            let outside = boundary.outside(&mended.parts, &piece.bbox, &self.plane);
            if outside > OUTSIDE_M2 {
                let area = crate::render::format::decimal(outside, 0);
                let vi = format!("{area} m² nằm ngoài địa giới đơn vị hành chính của quy hoạch");
                let en = format!("{outside:.0} m² lie outside the boundary of the plan's units");
                zone.findings.push(finding(Severity::Warning, "outside-unit", vi, en).at(at).measuring(outside));
            }
        }
        let (border, outline) = (coverage::segments(&mended.parts), outline(&mended));
        zone.ready = Some(Ready { piece, code, area_m2: after_m2, before_m2, border, outline });
        zone
    }

    fn code(&self, feature: &Feature) -> Result<String, (&'static str, String, String)> {
        let column = self.columns.land_use.as_deref().unwrap_or_default();
        let text = feature.properties.get(column).and_then(Value::as_str).map(clean).filter(|text| !text.is_empty());
        let Some(text) = text else {
            return Err((
                "no-code",
                format!("Không có mã loại đất (cột {column} trống)"),
                format!("It has no land-use code (column {column} is empty)"),
            ));
        };
        let (kind, signed) = (self.options.kind, self.options.signed);
        match land_use::get(&text).or_else(|| land_use::get(&text.to_uppercase())) {
            Some(entry) if land_use::is_allowed(entry, kind, signed) => Ok(entry.code.clone()),
            Some(entry) => Err((
                "code-not-in-force",
                format!("Mã {} ({}) không dùng cho quy hoạch ký ngày {signed}", entry.code, entry.name_vi),
                format!("Code {} is not used in plans signed on {signed}", entry.code),
            )),
            None => {
                let (vi, en) = match land_use::near_miss(&text, kind, signed) {
                    Some(near) => (format!("; có phải {near}?"), format!("; {near}?")),
                    None => (String::new(), String::new()),
                };
                Err((
                    "unknown-code",
                    format!("Mã loại đất “{text}” không có trong danh mục{vi}"),
                    format!("Unknown land-use code “{text}”{en}"),
                ))
            }
        }
    }

    /// Parts with open rings, and whether a ring had not been closed.
    fn parts<'f>(&self, feature: &'f Feature) -> Result<(OpenParts<'f>, bool), Wrong> {
        let parts: &[Rings] = match &feature.geometry {
            Ok(Geometry::Polygon(rings)) => std::slice::from_ref(rings),
            Ok(Geometry::MultiPolygon(parts)) => parts,
            Ok(Geometry::Point(_)) => return Err(wrong("not-a-polygon", "Là một điểm, không phải vùng", "It is a point, not an area")),
            Err(GeometryError::Missing) => return Err(wrong("no-geometry", "Không có hình", "It has no geometry")),
            Err(GeometryError::Unreadable(what)) => {
                return Err((
                    "geometry-unreadable",
                    format!("Không đọc được hình: {what}"),
                    format!("Its geometry cannot be read: {what}"),
                    None,
                ));
            }
        };
        let most = self.options.choice.limits.points;
        let points: usize = parts.iter().flatten().map(Vec::len).sum();
        if points > most {
            return Err((
                "too-many-points",
                format!("Có {points} điểm, nhiều hơn {most}; hãy đơn giản hóa đường biên"),
                format!("It has {points} points, more than {most}; simplify its border"),
                None,
            ));
        }
        let mut unclosed = false;
        let mut open = |ring: &'f Vec<Position>| match ring.as_slice() {
            [first, rest @ .., last] if first == last => &ring[..=rest.len()],
            ring => {
                unclosed |= !ring.is_empty();
                ring
            }
        };
        let parts: Vec<Vec<&[Position]>> =
            parts.iter().filter(|rings| !rings.is_empty()).map(|rings| rings.iter().map(&mut open).collect()).collect();
        if parts.is_empty() {
            return Err(wrong("no-geometry", "Hình rỗng", "Its geometry is empty"));
        }
        Ok((parts, unclosed))
    }

    /// The shape in published coordinates, mended.
    fn shape(&self, parts: Vec<Vec<&[Position]>>) -> Result<Shape, Wrong> {
        let mut before_m2 = 0.0;
        let mut rings: Vec<Vec<Ring>> = Vec::with_capacity(parts.len());
        for part in parts {
            let mut converted: Vec<Ring> = Vec::with_capacity(part.len());
            for points in part {
                let ring = self.ring(points).map_err(|error| self.outside(points, &error))?;
                let area = plane_area(&ring).abs();
                before_m2 += if converted.is_empty() { area } else { -area };
                converted.push(ring);
            }
            rings.push(converted);
        }
        let place = |lonlat: [i64; 2]| {
            let [lon, lat] = lonlat.map(|v| v as f64 / 1e7);
            self.plane.from_wgs84(lon, lat).unwrap_or_default()
        };
        let mended = mend(rings, &place).map_err(fault_words)?;
        Ok(Shape { mended, before_m2 })
    }

    fn ring(&self, points: &[Position]) -> Result<Ring, CrsError> {
        let same = self.chosen.crs.epsg == self.plane.epsg;
        points
            .iter()
            .map(|Position([x, y])| {
                let [x, y] = if self.chosen.swapped { [*y, *x] } else { [*x, *y] };
                let [lon, lat] = self.chosen.crs.to_wgs84(x, y)?;
                if !contains(&self.options.city, lon, lat) {
                    return Err(CrsError::Point(format!("{lon:.4}, {lat:.4}")));
                }
                let plane = if same { [x, y] } else { self.plane.from_wgs84(lon, lat)? };
                Ok(Vertex { lonlat: [round(lon), round(lat)], plane })
            })
            .collect()
    }

    /// Words for a feature that does not lie in the city, and whether its axes are swapped.
    fn outside(&self, points: &[Position], error: &CrsError) -> Wrong {
        let swapped: Vec<Position> = points.iter().map(|Position([x, y])| Position([*y, *x])).collect();
        if self.ring(&swapped).is_ok() {
            return wrong("axes-swapped", "Hai trục tọa độ bị đổi chỗ cho nhau", "Its axes are exchanged");
        }
        let place = match error {
            CrsError::Point(place) => place.clone(),
            other => other.to_string(),
        };
        ("outside-city", format!("Nằm ngoài khung của thành phố ({place})"), format!("It lies outside the city's box ({place})"), None)
    }
}

/// Parts of open rings, as the file has them.
type OpenParts<'f> = Vec<Vec<&'f [Position]>>;

/// Check, Vietnamese and English sentence, place.
type Wrong = (&'static str, String, String, Option<[f64; 2]>);

fn wrong(check: &'static str, vi: &str, en: &str) -> Wrong {
    (check, vi.to_owned(), en.to_owned(), None)
}

struct Shape {
    mended: Mended,
    before_m2: f64,
}

fn take(reader: &mut dyn Reader, ahead: &mut VecDeque<Raw>) -> Result<Vec<Raw>, ReadError> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        match ahead.pop_front() {
            Some(raw) => batch.push(raw),
            None => match reader.next()? {
                Some(raw) => batch.push(raw),
                None => break,
            },
        }
    }
    Ok(batch)
}

/// Signed plane area of a ring as it stands, square metres.
fn plane_area(ring: &[Vertex]) -> f64 {
    let Some(origin) = ring.first().map(|vertex| vertex.plane) else { return 0.0 };
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    let cross = |(a, b): (&Vertex, &Vertex)| {
        (a.plane[0] - origin[0]) * (b.plane[1] - origin[1]) - (b.plane[0] - origin[0]) * (a.plane[1] - origin[1])
    };
    pairs.map(cross).sum::<f64>() / 2.0
}

fn perimeter(ring: &[Vertex]) -> f64 {
    let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
    pairs
        .map(|(a, b)| {
            let (dx, dy) = (a.plane[0] - b.plane[0], a.plane[1] - b.plane[1]);
            (dx * dx + dy * dy).sqrt()
        })
        .sum()
}

/// A fingerprint that equal shapes share, wherever their rings begin.
fn outline(mended: &Mended) -> [u64; 2] {
    let mut rings: Vec<(usize, &Ring)> = mended
        .parts
        .iter()
        .flatten()
        .map(|ring| (ring.iter().enumerate().min_by_key(|(_, vertex)| vertex.lonlat).map_or(0, |(i, _)| i), ring))
        .collect();
    rings.sort_unstable_by_key(|(start, ring)| (ring[*start].lonlat, ring.len()));
    [0_u8, 1].map(|seed| {
        let mut hasher = FxHasher::default();
        seed.hash(&mut hasher);
        for (start, ring) in &rings {
            ring.len().hash(&mut hasher);
            ring[*start..].iter().chain(&ring[..*start]).for_each(|vertex| vertex.lonlat.hash(&mut hasher));
        }
        hasher.finish()
    })
}

/// Puts zones together: the set, the sums, what lies beside what.
struct Assembly<'a> {
    report: &'a mut Report,
    plane: Crs,
    writer: canonical::Writer,
    coverage: Coverage,
    boxes: Vec<[i64; 4]>,
    /// Number in the file of each zone of the set.
    numbers: Vec<usize>,
    seen: HashMap<[u64; 2], usize>,
    features: usize,
}

impl<'a> Assembly<'a> {
    fn new(report: &'a mut Report, plane: Crs) -> Self {
        Self {
            report,
            plane,
            writer: canonical::Writer::default(),
            coverage: Coverage::default(),
            boxes: Vec::new(),
            numbers: Vec::new(),
            seen: HashMap::new(),
            features: 0,
        }
    }

    fn add(&mut self, zone: Zone) {
        let number = self.features;
        self.features += 1;
        zone.findings.into_iter().for_each(|finding| self.report.push(finding));
        zone.counted.into_iter().for_each(|what| self.report.count_also(what, 1));
        let Some(ready) = zone.ready else { return };
        if let Some(other) = self.seen.insert(ready.outline, number) {
            let at = [ready.piece.bbox[0], ready.piece.bbox[1]].map(|v| v as f64 / 1e7);
            let finding = Finding::new(
                Severity::Error,
                "same-zone-twice",
                format!("Trùng hoàn toàn với đối tượng #{other}: chồng {} m²", crate::render::format::decimal(ready.area_m2, 1)),
                format!("It covers feature #{other} exactly: {:.1} m² overlap", ready.area_m2),
            );
            let mut finding = finding.of(number, None).at(Some(at)).measuring(ready.area_m2);
            finding.others.push(other);
            self.report.push(finding);
        }
        if !ready.code.is_empty() {
            let sum: &mut CodeSum = self.report.codes.entry(ready.code).or_default();
            sum.zones += 1;
            sum.area_ha += hectares(ready.area_m2);
        }
        self.report.area_before_m2 += ready.before_m2;
        self.report.area_after_m2 += ready.area_m2;
        self.coverage.add(self.numbers.len() as u32, &ready.border);
        self.numbers.push(number);
        self.boxes.push(ready.piece.bbox);
        self.writer.push(&ready.piece);
    }

    fn finish(self, options: &Options) -> Option<CanonicalSet> {
        let Self { report, plane, writer, coverage, boxes, numbers, features, .. } = self;
        report.features = features;
        let (before, after) = (report.area_before_m2, report.area_after_m2);
        if (before - after).abs() > 1.0 {
            let (vi, en) = area_words(before, after);
            report.push(Finding::new(Severity::Warning, "plan-area-changed", vi, en).measuring((before - after).abs()));
        }
        let geometry = |zone: u32| writer.geometry(zone as usize);
        let misfits = coverage.misfits(&boxes, &geometry, &plane);
        report.count_also("rounding-misfits", misfits.rounding);
        for misfit in misfits.list.into_iter().filter(|misfit| misfit.area_m2 >= LEAST_MISFIT_M2) {
            let zones: Vec<usize> = misfit.zones.iter().filter_map(|zone| numbers.get(*zone as usize).copied()).collect();
            let known = report.findings.iter().any(|finding| {
                finding.check == "same-zone-twice" && zones.len() == 2 && finding.feature == Some(zones[1]) && finding.others == zones[..1]
            });
            if !known {
                report.push(misfit_words(&misfit, &zones, options.overlap_m2));
            }
        }
        if misfits.more {
            report.add(
                Severity::Warning,
                "misfits-more",
                None,
                "Còn rất nhiều khe và chỗ chồng nhỏ hơn nữa, không liệt kê",
                "There are very many smaller gaps and overlaps, which are not listed",
            );
        }
        let set = writer.finish();
        for sum in report.codes.values_mut() {
            sum.area_ha = (sum.area_ha * 10_000.0).round() / 10_000.0;
        }
        report.area_ha = set.as_ref().and_then(|set| set.set.area_ha).unwrap_or(0.0);
        set
    }
}

fn misfit_words(misfit: &Misfit, zones: &[usize], limit: f64) -> Finding {
    let names = zones.iter().take(6).map(|zone| format!("#{zone}")).collect::<Vec<_>>().join(", ");
    let more = if zones.len() > 6 { ", …" } else { "" };
    let (area, area_en) = (crate::render::format::decimal(misfit.area_m2, 2), format!("{:.2}", misfit.area_m2));
    let pieces = match misfit.pieces {
        1 => (String::new(), String::new()),
        n => (format!(" ở {n} chỗ"), format!(" in {n} places")),
    };
    let mut finding = match misfit.kind {
        Kind::Overlap => {
            let severity = if misfit.area_m2 > limit { Severity::Error } else { Severity::Warning };
            Finding::new(
                severity,
                "overlap",
                format!("Các vùng {names}{more} chồng lên nhau {area} m²{}", pieces.0),
                format!("Zones {names}{more} overlap by {area_en} m²{}", pieces.1),
            )
        }
        Kind::Gap => Finding::new(
            Severity::Warning,
            "gap",
            format!("Khe hở {area} m² giữa các vùng {names}{more}{}", pieces.0),
            format!("A gap of {area_en} m² between zones {names}{more}{}", pieces.1),
        ),
    };
    finding.feature = zones.last().copied().filter(|_| misfit.kind == Kind::Overlap).or(zones.first().copied());
    finding.others = zones.iter().copied().filter(|zone| Some(*zone) != finding.feature).take(20).collect();
    finding.at(Some(misfit.at)).measuring(misfit.area_m2)
}

fn area_words(before: f64, after: f64) -> (String, String) {
    let vi = |value| crate::render::format::decimal(value, 1);
    (
        format!("Diện tích thay đổi khi sửa: trước {} m², sau {} m²", vi(before), vi(after)),
        format!("Its area changed with the repair: before {before:.1} m², after {after:.1} m²"),
    )
}

fn repair_name(repair: Repair) -> &'static str {
    match repair {
        Repair::Closed => "ring-closed",
        Repair::DuplicatePoints => "duplicate-points",
        Repair::Spike => "spike",
        Repair::SelfTouch => "self-touch",
        Repair::BowTie => "bow-tie",
        Repair::RingOrder => "ring-order",
        Repair::Rounded => "rounded-points",
    }
}

fn repair_words(repair: Repair) -> (&'static str, &'static str) {
    match repair {
        Repair::Closed => ("Vòng chưa khép kín; đã khép", "A ring was not closed; closed"),
        Repair::DuplicatePoints => ("Có điểm lặp; đã bỏ", "Repeated points; removed"),
        Repair::Spike => ("Có gai hẹp dưới 5 cm; đã bỏ", "A spike narrower than 5 cm; removed"),
        Repair::SelfTouch => ("Vòng tự chạm; đã tách thành các vòng đơn", "A ring touches itself; split into simple rings"),
        Repair::BowTie => ("Đường biên tự cắt; đã tách tại điểm cắt", "Its border crosses itself; split where it crosses"),
        Repair::RingOrder => ("Chiều của vòng bị ngược; đã đảo", "A ring ran the wrong way; reversed"),
        Repair::Rounded => ("Có điểm trùng sau khi làm tròn", "Points that are one when rounded"),
    }
}

/// Longitude and latitude in 10⁻⁷ degrees as text for people.
pub fn degrees(at: [i64; 2]) -> String {
    format!("{:.5}, {:.5}", at[0] as f64 / 1e7, at[1] as f64 / 1e7)
}

fn fault_words(fault: Fault) -> Wrong {
    let sentence = |check, vi: &str, en: &str, at: [i64; 2]| -> Wrong {
        (check, format!("{vi} gần {}", degrees(at)), format!("{en} near {}", degrees(at)), Some(at.map(|v| v as f64 / 1e7)))
    };
    match fault {
        Fault::TooFewPoints => wrong("too-few-points", "Một vòng có ít hơn 3 điểm khác nhau", "A ring has fewer than 3 different points"),
        Fault::Crossing(at) => sentence(
            "self-crossing",
            "Các vòng của vùng cắt nhau; hãy sửa trong phần mềm bản đồ,",
            "Its rings cross each other; mend it in the mapping software,",
            at,
        ),
        Fault::Tangled(at) => sentence(
            "tangled",
            "Đường biên tự cắt quá nhiều lần; hãy vẽ lại,",
            "Its border crosses itself too many times; draw it again,",
            at,
        ),
        Fault::HoleOutside(at) => sentence("hole-outside", "Lỗ nằm ngoài vùng", "A hole lies outside its area", at),
        Fault::Disconnected(at) => sentence("interior-cut", "Các lỗ cắt rời vùng", "Holes cut the area into pieces", at),
        Fault::PartsOverlap(at) => sentence("parts-overlap", "Các phần chồng lên nhau", "Its parts overlap", at),
    }
}
