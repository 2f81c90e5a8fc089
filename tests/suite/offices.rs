//! What offices' files were found to hold once more: refusals of consent, texts that were struck through, letters
//! that were lost, rows that are wrong beside right ones.

use bangtin::import::report::Severity;
use serde_json::{Value, json};

use crate::field::Read;
use crate::variations::{HEADER, drawing, geojson, outline, plan, points, row, said, says, texts, workbook, zip};

fn dxf(blocks: &str, entities: &str) -> Read {
    plan("a.dxf", drawing("", blocks, entities), &["--crs", "EPSG:9208"])
}

/// A text in the n-th square. Blanks part groups in these drawings: a text has none, but for U+00A0.
fn text(n: usize, text: &str) -> String {
    format!("0=TEXT 8=CHU 10={} 20=2401150 1={text}", 512_650 + 100 * n)
}

#[test]
fn a_text_with_two_codes_is_refused_as_it_stands() {
    for both in ["CLN->ODT", "LUC/ODT", "CLN,ODT"] {
        let read = dxf("", &format!("{} {} {}", outline("RANH", 0, ""), text(0, both), outline("DGT", 1, "")));
        assert!(!read.published, "{both}");
        says(&read, &["1 area has on layer “RANH” a text that names several codes", both]);
    }
    let read = dxf("", &format!("{} {}", outline("RANH", 0, ""), text(0, "ODT-1,2ha-ODT")));
    assert_eq!(texts(&read, "codes"), ["ODT"]);
}

#[test]
fn what_is_struck_through_in_a_drawing_is_left_out_and_said() {
    for struck in ["%%kCLN%%k", "%%KCLN%%K-ODT"] {
        let read = dxf("", &format!("{} {} {}", outline("ODT", 0, ""), text(0, struck), outline("DGT", 1, "")));
        assert!(read.published, "{}", said(&read));
        assert_eq!(texts(&read, "codes"), ["ODT", "DGT"], "{struck}");
        says(&read, &["struck through and was not read: “CLN”"]);
    }
}

#[test]
fn codes_in_no_outline_legends_and_pictures_are_said() {
    let read = dxf("", &format!("{} {} {} 0=IMAGE 8=0 0=WIPEOUT 8=0", outline("ODT", 0, ""), text(7, "LUC"), text(8, "DYT")));
    assert!(read.published, "{}", said(&read));
    says(&read, &["2 texts of codes stand in no closed outline", "“LUC”, “DYT”", "1 overlay (IMAGE)", "1 overlay (WIPEOUT)"]);
    let read = dxf("", &format!("{} {} {}", outline("ODT", 0, ""), outline("CHUGIAI", 3, ""), text(3, "CLN")));
    says(&read, &["1 area with a code on layer “CHUGIAI” looks like the legend"]);
}

#[test]
fn a_block_that_is_shown_in_part_is_named() {
    let block = "0=BLOCK 2=B 10=0 20=0 0=LWPOLYLINE 8=0 70=1 10=0 20=0 10=10 20=0 10=10 20=10 10=0 20=10 0=ENDBLK";
    let insert = "0=INSERT 5=1A 8=ODT 2=B 10=512600 20=2401100";
    let objects = |shown: u8| {
        format!("0=ENDSEC 0=SECTION 2=OBJECTS 0=DICTIONARY 5=1B 330=1A 0=DICTIONARY 5=1C 330=1B 0=SPATIAL_FILTER 5=1D 330=1C 71={shown}")
    };
    let read = dxf(block, &format!("{insert} {}", objects(1)));
    assert!(read.published, "{}", said(&read));
    says(&read, &["shows only a part of block “B” (XCLIP)"]);
    assert!(!said(&dxf(block, &format!("{insert} {}", objects(0)))).contains("XCLIP"), "it is switched off");
}

