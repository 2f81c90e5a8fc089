//! Reads map points and places from tables, GeoJSON, KML and other formats, with the headers that offices use.

mod facts;

pub use facts::{KINDS, all_facts, facts, family_of};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cell;
use super::columns::{self, Axis, axis, plain};
use super::encoding::Texts;
use super::feature::{Feature, GeometryError};
use super::formats::{self, Choice, Stated};
use super::report::{Finding, Report, Severity};
use super::source::Source;
use super::zones::{Imported, Names, Options, empty, first_positions, in_unicode, unreadable, writing_of};
use crate::domain::{Code, phone};
use crate::features::canonical;
use crate::geometry::contains;
use crate::geometry::crs::Crs;
use crate::geometry::simple::{Geometry, Position};
use crate::import::choose_crs::Chosen;
use crate::import::choose_crs::Hints;
use crate::import::choose_crs::choose;
use crate::words::fold::{clean, fold};
use crate::words::number::number;
use crate::words::sentence::Sentence;

/// Most rows of a table of points.
pub const MOST_ROWS: usize = 100_000;

/// The columns that are understood: the name in facts, and the headers such a column may have, folded without
/// separators. `CONTRIBUTING.md` lists them for planners.
const COLUMNS: &[(&str, &[&str])] = &[
    ("title", &["ten", "name", "title", "tencoso", "tendiem", "tengoi"]),
    ("address", &["diachi", "address"]),
    ("phone", &["sodienthoai", "dienthoai", "sdt", "phone", "phonenumber", "tel"]),
    ("hours", &["gio", "giolamviec", "giomocua", "hours"]),
    ("languages", &["ngonngu", "languages"]),
    ("hamlets", &["thon", "todanpho", "thonto", "thontodanpho", "hamlets"]),
    ("role", &["vaitro", "chucnang", "role"]),
    ("operator", &["donvichuquan", "donviquanly", "operator"]),
    ("summary", &["mota", "ghichu", "summary", "note", "description"]),
    ("units", &["madonvi", "donvihanhchinh", "units"]),
    ("kind", &["loai", "kind", "type"]),
    ("contact", &["nguoilienhe", "hoten", "contact"]),
    ("consent", &["dongy", "sodongy", "phieudongy", "consent"]),
    ("payment", &["thanhtoan", "phuongthucthanhtoan", "payment", "paymentmethods"]),
    ("offer", &["uudai", "noidung", "offer"]),
    ("products", &["sanpham", "mathang", "products"]),
];

fn meaning(header: &str) -> Option<&'static str> {
    let header = plain(header);
    COLUMNS.iter().find(|(_, names)| names.contains(&header.as_str())).map(|(field, _)| *field)
}

/// Headers of a column with the codes of points that are published, folded without separators.
const CODES: [&str; 3] = ["code", "ma", "mabangtin"];

/// The code that a cell names; none where the column holds something else.
fn code_in(header: &str, value: &Value) -> Option<Code> {
    CODES.contains(&plain(header).as_str()).then(|| clean(&cell::text(value)?).parse().ok())?
}

/// A row that was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The row's number in the file, from 0.
    pub number: usize,
    /// The row's line, from 1, in files that have lines.
    pub line: Option<u64>,
    /// Longitude and latitude in 10⁻⁷ degrees.
    pub position: [i64; 2],
    /// The row's fields, by their names in facts.
    pub fields: Map<String, Value>,
    /// The point that it names by its code.
    pub code: Option<Code>,
}

/// A row of a table as it stands: its cells by the headers of their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cells {
    /// The row's number in the file, from 0.
    pub number: usize,
    /// The row's line, from 1, in files that have lines.
    pub line: Option<u64>,
    /// Its cells.
    pub cells: Map<String, Value>,
}

/// The rows of a table that need no place. There may be at most `most`.
pub fn table(source: &Source, options: &Options, most: usize, report: &mut Report) -> Vec<Cells> {
    let options = &Options { choice: Choice { placeless: true, ..options.choice.clone() }, ..options.clone() };
    let Some((features, ..)) = decoded(source, options, most, report) else { return Vec::new() };
    let rows = features.into_iter().enumerate();
    rows.map(|(number, feature)| Cells { number, line: feature.line, cells: feature.properties }).collect()
}

