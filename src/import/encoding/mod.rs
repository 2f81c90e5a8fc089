//! Character encodings of texts: Unicode, or one of the encodings that came before it (TCVN3, VNI,
//! Windows-1258).
//!
//! Each value is judged by itself, because tables are often put together from others. A value with letters
//! beyond Latin-1 is Unicode already. Any other value is read in the encoding in which its words are Vietnamese
//! syllables. Where two readings are possible, the encoding of the rest of its column decides. Damage stays in
//! its cell.

mod columns;
mod escapes;
mod legacy;

pub use columns::{CellNote, Evidence, Texts};

use legacy::{from_tcvn3, from_vni, is_syllable};
use unicode_normalization::UnicodeNormalization;

/// The encoding in which a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writing {
    /// Unicode.
    Unicode,
    /// TCVN 5712, fonts named `.Vn…`.
    Tcvn3,
    /// VNI Windows, fonts named `VNI-…`.
    Vni,
    /// UTF-8 whose bytes were taken for letters and written as UTF-8 once more.
    Utf8Twice,
    /// Windows-1258. Texts in Western Latin-1 read the same, except for a few letters.
    Windows1258,
}

impl Writing {
    /// Name of the encoding for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unicode => "Unicode",
            Self::Tcvn3 => "TCVN3 (ABC)",
            Self::Vni => "VNI",
            Self::Utf8Twice => "UTF-8 ×2",
            Self::Windows1258 => "Windows-1258",
        }
    }
}

/// What is wrong with a cell's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The text ends in the middle of a multi-byte letter.
    Cut,
    /// The text holds bytes that are no letters; they were left out.
    Bytes,
    /// The text holds U+FFFD, where other software had already lost letters; these were left out.
    Lost,
    /// No encoding is convincing; the text was read as Windows-1258.
    Guess,
    /// Question marks stand in place of letters that other software had already lost.
    Gaps,
    /// The text holds control characters, which become blanks.
    Controls,
}

/// True if question marks stand inside words. Software writes them for letters that the encoding it saves to
/// does not have.
pub(crate) fn has_gaps(text: &str) -> bool {
    if !text.contains('?') || text.contains("://") || text.contains('=') {
        return false;
    }
    let chars: Vec<char> = text.chars().collect();
    chars.iter().enumerate().any(|(at, c)| *c == '?' && chars.get(at + 1).is_some_and(|next| next.is_alphabetic()))
}

/// A value with its encoding decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The text in Unicode.
    pub text: String,
    /// The encoding it was written in.
    pub writing: Writing,
    /// What is wrong with it.
    pub damage: Option<Damage>,
    /// True if two encodings were possible and the column had to decide.
    pub open: bool,
}

/// Until the encoding of their column is known, bytes that are not UTF-8 are kept as characters of the private
/// use area: U+F700 plus the byte.
const RAW: u32 = 0xf700;

fn raw_byte(c: char) -> Option<u8> {
    (u32::from(c) & !0xff == RAW && u32::from(c) & 0x80 != 0).then_some((u32::from(c) & 0xff) as u8)
}

/// Keeps a text whose encoding is not known yet. Valid UTF-8 becomes text; other bytes are kept for [`decide`].
pub fn keep(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { raw_char(*byte) }).collect(),
    }
}

