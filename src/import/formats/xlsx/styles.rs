//! Number formats of cells (ECMA-376 part 1, §18.8.30 and 18.8.31): days, times, durations, and the patterns by
//! which a phone number keeps its leading 0.

use super::super::ReadError;
use super::super::archive::Archive;
use super::parts::{Part, XmlEvent, attribute};
use crate::import::cell;

/// Longest number format, in characters; the limit of Excel.
const FORMAT_CHARS: usize = 255;

/// How a cell's number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Plain,
    Day,
    /// A day without its year.
    DayMonth,
    /// A month and its day, in this order, without the year.
    MonthDay,
    DayAndTime,
    /// A time of day.
    Time,
    /// A duration, which may be longer than a day.
    Elapsed,
    Percent,
    /// By a digit pattern; the value is its index in the list of formats.
    Pattern(u16),
    /// By the digit pattern of the first section whose condition holds.
    Conditional(u16),
}

/// The cell styles of a workbook.
#[derive(Default)]
pub(super) struct Styles {
    /// The number of each style's format.
    cells: Vec<u16>,
    /// For each font, and below for each style, whether it strikes text through.
    struck_fonts: Vec<bool>,
    struck: Vec<bool>,
    /// Number formats that the workbook defines.
    own: Vec<(u16, String)>,
    /// How each of those formats shows a number.
    kinds: Vec<Shown>,
}

impl Styles {
    /// Reads the styles of a workbook.
    pub(super) fn read(archive: &mut Archive) -> Result<Self, ReadError> {
        let mut styles = Self::default();
        let Some(mut part) = Part::open(archive, "xl/styles.xml")? else { return Ok(styles) };
        let (mut in_cells, mut in_fonts) = (false, false);
        while let Some(piece) = part.next()? {
            match piece {
                XmlEvent::Begin(name, attributes) => match name.as_str() {
                    "cellXfs" => in_cells = true,
                    "fonts" => in_fonts = true,
                    "font" if in_fonts => styles.struck_fonts.push(false),
                    "strike" if in_fonts => {
                        let is_struck = !matches!(attribute(&attributes, "val"), Some("0" | "false"));
                        styles.struck_fonts.last_mut().into_iter().for_each(|font| *font = is_struck);
                    }
                    "xf" if in_cells => {
                        let font = attribute(&attributes, "fontId").and_then(|id| id.parse::<usize>().ok()).unwrap_or(0);
                        styles.struck.push(styles.struck_fonts.get(font).copied().unwrap_or(false));
                        styles.cells.push(attribute(&attributes, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0));
                    }
                    "numFmt" if styles.own.len() < 10_000 => {
                        let id = attribute(&attributes, "numFmtId").and_then(|id| id.parse().ok());
                        let code = attribute(&attributes, "formatCode").unwrap_or_default().chars().take(FORMAT_CHARS).collect();
                        styles.own.extend(id.map(|id| (id, code)));
                    }
                    _ => {}
                },
                XmlEvent::End(name) => {
                    in_cells &= name != "cellXfs";
                    in_fonts &= name != "fonts";
                }
                XmlEvent::Text(_) => {}
            }
        }
        styles.own.sort_by_key(|(id, _)| *id);
        styles.kinds = styles.own.iter().enumerate().map(|(at, (_, code))| shown_by(code, at as u16)).collect();
        Ok(styles)
    }

    /// True if a style strikes its text through.
    pub(super) fn is_struck(&self, style: usize) -> bool {
        self.struck.get(style).copied().unwrap_or(false)
    }

    /// A text as a style shows it.
    pub(super) fn text(&self, style: usize, text: String) -> String {
        let id = self.cells.get(style).copied().unwrap_or(0);
        let own = self.own.binary_search_by_key(&id, |(own, _)| *own).ok();
        match own.filter(|_| !text.trim().is_empty()) {
            Some(at) => shown_text(text, &self.own[at].1),
            None => text,
        }
    }

    /// How a style shows a number.
    pub(super) fn shown(&self, style: usize) -> Shown {
        let id = self.cells.get(style).copied().unwrap_or(0);
        match (self.own.binary_search_by_key(&id, |(own, _)| *own).ok(), id) {
            (Some(at), _) => self.kinds[at],
            (None, 16) => Shown::DayMonth,
            (None, 14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58) => Shown::Day,
            (None, 22) => Shown::DayAndTime,
            (None, 46) => Shown::Elapsed,
            (None, 18..=21 | 32..=35 | 45 | 47 | 55 | 56) => Shown::Time,
            (None, 9 | 10) => Shown::Percent,
            _ => Shown::Plain,
        }
    }
}

