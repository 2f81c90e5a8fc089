//! gzip answers that are put together from stored pieces, so that nothing is compressed twice.
//!
//! A deflate stream (RFC 1951) may be cut at any byte that a flush ended, and pieces that were compressed
//! separately may follow one another. So the long text of a feature is compressed once. What differs from
//! answer to answer (which features, of which plan) is written between the pieces, in deflate's fixed code.
//! Every feature repeats the head of the one before it: references to that head take some twenty bytes
//! instead of three hundred.

use std::cell::RefCell;

use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Level of stored pieces: they are made once and sent often.
const LEVEL: u32 = 7;
/// Farthest a reference reaches back, bytes.
const WINDOW: usize = 32_768;
/// Shortest and longest reference, bytes.
const MATCH: std::ops::RangeInclusive<usize> = 3..=258;

/// The polynomial of CRC-32, its bits reversed (RFC 1952 §8).
const POLYNOMIAL: u32 = 0xedb8_8320;

/// The product of two polynomials modulo CRC-32's, bits reversed: 1 is the highest bit.
fn product(a: u32, mut b: u32) -> u32 {
    let mut sum = 0;
    for bit in (0..32).rev() {
        // Without branches: a processor could not predict them.
        sum ^= b & (a >> bit & 1).wrapping_neg();
        b = (b >> 1) ^ (POLYNOMIAL & (b & 1).wrapping_neg());
    }
    sum
}

/// The factor for a checksum when `bytes` more bytes follow: x to the power of 8 · `bytes`.
fn shift(mut bytes: usize) -> u32 {
    // `power` starts as x⁸ and is squared for each bit of the number of bytes.
    let (mut power, mut result) = (1 << 23, 1 << 31);
    while bytes > 0 {
        if bytes & 1 == 1 {
            result = product(power, result);
        }
        power = product(power, power);
        bytes >>= 1;
    }
    result
}

/// A text as deflate blocks that end at a byte and refer to nothing before them. The numbers that continue a
/// checksum without reading the text stand in the same allocation: the pieces of an answer are scattered in
/// memory, and each should be fetched once.
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Bytes before the blocks: the text's CRC-32, the factor for the checksum before it ([`shift`]), and the text's
    /// length; four bytes each, little-endian.
    const FRONT: usize = 12;

    fn number(&self, at: usize) -> u32 {
        self.0.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
    }

    fn blocks(&self) -> &[u8] {
        self.0.get(Self::FRONT..).unwrap_or_default()
    }
}

/// Compresses a text that comes in parts, of less than 4 GiB.
pub fn pack(parts: &[&[u8]]) -> Packed {
    thread_local! {
        static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), false));
    }
    DEFLATE.with_borrow_mut(|deflate| {
        deflate.reset();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut crc = Hasher::new();
        parts.iter().for_each(|part| crc.update(part));
        let mut out = Vec::with_capacity(length / 2 + 64);
        [crc.finalize(), shift(length), length as u32].iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        for (i, part) in parts.iter().enumerate() {
            let flush = if i + 1 == parts.len() { FlushCompress::Sync } else { FlushCompress::None };
            let start = deflate.total_in();
            loop {
                let taken = (deflate.total_in() - start) as usize;
                // Room enough that the flush is never cut in two.
                out.reserve(part.len() / 2 + 1_024);
                let status = deflate.compress_vec(&part[taken..], &mut out, flush);
                let all = (deflate.total_in() - start) as usize == part.len();
                if !matches!(status, Ok(Status::Ok | Status::BufError)) || (all && out.len() < out.capacity()) {
                    break;
                }
            }
        }
        Packed(out.into_boxed_slice())
    })
}

