//! QR codes read by two independent decoders: rqrr and zbar, clean, blurred, rotated, at print size.

use axum::http::StatusCode;
use bangtin::domain::Code;
use bangtin::render::qr::{Level, Matrix, address};
use image::{DynamicImage, GrayImage, Luma};

use crate::support::{Kind, demo, run};

fn target(seed: u8) -> String {
    address("https://bangtin.yenbai.example.vn", Code::from_random([seed, 3, 5, 7, 11, 13, 17, 19]), None)
}

fn png(text: &str, size: u32) -> GrayImage {
    image::load_from_memory(&Matrix::new(text).unwrap().png(size).unwrap()).unwrap().to_luma8()
}

pub fn rqrr(picture: &GrayImage) -> Option<String> {
    let (width, height) = picture.dimensions();
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, |x, y| picture.get_pixel(x as u32, y as u32).0[0]);
    prepared.detect_grids().first()?.decode().ok().map(|(_, text)| text)
}

pub fn zbar(picture: &GrayImage) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code.png");
    picture.save(&path).unwrap();
    run("zbarimg", &["--quiet", "--raw", path.to_str().unwrap()]).trim().to_owned()
}

fn both_read(picture: &GrayImage, text: &str, how: &str) {
    assert_eq!(rqrr(picture).as_deref(), Some(text), "rqrr, {how}");
    assert_eq!(zbar(picture), text, "zbar, {how}");
}

/// Turned by a few degrees on a white ground, as a hand holds a phone.
pub fn rotated(picture: &GrayImage, degrees: f32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let side = width + width / 2;
    let (sin, cos) = degrees.to_radians().sin_cos();
    GrayImage::from_fn(side, side, |x, y| {
        let (dx, dy) = (x as f32 - side as f32 / 2.0, y as f32 - side as f32 / 2.0);
        let (u, v) = (dx * cos + dy * sin + width as f32 / 2.0, dy * cos - dx * sin + height as f32 / 2.0);
        if u < 0.0 || v < 0.0 || u >= width as f32 || v >= height as f32 { Luma([255]) } else { *picture.get_pixel(u as u32, v as u32) }
    })
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn both_decoders_read_the_png_at_every_size() {
    for (seed, size) in [(1, 128), (2, 256), (3, 512), (4, 2048)] {
        both_read(&png(&target(seed), size), &target(seed), &format!("{size} pixels"));
    }
}

/// Two modes in one symbol: small letters in bytes, capitals, digits and stops in five and a half bits.
#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn both_decoders_read_scheme_and_capitals_whatever_the_host_and_the_mark() {
    let code = Code::from_random([9, 3, 5, 7, 11, 13, 17, 19]);
    for url in [
        "https://bangtin.example",
        "https://a.vn",
        "https://bangtin.yenbai.example.vn",
        "https://quy-hoach-thanh-pho-yen-bai.example.vn",
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "https://example.vn/bang-tin",
    ] {
        for (board, level) in [(None, Level::M), (None, Level::Q), (Some(7), Level::Q), (Some(32_767), Level::Q)] {
            let text = address(url, code, board);
            assert!(text.starts_with("https://") || text.starts_with("http://"), "{text}");
            let png = Matrix::with_level(&text, level).unwrap().png(512).unwrap();
            both_read(&image::load_from_memory(&png).unwrap().to_luma8(), &text, &format!("{level:?}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_printed_in_capitals_throughout_leads_where_a_new_print_does() {
    let (_database, _clock, node) = demo(Kind::Sqlite).await;
    let code: Code = "QHSDD21AG".parse().unwrap();
    for board in [None, Some(3), Some(7)] {
        let new = address("https://bangtin.example", code, board);
        let page = node.get(new.strip_prefix("https://BANGTIN.EXAMPLE").unwrap()).await;
        assert_eq!(page.status, StatusCode::OK, "{new}");
        for old in [new.to_uppercase(), new.to_lowercase()] {
            let (_, path) = old.split_once("://").and_then(|(_, rest)| rest.split_at_checked(rest.find('/')?)).unwrap();
            let answer = node.get(path).await;
            assert!(answer.status == StatusCode::OK && answer.body == page.body, "{old}: {}", answer.status);
        }
    }
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn both_decoders_read_it_blurred_rotated_and_from_a_cheap_camera() {
    let text = target(5);
    let sharp = png(&text, 512);
    let blurred = DynamicImage::ImageLuma8(sharp.clone()).blur(4.0).to_luma8();
    both_read(&blurred, &text, "blurred");
    both_read(&rotated(&sharp, 17.0), &text, "rotated");
    // 3 cm printed, photographed at 125 dots an inch.
    let small = DynamicImage::ImageLuma8(sharp).resize(148, 148, image::imageops::FilterType::Triangle).to_luma8();
    both_read(&small, &text, "small");
}

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn both_decoders_read_the_svg_as_a_browser_draws_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = target(6);
    let svg = folder.path().join("code.svg");
    std::fs::write(&svg, Matrix::new(&text).unwrap().svg("Mã <QR>")).unwrap();
    let picture = crate::browser::screenshot(&format!("file://{}", svg.display()), 600, 400);
    both_read(&picture, &text, "SVG");
}