/// A format's first section in lower case, without texts, colours and padding. The bracket of a duration stays.
fn skeleton(code: &str) -> String {
    let mut out = String::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '"' => {
                let _ = chars.by_ref().take_while(|c| *c != '"').count();
            }
            '\\' | '_' | '*' => {
                chars.next();
            }
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let unit = inside.chars().next().map(|c| c.to_ascii_lowercase()).filter(|c| matches!(c, 'h' | 'm' | 's'));
                if let Some(unit) = unit.filter(|unit| inside.chars().all(|c| c.to_ascii_lowercase() == *unit)) {
                    out.extend(['[', unit, 's']);
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

fn shown_by(code: &str, at: u16) -> Shown {
    // Sections with conditions show one number in several ways.
    if code.contains("[<") || code.contains("[>") || code.contains("[=") {
        return Shown::Conditional(at);
    }
    let has_words = words_of(code).chars().any(char::is_alphabetic);
    let code = skeleton(code).replace("general", if has_words { "#" } else { "" });
    let time = code.contains(['h', 's']);
    let day = code.contains(['d', 'y']) || (code.contains('m') && !time);
    match (day, time) {
        _ if code.contains('[') => Shown::Elapsed,
        (true, true) => Shown::DayAndTime,
        (true, false) if code.contains('d') && !code.contains('y') && code.find('m') < code.find('d') && code.contains('m') => {
            Shown::MonthDay
        }
        (true, false) if code.contains('d') && !code.contains('y') => Shown::DayMonth,
        (true, false) => Shown::Day,
        (false, true) => Shown::Time,
        _ if code.contains('%') => Shown::Percent,
        _ if (code.contains(['0', '#']) && has_words || code.matches(['0', '#']).count() >= 2)
            && !code.contains(['.', ',', 'e', '/', '@']) =>
        {
            Shown::Pattern(at)
        }
        _ => Shown::Plain,
    }
}

/// The texts before and behind what a format's first section shows.
fn around(code: &str) -> (String, String) {
    let (mut before, mut behind, mut has_shown) = (String::new(), String::new(), false);
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        let words: String = match c {
            ';' => break,
            '"' => chars.by_ref().take_while(|c| *c != '"').collect(),
            '\\' => chars.next().into_iter().collect(),
            '_' | '*' => {
                chars.next();
                continue;
            }
            '[' => {
                has_shown |= chars.by_ref().take_while(|c| *c != ']').all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's'));
                continue;
            }
            c if c.is_whitespace() => continue,
            _ => {
                has_shown = true;
                behind.clear();
                continue;
            }
        };
        if has_shown { &mut behind } else { &mut before }.push_str(&words);
    }
    (before, behind)
}

/// The texts of a format's first section: those in quotation marks, and escaped characters.
fn words_of(code: &str) -> String {
    let mut words = String::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '"' => words.extend(chars.by_ref().take_while(|c| *c != '"')),
            '\\' => words.extend(chars.next()),
            _ => {}
        }
    }
    words
}

/// A cell's text in the section of its format that is for texts, such as `"Thôn "@`.
pub(super) fn shown_text(text: String, code: &str) -> String {
    let Some(section) = code.split(';').find(|section| skeleton(section).contains('@')) else { return text };
    let mut out = String::new();
    let mut chars = section.chars();
    while let Some(c) = chars.next() {
        match c {
            '@' => out.push_str(&text),
            '"' => out.extend(chars.by_ref().take_while(|c| *c != '"')),
            '\\' => out.extend(chars.next()),
            '_' | '*' => {
                chars.next();
            }
            '[' => {
                let _ = chars.by_ref().take_while(|c| *c != ']').count();
            }
            c => out.push(c),
        }
    }
    out
}

