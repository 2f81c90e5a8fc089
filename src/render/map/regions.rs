//! Regions of a grid: squares with one label that touch. A region too small to be seen joins a neighbour.

use rustc_hash::FxHashMap;

use super::paint::Raster;

/// The regions of a grid.
pub struct Regions {
    /// The region of every square; 0 for empty squares.
    pub of: Vec<u32>,
    /// The label of each region.
    pub label: Vec<u16>,
    /// The number of squares of each region.
    pub size: Vec<u32>,
}

fn root(parents: &mut [u32], mut at: u32) -> u32 {
    while parents[at as usize] != at {
        parents[at as usize] = parents[parents[at as usize] as usize];
        at = parents[at as usize];
    }
    at
}

impl Regions {
    /// Finds the regions of a grid. Squares that share a side belong together.
    pub fn of(grid: &Raster) -> Self {
        let width = grid.width;
        // The grid is read run by run. A run joins the runs with its label in the row above.
        let mut runs: Vec<(u32, u32, u16)> = Vec::new();
        let mut parents: Vec<u32> = Vec::new();
        let mut above = 0..0;
        for row in grid.labels.chunks_exact(width) {
            let first = runs.len();
            let mut start = 0;
            while start < width {
                let label = row[start];
                let mut end = start + 1;
                while end < width && row[end] == label {
                    end += 1;
                }
                parents.push(runs.len() as u32);
                runs.push((start as u32, end as u32, label));
                start = end;
            }
            let (mut a, mut b) = (above.start, first);
            while a < above.end && b < runs.len() {
                let ((from, to, label), (own_from, own_to, own)) = (runs[a], runs[b]);
                if label == own && from < own_to && own_from < to {
                    let (up, down) = (root(&mut parents, a as u32), root(&mut parents, b as u32));
                    parents[down.max(up) as usize] = down.min(up);
                }
                if to <= own_to {
                    a += 1;
                } else {
                    b += 1;
                }
            }
            above = first..runs.len();
        }
        let mut regions = Self { of: Vec::with_capacity(grid.labels.len()), label: vec![0], size: vec![0] };
        let mut numbers = vec![u32::MAX; runs.len()];
        for (index, &(from, to, label)) in runs.iter().enumerate() {
            let number = if label == 0 {
                0
            } else {
                let root = root(&mut parents, index as u32) as usize;
                if numbers[root] == u32::MAX {
                    numbers[root] = regions.label.len() as u32;
                    regions.label.push(label);
                    regions.size.push(0);
                }
                numbers[root]
            };
            regions.size[number as usize] += to - from;
            regions.of.extend(std::iter::repeat_n(number, (to - from) as usize));
        }
        regions
    }

    /// For every region smaller than `smallest` squares, its neighbours and how many sides it shares with each.
    fn sides(&self, width: usize, smallest: u32) -> FxHashMap<(u32, u32), u32> {
        let mut sides = FxHashMap::default();
        let mut note = |a: u32, b: u32| {
            if a != b {
                for (own, other) in [(a, b), (b, a)] {
                    if own != 0 && self.size[own as usize] < smallest {
                        *sides.entry((own, other)).or_default() += 1;
                    }
                }
            }
        };
        for (index, &own) in self.of.iter().enumerate() {
            if (index + 1) % width != 0 {
                note(own, self.of[index + 1]);
            }
            if let Some(&below) = self.of.get(index + width) {
                note(own, below);
            }
        }
        sides
    }
}

/// Most rounds in which small regions may grow together. The rest is left as it is.
const ROUNDS: usize = 8;

/// Gives each region of fewer than `smallest` squares to the neighbour with which it shares most sides. If
/// `alone` is true, a region without neighbours stays, so that a plan of scattered parcels does not vanish.
pub fn merge_small(grid: &mut Raster, smallest: u32, alone: bool) {
    for _ in 0..ROUNDS {
        let regions = Regions::of(grid);
        let mut best: FxHashMap<u32, (u32, u32)> = FxHashMap::default();
        for ((own, other), sides) in regions.sides(grid.width, smallest) {
            // Empty squares are the last choice.
            let rank = if other == 0 { (0, 0) } else { (sides, other) };
            let known = best.entry(own).or_insert((0, 0));
            *known = (*known).max(rank);
        }
        let mut changed = false;
        let relabel: FxHashMap<u32, u16> = best
            .into_iter()
            .filter_map(|(own, (sides, other))| {
                let size = regions.size[own as usize];
                match (sides, other) {
                    (0, _) => (!alone).then_some((own, 0)),
                    // Of two small neighbours, the smaller one joins the other.
                    (_, other) => {
                        let theirs = regions.size[other as usize];
                        (size < theirs || (size == theirs && own < other)).then(|| (own, regions.label[other as usize]))
                    }
                }
            })
            .collect();
        for (label, region) in grid.labels.iter_mut().zip(&regions.of) {
            if let Some(new) = relabel.get(region) {
                *label = *new;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[&str]) -> Raster {
        let labels = rows.iter().flat_map(|row| row.bytes().map(|byte| u16::from(byte - b'0'))).collect();
        Raster { width: rows[0].len(), height: rows.len(), labels }
    }

    #[test]
    fn squares_that_touch_by_their_sides_are_one_region() {
        let regions = Regions::of(&grid(&["1101", "0111", "2200", "1022"]));
        assert_eq!(regions.label, [0, 1, 2, 1, 2]);
        assert_eq!(regions.size[1..], [6, 2, 1, 2]);
    }

    #[test]
    fn a_small_region_joins_the_neighbour_it_shares_most_with() {
        let mut small = grid(&["11111", "11222", "11322", "11222"]);
        merge_small(&mut small, 3, true);
        assert!(small.labels.iter().all(|label| *label != 3));
        assert_eq!(small.labels.iter().filter(|label| **label == 2).count(), 9, "the hole became part of what surrounds it");
    }

    #[test]
    fn a_region_that_lies_alone_stays_where_it_may() {
        let alone = ["00000", "01000", "00000"];
        let mut kept = grid(&alone);
        merge_small(&mut kept, 12, true);
        assert!(kept.labels.contains(&1));
        let mut dropped = grid(&alone);
        merge_small(&mut dropped, 12, false);
        assert!(!dropped.labels.contains(&1));
    }
}
