//! Text as people search it: without diacritics or case.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use crate::words::alike::{alike, read};

/// Lower case without diacritics; đ becomes d, and both tone placements (hoà, hòa) become the same text. So do
/// letters that look alike. Keys of claims are made with this function: whoever changes its results raises
/// `event_store::CLAIM_RULE`.
///
/// ```
/// assert_eq!(bangtin::words::fold::fold("Đường Hoà Bình"), "duong hoa binh");
/// assert_eq!(bangtin::words::fold::fold("Yên Bái"), bangtin::words::fold::fold("Ye\u{302}n Ba\u{301}i"));
/// ```
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    bare_letters(text, |c| match c {
        c if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
        'đ' | 'Đ' => folded.push('d'),
        c => folded.extend(c.to_lowercase()),
    });
    folded
}

/// Hands out the letters of a text without their marks. The order in which marks stand needs no care then, so a letter at
/// a time is taken apart: several times as fast as the normal form of the whole text.
fn bare_letters(text: &str, mut take: impl FnMut(char)) {
    for c in text.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            take(c);
            continue;
        }
        decompose_canonical(c, |part| {
            if let Some(c) = alike(part).filter(|c| !is_combining_mark(*c)) {
                take(c);
            }
        });
    }
}

/// A decision's number as it is compared. Which signs stand in it, whether words stand before it and whether it has
/// zeros in front depends on who typed it: “Số: 0777 / QĐ - UBND.”, “777/QĐ UBND”. Only between digits do signs tell
/// numbers apart. Keys of claims are made with this function, as with [`fold`].
///
/// ```
/// use bangtin::words::fold::bare_number;
/// assert_eq!(bare_number("Số: 0777 / QĐ - UBND."), bare_number("777/QĐ UBND"));
/// assert_eq!(bare_number("777/QĐ-UBND ngày 1/3/2026"), bare_number("777/QĐ-UBND"));
/// assert_ne!(bare_number("7/77/QĐ-UBND"), bare_number("777/QĐ-UBND"));
/// ```
pub fn bare_number(number: &str) -> String {
    // “0003/QĐ-UBND ngày 20/3/2024” names its day too.
    let folded = fold(number);
    let folded =
        folded.split_once(" ngay ").filter(|(_, day)| day.starts_with(|c: char| c.is_ascii_digit())).map_or(&*folded, |(number, _)| number);
    let mut bare = String::new();
    for part in folded.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        if bare.ends_with(|c: char| c.is_ascii_digit()) && part.starts_with(|c: char| c.is_ascii_digit()) {
            bare.push('/');
        }
        bare.push_str(part);
    }
    let mut rest = bare.as_str();
    for word in ["quyetdinh", "qd", "so"] {
        let behind = rest.strip_prefix(word).unwrap_or(rest);
        // “QĐNN 12” keeps its letters: they are words only before a number or another word.
        if behind.starts_with(|c: char| c.is_ascii_digit()) || behind.starts_with("so") || behind.starts_with("qd") {
            rest = behind;
        }
    }
    let significant = rest.trim_start_matches('0');
    if significant.starts_with(|c: char| c.is_ascii_digit()) { significant.to_owned() } else { rest.to_owned() }
}

/// Numbers of units as they are compared: “04252 – 2025” and “04252-2025” are one.
///
/// ```
/// use bangtin::words::fold::bare_units;
/// assert_eq!(bare_units("04252 \u{2013}\u{a0}2025, 04249-2020"), "04252-2025, 04249-2020");
/// ```
pub fn bare_units(units: &str) -> String {
    read(units).split('-').map(str::trim).collect::<Vec<_>>().join("-")
}

/// Text without diacritics, its case kept; Đ becomes D.
///
/// ```
/// assert_eq!(bangtin::words::fold::fold_marks("Đường Hoà Bình"), "Duong Hoa Binh");
/// ```
pub fn fold_marks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    bare_letters(text, |c| {
        plain.push(match c {
            'đ' => 'd',
            'Đ' => 'D',
            c => c,
        });
    });
    plain
}

