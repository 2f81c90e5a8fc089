//! Photos of payment codes, rendered: turned, skewed, blurred, in shade and glare, with noise, and pasted over.

use bangtin::domain::vietqr::{Account, Verdict, judge};
use bangtin::import::photo_codes::codes;
use bangtin::render::qr::{Level, Matrix};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma};

use crate::support::run;

/// A sequence of numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

/// What lies in front of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// The registered code.
    Own,
    /// The code of somebody else.
    Other,
    /// Somebody else's code glued over the registered one.
    PastedOver,
    /// Somebody else's code beside the registered one.
    Beside,
}

fn account(number: u32) -> Account {
    Account { bin: "970436".into(), number: format!("{:010}", 1_000_003 * u64::from(number) % 10_000_000_000), is_card: false }
}

/// A card with codes, as printed: 900 pixels wide.
fn card(scene: Scene, own: &Account, other: &Account, dice: &mut Dice) -> GrayImage {
    let code = |account: &Account, side: u32| {
        let matrix = Matrix::with_level(&account.code(), Level::M).unwrap();
        let picture = image::load_from_memory(&matrix.png(side).unwrap()).unwrap().to_luma8();
        image::imageops::resize(&picture, side, side, image::imageops::FilterType::Nearest)
    };
    let mut card = GrayImage::from_pixel(900, 900, Luma([dice.between(215.0, 255.0) as u8]));
    let put = |card: &mut GrayImage, picture: &GrayImage, x: f64, y: f64| {
        image::imageops::overlay(card, picture, x as i64, y as i64);
    };
    match scene {
        Scene::Own => put(&mut card, &code(own, 620), 140.0, 140.0),
        Scene::Other => put(&mut card, &code(other, 620), 140.0, 140.0),
        Scene::PastedOver => {
            put(&mut card, &code(own, 620), 140.0, 140.0);
            let side = dice.between(420.0, 680.0);
            let glued = code(other, side as u32);
            let (x, y) = (450.0 - side / 2.0 + dice.between(-60.0, 60.0), 450.0 - side / 2.0 + dice.between(-60.0, 60.0));
            put(&mut card, &glued, x, y);
        }
        Scene::Beside => {
            put(&mut card, &code(own, 400), 30.0, 250.0);
            put(&mut card, &code(other, 400), 470.0, 250.0 + dice.between(-40.0, 40.0));
        }
    }
    card
}

/// A photo of the card, as JPEG: seen from the side, out of focus, in the shade, with glare and noise.
fn photo(card: &GrayImage, least: f64, dice: &mut Dice) -> Vec<u8> {
    let (width, height) = (480_u32, 640_u32);
    let scale = dice.between(least, 3.0);
    let (turn, lean_x, lean_y) = (dice.between(-0.45, 0.45), dice.between(-0.35, 0.35), dice.between(-0.35, 0.35));
    let (sin, cos) = turn.sin_cos();
    // Half as large, so that small codes are not torn.
    let card = image::imageops::resize(card, 450, 450, image::imageops::FilterType::Triangle);
    let at = |x: f64, y: f64| -> u8 {
        let (u, v) = (x - f64::from(width) / 2.0, y - f64::from(height) / 2.0);
        // Farther on one side: the plane leans away.
        let depth = 1.0 + lean_x * u / f64::from(width) + lean_y * v / f64::from(height);
        let (u, v) = (u * scale / 2.0 / depth, v * scale / 2.0 / depth);
        let (cx, cy) = (u * cos + v * sin + 225.0, v * cos - u * sin + 225.0);
        if cx < 0.0 || cy < 0.0 || cx >= 449.0 || cy >= 449.0 {
            return 120;
        }
        let (x0, y0) = (cx as u32, cy as u32);
        let (fx, fy) = (cx - f64::from(x0), cy - f64::from(y0));
        let p = |x, y| f64::from(card.get_pixel(x, y)[0]);
        let top = p(x0, y0) * (1.0 - fx) + p(x0 + 1, y0) * fx;
        let bottom = p(x0, y0 + 1) * (1.0 - fx) + p(x0 + 1, y0 + 1) * fx;
        (top * (1.0 - fy) + bottom * fy) as u8
    };
    let sharp = GrayImage::from_fn(width, height, |x, y| Luma([at(f64::from(x), f64::from(y))]));
    let soft = image::imageops::blur(&sharp, dice.between(0.3, 1.9) as f32);
    let (shade_x, shade_y, dark) = (dice.between(-0.5, 0.5), dice.between(-0.5, 0.5), dice.between(0.35, 1.0));
    let (glare_x, glare_y) = (dice.between(0.0, f64::from(width)), dice.between(0.0, f64::from(height)));
    let (glare, reach, noise) =
        (if dice.next() < 0.5 { dice.between(60.0, 230.0) } else { 0.0 }, dice.between(30.0, 110.0), dice.between(0.0, 16.0));
    let mut seen = GrayImage::new(width, height);
    for (x, y, pixel) in seen.enumerate_pixels_mut() {
        let (u, v) = (f64::from(x) / f64::from(width) - 0.5, f64::from(y) / f64::from(height) - 0.5);
        let light = dark * (1.0 + shade_x * u + shade_y * v);
        let away = ((f64::from(x) - glare_x).powi(2) + (f64::from(y) - glare_y).powi(2)) / (reach * reach);
        let grain = (dice.next() + dice.next() - 1.0) * noise;
        let value = f64::from(soft.get_pixel(x, y)[0]) * light + glare * (-away).exp() + grain;
        *pixel = Luma([value.clamp(0.0, 255.0) as u8]);
    }
    let mut jpeg = Vec::new();
    seen.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, dice.between(35.0, 92.0) as u8)).unwrap();
    jpeg
}