/// Writes bits, the lowest first.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    fn put(&mut self, value: u32, count: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Huffman codes are written from their highest bit.
    fn code(&mut self, value: u32, count: u32) {
        self.put(value.reverse_bits() >> (32 - count), count);
    }

    fn literal(&mut self, byte: u8) {
        match byte {
            0..=143 => self.code(0x30 + u32::from(byte), 8),
            144..=255 => self.code(0x190 + u32::from(byte) - 144, 9),
        }
    }

    fn reference(&mut self, length: usize, distance: usize) {
        let (symbol, extra, bits) = length_code(length as u32);
        let (code, length) = if symbol < 280 { (symbol - 256, 7) } else { (0xc0 + symbol - 280, 8) };
        self.code(code, length);
        self.put(extra, bits);
        let (symbol, extra, bits) = distance_code(distance as u32);
        self.code(symbol, 5);
        self.put(extra, bits);
    }

    fn finish(&mut self) {
        if self.count > 0 {
            self.out.push(self.held as u8);
            (self.held, self.count) = (0, 0);
        }
    }
}

/// Symbol, extra bits and number of extra bits for a match's length, 3 to 258 (RFC 1951 §3.2.5).
fn length_code(length: u32) -> (u32, u32, u32) {
    if length == 258 {
        return (285, 0, 0);
    }
    let value = length - 3;
    if value < 8 {
        return (257 + value, 0, 0);
    }
    let bits = value.ilog2() - 2;
    (257 + (bits << 2) + (value >> bits), value & ((1 << bits) - 1), bits)
}

/// Symbol, extra bits and number of extra bits for a distance, 1 to 32,768 (RFC 1951 §3.2.5).
fn distance_code(distance: u32) -> (u32, u32, u32) {
    let value = distance - 1;
    if value < 4 {
        return (value, 0, 0);
    }
    let bits = value.ilog2() - 1;
    ((bits << 1) + (value >> bits), value & ((1 << bits) - 1), bits)
}

/// A gzip file that grows by pieces.
pub struct Gzip {
    out: Vec<u8>,
    crc: u32,
    /// Bytes of the text so far.
    length: usize,
    scratch: Vec<u8>,
}

/// Where a repeated text came last, in bytes from the beginning; none before its first time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen(Option<usize>);

/// A piece of text between stored ones.
pub enum Segment<'a> {
    /// A text that comes once.
    Fresh(&'a [u8]),
    /// A text that comes again and again, and where it came last.
    Again(&'a [u8], &'a mut Seen),
}

