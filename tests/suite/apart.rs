//! Files that ask for more than they are worth: each is read in a process of its own, within 512 MiB of
//! addresses and four times what it unpacks to, and the answer is a sentence.

use std::path::PathBuf;

use bangtin::domain::feature_set::Takes;
use bangtin::domain::plan::PlanKind;
use bangtin::import::apart::{Places, Reading};
use bangtin::import::report::Report;
use bangtin::import::source::Source;
use bangtin::import::zones::Options;

use crate::variations::zip;

const CITY: [f64; 4] = [104.815, 21.646, 104.961, 21.798];

fn reading() -> Reading {
    Reading::Apart(PathBuf::from(env!("CARGO_BIN_EXE_bangtin")), Places::new(2))
}

fn options() -> Options {
    let mut options = Options { kind: PlanKind::LandUsePlan, signed: "2026-10-01".parse().unwrap(), ..Options::new(CITY, 9208) };
    options.choice.limits.bytes = 512 << 20;
    options
}

fn read(takes: Takes, name: &str, bytes: Vec<u8>) -> Report {
    reading().import(takes, &Source::memory(name, bytes), &options()).unwrap().report
}

fn sheet(strings: &str, styles: &str, rows: &str) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", rows.as_bytes()),
    ])
}

const ROWS: &str = r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row><row r="2"><c t="s"><v>3</v></c><c><v>104.87</v></c><c><v>21.7</v></c></row></sheetData></worksheet>"#;
const STRINGS: &str = "<si><t>Tên</t></si><si><t>Kinh độ</t></si><si><t>Vĩ độ</t></si><si><t>Trạm</t></si></sst>";

#[test]
fn a_workbook_that_says_more_than_it_holds_is_read() {
    let sst = |head: &str| format!("<sst {head}>{STRINGS}");
    let many = "<xf/>".repeat(5_000_000);
    let formats: String = (0..100_000).map(|i| format!("<numFmt numFmtId=\"{}\" formatCode=\"0\"/>", 200 + i)).collect();
    for (strings, styles) in [
        (sst("uniqueCount=\"10000000000000\" count=\"10000000000000\""), "<styleSheet/>".to_owned()),
        (sst(""), format!("<styleSheet><cellXfs count=\"4000000000\">{many}</cellXfs></styleSheet>")),
        (sst(""), format!("<styleSheet><numFmts count=\"1\">{formats}</numFmts></styleSheet>")),
        (format!("<sst>{STRINGS}").replace("</sst>", &format!("{}</sst>", "<si/>".repeat(5_000_000))), "<styleSheet/>".to_owned()),
    ] {
        let report = read(Takes::Places, "a.xlsx", sheet(&strings, &styles, ROWS));
        assert!(report.is_clean() && report.features == 1, "{:?}", report.findings);
    }
}