/// What another program reads in the photo.
fn zbar(folder: &std::path::Path, number: u32, jpeg: &[u8]) -> String {
    let path = folder.join(format!("{number}.jpg"));
    std::fs::write(&path, jpeg).unwrap();
    let read = std::process::Command::new("zbarimg").args(["--quiet", "--raw"]).arg(&path).output().unwrap();
    let _ = std::fs::remove_file(&path);
    String::from_utf8_lossy(&read.stdout).into_owned()
}

/// What lay in front of the camera, what was said of it, whether another program reads a code in it, and whether another payee
/// passed for the registered one.
type Outcome = (Scene, Verdict, bool, bool);

#[test]
#[ignore = "needs programs that tools/test.sh installs: run tools/test.sh"]
fn of_a_thousand_photos_none_of_another_payee_passes_for_the_registered_one() {
    let folder = tempfile::tempdir().unwrap();
    run("zbarimg", &["--version"]);
    let one = |number: u32| {
        let mut dice = Dice(u64::from(number));
        let scene = match number % 10 {
            0..=4 => Scene::Own,
            5 | 6 => Scene::Other,
            7 | 8 => Scene::PastedOver,
            _ => Scene::Beside,
        };
        let (own, other) = (account(number), account(number + 100_000));
        // Both codes are in the picture where they hang side by side.
        let least = if scene == Scene::Beside { 2.3 } else { 1.5 };
        let jpeg = photo(&card(scene, &own, &other, &mut dice), least, &mut dice);
        let seen = codes(&jpeg).unwrap();
        let verdict = judge(&own, &seen.texts, seen.unread);
        let read = zbar(folder.path(), number, &jpeg);
        // Beside the registered code another one is part of the picture where it can be read at all.
        let passes = verdict == Verdict::Same
            && match scene {
                Scene::Own => false,
                Scene::Beside => read.contains(&other.number),
                _ => true,
            };
        (scene, verdict, read.contains("A000000727"), passes)
    };
    let found: Vec<Outcome> = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| scope.spawn(move || (0..1_000).filter(|number| number % 2 == half).map(one).collect::<Vec<_>>()));
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    let count = |wanted: &dyn Fn(&Outcome) -> bool| found.iter().filter(|one| wanted(one)).count();
    let is_other = |verdict: &Verdict| matches!(verdict, Verdict::Other(_));
    let wrong = count(&|(.., passes)| *passes);
    for scene in [Scene::Own, Scene::Other, Scene::PastedOver, Scene::Beside] {
        let of = |wanted: fn(&Verdict) -> bool| count(&|(own, verdict, ..)| *own == scene && wanted(verdict));
        let (several, unread) = (of(|verdict| *verdict == Verdict::Several), of(|verdict| *verdict == Verdict::Unread));
        println!(
            "{scene:?}: same {}, other {}, several {several}, unread {unread}",
            of(|verdict| *verdict == Verdict::Same),
            of(|verdict| matches!(verdict, Verdict::Other(_)))
        );
    }
    assert_eq!(wrong, 0, "another payee passed for the registered one");
    assert_eq!(count(&|(scene, verdict, ..)| *scene == Scene::Own && is_other(verdict)), 0, "the registered one was taken for another");
    for (scene, right) in [
        (Scene::Own, &(|verdict: &Verdict| *verdict == Verdict::Same) as &dyn Fn(&Verdict) -> bool),
        (Scene::Other, &is_other),
        (Scene::PastedOver, &is_other),
    ] {
        let readable = count(&|(own, verdict, zbar, _)| *own == scene && (*zbar || right(verdict)));
        let recognised = count(&|(own, verdict, ..)| *own == scene && right(verdict));
        println!("{scene:?}: {recognised} of {readable} readable photos recognised, of {}", count(&|(own, ..)| *own == scene));
        assert!(readable >= 100, "{scene:?}: the photos are too bad to tell anything");
        assert!(recognised * 10 >= readable * 9, "{scene:?}: {recognised} of {readable}");
    }
}
