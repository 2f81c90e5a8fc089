//! The fonts of prints and pictures: Noto Sans (SIL Open Font License 1.1), compiled in. They have every
//! Vietnamese letter.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use resvg::usvg::fontdb::Database;
use ttf_parser::Face;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::words::alike::alike;
use crate::words::fold::is_character;

/// The font family that drawings ask for.
pub const FAMILY: &str = "Noto Sans";

/// The weight of a font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Weight 400.
    Regular,
    /// Weight 700.
    Bold,
}

static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut database = Database::new();
    for data in [notosans::REGULAR_TTF, notosans::BOLD_TTF, notosans::ITALIC_TTF] {
        database.load_font_data(data.to_vec());
    }
    Arc::new(database)
});

static REGULAR: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(notosans::REGULAR_TTF, 0).ok());
static BOLD: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(notosans::BOLD_TTF, 0).ok());

/// The fonts for a drawing.
pub fn database() -> Arc<Database> {
    Arc::clone(&DATABASE)
}

fn face(weight: Weight) -> Option<&'static Face<'static>> {
    match weight {
        Weight::Regular => REGULAR.as_ref(),
        Weight::Bold => BOLD.as_ref(),
    }
}

/// Characters that the fonts lack, and one that looks similar. None of the replacements has a meaning in XML.
const LIKE: &[(&str, char)] = &[
    ("✓✔☑✅", '√'),
    ("✗✘☒❌❎", '×'),
    ("☐❏❑◇", '□'),
    ("◆❖", '■'),
    ("⇒⟶➔➜➝➞➡", '→'),
    ("⇐⟵⬅", '←'),
    ("⇔⟷", '↔'),
    ("➢➤▶", '►'),
    ("★☆✦✱❋", '*'),
    ("～〜∼", '~'),
    ("❝〝", '“'),
    ("❞〞", '”'),
    ("「『", '“'),
    ("」』", '”'),
    ("【〔", '['),
    ("】〕", ']'),
    ("《", '«'),
    ("》", '»'),
    ("〈", '‹'),
    ("〉", '›'),
    // The bullet of Word's symbol font.
    ("\u{f0b7}\u{f0a7}\u{2027}‣⦁❶❷❸❹❺❻❼❽❾", '•'),
    ("\u{f0d8}❯", '›'),
    ("❮⟨", '‹'),
    ("⟩", '›'),
    ("\u{f0fc}", '√'),
    ("\u{f02d}", '-'),
    ("⋅", '·'),
    ("∶", ':'),
    ("∣∥", '|'),
    ("⋯", '…'),
    ("⸺⸻⎯", '—'),
    ("｡", '.'),
    ("⌀∅", 'ø'),
    ("✕✖", '×'),
    ("⚠", '!'),
    ("。", '.'),
    ("、", ','),
];

/// Signs that become a word, which is Vietnamese as a city's own texts are: “ĐT” for a telephone.
const SIGNS: [(&str, &str); 2] = [("☎☏✆📞📱", "ĐT"), ("✉📧", "Thư")];

/// Most characters that are reported in the log.
const MOST_TOLD: usize = 500;

/// Logs each character that no font has, once. Prints show a question mark for it.
fn tell(c: char) {
    static TOLD: Mutex<BTreeSet<char>> = Mutex::new(BTreeSet::new());
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.len() < MOST_TOLD && told.insert(c) {
        tracing::warn!("the fonts of prints have no “{c}” (U+{:04X}): prints show a question mark for it", u32::from(c));
    }
}