#[test]
fn hidden_columns_and_struck_words_of_a_sheet_are_said() {
    let sheet = format!("{}{}", row(1, &HEADER[..3]), row(2, &["Trạm", "104.87", "21.7"]));
    assert!(!said(&points("a.xlsx", workbook(&[("A", "", &sheet)], "<s/>", "<sst/>"))).contains("hidden-column"));
    let columns = r#"</sheetData><cols><col min="1" max="1"/><col min="3" max="3" hidden="1"/></cols><sheetData>"#;
    says(&points("a.xlsx", workbook(&[("A", "", &format!("{columns}{sheet}"))], "<s/>", "<sst/>")), &["Column “Vĩ độ” is hidden"]);
    // A name of which two words were struck through, shared and in the cell itself.
    let runs = "<r><t>Trạm y tế </t></r><r><rPr><strike/></rPr><t>Nguyễn Phúc</t></r><r><t> Hồng Hà</t></r>";
    let inline = format!("{}{}", row(1, &HEADER[..3]), row(2, &[&format!("<c t=\"inlineStr\"><is>{runs}</is></c>"), "104.87", "21.7"]));
    let shared = format!("{}{}", row(1, &HEADER[..3]), row(2, &["<c t=\"s\"><v>0</v></c>", "104.87", "21.7"]));
    for (sheet, strings) in [(&inline, String::from("<sst/>")), (&shared, format!("<sst><si>{runs}</si></sst>"))] {
        let read = points("a.xlsx", workbook(&[("A", "", sheet)], "<s/>", &strings));
        assert_eq!(texts(&read, "titles"), ["Trạm y tế Hồng Hà"]);
        says(&read, &["struck through and was not read: “Nguyễn Phúc”"]);
    }
    let escaped = format!("{}{}", row(1, &HEADER), row(2, &["Trạm", "104.87", "21.7", "7:30", "0216_x000D_3852009"]));
    assert_eq!(texts(&points("a.xlsx", workbook(&[("A", "", &escaped)], "<s/>", "<sst/>")), "phones"), ["0216 3852009"]);
}

#[test]
fn a_workbook_with_a_password_is_named_as_one() {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &vec![0; 20_000], &name, &[0; 512]].concat();
    says(&points("a.xlsx", file), &["password"]);
}

#[test]
fn question_marks_for_lost_letters_are_said_and_nothing_is_bent_around_them() {
    let read = plan("a.geojson", geojson(&[("ODT", json!("??t ? t? dân ph? H?ng Hà")), ("LUC", json!("Ai? Đó"))]), &[]);
    assert_eq!(texts(&read, "names"), ["??t ? t? dân ph? H?ng Hà", "Ai? Đó"]);
    says(&read, &["letters-lost", "letters that were lost when it was saved: “??t"]);
    assert_eq!(read.report.findings.iter().filter(|finding| finding.check == "letters-lost").count(), 1);
    // As Excel saves a table in the code page of Western Windows.
    let csv = b"T\xean,Kinh do,Vi do\nTr?m y t? H?ng H\xe0,104.87,21.7\n".to_vec();
    let read = points("a.csv", csv);
    assert!(read.published, "{}", said(&read));
    assert_eq!(texts(&read, "titles"), ["Tr?m y t? H?ng Hà"]);
    says(&read, &["letters-lost"]);
}

#[test]
fn of_right_and_wrong_rows_the_wrong_ones_are_named() {
    let csv = "Tên,Kinh độ,Vĩ độ\nA,104.872,21.702\nB,21.703,104.873\nC,104874,21704\nD,104.875,21.705\n";
    let read = points("a.csv", csv);
    let lines: Vec<_> = read.report.findings.iter().filter(|f| f.severity == Severity::Error).map(|f| (f.check.as_str(), f.line)).collect();
    assert_eq!(lines, [("axes-swapped", Some(3)), ("outside-city", Some(4))], "{}", said(&read));
    let twice = points("a.csv", "Tên,Kinh độ,Vĩ độ\nTrạm,104.87,21.7\nTRẠM,104.87,21.7\nTrạm khác,104.87,21.7\n");
    assert!(twice.published);
    says(&twice, &["same-point-twice", "point #0"]);
    says(&points("a.csv", "Tên,Kinh độ,Vĩ độ,X,Y\nTrạm,104.87,21.7,520000,2405000\n"), &["columns-not-used", "“X”: 1", "“Y”: 1"]);
    let beside = json!({ "type": "FeatureCollection", "features": [{ "type": "Feature", "properties": { "Tên": "A", "Kinh độ": 104.9, "Vĩ độ": 21.72 },
        "geometry": { "type": "Point", "coordinates": [104.87, 21.7] } }] });
    says(&points("a.geojson", beside.to_string()), &["columns-not-used", "“Kinh độ”: 1", "“Vĩ độ”: 1"]);
    let angles = points("a.csv", "Tên,Vĩ độ,Kinh độ\nA,\"21°42'36\"\"N\",\"104°52'12\"\"E\"\nB,21 42 45,104 52 12\n");
    let said = said(&angles);
    assert!(said.contains("“104 52 12” is not clearly an angle") && !said.contains("columns-not-used"), "{said}");
    let alone = points("a.csv", "Tên,Vĩ độ,Kinh độ\nA,\"21°42'36\"\"N\",\"104°52'12\"\"E\"\n");
    assert_eq!(texts(&alone, "positions"), [json!({ "lat": 21.71, "lon": 104.87 })]);
    let two = "<kml><Document><Placemark><Point><coordinates>104.87,21.7 104.88,21.71</coordinates></Point></Placemark></Document></kml>";
    says(&points("a.kml", two), &["one point has 2 positions"]);
    says(&points("a.csv", "Tên,Kinh độ (WGS84),Vĩ độ (WGS84)\nTrạm,1,2\n"), &["outside"]);
    says(&points("a.csv", "Tên,Kinh độ,Vĩ độ,Giờ\nTrạm,104.87,21.7,0.3125\n"), &["hours-are-a-number"]);
}

