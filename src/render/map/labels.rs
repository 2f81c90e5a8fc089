//! Writes codes into the regions where they fit.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::paint::Raster;
use super::regions::Regions;

/// Width of a capital letter or digit, as a share of the font size.
const LETTER: f64 = 0.66;
/// Most labels of one code.
const EACH: usize = 3;

/// First and last row of each region.
fn rows(grid: &Raster, regions: &Regions) -> Vec<[usize; 2]> {
    let mut rows = vec![[usize::MAX, 0]; regions.size.len()];
    for (y, row) in regions.of.chunks(grid.width.max(1)).enumerate() {
        for region in row {
            let [first, last] = &mut rows[*region as usize];
            *first = (*first).min(y);
            *last = y;
        }
    }
    rows
}

/// For each region, a place for its label. `size` gives the label's width and height in squares. A row with twice the
/// room that the label needs is as good as any wider one; among those, the row nearest to the region's middle wins.
fn places(grid: &Raster, regions: &Regions, size: &dyn Fn(u16) -> [usize; 2]) -> HashMap<u32, [usize; 2]> {
    let mut best: HashMap<u32, (usize, Reverse<usize>, [usize; 2])> = HashMap::new();
    let extent = rows(grid, regions);
    let width = grid.width;
    let holds =
        |region: u32, y: usize, from: usize, to: usize| regions.of[y * width + from..y * width + to].iter().all(|own| *own == region);
    // Every other row is enough, because a label is many rows high.
    for y in (0..grid.height).step_by(2) {
        let row = &regions.of[y * width..(y + 1) * width];
        let mut start = 0;
        while start < width {
            let region = row[start];
            let mut end = start + 1;
            while end < width && row[end] == region {
                end += 1;
            }
            let run = start..end;
            start = end;
            if region == 0 {
                continue;
            }
            let [wide, high] = size(regions.label[region as usize]);
            let room = run.len();
            let [first, last] = extent[region as usize];
            let rank = (room.min(2 * wide), Reverse(y.abs_diff(usize::midpoint(first, last))));
            if room < wide
                || regions.size[region as usize] < (wide * high) as u32
                || best.get(&region).is_some_and(|(room, off, _)| (*room, *off) >= rank)
            {
                continue;
            }
            let (from, middle) = (run.start + (room - wide) / 2, run.start + room / 2);
            let (Some(top), bottom) = (y.checked_sub(high / 2), y + high.div_ceil(2)) else { continue };
            // The outer rows are checked first, because that is where a label usually does not fit.
            if bottom < grid.height
                && holds(region, top, from, from + wide)
                && holds(region, bottom, from, from + wide)
                && (top + 1..bottom).all(|row| holds(region, row, from, from + wide))
            {
                best.insert(region, (rank.0, rank.1, [middle, y]));
            }
        }
    }
    best.into_iter().map(|(region, (.., place))| (region, place)).collect()
}

/// Writes the codes of the largest regions, at most `most`, but not into the boxes in `taken`. Where one does not fit in the
/// first of the `fonts`, the next is tried.
pub fn write<'a>(svg: &mut String, grid: &Raster, code: &dyn Fn(u16) -> &'a str, fonts: &[f64], most: usize, taken: &[[f64; 4]]) {
    let regions = Regions::of(grid);
    let mut written: HashMap<&str, usize> = HashMap::new();
    let mut labelled: HashSet<u32> = HashSet::new();
    let mut count = 0;
    for font in fonts.iter().copied() {
        let size = |label: u16| {
            let letters = code(label).chars().count() as f64;
            [(letters * LETTER * font).ceil() as usize + 3, (font * 0.9).ceil() as usize]
        };
        let mut found: Vec<(u32, u32, [usize; 2])> =
            places(grid, &regions, &size).into_iter().map(|(region, place)| (regions.size[region as usize], region, place)).collect();
        found.sort_unstable_by_key(|(squares, region, _)| (Reverse(*squares), *region));
        let mut text = String::new();
        for (_, region, [x, y]) in found {
            let label = regions.label[region as usize];
            let own = code(label);
            let [wide, high] = size(label).map(|value| value as f64 / 2.0);
            let (cx, cy) = (x as f64, y as f64);
            let is_free = taken.iter().all(|b| cx - wide > b[2] || cx + wide < b[0] || cy - high > b[3] || cy + high < b[1]);
            let times = written.entry(own).or_default();
            if own.is_empty() || !is_free || *times >= EACH || count >= most || !labelled.insert(region) {
                continue;
            }
            *times += 1;
            count += 1;
            let own = maud::html! { (own) }.into_string();
            let _ = write!(text, "<text x=\"{x}\" y=\"{:.0}\">{own}</text>", cy + font * 0.36);
        }
        if !text.is_empty() {
            let _ = write!(
                svg,
                "<g font-size=\"{}\" font-weight=\"700\" text-anchor=\"middle\" stroke=\"#fff\" stroke-width=\"{}\" stroke-linejoin=\"round\" paint-order=\"stroke\">{text}</g>",
                super::short(font),
                super::short(font / 5.0)
            );
        }
    }
}