/// All features of a file, with its coordinate system. Rows without a place are reported later.
/// There may be at most `most`.
pub fn features(source: &Source, options: &Options, most: usize, report: &mut Report) -> Option<(Vec<Feature>, Chosen)> {
    let (features, stated, defaults_to_wgs84) = decoded(source, options, most, report)?;
    // A table in degrees shows that in its headers.
    let some = features.iter().take(100);
    let degrees = some.flat_map(|feature| feature.properties.keys()).any(|key| matches!(axis(key), Some(Axis::Lon)));
    let hints = Hints {
        asked: options.crs,
        stated: &stated,
        before: options.as_before.crs,
        defaults_to_wgs84: defaults_to_wgs84 || degrees,
        city: &options.city,
    };
    let chosen = choose(&first_positions(&features), hints, report)?;
    report.crs = Some(format!("EPSG:{}", chosen.crs.epsg));
    Some((features, chosen))
}

/// All features of a file with their texts in Unicode, what it states of its coordinates, and whether those are degrees
/// where it states nothing.
fn decoded(source: &Source, options: &Options, most: usize, report: &mut Report) -> Option<(Vec<Feature>, Stated, bool)> {
    report.file.clone_from(&source.name);
    report.sha256 = source.digest().ok().map(|digest| digest.to_string());
    let mut choice = options.choice.clone();
    choice.limits.features = choice.limits.features.min(most);
    let mut read = || {
        let mut reader = formats::open(source, &choice)?;
        let mut features = Vec::new();
        let read = loop {
            match reader.next() {
                Ok(Some(raw)) => features.push(raw.parse()),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if read.is_ok() && features.is_empty() {
            empty(reader.as_ref(), report);
        }
        report.take(reader.notes());
        read.map(|()| (features, reader.stated(), reader.defaults_to_wgs84()))
    };
    let (features, stated, defaults_to_wgs84) = match read() {
        Ok(read) => read,
        Err(error) => {
            unreadable(report, error);
            return None;
        }
    };
    report.features = features.len();
    if features.is_empty() {
        return None;
    }
    let names = Names::of(&features, report);
    let texts = Texts::new(writing_of(&features, &names));
    let mut decided = Vec::with_capacity(features.len());
    for (number, feature) in features.into_iter().enumerate() {
        let mut notes = Vec::new();
        let properties = in_unicode(&feature.properties, &names, &texts, &mut notes);
        notes.iter().for_each(|note| report.push(note.finding().of(number, feature.line)));
        decided.push(Feature { properties, ..feature });
    }
    texts.report(report);
    Some((decided, stated, defaults_to_wgs84))
}

/// Reads a table or a map file of points; rows with errors are reported and left out.
pub fn read(source: &Source, options: &Options, report: &mut Report) -> Vec<Row> {
    let Some((features, chosen)) = features(source, options, MOST_ROWS, report) else { return Vec::new() };
    let features: Vec<Feature> = features.into_iter().map(Feature::without_lines).collect();
    unused_columns(&features, report);
    let rows = features.iter().enumerate();
    let rows: Vec<Row> = rows.filter_map(|(number, feature)| read_row(number, feature, &chosen, options, report)).collect();
    let mut seen = std::collections::HashMap::new();
    for row in &rows {
        let title = row.fields.get("title").and_then(Value::as_str).unwrap_or_default();
        if let Some(first) = seen.insert((row.position, fold(title)), row.number) {
            let said = sentence!("same-point-twice", title, first);
            report.push(Finding::new(Severity::Warning, "same-point-twice", said).of(row.number, row.line));
        }
    }
    if !source.is_unchanged() {
        report.add(Severity::Error, "changed-while-read", None, sentence!("changed-while-read"));
    }
    rows
}

/// True if the column's values are coordinates from which the points were made.
fn is_used(header: &str, features: &[Feature]) -> bool {
    features.iter().take(100).any(|feature| {
        let (Ok(Geometry::Point(Position(at))), Some(cell)) = (&feature.geometry, feature.properties.get(header)) else { return false };
        let written = cell::text(cell).unwrap_or_default();
        [true, false].iter().filter_map(|is_degrees| formats::coordinate(&written, *is_degrees)).any(|value| at.contains(&value))
    })
}

/// Reports the columns that give no field: unknown ones, and those whose field another column gives.
fn unused_columns(features: &[Feature], report: &mut Report) {
    let rows: Vec<&Map<String, Value>> = features.iter().map(|feature| &feature.properties).collect();
    // The first column that gives a row's field is used, and may be another one in another row.
    let mut used: BTreeSet<&String> = BTreeSet::new();
    for row in &rows {
        let mut fields: Vec<&str> = Vec::new();
        for (header, _) in row.iter().filter(|(_, value)| cell::text(value).is_some_and(|text| !clean(&text).is_empty())) {
            if let Some(field) = meaning(header).filter(|field| !fields.contains(field)) {
                fields.push(field);
                used.insert(header);
            }
            if code_in(header, &row[header]).is_some() {
                used.insert(header);
            }
        }
    }
    let unused = columns::unused(&rows, |header| {
        let is_place = || features.iter().all(|feature| feature.geometry.is_err()) || is_used(header, features);
        used.iter().any(|known| *known == header) || axis(header).is_some() && is_place()
    });
    let tally = formats::Tally::default();
    tally.list(formats::Left::Unused, &unused);
    report.take(tally.notes());
}

fn read_row(number: usize, feature: &Feature, chosen: &Chosen, options: &Options, report: &mut Report) -> Option<Row> {
    let mut error = |check: &str, said: Sentence| {
        report.push(Finding::new(Severity::Error, check, said).of(number, feature.line));
    };
    let Position([x, y]) = match &feature.geometry {
        Ok(Geometry::Point(position)) => *position,
        Ok(_) => {
            error("not-a-point", sentence!("not-a-point"));
            return None;
        }
        Err(GeometryError::Missing) => {
            error("no-geometry", sentence!("no-geometry-points"));
            return None;
        }
        Err(GeometryError::Unreadable(why)) => {
            error("geometry-unreadable", sentence!("geometry-unreadable-points", why));
            return None;
        }
    };
    let [x, y] = if chosen.swapped { [y, x] } else { [x, y] };
    let in_city = |x: f64, y: f64| chosen.crs.to_wgs84(x, y).ok().filter(|[lon, lat]| contains(&options.city, *lon, *lat));
    let placed = in_city(x, y);
    if placed.is_none() && in_city(y, x).is_some() {
        error("axes-swapped", sentence!("axes-swapped", x, y));
        return None;
    }
    let Some([lon, lat]) = placed else {
        error("outside-city", sentence!("outside-city-points", x, y));
        return None;
    };
    let mut fields = Map::new();
    for (header, value) in &feature.properties {
        let Some(field) = meaning(header) else { continue };
        let text = cell::text(value);
        if text.is_none() && !value.is_null() {
            let said = sentence!("value-not-text", header);
            report.push(Finding::new(Severity::Warning, "value-not-text", said).of(number, feature.line));
        }
        let text = clean(&text.unwrap_or_default());
        if cell::is_null_word(&text) {
            report.count_also("null-words", 1);
            continue;
        }
        if cell::is_error_word(&text) {
            let said = sentence!("cell-error-word", header, text);
            report.push(Finding::new(Severity::Warning, "cell-error", said).of(number, feature.line));
            continue;
        }
        if text.is_empty() {
            continue;
        }
        if let Some((check, said)) = misread(field, header, &text) {
            report.push(Finding::new(Severity::Error, check, said).of(number, feature.line));
        }
        if field == "phone" && phone::lacks_area_code(&text) {
            let said = sentence!("phone-area-code", text, header);
            report.push(Finding::new(Severity::Warning, "phone-area-code", said).of(number, feature.line));
        }
        if let Some(first) = fields.get(field).and_then(Value::as_str).filter(|first| *first != text) {
            let said = sentence!("second-value", header, text, first);
            report.push(Finding::new(Severity::Warning, "second-value", said).of(number, feature.line));
        }
        fields.entry(field).or_insert(Value::from(text));
    }
    let mut error = |check: &str, said: Sentence| {
        report.push(Finding::new(Severity::Error, check, said).of(number, feature.line));
    };
    if !fields.contains_key("title") {
        error("no-name", sentence!("no-name"));
        return None;
    }
    let code = feature.properties.iter().find_map(|(header, value)| code_in(header, value));
    Some(Row { number, line: feature.line, position: [canonical::round(lon), canonical::round(lat)], fields, code })
}

/// Recognises a text that a program has garbled, such as a phone number taken for a number. Gives the check's
/// name, and sentences that say how to write what was meant.
fn misread(field: &str, header: &str, text: &str) -> Option<(&'static str, Sentence)> {
    match field {
        "phone" if phone::lost_its_zero(text) => {
            let lost = if text.trim_start().starts_with("84") { sentence!("lost-plus") } else { sentence!("lost-zero") };
            Some(("phone-lost-its-zero", sentence!("phone-lost-its-zero", text, header, lost)))
        }
        "phone" if !phone::is_whole_phone(text) => Some(("phone-digits", sentence!("phone-digits", text, header))),
        _ if cell::is_ditto(text) => Some(("as-above", sentence!("as-above", text, header))),
        "phone" | "title" | "consent" | "units" | "address" | "summary" if cell::is_scientific(text) => {
            Some(("number-shortened", sentence!("number-shortened", text, header)))
        }
        "title" | "address" | "hours" if cell::as_day_of_sheet(text).is_some() => {
            let found = cell::as_day_of_sheet(text).unwrap_or_default();
            Some(("day-of-a-sheet", sentence!("day-of-a-sheet", text, header, found)))
        }
        "title" | "address" => cell::as_day(text).map(|day| {
            let day = cell::day(day);
            ("name-is-a-date", sentence!("name-is-a-date", text, header, day))
        }),
        // A time such as half past seven that was saved as a fraction of a day, without a time format.
        "hours" if number(text).is_some_and(|share| (0.0..1.0).contains(&share)) => {
            Some(("hours-are-a-number", sentence!("hours-are-a-number", header, text)))
        }
        "hours" => cell::as_day(text).map(|day| {
            let day = cell::day(day);
            ("hours-are-a-date", sentence!("hours-are-a-date", header, day))
        }),
        _ => None,
    }
}

/// Reads a campaign's participating places as a canonical set.
pub fn places(source: &Source, options: &Options) -> Imported {
    let mut report = Report::default();
    let mut writer = canonical::Writer::default();
    for row in read(source, options, &mut report) {
        let mut properties = Map::new();
        let text = |field: &str| row.fields.get(field).cloned().unwrap_or(Value::Null);
        properties.insert("name".into(), text("title"));
        properties.insert("address".into(), text("address"));
        properties.insert("payment".into(), text("payment"));
        properties.insert("offer".into(), text("offer"));
        properties.insert("hours".into(), text("hours"));
        properties.insert("phone".into(), text("phone"));
        writer.push(&canonical::point_piece(&properties, row.position));
    }
    let set = writer.finish();
    let drawn = set.as_ref().map(|set| set.chunks.clone()).unwrap_or_default();
    let set = set.filter(|_| report.is_clean());
    Imported { report, set, drawn, plane: options.plane, further: Vec::new() }
}

/// Options for a file of points in a city. Errors: `crs` names no system that can be read.
pub fn options(city: &crate::domain::city::City, crs: Option<&str>) -> Result<Options, crate::geometry::crs::CrsError> {
    Ok(Options { crs: crs.map(Crs::code).transpose()?, ..Options::new(city.bbox, city.default_crs) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn city() -> crate::domain::city::City {
        crate::domain::city::City { bbox: [104.815, 21.646, 104.961, 21.798], default_crs: 9208, ..Default::default() }
    }

    #[test]
    fn vietnamese_headers_and_vn2000_numbers_are_understood() {
        let csv = "Tên;X;Y;Số điện thoại;Loại\nTrạm y tế A;2401150;512650;0216 3 850 115;Trạm y tế\n";
        let options = options(&city(), Some("EPSG:9208")).expect("known");
        let mut report = Report::default();
        let rows = read(&Source::memory("a.csv", csv.to_owned()), &options, &mut report);
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(rows[0].position, [1_048_741_601, 217_062_817]);
        assert_eq!(facts(&rows[0], None, &mut report)["kind"], "health-station");
    }

    #[test]
    fn what_nobody_sees_in_a_cell_is_no_part_of_its_number_or_unit() {
        let options = options(&city(), None).expect("known");
        for hidden in ["", "\u{200b}", "\u{feff}", "\u{200e}", "\u{a0}", "\u{ad}", "\u{2060}"] {
            // A blank within a number can be seen.
            let within = hidden.trim();
            let csv =
                format!("Tên;Lat;Lon;Mã đơn vị;Loại\nTrạm A;{hidden}21.705{hidden};104{within}.875;04252{hidden} -\u{a0}2025;Trạm y tế\n");
            let mut report = Report::default();
            let rows = read(&Source::memory("a.csv", csv), &options, &mut report);
            assert!(report.is_clean(), "{hidden:?}: {report:?}");
            assert_eq!(rows[0].position, [1_048_750_000, 217_050_000], "{hidden:?}");
            assert_eq!(facts(&rows[0], None, &mut report)["units"], json!(["04252-2025"]), "{hidden:?}");
        }
    }

    #[test]
    fn a_persons_number_needs_their_consent() {
        let options = options(&city(), None).expect("known");
        let read_facts = |csv: &str| {
            let mut report = Report::default();
            let rows = read(&Source::memory("a.csv", csv.to_owned()), &options, &mut report);
            (facts(&rows[0], Some("health-worker"), &mut report), report)
        };
        for no in ["Không", "chưa", "0", "Không đồng ý", "Đã rút 1/10/2026", "-", "FALSE", "Từ chối", "x", "có", "TRUE", "Đồng ý"]
        {
            let csv = format!("Tên,Kinh độ,Vĩ độ,Số điện thoại,Người liên hệ,Đồng ý\nThôn A,104.87,21.7,0900000000,Chị A,{no}\n");
            let (facts, report) = read_facts(&csv);
            assert_eq!((report.findings[0].check.as_str(), facts.get("contact")), ("consent-denied", None), "{no}");
        }
        for yes in ["HS-1", "Phiếu số 12", "12/2026", "Biên bản họp thôn 3/9/2026", "10"] {
            let csv = format!("Tên,Kinh độ,Vĩ độ,Số điện thoại,Người liên hệ,Đồng ý\nThôn A,104.87,21.7,0900000000,Chị A,{yes}\n");
            assert!(read_facts(&csv).1.is_clean(), "{yes}");
        }
        let (_, report) = read_facts("Tên,Kinh độ,Vĩ độ,Số điện thoại\nThôn A,104.87,21.7,0900000000\n");
        assert_eq!(report.findings[0].check, "consent-missing");
        let (facts, report) =
            read_facts("Tên,Kinh độ,Vĩ độ,Số điện thoại,Người liên hệ,Đồng ý\nThôn A,104.87,21.7,0900000000,Chị A,HS-1\n");
        assert!(report.is_clean());
        assert!(facts.get("phones").is_none() && facts["contact"]["consent"]["evidence"] == "HS-1");
    }

    #[test]
    fn a_row_without_a_place_or_a_name_is_named() {
        let csv = "name,lon,lat\nA,,\n,104.87,21.7\nB,104.87,21.7\n";
        let options = options(&city(), None).expect("known");
        let mut report = Report::default();
        assert_eq!(read(&Source::memory("a.csv", csv.to_owned()), &options, &mut report).len(), 1);
        let found: Vec<_> = report.findings.iter().map(|f| (f.check.as_str(), f.feature)).collect();
        assert_eq!(found, [("no-geometry", Some(0)), ("no-name", Some(1))]);
    }
}