/// Appends a character as it is drawn: itself, or something similar if the fonts lack it. Invisible
/// characters are dropped. In markup, a sign such as `<` is written as its entity.
fn push_drawn(out: &mut String, c: char, is_markup: bool) {
    let has = |c: &char| face(Weight::Regular).is_some_and(|face| face.glyph_index(*c).is_some());
    let Some(read) = alike(c) else { return };
    let like = LIKE.iter().find(|(lacked, _)| lacked.contains(c)).map(|(_, like)| *like);
    let mut push = |part: char| match part {
        '<' | '>' | '&' | '"' | '\'' if is_markup => out.push_str(&quick_xml::escape::escape(&*part.encode_utf8(&mut [0; 4]))),
        part => out.push(part),
    };
    if let Some(drawn) = [Some(c), like, Some(read)].into_iter().flatten().find(has) {
        push(drawn);
        return;
    }
    if let Some((_, word)) = SIGNS.iter().find(|(signs, _)| signs.contains(c)) {
        out.push_str(word);
        return;
    }
    // Full-width letters, circled numbers, ㎡ and the like are composed from characters that the fonts have.
    let parts: String = std::iter::once(c).nfkc().filter(|part| !is_combining_mark(*part)).collect();
    if !parts.is_empty() && parts.chars().all(|part| has(&part)) {
        parts.chars().for_each(push);
    } else {
        tell(c);
        out.push('?');
    }
}

/// Replaces letters of a drawing that have no glyph. Maps write names as they are, because pages have more fonts.
pub fn with_glyphs(svg: &str) -> Cow<'_, str> {
    if svg.is_ascii() {
        return Cow::Borrowed(svg);
    }
    let mut drawn = String::with_capacity(svg.len());
    svg.chars().for_each(|c| if c.is_ascii() { drawn.push(c) } else { push_drawn(&mut drawn, c, true) });
    Cow::Owned(drawn)
}

/// A combining mark as a character of its own; `None` if there is no such character.
fn standing(mark: char) -> Option<char> {
    Some(match mark {
        '\u{300}' => '`',
        '\u{301}' => '´',
        '\u{302}' => 'ˆ',
        '\u{303}' => '˜',
        '\u{306}' => '˘',
        '\u{308}' => '¨',
        mark => {
            tell(mark);
            return None;
        }
    })
}

/// Text that can be printed: in NFC, on one line. A character without a glyph becomes a similar one, or
/// else a question mark, because a print for archives (PDF/A) may not have missing glyphs.
pub fn printable(text: &str) -> String {
    // The PDF/A writer refuses a mark that cannot be joined with its letter. Such a mark is drawn behind
    // the letter, like the breve of Ê Đê.
    let letters = text.nfc().filter_map(|c| if is_combining_mark(c) { standing(c) } else { Some(c) });
    let drawn = letters.map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control() && is_character(*c));
    drawn.fold(String::with_capacity(text.len()), |mut out, c| {
        push_drawn(&mut out, c, false);
        out
    })
}

/// Width of a text as a multiple of the font size.
pub fn width(text: &str, weight: Weight) -> f64 {
    let Some(face) = face(weight) else { return text.chars().count() as f64 * 0.6 };
    let advance = |c: char| face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or_default();
    text.chars().map(|c| f64::from(advance(c))).sum::<f64>() / f64::from(face.units_per_em())
}

/// Breaks a text into lines at most `room` wide at font size `size`, both in the same unit. A word that is
/// too long is broken where necessary.
pub fn lines(text: &str, weight: Weight, size: f64, room: f64) -> Vec<String> {
    let room = room / size;
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in printable(text).split(' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, weight) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if width(&line, weight) > room && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::take(&mut line));
                line.push(c);
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// As [`lines`], with at most `most` lines. An ellipsis shows that something is left out.
pub fn lines_within(text: &str, weight: Weight, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut lines = lines(text, weight, size, room);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
            while width(last, weight) > room / size && last.chars().count() > 2 {
                last.pop();
                last.pop();
                last.push('…');
            }
        }
    }
    lines
}

/// The largest of the sizes at which a text takes at most `most` lines, or the smallest if none fits.
pub fn fitting(text: &str, weight: Weight, room: f64, most: usize, sizes: &[f64]) -> f64 {
    let fits = |size: &&f64| lines(text, weight, **size, room).len() <= most;
    sizes.iter().find(fits).or(sizes.last()).copied().unwrap_or(4.0)
}

