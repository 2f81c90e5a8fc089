//! Reads the positions of canonical geometries from their text.

use std::cell::RefCell;

use crate::features::find;
use crate::geometry::steps::{Kind, Shapes};

/// Walks a canonical geometry's text, plain decimals with longitude first. Visits every position, in 10⁻⁷
/// degrees, and the end of every ring or line. None where the text is not canonical.
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

/// Reads a canonical geometry's text. Gives its box in 10⁻⁷ degrees and appends its positions to `shapes`.
pub fn read(shapes: &mut Shapes, geometry: &[u8]) -> Option<[i64; 4]> {
    let is = |name: &str| geometry.strip_prefix(b"{\"type\":\"").is_some_and(|rest| rest.starts_with(name.as_bytes()));
    let kind = if is("Point") || is("MultiPoint") {
        Kind::Points
    } else if is("LineString") || is("MultiLineString") {
        Kind::Lines
    } else {
        Kind::Areas
    };
    let (lines, open) = (RefCell::new(Vec::<usize>::new()), RefCell::new(Vec::<[i64; 2]>::with_capacity(64)));
    scan(geometry, |position| open.borrow_mut().push(position), || lines.borrow_mut().push(open.borrow().len()))?;
    let (mut lines, all) = (lines.into_inner(), open.into_inner());
    let start = [i64::MAX, i64::MAX, i64::MIN, i64::MIN];
    let cover = |b: [i64; 4], [x, y]: &[i64; 2]| [b[0].min(*x), b[1].min(*y), b[2].max(*x), b[3].max(*y)];
    let bbox = all.iter().fold(start, cover);
    if kind == Kind::Points || lines.is_empty() {
        lines = vec![all.len()];
    }
    shapes.begin(kind, lines.len());
    let mut from = 0;
    for end in lines {
        // A ring's closing point repeats the first, so it is left out.
        let last = if kind == Kind::Areas { end.saturating_sub(1) } else { end };
        shapes.line(&all[from..last.max(from)]);
        from = end;
    }
    (bbox[3] != i64::MIN).then_some(bbox)
}
