//! Finds which column holds what: by its name, else by its content.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::words::fold::fold;

/// Names under which offices keep the land-use code, folded, without separators.
const CODE_NAMES: &[&str] = &[
    "landuse",
    "maloaidatqhxd",
    "maloaidatqh",
    "loaidatqh",
    "maloaidat",
    "loaidat",
    "madat",
    "kyhieu",
    "mdsd",
    "mdsdd",
    "qhsdd",
    "mucdich",
    "maqh",
    "chucnang",
    "chucnangsudungdat",
    "chucnangsdd",
    "chucnangsd",
    "code",
    "ma",
];
/// Names under which offices keep the name of a zone or place.
const NAME_NAMES: &[&str] = &["name", "ten", "tenkhu", "tenkhuvuc", "tendoituong", "tenloaidat", "tencongtrinh", "tenduan"];

/// Names under which offices keep a note on a zone.
const NOTE_NAMES: &[&str] = &["note", "ghichu", "chuthich", "diengiai", "mota", "description"];

/// Names of columns that number the rows, that programs compute from the geometry, or that say on which layer of a
/// drawing a shape stands.
const OF_PROGRAMS: &[&str] =
    &["stt", "tt", "so", "fid", "id", "gid", "ogcfid", "objectid", "shapearea", "shapeleng", "shapelength", "layer", "folders"];

/// The column that holds the name of a placemark's folder. It says something where there are several.
pub const FOLDER: &str = "Folder";
/// The column that holds the names of all folders around a placemark, where there are several.
pub const FOLDERS: &str = "Folders";
/// The column that holds the name of a shape's layer in a drawing.
pub const LAYER: &str = "Layer";
/// Under these names, with a number from 1, stand the lines of the texts in an area of a drawing.
pub const LINE_OF_TEXT: &str = "Dòng";
/// Most such lines of an area.
pub const LINES_OF_TEXT: usize = 8;

/// Words in the names of columns that hold data of persons, folded without separators.
const OF_PERSONS: &[&str] = &[
    "cccd",
    "cmnd",
    "cmtnd",
    "hoten",
    "chusudung",
    "chusd",
    "chuhogd",
    "chuho",
    "tenchu",
    "sdt",
    "dienthoai",
    "email",
    "ngaysinh",
    "masothue",
];

/// True for a column that by its name holds data of persons.
pub fn is_personal(column: &str) -> bool {
    let plain = plain(column);
    OF_PERSONS.iter().any(|word| plain.contains(word))
}

/// The coordinate that a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Longitude.
    Lon,
    /// Latitude.
    Lat,
    /// The first of a pair: easting, or northing in Vietnamese tables.
    X,
    /// The second of a pair.
    Y,
}

/// The coordinate in a column with that header; none for other columns.
pub fn axis(header: &str) -> Option<Axis> {
    // In “Kinh độ (WGS84)”, the part in parentheses is a remark.
    let bare = header.split(['(', '[', '\n']).next().unwrap_or(header);
    match plain(bare).as_str() {
        "kinhdo" | "lon" | "lng" | "longitude" | "long" => Some(Axis::Lon),
        "vido" | "lat" | "latitude" => Some(Axis::Lat),
        "x" | "toadox" => Some(Axis::X),
        "y" | "toadoy" => Some(Axis::Y),
        _ => None,
    }
}

