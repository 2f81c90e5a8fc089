//! Text as people search it: without diacritics or case.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Lower case without diacritics; đ becomes d, so both tone placements (hoà, hòa) are alike.
///
/// ```
/// assert_eq!(bangtin::domain::fold::fold("Đường Hoà Bình"), "duong hoa binh");
/// assert_eq!(bangtin::domain::fold::fold("Yên Bái"), bangtin::domain::fold::fold("Ye\u{302}n Ba\u{301}i"));
/// ```
pub fn fold(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

/// Text without diacritics, its case kept; Đ becomes D.
///
/// ```
/// assert_eq!(bangtin::domain::fold::fold_marks("Đường Hoà Bình"), "Duong Hoa Binh");
/// ```
pub fn fold_marks(text: &str) -> String {
    let plain = text.nfd().filter(|c| !is_combining_mark(*c));
    plain
        .map(|c| match c {
            'đ' => 'd',
            'Đ' => 'D',
            c => c,
        })
        .collect()
}

/// Text as it is stored: NFC, without control and direction-changing characters, trimmed.
///
/// Direction marks could make a name read as something else on a printed page.
pub fn clean(text: &str) -> String {
    let kept = text.nfc().filter(|c| {
        (!c.is_control() || *c == '\n')
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    });
    kept.collect::<String>().trim().to_owned()
}

/// Edit distance (Levenshtein) of two short texts, for proposing a near miss.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut previous = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = previous + usize::from(ca != *cb);
            previous = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(previous + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_marks_and_nul_are_removed() {
        assert_eq!(clean(" a\u{202e}b\u{0}c\u{feff} "), "abc");
    }

    #[test]
    fn a_near_miss_has_a_small_distance() {
        assert_eq!(distance("LUCC", "LUC"), 1);
        assert_eq!(distance("ODT", "ONT"), 1);
        assert_eq!(distance("", "ab"), 2);
    }
}
