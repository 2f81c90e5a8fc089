//! QR codes: upper case in alphanumeric mode, error correction M, a quiet zone of four modules.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder};
use qrcode::{Color, EcLevel, QrCode};

use crate::domain::{Code, mark};

/// Modules left white on every side (ISO/IEC 18004 §6.3.8).
pub const QUIET: usize = 4;
/// Smallest and largest PNG, pixels a side.
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

/// The address a printed code leads to, in upper case where that means the same: scheme and host
/// always, the path only where there is none but our own. A print for a board carries the board's mark.
pub fn address(public_url: &str, code: Code, board: Option<u32>) -> String {
    let mark = board.map_or_else(String::new, |number| format!(".{}", mark::of(code, number)));
    let host_only = public_url.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
    if host_only { format!("{}/Q/{code}{mark}", public_url.to_uppercase()) } else { format!("{public_url}/q/{code}{mark}") }
}

/// A matrix of modules.
pub struct Matrix {
    width: usize,
    modules: Vec<Color>,
}

/// How much of a symbol may be spoilt (ISO/IEC 18004 §6.5.1).
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

    /// The symbol of a text.
    pub fn with_level(text: &str, level: Level) -> Result<Self, QrError> {
        let level = match level {
            Level::M => EcLevel::M,
            Level::Q => EcLevel::Q,
        };
        let code = QrCode::with_error_correction_level(text, level).map_err(QrError::TooLong)?;
        Ok(Self { width: code.width(), modules: code.into_colors() })
    }

    /// Modules a side, quiet zone included.
    pub fn side(&self) -> usize {
        self.width + 2 * QUIET
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.modules.get(y * self.width + x) == Some(&Color::Dark)
    }

    /// The dark modules as an SVG path, runs joined.
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

    /// The symbol as a PNG of at most `size` pixels a side: the largest whole number of pixels a
    /// module, the rest white.
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

    /// The symbol for a terminal, two modules a character; light on dark reads everywhere.
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

    #[test]
    fn the_printed_address_is_alphanumeric_and_small() {
        let code = Code::from_random([1, 2, 3, 4, 5, 6, 7, 8]);
        let address = address("https://bangtin.example.vn", code, None);
        assert_eq!(address, format!("HTTPS://BANGTIN.EXAMPLE.VN/Q/{code}"));
        let upper = Matrix::new(&address).expect("fits");
        let lower = Matrix::new(&address.to_lowercase()).expect("fits");
        assert!(upper.width < lower.width, "{} against {}", upper.width, lower.width);
    }

    #[test]
    fn an_address_with_a_path_keeps_its_case() {
        let code = Code::from_random([0; 8]);
        assert!(address("https://example.vn/bang-tin", code, None).starts_with("https://example.vn/bang-tin/q/"));
    }

    #[test]
    fn four_modules_are_white_on_every_side() {
        let matrix = Matrix::new("HTTPS://EXAMPLE.VN/Q/000000000").expect("fits");
        let png = matrix.png(512).expect("encodes");
        let picture = image::load_from_memory(&png).expect("decodes").to_luma8();
        let scale = 512 / matrix.side() as u32;
        let margin = (512 - scale * matrix.side() as u32) / 2 + 4 * scale;
        let dark: Vec<_> = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] == 0).collect();
        assert_eq!(dark.iter().map(|(x, _, _)| *x).min(), Some(margin));
        assert_eq!(dark.iter().map(|(_, y, _)| *y).min(), Some(margin));
    }
}
