//! More files of each kind that `field` holds one of: in other formats, at other places in the file,
//! several at once.

use std::io::{Cursor, Write};

use bangtin::import::report::Severity;
use bangtin::import::source::Source;
use bangtin::words::text::Lang;
use serde_json::{Value, json};

use crate::field::{Read, read};

const PRJ: &str = r#"PROJCS["VN-2000 / TM-3 104-45",AUTHORITY["EPSG","9208"]]"#;

pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Corners of the n-th square of 100 m.
fn square(n: usize) -> [[f64; 2]; 5] {
    let (x, y) = (512_600.0 + 100.0 * n as f64, 2_401_100.0);
    [[x, y], [x, y + 100.0], [x + 100.0, y + 100.0], [x + 100.0, y], [x, y]]
}

fn record(n: usize) -> Vec<u8> {
    let mut content = Vec::new();
    content.extend(5_i32.to_le_bytes());
    let ring = square(n);
    for v in [ring[0][0], ring[0][1], ring[2][0], ring[2][1]] {
        content.extend(v.to_le_bytes());
    }
    content.extend(1_i32.to_le_bytes());
    content.extend(5_i32.to_le_bytes());
    content.extend(0_i32.to_le_bytes());
    ring.iter().flatten().for_each(|v| content.extend(v.to_le_bytes()));
    content
}

fn header(words: usize) -> Vec<u8> {
    let mut bytes = vec![0; 100];
    bytes[..4].copy_from_slice(&[0, 0, 0x27, 0x0a]);
    bytes[24..28].copy_from_slice(&(words as u32).to_be_bytes());
    bytes[28..32].copy_from_slice(&1000_i32.to_le_bytes());
    bytes[32..36].copy_from_slice(&5_i32.to_le_bytes());
    bytes
}

/// A `.shp` of squares in the order of the file, and a `.shx` that names them in another; `padding` bytes
/// lie behind each.
pub fn shapes(order: &[usize], index: &[usize], padding: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut shp, mut places) = (Vec::new(), std::collections::HashMap::new());
    for (number, n) in order.iter().enumerate() {
        places.insert(*n, 50 + shp.len() / 2);
        let content = record(*n);
        shp.extend((number as u32 + 1).to_be_bytes());
        shp.extend((content.len() as u32 / 2).to_be_bytes());
        shp.extend(content);
        shp.extend(vec![0; padding]);
    }
    let length = record(0).len() as u32 / 2;
    let entries: Vec<u8> = index.iter().flat_map(|n| [(places[n] as u32).to_be_bytes(), length.to_be_bytes()].concat()).collect();
    ([header(50 + shp.len() / 2), shp].concat(), [header(50 + entries.len() / 2), entries].concat())
}

/// A table: columns (name, type, width), and rows of cells, each marked as deleted or not.
pub fn table(columns: &[(&[u8], u8, usize)], rows: &[(bool, Vec<&[u8]>)]) -> Vec<u8> {
    let row_bytes = 1 + columns.iter().map(|column| column.2).sum::<usize>();
    let mut bytes = vec![3, 126, 11, 28];
    bytes.extend((rows.len() as u32).to_le_bytes());
    bytes.extend((33 + 32 * columns.len() as u16).to_le_bytes());
    bytes.extend((row_bytes as u16).to_le_bytes());
    bytes.extend([0; 20]);
    for (name, kind, width) in columns {
        let mut field = vec![0; 32];
        field[..name.len().min(10)].copy_from_slice(&name[..name.len().min(10)]);
        field[11] = *kind;
        field[16] = *width as u8;
        bytes.extend(field);
    }
    bytes.push(0x0d);
    for (deleted, cells) in rows {
        bytes.push(if *deleted { b'*' } else { b' ' });
        for ((_, _, width), cell) in columns.iter().zip(cells) {
            let mut cell = cell[..cell.len().min(*width)].to_vec();
            cell.resize(*width, b' ');
            bytes.extend(cell);
        }
    }
    bytes.push(0x1a);
    bytes
}

const CODES: [&[u8]; 4] = [b"ODT", b"LUC", b"DGT", b"CLN"];

/// Rows of codes and of one more column.
fn coded<'a>(deleted: &[usize], cells: &[&'a [u8]]) -> Vec<(bool, Vec<&'a [u8]>)> {
    cells.iter().enumerate().map(|(i, cell)| (deleted.contains(&i), vec![CODES[i % 4], *cell])).collect()
}

pub fn shapefile(order: &[usize], index: Option<&[usize]>, padding: usize, dbf: &[u8]) -> Vec<u8> {
    let (shp, shx) = shapes(order, index.unwrap_or(order), padding);
    let mut files: Vec<(&str, &[u8])> = vec![("a.shp", &shp), ("a.dbf", dbf), ("a.prj", PRJ.as_bytes())];
    if index.is_some() {
        files.push(("a.shx", &shx));
    }
    zip(&files)
}

#[track_caller]
pub fn plan(name: &str, bytes: impl Into<Vec<u8>>, arguments: &[&str]) -> Read {
    read(&Source::memory(name, bytes.into()), "import plan", arguments)
}

#[track_caller]
pub fn points(name: &str, bytes: impl Into<Vec<u8>>) -> Read {
    read(&Source::memory(name, bytes.into()), "import points", &["--kind", "health-station"])
}

pub fn texts(read: &Read, key: &str) -> Vec<Value> {
    read.texts.get(key).cloned().unwrap_or_default()
}

pub fn said(read: &Read) -> String {
    read.report.findings.iter().map(|finding| format!("{}: {}\n", finding.check, finding.said.text(Lang::En))).collect()
}

#[track_caller]
pub fn says(read: &Read, words: &[&str]) {
    for word in words {
        assert!(said(read).contains(word), "“{word}” is not said:\n{}", said(read));
    }
}

