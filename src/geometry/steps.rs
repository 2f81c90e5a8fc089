//! Positions stored as steps from each to the next, in a sixth of the bytes of their text.

use std::ops::ControlFlow;

/// What the positions of a feature make, by its dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One or several points.
    Points = 0,
    /// One or several lines.
    Lines = 1,
    /// One or several areas.
    Areas = 2,
}

/// Positions of features: for each feature a number that says what follows ([`Kind`]), then its points as one line,
/// its lines, or its rings as lines without their closing positions.
///
/// A line begins with twice the number of its positions, plus one where all its steps are short, as they
/// almost always are. In a short line each number of the first position takes four bytes and each number of a
/// step two, so no lengths need to be decoded. In any other line all numbers have variable length.
#[derive(Default)]
pub struct Shapes {
    /// The bytes written so far.
    pub bytes: Vec<u8>,
}

/// Bytes of a short line's first position and of each of its steps.
const FIRST: usize = 8;
const STEP: usize = 4;

/// True when each number of every step fits into two bytes, and each number of the first position into four.
fn is_short(line: &[[i64; 2]]) -> bool {
    let is_step = |[a, b]: &[[i64; 2]; 2]| (0..2).all(|axis| i16::try_from(b[axis] - a[axis]).is_ok());
    line.first().is_some_and(|first| first.iter().all(|number| i32::try_from(*number).is_ok())) && line.array_windows().all(is_step)
}

impl Shapes {
    /// Begins a feature of `count` lines: one for points, however many they are; a ring counts as a line.
    pub fn begin(&mut self, kind: Kind, count: usize) {
        self.number((count as u64) << 2 | kind as u64);
    }

    /// Writes a number.
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Writes a line.
    pub fn line(&mut self, line: &[[i64; 2]]) {
        let count = 2 * line.len() as u64;
        if is_short(line) {
            self.number(count + 1);
            self.bytes.extend(line.iter().take(1).flatten().flat_map(|number| (*number as i32).to_le_bytes()));
            let steps = line.array_windows().flat_map(|[a, b]| [b[0] - a[0], b[1] - a[1]]);
            self.bytes.extend(steps.flat_map(|step| (step as i16).to_le_bytes()));
            return;
        }
        self.number(count);
        let mut last = [0, 0];
        for position in line {
            for (at, last) in position.iter().zip(last) {
                let step = at - last;
                self.number(((step << 1) ^ (step >> 63)) as u64);
            }
            last = *position;
        }
    }
}

/// Reads the bytes that [`Shapes`] wrote.
pub struct Steps<'a>(&'a [u8]);

impl<'a> Steps<'a> {
    /// Reads from the beginning of a feature or of a line.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads what the next feature is made of, and how many lines follow.
    #[inline]
    pub fn begin(&mut self) -> (Kind, u64) {
        let head = self.number();
        let kind = match head & 3 {
            0 => Kind::Points,
            1 => Kind::Lines,
            _ => Kind::Areas,
        };
        (kind, head >> 2)
    }

    /// Reads a number of variable length.
    #[inline]
    pub fn number(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        while let Some((byte, rest)) = self.0.split_first() {
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
            shift += 7;
        }
        value
    }

    /// Visits the positions of a line, until a visit breaks.
    #[inline]
    pub fn line(&mut self, mut visit: impl FnMut([i64; 2]) -> ControlFlow<()>) -> ControlFlow<()> {
        let head = self.number();
        let count = (head / 2) as usize;
        let mut last = [0, 0];
        if head.is_multiple_of(2) {
            return (0..count).try_for_each(|_| {
                for last in &mut last {
                    let step = self.number();
                    *last += (step >> 1) as i64 ^ -((step & 1) as i64);
                }
                visit(last)
            });
        }
        let Some((first, rest)) = self.0.split_first_chunk::<FIRST>() else { return ControlFlow::Continue(()) };
        let (steps, rest) = rest.split_at_checked(count.saturating_sub(1) * STEP).unwrap_or_default();
        self.0 = rest;
        let [a, b, c, d, e, f, g, h] = *first;
        last = [i32::from_le_bytes([a, b, c, d]), i32::from_le_bytes([e, f, g, h])].map(i64::from);
        visit(last)?;
        steps.as_chunks::<STEP>().0.iter().try_for_each(|[a, b, c, d]| {
            last[0] += i64::from(i16::from_le_bytes([*a, *b]));
            last[1] += i64::from(i16::from_le_bytes([*c, *d]));
            visit(last)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], lines: usize) -> Vec<Vec<[i64; 2]>> {
        let mut steps = Steps::new(bytes);
        (0..lines)
            .map(|_| {
                let mut line = Vec::new();
                let _ = steps.line(|position| {
                    line.push(position);
                    ControlFlow::Continue(())
                });
                line
            })
            .collect()
    }

    #[test]
    fn lines_come_back_as_they_were_whether_their_steps_are_short_or_long() {
        let far = i64::from(i32::MAX);
        let lines: [&[[i64; 2]]; 8] = [
            &[],
            &[[-5, 7]],
            &[[1_048_000_000, 217_000_000], [1_048_032_767, 216_967_232], [1_048_032_766, 216_967_233]],
            // A step that is too long by one, to either side.
            &[[0, 0], [32_768, 0], [1, 1]],
            &[[0, 0], [0, -32_769]],
            // Positions for which four bytes are not enough.
            &[[far + 1, 0], [far, 0]],
            &[[far, -far - 1], [far - 1, -far]],
            &[[-1_800_000_000, -900_000_000], [1_800_000_000, 900_000_000]],
        ];
        let mut shapes = Shapes::default();
        lines.iter().for_each(|line| shapes.line(line));
        assert_eq!(read(&shapes.bytes, lines.len()), lines);
    }

    #[test]
    fn a_line_whose_steps_are_short_takes_four_bytes_a_position_and_its_head() {
        let mut shapes = Shapes::default();
        let line: Vec<[i64; 2]> = (0..40).map(|at| [1_048_000_000 + at * 400, 217_000_000 - at]).collect();
        shapes.line(&line);
        assert_eq!(shapes.bytes.len(), 1 + FIRST + 39 * STEP);
    }

    #[test]
    fn what_is_cut_off_is_read_without_harm() {
        let mut shapes = Shapes::default();
        shapes.line(&[[5, 5], [6, 6], [7, 7]]);
        for length in 0..shapes.bytes.len() {
            assert!(read(&shapes.bytes[..length], 2)[0].len() < 3, "{length} bytes");
        }
    }
}