fn raw_char(byte: u8) -> char {
    char::from_u32(RAW + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Longest beginning of a text by which its encoding is judged, in characters.
const JUDGED: usize = 2_000;

/// How well a text reads as Vietnamese.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Fit {
    /// Number of words with letters beyond ASCII that are Vietnamese syllables.
    good: usize,
    /// Number of words with letters beyond ASCII that are not.
    bad: usize,
}

impl Fit {
    fn of(text: &str) -> Self {
        let mut fit = Self::default();
        for word in text.split(|c: char| !c.is_alphabetic() && (c.is_ascii() || matches!(c, '\u{a0}' | '\u{2000}'..='\u{206f}'))) {
            if word.is_ascii() || is_sign(word) || is_abbreviation(word) || is_softly_parted(word) {
                continue;
            }
            if is_syllable(word) {
                fit.good += 1;
            } else {
                fit.bad += 1;
            }
        }
        fit
    }

    fn score(self) -> i64 {
        self.good as i64 - 2 * self.bad as i64
    }
}

/// What Unicode has for a hyphen that is shown only where a line ends. In TCVN3 the same number is the letter ư.
const SOFT_HYPHEN: char = '\u{ad}';

/// True for ASCII letters with soft hyphens, which word processors leave behind, if they are syllables together or
/// one by one: “S\u{ad}en”, “Trung\u{ad}tam”.
fn is_softly_parted(word: &str) -> bool {
    let parts = || word.split(SOFT_HYPHEN).filter(|part| !part.is_empty());
    word.contains(SOFT_HYPHEN) && parts().all(str::is_ascii) && (parts().all(is_syllable) || is_syllable(&parts().collect::<String>()))
}

/// True for a word that differs from ASCII only by a sign found on keyboards: `m²`, `°`, `×`.
fn is_sign(word: &str) -> bool {
    let Some(sign) = word.chars().find(|c| !c.is_ascii()) else { return false };
    let Some((before, after)) = word.split_once(sign) else { return false };
    match sign {
        '²' | '³' => matches!(before, "" | "mm" | "cm" | "dm" | "m" | "M" | "dam" | "hm" | "km" | "ha") && after.is_empty(),
        '°' => before.is_empty() && matches!(after, "" | "C" | "F" | "N" | "E" | "B"),
        // An ordinal sign is what many keyboards have for a degree and for “N°”.
        'º' => matches!(before, "" | "N" | "n") && matches!(after, "" | "C" | "F" | "N" | "E" | "B"),
        '±' | '×' | '÷' | '½' | '¼' | '¾' | 'Ø' | '©' => before.is_empty() && after.is_empty(),
        _ => false,
    }
}

/// True for an abbreviation in capitals without a vowel that contains Đ: QĐ, ĐT, HĐND.
fn is_abbreviation(word: &str) -> bool {
    word.chars().count() <= 6 && word.contains('Đ') && word.chars().all(|c| c == 'Đ' || (c.is_ascii_uppercase() && !"AEIOUY".contains(c)))
}

/// What is known about the encoding besides the value itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lean {
    /// Encoding that its column is mostly written in.
    pub own: Option<Writing>,
    /// Encoding that the whole file is mostly written in.
    pub whole: Option<Writing>,
}

impl Lean {
    /// The column's encoding, else the file's.
    fn any(self) -> Option<Writing> {
        self.own.or(self.whole)
    }
}

impl From<Writing> for Lean {
    fn from(own: Writing) -> Self {
        Self { own: Some(own), whole: None }
    }
}

/// Decides the encoding of a value, and gives the value in Unicode. `lean` counts only where the value itself
/// does not show its encoding.
pub fn decide(text: &str, lean: impl Into<Lean>) -> Decided {
    decide_with(text, lean.into())
}

