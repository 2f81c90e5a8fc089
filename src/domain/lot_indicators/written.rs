//! Indicators as people write them.

use super::{Indicator, Range, Unread};
use crate::words::fold::fold;
use crate::words::number::number;

impl Indicator {
    /// Reads a value as people write it: `60`, `≤ 60 %`, `1-5`, `5 tầng`, `tối đa 7`, `1,2 lần`. A bare number is the
    /// greatest value, or the least share of green. None for an empty cell, `-`, `không quy định`.
    ///
    /// ```
    /// use bangtin::domain::lot_indicators::{Indicator, Range};
    /// assert_eq!(Indicator::Storeys.read("1-5"), Ok(Some(Range { min: Some(1.0), max: Some(5.0) })));
    /// assert_eq!(Indicator::Far.read("1,2 lần"), Ok(Some(Range { min: None, max: Some(1.2) })));
    /// assert_eq!(Indicator::Height.read("-"), Ok(None));
    /// ```
    pub fn read(self, text: &str) -> Result<Option<Range>, Unread> {
        let Some(written) = written(text, self)? else { return Ok(None) };
        let mut range = Range::default();
        let bare = if self == Self::Green { Bound::Least } else { Bound::Most };
        match *written.numbers.as_slice() {
            [(bound, number)] => *range.side(bound.filter(|_| !self.is_exact()).unwrap_or(bare)) = Some(number),
            [(None | Some(Bound::Least), from), (None, to)] if written.is_span && !self.is_exact() => {
                range = Range { min: Some(from), max: Some(to) };
            }
            [(Some(first), a), (Some(second), b)] if first != second && !self.is_exact() => {
                *range.side(first) = Some(a);
                *range.side(second) = Some(b);
            }
            _ => return Err(Unread::Several),
        }
        let (least, most) = self.names();
        if range.min.is_some() && least.is_none() || range.max.is_some() && most.is_none() {
            return Err(Unread::Several);
        }
        let (from, to) = self.bounds();
        for number in [range.min, range.max].into_iter().flatten() {
            if self.is_share() && number > 0.0 && number <= 1.0 && !written.is_percent {
                return Err(Unread::PartOrPercent);
            }
            if self.is_whole() && number.fract() != 0.0 {
                return Err(Unread::NotWhole);
            }
            if number < from || number > to {
                return Err(Unread::Beyond);
            }
        }
        Ok(Some(range))
    }
}

