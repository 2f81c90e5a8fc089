//! Paints areas onto a grid: each unit square gets the code of the area that covers its middle.
//!
//! A grid has the same size whatever the number of zones and vertices. Errors in the zones do no harm:
//! overlapping areas lie on top of each other like paint, and gaps stay empty.

use rayon::prelude::*;

use super::Areas;
use super::frame::Frame;

/// Rows that are painted as one piece of work.
const BAND: usize = 64;

/// A label for every unit square; 0 if nothing covers it.
#[derive(Debug, Clone)]
pub struct Raster {
    /// Width in squares.
    pub width: usize,
    /// Height in squares.
    pub height: usize,
    /// Labels, row by row.
    pub labels: Vec<u16>,
}

impl Raster {
    /// The label of a square; 0 outside the grid.
    pub fn at(&self, x: isize, y: isize) -> u16 {
        if x < 0 || y < 0 || x as usize >= self.width || y as usize >= self.height {
            return 0;
        }
        self.labels[y as usize * self.width + x as usize]
    }
}

/// Paints areas in their order. `label` gives the label of an area, 1 or higher.
pub fn paint(areas: &dyn Areas, frame: &Frame, label: &(dyn Fn(usize) -> u16 + Sync)) -> Raster {
    let (width, height) = (frame.width.ceil() as usize, frame.height.ceil() as usize);
    let mut labels = vec![0_u16; width * height];
    labels.par_chunks_mut(width * BAND).enumerate().for_each(|(band, rows)| {
        let first = band * BAND;
        let mut brush = Brush { width, first, rows, crossings: Vec::new(), points: Vec::new(), ends: Vec::new() };
        for index in 0..areas.count() {
            let [west, south, east, north] = areas.bbox(index);
            let [left, top] = frame.place(west, north);
            let [right, bottom] = frame.place(east, south);
            if bottom < first as f64 || top > (first + BAND) as f64 || right < 0.0 || left > width as f64 {
                continue;
            }
            brush.area(areas, frame, index, label(index), [left, top, right, bottom]);
        }
    });
    Raster { width, height, labels }
}

/// Paints one band of rows.
struct Brush<'a> {
    width: usize,
    first: usize,
    rows: &'a mut [u16],
    /// Where borders cross the middle lines of rows, row by row.
    crossings: Vec<Vec<f32>>,
    points: Vec<[f32; 2]>,
    ends: Vec<usize>,
}

impl Brush<'_> {
    fn area(&mut self, areas: &dyn Areas, frame: &Frame, index: usize, label: u16, [left, top, right, bottom]: [f64; 4]) {
        let count = self.rows.len() / self.width;
        // Only rows whose middle lines the area can cover.
        let from = ((top - 0.5).ceil().max(self.first as f64) as usize) - self.first;
        let to = (((bottom - 0.5).floor() + 1.0).max(0.0) as usize).saturating_sub(self.first).min(count);
        if from < to {
            self.points.clear();
            self.ends.clear();
            let (points, ends) = (std::cell::RefCell::new(&mut self.points), &mut self.ends);
            let mut position = |at: [i64; 2]| points.borrow_mut().push(frame.place_scaled(at).map(|value| value as f32));
            let mut ring = || ends.push(points.borrow().len());
            areas.walk(index, &mut position, &mut ring);
            self.cross(from, to);
            for row in from..to {
                let crossings = &mut self.crossings[row - from];
                crossings.sort_unstable_by(f32::total_cmp);
                for pair in crossings.chunks_exact(2) {
                    // Fill the squares whose middles lie between the two borders.
                    let start = (pair[0] - 0.5).ceil().clamp(0.0, self.width as f32) as usize;
                    let end = ((pair[1] - 0.5).floor() + 1.0).clamp(0.0, self.width as f32) as usize;
                    if start < end {
                        self.rows[row * self.width + start..row * self.width + end].fill(label);
                    }
                }
            }
        }
        // A tiny area that covers no middle still shows as a dot, if nothing else lies there.
        if right - left < 1.5 && bottom - top < 1.5 {
            let (x, y) = (f64::midpoint(left, right).floor(), f64::midpoint(top, bottom).floor());
            let row = y - self.first as f64;
            if x >= 0.0 && x < self.width as f64 && row >= 0.0 && row < count as f64 {
                let square = &mut self.rows[row as usize * self.width + x as usize];
                if *square == 0 {
                    *square = label;
                }
            }
        }
    }

    /// Notes where the borders of the area cross the middle lines of the rows `from..to`.
    fn cross(&mut self, from: usize, to: usize) {
        if self.crossings.len() < to - from {
            self.crossings.resize_with(to - from, Vec::new);
        }
        self.crossings[..to - from].iter_mut().for_each(Vec::clear);
        let mut start = 0;
        for &end in &self.ends {
            for pair in self.points[start..end].windows(2) {
                let [a, b] = [pair[0], pair[1]];
                let (low, high) = if a[1] < b[1] { (a, b) } else { (b, a) };
                let base = (self.first + from) as f32;
                let first = (low[1] - 0.5 - base).ceil().max(0.0) as usize;
                // The interval is half open, so that a corner on a middle line counts once.
                let last = (high[1] - 0.5 - base).ceil().max(0.0) as usize;
                for row in first..last.min(to - from) {
                    let y = base + row as f32 + 0.5;
                    let x = low[0] + (y - low[1]) / (high[1] - low[1]) * (high[0] - low[0]);
                    self.crossings[row].push(x);
                }
            }
            start = end;
        }
    }
}