/// Writes a whole number through a pattern such as `0000000000`, `0000 000 000` or `"0"#########`.
fn by_pattern(number: u64, code: &str) -> String {
    // A token of the pattern: a digit to fill, or text between digits.
    enum Token {
        Digit(bool),
        Literal(char),
    }
    let mut tokens = Vec::new();
    // “General” shows the number as it is.
    let code = code.replace("General", "#");
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '0' => tokens.push(Token::Digit(true)),
            '#' | '?' => tokens.push(Token::Digit(false)),
            '"' => tokens.extend(chars.by_ref().take_while(|c| *c != '"').map(Token::Literal)),
            '\\' => tokens.extend(chars.next().map(Token::Literal)),
            '_' | '*' => {
                chars.next();
            }
            '[' => {
                let _ = chars.by_ref().take_while(|c| *c != ']').count();
            }
            c => tokens.push(Token::Literal(c)),
        }
    }
    let digits = number.to_string();
    let mut left = digits.chars().rev();
    let mut out: Vec<char> = Vec::new();
    let first = tokens.iter().position(|token| matches!(token, Token::Digit(_)));
    for (i, token) in tokens.iter().enumerate().rev() {
        match token {
            Token::Literal(c) => out.push(*c),
            Token::Digit(padded) => {
                out.extend(left.next().or(padded.then_some('0')));
                // The first digit of the pattern takes all digits that are left.
                if Some(i) == first {
                    out.extend(left.by_ref());
                }
            }
        }
    }
    out.into_iter().rev().collect::<String>().trim().to_owned()
}

/// A number with the 15 digits that spreadsheets show.
fn plain_number(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{rounded}")
}

/// True if a section has no condition such as `[<=9999999]`, or if the number meets it.
fn holds(section: &str, number: f64) -> bool {
    let Some(condition) =
        section.split('[').skip(1).filter_map(|part| part.split(']').next()).find(|part| part.starts_with(['<', '>', '=']))
    else {
        return true;
    };
    let mark = condition.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let Ok(limit) = condition[mark.len()..].parse::<f64>() else { return false };
    match mark {
        "<" => number < limit,
        "<=" => number <= limit,
        ">" => number > limit,
        ">=" => number >= limit,
        "=" => (number - limit).abs() < f64::EPSILON,
        "<>" => (number - limit).abs() >= f64::EPSILON,
        _ => false,
    }
}

