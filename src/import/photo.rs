//! Photos that people take: only the picture is kept.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

/// Longest side of a photo that is kept, pixels: a torn corner of a print is still seen.
const SIDE: u32 = 1280;
/// Quality of a JPEG, of 100.
const QUALITY: u8 = 75;
/// Longest side of a photo that is read, pixels.
const MOST_SIDE: u32 = 20_000;
/// Memory that a picture may take, bytes: three for each of 50 million pixels. What reads it takes as much again.
const MEMORY: u64 = 150_000_000;

/// The picture of a JPEG or PNG, as JPEG: upright, at most 1,280 pixels a side, without anything else that the file
/// says, such as the place, the hour and the device (Exif). None for what cannot be read, or is too large.
pub fn bare(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut picture = upright(bytes)?;
    if picture.width().max(picture.height()) > SIDE {
        picture = picture.resize(SIDE, SIDE, FilterType::Triangle);
    }
    let mut jpeg = Vec::new();
    picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).ok()?;
    Some(jpeg)
}

/// The picture of a JPEG or PNG, upright. None for what cannot be read, or is too large.
pub(super) fn upright(bytes: &[u8]) -> Option<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    if decoder.total_bytes() > MEMORY {
        return None;
    }
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    Some(picture)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    /// A JPEG, 40 wide and 20 high, red at the left and blue at the right. Its Exif block says that the camera was turned
    /// (orientation 6), and where it stood.
    fn turned() -> Vec<u8> {
        let picture = RgbImage::from_fn(40, 20, |x, _| if x < 20 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) });
        let mut jpeg = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 95)).expect("a picture");
        let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0GPS 21.7229 104.9113";
        let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
        [&jpeg[..2], b"\xff\xe1", &length, exif, &jpeg[2..]].concat()
    }

    #[test]
    fn of_a_photo_only_the_picture_is_kept_and_it_stands_upright() {
        let bare = bare(&turned()).expect("read");
        assert!(!bare.windows(3).any(|part| part == b"GPS") && !bare.windows(4).any(|part| part == b"Exif"));
        let picture = image::load_from_memory(&bare).expect("a picture").to_rgb8();
        assert_eq!(picture.dimensions(), (20, 40));
        assert!(picture.get_pixel(10, 5)[0] > 200 && picture.get_pixel(10, 35)[2] > 200, "red is above");
    }

    #[test]
    fn a_large_photo_becomes_small_and_what_is_none_is_refused() {
        let large = RgbImage::from_pixel(2_600, 1_300, Rgb([90, 90, 90]));
        let mut png = Cursor::new(Vec::new());
        large.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
        let small = image::load_from_memory(&bare(png.get_ref()).expect("read")).expect("a picture");
        assert_eq!((small.width(), small.height()), (1_280, 640));
        for wrong in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff\xe0half", b"GIF89a\x01\0\x01\0\0\0\0;"] {
            assert!(bare(wrong).is_none());
        }
        // A header that says 60,000 x 60,000 pixels.
        let mut lie = turned();
        let frame = lie.windows(2).position(|part| part == b"\xff\xc0").expect("a frame");
        lie[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
        assert!(bare(&lie).is_none());
    }
}
