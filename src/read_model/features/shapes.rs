//! Positions in a sixth of their text: differences of variable length.

use std::cell::RefCell;

use super::find;

/// Walks a canonical geometry's text, plain decimals with longitude first: every position in 10⁻⁷
/// degrees, and the end of every ring. None where the text is another.
fn scan(geometry: &[u8], mut position: impl FnMut([i64; 2]), mut ring: impl FnMut()) -> Option<()> {
    let start = find(geometry, b"[")?;
    let (mut value, mut places, mut negative, mut any) = (0_i64, None::<u32>, false, false);
    let (mut first, mut in_ring, mut before) = (None, false, 0_u8);
    for &byte in &geometry[start..] {
        match byte {
            b'0'..=b'9' => {
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                places = places.map(|places| places + 1);
                any = true;
            }
            b'.' => places = Some(0),
            b'-' => negative = true,
            b',' | b']' => {
                if any {
                    let scaled = value.checked_mul(10_i64.checked_pow(7_u32.checked_sub(places.unwrap_or(0))?)?)?;
                    let number = if negative { -scaled } else { scaled };
                    match first.take() {
                        None => first = Some(number),
                        Some(lon) => {
                            position([lon, number]);
                            in_ring = true;
                        }
                    }
                    (value, places, negative, any) = (0, None, false, false);
                } else if byte == b']' && before == b']' && in_ring {
                    ring();
                    in_ring = false;
                }
            }
            b'[' | b'}' | b' ' => {}
            _ => return None,
        }
        before = byte;
    }
    Some(())
}

/// Writes positions as variable-length differences: of each feature the number of its rings (0 for
/// points), of each ring the number of its positions without the closing one, and the positions.
#[derive(Default)]
pub struct Shapes {
    /// What was written.
    pub bytes: Vec<u8>,
    last: [i64; 2],
}

impl Shapes {
    /// Writes a number.
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Writes a line: the number of its positions, and the positions.
    pub fn line(&mut self, list: &[[i64; 2]]) {
        self.last = [0, 0];
        self.positions(list);
    }

    fn positions(&mut self, list: &[[i64; 2]]) {
        self.number(list.len() as u64);
        for position in list {
            for (at, last) in position.iter().zip(self.last) {
                let step = at - last;
                self.number(((step << 1) ^ (step >> 63)) as u64);
            }
            self.last = *position;
        }
    }

    /// Reads a geometry's text: its box in 10⁻⁷ degrees, its positions appended.
    pub fn read(&mut self, geometry: &[u8]) -> Option<[i64; 4]> {
        let is_area = !(geometry.starts_with(b"{\"type\":\"Point") || geometry.starts_with(b"{\"type\":\"MultiPoint"));
        let (rings, open) = (RefCell::new(Vec::<usize>::new()), RefCell::new(Vec::<[i64; 2]>::with_capacity(64)));
        scan(geometry, |position| open.borrow_mut().push(position), || rings.borrow_mut().push(open.borrow().len()))?;
        let (rings, all) = (rings.into_inner(), open.into_inner());
        let start = [i64::MAX, i64::MAX, i64::MIN, i64::MIN];
        let cover = |b: [i64; 4], [x, y]: &[i64; 2]| [b[0].min(*x), b[1].min(*y), b[2].max(*x), b[3].max(*y)];
        let bbox = all.iter().fold(start, cover);
        self.last = [0, 0];
        if is_area {
            self.number(rings.len() as u64);
            let mut from = 0;
            for end in rings {
                // The closing point says nothing.
                self.positions(&all[from..end.saturating_sub(1).max(from)]);
                from = end;
            }
        } else {
            self.number(0);
            self.positions(&all);
        }
        (bbox[3] != i64::MIN).then_some(bbox)
    }
}

/// Reads what [`Shapes`] wrote.
pub struct Steps<'a> {
    bytes: &'a [u8],
    last: [i64; 2],
}

impl<'a> Steps<'a> {
    /// From the beginning of a feature.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, last: [0, 0] }
    }

    /// A count.
    #[inline]
    pub fn number(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        while let Some((byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
            shift += 7;
        }
        value
    }

    /// A position.
    #[inline]
    pub fn position(&mut self) -> [i64; 2] {
        for axis in 0..2 {
            let step = self.number();
            self.last[axis] += (step >> 1) as i64 ^ -((step & 1) as i64);
        }
        self.last
    }
}
