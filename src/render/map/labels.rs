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
fn places(grid: &Raster, regions: &Regions, step: usize, size: &dyn Fn(u16) -> [usize; 2]) -> HashMap<u32, [usize; 2]> {
    let mut best: HashMap<u32, (usize, Reverse<usize>, [usize; 2])> = HashMap::new();
    let extent = rows(grid, regions);
    let width = grid.width;
    let holds =
        |region: u32, y: usize, from: usize, to: usize| regions.of[y * width + from..y * width + to].iter().all(|own| *own == region);
    for y in (0..grid.height).step_by(step) {
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

/// The same regions with rows for columns: what is written across it stands upright.
fn turned(grid: &Raster, regions: &Regions) -> (Raster, Regions) {
    let mut of = Vec::with_capacity(regions.of.len());
    for x in 0..grid.width {
        of.extend((0..grid.height).map(|y| regions.of[y * grid.width + x]));
    }
    let turned = Raster { width: grid.height, height: grid.width, labels: Vec::new() };
    (turned, Regions { of, label: regions.label.clone(), size: regions.size.clone() })
}

/// In which order sizes and directions are tried. Level letters a step smaller are read more easily than upright ones.
fn tries(fonts: &[f64], may_be_upright: bool) -> Vec<(f64, bool)> {
    if !may_be_upright {
        return fonts.iter().map(|font| (*font, false)).collect();
    }
    let steps: Vec<&[f64]> = fonts.chunks(2).collect();
    steps.into_iter().flat_map(|fonts| [false, true].into_iter().flat_map(|way| fonts.iter().map(move |font| (*font, way)))).collect()
}

/// Writes the codes of the largest regions, at most `most`, but not into the boxes in `taken`. Where one does not fit in the
/// first of the `fonts`, the next is tried, and if it may be, upright.
pub fn write<'a>(
    svg: &mut String,
    grid: &Raster,
    code: &dyn Fn(u16) -> &'a str,
    fonts: &[f64],
    may_be_upright: bool,
    most: usize,
    taken: &[[f64; 4]],
) {
    let regions = Regions::of(grid);
    let upright = may_be_upright.then(|| turned(grid, &regions));
    let mut written: HashMap<&str, usize> = HashMap::new();
    let mut labelled: HashSet<u32> = HashSet::new();
    let mut count = 0;
    for (font, is_upright) in tries(fonts, may_be_upright) {
        let size = |label: u16| {
            let letters = code(label).chars().count() as f64;
            [(letters * LETTER * font).ceil() as usize + 3, (font * 0.9).ceil() as usize]
        };
        let (grid, across) = upright.as_ref().filter(|_| is_upright).map_or((grid, &regions), |(grid, regions)| (grid, regions));
        // Every other row is enough for labels that are many rows high. Upright ones stand in narrow lots.
        let step = if is_upright { 1 } else { 2 };
        let mut found: Vec<(u32, u32, [usize; 2])> =
            places(grid, across, step, &size).into_iter().map(|(region, place)| (across.size[region as usize], region, place)).collect();
        found.sort_unstable_by_key(|(squares, region, _)| (Reverse(*squares), *region));
        let mut text = String::new();
        for (_, region, [x, y]) in found {
            let label = across.label[region as usize];
            let own = code(label);
            let [wide, high] = size(label).map(|value| value as f64 / 2.0);
            let ([x, y], [wide, high]) = if is_upright { ([y, x], [high, wide]) } else { ([x, y], [wide, high]) };
            let (cx, cy) = (x as f64, y as f64);
            let is_free = taken.iter().all(|b| cx - wide > b[2] || cx + wide < b[0] || cy - high > b[3] || cy + high < b[1]);
            let times = written.entry(own).or_default();
            if own.is_empty() || !is_free || *times >= EACH || count >= most || !labelled.insert(region) {
                continue;
            }
            *times += 1;
            count += 1;
            let own = maud::html! { (own) }.into_string();
            let _ = if is_upright {
                write!(text, "<text transform=\"translate({} {y})rotate(-90)\">{own}</text>", super::short(cx + 0.5 + font * 0.36))
            } else {
                write!(text, "<text x=\"{x}\" y=\"{:.0}\">{own}</text>", cy + font * 0.36)
            };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written into one region of that size, 10 squares right and down.
    fn written(width: usize, height: usize, may_be_upright: bool) -> String {
        let (wide, high) = (width + 20, height + 20);
        let is_in = |at: usize| (10..10 + width).contains(&(at % wide)) && (10..10 + height).contains(&(at / wide));
        let grid = Raster { width: wide, height: high, labels: (0..wide * high).map(|at| u16::from(is_in(at))).collect() };
        let mut svg = String::new();
        write(&mut svg, &grid, &|_| "LK-01", &[13.0, 9.75, 6.5], may_be_upright, 9, &[]);
        svg
    }

    #[test]
    fn a_number_stands_in_the_middle_of_its_lot_upright_where_the_lot_is_narrow() {
        let level = written(69, 23, true);
        assert!(level.contains("font-size=\"13\"") && level.contains("<text x=\"44\" y=\"25\">LK-01"), "{level}");
        let upright = written(23, 69, true);
        assert!(upright.contains("font-size=\"13\"") && upright.contains("translate(26.18 44)rotate(-90)"), "{upright}");
        assert!(written(36, 69, true).contains("font-size=\"9.75\""), "level letters a step smaller come first");
        assert!(written(25, 69, false).contains("font-size=\"6.5\"") && written(12, 12, true).is_empty());
    }
}
