//! Codes in a photo.

use image::imageops::{FilterType, blur, resize};
use image::{GrayImage, Luma};
use serde::{Deserialize, Serialize};

use super::photo;

/// Longest side at which a photo is looked at first, pixels. Larger ones show more noise than code.
const SIDE: u32 = 1_200;
/// Width of the window by whose mean light and shade are evened out, of the picture's longer side.
const WINDOW: u32 = 12;

/// The codes that were seen in a photo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What those say that could be read; each once.
    pub texts: Vec<String>,
    /// How many others were seen.
    pub unread: usize,
}

/// Looks for codes in the picture of a JPEG or PNG. None for what is no picture.
pub fn codes(bytes: &[u8]) -> Option<Seen> {
    let picture = photo::upright(bytes)?.to_luma8();
    let side = picture.width().max(picture.height());
    let scaled = |side_wanted: u32| {
        let to = |length: u32| (u64::from(length) * u64::from(side_wanted) / u64::from(side.max(1))).max(1) as u32;
        resize(&picture, to(picture.width()), to(picture.height()), FilterType::Triangle)
    };
    let first = if side > SIDE { scaled(SIDE) } else { picture.clone() };
    let mut seen = Sight::default();
    // The plain picture first; then what helps against shade and glare, noise, and blur.
    // Light on dark too: many readers know such codes.
    let tries: [&dyn Fn() -> GrayImage; 7] = [
        &|| first.clone(),
        &|| evened(&first),
        &|| inverted(&first),
        &|| blur(&first, 1.2),
        &|| scaled(side.min(SIDE) / 2),
        &|| sharpened(&first),
        &|| evened(&blur(&scaled(side.min(SIDE) * 2 / 3), 0.8)),
    ];
    for (number, picture) in tries.into_iter().enumerate() {
        seen.look(&picture());
        // Three looks at least: a code that one overlooks may be the one that people scan.
        if number > 1 && !seen.texts.is_empty() && seen.open() == 0 {
            break;
        }
    }
    // A code of which only the corners can be made out is a code all the same.
    let (read, across) = (seen.read.first().copied(), f64::from(first.width()));
    let corners = read.map_or(0, |[left, _, right, _]| {
        let like = finders(&evened(&blur(&first, 1.0)), (right - left) * across);
        like.into_iter().filter(|at| !seen.is_read(*at)).count()
    });
    let unread = seen.open().max(usize::from(corners >= 2));
    Some(Seen { texts: seen.texts, unread })
}

/// What several looks at a picture have found.
#[derive(Default)]
struct Sight {
    texts: Vec<String>,
    /// Where codes were read: left, top, right and bottom, as parts of the picture's sides.
    read: Vec<[f64; 4]>,
    /// The middles of codes that a look did not read.
    unread: Vec<[f64; 2]>,
}

impl Sight {
    fn look(&mut self, picture: &GrayImage) {
        let size = [f64::from(picture.width()), f64::from(picture.height())];
        let at = |x: usize, y: usize| picture.get_pixel(x as u32, y as u32)[0];
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(picture.width() as usize, picture.height() as usize, at);
        for grid in prepared.detect_grids() {
            let corners = grid.bounds.map(|corner| [f64::from(corner.x) / size[0], f64::from(corner.y) / size[1]]);
            let most = |axis: usize| corners.iter().map(|corner| corner[axis]).fold(f64::MIN, f64::max);
            let least = |axis: usize| corners.iter().map(|corner| corner[axis]).fold(f64::MAX, f64::min);
            match grid.decode() {
                Ok((_, text)) => {
                    self.read.push([least(0), least(1), most(0), most(1)]);
                    if !self.texts.contains(&text) {
                        self.texts.push(text);
                    }
                }
                Err(_) => self.unread.push([0, 1].map(|axis| f64::midpoint(least(axis), most(axis)))),
            }
        }
    }

    /// True for a place at which a code was read.
    fn is_read(&self, [x, y]: [f64; 2]) -> bool {
        self.read.iter().any(|[left, top, right, bottom]| (*left..=*right).contains(&x) && (*top..=*bottom).contains(&y))
    }

    /// How many codes were seen where none was read.
    fn open(&self) -> usize {
        self.unread.iter().filter(|at| !self.is_read(**at)).count()
    }
}

/// Light and dark in turn along a line: where each run begins, and how long it is. The first is light.
fn runs(line: impl Iterator<Item = bool>) -> Vec<(usize, usize)> {
    let (mut runs, mut dark) = (vec![(0, 0)], false);
    for (at, is_dark) in line.enumerate() {
        if is_dark != dark {
            runs.push((at, 0));
            dark = is_dark;
        }
        if let Some(run) = runs.last_mut() {
            run.1 += 1;
        }
    }
    runs
}