/// A column's name without case, diacritics and separators: `Mã loại đất` → `maloaidat`.
pub fn plain(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Bytes to which a Shapefile cuts the names of its columns.
pub const CUT: usize = 10;

/// True for a column whose name a Shapefile has cut from that one.
pub fn is_cut(column: &str, name: &str) -> bool {
    let bare = plain(column);
    column.len() == CUT && bare.len() > 5 && name.starts_with(&bare)
}

/// True for a column of which four of five cells are codes.
pub fn holds_codes(rows: &[&Map<String, Value>], column: &str, code_of: impl Fn(&str) -> Option<&'static str>) -> bool {
    let codes = rows.iter().filter(|row| row.get(column).and_then(Value::as_str).is_some_and(|text| code_of(text.trim()).is_some()));
    !rows.is_empty() && codes.count() * 5 >= rows.len() * 4
}

/// The column with the first of the names that any column with content has; `is_none` rules columns out.
fn by_name(rows: &[&Map<String, Value>], names: &[&str], is_none: &dyn Fn(&String) -> bool) -> Option<String> {
    let columns = columns(rows);
    let holds =
        |column: &String| rows.iter().any(|row| row.get(column).is_some_and(|value| !value.is_null() && value.as_str() != Some("")));
    let find = |is_called: &dyn Fn(&str, &str) -> bool| {
        names.iter().find_map(|name| columns.iter().find(|column| is_called(column, name) && holds(column) && !is_none(column)).cloned())
    };
    find(&|column, name| plain(column) == name).or_else(|| find(&is_cut))
}

/// Other columns that hold codes in at least four of five rows, and differ somewhere from the chosen column.
pub fn rival_codes(rows: &[&Map<String, Value>], chosen: &str, code_of: impl Fn(&str) -> Option<&'static str>) -> Vec<String> {
    let code = |row: &Map<String, Value>, column: &str| code_of(row.get(column).and_then(Value::as_str)?.trim());
    let is_rival = |column: &String| {
        let differs = rows.iter().any(|row| code(row, column).is_some_and(|own| code(row, chosen).is_some_and(|other| other != own)));
        column != chosen && holds_codes(rows, column, &code_of) && differs
    };
    columns(rows).into_iter().filter(is_rival).collect()
}

fn columns(rows: &[&Map<String, Value>]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for row in rows.iter().take(100) {
        for key in row.keys() {
            if !columns.contains(key) {
                columns.push(key.clone());
            }
        }
    }
    columns
}

/// The column of land-use codes. The one that the planner asked for comes first, then one with a usual name and
/// codes in more than a fifth of its rows, then the one with the most codes, if at least four of five rows hold
/// one.
pub fn code_column(rows: &[&Map<String, Value>], asked: Option<&str>, code_of: impl Fn(&str) -> Option<&'static str>) -> Option<String> {
    if let Some(asked) = asked {
        return columns(rows).into_iter().find(|column| column == asked || plain(column) == plain(asked));
    }
    let share = |column: &str| {
        let codes = rows.iter().filter(|row| row.get(column).and_then(Value::as_str).is_some_and(|text| code_of(text.trim()).is_some()));
        codes.count() as f64 / rows.len().max(1) as f64
    };
    by_name(rows, CODE_NAMES, &|column| share(column) <= 0.2 || is_of_existing(column)).or_else(|| {
        let all = columns(rows).into_iter().filter(|column| !is_of_existing(column));
        let best = all.map(|column| (share(&column), column)).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= 0.8).then_some(best.1)
    })
}

/// True for a column that by its name says what is there already: `HienTrang`, `LoaiDatHT`.
fn is_of_existing(column: &str) -> bool {
    let plain = plain(column);
    plain.contains("hientrang") || plain.ends_with("ht")
}

/// The column of names. A column that only repeats the column `codes` does not count.
pub fn name_column(rows: &[&Map<String, Value>], asked: Option<&str>, codes: Option<&str>) -> Option<String> {
    let Some(asked) = asked else {
        let repeats = |name: &String| codes.is_some_and(|codes| rows.iter().all(|row| row.get(name) == row.get(codes)));
        return by_name(rows, NAME_NAMES, &repeats);
    };
    columns(rows).into_iter().find(|column| column == asked || plain(column) == plain(asked))
}

/// The column of notes.
pub fn note_column(rows: &[&Map<String, Value>], asked: Option<&str>) -> Option<String> {
    match asked {
        Some(asked) => columns(rows).into_iter().find(|column| column == asked || plain(column) == plain(asked)),
        None => by_name(rows, NOTE_NAMES, &|_| false),
    }
}

/// Columns with content besides those that are `used`, each in quotation marks with the number of its values. Columns
/// that programs add of their own, such as numbers of rows and lengths of borders, do not count.
pub fn unused(rows: &[&Map<String, Value>], mut is_used: impl FnMut(&str) -> bool) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (column, value) in rows.iter().copied().flatten() {
        if !value.is_null() && value.as_str() != Some("") {
            *counts.entry(column).or_insert(0) += 1;
        }
    }
    if let [first, rest @ ..] = rows
        && rest.iter().all(|row| row.get(FOLDER) == first.get(FOLDER))
    {
        counts.retain(|column, _| column.as_str() != FOLDER);
    }
    counts.retain(|column, _| !OF_PROGRAMS.contains(&plain(column).as_str()) && !is_used(column));
    counts.into_iter().map(|(column, count)| (format!("“{column}”"), count)).collect()
}

/// The names of the rows' columns, listed for people.
pub fn list(rows: &[&Map<String, Value>]) -> String {
    columns(rows).iter().take(40).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pairs: &[(&str, &str)]) -> Map<String, Value> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
    }

    #[test]
    fn the_code_column_is_found_by_name_or_by_content() {
        let is_code = |text: &str| ["LUC", "ODT"].into_iter().find(|code| *code == text);
        let named = [row(&[("STT", "1"), ("Mã loại đất", "LUC")])];
        let content = [row(&[("x", "ODT"), ("y", "1")]), row(&[("x", "LUC"), ("y", "2")])];
        let refs = |rows: &'static [Map<String, Value>]| rows.iter().collect::<Vec<_>>();
        assert_eq!(code_column(&refs(Box::leak(Box::new(named))), None, is_code).as_deref(), Some("Mã loại đất"));
        assert_eq!(code_column(&refs(Box::leak(Box::new(content))), None, is_code).as_deref(), Some("x"));
    }
}
