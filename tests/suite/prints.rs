//! What is printed: read back by qpdf, poppler and two QR decoders, as a wall, a rain and a cheap phone
//! leave it. Both databases where something is stored, one where only drawing is tried.

use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use bangtin::words::fold::fold;
use image::{DynamicImage, GrayImage, Luma};
use serde_json::{Value, json};

use crate::on_both_databases;
use crate::process::bangtin;
use crate::qr::{rotated, rqrr, zbar};
use crate::support::{Answer, Database, Kind, NOON, Node, TestClock, run};

on_both_databases!(printing_writes_nothing_and_recording_it_is_a_command);

const PLAN: &str = "QHSDD21AG";
const DPI: f64 = 150.0;

/// A PDF in a folder of its own.
struct Print {
    folder: tempfile::TempDir,
}

/// The text of a PDF, in the order of reading.
pub fn words(pdf: &[u8]) -> String {
    Print::new(pdf).text()
}

impl Print {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("print.pdf"), bytes).unwrap();
        Self { folder }
    }

    async fn of(node: &Node, path: &str) -> Self {
        let answer: Answer = node.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("content-type"), "application/pdf", "{path}");
        Self::new(&answer.body)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("print.pdf")
    }

    fn file(&self) -> String {
        self.path().display().to_string()
    }

    /// Its text in the order of reading, blanks and line ends as one blank.
    fn text(&self) -> String {
        let text = run("pdftotext", &["-enc", "UTF-8", &self.file(), "-"]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn info(&self) -> String {
        run("pdfinfo", &[&self.file()])
    }

    /// A page as a printer would put it on paper.
    fn picture(&self, page: u32) -> GrayImage {
        let out = self.folder.path().join("page");
        let page = page.to_string();
        run(
            "pdftoppm",
            &["-r", &DPI.to_string(), "-gray", "-png", "-f", &page, "-l", &page, "-singlefile", &self.file(), out.to_str().unwrap()],
        );
        image::open(out.with_extension("png")).unwrap().to_luma8()
    }

    /// What holds of every print: sound, PDF/A-2u, every font in it, no picture in it.
    fn is_sound(&self, what: &str) {
        run("qpdf", &["--check", &self.file()]);
        let meta = run("pdfinfo", &["-meta", &self.file()]);
        assert!(meta.contains("<pdfaid:part>2<") && meta.contains("<pdfaid:conformance>U<"), "{what}: {meta}");
        let fonts = run("pdffonts", &[&self.file()]);
        let rows: Vec<&str> = fonts.lines().skip(2).collect();
        assert!(!rows.is_empty(), "{what}: there is text");
        for row in rows {
            // name, type, encoding, emb, sub, uni, object ID
            let columns: Vec<&str> = row.split_whitespace().rev().collect();
            assert_eq!(columns[2..5], ["yes", "yes", "yes"], "{what}: {row}");
        }
        assert_eq!(run("pdfimages", &["-list", &self.file()]).lines().count(), 2, "{what}: vectors throughout");
    }
}

async fn demo() -> (Database, Node) {
    let database = Database::new(Kind::Sqlite).await;
    let node = Node::demo(&database, &TestClock::at(NOON)).await;
    (database, node)
}

fn address(rest: &str) -> String {
    format!("https://BANGTIN.EXAMPLE/Q/{rest}")
}

/// Side in millimetres and level of error correction of the code on a page.
fn code_on(picture: &GrayImage) -> (f64, u16) {
    let (width, height) = picture.dimensions();
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, |x, y| picture.get_pixel(x as u32, y as u32).0[0]);
    let grids = prepared.detect_grids();
    let [a, b, ..] = grids[0].bounds;
    let (meta, _) = grids[0].decode().unwrap();
    (f64::from(b.x - a.x) / DPI * 25.4, meta.ecc_level)
}

/// Seen from below and from the side: higher rows are narrower.
fn skewed(picture: &GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    GrayImage::from_fn(width, height, |x, y| {
        let narrow = 0.8 + 0.2 * y as f32 / height as f32;
        let u = (x as f32 - width as f32 / 2.0) / narrow + width as f32 / 2.0 + (y as f32 - height as f32 / 2.0) * 0.1;
        if u < 0.0 || u >= width as f32 { Luma([255]) } else { *picture.get_pixel(u as u32, y) }
    })
}

