//! An import's report as a page of its own: counts, a map that marks each finding, all findings, and areas
//! by code. The page needs no further request and no script.

use std::sync::LazyLock;

use bytes::Bytes;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::map;
use crate::domain::land_use;
use crate::features::Features;
use crate::import::report::{Finding, Report, Severity, counted_words};
use crate::words::format::decimal;

const STYLE: &str = "
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid #8886}td.n,th.n{text-align:right}td.w{overflow-wrap:anywhere}
.state{padding:.6rem .8rem;border-left:.5rem solid;font-weight:700}.error{border-color:#b00020}.clean{border-color:#0a6b2d}
svg{width:100%;height:auto;background:#fff;border:1px solid #8886}.en{opacity:.8;display:block;font-size:.92em}
.mark{display:inline-block;min-width:1.9em;padding:0 .3em;border-radius:1em;color:#fff;text-align:center;font-weight:700}
.mark.error{background:#b00020}.mark.warning{background:#8a4b00}.mark.repair{background:#0b5394}
@media print{body{font-size:11pt}a{color:inherit;text-decoration:none}}
";

/// The content security policy: only the page's own style.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| super::layout::policy(STYLE));

/// Most findings that are marked on the map.
const MARKED: usize = 400;

fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Repair => "repair",
    }
}

fn word(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Error => ("Lỗi – phải sửa", "Errors – to be mended"),
        Severity::Warning => ("Cảnh báo – nên xem lại", "Warnings – deserve a look"),
        Severity::Repair => ("Đã tự sửa", "Repairs that were done"),
    }
}

/// The page of a report. `drawn` is the canonical text of the features that could be read.
pub fn page(report: &Report, drawn: &[Bytes]) -> String {
    html! {
        (DOCTYPE)
        html lang="vi" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="robots" content="noindex";
                title { "Báo cáo kiểm tra " (report.file) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content(report, drawn)) } }
        }
    }
    .into_string()
}

fn content(report: &Report, drawn: &[Bytes]) -> Markup {
    let errors = report.count(Severity::Error);
    html! {
        h1 { "Báo cáo kiểm tra tệp " (report.file) span.en lang="en" { "Report on the file " (report.file) } }
        @if errors == 0 {
            p.state.clean { "Không có lỗi: có thể công bố." span.en lang="en" { "No errors: it can be published." } }
        } @else {
            p.state.error {
                "Có " (errors) " lỗi phải sửa trước khi công bố."
                span.en lang="en" { (errors) " errors must be mended before it can be published." }
            }
        }
        (facts(report))
        @if !drawn.is_empty() { (sketch(report, drawn)) }
        @for severity in [Severity::Error, Severity::Warning, Severity::Repair] { (findings(report, severity)) }
        (codes(report))
    }
}

fn facts(report: &Report) -> Markup {
    let rows: Vec<(&str, &str, String)> = [
        ("Số đối tượng (đánh số từ 0)", "Features (counted from 0)", Some(report.features.to_string())),
        (
            "Cảnh báo, sửa chữa",
            "Warnings, repairs",
            Some(format!("{}, {}", report.count(Severity::Warning), report.count(Severity::Repair))),
        ),
        ("Hệ tọa độ", "Coordinate system", report.crs.clone()),
        ("Diện tích đo trong mặt phẳng", "Areas are plane areas in", report.plane.clone()),
        ("Cột mã loại đất", "Column of land-use codes", report.code_column.clone()),
        ("Cột tên", "Column of names", report.name_column.clone()),
        ("Cột ghi chú", "Column of notes", report.note_column.clone()),
        (
            "Diện tích trước và sau khi sửa",
            "Area before and after repair",
            (report.area_after_m2 > 0.0)
                .then(|| format!("{} m², {} m²", decimal(report.area_before_m2, 1), decimal(report.area_after_m2, 1))),
        ),
        ("SHA-256 của tệp", "SHA-256 of the file", report.sha256.clone()),
    ]
    .into_iter()
    .filter_map(|(vi, en, value)| Some((vi, en, value?)))
    .collect();
    html! {
        table {
            tbody {
                @for (vi, en, value) in &rows {
                    tr { th scope="row" { (vi) span.en lang="en" { (en) } } td.w { (value) } }
                }
                @for (what, count) in &report.counted {
                    @let (vi, en) = counted_words(what);
                    tr { th scope="row" { (vi) span.en lang="en" { (en) } } td { (count) } }
                }
            }
        }
    }
}

