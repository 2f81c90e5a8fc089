//! The report of an import: what was found in a file, what was repaired, and what a planner must decide.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::import::feature::Kind;
use crate::words::sentence::{Said, Sentence};
use crate::words::text::Lang;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Findings listed one by one for each check; further ones are only counted.
const LISTED: usize = 1_000;
/// Findings printed on a terminal for each check.
const PRINTED: usize = 25;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Blocks publishing.
    Error,
    /// Deserves a look.
    Warning,
    /// Was mended; the report says how.
    Repair,
}

/// A remark about a whole file, not about one of its features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How grave the remark is.
    pub severity: Severity,
    /// Stable name of the check.
    pub check: &'static str,
    /// The remark.
    pub said: Sentence,
}

/// One finding of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// How grave the finding is.
    pub severity: Severity,
    /// Stable name of the check, such as `unknown-code`.
    pub check: String,
    /// Number of the feature in the file's order, from 0; none for the whole file.
    pub feature: Option<usize>,
    /// The layer that the feature stands in; none for the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Numbers of other features that the finding concerns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<usize>,
    /// Line of the file, from 1, for formats that have lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Place of the finding: longitude and latitude in degrees, WGS 84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<[f64; 2]>,
    /// Area that the finding is about, in square metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_m2: Option<f64>,
    /// What was found, in all languages.
    #[serde(flatten)]
    pub said: Said,
}

impl Finding {
    /// A finding about the whole file; the methods below add a feature, a place and an area.
    pub fn new(severity: Severity, check: &str, said: impl Into<Said>) -> Self {
        Self {
            severity,
            check: check.to_owned(),
            feature: None,
            layer: None,
            others: Vec::new(),
            line: None,
            at: None,
            area_m2: None,
            said: said.into(),
        }
    }

    /// Makes it a finding about a feature, by the feature's number from 0 and its line from 1.
    pub fn of(mut self, feature: usize, line: Option<u64>) -> Self {
        self.feature = Some(feature);
        self.line = line;
        self
    }

    /// Adds the place: longitude and latitude in degrees, rounded to 10⁻⁷.
    pub fn at(mut self, at: Option<[f64; 2]>) -> Self {
        self.at = at.map(|at| at.map(|degrees| (degrees * 1e7).round() / 1e7));
        self
    }

    /// Adds the area in square metres, rounded to two decimals.
    pub fn measuring(mut self, area_m2: f64) -> Self {
        self.area_m2 = Some((area_m2 * 100.0).round() / 100.0);
        self
    }
}

/// Number of zones and area of one land-use code.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct CodeSum {
    /// Number of zones.
    pub zones: usize,
    /// Plane area in hectares.
    pub area_ha: f64,
}

/// A layer of a file, or a folder of it, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerFate {
    /// Its name; none where the file is one nameless layer.
    pub name: Option<String>,
    /// Kind of its geometries.
    pub kind: Kind,
    /// How many features of that kind it has.
    pub features: usize,
    /// The field of the facts that it was taken for; none where it was left out.
    pub taken: Option<String>,
    /// As what it was taken, or why it was left out, in all languages.
    #[serde(flatten)]
    pub said: Said,
}

