//! Imports a plan's zones: from the planner's file to a canonical set and a report.
//!
//! One thread cuts features out of the file, all cores check batches of them, and the results are put together
//! in the file's order. Memory holds the canonical text, and the borders that have not met a neighbour yet, but
//! never the file.

mod assemble;
mod check;
mod find_columns;
mod held;
mod lines_of_lots;
mod lots;
mod measures;
mod stated_area;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::encoding::{CellNote, Evidence, Texts, Writing};
use super::feature::Feature;
use super::formats::part::Layers;
use super::formats::{self, Choice, ReadError, Reader, Stated};
use super::report::{Report, Severity};
use super::source::Source;
use crate::domain::city::{AsBefore, Columns};
use crate::domain::plan::PlanKind;
use crate::features::canonical::CanonicalSet;
use crate::geometry::Bbox;
use crate::geometry::coverage::Boundary;
use crate::geometry::crs::Crs;
use crate::import::choose_crs::Hints;
use crate::import::choose_crs::choose;
use assemble::Assembly;
use check::Checker;
use find_columns::{find_columns, find_lots, take_lines, tell_unused};
use held::LotColumns;
pub use held::keys as lot_keys;
pub use lots::Shares;
pub use words::degrees;

/// Number of features by which the coordinate system and the columns are judged.
const SAMPLE: usize = 2_000;
/// Most columns that a report names.
const LISTED_COLUMNS: usize = 200;
/// Name of the check for a feature that was left out by choice.
pub const LEFT_OUT: &str = "left-out";
/// Checks that find features without an area: nothing of them can be published, and they may be left out.
pub const WITHOUT_AREA: [&str; 4] = ["no-geometry", "too-few-points", "geometry-unreadable", "not-a-polygon"];
/// Most features that may be left out.
pub const MOST_LEFT_OUT: usize = 1_000;

/// Reads the numbers of features to leave out, such as `#3, 1250`. Errors: a part that is no number.
pub fn numbers(text: &str) -> Result<BTreeSet<usize>, String> {
    let parts = text.split([',', ';', ' ']).map(|part| part.trim().trim_start_matches('#')).filter(|part| !part.is_empty());
    let numbers: BTreeSet<usize> = parts.map(|part| part.parse().map_err(|_| part.to_owned())).collect::<Result<_, _>>()?;
    if numbers.len() > MOST_LEFT_OUT { Err(format!("> {MOST_LEFT_OUT}")) } else { Ok(numbers) }
}

/// What an import must know besides the file's bytes.
#[derive(Clone, Serialize, Deserialize)]
pub struct Options {
    /// EPSG code of the file's system, if the planner gave one.
    pub crs: Option<u32>,
    /// Columns named by the planner.
    pub columns: Columns,
    /// Columns of lots named by the planner, by the keys of [`lot_keys`].
    pub lot_columns: BTreeMap<String, String>,
    /// What a share below one means, such as a density of 0,6. It is asked about where the planner does not say.
    pub shares: Option<Shares>,
    /// What the same authority's last file was like. It counts where neither the planner nor the file says anything, and
    /// where it fits.
    pub as_before: AsBefore,
    /// The layer to read, and the limits on the file.
    pub choice: Choice,
    /// The layers of lines and points that a planner chose beside it.
    pub layers: Layers,
    /// Kind of the plan.
    pub kind: PlanKind,
    /// Day the decision was signed; it determines which land-use codes are legal.
    pub signed: Date,
    /// The city's box, degrees WGS 84.
    pub city: Bbox,
    /// EPSG code of the VN-2000 zone in which the city measures areas.
    pub plane: u32,
    /// Overlaps larger than this many square metres block publishing.
    pub overlap_m2: f64,
    /// Numbers, from 0, of features that the planner leaves out. Only features without an area can be left out.
    pub leave_out: BTreeSet<usize>,
    /// True for the outline of a plan without zones; it needs no land-use codes.
    pub outline: bool,
    /// Boundary of the plan's units, in which the zones should lie; none if it is not known.
    pub boundary: Option<Boundary>,
}