fn decide_with(text: &str, lean: Lean) -> Decided {
    let plain = |text: String| Decided { text, writing: Writing::Unicode, damage: None, open: false };
    if text.is_ascii() && !has_gaps(text) {
        return plain(text.to_owned());
    }
    if has_gaps(text) {
        // Software that loses letters this way writes Western or Vietnamese Windows encodings. TCVN3 and VNI
        // fonts lose none.
        let latin = text.chars().map(|c| raw_byte(c).map_or(c, char::from)).collect();
        let writing = if text.chars().any(|c| raw_byte(c).is_some()) { Writing::Windows1258 } else { Writing::Unicode };
        return Decided { damage: Some(Damage::Gaps), writing, ..plain(latin) };
    }
    if text.chars().any(|c| raw_byte(c).is_some()) {
        return decide_bytes(text, lean.any());
    }
    if let Some(text) = utf8_twice(text) {
        return Decided { text, writing: Writing::Utf8Twice, damage: None, open: false };
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        let kept: String = text.chars().filter(|c| *c != char::REPLACEMENT_CHARACTER).collect();
        return Decided { damage: Some(Damage::Lost), ..decide_with(&kept, lean) };
    }
    let beyond_latin = |c: char| c > '\u{ff}' && (c.is_alphabetic() || matches!(c, '\u{300}'..='\u{36f}'));
    if text.chars().any(beyond_latin) {
        return plain(text.to_owned());
    }
    let judged: String = text.chars().take(JUDGED).collect();
    let as_is = Fit::of(&judged);
    if as_is == Fit::default() && !text.contains(SOFT_HYPHEN) {
        // Beyond ASCII it has only signs, which no encoding of Vietnamese makes a word of.
        return plain(text.to_owned());
    }
    let readings = [(Writing::Tcvn3, Fit::of(&from_tcvn3(&judged))), (Writing::Vni, Fit::of(&from_vni(&judged)))];
    let convincing = |fit: Fit| fit.good > 2 * fit.bad && fit.good >= as_is.good;
    let best = readings.into_iter().filter(|(_, fit)| convincing(*fit) && as_is.bad > 0).max_by_key(|(writing, fit)| {
        // If both read equally well, the column's encoding wins.
        (fit.score(), Some(*writing) == lean.any())
    });
    if let Some((writing, fit)) = best {
        let open = readings.iter().any(|(other, rival)| *other != writing && convincing(*rival) && rival.score() == fit.score());
        return Decided { text: convert(text, writing), writing, damage: None, open };
    }
    // The text reads well as it is, or no encoding reads well. In both cases the encoding of its column
    // decides.
    let possible = |fit: Fit| if as_is.bad > 0 { fit.bad < as_is.bad && fit.good >= as_is.good } else { fit.bad == 0 && fit.good > 0 };
    let open = readings.iter().any(|(_, fit)| possible(*fit));
    // A text that reads well as it is changes only if its own column, not just the file, is in another
    // encoding.
    let lean = if as_is.bad == 0 { lean.own } else { lean.any() };
    match lean.filter(|lean| readings.iter().any(|(writing, fit)| writing == lean && possible(*fit))) {
        Some(writing) => Decided { text: convert(text, writing), writing, damage: None, open },
        None => Decided { open, ..plain(text.to_owned()) },
    }
}

/// The text whose UTF-8 bytes were taken for these letters (“Äáº¥t” for “Đất”); none if they are not UTF-8.
fn utf8_twice(text: &str) -> Option<String> {
    if !text.contains(['Ã', 'Ä', 'Å', 'Æ', 'á', 'â']) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        if let Ok(byte) = u8::try_from(u32::from(c)) {
            bytes.push(byte);
            continue;
        }
        let mut buffer = [0; 4];
        let (encoded, _, lost) = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
        match (&*encoded, lost) {
            ([byte], false) => bytes.push(*byte),
            _ => return None,
        }
    }
    let read = String::from_utf8(bytes).ok()?;
    let (fit, as_is) = (Fit::of(&read), Fit::of(text));
    (fit.bad == 0 && fit.good > 0 && as_is.bad > 0).then_some(read)
}

fn convert(text: &str, writing: Writing) -> String {
    match writing {
        Writing::Tcvn3 => from_tcvn3(text),
        Writing::Vni => from_vni(text),
        Writing::Unicode | Writing::Utf8Twice | Writing::Windows1258 => text.to_owned(),
    }
}