/// The report of one import.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file as received.
    pub sha256: Option<String>,
    /// Number of features in the file.
    pub features: usize,
    /// Coordinate system the file was read in, such as `EPSG:9208`.
    pub crs: Option<String>,
    /// VN-2000 zone in which areas were measured, such as `EPSG:9208`.
    pub plane: Option<String>,
    /// Names of the file's columns; at most 200.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Column the land-use codes were taken from.
    pub code_column: Option<String>,
    /// Column the names were taken from.
    pub name_column: Option<String>,
    /// Column the notes were taken from.
    pub note_column: Option<String>,
    /// Columns that hold the number and the indicators of lots, by what each is taken for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lot_columns: BTreeMap<String, String>,
    /// The layers of a file with several, each with what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerFate>,
    /// Plane area in hectares of what would be published.
    pub area_ha: f64,
    /// Plane area in square metres of the rings as they stood in the file.
    pub area_before_m2: f64,
    /// Plane area in square metres after repair, before rounding to 10⁻⁷ degrees.
    pub area_after_m2: f64,
    /// Zones and area by land-use code.
    pub codes: BTreeMap<String, CodeSum>,
    /// Things that are counted but not listed one by one: `ring-order`, `slivers` …
    pub counted: BTreeMap<String, usize>,
    /// Total number of findings, by severity.
    pub totals: BTreeMap<Severity, usize>,
    /// The findings, those about the whole file first, then in the file's order; at most 1,000 of each check.
    pub findings: Vec<Finding>,
    /// How many further findings of a check are not listed.
    pub not_listed: BTreeMap<String, usize>,
    #[serde(skip)]
    listed: BTreeMap<String, usize>,
}

/// Name of the check for a disk that was too full to unpack the file.
pub const FULL_DISK: &str = "full-disk";

impl Report {
    /// True when the disk was full while the file was read. Such a report says nothing about the file itself.
    pub fn met_full_disk(&self) -> bool {
        self.findings.iter().any(|finding| finding.check == FULL_DISK)
    }

    /// An empty report on a file.
    pub fn about(file: &str) -> Self {
        Self { file: file.to_owned(), ..Self::default() }
    }

    /// Adds a finding; once 1,000 of its check are listed, it is only counted.
    pub fn push(&mut self, finding: Finding) {
        *self.totals.entry(finding.severity).or_default() += 1;
        let listed = self.listed.entry(finding.check.clone()).or_default();
        if *listed < LISTED {
            *listed += 1;
            self.findings.push(finding);
        } else {
            *self.not_listed.entry(finding.check).or_default() += 1;
        }
    }

    /// Adds what a reader, or whoever reads its columns, has to say of the file as a whole.
    pub fn take(&mut self, notes: Vec<Note>) {
        for note in notes {
            self.add(note.severity, note.check, None, note.said);
        }
    }

    /// Adds a finding about a feature or the whole file.
    pub fn add(&mut self, severity: Severity, check: &str, feature: impl Into<Option<usize>>, said: impl Into<Said>) {
        let finding = Finding { feature: feature.into(), ..Finding::new(severity, check, said) };
        self.push(finding);
    }

    /// Counts things that do not deserve a line for each feature.
    pub fn count_also(&mut self, what: &str, by: usize) {
        if by > 0 {
            *self.counted.entry(what.to_owned()).or_default() += by;
        }
    }