#[test]
fn what_a_plan_does_not_take_from_its_file_is_said() {
    let square = |i: usize| {
        let west = 104.87 + 0.01 * i as f64;
        let corners = [[west, 21.7], [west + 0.005, 21.7], [west + 0.005, 21.705], [west, 21.705], [west, 21.7]];
        json!({ "type": "Polygon", "coordinates": [corners] })
    };
    let feature = |i: usize, properties: Value| json!({ "type": "Feature", "properties": properties, "geometry": square(i) });
    let file = |first: Value, second: Value| {
        json!({ "type": "FeatureCollection", "features": [feature(0, first), feature(1, second)] }).to_string()
    };
    let read = plan(
        "a.geojson",
        file(
            json!({ "maloaidat": "LUC", "ma_qh": "LUC", "chu": "Ông A", "DienTich": 3.5, "OBJECTID": 1, "trong": "" }),
            json!({ "maloaidat": "ODT", "ma_qh": "ODT", "chu": null, "DienTich": 3.5, "OBJECTID": 2, "trong": null }),
        ),
        &[],
    );
    assert!(read.published, "{}", said(&read));
    says(&read, &["Columns that are not used: “DienTich”: 2, “chu”: 1;"]);
    let all = plan("a.geojson", file(json!({ "maloaidat": "LUC", "ten": "A" }), json!({ "maloaidat": "ODT", "Ghi chú": "B" })), &[]);
    assert!(!said(&all).contains("columns-not-used"), "{}", said(&all));
    // What a map program calls the description is the note.
    let kml = "<kml><Document><Placemark><name>Khu A</name><description>Đất lúa &lt;b>hai&lt;/b> vụ</description><ExtendedData><Data name=\"maloaidat\">\
               <value>LUC</value></Data></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>104.87,21.7 104.88,21.7 104.88,21.71 \
               104.87,21.7</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>";
    let read = plan("a.kml", kml, &[]);
    assert_eq!(texts(&read, "notes"), ["Đất lúa hai vụ"], "{}", said(&read));
}

#[test]
fn a_placemark_says_its_number_and_a_page_in_it_is_no_page() {
    let kml = "<kml><Document><Placemark><name>Trạm</name><description><![CDATA[<html><table><tr><td>Ghi chú</td><td>Cổng sau</td></tr></table></html>]]></description>\
               <phoneNumber>tel:0216 3 852 001</phoneNumber><Point><coordinates>104.87,21.7</coordinates></Point></Placemark></Document></kml>";
    let read = points("a.kml", kml);
    assert!(read.published, "{}", said(&read));
    assert_eq!((texts(&read, "phones"), texts(&read, "summaries")), (vec![json!("0216 3 852 001")], vec![json!("Cổng sau")]));
    let ring = "<kml><Placemark><ExtendedData><Data name=\"MA\"><value>ODT</value></Data></ExtendedData><LinearRing><coordinates>104.87,21.7 104.88,21.7 104.88,21.71 104.87,21.7</coordinates></LinearRing></Placemark></kml>";
    says(&plan("a.kml", ring, &[]), &["of the kind LinearRing is not read"]);
}

