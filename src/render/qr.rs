//! QR codes. The scheme of an address is in lower case and the rest in capitals (alphanumeric mode). A
//! quiet zone of four modules surrounds the symbol.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder};
use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, QrResult, Version};

use crate::domain::{Code, mark};

/// Modules left white on every side (ISO/IEC 18004 §6.3.8).
pub const QUIET: usize = 4;
/// Smallest and largest PNG, in pixels per side.
pub const SIZES: std::ops::RangeInclusive<u32> = 64..=2048;

/// Why a QR code cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// The address does not fit.
    #[error("the address is too long for a QR code: {0}")]
    TooLong(qrcode::types::QrError),
    /// The picture cannot be encoded.
    #[error("the picture cannot be encoded: {0}")]
    Picture(image::ImageError),
}

/// Modules per side of a version 3 symbol with its quiet zone: prints are laid out for this size. An
/// address with a board's mark fits it if the host has at most 17 characters.
const USUAL: usize = 29 + 2 * QUIET;

/// The characters of alphanumeric mode (ISO/IEC 18004 table 5); each takes five and a half bits.
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The address that a printed code leads to. The scheme is in lower case: some scanners take `HTTPS://` for
/// plain text and open nothing. The host is always in capitals, which mean the same and make the symbol
/// smaller. The path is in capitals only if it is entirely our own. A print for a board carries the board's
/// mark.
pub fn address(public_url: &str, code: Code, board: Option<u32>) -> String {
    let mark = board.map_or_else(String::new, |number| format!(".{}", mark::of(code, number)));
    match in_capitals(public_url) {
        Some(site) => format!("{site}/Q/{code}{mark}"),
        None => format!("{public_url}/q/{code}{mark}"),
    }
}

/// The address that the code of a lot leads to; `key` is its number as addresses have it.
pub fn address_of_lot(public_url: &str, code: Code, key: &str) -> String {
    match in_capitals(public_url) {
        Some(site) => format!("{site}/Q/{code}/LOTS/{key}"),
        None => format!("{public_url}/q/{code}/lots/{key}"),
    }
}

/// The address of the site itself, as a code carries it.
pub fn site(public_url: &str) -> String {
    in_capitals(public_url).unwrap_or_else(|| public_url.to_owned())
}

/// An address that is only a scheme and a host, with the host in capitals. `None` for an address with a
/// path, because paths are case-sensitive.
fn in_capitals(public_url: &str) -> Option<String> {
    let (scheme, host) = public_url.split_once("://")?;
    let host_only = !host.contains(['/', '?', '#', '@']);
    host_only.then(|| format!("{}://{}", scheme.to_ascii_lowercase(), host.to_ascii_uppercase()))
}