#[test]
fn rows_marked_as_deleted_are_left_out_wherever_they_stand() {
    let columns: &[(&[u8], u8, usize)] = &[(b"MA", b'C', 5), (b"TEN", b'C', 10)];
    for (deleted, codes) in [
        (vec![0], vec!["LUC", "DGT", "CLN"]),
        (vec![3], vec!["ODT", "LUC", "DGT"]),
        (vec![0, 1, 3], vec!["DGT"]),
        (vec![], vec!["ODT", "LUC", "DGT", "CLN"]),
    ] {
        let dbf = table(columns, &coded(&deleted, &[b"a", b"b", b"c", b"d"]));
        for index in [None, Some([0, 1, 2, 3].as_slice())] {
            let read = plan("a.zip", shapefile(&[0, 1, 2, 3], index, 0, &dbf), &[]);
            assert!(read.published, "{}", said(&read));
            assert_eq!(json!(texts(&read, "codes")), json!(codes), "{deleted:?}");
            let first = codes.iter().map(|code| CODES.iter().position(|known| known == &code.as_bytes()).unwrap()).next().unwrap();
            assert_eq!(read.boxes[0][0].round() as i64, 512_600 + 100 * first as i64, "each code stays on its shape");
            assert_eq!(said(&read).contains("marked as deleted"), !deleted.is_empty());
        }
    }
}