/// A word in lower case with its marks behind its letters: both tone placements give the same text, and
/// other words stay different. Without marks only the letters are left.
///
/// ```
/// use bangtin::words::fold::marked;
/// assert_eq!(marked("hoà"), marked("Hòa"));
/// assert_ne!(marked("hoà"), marked("họa"));
/// assert_eq!(marked("hoa"), "hoa");
/// ```
pub fn marked(word: &str) -> String {
    let mut letters = String::with_capacity(word.len());
    let mut marks = Vec::new();
    for c in word.nfd().filter_map(alike).flat_map(char::to_lowercase) {
        match c {
            'đ' => {
                letters.push('d');
                marks.push(c);
            }
            c if is_combining_mark(c) => marks.push(c),
            c => letters.push(c),
        }
    }
    marks.sort_unstable();
    letters.extend(marks);
    letters
}

/// False for Unicode's noncharacters, such as U+FFFE: they have no place in XML.
pub fn is_character(c: char) -> bool {
    !matches!(c, '\u{fdd0}'..='\u{fdef}') && u32::from(c) & 0xfffe != 0xfffe
}

/// Text as it is stored: NFC, without control and direction-changing characters, trimmed.
///
/// Direction marks could make a name read as something else on a printed page. A control character, or a line break
/// other than `\n` and `\r\n`, becomes a blank, because it may stand between words.
///
/// After a letter at most two combining marks stay that NFC does not compose with it: more would be painted over
/// the text around. Noncharacters have no place in XML.
pub fn clean(text: &str) -> String {
    let mut marks = 0;
    let parted = |c: char| if c != '\n' && c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    let text = text.replace("\r\n", "\n");
    let kept = text.nfc().map(parted).filter(|c| {
        marks = if is_combining_mark(*c) { marks + 1 } else { 0 };
        marks <= 2
            && is_character(*c)
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    });
    kept.collect::<String>().trim().to_owned()
}

/// A text that a person has just typed or pasted, as it is stored: cleaned, with the Đ that was meant and without
/// invisible characters. Dashes and blanks stay as they were typed. Texts from files do not pass through here, so
/// that the same file gives the same digest in every version of the program.
pub fn typed(text: &str) -> String {
    let meant = text.chars().filter_map(|c| alike(c).map(|read| if matches!(read, 'Đ' | 'đ') { read } else { c }));
    clean(&meant.collect::<String>())
}

/// Edit distance of two short texts, for proposing a near miss. Exchanging two neighbours counts as one edit
/// (optimal string alignment).
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            row[j + 1] = (last[j] + usize::from(a[i] != b[j])).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_removed_and_what_parts_words_is_a_blank() {
        assert_eq!(clean(" a\u{202e}b\u{0}c\u{feff}\u{ffff}\u{fdd1} "), "ab c");
        assert_eq!(clean("Thôn\tBa\rCả\r\nNhì\u{b}\u{2028}\u{85}Tư\n\r"), "Thôn Ba Cả\nNhì   Tư");
        assert_eq!(clean(&format!("x{}y", "\u{301}".repeat(300))), "x\u{301}\u{301}y");
    }

    #[test]
    fn letters_that_look_alike_fold_alike() {
        for like in
            ["0003/QĐ-DEMO", "0003/Q\u{d0}-DEMO", "0003/q\u{f0}\u{2011}demo", "0003/Q\u{189}\u{2013}DE\u{ad}MO", "0003/Q\u{200b}Đ−DEMO"]
        {
            assert_eq!(fold(like), "0003/qd-demo", "{like:?}");
        }
        assert_eq!(fold("UBND\u{a0}tỉnh"), fold("UBND tỉnh"));
        assert_eq!(fold_marks("\u{d0}ường"), fold_marks("Đường"));
        assert_eq!(marked("\u{f0}ường"), marked("Đường"));
        assert_ne!(marked("\u{f0}ường"), marked("dường"));
    }

    #[test]
    fn what_is_typed_keeps_its_dashes_and_gets_the_letter_that_was_meant() {
        assert_eq!(typed("12/Q\u{d0}\u{2011}UBND"), "12/QĐ\u{2011}UBND");
        assert_eq!(typed(" \u{f0}i\u{ad}ều\u{a0}1\u{2013}2\u{200d}\n"), "điều\u{a0}1\u{2013}2");
        assert_eq!(typed("Điều chỉnh – đến năm 2030"), "Điều chỉnh – đến năm 2030");
    }

    #[test]
    fn a_near_miss_has_a_small_distance() {
        assert_eq!(distance("LUCC", "LUC"), 1);
        assert_eq!(distance("ODT", "ONT"), 1);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("hoahc", "hoach"), 1, "two letters exchanged");
        assert_eq!(distance("ca", "abc"), 3);
    }
}