/// The symbol of a text. The scheme of an address is written in byte mode and the rest in alphanumeric
/// mode. The crate alone would write everything in bytes if the host begins with digits or only a few
/// letters.
fn symbol(text: &str, level: EcLevel) -> QrResult<QrCode> {
    let (scheme, rest) = text.as_bytes().split_at(text.find("://").map_or(0, |at| at + 3));
    let is_alphanumeric = |part: &[u8]| part.iter().all(|byte| ALPHANUMERIC.contains(byte));
    if is_alphanumeric(scheme) || !is_alphanumeric(rest) {
        return QrCode::with_error_correction_level(text, level);
    }
    let mut last = qrcode::types::QrError::DataTooLong;
    for version in 1..=40 {
        let mut bits = Bits::new(Version::Normal(version));
        let scheme = bits.push_byte_data(scheme);
        let all = scheme.and_then(|()| bits.push_alphanumeric_data(rest)).and_then(|()| bits.push_terminator(level));
        match all {
            Ok(()) => return QrCode::with_bits(bits, level),
            // Too long for this version; the next one is larger.
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A matrix of modules.
pub struct Matrix {
    width: usize,
    modules: Vec<Color>,
}

/// The share of a symbol that may be damaged and still be read (ISO/IEC 18004 §6.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 15 %: for screens.
    M,
    /// 25 %: for prints that hang outdoors.
    Q,
}

impl Matrix {
    /// The symbol of a text, for a screen.
    pub fn new(text: &str) -> Result<Self, QrError> {
        Self::with_level(text, Level::M)
    }

    /// The symbol of a text at an error correction level.
    pub fn with_level(text: &str, level: Level) -> Result<Self, QrError> {
        let level = match level {
            Level::M => EcLevel::M,
            Level::Q => EcLevel::Q,
        };
        let code = symbol(text, level).map_err(QrError::TooLong)?;
        Ok(Self { width: code.width(), modules: code.into_colors() })
    }

    /// Modules per side, quiet zone included.
    pub fn side(&self) -> usize {
        self.width + 2 * QUIET
    }

    /// Side of the symbol on a print whose layout gives a version 3 symbol the side `usual`. A larger
    /// symbol keeps the size of its modules, because a camera has to tell modules apart; its side grows up
    /// to `most`.
    pub fn side_on_paper(&self, usual: f64, most: f64) -> f64 {
        (usual * self.side() as f64 / USUAL as f64).min(most).max(usual)
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.modules.get(y * self.width + x) == Some(&Color::Dark)
    }

    /// The dark modules as an SVG path; neighbours in a row are joined.
    fn path(&self) -> String {
        let mut path = String::with_capacity(self.width * self.width * 5);
        for y in 0..self.width {
            let mut x = 0;
            while x < self.width {
                let start = x;
                while x < self.width && self.is_dark(x, y) {
                    x += 1;
                }
                if x > start {
                    let run = x - start;
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", start + QUIET, y + QUIET);
                } else {
                    x += 1;
                }
            }
        }
        path
    }

    /// The symbol as SVG; `title` is read out by screen readers.
    pub fn svg(&self, title: &str) -> String {
        let side = self.side();
        let path = self.path();
        let title = maud::html! { (title) }.into_string();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"{0}\" height=\"{0}\" role=\"img\" shape-rendering=\"crispEdges\"><title>{title}</title><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>",
            side * 6
        )
    }

    /// The symbol as a PNG. `size` is the side in pixels, clamped to [`SIZES`] and never below one pixel
    /// per module. A module takes a whole number of pixels; what is left over is a white margin.
    pub fn png(&self, size: u32) -> Result<Vec<u8>, QrError> {
        let side = self.side();
        let size = (size.clamp(*SIZES.start(), *SIZES.end()) as usize).max(side);
        let scale = size / side;
        let margin = (size - scale * side) / 2;
        let mut pixels = vec![255_u8; size * size];
        for y in 0..self.width {
            for x in 0..self.width {
                if self.is_dark(x, y) {
                    for row in 0..scale {
                        let start = (margin + (y + QUIET) * scale + row) * size + margin + (x + QUIET) * scale;
                        pixels[start..start + scale].fill(0);
                    }
                }
            }
        }
        let mut png = Cursor::new(Vec::new());
        image::codecs::png::PngEncoder::new(&mut png)
            .write_image(&pixels, size as u32, size as u32, ExtendedColorType::L8)
            .map_err(QrError::Picture)?;
        Ok(png.into_inner())
    }

    /// The symbol for a terminal, two modules per character. Light on dark can be read on every terminal.
    pub fn terminal(&self) -> String {
        let side = self.side();
        let light = |x: usize, y: usize| {
            let inside = |v: usize| (QUIET..QUIET + self.width).contains(&v);
            y < side && !(inside(x) && inside(y) && self.is_dark(x - QUIET, y - QUIET))
        };
        let mut text = String::new();
        for y in (0..side).step_by(2) {
            for x in 0..side {
                text.push(match (light(x, y), light(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Code {
        Code::from_random([1, 2, 3, 4, 5, 6, 7, 8])
    }

    /// An address whose host has that many characters.
    fn of_host(length: usize) -> String {
        let name = "bangtin-quy-hoach-thanh-pho-yen-bai-va-cac-xa";
        format!("https://{}.vn", &name[..length - 3])
    }

    #[test]
    fn the_scheme_is_in_small_letters_and_the_rest_in_capitals() {
        let code = sample();
        let mark = mark::of(code, 7);
        for (url, board, expected) in [
            ("https://bangtin.example.vn", None, format!("https://BANGTIN.EXAMPLE.VN/Q/{code}")),
            ("https://bangtin.example.vn", Some(7), format!("https://BANGTIN.EXAMPLE.VN/Q/{code}.{mark}")),
            ("http://127.0.0.1:8080", None, format!("http://127.0.0.1:8080/Q/{code}")),
            ("http://localhost:8080", Some(7), format!("http://LOCALHOST:8080/Q/{code}.{mark}")),
            ("HTTPS://Bangtin.Example.VN", None, format!("https://BANGTIN.EXAMPLE.VN/Q/{code}")),
        ] {
            assert_eq!(address(url, code, board), expected);
        }
        assert_eq!(site("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(site("https://bangtin.example.vn"), "https://BANGTIN.EXAMPLE.VN");
        assert_eq!(site("https://example.vn/bang-tin"), "https://example.vn/bang-tin");
    }

    #[test]
    fn capitals_make_the_symbol_smaller_and_digits_in_the_host_do_not_make_it_larger() {
        for url in ["https://bangtin.yenbai.vn", "http://127.0.0.1:8080", "https://bangtin1.ubnd2.vn"] {
            let address = address(url, sample(), Some(7));
            let mixed = Matrix::with_level(&address, Level::Q).expect("fits");
            let bytes = Matrix::with_level(&address.to_lowercase(), Level::Q).expect("fits");
            assert!(mixed.width < bytes.width, "{url}: {} against {}", mixed.width, bytes.width);
        }
    }

    /// Version 3 has 272 bits at level Q and 352 at M. `https://` takes 76 bits, the switch to alphanumeric
    /// mode 13, and each pair of capitals 11.
    #[test]
    fn hosts_to_17_characters_stay_version_3_on_paper_and_longer_ones_are_version_4() {
        for (level, board, longest) in [(Level::Q, Some(7), 17), (Level::Q, None, 21), (Level::M, None, 35)] {
            for (length, width) in [(longest - 4, 29), (longest, 29), (longest + 1, 33), (longest + 5, 33)] {
                let matrix = Matrix::with_level(&address(&of_host(length), sample(), board), level).expect("fits");
                assert_eq!(matrix.width, width, "{level:?}, board {board:?}, a host of {length}");
            }
        }
    }

    #[test]
    fn a_larger_symbol_keeps_the_size_of_its_modules_as_long_as_there_is_room() {
        let module = |matrix: &Matrix| matrix.side_on_paper(58.0, 77.0) / matrix.side() as f64;
        let usual = Matrix::with_level(&address(&of_host(15), sample(), Some(7)), Level::Q).expect("fits");
        assert!((usual.side_on_paper(58.0, 77.0) - 58.0).abs() < 1e-9);
        for length in [18, 25, 37, 45] {
            let longer = Matrix::with_level(&address(&of_host(length), sample(), Some(7)), Level::Q).expect("fits");
            assert!(longer.width > usual.width, "{length}");
            assert!((module(&longer) - module(&usual)).abs() < 1e-9, "{length}: {} mm", module(&longer));
        }
        let endless = Matrix::with_level(&format!("https://example.vn/{}", "a".repeat(300)), Level::Q).expect("fits");
        assert!((endless.side_on_paper(58.0, 77.0) - 77.0).abs() < 1e-9);
        // A small symbol is not drawn smaller than the usual side.
        let short = Matrix::new("https://A.VN/Q/0").expect("fits");
        assert!((short.side_on_paper(58.0, 77.0) - 58.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_too_long_for_any_symbol_is_an_error() {
        for text in [format!("https://{}", "A".repeat(5_000)), format!("https://{}", "a".repeat(5_000)), "A".repeat(9_000)] {
            assert!(matches!(Matrix::new(&text), Err(QrError::TooLong(_))));
        }
        // This text is longer than the length fields of the first versions can express.
        assert!(Matrix::new(&format!("https://{}", "A".repeat(600))).is_ok());
    }

    #[test]
    fn an_address_with_a_path_keeps_its_case() {
        let code = Code::from_random([0; 8]);
        assert!(address("https://example.vn/bang-tin", code, None).starts_with("https://example.vn/bang-tin/q/"));
        assert!(Matrix::new(&address("https://example.vn/bang-tin", code, Some(7))).is_ok());
    }

    #[test]
    fn four_modules_are_white_on_every_side() {
        let matrix = Matrix::new("https://EXAMPLE.VN/Q/000000000").expect("fits");
        let png = matrix.png(512).expect("encodes");
        let picture = image::load_from_memory(&png).expect("decodes").to_luma8();
        let scale = 512 / matrix.side() as u32;
        let margin = (512 - scale * matrix.side() as u32) / 2 + 4 * scale;
        let dark: Vec<_> = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] == 0).collect();
        assert_eq!(dark.iter().map(|(x, _, _)| *x).min(), Some(margin));
        assert_eq!(dark.iter().map(|(_, y, _)| *y).min(), Some(margin));
    }
}