#[test]
fn every_reader_stays_within_its_bounds_whatever_a_file_says() {
    let dxf = |entities: &str| format!("0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n").into_bytes();
    let mut shp = vec![0; 100];
    shp[..4].copy_from_slice(&[0, 0, 0x27, 0x0a]);
    shp[24..28].copy_from_slice(&100_u32.to_be_bytes());
    shp.extend([0, 0, 0, 1, 0, 0, 0, 46]);
    shp.extend(5_i32.to_le_bytes());
    shp.extend([0; 32]);
    shp.extend(i32::MAX.to_le_bytes());
    shp.extend(i32::MAX.to_le_bytes());
    shp.resize(200, 0);
    let mut dbf = vec![3, 126, 11, 28, 1, 0, 0, 0, 65, 0, 6, 0];
    dbf.resize(32, 0);
    dbf.extend([b"MA".as_slice(), &[0; 9], b"C", &[0; 4], &[5], &[0; 15], &[0x0d], b" ODT  \x1a"].concat());
    let mut lying_dbf = dbf.clone();
    lying_dbf[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let fgb = std::fs::read("tests/data/formats/plan.fgb").unwrap();
    let mut far = fgb.clone();
    let end = far.len();
    far[end - 40..].fill(0xff);
    let wide: String = (0..256).map(|i| format!("c{i},")).collect();
    let csv = format!("{wide}Kinh độ,Vĩ độ\n{}", "x\n".repeat(90_000));
    let files: Vec<(Takes, &str, Vec<u8>)> = vec![
        (Takes::Zones, "shp.zip", zip(&[("a.shp", &shp), ("a.dbf", &dbf)])),
        (Takes::Zones, "dbf.zip", zip(&[("a.shp", &shp), ("a.dbf", &lying_dbf)])),
        (Takes::Zones, "far.fgb", far),
        (Takes::Zones, "hatch.dxf", dxf("0\nHATCH\n8\nODT\n91\n4000000000\n92\n1\n93\n4000000000\n72\n1\n10\n1\n20\n1\n11\n2\n21\n2\n")),
        (
            Takes::Zones,
            "spline.dxf",
            dxf("0\nHATCH\n8\nODT\n91\n1\n92\n1\n93\n1\n72\n4\n94\n2000000000\n95\n2000000000\n96\n2000000000\n40\n0\n10\n1\n20\n1\n"),
        ),
        (Takes::Zones, "entity.dxf", dxf("0\nSPLINE\n8\nODT\n71\n2000000000\n72\n2000000000\n73\n2000000000\n40\n1\n10\n1\n20\n1\n")),
        (Takes::Zones, "deep.geojson", "[".repeat(8 << 20).into_bytes()),
        (Takes::Zones, "deep.kml", "<Folder>".repeat(1 << 20).into_bytes()),
        (Takes::Places, "wide.csv", csv.into_bytes()),
        (Takes::Places, "quotes.csv", format!("Tên,Kinh độ,Vĩ độ\n\"{}", "a,\n".repeat(4 << 20)).into_bytes()),
        (Takes::Zones, "lying.gpkg", lying_gpkg()),
        (Takes::Zones, "bomb.kmz", zip(&[("doc.kml", format!("<kml><Document>{}", " ".repeat(600 << 20)).as_bytes())])),
        (Takes::Zones, "bomb.zip", zip(&[("a.geojson", &vec![b' '; 600 << 20])])),
        (Takes::Zones, "entities.kml", format!("<kml>{}", "&lt;".repeat(4 << 20)).into_bytes()),
    ];
    for (takes, name, bytes) in files {
        let report = read(takes, name, bytes);
        let checks: Vec<&str> = report.findings.iter().map(|finding| finding.check.as_str()).collect();
        assert!(!report.is_clean(), "{name}: {checks:?}");
        assert!(!checks.contains(&"reading-stopped"), "{name} is refused by its reader, not by its bounds: {checks:?}");
    }
}

/// A GeoPackage whose shapes say that they have four billion rings and points.
fn lying_gpkg() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    std::fs::copy("tests/data/formats/plan.gpkg", &path).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    triggers.iter().for_each(|trigger| connection.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap());
    let lies = [b"GP\0\x01".as_slice(), &[0; 4], &[1, 3, 0, 0, 0], &[0xff; 8]].concat();
    connection.execute("UPDATE zones SET geom = ?1", [lies]).unwrap();
    std::fs::read(&path).unwrap()
}

#[test]
fn a_child_whose_asker_is_gone_ends_and_takes_its_folder_along() {
    use std::io::{BufRead, BufReader, Read};
    let folder = tempfile::Builder::new().prefix("bangtin-").tempdir().unwrap();
    std::fs::write(folder.path().join("unpacked"), "x").unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_bangtin"))
        .args(["read-apart", "1"])
        .env_clear()
        .envs([("MIMALLOC_ARENA_RESERVE", "64MiB"), ("TMPDIR", folder.path().to_str().unwrap())])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // A pipe that is opened only when its other end is: the child waits while it reads its file.
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, format!("{}\n", serde_json::json!({ "About": { "path": pipe } })).as_bytes()).unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    drop(input);
    assert!(!child.wait().unwrap().success());
    assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0, "it answers nobody");
    assert!(!folder.path().exists());
}

