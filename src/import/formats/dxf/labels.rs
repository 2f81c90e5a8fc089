//! The table of texts that a drawing prints into each lot: its number over its density over its storeys, or with a word
//! before each value.

use super::Point;
use super::curves::distance;
use super::text::Text;
use crate::import::columns::{LINES_OF_TEXT, plain};

/// Longest word before a value, letters.
const LONGEST_NAME: usize = 30;

/// Short words before values, and the columns that they stand for.
const SHORT: &[(&str, &str)] =
    &[("md", "Mật độ XD"), ("tc", "Tầng cao"), ("hs", "Hệ số SDĐ"), ("dt", "Diện tích"), ("s", "Diện tích"), ("kh", "Ký hiệu lô")];

/// What is written in an area.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Written {
    /// Lines from top to bottom; those side by side from left to right.
    pub(super) lines: Vec<String>,
    /// Values with the word before them, or with the name of the block's attribute.
    pub(super) named: Vec<(String, String)>,
}

impl Written {
    /// True for a number with values: a name or a note would be one line.
    pub(super) fn is_of_a_lot(&self) -> bool {
        self.lines.len() > 1 || !self.named.is_empty()
    }
}

/// A line with a word before its value: `MĐXD: 60%`, `Tầng cao = 5`.
fn named(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once([':', '='])?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = name.chars().any(char::is_alphabetic) && name.chars().count() <= LONGEST_NAME;
    if !is_name || value.is_empty() {
        return None;
    }
    let bare = plain(name);
    let column = SHORT.iter().find(|(short, _)| *short == bare).map_or(name, |(_, column)| column);
    Some((column.to_owned(), value.to_owned()))
}

/// What the texts of an area say, in the order in which people read them: along the direction of the first text.
pub(super) fn written(labels: &[Text]) -> Written {
    let mut out = Written::default();
    let Some(first) = labels.first() else { return out };
    let height = distance(first.at, first.along);
    let [c, s] = [0, 1].map(|k| (first.along[k] - first.at[k]) / height);
    let across = |[x, y]: Point| x * c + y * s;
    let up = |[x, y]: Point| y * c - x * s;
    let mut texts: Vec<&Text> = labels.iter().collect();
    texts.sort_by(|a, b| up(b.at).total_cmp(&up(a.at)));
    // What stands less than half a letter lower stands in the same line.
    let mut rows: Vec<Vec<&Text>> = Vec::new();
    for text in texts {
        match rows.last_mut().filter(|row| up(row[0].at) - up(text.at) < height / 2.0) {
            Some(row) => row.push(text),
            None => rows.push(vec![text]),
        }
    }
    rows.iter_mut().for_each(|row| row.sort_by(|a, b| across(a.at).total_cmp(&across(b.at))));
    let mut seen: Vec<&Text> = Vec::new();
    for text in rows.into_iter().flatten() {
        // A text that was copied onto itself is one.
        if seen.iter().any(|known| known.lines == text.lines && known.tag == text.tag && distance(known.at, text.at) < height) {
            continue;
        }
        seen.push(text);
        match &text.tag {
            Some(tag) => out.named.push((tag.clone(), text.joined())),
            None => text.lines.iter().for_each(|line| match named(line) {
                Some(pair) => out.named.push(pair),
                // “OM-1 / 60 / 5” is a table in one line.
                None if line.matches(" / ").count() > 1 => out.lines.extend(line.split(" / ").map(|part| part.trim().to_owned())),
                None => out.lines.push(line.clone()),
            }),
        }
    }
    out.lines.truncate(LINES_OF_TEXT);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(at: Point, turn: f64, lines: &[&str]) -> Text {
        let along = [at[0] + 2.0 * turn.cos(), at[1] + 2.0 * turn.sin()];
        Text { at, along, lines: lines.iter().map(|line| (*line).to_owned()).collect(), struck: String::new(), tag: None }
    }

    fn lines(labels: &[Text]) -> Vec<String> {
        written(labels).lines
    }

    #[test]
    fn texts_are_read_from_top_to_bottom_and_from_left_to_right() {
        let stack = [text([0.0, 0.0], 0.0, &["5"]), text([0.5, 8.0], 0.0, &["OM2.3"]), text([0.0, 4.0], 0.0, &["70"])];
        assert_eq!(lines(&stack), ["OM2.3", "70", "5"]);
        let square =
            [text([6.0, 0.1], 0.0, &["2,4"]), text([6.0, 4.2], 0.0, &["70"]), text([0.0, 0.0], 0.0, &["5"]), text([0.0, 4.0], 0.0, &["A"])];
        assert_eq!(lines(&square), ["A", "70", "5", "2,4"]);
        assert_eq!(lines(&[text([0.0, 0.0], 0.0, &["OM1", "60%", "1-5"])]), ["OM1", "60%", "1-5"], "lines of one text");
        let twice = [text([0.0, 4.0], 0.0, &["A"]), text([0.0, 0.0], 0.0, &["70"]), text([0.1, 0.1], 0.0, &["70"])];
        assert_eq!(lines(&twice), ["A", "70"], "a text on itself");
        assert_eq!(lines(&[text([0.0, 0.0], 0.0, &["OM-1 / 60 / 5"])]), ["OM-1", "60", "5"]);
        assert_eq!(lines(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_table_that_lies_along_its_street_is_read_along_it() {
        let turn = 1.2_f64;
        let turned = |[x, y]: Point| [x * turn.cos() - y * turn.sin(), x * turn.sin() + y * turn.cos()];
        let stack =
            [text(turned([0.0, 0.0]), turn, &["5"]), text(turned([0.0, 8.0]), turn, &["B-7"]), text(turned([0.0, 4.0]), turn, &["70"])];
        assert_eq!(lines(&stack), ["B-7", "70", "5"]);
    }

    #[test]
    fn words_before_values_name_them() {
        let one = written(&[text([0.0, 0.0], 0.0, &["CQ-01", "MĐXD: 60%", "TC = 1-5", "S: 1.250 m²", "Ghi chú:"])]);
        assert_eq!(one.lines, ["CQ-01", "Ghi chú:"]);
        let named: Vec<(&str, &str)> = one.named.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(named, [("MĐXD", "60%"), ("Tầng cao", "1-5"), ("Diện tích", "1.250 m²")]);
        let tagged = written(&[Text { tag: Some("TANGCAO".into()), ..text([0.0, 0.0], 0.0, &["5"]) }]);
        assert_eq!(tagged.named, [("TANGCAO".to_owned(), "5".to_owned())]);
    }
}
