//! Letters that look alike: one table for search, filters, keys, codes and units.
//!
//! Keyboards, word processors and scans write an Icelandic Ð for Đ, non-breaking hyphens and blanks, full-width
//! letters and digits, letters of other scripts, and invisible hyphens. Nobody can tell them apart on a page, so
//! comparisons of texts do not either. Published texts stay as they were written.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The character that `c` is read as; none for an invisible one.
pub fn alike(c: char) -> Option<char> {
    Some(match c {
        'Ð' | 'Ɖ' => 'Đ',
        'ð' | 'ɖ' => 'đ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' | '\u{2d7}' | '\u{58a}' | '\u{1806}' | '\u{2796}' | '\u{fe58}' | '\u{fe63}' => {
            '-'
        }
        '\u{2044}' | '\u{2215}' | '\u{2571}' | '\u{29f8}' => '/',
        // Full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        // Cyrillic and Greek letters that are drawn like Latin ones.
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'У' | 'Υ' => 'Y',
        'Х' | 'Χ' => 'X',
        'Ζ' => 'Z',
        'а' => 'a',
        'с' => 'c',
        'е' => 'e',
        'і' => 'i',
        'ј' => 'j',
        'о' | 'ο' => 'o',
        'р' => 'p',
        'ѕ' => 's',
        'у' => 'y',
        'х' => 'x',
        // Bold and italic letters and digits for mathematics, as social networks' posts have them.
        '\u{1d400}'..='\u{1d7ff}' => std::iter::once(c).nfkc().next().unwrap_or(c),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}' | '\u{3000}' => ' ',
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => return None,
        c => c,
    })
}

/// A text in the form in which texts are compared: every character as it is read ([`alike`]), in NFC.
///
/// ```
/// use bangtin::words::alike::read;
/// assert_eq!(read("0003/Q\u{d0}\u{2011}DEMO"), "0003/QĐ-DEMO");
/// assert_eq!(read("Ye\u{302}n\u{a0}Ba\u{301}i"), "Yên Bái");
/// ```
pub fn read(text: &str) -> Cow<'_, str> {
    let is_plain = || text.chars().all(|c| alike(c) == Some(c)) && is_nfc_quick(text.chars()) == IsNormalized::Yes;
    if text.is_ascii() || is_plain() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter_map(alike).nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_read_alike() {
        for like in ["Ð", "Ɖ", "Đ", "\u{200b}Đ", "Đ\u{ad}", "\u{feff}\u{d0}\u{2060}"] {
            assert_eq!(read(like), "Đ", "{like:?}");
        }
        for like in ["ð", "ɖ", "đ", "đ\u{200d}"] {
            assert_eq!(read(like), "đ", "{like:?}");
        }
        for dash in [
            '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}', '\u{ff0d}', '\u{2043}', '\u{2d7}',
            '\u{2796}', '-',
        ] {
            assert_eq!(read(&format!("1{dash}2")), "1-2", "{dash:?}");
        }
        for slash in ['\u{2044}', '\u{2215}', '\u{ff0f}', '/'] {
            assert_eq!(read(&format!("1{slash}2")), "1/2", "{slash:?}");
        }
        for blank in ('\u{2000}'..='\u{200a}').chain(['\u{a0}', '\u{202f}', '\u{3000}', ' ']) {
            assert_eq!(read(&format!("1{blank}2")), "1 2", "{blank:?}");
        }
        assert_eq!(read("12/QĐ-UВND, Тổ Ο"), "12/QĐ-UBND, Tổ O");
        assert_eq!(read("０７７７／ＱＨＳＤＤ－２１ａｇ！～"), "0777/QHSDD-21ag!~");
        for unseen in ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{180e}', '\u{3164}', '\u{e0020}'] {
            assert_eq!(read(&format!("1{unseen}2")), "12", "{unseen:?}");
        }
    }

    #[test]
    fn what_stood_apart_is_composed_and_what_is_plain_is_handed_back() {
        assert_eq!(read("e\u{200b}\u{302}\u{301}"), "ế");
        for plain in ["", "0003/QD-DEMO", "Điều chỉnh quy hoạch", "Đường Hòa Bình – 12"] {
            let is_same = matches!(read(plain), Cow::Borrowed(same) if same == plain);
            assert_eq!(is_same, !plain.contains('–'), "{plain}");
        }
        assert_eq!(read(&read("Q\u{d0}\u{2011}1")), read("Q\u{d0}\u{2011}1"));
    }
}
