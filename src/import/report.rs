//! What was found in a file, what was mended, and what needs a planner.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Blocks publishing.
    Error,
    /// Deserves a look.
    Warning,
    /// Was mended; the report says how.
    Repair,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// How grave.
    pub severity: Severity,
    /// Stable name of the check, `unknown-code`.
    pub check: &'static str,
    /// Feature in the file's order, counted from 0; none for the whole file.
    pub feature: Option<usize>,
    /// Vietnamese sentence.
    pub vi: String,
    /// English sentence.
    pub en: String,
}

/// Area of one land-use code.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct CodeSum {
    /// Number of zones.
    pub zones: usize,
    /// Plane area in hectares.
    pub area_ha: f64,
}

/// The report of one import.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Features in the file.
    pub features: usize,
    /// Coordinate system the file was read in, `EPSG:9208`.
    pub crs: Option<String>,
    /// Column the land-use codes were taken from.
    pub code_column: Option<String>,
    /// Column the names were taken from.
    pub name_column: Option<String>,
    /// Plane area in hectares.
    pub area_ha: f64,
    /// By land-use code.
    pub codes: BTreeMap<String, CodeSum>,
    /// All findings, in the file's order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Adds a finding.
    pub fn add(
        &mut self,
        severity: Severity,
        check: &'static str,
        feature: impl Into<Option<usize>>,
        vi: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.findings.push(Finding { severity, check, feature: feature.into(), vi: vi.into(), en: en.into() });
    }

    /// Number of findings of that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// True when nothing blocks publishing.
    pub fn is_clean(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// The report for a terminal, Vietnamese with English.
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
            let _ = writeln!(text, "Hệ tọa độ (coordinates): {crs}");
        }
        if let Some(column) = &self.code_column {
            let _ = writeln!(text, "Cột mã loại đất (land-use column): {column}");
        }
        for finding in &self.findings {
            let mark = match finding.severity {
                Severity::Error => "LỖI ",
                Severity::Warning => "CHÚ Ý ",
                Severity::Repair => "ĐÃ SỬA ",
            };
            let place = finding.feature.map(|n| format!("#{n}: ")).unwrap_or_default();
            let _ = writeln!(text, "{mark}{place}{} ({})", finding.vi, finding.en);
        }
        if !self.codes.is_empty() {
            let _ = writeln!(text, "Diện tích (area): {} ha", crate::render::format::decimal(self.area_ha, 2));
            for (code, sum) in &self.codes {
                let area = crate::render::format::decimal(sum.area_ha, 2);
                let _ = writeln!(text, "  {code:<6} {:>6} {area:>14} ha", sum.zones);
            }
        }
        text
    }
}