impl Range {
    fn side(&mut self, bound: Bound) -> &mut Option<f64> {
        match bound {
            Bound::Least => &mut self.min,
            Bound::Most => &mut self.max,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Least,
    Most,
}

/// The numbers of a text, each with the bound that stands before or behind it.
#[derive(Default)]
struct Written {
    numbers: Vec<(Option<Bound>, f64)>,
    is_span: bool,
    is_percent: bool,
}

/// Words that say nothing that the column does not say: parts of longer sayings.
const SILENT: [&str; 15] = ["phan", "tram", "toi", "khong", "vuot", "tu", "tro", "it", "duoc", "xay", "cao", "la", "hon", "so", "quy"];

/// The words for the units in which an indicator is counted or measured: “21 m” is no number of storeys.
fn units(of: Indicator) -> &'static [&'static str] {
    match of {
        Indicator::Storeys | Indicator::Basements => &["tang", "t", "ham"],
        Indicator::Far => &["lan"],
        Indicator::Population => &["nguoi", "dan"],
        Indicator::Dwellings => &["can", "ho", "nha"],
        Indicator::Density | Indicator::Green => &[],
        Indicator::Height | Indicator::GroundLevel | Indicator::SetbackFront | Indicator::SetbackSide | Indicator::SetbackRear => {
            &["m", "met"]
        }
    }
}
/// Words for what a plan does not say.
const UNSAID: [&str; 6] = ["khong quy dinh", "khong gioi han", "khong co", "kqd", "k", "chua xac dinh"];

/// Takes a text apart. None where it says that there is no value.
fn written(text: &str, of: Indicator) -> Result<Option<Written>, Unread> {
    let folded = fold(text);
    let plain = folded.trim().trim_end_matches('.');
    if plain.chars().all(|c| matches!(c, '-' | '–' | '—' | '.' | '_' | '/') || c.is_whitespace()) || UNSAID.contains(&plain) {
        return Ok(None);
    }
    let mut written = Written::default();
    let mut bound = None;
    let mut rest = plain;
    // Only a level can lie below nothing.
    let is_negative = plain.strip_prefix(['-', '−']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_negative && of != Indicator::GroundLevel {
        return Err(Unread::Beyond);
    }
    while let Some(first) = rest.chars().next() {
        let is_sign = matches!(first, '-' | '+') && written.numbers.is_empty() && of == Indicator::GroundLevel;
        if first.is_ascii_digit() || is_sign && rest[1..].trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            let signed = if is_sign { rest[1..].trim_start() } else { rest };
            let (digits, behind) = leading_number(signed);
            let value = if of.is_whole() { whole(digits) } else { None }.or_else(|| number(digits)).ok_or(Unread::NoNumber)?;
            written.numbers.push((bound.take(), if first == '-' { -value } else { value }));
            rest = behind;
            continue;
        }
        let length = if first.is_alphabetic() { rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, behind) = rest.split_at(length);
        rest = behind;
        match word {
            "≤" | "<" | "da" | "max" | "qua" | "duoi" => bound = Some(Bound::Most),
            "≥" | ">" | "thieu" | "min" | "nhat" | "tren" => bound = Some(Bound::Least),
            // “từ 3 tầng trở lên”, “5 tầng trở xuống”
            "len" | "xuong" => {
                let bound = if word == "len" { Bound::Least } else { Bound::Most };
                written.numbers.last_mut().ok_or(Unread::NoNumber)?.0 = Some(bound);
            }
            "-" | "–" | "—" | "÷" | "~" | "den" if written.numbers.is_empty() => bound = Some(Bound::Most),
            "-" | "–" | "—" | "÷" | "~" | "den" => written.is_span = true,
            "%" if of.is_share() || of == Indicator::Far => written.is_percent = true,
            "=" | "," | ";" | "(" | ")" | "." | "và" | "va" => {}
            word if word.trim().is_empty() || SILENT.contains(&word) || units(of).contains(&word) => {}
            _ => return Err(Unread::NoNumber),
        }
    }
    if written.numbers.is_empty() { Err(Unread::NoNumber) } else { Ok(Some(written)) }
}

/// The number that a text begins with, and what stands behind it. Blanks between groups of three digits belong to it.
fn leading_number(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while digit(end)
        || matches!(bytes.get(end), Some(b'.' | b',')) && digit(end + 1)
        || bytes.get(end) == Some(&b' ') && (1..4).all(|step| digit(end + step)) && !digit(end + 4)
    {
        end += 1;
    }
    text.split_at(end)
}

/// A number of things: one mark before three digits groups thousands, as nothing is counted in decimals.
fn whole(digits: &str) -> Option<f64> {
    let mut groups = digits.split(['.', ',', ' ']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped = !rest.is_empty() && first.len() <= 3 && rest.iter().all(|group| group.len() == 3);
    is_grouped.then(|| digits.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(value: f64) -> Range {
        Range { min: None, max: Some(value) }
    }

    fn least(value: f64) -> Range {
        Range { min: Some(value), max: None }
    }

    fn span(min: f64, max: f64) -> Range {
        Range { min: Some(min), max: Some(max) }
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        use Indicator::{Basements, Density, Dwellings, Far, GroundLevel, Height, Population, SetbackFront, Storeys};
        let cases = [
            (Storeys, "1-5", span(1.0, 5.0)),
            (Storeys, "1 – 5 tầng", span(1.0, 5.0)),
            (Storeys, "từ 3 đến 5 tầng", span(3.0, 5.0)),
            (Storeys, "5 tầng", most(5.0)),
            (Storeys, "05", most(5.0)),
            (Storeys, "tối đa 7", most(7.0)),
            (Storeys, "Không quá 7 tầng", most(7.0)),
            (Storeys, "≥ 3; ≤ 5", span(3.0, 5.0)),
            (Storeys, "từ 3 tầng trở lên", least(3.0)),
            (Storeys, "5 tầng trở xuống", most(5.0)),
            (Storeys, "5.0", most(5.0)),
            (Density, "≤ 60%", most(60.0)),
            (Density, "60", most(60.0)),
            (Density, "<=60 %", most(60.0)),
            (Density, "40÷60", span(40.0, 60.0)),
            (Density, "52,5", most(52.5)),
            (Density, "0,6 %", most(0.6)),
            (Density, "tối thiểu 30%", least(30.0)),
            (Far, "1,2 lần", most(1.2)),
            (Far, "0.6-1.2", span(0.6, 1.2)),
            (Height, "25m", most(25.0)),
            (Height, "≤ 25 m", most(25.0)),
            (Population, "1.200 người", most(1200.0)),
            (Population, "1 200", most(1200.0)),
            (Dwellings, "12 căn", most(12.0)),
            (Basements, "0", most(0.0)),
            (GroundLevel, "+31,50", most(31.5)),
            (GroundLevel, "-1.2", most(-1.2)),
            (SetbackFront, "≥ 3 m", most(3.0)),
            (Indicator::Green, "20%", least(20.0)),
        ];
        for (indicator, text, expected) in cases {
            assert_eq!(indicator.read(text), Ok(Some(expected)), "{} {text}", indicator.key());
        }
        for (indicator, text) in
            [(Storeys, "21m"), (Storeys, "5 hộ"), (Storeys, "60 %"), (Density, "2 tầng"), (Density, "60 người"), (Density, "60 m2")]
        {
            assert_eq!(indicator.read(text), Err(Unread::NoNumber), "{} {text}: the unit of something else", indicator.key());
        }
        for (indicator, text) in [(Storeys, "-3"), (Density, "−20"), (Far, "-1")] {
            assert_eq!(indicator.read(text), Err(Unread::Beyond), "{} {text}", indicator.key());
        }
        for text in ["-", "–", " ", "Không quy định", "/", "..."] {
            assert_eq!(Storeys.read(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn what_may_mean_two_things_or_nothing_is_not_guessed() {
        use Indicator::{Density, Far, SetbackFront, Storeys};
        assert_eq!(Density.read("0,6"), Err(Unread::PartOrPercent));
        assert_eq!(Density.read("1"), Err(Unread::PartOrPercent));
        assert_eq!(SetbackFront.read("3-5"), Err(Unread::Several));
        assert_eq!(Indicator::Basements.read("≥ 1"), Err(Unread::Several), "only a greatest number is kept");
        assert_eq!(Storeys.read("3, 5, 7"), Err(Unread::Several));
        assert_eq!(Storeys.read("4,5"), Err(Unread::NotWhole));
        assert_eq!(Storeys.read("2500"), Err(Unread::Beyond));
        assert_eq!(Far.read("xem bản vẽ 5"), Err(Unread::NoNumber));
        assert_eq!(Far.read("theo quy chuẩn"), Err(Unread::NoNumber));
        assert_eq!(Density.read("1/5/2026"), Err(Unread::NoNumber));
    }
}