/// Bleached by the sun: three tenths of the contrast are left.
fn bleached(picture: &GrayImage) -> GrayImage {
    let mut faded = picture.clone();
    faded.pixels_mut().for_each(|pixel| pixel.0[0] = 150 + (f32::from(pixel.0[0]) * 0.3) as u8);
    faded
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn every_print_is_sound_and_gives_its_vietnamese_back() {
    let (_database, node) = demo().await;
    let title = "Điều chỉnh quy hoạch sử dụng đất đến năm 2030 thành phố Yên Bái (minh họa)";
    let paths = [
        (format!("/q/{PLAN}/poster.pdf"), title, "595.276 x 841.89"),
        (format!("/q/{PLAN}/poster.pdf?size=A3"), title, "841.89 x 1190.55"),
        (format!("/q/{PLAN}/poster.pdf?unit=04252-2025"), "Phường Yên Bái", "595.276 x 841.89"),
        (format!("/q/{PLAN}/poster.pdf?board=3"), "Bảng tin UBND phường Văn Phú", "595.276 x 841.89"),
        (format!("/q/{PLAN}/poster.pdf?lang=en"), "In force", "595.276 x 841.89"),
        (format!("/q/{PLAN}/poster.pdf?size=A1"), title, "1683.78 x 2383.94"),
        (format!("/q/{PLAN}/poster.pdf?size=A0"), title, "2383.94 x 3370.39"),
        ("/q/QHCT2401G/poster.pdf".into(), "chỉ giới đường đỏ", "595.276 x 841.89"),
        ("/q/QHPK2301B/poster.pdf?size=A1".into(), "hành lang bảo vệ", "1683.78 x 2383.94"),
        (format!("/q/{PLAN}/stickers.pdf?board=1"), "QHSDD21AG.B1F", "595.276 x 841.89"),
        ("/q/DDDT2022J/poster.pdf".into(), "Đợt cấp định danh điện tử", "595.276 x 841.89"),
        ("/q/XCT00001C/poster.pdf".into(), "0216 0000 111", "595.276 x 841.89"),
        ("/q/NKTM20267/poster.pdf".into(), "Ngày không dùng tiền mặt", "595.276 x 841.89"),
        ("/q/YKND26016/poster.pdf".into(), "Lấy ý kiến điều chỉnh quy hoạch", "595.276 x 841.89"),
        ("/booklet.pdf".into(), "Bảng tin UBND phường Âu Lâu", "595.276 x 841.89"),
    ];
    for (path, expected, size) in &paths {
        let print = Print::of(&node, path).await;
        print.is_sound(path);
        let text = print.text();
        let (found, wanted) = (text.to_lowercase(), expected.to_lowercase());
        assert!(found.contains(&wanted), "{path}: no “{expected}” in: {text}");
        assert!(unicode_normalization::is_nfc(&text), "{path}");
        let [a, b] = [size.split(" x ").next().unwrap(), size.split(" x ").last().unwrap()];
        let info = print.info();
        assert!(info.contains(&format!("{a} x {b}")) || info.contains(&format!("{b} x {a}")), "{path}: {info}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn a_poster_says_what_it_is_for_people_without_a_phone() {
    let (_database, node) = demo().await;
    let text = Print::of(&node, &format!("/q/{PLAN}/poster.pdf?board=1")).await.text();
    for expected in [
        "đang có hiệu lực",
        "từ ngày 1/4/2024",
        "0003/QĐ-DEMO",
        "ngày 20/3/2024",
        "Lần công bố 2",
        "24/11/2026",
        "QHSDD21AG.B1F",
        "bangtin.example",
        "Bảng tin UBND phường Yên Bái",
        "0216 0000 000",
        "Lần điều chỉnh này đổi mục đích sử dụng",
    ] {
        assert!(text.to_lowercase().contains(&expected.to_lowercase()), "no “{expected}” in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn the_code_on_a_poster_is_large_and_read_skewed_blurred_and_bleached() {
    let (_database, node) = demo().await;
    for (path, target) in [
        (format!("/q/{PLAN}/poster.pdf"), address(PLAN)),
        (format!("/q/{PLAN}/poster.pdf?board=7"), address("QHSDD21AG.B73")),
        ("/q/XCT00001C/poster.pdf".to_owned(), address("XCT00001C")),
        ("/booklet.pdf?unit=04279-2025".to_owned(), address("QHSDD21AG.B3B")),
    ] {
        let page = if path.starts_with("/booklet") { 2 } else { 1 };
        let picture = Print::of(&node, &path).await.picture(page);
        let (side, level) = code_on(&picture);
        assert!(side >= 40.0, "{path}: {side} mm");
        // rqrr's numbers of the format's bits: 2 is H, 3 is Q.
        assert!(matches!(level, 2 | 3), "{path}: level {level}");
        let rain = DynamicImage::ImageLuma8(picture.clone()).blur(2.5).to_luma8();
        for (how, seen) in [
            ("clean", picture.clone()),
            ("blurred", rain),
            ("skewed", skewed(&picture)),
            ("bleached", bleached(&picture)),
            ("turned", rotated(&picture, 9.0)),
        ] {
            assert_eq!(zbar(&seen), target, "zbar, {how}: {path}");
        }
        for (how, seen) in [("clean", picture.clone()), ("bleached", bleached(&picture)), ("skewed", skewed(&picture))] {
            assert_eq!(rqrr(&seen).as_deref(), Some(target.as_str()), "rqrr, {how}: {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn every_sticker_on_the_sheet_is_read() {
    let (_database, node) = demo().await;
    let picture = Print::of(&node, &format!("/q/{PLAN}/stickers.pdf")).await.picture(1);
    // Cut apart as the sheet of labels is: two columns of 99.1 mm and 2.5 mm between, four rows of 67.7 mm.
    let dots = |millimetres: f64| (millimetres / 25.4 * DPI) as u32;
    for i in 0..8_u32 {
        let (x, y) = (4.65 + f64::from(i % 2) * 101.6, 13.1 + f64::from(i / 2) * 67.7);
        let sticker = image::imageops::crop_imm(&picture, dots(x), dots(y), dots(99.1), dots(67.7)).to_image();
        assert_eq!(zbar(&sticker), address(PLAN), "sticker {i}");
        let (side, level) = code_on(&sticker);
        assert!(side >= 40.0 && matches!(level, 2 | 3), "sticker {i}: {side} mm, level {level}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn names_that_break_out_and_titles_without_end_are_printed_as_they_are_read() {
    let database = Database::new(Kind::Sqlite).await;
    let node = Node::start(&database, &TestClock::at(NOON)).await;
    let long = format!("Quy hoạch {} hết", "rất dài ".repeat(33).trim());
    let unbroken = format!("Quy-hoạch-{}", "không-có-dấu-cách-".repeat(15));
    let hostile = "</text><script>alert(1)</script> & \"'<![CDATA[ %PDF-1.7 endstream (\\) \u{202e}ngược\u{200b}ẩn 💣 កខ";
    // Marks that belong into no letter, a hundred of them over one, and what is no character.
    let stacked = format!("Quy hoạch x\u{301} q\u{303} ẹ\u{303}\u{303} a{} \u{ffff}\u{fdd0}", "\u{301}".repeat(100));
    for (i, title) in [long.as_str(), &unbroken, hostile, &stacked].into_iter().enumerate() {
        let facts = json!({ "kind": "health-station", "title": title, "position": { "lon": 104.87, "lat": 21.7 },
            "address": title, "operator": "=1+1", "phones": [{ "label": title, "number": "0216 0000 000" }] });
        let outcome = node.apply(&json!({ "id": format!("c{i}"), "type": "map-point.publish", "facts": facts }).to_string()).await;
        let code = outcome.code.unwrap();
        for path in [format!("/q/{code}/poster.pdf"), format!("/q/{code}/stickers.pdf"), format!("/q/{code}/poster.pdf?size=A3")] {
            let print = Print::of(&node, &path).await;
            print.is_sound(&path);
            // What no font has is a question mark; nothing is lost but what is too long for the sheet.
            let words = match i {
                2 => "<script>alert(1)</script> &",
                // Stray marks stand as characters of their own.
                3 => "Quy hoạch x",
                _ => title.get(..10).unwrap(),
            };
            let whole = |text: &str| fold(text).replace(' ', "");
            assert!(whole(&print.text()).contains(&whole(words)), "{path}: {}", print.text());
            assert_eq!(zbar(&print.picture(1)).lines().next(), Some(address(&code.to_string()).as_str()), "{path}");
        }
        let preview = node.get(&format!("/q/{code}/preview.png")).await;
        let picture = image::load_from_memory(&preview.body).unwrap();
        assert_eq!((picture.width(), picture.height()), (1200, 630));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
async fn what_cannot_be_printed_is_said() {
    let (_database, node) = demo().await;
    for (path, status, said) in [
        (format!("/q/{PLAN}/poster.pdf?size=A9"), StatusCode::BAD_REQUEST, "A4, A3, A1, A0"),
        (format!("/q/{PLAN}/poster.pdf?board=seven"), StatusCode::BAD_REQUEST, "board=seven"),
        (format!("/q/{PLAN}/poster.pdf?board=99"), StatusCode::NOT_FOUND, "bảng"),
        (format!("/q/{PLAN}/poster.pdf?unit=99999-2025"), StatusCode::NOT_FOUND, "đơn vị"),
        ("/q/QHSDD21AA/poster.pdf".into(), StatusCode::NOT_FOUND, "gõ sai"),
        ("/q/XCT00001C/poster.pdf?size=A0".into(), StatusCode::NOT_FOUND, "size=A4"),
        ("/booklet.pdf?unit=99999-2025".into(), StatusCode::NOT_FOUND, "đơn vị"),
    ] {
        let answer = node.get_with(&path, &[("accept", "text/html")]).await;
        let text = answer.text();
        assert_eq!(answer.status, status, "{path}: {text}");
        assert!(text.contains(said), "{path}: no “{said}” in: {text}");
    }
}

async fn printing_writes_nothing_and_recording_it_is_a_command(kind: Kind) {
    let database = Database::new(kind).await;
    let node = Node::demo(&database, &TestClock::at(NOON)).await;
    let head = || async { node.app.log().head().await.unwrap().position };
    let before = head().await;
    for path in [
        "/q/QHSDD21AG/poster.pdf?board=2",
        "/q/QHSDD21AG/stickers.pdf",
        "/booklet.pdf?unit=04252-2025",
        "/q/QHSDD21AG/preview.png",
        "/q/NKTM20267.ics",
        "/q/XCT00001C.vcf",
        "/boards",
    ] {
        assert_eq!(node.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(head().await, before, "a GET writes nothing");
    let posting = |node: &Node| {
        let image = node.model.image();
        let view = image.view(
            &"BANG0002W".parse().unwrap(),
            None,
            &bangtin::domain::publication::view::Moment::new(node.app.now(), image.city.zone()),
        );
        view.unwrap().board().unwrap().postings.len()
    };
    let hung = posting(&node);
    let file = database.path("poster.pdf");
    let arguments = ["print", "KHSDD26AK", "--board", "2", "--record", "--json", "-o", file.to_str().unwrap()];
    let output = bangtin(&database.path("data"), Some(&database.url)).args(arguments).output().unwrap();
    // The files of the plans are in the test's own folder, where the program does not look for them.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["recorded"], json!(true), "{report}");
    let print = Print::new(&std::fs::read(&file).unwrap());
    print.is_sound("print --record");
    assert!(print.text().contains("KHSDD26AK.B2"));
    let head = node.app.log().head().await.unwrap().position;
    assert!(head > before && node.model.wait_for(head, std::time::Duration::from_secs(5)).await);
    assert_eq!(posting(&node), hung + 1);
}

/// A longer host has a larger symbol (version 4); its modules are as large as those of a shorter one.
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn a_longer_address_makes_the_code_larger_not_its_modules_smaller() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    crate::process::Server::demo(&data, None).end("TERM");
    let mut modules = Vec::new();
    for (host, width) in [("bangtin.example", 29.0), ("bangtin-yb.example", 33.0), ("quy-hoach-thanh-pho-yen-bai.example", 33.0)] {
        let set = crate::process::run(&data, None, &["--public-url", &format!("https://{host}"), "city", "set"]);
        assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
        let file = folder.path().join("poster.pdf");
        let printed = crate::process::run(&data, None, &["print", PLAN, "--board", "7", "-o", file.to_str().unwrap()]);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let print = Print::new(&std::fs::read(&file).unwrap());
        print.is_sound(host);
        let picture = print.picture(1);
        assert_eq!(zbar(&picture), format!("https://{}/Q/QHSDD21AG.B73", host.to_uppercase()));
        modules.push(code_on(&picture).0 / width);
    }
    // Millimetres a module; a picture of 150 dots an inch tells a third of a millimetre of the whole code.
    assert!(modules.iter().all(|module| (module - modules[0]).abs() < 0.015), "{modules:?}");
}

/// The program on the command line: every form, and sentences where something is wrong.
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn the_command_line_prints_posters_stickers_sheets_and_booklets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = crate::process::Server::demo(&data, None);
    server.end("TERM");
    let print = |arguments: &[&str], file: &Path| {
        bangtin(&data, None).arg("print").args(arguments).args(["-o", file.to_str().unwrap()]).output().unwrap()
    };
    for (name, arguments) in [
        ("poster", &[PLAN][..]),
        ("part", &[PLAN, "--unit", "04252", "--size", "a3"]),
        ("stickers", &[PLAN, "--what", "stickers"]),
        ("sheet", &[PLAN, "--size", "A0"]),
        ("booklet", &["--what", "booklet", "--unit", "04252"]),
    ] {
        let file = folder.path().join(format!("{name}.pdf"));
        let output = print(arguments, &file);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        Print::new(&std::fs::read(&file).unwrap()).is_sound(name);
    }
    for (arguments, said) in [
        (&["QHSDD21AA"][..], "QHSDD21AA"),
        (&[PLAN, "--size", "A9"], "A9"),
        (&[PLAN, "--unit", "nowhere"], "nowhere"),
        (&[PLAN, "--board", "99"], "99"),
        (&[], "code"),
        (&["XCT00001C", "--size", "A0"], "map"),
    ] {
        let file = folder.path().join("wrong.pdf");
        let output = print(arguments, &file);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(said) && !text.contains("panicked"), "{arguments:?}: {text}");
        assert!(!file.exists(), "nothing is half written");
    }
}