impl Options {
    /// Default options for a city: its box in degrees WGS 84, and the EPSG code of the plane for areas.
    pub fn new(city: Bbox, plane: u32) -> Self {
        Self {
            crs: None,
            columns: Columns::default(),
            lot_columns: BTreeMap::new(),
            shares: None,
            as_before: AsBefore::default(),
            choice: Choice::default(),
            layers: Layers::default(),
            kind: PlanKind::LandUsePlan,
            signed: Date::MAX,
            city,
            plane,
            overlap_m2: 10.0,
            leave_out: BTreeSet::new(),
            outline: false,
            boundary: None,
        }
    }
}

impl Options {
    /// True where the file's areas may be lots: those of an urban plan.
    pub fn has_lots(&self) -> bool {
        self.kind.is_urban() && !self.outline
    }
}

/// The result of an import: the report, and the canonical set if no error blocks it.
#[derive(Debug)]
pub struct Imported {
    /// Findings about the file.
    pub report: Report,
    /// The set's canonical bytes, and what an event says about them.
    pub set: Option<CanonicalSet>,
    /// Canonical text of everything that could be read, even after errors. The map in the report is drawn from
    /// it.
    pub drawn: Vec<Bytes>,
    /// EPSG code of the plane in which areas were measured.
    pub plane: u32,
    /// Further sets of the same file, by the fields of the facts that take them; none after an error.
    pub further: Vec<(String, CanonicalSet)>,
}

/// Is called with the number of features done so far.
pub type Progress<'a> = &'a (dyn Fn(usize) + Sync);

/// Reads a file of zones.
pub fn import(source: &Source, options: &Options, progress: Progress<'_>) -> Imported {
    let attempt = |known: Known| -> (Imported, Option<Known>) {
        let mut report = Report::about(&source.name);
        let mut plane = options.plane;
        let mut learned = None;
        let set = match open(source, options, &mut report) {
            Ok(mut reader) => {
                let set = run(reader.as_mut(), options, known, &mut report, &mut plane, &mut learned, progress);
                report.take(reader.notes());
                set
            }
            Err(error) => {
                unreadable(&mut report, error);
                None
            }
        };
        (Imported { report, set, drawn: Vec::new(), plane, further: Vec::new() }, learned)
    };
    let digest = || source.digest().ok().map(|digest| digest.to_string());
    let ((mut imported, learned), sha256) = rayon::join(|| attempt(Known::default()), digest);
    if let Some(learned) = learned {
        imported = attempt(learned).0;
    }
    imported.report.sha256 = sha256;
    if !source.is_unchanged() {
        imported.report.add(Severity::Error, "changed-while-read", None, sentence!("changed-while-read-plan"));
    }
    imported.report.sort();
    imported.drawn = imported.set.as_ref().map(|set| set.chunks.clone()).unwrap_or_default();
    imported.set = imported.set.filter(|_| imported.report.is_clean());
    imported
}

/// Opens a file. Among several layers, the one that the authority's last file was read from is taken, which is said.
fn open(source: &Source, options: &Options, report: &mut Report) -> Result<Box<dyn formats::Reader>, ReadError> {
    let opened = formats::open(source, &options.choice);
    let asks = opened.as_ref().is_err_and(|error| error.check == "choose-layer") && options.choice.layer.is_none();
    let Some(layer) = options.as_before.layer.clone().filter(|_| asks) else { return opened };
    let choice = formats::Choice { layer: Some(layer.clone()), ..options.choice.clone() };
    let reader = formats::open(source, &choice).or(opened)?;
    report.add(Severity::Warning, "layer-as-before", None, sentence!("layer-as-before", layer));
    Ok(reader)
}

pub(super) fn unreadable(report: &mut Report, error: ReadError) {
    report.add(Severity::Error, error.check, None, error.said);
}