/// The middles of runs that are as long as those through the square in a code's corner: 1, 1, 3, 1 and 1 modules, dark first
/// (ISO/IEC 18004, 6.3.3). Beside each middle the length of all five.
fn corners(runs: &[(usize, usize)]) -> impl Iterator<Item = (f64, f64)> {
    let dark_first = runs.windows(5).enumerate().filter(|(at, _)| at % 2 == 1).map(|(_, five)| five);
    dark_first.filter_map(|five| {
        let all: usize = five.iter().map(|(_, length)| length).sum();
        let module = all as f64 / 7.0;
        let fits = five
            .iter()
            .zip([1.0, 1.0, 3.0, 1.0, 1.0])
            .all(|((_, length), modules)| (*length as f64 - modules * module).abs() <= modules * module * 0.5);
        (module >= 1.5 && fits).then(|| (five[2].0 as f64 + five[2].1 as f64 / 2.0, all as f64))
    })
}

/// Where squares stand like those in the corners of a code that is about `wide` pixels wide, as parts of the picture's sides.
fn finders(picture: &GrayImage, wide: f64) -> Vec<[f64; 2]> {
    // Seven modules of 25 to 57, of a code half as large to twice as large.
    let size = wide * 7.0 / 57.0 / 2.0..wide * 7.0 / 25.0 * 2.0;
    let (width, height) = picture.dimensions();
    let mut found: Vec<([f64; 3], usize)> = Vec::new();
    for y in (0..height).step_by(2) {
        for (x, wide) in corners(&runs((0..width).map(|x| picture.get_pixel(x, y)[0] < 128))).filter(|(_, wide)| size.contains(wide)) {
            let column = runs((0..height).map(|y| picture.get_pixel((x as u32).min(width - 1), y)[0] < 128));
            // Across it looks the same, and is about as large.
            let Some((middle, _)) =
                corners(&column).find(|(middle, tall)| (middle - f64::from(y)).abs() < wide / 3.0 && (0.6..1.7).contains(&(tall / wide)))
            else {
                continue;
            };
            match found.iter_mut().find(|([known_x, known_y, size], _)| (known_x - x).hypot(known_y - middle) < *size) {
                Some((_, seen)) => *seen += 1,
                None => found.push(([x, middle, wide], 1)),
            }
        }
    }
    // Three modules of lines show it; a chance likeness shows in one line or two.
    let is_square = |(at, seen): &([f64; 3], usize)| *seen as f64 * 2.0 >= at[2] * 3.0 / 7.0 * 0.6;
    found.into_iter().filter(is_square).map(|([x, y, _], _)| [x / f64::from(width), y / f64::from(height)]).collect()
}

/// The picture with light and shade evened out: each pixel beside the mean of what is around it.
fn evened(picture: &GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let reach = (width.max(height) / WINDOW).max(8);
    // Sums of all that is above and to the left.
    let mut sums = vec![0_u64; ((width + 1) * (height + 1)) as usize];
    let at = |x: u32, y: u32| (y * (width + 1) + x) as usize;
    for y in 0..height {
        let mut row = 0;
        for x in 0..width {
            row += u64::from(picture.get_pixel(x, y)[0]);
            sums[at(x + 1, y + 1)] = sums[at(x + 1, y)] + row;
        }
    }
    GrayImage::from_fn(width, height, |x, y| {
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(height));
        let sum = sums[at(right, bottom)] + sums[at(left, top)] - sums[at(left, bottom)] - sums[at(right, top)];
        let mean = sum as f64 / f64::from((right - left) * (bottom - top));
        let contrast = (f64::from(picture.get_pixel(x, y)[0]) - mean) * 2.5 + 128.0;
        Luma([contrast.clamp(0.0, 255.0) as u8])
    })
}

/// The picture with light and dark exchanged.
fn inverted(picture: &GrayImage) -> GrayImage {
    let mut other = picture.clone();
    image::imageops::invert(&mut other);
    other
}

/// The picture with its edges made stronger.
fn sharpened(picture: &GrayImage) -> GrayImage {
    let soft = blur(picture, 2.0);
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let (own, around) = (f32::from(picture.get_pixel(x, y)[0]), f32::from(soft.get_pixel(x, y)[0]));
        Luma([(own + 1.8 * (own - around)).clamp(0.0, 255.0) as u8])
    })
}
