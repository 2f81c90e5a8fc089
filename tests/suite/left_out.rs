//! What a file says beside its shapes and cells, and what a program made of them, is read or named.

use serde_json::json;

use crate::variations::{HEADER, drawing, geojson, outline, plan, points, row, said, says, shapefile, table, texts, workbook, zip};

/// A workbook with one station, whose name is the cell `name`.
fn named(name: &str, styles: &str) -> Vec<u8> {
    let sheet = format!("{}{}", row(1, &HEADER[..3]), row(2, &[name, "104.87", "21.7"]));
    workbook(&[("A", "", &sheet)], styles, "<sst/>")
}

#[test]
fn a_cells_format_may_hold_words() {
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="&quot;Trạm số &quot;0"/>
        <numFmt numFmtId="171" formatCode="&quot;Trạm &quot;@"/><numFmt numFmtId="172" formatCode="&quot;Tổ &quot;General"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/></cellXfs></styleSheet>"#;
    for (cell, expected) in [
        (r#"<c s="1"><v>5</v></c>"#, "Trạm số 5"),
        (r#"<c s="2" t="inlineStr"><is><t>Minh Tân</t></is></c>"#, "Trạm Minh Tân"),
        (r#"<c s="3"><v>12</v></c>"#, "Tổ 12"),
    ] {
        let read = points("a.xlsx", named(cell, styles));
        assert_eq!((texts(&read, "titles"), read.published), (vec![json!(expected)], true), "{}", said(&read));
    }
}

#[test]
fn a_name_that_a_program_took_for_a_date_is_refused() {
    let styles = r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;
    let read = points("a.xlsx", named(r#"<c s="1"><v>46142</v></c>"#, styles));
    assert!(!read.published);
    says(&read, &["name-is-a-date", "30/4/2026"]);
    assert!(points("a.csv", "Tên,Kinh độ,Vĩ độ\nPhố 30/4,104.87,21.7\n").published);
    assert!(!points("a.csv", "Tên,Địa chỉ,Kinh độ,Vĩ độ\nTrạm,5/6/2026,104.87,21.7\n").published);
}

#[test]
fn comments_on_cells_and_sheets_without_a_table_are_named() {
    let sheet = format!("{}{}", row(1, &HEADER[..3]), row(2, &["Trạm", "104.87", "21.7"]));
    let files = [
        ("[Content_Types].xml", "<Types/>"),
        ("xl/workbook.xml", r#"<workbook><sheets><sheet name="Ghi chú" r:id="rId1"/><sheet name="Trạm" r:id="rId2"/></sheets></workbook>"#),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>"#,
        ),
        ("xl/worksheets/sheet1.xml", "<worksheet><row><c t=\"str\"><v>Chỉ là bản nháp</v></c></row></worksheet>"),
        ("xl/worksheets/sheet2.xml", &format!("<worksheet>{sheet}</worksheet>")),
        (
            "xl/worksheets/_rels/sheet2.xml.rels",
            r#"<Relationships><Relationship Id="rId1" Type="http://x/relationships/comments" Target="../comments1.xml"/></Relationships>"#,
        ),
        (
            "xl/comments1.xml",
            r#"<comments><commentList><comment ref="A2"><text><r><t>Đã chuyển </t></r><r><t>đi</t></r></text></comment></commentList></comments>"#,
        ),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let read = points("a.xlsx", zip(&files));
    assert_eq!(texts(&read, "titles"), ["Trạm"], "{}", said(&read));
    says(&read, &["1 comment on its cells, not read: “Đã chuyển đi”", "“Ghi chú”: 1"]);
}

#[test]
fn a_text_that_fills_its_field_is_said_and_a_cut_letter_too() {
    let columns: &[(&[u8], u8, usize)] = &[(b"MA", b'C', 5), (b"TEN", b'C', 24)];
    // 24 bytes end within “ồ”, and in the other text behind a whole letter.
    for (text, checks) in [("Khu dân cư tổ 5, Đồng Tâm", &["field-full", "text-cut"][..]), ("Khu dân cư tổ 5, số 123456", &["field-full"])]
    {
        let cell = &text.as_bytes()[..24];
        let dbf = table(columns, &[(false, vec![b"ODT", cell]), (false, vec![b"LUC", "Tổ 3".as_bytes()])]);
        says(&plan("a.zip", shapefile(&[0, 1], None, 0, &dbf), &[]), checks);
    }
    let dbf = table(columns, &[(false, vec![b"ODT", "Khu dân cư".as_bytes()]), (false, vec![b"LUC", "Tổ 3".as_bytes()])]);
    assert_eq!(said(&plan("a.zip", shapefile(&[0, 1], None, 0, &dbf), &[])), "");
}

#[test]
fn control_characters_part_words_and_are_said() {
    let read = plan("a.geojson", geojson(&[("ODT", json!("Tổ 5\u{1}phường\u{7f}A")), ("LUC", json!("b"))]), &[]);
    assert_eq!(texts(&read, "names")[0], "Tổ 5 phường A");
    says(&read, &["control-characters"]);
}

#[test]
fn layers_that_are_not_printed_dimensions_and_units_of_a_drawing_are_said() {
    let both = format!("{} {} 0=DIMENSION 8=KICHTHUOC 0=POINT 8=MOC", outline("ODT", 0, ""), outline("LUC", 1, ""));
    let read = plan("a.dxf", drawing("0=LAYER 2=luc 70=0 62=7 290=0", "", &both), &["--crs", "EPSG:9208"]);
    assert!(read.published);
    says(&read, &["Layer “LUC” is set not to print, but 1 area", "KICHTHUOC (DIMENSION): 1", "MOC (POINT): 1"]);
    // Drawings in metres often name millimetres; only coordinates of that size say it.
    let header = "0\nSECTION\n2\nHEADER\n9\n$INSUNITS\n70\n4\n9\n$LUNITS\n70\n2\n0\nENDSEC\n";
    let read = plan("a.dxf", format!("{header}{}", drawing("", "", &both)), &["--crs", "EPSG:9208"]);
    assert!(read.published && !said(&read).contains("drawing-unit"), "{}", said(&read));
    let large = both.replace("10=", "10=1000").replace("20=", "20=1000");
    says(&plan("a.dxf", format!("{header}{}", drawing("", "", &large)), &["--crs", "EPSG:9208"]), &["is in mm ($INSUNITS)"]);
    let odd = format!("{} {} 0=TEXT 8=CHU 10=512750 20=2401150 1=ODTT", outline("ODT", 0, ""), outline("RANH", 1, ""));
    says(&plan("a.dxf", drawing("", "", &odd), &["--crs", "EPSG:9208"]), &["RANH (ODTT): 1"]);
}

#[test]
fn times_of_placemarks_are_said_and_a_document_in_utf16_is_read_in_its_archive() {
    let kml = |time: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><kml><Document><Placemark><name>Trạm</name>{time}<Point><coordinates>104.87,21.7</coordinates></Point></Placemark></Document></kml>"
        )
    };
    let utf16 = |text: &str| [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat();
    let read = points("a.kmz", zip(&[("doc.kml", &utf16(&kml("<TimeSpan><begin>2020</begin></TimeSpan>")))]));
    assert_eq!(texts(&read, "titles"), ["Trạm"], "{}", said(&read));
    says(&read, &["1 placemark has a time"]);
}

#[test]
fn a_header_that_stands_again_is_no_row_and_what_is_written_as_text_or_packed_twice_is_named() {
    let read = points("a.csv", "Tên,Kinh độ,Vĩ độ\nA,104.87,21.7\nTên,Kinh độ,Vĩ độ\nB,104.88,21.7\n");
    assert_eq!(texts(&read, "titles"), ["A", "B"], "{}", said(&read));
    says(
        &points("a.csv", "Tên,Kinh độ,Vĩ độ\nA;104.87;21.7\n"),
        &["separators-differ", "Line 2: it is separated by “;” and the header by “,”"],
    );
    says(&plan("a.csv", "WKT,MA\n\"POLYGON ((1 2,3 4,5 6,1 2))\",ODT\n", &[]), &["geometry-as-text", "Line 2"]);
    says(&plan("a.zip", zip(&[("b.zip", &zip(&[("a.shp", b"x")]))]), &[]), &["nested-archive"]);
    let read = points("a.csv", "Tên,X,Y\nA,năm trăm,hai triệu\n");
    assert!(!said(&read).contains("columns-not-used"), "{}", said(&read));
}

/// A text of a drawing in the n-th square.
fn note(n: usize, words: &str) -> String {
    // Blanks part the groups of a drawing's helper.
    format!("0=TEXT 8=CHU 10={} 20=2401150 1={}", 512_650 + 100 * n, words.replace(' ', "~"))
}

#[test]
fn a_name_in_a_drawing_is_no_code_and_a_layer_against_its_text_is_asked_about() {
    let dxf = |entities: String| plan("a.dxf", drawing("", "", &entities).replace('~', " "), &["--crs", "EPSG:9208"]);
    // A street's name in the zone of a layer that says what it is.
    let street = dxf(format!("{} {} {}", outline("ODT", 0, ""), outline("CLN", 1, ""), note(0, "TON DUC THANG")));
    assert_eq!(texts(&street, "codes"), ["ODT", "CLN"], "{}", said(&street));
    let name = dxf(format!("{} {} {} {}", outline("RANH", 0, ""), outline("RANH", 1, ""), note(0, "LUC YEN"), note(1, "ODT 2,5ha")));
    says(&name, &["code-among-words", "“LUC YEN”"]);
    let title = dxf(format!("{} {} {}", outline("RANH", 0, ""), outline("CLN", 1, ""), note(0, "Ton Duc Thang")));
    assert_eq!(texts(&title, "codes"), ["CLN"], "{}", said(&title));
    says(&title, &["RANH (Ton Duc Thang): 1"]);
    let against = dxf(format!("{} {} {} {}", outline("LUC", 0, ""), outline("RANH", 1, ""), note(0, "ODT"), note(1, "CLN")));
    assert!(!against.published);
    says(&against, &["layer-against-text", "ODT / LUC"]);
    let same = dxf(format!("{} {} {}", outline("QH_LUC", 0, ""), outline("CLN", 1, ""), note(0, "LUC")));
    assert_eq!((texts(&same, "codes"), same.published), (vec![json!("LUC"), json!("CLN")], true), "{}", said(&same));
}

#[test]
fn files_of_one_name_are_told_apart_by_their_folders() {
    let dbf = |code: &'static [u8]| table(&[(b"MA", b'C', 5)], &[(false, vec![code])]);
    let inner = |code| shapefile(&[0], None, 0, &dbf(code));
    let parts = |bytes: &[u8]| {
        let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
        (0..archive.len())
            .map(|at| {
                let mut entry = archive.by_index(at).unwrap();
                let mut content = Vec::new();
                std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
                (entry.name().unwrap().into_owned(), content)
            })
            .collect::<Vec<_>>()
    };
    let mut files = Vec::new();
    for (folder, code) in [("cu", &b"LUC"[..]), ("moi", b"ODT")] {
        files.extend(parts(&inner(code)).into_iter().map(|(name, content)| (format!("{folder}/{}", name.replace("a.", "plan.")), content)));
    }
    let all: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    says(&plan("a.zip", zip(&all), &["--layer", "plan"]), &["choose-layer", "“moi/plan.shp”"]);
    for layer in ["moi/plan.shp", "moi/plan", "MOI/Plan"] {
        assert_eq!(texts(&plan("a.zip", zip(&all), &["--layer", layer]), "codes"), ["ODT"], "{layer}");
    }
    let one = parts(&inner(b"ODT"));
    let mut twice: Vec<(&str, &[u8])> = one.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let other = dbf(b"LUC");
    twice.push(("A.DBF", &other));
    says(&plan("a.zip", zip(&twice), &[]), &["side-file-twice"]);
}

#[test]
fn days_without_a_year_and_words_around_a_time_are_seen_in_sheets() {
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="d\-mmm"/><numFmt numFmtId="171" formatCode="h:mm&quot; - 17:00&quot;"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>"#;
    let sheet = |hours: &str| format!("{}{}", row(1, &HEADER[..4]), row(2, &["Trạm", "104.87", "21.7", hours]));
    let of = |hours: &str| points("a.xlsx", workbook(&[("A", "", &sheet(hours))], styles, "<sst/>"));
    says(&of(r#"<c s="1"><v>46214</v></c>"#), &["day-without-year", "“Giờ mở cửa”", "11/7"]);
    assert_eq!(texts(&of(r#"<c s="2"><v>0.3125</v></c>"#), "hours"), ["7:30 - 17:00"]);
}

#[test]
fn a_table_in_degrees_that_names_vn2000_is_asked_about() {
    for above in ["DANH SÁCH (hệ VN-2000, kinh tuyến 104°45')\nTên,Kinh độ,Vĩ độ\n", "Tên,Kinh độ (VN2000),Vĩ độ (VN2000)\n"]
    {
        let read = points("a.csv", format!("{above}Trạm,104.87,21.7\n"));
        assert!(!read.published, "{above}");
        says(&read, &["crs-unknown", "223 m apart", "EPSG:4756"]);
    }
}

#[test]
fn letters_written_as_html_or_json_and_utf16_without_its_mark_are_read() {
    let read = points("a.csv", "Tên,Kinh độ,Vĩ độ\nTr&#7841;m \\u0110\u{1ed3}ng T&acirc;m,104.87,21.7\n");
    assert_eq!(texts(&read, "titles"), ["Trạm Đồng Tâm"], "{}", said(&read));
    says(&read, &["letters-unescaped"]);
    let plain: Vec<u8> = "Ten,Kinh do,Vi do\nTram A,104.87,21.7\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(texts(&points("a.csv", plain), "titles"), ["Tram A"]);
}

#[test]
fn a_column_that_gives_one_row_its_field_is_used() {
    let read = points("a.csv", "Tên,Kinh độ,Vĩ độ,SĐT,Điện thoại\nA,104.87,21.7,0216 3 850 115,\nB,104.88,21.7,,0216 3 850 116\n");
    assert!(!said(&read).contains("columns-not-used"), "{}", said(&read));
}

#[test]
fn what_programs_write_into_empty_cells_is_no_name() {
    let read = plan("a.geojson", geojson(&[("ODT", json!("NULL")), ("LUC", json!("<Null>")), ("CLN", json!("Nullarbor"))]), &[]);
    assert_eq!(texts(&read, "names"), [json!(null), json!(null), json!("Nullarbor")]);
    assert_eq!(read.report.counted["null-words"], 2);
}

#[test]
fn a_circle_around_a_code_is_a_label_and_no_zone() {
    let dxf = |entities: String| plan("a.dxf", drawing("", "", &entities), &["--crs", "EPSG:9208"]);
    let circle = |layer: &str, n: usize| format!("0=CIRCLE 8={layer} 10={} 20=2401150 40=12", 512_650 + 100 * n);
    let parcels = format!("{} {}", outline("RANH", 0, ""), outline("RANH", 1, ""));
    let read = dxf(format!("{parcels} {} {} {} {}", circle("TEXT", 0), circle("TEXT", 1), note(0, "ODT"), note(1, "LUC")));
    assert_eq!(texts(&read, "codes"), ["ODT", "LUC"], "{}", said(&read));
    assert!((read.area_m2 - 20_000.0).abs() < 1.0, "the parcels, not their labels: {}", read.area_m2);
    says(&read, &["label-circle", "2 frames or circles around a text on layer “TEXT”"]);
    let other = dxf(format!("{} {} {} {}", outline("ODT", 0, ""), outline("LUC", 1, ""), circle("TEXT", 0), note(0, "TMD")));
    says(&other, &["circle-as-zone", "“TMD”"]);
    let pond = dxf(format!("{} {} {}", outline("ODT", 0, ""), outline("LUC", 1, ""), circle("NTS", 0)));
    assert_eq!(texts(&pond, "codes"), ["ODT", "LUC", "NTS"], "{}", said(&pond));
}

#[test]
fn what_a_spreadsheet_made_of_numbers_and_a_second_value_are_said() {
    for (address, hours) in [("12-Thg5", "24/7"), ("12-May", "24/7"), ("x", "Jul-17"), ("x", "17-Thg7")] {
        let read = points("a.csv", format!("Tên,Kinh độ,Vĩ độ,Địa chỉ,Giờ\nTrạm,104.87,21.7,{address},{hours}\n"));
        assert!(!read.published, "{address} {hours}");
        says(&read, &["day-of-a-sheet"]);
    }
    let two = "Tên,Kinh độ,Vĩ độ,Điện thoại,SĐT\nA,104.87,21.7,0216 3851 234,0912 345 678\nB,104.88,21.7,,0912 345 670\n";
    says(&points("a.csv", two), &["second-value", "“0216 3851 234”", "“0912 345 678”"]);
}

#[test]
fn a_system_of_another_datum_than_its_name_says_is_said() {
    let prj = |datum: &str| {
        format!(
            "PROJCS[\"VN2000_YenBai\",GEOGCS[\"GCS\",DATUM[\"{datum}\",SPHEROID[\"S\",6378137,298.257223563]],PRIMEM[\"Greenwich\",0],UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"False_Easting\",500000],PARAMETER[\"False_Northing\",0],PARAMETER[\"Central_Meridian\",104.75],PARAMETER[\"Scale_Factor\",0.9999],PARAMETER[\"Latitude_Of_Origin\",0],UNIT[\"Meter\",1]]"
        )
    };
    for (datum, is_said) in [("D_WGS_1984", true), ("D_Hanoi_1972", true), ("D_Vietnam_2000", false), ("D_VN_2000", false)] {
        let (shp, _) = crate::variations::shapes(&[0], &[0], 0);
        let dbf = table(&[(b"MA", b'C', 5)], &[(false, vec![b"ODT"])]);
        let read = plan("a.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf), ("a.prj", prj(datum).as_bytes())]), &[]);
        assert_eq!((said(&read).contains("crs-datum-differs"), read.published), (is_said, true), "{datum}: {}", said(&read));
    }
}

#[test]
fn the_errors_of_a_spreadsheet_are_left_empty_and_said() {
    for word in ["#VALUE!", "#REF!", "#NAME?", "#DIV/0!", "########"] {
        let read = points("a.csv", format!("Tên,Kinh độ,Vĩ độ,Giờ\nTrạm,104.87,21.7,{word}\n"));
        assert_eq!((texts(&read, "hours"), read.published), (vec![json!(null)], true), "{word}: {}", said(&read));
        says(&read, &["cell-error", word]);
        assert!(!points("a.csv", format!("Tên,Kinh độ,Vĩ độ\n{word},104.87,21.7\n")).published, "{word}");
    }
    let read = plan("a.geojson", geojson(&[("ODT", json!("#REF!")), ("LUC", json!("Khu #5"))]), &[]);
    assert_eq!(texts(&read, "names"), [json!(null), json!("Khu #5")]);
    says(&read, &["cell-error"]);
}

#[test]
fn numbers_without_their_area_code_and_marks_for_as_above_are_noticed() {
    let read = points("a.csv", "Tên,Kinh độ,Vĩ độ,Điện thoại\nA,104.87,21.7,3852 119\nB,104.88,21.7,115\nC,104.87,21.71,19001234\n");
    says(&read, &["phone-area-code", "“3852 119”"]);
    assert_eq!(said(&read).matches("phone-area-code").count(), 1);
    for mark in ["-nt-", "như trên", "\"\"\"\""] {
        let read = points("a.csv", format!("Tên,Kinh độ,Vĩ độ,Địa chỉ\nA,104.87,21.7,Tổ 5\nB,104.88,21.7,{mark}\n"));
        assert!(!read.published, "{mark}");
        says(&read, &["as-above"]);
    }
}