#[test]
fn what_is_no_geojson_is_told_how_to_become_it_and_a_feature_that_does_not_end_is_named_by_its_line() {
    says(&plan("a.json", r#"{"geometryType":"esriGeometryPolygon","features":{}}"#, &[]), &["not “Esri JSON”", "QGIS"]);
    says(&plan("a.json", r#"{"type":"Topology","objects":{},"arcs":[]}"#, &[]), &["not “Topology”", "QGIS"]);
    let feature = r#"{"type":"Feature","properties":{"MA":"ODT"},"geometry":null}"#;
    let read = plan("a.geojsons", format!("{feature}\n{}\n{feature}\n", &feature[..40]), &[]);
    says(&read, &["line 2"]);
}

#[test]
fn a_shapefile_of_multipoints_with_one_point_each_is_one_of_points() {
    let mut content = 8_i32.to_le_bytes().to_vec();
    let at = [104.87_f64, 21.7];
    [at[0], at[1], at[0], at[1]].iter().for_each(|v| content.extend(v.to_le_bytes()));
    content.extend(1_i32.to_le_bytes());
    at.iter().for_each(|v| content.extend(v.to_le_bytes()));
    let mut shp = vec![0; 100];
    shp[..4].copy_from_slice(&[0, 0, 0x27, 0x0a]);
    shp[28..32].copy_from_slice(&1000_i32.to_le_bytes());
    shp[32..36].copy_from_slice(&8_i32.to_le_bytes());
    shp.extend(1_u32.to_be_bytes());
    shp.extend((content.len() as u32 / 2).to_be_bytes());
    shp.extend(content);
    let words = (shp.len() / 2) as u32;
    shp[24..28].copy_from_slice(&words.to_be_bytes());
    let dbf = crate::variations::table(&[(b"TEN", b'C', 10)], &[(false, vec![b"Tram"])]);
    let prj = br#"GEOGCS["GCS_WGS_1984",AUTHORITY["EPSG","4326"]]"#;
    let read = points("a.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("a.prj", prj)]));
    assert!(read.published, "{}", said(&read));
    assert_eq!(texts(&read, "titles"), ["Tram"]);
}

#[test]
fn a_system_said_wrongly_is_not_given_a_distance_that_is_not_its_own() {
    // Numbers of 104°45', said to be UTM 48N on WGS 84: tens of kilometres off, not 223 m.
    let text = geojson(&[("ODT", json!("a"))]).replace("EPSG:9208", "EPSG:32648");
    let read = plan("a.geojson", text, &[]);
    assert!(!said(&read).contains("223 m") && said(&read).contains("--crs EPSG:9208"), "{}", said(&read));
}

#[test]
fn of_two_columns_or_values_under_one_name_the_first_counts_and_the_other_is_said() {
    let read = points("a.csv", "Tên,Kinh độ,Vĩ độ,Ghi chú,Ghi chú\nTrạm,104.87,21.7,một,hai\n");
    says(&read, &["“Ghi chú” stands twice; the first is used, and not: “hai”"]);
    let same = points("a.csv", "Tên,Kinh độ,Vĩ độ,Ghi chú,Ghi chú\nTrạm,104.87,21.7,một,một\n");
    assert!(!said(&same).contains("stands twice"), "{}", said(&same));
    let kml = "<kml><Placemark><ExtendedData><Data name=\"MA\"><value>LUC</value></Data><Data name=\"MA\"><value>CLN</value></Data></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>104.87,21.7 104.88,21.7 104.88,21.71 104.87,21.7</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>";
    let read = plan("a.kml", kml, &[]);
    assert_eq!(texts(&read, "codes"), ["LUC"]);
    says(&read, &["“MA” stands twice", "“CLN”"]);
}

#[test]
fn what_a_layers_name_leaves_open_is_refused_and_what_is_cut_out_is_said() {
    let of = |layer: &str| dxf("", &outline(layer, 0, ""));
    for layer in ["HT_LUC", "HIENTRANG-CLN", "ODT_CU", "KHONG_ODT", "CLN-ODT"] {
        let read = of(layer);
        assert!(!read.published, "{layer}");
        says(&read, &["layer-unclear", layer]);
    }
    for (layer, code) in [("QH_ODT", "ODT"), ("BANVE_ODT$0$CLN", "CLN"), ("banve-ODT|CLN", "CLN"), ("QH-CHT_LUC", "LUC")] {
        let read = of(layer);
        assert_eq!((read.published, texts(&read, "codes")), (true, vec![json!(code)]), "{layer}: {}", said(&read));
    }
    // A smaller outline within is an island; one that fills the other is the same area drawn twice.
    let square = |layer: &str, low: f64, high: f64| {
        let [w, e] = [512_600.0 + low, 512_600.0 + high];
        let [s, n] = [2_401_100.0 + low, 2_401_100.0 + high];
        format!("0=LWPOLYLINE 8={layer} 90=4 70=1 10={w} 20={s} 10={e} 20={s} 10={e} 20={n} 10={w} 20={n}")
    };
    let island = dxf("", &format!("{} {}", square("LUC", 0.0, 100.0), square("ODT", 40.0, 70.0)));
    assert!(island.published, "{}", said(&island));
    says(&island, &["1 area lies inside an area on layer “LUC” and was cut out of it: “900 m²”"]);
    let twice = dxf("", &format!("{} {}", square("ODT", 0.0, 100.0), square("CLN", 0.02, 99.98)));
    assert!(!twice.published, "{}", said(&twice));
    says(&twice, &["overlap"]);
}

#[test]
fn numbers_that_lost_digits_and_columns_of_persons_are_said() {
    let csv = |phone: &str| format!("Tên,Kinh độ,Vĩ độ,Số điện thoại\nTrạm,104.87,21.7,{phone}\n");
    for phone in ["0912345678.0", "0912 345 67", "09123456789", "0912345678; 0987654321"] {
        says(&points("a.csv", csv(phone)), &["phone-digits", phone]);
    }
    assert!(points("a.csv", csv("0216 3 852 009")).published);
    let owners = json!({ "type": "FeatureCollection", "features": [{ "type": "Feature",
        "properties": { "ma": "LUC", "CCCD": "012345678901", "chu_su_dung": "Ông A" },
        "geometry": { "type": "Polygon", "coordinates": [[[104.87, 21.7], [104.88, 21.7], [104.88, 21.71], [104.87, 21.7]]] } }] });
    says(&plan("a.geojson", owners.to_string(), &[]), &["personal-data", "“CCCD”", "“chu_su_dung”"]);
    // XML says its encoding.
    let name = encoding_rs::WINDOWS_1258.encode("Tram \u{110}\u{f4}ng").0.into_owned();
    let kml = [
        b"<?xml version=\"1.0\" encoding=\"windows-1258\"?><kml><Document><Placemark><name>".as_slice(),
        &name,
        b"</name><Point><coordinates>104.87,21.7</coordinates></Point></Placemark></Document></kml>",
    ];
    assert_eq!(texts(&points("a.kml", kml.concat()), "titles"), ["Tram \u{110}\u{f4}ng"]);
}

#[test]
fn folders_files_and_tables_that_are_not_read_are_said() {
    let place = |name: &str| format!("<Placemark><name>{name}</name><Point><coordinates>104.87,21.7</coordinates></Point></Placemark>");
    let folder = |name: &str, places: &str| format!("<Folder><name>{name}</name>{places}</Folder>");
    let document = |inside: &str| format!("<kml><Document><name>Bản đồ</name>{inside}</Document></kml>");
    let two = document(&(folder("Trạm y tế", &place("A")) + &folder("Xe cấp cứu", &place("B"))));
    says(&points("a.kml", two), &["columns-not-used", "“Folder”: 2"]);
    let one = points("a.kml", document(&folder("Lớp 1", &(place("A") + &place("C")))));
    assert!(!said(&one).contains("Folder"), "{}", said(&one));
    // Folders named by codes are layers of a plan.
    let zone = |x: f64| {
        let (e, n) = (x + 0.005, 21.705);
        format!(
            "<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>{x},21.7 {e},21.7 {e},{n} {x},21.7</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        )
    };
    let layers = plan("a.kml", document(&(folder("LUC", &zone(104.87)) + &folder("ODT", &zone(104.88)))), &[]);
    assert_eq!(texts(&layers, "codes"), ["LUC", "ODT"], "{}", said(&layers));
    let mut archive = zip::ZipArchive::new(std::fs::File::open("tests/data/formats/plan.zip").unwrap()).unwrap();
    let mut parts: Vec<(String, Vec<u8>)> = (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            std::io::copy(&mut entry, &mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect();
    assert!(!said(&plan("a.zip", zip(&borrowed(&parts)), &[])).contains("no-map-beside"));
    parts.push(("thuyet-minh.pdf".into(), b"%PDF-1.7".to_vec()));
    parts.push(("__MACOSX/._a".into(), vec![0]));
    says(&plan("a.zip", zip(&borrowed(&parts)), &[]), &["no-map-beside", "“thuyet-minh.pdf”"]);
}

fn borrowed(parts: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect()
}