/// Reads features ahead, to judge the file by them.
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
        empty(reader, report);
        return None;
    }
    Some(features)
}

/// Reports that a file has no features, with the likely reason.
pub(super) fn empty(reader: &dyn Reader, report: &mut Report) {
    let why = reader.notes().into_iter().find(|note| note.severity == Severity::Warning);
    let why = why.map(|note| sentence!("and-also", note = note.said));
    report.add(Severity::Error, "empty", None, sentence!("empty-file", why));
}

pub(super) fn first_positions(features: &[Feature]) -> Vec<[f64; 2]> {
    let step = features.len() / 500 + 1;
    let first = |feature: &Feature| feature.geometry.as_ref().ok()?.first().map(|position| position.0);
    features.iter().step_by(step).filter_map(first).collect()
}

/// What is known about a file only after reading it; the file is then read again.
#[derive(Default)]
struct Known {
    /// The coordinate system that the file named after its features.
    stated: Option<Stated>,
    /// The encodings of its columns.
    writing: Option<Evidence>,
}

/// The names of a file's columns in Unicode, by their spelling in the file.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Decides the encoding of the names; a name that can be read in two ways follows the others.
    pub(super) fn of(features: &[Feature], report: &mut Report) -> Self {
        let mut names = BTreeMap::new();
        for key in features.iter().flat_map(|feature| feature.properties.keys()) {
            if !names.contains_key(key) {
                names.insert(key.clone(), String::new());
            }
        }
        let first = Texts::default();
        names.keys().for_each(|name| {
            first.value("", name, &mut Vec::new());
        });
        let texts = Texts::new(first.evidence());
        let mut converted = 0;
        for (raw, name) in &mut names {
            texts.value("", raw, &mut Vec::new()).trim().clone_into(name);
            converted += usize::from(name != raw.trim() && !raw.is_ascii() && !name.is_ascii());
        }
        if converted > 0 && texts.evidence().lean("").own.is_some_and(|writing| writing != Writing::Unicode) {
            let writing = texts.evidence().lean("").own.map_or("", Writing::name);
            report.add(Severity::Repair, "encoding-converted", None, sentence!("column-names-converted", writing));
        }
        Self(names)
    }

    /// A name in Unicode.
    pub(super) fn unicode<'a>(&'a self, raw: &'a str) -> &'a str {
        self.0.get(raw).map_or(raw, String::as_str)
    }

    /// All names in Unicode, in order.
    fn all(&self) -> Vec<String> {
        self.0.values().take(LISTED_COLUMNS).cloned().collect()
    }

    /// A column's name as it stands in the file.
    fn raw(&self, name: &str) -> String {
        self.0.iter().find(|(_, unicode)| *unicode == name).map_or_else(|| name.to_owned(), |(raw, _)| raw.clone())
    }

    fn raw_columns(&self, columns: &Columns) -> Columns {
        let raw = |name: &Option<String>| name.as_deref().map(|name| self.raw(name));
        Columns { land_use: raw(&columns.land_use), name: raw(&columns.name), note: raw(&columns.note) }
    }
}

/// The encodings of the columns, judged by some features.
pub(super) fn writing_of(features: &[Feature], names: &Names) -> Evidence {
    let texts = Texts::default();
    for (key, value) in features.iter().flat_map(|feature| &feature.properties) {
        if let Value::String(text) = value {
            texts.value(names.unicode(key), text, &mut Vec::new());
        }
    }
    texts.evidence()
}

/// Attributes with names and texts in Unicode.
pub(super) fn in_unicode(properties: &Map<String, Value>, names: &Names, texts: &Texts, notes: &mut Vec<CellNote>) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in properties {
        let name = names.unicode(key);
        let value = match value {
            Value::String(text) => Value::from(texts.value(name, text, notes)),
            other => other.clone(),
        };
        // If two columns have the same name, the first one counts.
        out.entry(name).or_insert(value);
    }
    out
}

