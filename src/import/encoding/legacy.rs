//! Converts Vietnamese texts from encodings older than Unicode: TCVN3 (ABC fonts) and VNI.
//!
//! Old attribute tables hold such texts as bytes of Latin-1, newer files as the Unicode characters of those
//! bytes (“§Êt ë ®« thÞ”).
//! Sources: TCVN 5712:1993 VN3 for TCVN3; the VNI Windows table of VNI Software Co.

use unicode_normalization::UnicodeNormalization;

/// Characters of TCVN3 from 0xA1 to 0xFE.
const TCVN3: &str =
    "ĂÂÊÔƠƯĐăâêôơưđẰ\u{300}\u{309}\u{303}\u{301}\u{323}àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵ";

/// Letters of VNI that consist of one character.
const VNI_LETTERS: &[(char, char)] = &[
    ('ñ', 'đ'),
    ('Ñ', 'Đ'),
    ('ô', 'ơ'),
    ('Ô', 'Ơ'),
    ('ö', 'ư'),
    ('Ö', 'Ư'),
    ('í', 'í'),
    ('Í', 'Í'),
    ('ì', 'ì'),
    ('Ì', 'Ì'),
    ('æ', 'ỉ'),
    ('Æ', 'Ỉ'),
    ('ó', 'ĩ'),
    ('Ó', 'Ĩ'),
    ('ò', 'ị'),
    ('Ò', 'Ị'),
    ('î', 'ỵ'),
    ('Î', 'Ỵ'),
];

/// Marks of VNI that follow a vowel, and what they add to it.
const VNI_MARKS: &[(char, &str)] = &[
    ('ù', "\u{301}"),
    ('ø', "\u{300}"),
    ('û', "\u{309}"),
    ('õ', "\u{303}"),
    ('ï', "\u{323}"),
    ('â', "\u{302}"),
    ('á', "\u{302}\u{301}"),
    ('à', "\u{302}\u{300}"),
    ('å', "\u{302}\u{309}"),
    ('ã', "\u{302}\u{303}"),
    ('ä', "\u{302}\u{323}"),
    ('ê', "\u{306}"),
    ('é', "\u{306}\u{301}"),
    ('è', "\u{306}\u{300}"),
    ('ú', "\u{306}\u{309}"),
    ('ü', "\u{306}\u{303}"),
    ('ë', "\u{306}\u{323}"),
];

/// Converts TCVN3 to Unicode, NFC.
///
/// TCVN3 has no capitals with tones, so fonts whose names end in `H` draw small letters as capitals. A text
/// whose plain letters are all capitals was seen in capitals, and is converted to capitals.
pub(super) fn from_tcvn3(text: &str) -> String {
    let letter = |c: char| match c as u32 {
        code @ 0xa1..=0xfe => TCVN3.chars().nth(code as usize - 0xa1).unwrap_or(c),
        _ => c,
    };
    let unicode: String = text.chars().map(letter).nfc().collect();
    if in_capitals(text) { unicode.to_uppercase() } else { unicode }
}

/// True if all ASCII letters are capitals, and there are at least two.
fn in_capitals(text: &str) -> bool {
    let mut letters = text.chars().filter(char::is_ascii_alphabetic).peekable();
    let first = letters.next();
    first.is_some() && letters.peek().is_some() && first.into_iter().chain(letters).all(|c| c.is_ascii_uppercase())
}

/// Converts VNI to Unicode, NFC.
pub(super) fn from_vni(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut after_vowel = false;
    for c in text.chars() {
        let lower: char = c.to_lowercase().next().unwrap_or(c);
        let mark = VNI_MARKS.iter().find(|(mark, _)| *mark == lower);
        if let Some((_, marks)) = mark.filter(|_| after_vowel) {
            out.push_str(marks);
            after_vowel = false;
            continue;
        }
        let letter = VNI_LETTERS.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
        out.push(letter);
        after_vowel = "aăâeêioôơuưy".contains(letter.to_lowercase().next().unwrap_or(letter));
    }
    out.nfc().collect()
}

const ONSETS: &[&str] = &[
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr", "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "r", "s",
    "t", "v", "x", "",
];
const NUCLEI: &[&str] = &[
    "a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y", "ia", "iê", "yê", "ua", "uô", "ưa", "ươ", "oa", "oă", "oe", "uê", "uy",
    "uâ", "uya", "uyê", "ai", "ao", "au", "ay", "âu", "ây", "eo", "êu", "iu", "oi", "ôi", "ơi", "ui", "ưi", "ưu", "uôi", "ươi", "ươu",
    "iêu", "yêu", "oai", "oay", "oao", "uây", "uyu", "oeo", "oo",
];
const CODAS: &[&str] = &["ch", "ng", "nh", "c", "m", "n", "p", "t", ""];

/// True if a word is a possible Vietnamese syllable.
pub(super) fn is_syllable(word: &str) -> bool {
    let mut tones = 0;
    let bare: String = word
        .to_lowercase()
        .nfd()
        .filter(|c| {
            let tone = matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}');
            tones += u32::from(tone);
            !tone
        })
        .nfc()
        .collect();
    let fits = |onset: &&&str| {
        bare.strip_prefix(**onset)
            .is_some_and(|rest| CODAS.iter().any(|coda| rest.strip_suffix(coda).is_some_and(|nucleus| NUCLEI.contains(&nucleus))))
    };
    tones <= 1 && ONSETS.iter().any(|onset| fits(&onset))
}