/// The size, at most `largest`, at which a text takes one line: an address that broke, or ended in an ellipsis, would
/// lead nowhere.
pub fn on_one_line(text: &str, weight: Weight, room: f64, largest: f64) -> f64 {
    largest.min(room / width(&printable(text), weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vietnamese_letter_has_a_glyph() {
        let letters = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ";
        let all: String = letters.chars().flat_map(|c| [c, c.to_uppercase().next().expect("upper")]).collect();
        for weight in [Weight::Regular, Weight::Bold] {
            let face = face(weight).expect("the font");
            for c in all.chars().chain("–—…“”‘’•×±²°→".chars()) {
                assert!(face.glyph_index(c).is_some() || c == '→', "{c}");
            }
        }
        assert_eq!(printable("x\u{301}\u{ffff} e\u{302}\u{306}"), "x´ ê˘");
        assert_eq!(printable("Ye\u{302}n Ba\u{301}i\n☎: 0216"), "Yên Bái ĐT: 0216");
    }

    #[test]
    fn an_address_stays_on_one_line_however_long_it_is() {
        for length in [5, 40, 82, 200, 500] {
            let address = "bangtin.".to_owned() + &"m".repeat(length);
            let size = on_one_line(&address, Weight::Regular, 60.0, 4.2);
            assert!(size <= 4.2 && width(&address, Weight::Regular) * size <= 60.000_1, "{length}");
        }
        assert!(on_one_line("b.vn", Weight::Regular, 60.0, 4.2) > 4.19, "a short one is not smaller");
    }

    #[test]
    fn what_the_fonts_lack_becomes_what_looks_like_it() {
        for (written, drawn) in [
            ("0003/QĐ\u{2011}DEMO", "0003/QĐ-DEMO"),
            ("1\u{2010}2\u{ff0d}3", "1-2-3"),
            ("Tầm nhìn 2030 – 2050 — \u{2212}5", "Tầm nhìn 2030 – 2050 — \u{2212}5"),
            ("✓ có ✔ có ✗ không ☐ chưa", "√ có √ có × không □ chưa"),
            ("➔ xem ⇒ xem ➤ xem", "→ xem → xem ► xem"),
            ("Ｑｕｙ ① 100 ㎡ 25 ℃ ２０３０", "Quy 1 100 m2 25 °C 2030"),
            ("quy\u{ad}hoạch\u{2060}\u{feff}", "quyhoạch"),
            ("\u{d0}ường", "\u{d0}ường"),
            ("★ 5～6", "* 5~6"),
            ("Ａ＆Ｂ ＜5＞ 「Tổ」【1】", "A&B <5> “Tổ”[1]"),
        ] {
            assert_eq!(printable(written), drawn, "{written}");
            assert!(printable(written).chars().all(|c| c == ' ' || face(Weight::Bold).is_some_and(|face| face.glyph_index(c).is_some())));
        }
        // A character with nothing similar leaves a question mark and a line in the log.
        assert_eq!(printable("💣 ក"), "? ?");
        assert_eq!(with_glyphs("<text x=\"1\">Phường Yên\u{2011}Bái ＜&amp;</text>"), "<text x=\"1\">Phường Yên-Bái &lt;&amp;</text>");
    }

    #[test]
    fn long_titles_wrap_and_nothing_is_lost() {
        let title = "Điều chỉnh quy hoạch chung thành phố Yên Bái và vùng phụ cận đến năm 2040, tầm nhìn đến năm 2060";
        let lines = lines(title, Weight::Bold, 8.0, 180.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, Weight::Bold) * 8.0 <= 180.0));
        assert_eq!(lines.join(" "), title);
        let word = "Ngh".repeat(60);
        let broken = super::lines(&word, Weight::Regular, 5.0, 50.0);
        assert!(broken.len() > 3 && broken.concat() == word);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let lines = lines_within(&"từ ".repeat(400), Weight::Regular, 4.0, 60.0, 3);
        assert!(lines.len() == 3 && lines[2].ends_with('…'));
    }
}