fn run(
    reader: &mut dyn Reader,
    options: &Options,
    known: Known,
    report: &mut Report,
    plane: &mut u32,
    learned: &mut Option<Known>,
    progress: Progress<'_>,
) -> Option<CanonicalSet> {
    let ahead = sample(reader, report)?;
    let stated = known.stated.clone().unwrap_or_else(|| reader.stated());
    let hints = Hints {
        asked: options.crs,
        stated: &stated,
        before: options.as_before.crs,
        defaults_to_wgs84: reader.defaults_to_wgs84(),
        city: &options.city,
    };
    let mut chosen = choose(&first_positions(&ahead), hints, report);
    if chosen.is_none() && stated == Stated::Nothing && ahead.len() == SAMPLE {
        // A long file may name its coordinate system at its end.
        while let Ok(Some(_)) = reader.next() {}
        let late = Some(reader.stated()).filter(|stated| *stated != Stated::Nothing);
        *learned = late.map(|stated| Known { stated: Some(stated), writing: None });
    }
    report.features = ahead.len();
    let chosen = chosen.take()?;
    if !chosen.crs.is_geographic() {
        *plane = chosen.crs.epsg;
    }
    let plane = Crs::new(*plane).ok()?;
    let names = Names::of(&ahead, report);
    let is_again = known.writing.is_some();
    let writing = known.writing.unwrap_or_else(|| writing_of(&ahead, &names));
    // Columns are judged by the first features. All features are converted later, when they are checked.
    let judging = Texts::new(writing.clone());
    let judged: Vec<_> = ahead.iter().map(|feature| in_unicode(&feature.properties, &names, &judging, &mut Vec::new())).collect();
    let rows: Vec<&Map<String, Value>> = judged.iter().collect();
    let columns = find_columns(&rows, options, report)?;
    let lots = if options.has_lots() {
        let mut found = find_lots(&rows, &names.all(), |name| names.raw(name), options, columns.land_use.as_deref(), report)?;
        let area = |feature: &Feature| Some(feature.geometry.as_ref().ok()?.area()).filter(|_| !chosen.crs.is_geographic());
        take_lines(&mut found, &rows, ahead.iter().map(area), options, report);
        // Areas of an urban plan with a land use and nothing else are zones.
        if found.tell_lots() || columns.land_use.is_none() { Some(found) } else { None }
    } else {
        None
    };
    report.lot_columns = lots.as_ref().map(LotColumns::listed).unwrap_or_default();
    report.crs = Some(format!("EPSG:{}", chosen.crs.epsg));
    report.plane = Some(format!("EPSG:{}", plane.epsg));
    report.code_column.clone_from(&columns.land_use);
    report.name_column.clone_from(&columns.name);
    report.note_column.clone_from(&columns.note);
    report.columns = names.all();
    tell_unused(&rows, &columns, lots.as_ref(), report);
    let raw = names.raw_columns(&columns);
    let checker = Checker { options, chosen, plane, columns, raw, lots, texts: Texts::new(writing) };
    let mut assembly = Assembly::new(report, plane);
    let read = checker.all(reader, ahead, &mut assembly, progress);
    let mut set = assembly.finish(options);
    let left_out: BTreeSet<usize> = report.findings.iter().filter(|f| f.check == LEFT_OUT).filter_map(|f| f.feature).collect();
    for number in options.leave_out.difference(&left_out) {
        report.add(Severity::Error, "not-left-out", *number, sentence!("not-left-out"));
    }
    if let Some(set) = &mut set {
        set.set.left_out = left_out.into_iter().map(|number| number as u32).collect();
    }
    checker.texts.report(report);
    match read {
        Ok(()) => {
            let after = reader.stated();
            let late = Some(after.clone()).filter(|_| after != stated);
            if late.is_some() || checker.texts.would_change() && !is_again {
                *learned = Some(Known { stated: late.or(known.stated), writing: Some(checker.texts.evidence()) });
            }
            set
        }
        Err(error) => {
            unreadable(report, error);
            None
        }
    }
}
