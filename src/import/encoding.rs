//! Vietnamese in the encodings that came before Unicode: TCVN3 (ABC fonts) and VNI.
//!
//! Old attribute tables hold them as bytes of Latin-1, and newer files as the Unicode characters of
//! those bytes (“§Êt ë ®« thÞ”). Which one it is, is seen from what reads as Vietnamese syllables.
//! Sources: TCVN 5712:1993 VN3 for TCVN3; the VNI Windows table of VNI Software Co.

use unicode_normalization::UnicodeNormalization;

/// An encoding that was found in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    /// TCVN 5712, fonts named `.Vn…`.
    Tcvn3,
    /// VNI Windows, fonts named `VNI-…`.
    Vni,
}

impl Legacy {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcvn3 => "TCVN3 (ABC)",
            Self::Vni => "VNI",
        }
    }
}

/// Characters of TCVN3 from 0xA1 to 0xFE.
const TCVN3: &str =
    "ĂÂÊÔƠƯĐăâêôơưđẰ\u{300}\u{309}\u{303}\u{301}\u{323}àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵ";

/// Letters of VNI that stand alone.
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

fn from_tcvn3(text: &str) -> String {
    let letter = |c: char| match c as u32 {
        code @ 0xa1..=0xfe => TCVN3.chars().nth(code as usize - 0xa1).unwrap_or(c),
        _ => c,
    };
    text.chars().map(letter).nfc().collect()
}

fn from_vni(text: &str) -> String {
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

/// The text in Unicode, NFC.
pub fn convert(text: &str, from: Legacy) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    match from {
        Legacy::Tcvn3 => from_tcvn3(text),
        Legacy::Vni => from_vni(text),
    }
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

/// True for a syllable that Vietnamese can have.
fn is_syllable(word: &str) -> bool {
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

/// Words with letters beyond ASCII: how many are Vietnamese syllables, and how many not.
fn score(texts: &[&str]) -> (usize, usize) {
    let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphabetic() && c.is_ascii()));
    words.filter(|word| !word.is_ascii()).fold((0, 0), |(yes, no), word| if is_syllable(word) { (yes + 1, no) } else { (yes, no + 1) })
}

/// The encoding in which the texts read as Vietnamese where they do not as they stand; none for
/// Unicode and for texts that are not Vietnamese.
pub fn detect<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Legacy> {
    // Both encodings live in Latin-1: a text with other letters is Unicode already.
    let latin = |text: &&str| !text.is_ascii() && text.chars().all(|c| (c as u32) < 0x100);
    let texts: Vec<&str> = texts.filter(latin).take(2_000).collect();
    let best = [Legacy::Tcvn3, Legacy::Vni].into_iter().map(|legacy| {
        let converted: Vec<String> = texts.iter().map(|text| convert(text, legacy)).collect();
        (score(&converted.iter().map(String::as_str).collect::<Vec<_>>()), legacy)
    });
    let ((yes, no), legacy) = best.max_by_key(|((yes, no), _)| *yes as i64 - *no as i64)?;
    let (now, _) = score(&texts);
    (yes > no * 2 && yes > now * 2).then_some(legacy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs made by other software (TCVN3 by iconv, VNI by the npm package vietnamese-conversion) are in `tests/data/legacy_texts.csv`.
    const WITNESS: &str = include_str!("../../tests/data/legacy_texts.csv");

    #[test]
    fn what_other_software_encoded_is_read_back_and_recognised() {
        let mut count = 0;
        for record in csv::Reader::from_reader(WITNESS.as_bytes()).records() {
            let record = record.expect("row");
            let (unicode, tcvn3, vni) = (&record[0], &record[1], &record[2]);
            assert_eq!(convert(tcvn3, Legacy::Tcvn3), unicode);
            assert_eq!(convert(vni, Legacy::Vni), unicode);
            count += 1;
        }
        assert!(count >= 10);
        let column = |n: usize| -> Vec<String> {
            csv::Reader::from_reader(WITNESS.as_bytes()).records().map(|r| r.expect("row")[n].to_owned()).collect()
        };
        assert_eq!(detect(column(1).iter().map(String::as_str)), Some(Legacy::Tcvn3));
        assert_eq!(detect(column(2).iter().map(String::as_str)), Some(Legacy::Vni));
        assert_eq!(detect(column(0).iter().map(String::as_str)), None);
    }

    #[test]
    fn unicode_and_other_languages_are_left_alone() {
        assert_eq!(detect(["Đất ở tại đô thị", "xã Tân Thịnh", "hàng hoá"].into_iter()), None);
        assert_eq!(detect(["Straße", "café", "Zürich"].into_iter()), None);
        assert_eq!(detect(["ODT", "LUC", ""].into_iter()), None);
    }
}