impl Gzip {
    /// An empty file; `capacity` is the number of bytes it is likely to reach.
    pub fn new(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity + 64);
        // RFC 1952: deflate, no name, no time, unknown system.
        out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        Self { out, crc: 0, length: 0, scratch: Vec::with_capacity(1_024) }
    }

    /// Appends text in stored blocks, uncompressed.
    pub fn text(&mut self, text: &[u8]) {
        for chunk in text.chunks(0xffff) {
            let length = chunk.len() as u16;
            self.out.push(0);
            self.out.extend_from_slice(&length.to_le_bytes());
            self.out.extend_from_slice(&(!length).to_le_bytes());
            self.out.extend_from_slice(chunk);
        }
        self.note(text);
    }

    /// Appends short texts in the fixed code; a repeated text becomes references to its last place.
    pub fn pieces(&mut self, pieces: &mut [Segment<'_>]) {
        self.scratch.clear();
        let start = self.length;
        let mut bits = Bits { out: &mut self.out, held: 0, count: 0 };
        bits.put(0b010, 3);
        for piece in pieces {
            let at = start + self.scratch.len();
            match piece {
                Segment::Fresh(text) => {
                    text.iter().for_each(|byte| bits.literal(*byte));
                    self.scratch.extend_from_slice(text);
                }
                Segment::Again(text, seen) => {
                    match seen.0.map(|before| at - before).filter(|distance| *distance <= WINDOW && text.len() >= *MATCH.start()) {
                        Some(distance) => {
                            let mut left = text.len();
                            while left > 0 {
                                // What is left must be long enough for a reference of its own.
                                let take = if left > *MATCH.end() { (*MATCH.end()).min(left - MATCH.start()) } else { left };
                                bits.reference(take, distance);
                                left -= take;
                            }
                        }
                        None => text.iter().for_each(|byte| bits.literal(*byte)),
                    }
                    seen.0 = Some(at);
                    self.scratch.extend_from_slice(text);
                }
            }
        }
        // End of block, then an empty stored block that ends at a byte.
        bits.code(0, 7);
        bits.put(0, 3);
        bits.finish();
        self.out.extend_from_slice(&[0, 0, 0xff, 0xff]);
        let scratch = std::mem::take(&mut self.scratch);
        self.note(&scratch);
        self.scratch = scratch;
    }

    /// Appends what [`pack`] made.
    pub fn packed(&mut self, packed: &Packed) {
        self.out.extend_from_slice(packed.blocks());
        self.crc = product(packed.number(4), self.crc) ^ packed.number(0);
        self.length += packed.number(8) as usize;
    }

    fn note(&mut self, text: &[u8]) {
        let mut crc = Hasher::new_with_initial(self.crc);
        crc.update(text);
        self.crc = crc.finalize();
        self.length += text.len();
    }

    /// The whole file.
    pub fn finish(mut self) -> Vec<u8> {
        // A last, empty block in the fixed code.
        self.out.extend_from_slice(&[0b011, 0]);
        self.out.extend_from_slice(&self.crc.to_le_bytes());
        self.out.extend_from_slice(&(self.length as u32).to_le_bytes());
        self.out
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn unpacked(gzip: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(gzip).read_to_end(&mut text).expect("a gzip file");
        text
    }

    #[test]
    fn pieces_made_apart_read_as_one_text() {
        let long: Vec<u8> = (0..40_000_u32).flat_map(|i| i.to_string().into_bytes()).collect();
        let mut text = Vec::new();
        let mut gzip = Gzip::new(0);
        let mut seen = [Seen::default(); 2];
        for i in 0..400_usize {
            let (head, middle) = ("the head of a feature, Đường Yên Bái, ".repeat(9), "x".repeat(i));
            let key = i.to_string();
            let [a, b] = &mut seen;
            let same = "again ".repeat(i % 70);
            let mut again = Seen::default();
            gzip.pieces(&mut [
                Segment::Again(head.as_bytes(), a),
                Segment::Fresh(key.as_bytes()),
                Segment::Fresh(middle.as_bytes()),
                Segment::Again(same.as_bytes(), &mut again),
            ]);
            gzip.pieces(&mut [Segment::Again(same.as_bytes(), &mut again), Segment::Again(b"\"}", b)]);
            let parts: [&[u8]; 2] = [&long[i..i * 50], b"end"];
            gzip.packed(&pack(&parts));
            gzip.text(key.as_bytes());
            text.extend([head.as_bytes(), key.as_bytes(), middle.as_bytes(), same.as_bytes(), same.as_bytes(), b"\"}"].concat());
            text.extend([parts[0], parts[1], key.as_bytes()].concat());
        }
        assert!(unpacked(&gzip.finish()) == text, "every byte comes back");
        assert_eq!(unpacked(&Gzip::new(0).finish()), b"");
    }

    #[test]
    fn a_checksum_goes_on_over_what_is_not_read() {
        let text: Vec<u8> = (0..5_000_u32).map(|i| (i * i % 251) as u8).collect();
        for cut in [0, 1, 2, 3, 255, 256, 4_999, 5_000] {
            let (a, b) = text.split_at(cut);
            assert_eq!(product(shift(b.len()), crc32fast::hash(a)) ^ crc32fast::hash(b), crc32fast::hash(&text), "{cut}");
        }
    }

    #[test]
    fn every_length_and_distance_has_its_code() {
        for length in MATCH {
            for distance in [1, 2, 4, 5, 8, 9, 255, 256, 257, 4_097, 24_577, WINDOW] {
                let text: Vec<u8> = (0..distance.max(length)).map(|i| (i * 31 % 251) as u8).collect();
                let mut gzip = Gzip::new(0);
                gzip.text(&text);
                let start = text.len() - distance;
                // A reference may overlap the text that it writes.
                let again: Vec<u8> = (0..length).map(|i| text[start + i % distance]).collect();
                let mut seen = Seen(Some(start));
                gzip.pieces(&mut [Segment::Again(&again, &mut seen)]);
                assert!(unpacked(&gzip.finish()) == [text, again].concat(), "{length} from {distance}");
            }
        }
    }
}