/// A section without its bracketed parts.
fn without_condition(section: &str) -> String {
    let mut out = String::new();
    let mut rest = section;
    while let Some((before, behind)) = rest.split_once('[') {
        out.push_str(before);
        rest = behind.split_once(']').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// Converts a day as sheets count them to days since 1970-01-01. Sheets count from 1900, including a 29
/// February 1900 that never was, or from 1904.
fn civil_days(day: f64, from_1904: bool) -> i64 {
    let counted = if from_1904 {
        day + 1462.0
    } else if day < 60.0 {
        day + 1.0
    } else {
        day
    };
    counted as i64 - 25_569
}

impl Styles {
    /// A cell's number as its author sees it, with the words of the style's format around it.
    pub(super) fn number(&self, style: usize, text: &str, from_1904: bool) -> String {
        let shown = self.shown(style);
        let seen = shown_number(text, shown, self, from_1904);
        let id = self.cells.get(style).copied().unwrap_or(0);
        let own = self.own.binary_search_by_key(&id, |(own, _)| *own).ok();
        match own.filter(|_| !matches!(shown, Shown::Pattern(_) | Shown::Conditional(_)) && !seen.is_empty()) {
            Some(at) => {
                let (before, behind) = around(&self.own[at].1);
                // A format's words say something only where they hold letters or digits.
                let says = |words: &str| words.chars().any(char::is_alphanumeric);
                let [before, behind] = [before, behind].map(|words| if says(&words) { words } else { String::new() });
                format!("{before}{seen}{behind}")
            }
            None => seen,
        }
    }
}

/// A cell's number as its author sees it.
pub(super) fn shown_number(text: &str, shown: Shown, styles: &Styles, from_1904: bool) -> String {
    let Some(number) = text.trim().parse::<f64>().ok().filter(|number| number.is_finite()) else { return text.trim().to_owned() };
    let seconds = (number * 86_400.0).round();
    let day = (seconds / 86_400.0).floor();
    let rest = (seconds - day * 86_400.0) as i64;
    let is_day = (0.0..3_000_000.0).contains(&number);
    let seen = match shown {
        Shown::Day if is_day => cell::date_time(civil_days(day, from_1904), 0),
        Shown::DayMonth if is_day => {
            let whole = cell::date_time(civil_days(day, from_1904), 0);
            whole.and_then(|text| Some(text.rsplit_once('/')?.0.to_owned()))
        }
        Shown::MonthDay if is_day => {
            let whole = cell::date_time(civil_days(day, from_1904), 0);
            whole.and_then(|text| {
                let mut parts = text.split('/');
                let (day, month) = (parts.next()?, parts.next()?);
                Some(format!("{month}/{day}"))
            })
        }
        Shown::DayAndTime if is_day && day < 1.0 => Some(cell::time(rest)),
        Shown::DayAndTime if is_day => cell::date_time(civil_days(day, from_1904), rest),
        Shown::Time if is_day => Some(cell::time(rest)),
        Shown::Elapsed if is_day => Some(cell::time(seconds as i64)),
        Shown::Percent => Some(format!("{}%", plain_number(number * 100.0))),
        Shown::Pattern(at) if number >= 0.0 && number.fract() == 0.0 && number < 1e15 => {
            styles.own.get(usize::from(at)).map(|(_, code)| by_pattern(number as u64, code))
        }
        Shown::Conditional(at) if number >= 0.0 && number.fract() == 0.0 && number < 1e15 => {
            let section = styles.own.get(usize::from(at)).and_then(|(_, code)| code.split(';').find(|section| holds(section, number)));
            section
                .filter(|section| matches!(shown_by(&without_condition(section), at), Shown::Pattern(_)))
                .map(|section| by_pattern(number as u64, section))
        }
        _ => None,
    };
    seen.unwrap_or_else(|| plain_number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: &str, code: &str) -> String {
        let styles = Styles { cells: vec![200], own: vec![(200, code.to_owned())], kinds: vec![shown_by(code, 0)], ..Styles::default() };
        styles.number(0, number, false)
    }

    #[test]
    fn a_text_is_shown_with_the_words_of_its_format() {
        for (code, expected) in [("\"Thôn \"@", "Thôn A"), ("0;-0;0;\"Tổ \"@\\.", "Tổ A."), ("0", "A"), ("@", "A")] {
            assert_eq!(shown_text("A".into(), code), expected, "{code}");
        }
    }

    #[test]
    fn numbers_are_shown_by_their_format() {
        let cases = [
            ("0.3125", "h:mm", "7:30"),
            ("0.3125", "[h]:mm", "7:30"),
            ("1.5", "[h]:mm", "36:00"),
            ("46357", "dd/mm/yyyy", "1/12/2026"),
            ("46357", "[$-42A]d mmmm yyyy;@", "1/12/2026"),
            ("46357.3125", "dd/mm/yyyy hh:mm", "1/12/2026 7:30"),
            ("900000002", "0000000000", "0900000002"),
            ("900000002", "0000 000 000", "0900 000 002"),
            ("900000002", "\"0\"#########", "0900000002"),
            ("900000002", "[<=9999999]000-0000;0000000000", "0900000002"),
            ("3850115", "[<=9999999]000-0000;0000000000", "385-0115"),
            ("46357.3125", "h:mm", "7:30"),
            ("46357.3125", "[h]:mm", "1112575:30"),
            ("46178", "d/m", "5/6"),
            ("46178", "m/d", "6/5"),
            ("46178", "d-mmm", "5/6"),
            ("0.3125", "h:mm\" - 17:00\"", "7:30 - 17:00"),
            ("0.7291666667", "\"7:30 - \"h:mm", "7:30 - 17:30"),
            ("7.5", "0.0\" giờ\"", "7.5 giờ"),
            ("46357", "dd\\/mm\\/yyyy", "1/12/2026"),
            ("1234", "#,##0\\ \"₫\"", "1234"),
            ("1234.56", "#,##0.00", "1234.56"),
            ("12", "0.0", "12"),
            ("0.756", "0.0%", "75.6%"),
            ("9.00000001E8", "General", "900000001"),
            ("104.87999999999999", "General", "104.88"),
            ("60", "General", "60"),
            ("5", "\"Trạm số \"0", "Trạm số 5"),
            ("5", "\"Tổ \"General", "Tổ 5"),
            ("12", "0\" hộ\"", "12 hộ"),
            ("5", "\\T\\ổ\\ 00", "Tổ 05"),
        ];
        for (number, code, expected) in cases {
            assert_eq!(shown(number, code), expected, "{number} as {code}");
        }
        let builtin = Styles { cells: vec![14, 20, 22, 0], ..Styles::default() };
        for (style, number, expected) in
            [(0, "46357", "1/12/2026"), (1, "0.3125", "7:30"), (2, "46357.5", "1/12/2026 12:00"), (3, "7", "7"), (9, "7", "7")]
        {
            assert_eq!(shown_number(number, builtin.shown(style), &builtin, false), expected);
        }
        assert_eq!(shown_number("44895", Shown::Day, &builtin, true), "1/12/2026", "counted from 1904");
    }
}