#[test]
fn a_document_that_cannot_be_looked_into_is_kept_without_pages() {
    let pdf = |body: &str| {
        format!("%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n{body}\nendobj\ntrailer<</Root 1 0 R/Size 3>>\n")
            .into_bytes()
    };
    for body in [
        "<</Type/Pages/Count 2147483647/Kids[2 0 R]>>",
        "<</Type/Pages/Count 999999999999/Kids[]>>",
        "<</Length 99999999999>>stream\nx\nendstream",
    ] {
        let about = reading().about(&pdf(body));
        assert_eq!((about.media_type, about.title), ("application/pdf", None), "{body}");
    }
    assert_eq!(reading().about(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff").media_type, "image/png");
}

#[test]
fn a_photo_is_decoded_apart_and_a_bomb_is_none() {
    let memory = |bytes: &[u8]| Source::memory("photo", bytes.to_vec());
    let photo = crate::office_day::photo();
    let apart = reading().photo(&memory(&photo)).unwrap().expect("a picture");
    assert_eq!(Some(apart), Reading::Here.photo(&memory(&photo)).unwrap());
    // 20,000 x 20,000 pixels of one colour are a few hundred kilobytes of PNG, and 400 MB in memory.
    let mut bomb = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(20_000, 20_000).write_to(&mut bomb, image::ImageFormat::Png).unwrap();
    assert!(reading().photo(&memory(bomb.get_ref())).unwrap().is_none());
    assert!(reading().photo(&memory(&photo[..photo.len() / 2])).unwrap().is_none_or(|half| half.len() < photo.len()));
}

#[test]
fn what_is_read_apart_is_what_is_read_here() {
    for file in ["plan.geojson", "plan.gpkg", "plan.zip", "plan.kmz"] {
        let source = Source::file(format!("tests/data/formats/{file}").as_ref()).unwrap();
        let [here, apart] = [Reading::Here, reading()].map(|reading| reading.import(Takes::Zones, &source, &options()).unwrap());
        assert_eq!(here.report, apart.report, "{file}");
        assert_eq!(here.set.unwrap().set, apart.set.unwrap().set, "{file}");
        assert_eq!(here.drawn, apart.drawn);
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_ends_early_or_is_another_program_is_a_sentence_in_the_report() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let source = Source::memory("a.csv", "x");
    let hello = "echo 'bangtin reads apart, version 1'";
    let run = |name: &str, script: &str| {
        let program = folder.path().join(name);
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Reading::Apart(program, Places::new(1)).import(Takes::Places, &source, &options())
    };
    for (name, script, check) in [
        ("killed", format!("{hello}; kill -9 $$"), "reading-stopped"),
        ("aborted", format!("{hello}; kill -6 $$"), "reading-stopped"),
        ("panicked", format!("{hello}; exit 101"), "unreadable"),
        ("babbling", format!("{hello}; echo '{{'"), "reading-stopped"),
    ] {
        let imported = run(name, &script).unwrap();
        assert!(imported.set.is_none());
        assert_eq!(imported.report.findings[0].check, check, "{name}");
    }
    // What a child unpacked goes with it, however it ends: its folder is its own.
    let traces = folder.path().join("traces");
    run("unpacking", &format!("{hello}; touch $TMPDIR/unpacked; echo $TMPDIR > {}; kill -9 $$", traces.display())).unwrap();
    let own = std::fs::read_to_string(&traces).unwrap();
    assert!(own.contains("bangtin-") && !std::path::Path::new(own.trim()).exists(), "{own}");
    // Another program in its place: nothing is wrong with the file.
    assert!(run("other", "echo hello").is_err() && run("silent", "exit 0").is_err());
    assert!(
        Reading::Apart(folder.path().join("gone"), Places::new(1)).import(Takes::Places, &source, &options()).is_err(),
        "nothing is wrong with the file"
    );
}
