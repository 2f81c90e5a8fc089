//! A plan's zones: from the planner's file to a canonical set and a report.
//!
//! One thread cuts features out of the file; batches of them are checked on all cores; what comes of
//! them is put together in the file's order. Memory holds the canonical text and the borders that
//! have found no neighbour yet, never the file.

mod assemble;
mod check;
mod words;

use bytes::Bytes;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::canonical::CanonicalSet;
use super::columns;
use super::coverage::Boundary;
use super::crs::Crs;
use super::crs::choose::{Hints, choose};
use super::encoding::{self, Legacy};
use super::feature::Feature;
use super::formats::{self, Choice, ReadError, Reader, Stated};
use super::report::{Report, Severity};
use super::source::Source;
use crate::domain::city::Columns;
use crate::domain::geometry::Bbox;
use crate::domain::land_use;
use crate::domain::plan::PlanKind;
use assemble::Assembly;
use check::Checker;
pub use words::degrees;

/// Features by which system and columns are judged.
const SAMPLE: usize = 2_000;

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