/// Findings with their numbers, in the page's order.
fn numbered(report: &Report) -> impl Iterator<Item = (usize, &Finding)> {
    let mut list: Vec<&Finding> = report.findings.iter().collect();
    list.sort_by_key(|finding| finding.severity);
    list.into_iter().enumerate().map(|(i, finding)| (i + 1, finding))
}

fn sketch(report: &Report, drawn: &[Bytes]) -> Markup {
    let whole: Bytes = drawn.concat().into();
    let marks: Vec<map::Mark> = numbered(report)
        .filter_map(|(number, finding)| Some(map::Mark { number, at: finding.at?, class: class(finding.severity) }))
        .take(MARKED)
        .collect();
    let alt = format!("Bản đồ với {} vị trí được đánh dấu", marks.len());
    let Some(features) = Features::parse(&whole) else { return html! {} };
    html! {
        h2 { "Bản đồ" span.en lang="en" { "Map" } }
        (PreEscaped(map::sketch(&features, &marks, &alt)))
        p { "Số trên bản đồ là số thứ tự trong các bảng dưới đây." span.en lang="en" { "Numbers on the map are those of the tables below." } }
    }
}

fn findings(report: &Report, severity: Severity) -> Markup {
    let list: Vec<(usize, &Finding)> = numbered(report).filter(|(_, finding)| finding.severity == severity).collect();
    if list.is_empty() {
        return html! {};
    }
    let (vi, en) = word(severity);
    let more: usize = report
        .not_listed
        .iter()
        .filter(|(check, _)| list.iter().any(|(_, finding)| finding.check == **check))
        .map(|(_, count)| count)
        .sum();
    html! {
        h2 { (vi) " (" (report.count(severity)) ")" span.en lang="en" { (en) } }
        table {
            thead { tr { th scope="col" { "Số" } th scope="col" { "Đối tượng" span.en lang="en" { "Feature" } } th scope="col" { "Nội dung" span.en lang="en" { "Finding" } } } }
            tbody {
                @for (number, finding) in &list {
                    tr id={ "f" (number) } {
                        td { span.mark.(class(severity)) { (number) } }
                        td {
                            @if let Some(feature) = finding.feature { "#" (feature) } @else { "Cả tệp" }
                            @if let Some(line) = finding.line.filter(|line| *line > 1) { br; "dòng " (line) }
                            @if let Some([lon, lat]) = finding.at { br; (format!("{lon:.5}, {lat:.5}")) }
                        }
                        td { (finding.vi) span.en lang="en" { (finding.en) } }
                    }
                }
            }
        }
        @if more > 0 { p { "… và " (more) " mục nữa không liệt kê." span.en lang="en" { "… and " (more) " more that are not listed." } } }
    }
}

fn codes(report: &Report) -> Markup {
    if report.codes.is_empty() {
        return html! {};
    }
    html! {
        h2 { "Diện tích theo loại đất" span.en lang="en" { "Area by land use" } }
        table {
            thead { tr {
                th scope="col" { "Mã" } th scope="col" { "Loại đất" span.en lang="en" { "Land use" } }
                th.n scope="col" { "Số vùng" span.en lang="en" { "Zones" } } th.n scope="col" { "ha" }
            } }
            tbody {
                @for (code, sum) in &report.codes {
                    tr {
                        th scope="row" { (code) }
                        td { (land_use::get(code).map_or("", |entry| entry.name_vi.as_str())) }
                        td.n { (sum.zones) }
                        td.n { (decimal(sum.area_ha, 2)) }
                    }
                }
                tr { th scope="row" { "Tổng" } td {} td.n { (report.codes.values().map(|sum| sum.zones).sum::<usize>()) } td.n { (decimal(report.area_ha, 2)) } }
            }
        }
    }
}