#[test]
fn the_index_says_which_record_belongs_to_which_row() {
    let columns: &[(&[u8], u8, usize)] = &[(b"MA", b'C', 5), (b"TEN", b'C', 10)];
    let dbf = table(columns, &coded(&[], &[b"a", b"b", b"c"]));
    let wests = |read: &Read| read.boxes.iter().map(|b| (b[0].round() as i64 - 512_600) / 100).collect::<Vec<_>>();
    // In reverse, with stale records before, between and behind, with padding.
    for (order, padding) in
        [(vec![2, 1, 0], 0), (vec![9, 0, 1, 2], 0), (vec![0, 9, 1, 8, 2, 7], 12), (vec![1, 0, 2], 40), (vec![2, 0, 1], 2)]
    {
        let read = plan("a.zip", shapefile(&order, Some(&[0, 1, 2]), padding, &dbf), &[]);
        assert!(read.published, "{order:?}: {}", said(&read));
        assert_eq!(wests(&read), [0, 1, 2], "{order:?}");
        assert_eq!(texts(&read, "names"), ["a", "b", "c"]);
    }
    // Without the index only as many shapes as rows can be told apart.
    says(&plan("a.zip", shapefile(&[0, 1, 2, 9], None, 0, &dbf), &[]), &["shx-needed", "4 shapes", "3 rows"]);
    says(&plan("a.zip", shapefile(&[0, 1, 2], None, 6, &dbf), &[]), &["shx-needed"]);
    assert!(plan("a.zip", shapefile(&[0, 1, 2], None, 0, &dbf), &[]).published);
    // Records that say that they stand in another order need it.
    let (mut shp, _) = shapes(&[0, 1, 2], &[0, 1, 2], 0);
    shp[103] = 2;
    says(&plan("a.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("a.prj", PRJ.as_bytes())]), &[]), &["shx-needed", "order"]);
    // An index of another number of shapes belongs to another table.
    let (shp, shx) = shapes(&[0, 1], &[0, 1], 0);
    says(&plan("a.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("a.shx", &shx), ("a.prj", PRJ.as_bytes())]), &[]), &["count-differs"]);
    // A damaged index is named, and not followed.
    let (shp, mut shx) = shapes(&[0, 1, 2], &[0, 1, 2], 0);
    shx[101] = 0xff;
    let read = plan("a.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("a.shx", &shx), ("a.prj", PRJ.as_bytes())]), &[]);
    assert!(read.published);
    says(&read, &["index-not-used"]);
}

#[test]
fn the_parts_of_a_shapefile_are_found_by_their_names_without_regard_to_case_and_normal_form() {
    let columns: &[(&[u8], u8, usize)] = &[(b"MA", b'C', 5), (b"TEN", b'C', 10)];
    let dbf = table(columns, &coded(&[], &[b"a"]));
    let (shp, shx) = shapes(&[0], &[0], 0);
    for [a, b, c, d] in [
        ["QH/Bản đồ.SHP", "qh/bản đồ.dbf", "QH/BẢN ĐỒ.Prj", "QH/Bản đồ.shx"],
        ["Yên Bái.shp", "Ye\u{302}n Ba\u{301}i.dbf", "yên bái.PRJ", "Yên Bái.shx"],
        ["a.b.shp", "A.B.DBF", "a.B.prj", "a.b.SHX"],
    ] {
        let read = plan("a.zip", zip(&[(a, &shp), (b, &dbf), (c, PRJ.as_bytes()), (d, &shx), ("other.dbf", b"")]), &[]);
        assert!(read.published, "{a}: {}", said(&read));
        let folder = tempfile::tempdir().unwrap();
        let last = |name: &str| folder.path().join(name.rsplit('/').next().unwrap());
        for (name, bytes) in [(a, &shp), (b, &dbf), (d, &shx), (c, &PRJ.as_bytes().to_vec())] {
            std::fs::write(last(name), bytes).unwrap();
        }
        let source = Source::file(&last(a)).unwrap();
        assert!(crate::field::read(&source, "import plan", &[]).published, "{a} side by side");
        assert_eq!(source.parts().len(), 4, "what belongs to it is kept with the plan");
    }
}

#[test]
fn a_cell_of_a_table_is_decided_by_what_it_holds() {
    let tcvn3 = b"\xa7\xcat \xeb \xae\xab th\xde";
    let columns: &[(&[u8], u8, usize)] = &[(b"MA", b'C', 5), (b"TEN", b'C', 30)];
    let utf8 = "Đất ở".as_bytes();
    let cut = &"Khu dân cư đô thị".as_bytes()[..="Khu dân cư đô th".len()];
    let stray = [utf8, b"\xff"].concat();
    for (cells, names, words) in [
        (vec![tcvn3.as_slice(), utf8, tcvn3], json!(["Đất ở đô thị", "Đất ở", "Đất ở đô thị"]), "2 values of column “TEN” were in TCVN3"),
        (vec![cut, utf8, utf8], json!(["Khu dân cư đô th", "Đất ở", "Đất ở"]), "cut inside a letter"),
        (vec![&stray, utf8, tcvn3], json!(["Đất ở", "Đất ở", "Đất ở đô thị"]), "bytes that are no text"),
        (vec![b"abc".as_slice(), b"m\xb2", tcvn3], json!(["abc", "m²", "Đất ở đô thị"]), "TCVN3"),
    ] {
        let rows: Vec<&[u8]> = cells.clone();
        let dbf = table(columns, &coded(&[], &rows));
        let read = plan("a.zip", shapefile(&[0, 1, 2], Some(&[0, 1, 2]), 0, &dbf), &[]);
        assert!(read.published, "{}", said(&read));
        assert_eq!(json!(texts(&read, "names")), names);
        says(&read, &[words]);
    }
}

#[test]
fn row_2001_is_decided_like_the_first() {
    let feature = |i: usize, name: &str| {
        let (x, y) = (512_600.0 + 2.0 * (i % 100) as f64, 2_401_100.0 + 2.0 * (i / 100) as f64);
        json!({ "type": "Feature", "properties": { "MA": "ODT", "TEN": name }, "geometry": { "type": "Polygon",
            "coordinates": [[[x, y], [x + 2.0, y], [x + 2.0, y + 2.0], [x, y + 2.0], [x, y]]] } })
    };
    let file = |names: &dyn Fn(usize) -> &'static str| {
        let features: Vec<Value> = (0..2_300).map(|i| feature(i, names(i))).collect();
        json!({ "type": "FeatureCollection", "crs": { "type": "name", "properties": { "name": "EPSG:9208" } }, "features": features })
            .to_string()
    };
    // Unicode first, TCVN3 behind; the other way round; only ASCII first.
    for (first, last, read_first, read_last) in [
        ("Đất ở", "§Êt trång lóa", "Đất ở", "Đất trồng lúa"),
        ("§Êt trång lóa", "Đất ở", "Đất trồng lúa", "Đất ở"),
        ("Khu A", "§Êt trång lóa", "Khu A", "Đất trồng lúa"),
        // “xã” is Unicode, or “xó” in TCVN3: the column says which, even where it says so late.
        ("xã", "§Êt trång lóa", "xó", "Đất trồng lúa"),
    ] {
        let read = plan("a.geojson", file(&|i| if i < 2_100 { first } else { last }), &[]);
        assert!(read.published, "{}", said(&read));
        let names = texts(&read, "names");
        assert_eq!((&names[0], &names[2_200]), (&json!(read_first), &json!(read_last)));
    }
}

pub fn geojson(rows: &[(&str, Value)]) -> String {
    let features: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(i, (code, name))| json!({ "type": "Feature", "properties": { "MA": code, "TEN": name }, "geometry": { "type": "Polygon", "coordinates": [square(i)] } }))
        .collect();
    json!({ "type": "FeatureCollection", "crs": { "type": "name", "properties": { "name": "EPSG:9208" } }, "features": features })
        .to_string()
}

#[test]
fn geometries_of_other_types_are_read_where_they_hold_areas_and_named_else() {
    let with = |geometry: Value| {
        let mut plan_file: Value = serde_json::from_str(&geojson(&[("ODT", json!("a")), ("LUC", json!("b"))])).unwrap();
        plan_file["features"][1]["geometry"] = geometry;
        plan("a.geojson", plan_file.to_string(), &[])
    };
    let area = json!({ "type": "Polygon", "coordinates": [square(1)] });
    let line = json!({ "type": "LineString", "coordinates": [[512_600, 2_401_100], [512_700, 2_401_100]] });
    let read = with(json!({ "type": "GeometryCollection", "geometries": [area] }));
    assert!(read.published && (read.area_m2 - 20_000.0).abs() < 1.0, "{}", said(&read));
    for (geometry, word) in [
        (json!({ "type": "GeometryCollection", "geometries": [area, line] }), "GeometryCollection"),
        (line.clone(), "LineString"),
        (json!({ "type": "MultiPoint", "coordinates": [[1, 2], [3, 4]] }), "MultiPoint"),
    ] {
        let read = with(geometry);
        assert!(!read.published);
        says(&read, &["is not read", word]);
    }
    says(&with(json!({ "type": "Polygon", "coordinates": [[["512600", 2_401_100]]] })), &["written wrongly"]);
}

#[test]
fn what_a_column_holds_is_published_or_named_whatever_its_type() {
    let read = plan("a.geojson", geojson(&[("ODT", json!(12)), ("LUC", json!(7.5)), ("DGT", json!(12.0)), ("CLN", json!(null))]), &[]);
    assert_eq!(texts(&read, "names"), [json!("12"), json!("7.5"), json!("12"), json!(null)]);
    let read = plan("a.geojson", geojson(&[("ODT", json!(["a"])), ("LUC", json!({ "vi": "Khu" }))]), &[]);
    assert!(read.published);
    says(&read, &["value-not-text", "“TEN” is no text"]);
    let read = plan("a.geojson", geojson(&[("ODT", json!("Đất \u{fffd} đô thị"))]), &[]);
    assert_eq!(texts(&read, "names"), ["Đất  đô thị"]);
    says(&read, &["lost before"]);
}

#[test]
fn cells_of_dbf_tables_are_read_by_one_rule() {
    let columns: &[(&[u8], u8, usize)] = &[(b"TEN", b'C', 10), (b"GHICHU", b'N', 14), (b"X", b'N', 12), (b"Y", b'N', 12)];
    let rows: Vec<(bool, Vec<&[u8]>)> = [b"12,5".as_slice(), b"****", b"7\0abcdef", b"nan", b"12345678901234", b"-0,25"]
        .into_iter()
        .map(|cell| (false, vec![b"Tram".as_slice(), cell, b"512650", b"2401150,5"]))
        .collect();
    let dbf = table(columns, &rows);
    let mut shp = Vec::new();
    for i in 0..6_u32 {
        shp.extend((i + 1).to_be_bytes());
        shp.extend(10_u32.to_be_bytes());
        shp.extend(1_i32.to_le_bytes());
        [512_650.0_f64, 2_401_150.0].iter().for_each(|v| shp.extend(v.to_le_bytes()));
    }
    let shp = [header(50 + shp.len() / 2), shp].concat();
    let read = points("a.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("a.prj", PRJ.as_bytes())]));
    assert!(read.published, "{}", said(&read));
    assert_eq!(texts(&read, "summaries"), [json!("12.5"), json!(null), json!("7"), json!(null), json!("12345678901234"), json!("-0.25")]);
    says(&read, &["1 cell of “****”", "“nan”"]);
}

pub fn workbook(sheets: &[(&str, &str, &str)], styles: &str, strings: &str) -> Vec<u8> {
    let list: String = sheets
        .iter()
        .enumerate()
        .map(|(i, (name, state, _))| format!(r#"<sheet name="{name}" sheetId="{0}" r:id="rId{0}" {state}/>"#, i + 1))
        .collect();
    let rels: String =
        (1..=sheets.len()).map(|i| format!(r#"<Relationship Id="rId{i}" Type="worksheet" Target="worksheets/sheet{i}.xml"/>"#)).collect();
    let mut files: Vec<(String, String)> = vec![
        ("[Content_Types].xml".into(), "<Types/>".into()),
        ("xl/workbook.xml".into(), format!("<workbook><sheets>{list}</sheets></workbook>")),
        ("xl/_rels/workbook.xml.rels".into(), format!("<Relationships>{rels}</Relationships>")),
        ("xl/styles.xml".into(), styles.into()),
        ("xl/sharedStrings.xml".into(), strings.into()),
    ];
    for (i, (_, _, rows)) in sheets.iter().enumerate() {
        files.push((format!("xl/worksheets/sheet{}.xml", i + 1), format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    zip(&files)
}

pub fn row(number: usize, cells: &[&str]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| if cell.starts_with('<') { (*cell).to_owned() } else { format!(r#"<c t="inlineStr"><is><t>{cell}</t></is></c>"#) })
        .collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

pub const HEADER: [&str; 5] = ["Tên", "Kinh độ", "Vĩ độ", "Giờ mở cửa", "Điện thoại"];

#[test]
fn cells_of_sheets_are_read_as_their_author_sees_them() {
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="0000 000 000"/><numFmt numFmtId="171" formatCode="[$-42A]dd/mm/yyyy"/></numFmts>
        <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="20"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="46"/></cellXfs></styleSheet>"#;
    let sheet = |hours: &str, phone: &str| {
        format!("{}{}", row(1, &HEADER), row(2, &["Trạm", "<c><v>104.87</v></c>", "<c><v>21.7</v></c>", hours, phone]))
    };
    let read_with = |hours: &str, phone: &str| points("a.xlsx", workbook(&[("A", "", &sheet(hours, phone))], styles, "<sst/>"));
    for (hours, phone, expected, number) in [
        (r#"<c s="1"><v>0.3125</v></c>"#, r#"<c s="2"><v>900000002</v></c>"#, "7:30", "0900 000 002"),
        (r#"<c s="4"><v>1.25</v></c>"#, "0900000002", "30:00", "0900000002"),
        ("7:30 - 17:00", r#"<c t="str"><v>0900000002</v></c>"#, "7:30 - 17:00", "0900000002"),
        ("24/7", "<c><v>19001234</v></c>", "24/7", "19001234"),
    ] {
        let read = read_with(hours, phone);
        assert!(read.published, "{}", said(&read));
        assert_eq!((texts(&read, "hours"), texts(&read, "phones")), (vec![json!(expected)], vec![json!(number)]));
    }
    for (hours, phone, words) in [
        (r#"<c s="3"><v>46357</v></c>"#, "115", ["hours-are-a-date", "1/12/2026"]),
        (r#"<c t="d"><v>2026-12-01</v></c>"#, "115", ["hours-are-a-date", "1/12/2026"]),
        ("7:30", "<c><v>9.00000001E8</v></c>", ["phone-lost-its-zero", "900000001"]),
        ("7:30", "<c><v>84900000001</v></c>", ["phone-lost-its-zero", "its leading +"]),
        ("7:30", "9.0E+08", ["number-shortened", "9.0E+08"]),
    ] {
        let read = read_with(hours, phone);
        assert!(!read.published);
        says(&read, &words);
        assert_eq!(read.report.findings.iter().find(|f| f.severity == Severity::Error).unwrap().line, Some(2));
    }
    let read = read_with("<c t=\"e\"><v>#REF!</v></c>", "<c><f>A1</f></c>");
    assert!(read.published);
    says(&read, &["#REF!", "Column “Điện thoại”"]);
}

#[test]
fn a_sheet_is_asked_about_where_there_are_several_and_what_is_hidden_is_said() {
    let one = |name: &str| format!("{}{}", row(1, &HEADER[..3]), row(2, &[name, "104.87", "21.7"]));
    let (a, b, empty) = (one("Trạm A"), one("Trạm B"), row(1, &["Ghi chú"]));
    let read = points("a.xlsx", workbook(&[("Một", "", &a), ("Hai", "", &b)], "<s/>", "<sst/>"));
    assert!(!read.published);
    says(&read, &["choose-layer", "“Một”, “Hai”"]);
    let read = points("a.xlsx", workbook(&[("Lời nói đầu", "", &empty), ("Hai", "", &b)], "<s/>", "<sst/>"));
    assert_eq!(texts(&read, "titles"), ["Trạm B"]);
    let read = points("a.xlsx", workbook(&[("Nháp", "state=\"hidden\"", &a), ("Hai", "", &b)], "<s/>", "<sst/>"));
    assert_eq!(texts(&read, "titles"), ["Trạm B"]);
    says(&read, &["“Nháp”"]);
    let hidden = a.replace(r#"<row r="2">"#, r#"<row r="2" hidden="1">"#);
    says(&points("a.xlsx", workbook(&[("A", "", &hidden)], "<s/>", "<sst/>")), &["1 row of the sheet is hidden"]);
    // A row that is struck through as a whole was meant to go.
    let styles = r#"<styleSheet><fonts><font/><font><strike/></font><font><strike val="0"/></font></fonts>
        <cellXfs><xf fontId="0"/><xf fontId="1"/><xf fontId="2"/></cellXfs></styleSheet>"#;
    let lined = |style: [u8; 3]| {
        let cells = ["Trạm A", "104.87", "21.7"].iter().zip(style);
        let cells: Vec<String> = cells.map(|(text, s)| format!(r#"<c s="{s}" t="inlineStr"><is><t>{text}</t></is></c>"#)).collect();
        let sheet = format!("{}{}", row(1, &HEADER[..3]), row(2, &cells.iter().map(String::as_str).collect::<Vec<_>>()));
        points("a.xlsx", workbook(&[("A", "", &sheet)], styles, "<sst/>"))
    };
    says(&lined([1, 1, 1]), &["1 row of the sheet is struck through", "“Trạm A”"]);
    for style in [[1, 0, 0], [2, 2, 2], [0, 0, 0]] {
        assert!(!said(&lined(style)).contains("struck-rows"), "{style:?}");
    }
    says(&lined([1, 0, 0]), &["struck through and was not read: “Trạm A”"]);
    let titled = format!("{}{}{}", row(1, &["DANH SÁCH"]), row(3, &HEADER[..3]), row(4, &["Trạm C", "104.87", "21.7"]));
    let read = points("a.xlsx", workbook(&[("A", "", &titled)], "<s/>", "<sst/>"));
    assert_eq!(texts(&read, "titles"), ["Trạm C"]);
    says(&read, &["DANH SÁCH"]);
}

#[test]
fn a_header_is_found_below_what_offices_put_above_it() {
    for (text, skipped) in [
        ("DANH SÁCH TRẠM\n\nTên,Kinh độ,Vĩ độ\nTrạm,104.87,21.7\n", "DANH SÁCH TRẠM"),
        ("sep=;\nTên;Kinh độ;Vĩ độ\nTrạm;104,87;21,7\n", "sep="),
        ("\"sep=\t\"\nTên\tKinh độ\tVĩ độ\nTrạm\t104.87\t21.7\n", "sep="),
        ("UBND phường, năm 2026\nBiểu số 1\nTên;Kinh độ;Vĩ độ\nTrạm;104,87;21,7\n", "UBND phường"),
        ("\u{feff}Tên|Kinh độ|Vĩ độ\r\nTrạm|104.87|21.7\r\n", ""),
    ] {
        let read = points("a.csv", text);
        assert!(read.published, "{text}: {}", said(&read));
        assert_eq!(texts(&read, "titles"), ["Trạm"]);
        assert_eq!(said(&read).contains("lines-above-header"), !skipped.is_empty(), "{text}");
        says(&read, &[skipped]);
    }
    says(&points("a.csv", "Tên,X,Y\nTrạm,\"512,650\",\"2,401,150\"\n"), &["“512,650” is not clearly a coordinate"]);
    says(&points("a.csv", "Tên,Kinh độ,Vĩ độ\nTrạm,104.87,21.7,thừa\n"), &["cells-behind", "thừa"]);
}

pub fn drawing(layers: &str, blocks: &str, entities: &str) -> String {
    let lines = |text: &str| text.split_whitespace().map(|pair| pair.replacen('=', "\n", 1) + "\n").collect::<String>();
    format!(
        "0\nSECTION\n2\nTABLES\n{}0\nENDSEC\n0\nSECTION\n2\nBLOCKS\n{}0\nENDSEC\n0\nSECTION\n2\nENTITIES\n{}0\nENDSEC\n0\nEOF\n",
        lines(layers),
        lines(blocks),
        lines(entities)
    )
}

/// A closed polyline of the n-th square on a layer, with more groups.
pub fn outline(layer: &str, n: usize, more: &str) -> String {
    let corners: String = square(n)[..4].iter().map(|[x, y]| format!("10={x} 20={y} ")).collect();
    format!("0=LWPOLYLINE 8={layer} 70=1 {more} {corners}")
}

#[test]
fn what_a_drawing_does_not_show_is_left_out_and_counted() {
    let dxf = |layers: &str, entities: &str| plan("a.dxf", drawing(layers, "", entities), &["--crs", "EPSG:9208"]);
    let both = |more: &str| format!("{} {}", outline("ODT", 0, ""), outline("LUC", 1, more));
    for (layers, entities, words) in [
        ("", both("67=1"), "print layout"),
        ("", both("60=1"), "switched off"),
        ("0=LAYER 2=LUC 70=0 62=-7", both(""), "Layer “LUC” is off or frozen"),
        ("0=LAYER 2=luc 70=1 62=7", both(""), "Layer “LUC” is off or frozen"),
        ("", both("210=1 220=0 230=0"), "plane that is not the plan's"),
    ] {
        let read = dxf(layers, &entities);
        assert!(read.published, "{}", said(&read));
        assert_eq!(texts(&read, "codes"), ["ODT"], "{words}");
        says(&read, &[words]);
    }
}

#[test]
fn blocks_are_mirrored_turned_repeated_and_nested_as_they_are_drawn() {
    // A block of one square at the origin.
    let block = "0=BLOCK 2=B 10=0 20=0 0=LWPOLYLINE 8=0 70=1 10=0 20=0 10=10 20=0 10=10 20=10 10=0 20=10 0=ENDBLK";
    let nested = format!("{block} 0=BLOCK 2=C 10=0 20=0 0=INSERT 8=0 2=B 10=100 20=0 0=ENDBLK");
    let dxf = |blocks: &str, entities: &str| plan("a.dxf", drawing("", blocks, entities), &["--crs", "EPSG:9208"]);
    let boxes = |read: &Read| read.boxes.iter().map(|b| b.map(|v| v.round() as i64)).collect::<Vec<_>>();
    for (blocks, insert, expected) in [
        (block, "0=INSERT 8=ODT 2=b 10=512600 20=2401100", vec![[512_600, 2_401_100, 512_610, 2_401_110]]),
        (block, "0=INSERT 8=ODT 2=B 10=-512600 20=2401100 230=-1", vec![[512_590, 2_401_100, 512_600, 2_401_110]]),
        (block, "0=INSERT 8=ODT 2=B 10=512600 20=2401100 41=-2 42=1", vec![[512_580, 2_401_100, 512_600, 2_401_110]]),
        (block, "0=INSERT 8=ODT 2=B 10=512600 20=2401100 50=90", vec![[512_590, 2_401_100, 512_600, 2_401_110]]),
        (
            block,
            "0=INSERT 8=ODT 2=B 10=512600 20=2401100 70=2 71=1 44=50",
            vec![[512_600, 2_401_100, 512_610, 2_401_110], [512_650, 2_401_100, 512_660, 2_401_110]],
        ),
        (&nested, "0=INSERT 8=ODT 2=C 10=-512600 20=2401100 230=-1", vec![[512_490, 2_401_100, 512_500, 2_401_110]]),
    ] {
        let read = dxf(blocks, insert);
        assert!(read.published, "{insert}: {}", said(&read));
        assert_eq!(boxes(&read), expected, "{insert}");
    }
    says(&dxf(block, &format!("{} 0=INSERT 8=ODT 2=NONE 10=1 20=1", outline("ODT", 0, ""))), &["“NONE”"]);
    // A count is a claim: so many places are refused before they are made.
    says(&dxf(block, "0=INSERT 8=ODT 2=B 10=512600 20=2401100 70=2000000000 71=2000000000 44=1 45=1"), &["too-many-features"]);
}

#[test]
fn what_can_be_an_area_is_drawn_or_named() {
    let dxf = |entities: &str| plan("a.dxf", drawing("", "", &format!("{} {entities}", outline("DGT", 9, ""))), &["--crs", "EPSG:9208"]);
    for (entity, area) in [
        ("0=CIRCLE 8=ODT 10=512650 20=2401150 40=50", 7_854.0),
        ("0=ELLIPSE 8=ODT 10=512650 20=2401150 11=50 21=0 40=0.5 41=0 42=6.283185307179586", 3_927.0),
        ("0=SOLID 8=ODT 10=512600 20=2401100 11=512700 21=2401100 12=512600 22=2401200 13=512700 23=2401200", 10_000.0),
        ("0=TRACE 8=ODT 10=512600 20=2401100 11=512700 21=2401100 12=512600 22=2401200 13=512700 23=2401200", 10_000.0),
        ("0=LWPOLYLINE 8=ODT 70=1 10=512600 20=2401150 42=1 10=512700 20=2401150 42=1", 7_854.0),
        (
            "0=LWPOLYLINE 8=ODT 70=0 10=512600 20=2401100 10=512700 20=2401100 10=512700 20=2401200 10=512600 20=2401200 10=512600 20=2401100.4",
            10_000.0,
        ),
    ] {
        let read = dxf(entity);
        assert!(read.published, "{entity}: {}", said(&read));
        assert!((read.area_m2 - 10_000.0 - area).abs() < 60.0, "{entity}: {}", read.area_m2 - 10_000.0);
    }
    for (entity, words) in [
        ("0=REGION 8=ODT", "1 REGION on layer “ODT”"),
        ("0=3DSOLID 8=ODT 0=BODY 8=ODT", "1 3DSOLID on layer “ODT”"),
        ("0=ARC 8=ODT 10=1 20=1 40=5 50=0 51=90", "1 ARC on layer “ODT”"),
        ("0=LINE 8=RANH 10=1 20=1 11=2 21=2 0=LINE 8=RANH 10=1 20=1 11=2 21=2", "RANH (LINE): 2"),
        (
            "0=LWPOLYLINE 8=ODT 70=0 10=512600 20=2401100 10=512700 20=2401100 10=512700 20=2401200 10=512600 20=2401200 10=512600 20=2401103",
            "open by 3 m",
        ),
    ] {
        let read = dxf(entity);
        assert_eq!(texts(&read, "codes"), ["DGT"]);
        says(&read, &[words]);
    }
}

#[test]
fn links_files_and_layers_that_are_not_read_are_said_or_followed() {
    let placemark = |code: &str, n: usize| {
        let x = 104.87 + 0.001 * n as f64;
        format!(
            "<Placemark><ExtendedData><Data name=\"MA\"><value>{code}</value></Data></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>{x},21.7 {0},21.7 {0},21.701 {x},21.701 {x},21.7</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>",
            x + 0.001
        )
    };
    let kml = |inside: &str| format!("<kml><Document>{inside}</Document></kml>").into_bytes();
    let link = |to: &str| format!("<NetworkLink><Link><href>{to}</href></Link></NetworkLink>");
    let codes = |read: &Read| texts(read, "codes").iter().map(|code| code.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    // Followed within the archive: several, in turn, in a circle, with blanks and capitals in their names.
    let files = |doc: String| {
        zip(&[
            ("doc.kml", &kml(&doc)),
            ("files/Vùng 1.kml", &kml(&(placemark("ODT", 1) + &link("vung2.kml") + &link("../doc.kml")))),
            ("files/VUNG2.kml", &kml(&placemark("LUC", 2))),
        ])
    };
    let read = plan("a.kmz", files(link("files/V%C3%B9ng%201.kml") + &link("./files/vung2.kml") + &placemark("DGT", 0)), &[]);
    assert_eq!(codes(&read), ["DGT", "ODT", "LUC"], "{}", said(&read));
    let read = plan("a.kmz", files(placemark("DGT", 0)), &[]);
    assert_eq!(codes(&read), ["DGT"]);
    says(&read, &["“files/Vùng 1.kml”", "“files/VUNG2.kml”"]);
    let read = plan("a.kmz", files(placemark("DGT", 0)), &["--layer", "vung2"]);
    assert_eq!(codes(&read), ["LUC"]);
    says(&plan("a.kml", kml(&link("http://example.vn/a.kml")), &[]), &["only-a-link"]);
    says(
        &plan("a.kml", kml(&(placemark("ODT", 0) + "<GroundOverlay><Icon><href>a.png</href></Icon></GroundOverlay>")), &[]),
        &["1 overlay"],
    );
    // Two maps of different formats in one archive.
    let read = plan("a.zip", zip(&[("a.kml", &kml(&placemark("ODT", 0))), ("b.geojson", geojson(&[("LUC", json!("x"))]).as_bytes())]), &[]);
    says(&read, &["choose-layer", "“a”", "“b”"]);
    let read = plan(
        "a.zip",
        zip(&[("a.kml", &kml(&placemark("ODT", 0))), ("b.geojson", geojson(&[("LUC", json!("x"))]).as_bytes())]),
        &["--layer", "b"],
    );
    assert_eq!(codes(&read), ["LUC"]);
}

#[test]
fn a_geopackages_views_and_missing_tables_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let with = |sql: &str| {
        let path = folder.path().join("a.gpkg");
        std::fs::copy("tests/data/formats/plan.gpkg", &path).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
        drop(connection);
        Source::file(&path).unwrap()
    };
    let register = |name: &str| {
        format!(
            "INSERT INTO gpkg_geometry_columns SELECT '{name}', column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns LIMIT 1;"
        )
    };
    let read_of = |source: &Source, arguments: &[&str]| read(source, "import plan", arguments);
    let source = with(&register("mat_bang"));
    let read = read_of(&source, &[]);
    assert!(read.published, "{}", said(&read));
    says(&read, &["layer-without-table", "“mat_bang”"]);
    says(&read_of(&source, &["--layer", "mat_bang"]), &["has no table"]);
    let source = with(&format!("CREATE VIEW v AS SELECT * FROM zones; {}", register("v")));
    says(&read_of(&source, &[]), &["choose-layer", "“v”"]);
    says(&read_of(&source, &["--layer", "V"]), &["“v” is a view"]);
    let source = with("ALTER TABLE zones ADD COLUMN anh BLOB; UPDATE zones SET anh = x'00ff';");
    let read = read_of(&source, &[]);
    assert!(read.published);
    says(&read, &["“anh” has", "binary data"]);
}

#[test]
fn unicode_that_reads_well_is_not_bent_by_another_columns_encoding() {
    let file = |rows: &[(&str, &str)]| {
        let mut file: Value = serde_json::from_str(&geojson(&[("ODT", json!("")), ("LUC", json!("")), ("DGT", json!(""))])).unwrap();
        for (i, (name, note)) in rows.iter().enumerate() {
            file["features"][i]["properties"]["TEN"] = json!(name);
            file["features"][i]["properties"]["GHICHU"] = json!(note);
        }
        file.to_string()
    };
    let names = ["xã Tân An", "xã La Hà", "thôn Tân Hòa"];
    for notes in [["§Êt ë ®« thÞ", "§Êt trång lóa", "§Êt c¬ së"], ["Ñaát ôû ñoâ thò", "Ñaát troàng luùa", "Ñaát cô sôû"]]
    {
        let rows: Vec<(&str, &str)> = names.into_iter().zip(notes).collect();
        let read = plan("a.geojson", file(&rows), &[]);
        assert_eq!(json!(texts(&read, "names")), json!(names), "{}", said(&read));
        assert_eq!(texts(&read, "notes")[0], "Đất ở đô thị");
    }
}

#[test]
fn systems_are_known_by_every_name_and_told_from_their_like() {
    let columns: &[(&[u8], u8, usize)] = &[(b"MA", b'C', 5), (b"TEN", b'C', 10)];
    let dbf = table(columns, &coded(&[], &[b"a"]));
    let (shp, shx) = shapes(&[0], &[0], 0);
    let with = |prj: &str| plan("a.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("a.shx", &shx), ("a.prj", prj.as_bytes())]), &[]);
    let system = |name: &str, datum: &str, method: &str, meridian: f64, scale: f64| {
        format!(
            r#"PROJCS["{name}",GEOGCS["g",DATUM["{datum}",SPHEROID["e",6378137,298.257223563]]],PROJECTION["{method}"],PARAMETER["central_meridian",{meridian}],PARAMETER["scale_factor",{scale}],PARAMETER["false_easting",500000],UNIT["m",1]]"#
        )
    };
    // MapInfo's translators write the shift into the datum's name.
    assert!(
        with(&system("unnamed", "D_MIF_9999_28_-191_90441429_-39_30318279_-111_45032835_0", "Transverse_Mercator", 104.75, 0.9999))
            .published
    );
    for (prj, words) in [
        // Their own zones of 3 degrees are no UTM zone.
        ("VN-2000 / TM-3 zone 482".to_owned(), vec!["EPSG:5897", "EPSG:9208"]),
        (r#"PROJCS["VN-2000 / TM-3 zone 481"]"#.to_owned(), vec!["EPSG:5896", "EPSG:9208"]),
        (system("VN-2000", "Vietnam_2000", "Lambert_Conformal_Conic", 104.75, 0.9999), vec!["projection lambertconformalconic"]),
        (system("VN-2000 TM-3", "Vietnam_2000", "Transverse_Mercator", 104.45, 0.9999), vec!["central meridian 104.45"]),
        (system("VN-2000 TM-3", "Vietnam_2000", "Transverse_Mercator", 104.75, 1.0), vec!["scale 1"]),
        (
            system("Indian 1960 / UTM 48N", "Indian_1960", "Transverse_Mercator", 105.0, 0.9996),
            vec!["Indian_1960", "neither VN-2000 nor WGS 84"],
        ),
        (String::new(), vec!["names no coordinate system"]),
    ] {
        let read = with(&prj);
        assert!(!read.published, "{prj}");
        says(&read, &words);
    }
    for crs in [
        json!("EPSG:9208"),
        json!({ "type": "EPSG", "properties": { "code": 9208 } }),
        json!({ "type": "name", "properties": { "name": "VN-2000 / TM-3 104-45" } }),
    ] {
        let mut file: Value = serde_json::from_str(&geojson(&[("ODT", json!("a"))])).unwrap();
        file["crs"] = crs.clone();
        assert!(plan("a.geojson", file.to_string(), &[]).published, "{crs}");
    }
}

#[test]
fn tables_as_excel_and_offices_write_them_are_read_or_the_line_is_named() {
    // Headers in an older encoding; marks of texts; the row that numbers the columns.
    let tcvn3: Vec<u8> =
        "Tªn;Kinh ®é;VÜ ®é\nTr¹m y tÕ;104,87;21,7\n".chars().map(|c| if c == '\u{168}' { 0xdc } else { c as u8 }).collect();
    let read = points("a.csv", tcvn3);
    assert_eq!(texts(&read, "titles"), ["Trạm y tế"], "{}", said(&read));
    let read = points("a.csv", "Tên,Kinh độ,Vĩ độ,Điện thoại\n(1),(2),(3),(4)\nA,104.87,21.7,=\"0216000111\"\nB,104.87,21.7,'0216000112\n");
    assert_eq!(texts(&read, "phones"), ["0216000111", "0216000112"], "{}", said(&read));
    // Lines are counted as editors do, whatever ends them.
    for end in ["\n", "\r\n"] {
        let read = points("a.csv", ["Tên,Kinh độ,Vĩ độ", "A,104.87,21.7", "", "B,,"].join(end) + end);
        let line = read.report.findings.iter().find(|finding| finding.check == "no-geometry").and_then(|finding| finding.line);
        assert_eq!(line, Some(4), "{end:?}");
    }
    // A quotation mark that is not closed takes no station away.
    for separator in [",", ";", "\t"] {
        let rows = ["Tên,Kinh độ,Vĩ độ,Địa chỉ", "A,104.87,21.7,x", "B,104.87,21.7,\"Đường B", "C,104.87,21.7,y", "D,104.87,21.7,z"]
            .join("\n")
            .replace(',', separator);
        says(&points("a.csv", rows), &["open-quotation", "Line 3"]);
    }
    says(
        &points("a.csv", "Tên,Kinh độ,Vĩ độ,ĐT liên hệ,Địa chỉ,address\nA,104.87,21.7,0216000111,x,y\n"),
        &["columns-not-used", "“ĐT liên hệ”", "“Địa chỉ”"],
    );
    says(&points("a.csv", "Tên,X,Y\nA,512.650,2401150\n"), &["“512.650” is not clearly a coordinate"]);
}

#[test]
fn merged_cells_durations_and_formulas_without_values_are_seen() {
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="h:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>"#;
    let rows = format!(
        "{}{}{}",
        row(1, &["Tên", "Kinh độ", "Vĩ độ", "Địa chỉ", "Giờ mở cửa"]),
        row(2, &["A", "104.87", "21.7", "Phường Yên Bái", r#"<c s="1"><v>46357.3125</v></c>"#]),
        row(3, &["B", "104.87", "21.7", "<c/>", "<c><f>\"x\"&amp;2</f><v/></c>"])
    );
    let book = |merge: &str| {
        let rows = format!("{rows}</sheetData><mergeCells><mergeCell ref=\"{merge}\"/></mergeCells><sheetData>");
        workbook(&[("A", "", &rows)], styles, "<sst/>")
    };
    let options = bangtin::import::points::options(&bangtin::cli::demo::city(None).unwrap(), None).unwrap();
    let addresses = |merge: &str| {
        let mut report = bangtin::import::Report::default();
        let rows = bangtin::import::points::read(&Source::memory("a.xlsx", book(merge)), &options, &mut report);
        rows.iter().map(|row| row.fields.get("address").cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(addresses("D2:D3"), ["Phường Yên Bái", "Phường Yên Bái"]);
    assert_eq!(addresses("D2:E2"), [json!("Phường Yên Bái"), json!(null)], "within one row nothing is repeated");
    assert_eq!(addresses("D3:D9"), [json!("Phường Yên Bái"), json!(null)]);
    let read = points("a.xlsx", book("A9:A10"));
    assert_eq!(texts(&read, "hours")[0], "7:30");
    says(&read, &["Column “Giờ mở cửa” has 1 cell with an error or a formula"]);
}

#[test]
fn what_a_drawing_refers_to_leans_or_says_twice_is_named() {
    let block = "0=BLOCK 2=B 10=0 20=0 0=LWPOLYLINE 8=ODT 70=1 10=512600 20=2401100 10=512700 20=2401100 10=512700 20=2401200 10=512600 20=2401200 0=ENDBLK";
    let dxf = |blocks: &str, entities: &str| plan("a.dxf", drawing("", blocks, entities), &["--crs", "EPSG:9208"]);
    let zone = outline("DGT", 9, "");
    says(
        &dxf("0=BLOCK 2=khu_b 70=4 1=khu_b.dwg 0=ENDBLK", &format!("{zone} 0=INSERT 8=LUC 2=khu_b 10=0 20=0")),
        &["“khu_b.dwg”", "bind it"],
    );
    let read = dxf(block, &format!("{zone} 0=INSERT 8=ODT 2=B 10=0 20=0 210=0 220=1 230=0"));
    assert_eq!(texts(&read, "codes"), ["DGT"]);
    says(&read, &["plane that is not the plan's"]);
    let text = |code: &str, x: f64| format!("0=TEXT 8=0 10={x} 20=2401150 1={code}");
    let read = dxf("", &format!("{} {} {}", outline("X", 0, ""), text("ODT", 512_620.0), text("LUC", 512_680.0)));
    says(&read, &["two-codes", "“ODT, LUC”"]);
    let ring = |a: i32, b: i32| {
        let corners = [(a, a), (b, a), (b, b), (a, b)].map(|(x, y)| format!("10={} 20={}", 512_600 + x, 2_401_100 + y)).join(" ");
        format!("92=2 72=0 73=1 93=4 {corners} 97=0")
    };
    for (style, area) in [(0, 10_000.0 - 3_600.0 + 400.0), (1, 10_000.0 - 3_600.0), (2, 10_000.0)] {
        let hatch = format!("0=HATCH 8=ODT 10=0 20=0 30=0 91=3 {} {} {} 75={style} 76=1", ring(0, 100), ring(20, 80), ring(40, 60));
        let read = dxf("", &hatch);
        assert!((read.area_m2 - area).abs() < 1.0, "style {style}: {} {}", read.area_m2, said(&read));
    }
    // A hatch and the outline that it fills are one zone.
    let read = dxf("", &format!("{} 0=HATCH 8=ODT 10=0 20=0 30=0 91=1 {} 75=1 76=1", outline("ODT", 0, ""), ring(0, 100)));
    assert_eq!(texts(&read, "codes"), ["ODT"], "{}", said(&read));
}

#[test]
fn columns_that_say_different_codes_are_asked_about() {
    let mut file: Value = serde_json::from_str(&geojson(&[("CLN", json!("a")), ("LUC", json!("b"))])).unwrap();
    for (i, code) in ["ODT", "LUC"].iter().enumerate() {
        file["features"][i]["properties"]["MAQH"] = json!(code);
    }
    let read = plan("a.geojson", file.to_string(), &[]);
    assert!(!read.published);
    says(&read, &["choose-code-column", "“MA”", "“MAQH”", "--map land_use="]);
    let bytes = geojson(&[("ODT", json!("Khu A")), ("LUC", json!("Đất lúa"))]).into_bytes();
    let at = bytes.windows(5).position(|window| window == b"Khu A").unwrap();
    let mut damaged = bytes.clone();
    damaged[at + 3] = 0xff;
    let read = plan("a.geojson", damaged, &[]);
    assert_eq!(texts(&read, "names")[1], "Đất lúa", "a stray byte costs its own cell");
    says(&read, &["text-damaged"]);
    let nan = geojson(&[("ODT", json!("Khu A"))]).replace("\"MA\"", "\"S\":NaN,\"MA\"");
    assert!(plan("a.geojson", nan, &[]).published);
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(geojson(&[("ODT", json!("Đất ở"))]).encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(texts(&plan("a.geojson", utf16, &[]), "names"), ["Đất ở"]);
}
