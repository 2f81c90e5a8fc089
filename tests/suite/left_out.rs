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
    says(&plan("a.zip", zip(&[("b.zip", &zip(&[("a.shp", b"x")]))]), &[]), &["an archive in an archive"]);
    let read = points("a.csv", "Tên,X,Y\nA,năm trăm,hai triệu\n");
    assert!(!said(&read).contains("columns-not-used"), "{}", said(&read));
}
