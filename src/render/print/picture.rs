//! Drawings as PNG pictures.

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder};
use resvg::{tiny_skia, usvg};

use super::pdf::{PrintError, tree};

/// Largest picture, in pixels altogether.
const LARGEST: u64 = 64 << 20;

/// A drawing as a PNG, `width` pixels across.
pub fn png(svg: &str, width: u32) -> Result<Vec<u8>, PrintError> {
    let drawing = tree(svg)?;
    let scale = f64::from(width) / f64::from(drawing.size().width());
    let height = (f64::from(drawing.size().height()) * scale).round() as u32;
    if u64::from(width) * u64::from(height) > LARGEST {
        return Err(PrintError::Picture(format!("{width} × {height} pixels are too many")));
    }
    let mut pixels = tiny_skia::Pixmap::new(width, height).ok_or_else(|| PrintError::Picture("it has no size".into()))?;
    pixels.fill(tiny_skia::Color::WHITE);
    let transform = usvg::Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&drawing, transform, &mut pixels.as_mut());
    // The picture is white where nothing is drawn, so it needs no transparency: three bytes per pixel.
    let colours: Vec<u8> = pixels.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    let mut png = Cursor::new(Vec::new());
    image::codecs::png::PngEncoder::new(&mut png)
        .write_image(&colours, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| PrintError::Picture(error.to_string()))?;
    Ok(png.into_inner())
}