    /// Number of findings of that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.totals.get(&severity).copied().unwrap_or(0)
    }

    /// True when nothing blocks publishing.
    pub fn is_clean(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// Sorts the findings: those about the whole file first, then by layer and feature.
    pub fn sort(&mut self) {
        self.findings.sort_by_cached_key(|finding| (finding.feature.is_some(), finding.layer.clone(), finding.feature));
    }

    /// Takes back warnings of a check that something else says better.
    pub fn forget(&mut self, check: &str) {
        let before = self.findings.len();
        self.findings.retain(|finding| finding.check != check || finding.severity != Severity::Warning);
        let gone = before - self.findings.len();
        if let Some(total) = self.totals.get_mut(&Severity::Warning) {
            *total = total.saturating_sub(gone);
        }
    }

    /// Adds what was found in a further layer of the file.
    pub fn absorb(&mut self, layer: &str, other: Self) {
        for finding in other.findings {
            // What is said of the whole file once need not be said of each layer.
            let is_said = |known: &Finding| known.feature.is_none() && known.check == finding.check && known.said == finding.said;
            if finding.feature.is_none() && self.findings.iter().any(is_said) {
                continue;
            }
            self.push(Finding { layer: Some(layer.to_owned()).filter(|layer| !layer.is_empty()), ..finding });
        }
        for (check, more) in other.not_listed {
            *self.not_listed.entry(check).or_default() += more;
        }
        for (what, count) in other.counted {
            self.count_also(&what, count);
        }
    }

    /// The report as text for a terminal, in Vietnamese and English.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} đối tượng, đánh số từ #0 (features, counted from #0); {} lỗi (errors), {} cảnh báo (warnings), {} sửa chữa (repairs)",
            self.features,
            self.count(Severity::Error),
            self.count(Severity::Warning),
            self.count(Severity::Repair)
        );
        if let Some(crs) = &self.crs {
            let plane = self.plane.as_ref().filter(|plane| *plane != crs);
            let plane = plane.map(|plane| format!("; diện tích đo trong (areas measured in) {plane}")).unwrap_or_default();
            let _ = writeln!(text, "Hệ tọa độ (coordinates): {crs}{plane}");
        }
        let columns =
            [("mã loại đất (land use)", &self.code_column), ("tên (name)", &self.name_column), ("ghi chú (note)", &self.note_column)];
        let columns = columns.iter().filter_map(|(what, name)| Some(format!("{what} ← “{}”", name.as_ref()?)));
        let columns: Vec<String> = columns.chain(self.lot_columns.iter().map(|(what, name)| format!("{what} ← “{name}”"))).collect();
        if !columns.is_empty() {
            let _ = writeln!(text, "Cột (columns): {}", columns.join(", "));
        }
        for layer in &self.layers {
            let name = layer.name.as_ref().map(|name| format!("“{name}”, ")).unwrap_or_default();
            let _ = writeln!(text, "Lớp (layer): {name}{} ({})", layer.said.text(Lang::Vi), layer.said.text(Lang::En));
        }
        let mut printed: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in &self.findings {
            let count = printed.entry(&finding.check).or_default();
            *count += 1;
            if *count <= PRINTED {
                let _ = writeln!(text, "{}", line_of(finding));
            }
        }
        for (check, count) in printed {
            let more = count.saturating_sub(PRINTED) + self.not_listed.get(check).copied().unwrap_or(0);
            if more > 0 {
                let _ = writeln!(text, "… và {more} mục “{check}” nữa (and {more} more; --report FILE.html, --json)");
            }
        }
        for (what, count) in &self.counted {
            let said = counted_words(what).said();
            let _ = writeln!(text, "{}: {count} ({})", said.text(Lang::Vi), said.text(Lang::En));
        }
        if !self.codes.is_empty() {
            let decimal = crate::words::format::decimal;
            let _ = writeln!(text, "Diện tích (area): {} ha", decimal(self.area_ha, 2));
            for (code, sum) in &self.codes {
                let _ = writeln!(text, "  {code:<6} {:>6} {:>14} ha", sum.zones, decimal(sum.area_ha, 2));
            }
        }
        text
    }
}

fn line_of(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Error => "LỖI",
        Severity::Warning => "CHÚ Ý",
        Severity::Repair => "ĐÃ SỬA",
    };
    let layer = finding.layer.as_ref().map(|layer| format!(" “{layer}”")).unwrap_or_default();
    let feature = finding.feature.map(|n| format!(" #{n}")).unwrap_or_default();
    let line = finding.line.filter(|line| *line > 1).map(|n| format!(", dòng (line) {n}")).unwrap_or_default();
    let at = finding.at.map(|[lon, lat]| format!(" [{lon:.5}, {lat:.5}]")).unwrap_or_default();
    format!("{mark}{layer}{feature}{line}: {}{at}", finding.said)
}

/// Words for a thing that is only counted.
pub fn counted_words(what: &str) -> Sentence {
    match what {
        "ring-order" => sentence!("counted-ring-order"),
        "rounded-points" => sentence!("counted-rounded"),
        "null-words" => sentence!("counted-null-words"),
        "slivers" => sentence!("counted-slivers"),
        "rounding-misfits" => sentence!("counted-misfits"),
        _ => sentence!("counted-others"),
    }
}