/// Decides a value whose bytes are not valid UTF-8.
fn decide_bytes(kept: &str, lean: Option<Writing>) -> Decided {
    let mut bytes = Vec::with_capacity(kept.len());
    for c in kept.chars() {
        match raw_byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    let utf8 = Utf8::of(&bytes);
    let latin: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let judged: String = latin.chars().take(JUDGED).collect();
    let windows = |bytes: &[u8]| encoding_rs::WINDOWS_1258.decode_without_bom_handling(bytes).0.nfc().collect::<String>();
    let mut readings = [
        (Writing::Tcvn3, Fit::of(&from_tcvn3(&judged))),
        (Writing::Vni, Fit::of(&from_vni(&judged))),
        (Writing::Windows1258, Fit::of(&windows(&bytes[..bytes.len().min(JUDGED)]))),
    ];
    readings.sort_by_key(|(writing, fit)| std::cmp::Reverse((fit.score(), Some(*writing) == lean)));
    let (best, fit) = readings[0];
    let utf8_fit = Fit::of(&utf8.text);
    let is_convincing = fit.good > 2 * fit.bad && fit.score() > utf8_fit.score();
    let read = |writing: Writing| if writing == Writing::Windows1258 { windows(&bytes) } else { convert(&latin, writing) };
    if utf8.letters > 0 && !is_convincing || utf8.ends_within && utf8.stray == 0 && lean == Some(Writing::Unicode) {
        let damage = match (utf8.stray, utf8.ends_within) {
            (0, false) => None,
            (0, true) => Some(Damage::Cut),
            _ => Some(Damage::Bytes),
        };
        return Decided { text: utf8.text, writing: Writing::Unicode, damage, open: false };
    }
    if is_convincing {
        let open = readings[1..].iter().any(|(_, rival)| rival.good > 2 * rival.bad && rival.score() == fit.score());
        return Decided { text: read(best), writing: best, damage: None, open };
    }
    // A sign such as the ² of Latin-1 does not need a Vietnamese word around it.
    let is_sign = Fit::of(&latin).bad == 0;
    let misfits = |lean: Writing| readings.iter().any(|(writing, fit)| *writing == lean && fit.bad > 0);
    match lean {
        Some(lean) if is_sign && misfits(lean) => Decided { text: latin, writing: Writing::Windows1258, damage: None, open: false },
        Some(Writing::Unicode) => Decided { text: utf8.text, writing: Writing::Unicode, damage: Some(Damage::Bytes), open: false },
        Some(writing) => Decided { text: read(writing), writing, damage: None, open: true },
        None if is_sign => Decided { text: latin, writing: Writing::Windows1258, damage: None, open: true },
        None => Decided { text: windows(&bytes), writing: Writing::Windows1258, damage: Some(Damage::Guess), open: true },
    }
}

/// The part of some bytes that is valid UTF-8.
struct Utf8 {
    text: String,
    /// Number of multi-byte letters.
    letters: usize,
    /// Number of bytes that are not UTF-8, not counting an unfinished letter at the end.
    stray: usize,
    /// True if the last bytes begin a letter that does not end.
    ends_within: bool,
}

impl Utf8 {
    fn of(bytes: &[u8]) -> Self {
        let mut found = Self { text: String::new(), letters: 0, stray: 0, ends_within: false };
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            found.letters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            found.text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            let begins = std::str::from_utf8(invalid).err().is_some_and(|error| error.error_len().is_none());
            if chunks.peek().is_none() && begins {
                found.ends_within = true;
            } else {
                found.stray += invalid.len();
            }
        }
        found.text.truncate(found.text.trim_end().len());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of texts made by other software: TCVN3 by iconv, VNI by the npm package vietnamese-conversion.
    const WITNESS: &str = include_str!("../../../tests/data/legacy_texts.csv");

    #[track_caller]
    fn reads(text: &str, lean: impl Into<Lean>, expected: &str, writing: Writing) {
        let decided = decide(text, lean);
        assert_eq!((decided.text.as_str(), decided.writing), (expected, writing), "{text}");
    }

    #[test]
    fn what_other_software_encoded_is_read_back_value_by_value() {
        let mut count = 0;
        for record in csv::Reader::from_reader(WITNESS.as_bytes()).records() {
            let record = record.expect("row");
            let (unicode, tcvn3, vni) = (&record[0], &record[1], &record[2]);
            reads(tcvn3, Lean::default(), unicode, Writing::Tcvn3);
            reads(vni, Lean::default(), unicode, Writing::Vni);
            reads(unicode, Writing::Tcvn3, unicode, Writing::Unicode);
            let bytes: Vec<u8> = tcvn3.chars().map(|c| c as u8).collect();
            reads(&keep(&bytes), Lean::default(), unicode, Writing::Tcvn3);
            count += 1;
        }
        assert!(count >= 10);
    }

    #[test]
    fn unicode_other_languages_and_signs_are_left_alone() {
        for text in
            ["Đất ở tại đô thị", "xã Tân Thịnh", "hàng hoá", "Straße", "café", "Zürich", "ODT", "", "120 m²", "3°", "20×30", "12 m³/s"]
        {
            reads(text, Lean::default(), text, Writing::Unicode);
        }
        for text in ["120 m²", "3°C", "1 ± 2", "Cap Nº 1", "nghieng 10º", "Diện tích 120 m² – 3°"] {
            reads(text, Writing::Tcvn3, text, Writing::Unicode);
        }
    }

    #[test]
    fn a_value_that_can_be_read_two_ways_follows_its_column() {
        reads("xã lò", Lean::default(), "xã lò", Writing::Unicode);
        assert!(decide("xã lò", Lean::default()).open);
        assert_eq!(decide("xã lò", Writing::Tcvn3).writing, Writing::Tcvn3);
        assert!(!decide("Hồ nuôi cá", Writing::Tcvn3).open, "letters beyond Latin-1 leave no choice");
    }

    #[test]
    fn a_soft_hyphen_between_plain_syllables_is_no_letter() {
        for text in ["Nha may S\u{ad}en", "Trung\u{ad}tam", "Hoa Binh\u{ad}", "xã T\u{ad}an An", "develop\u{ad}ment"] {
            reads(text, Lean::default(), text, Writing::Unicode);
            reads(&keep(text.as_bytes()), Lean::default(), text, Writing::Unicode);
        }
        // “Trng” is no syllable, so the hyphen's number is the letter.
        reads("Tr\u{ad}ng V\u{ad}\u{ac}ng", Lean::default(), "Trưng Vương", Writing::Tcvn3);
        reads("B\u{ad}u", Writing::Tcvn3, "Bưu", Writing::Tcvn3);
        assert!(decide("B\u{ad}u", Lean::default()).open, "its column decides");
    }

    #[test]
    fn what_reads_well_as_it_stands_is_not_changed_by_other_columns() {
        let elsewhere = Lean { own: None, whole: Some(Writing::Tcvn3) };
        for text in ["xã Tân An", "xã La Hà", "thôn Tân Hòa"] {
            reads(text, elsewhere, text, Writing::Unicode);
        }
        reads("§Êt ë", elsewhere, "Đất ở", Writing::Tcvn3);
    }

    #[test]
    fn utf8_written_as_utf8_once_more_is_read_back() {
        for text in ["Đất ở đô thị", "xã Tân Thịnh", "Hồ nuôi cá"] {
            let twice: String = text.bytes().map(char::from).collect();
            reads(&twice, Lean::default(), text, Writing::Utf8Twice);
            let (by_windows, _, _) = encoding_rs::WINDOWS_1252.decode(text.as_bytes()).to_owned();
            assert!(matches!(decide(&by_windows, Lean::default()).writing, Writing::Utf8Twice | Writing::Unicode));
        }
    }

    #[test]
    fn capitals_by_font_are_capitals() {
        reads("§ÊT ë §¤ THÞ", Lean::default(), "ĐẤT Ở ĐÔ THỊ", Writing::Tcvn3);
        reads("UBND x· T©n ThÞnh", Lean::default(), "UBND xã Tân Thịnh", Writing::Tcvn3);
    }

    #[test]
    fn damage_stays_in_its_cell() {
        let cut = |text: &str, bytes: usize| decide(&keep(&text.as_bytes()[..bytes]), Lean::default());
        let text = "Đất ở tại đô thị";
        let whole = "Đất ở t".len();
        for bytes in [whole + "ạ".len() - 1, whole + "ạ".len() - 2] {
            let decided = cut(text, bytes);
            assert!(decided.damage == Some(Damage::Cut) && decided.text.starts_with("Đất ở t"), "{decided:?}");
        }
        let stray = [text.as_bytes(), b"\xff", "nhà".as_bytes()].concat();
        let decided = decide(&keep(&stray), Lean::default());
        assert_eq!((decided.text.as_str(), decided.damage), ("Đất ở tại đô thịnhà", Some(Damage::Bytes)));
        let lost = decide("Đất \u{fffd} đô thị", Lean::default());
        assert_eq!((lost.text.as_str(), lost.damage), ("Đất  đô thị", Some(Damage::Lost)));
        assert_eq!(decide(&keep(b"Khu \xc4"), Writing::Unicode).damage, Some(Damage::Cut));
    }

    #[test]
    fn windows_1258_is_read_where_it_gives_vietnamese() {
        let (bytes, _, _) = encoding_rs::WINDOWS_1258.encode("Tra\u{323}m y tê\u{301} phươ\u{300}ng");
        reads(&keep(&bytes), Lean::default(), "Trạm y tế phường", Writing::Windows1258);
    }
}
