//! Turns cells into text by one rule for sheets, CSV and attribute tables: the text that the cell's author
//! sees.

use jiff::civil::{Date, DateTime};
use serde_json::Value;

use crate::words::alike::read;
use crate::words::number::number;

/// A day as people write it in Vietnam, `1/12/2026`.
pub fn day(date: Date) -> String {
    format!("{}/{}/{}", date.day(), date.month(), date.year())
}

/// A day and time as text: `1/12/2026`, or `1/12/2026 7:30` if the time is not 0:00. `days` counts from
/// 1970-01-01, `seconds` from the day's start.
pub fn date_time(days: i64, seconds: i64) -> Option<String> {
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    if seconds == 0 { Some(day(date)) } else { Some(format!("{} {}", day(date), time(seconds))) }
}

/// Seconds as a time of day or a duration: `7:30`, with the seconds if they are not 0.
pub fn time(seconds: i64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if s == 0 { format!("{h}:{m:02}") } else { format!("{h}:{m:02}:{s:02}") }
}

/// Rewrites a day such as `20261201` as people write it; none if it is no day.
pub fn compact_date(text: &str) -> Option<String> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let all_digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let date = all_digits.then(|| Date::new(number(0..4)?, i8::try_from(number(4..6)?).ok()?, i8::try_from(number(6..8)?).ok()?).ok())?;
    date.map(day)
}

/// The day, if the text is a day and nothing else: `1/12/2026`, `01-12-2026`, `2026-12-01`, with or without a
/// time after it.
pub fn as_day(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Ok(time) = text.parse::<DateTime>() {
        return Some(time.date());
    }
    let text = text.split([' ', 'T']).next()?;
    if let Ok(date) = text.parse::<Date>() {
        return Some(date);
    }
    let mut parts = text.split(['/', '.', '-']).map(str::parse::<i16>);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(day)), Some(Ok(month)), Some(Ok(year)), None) if year > 31 => {
            Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        }
        _ => None,
    }
}

/// The words of a text that spreadsheets write for a day without its year, or for a month: `12-Thg5`, `12-May`,
/// `Jul-17`, `Thg5-12`. They were typed as something else, such as a house number 12/5 or the hours 7-17.
pub fn as_day_of_sheet(text: &str) -> Option<&str> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let is_month = |part: &str| {
        let part = part.to_lowercase();
        let number = part.strip_prefix("thg").map(|number| number.trim_matches(['.', ' ']).parse::<u8>());
        MONTHS.contains(&part.as_str()) || matches!(number, Some(Ok(1..=12)))
    };
    let is_number = |part: &str| matches!(part.len(), 1 | 2 | 4) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_day = |word: &&str| {
        word.split_once(['-', '/']).is_some_and(|(a, b)| {
            is_month(a) && is_number(b)
                || is_number(a) && (is_month(b) || b.split_once('-').is_some_and(|(month, year)| is_month(month) && is_number(year)))
        })
    };
    text.split_whitespace().map(|word| word.trim_matches([',', ';', '.', '(', ')'])).find(is_day)
}

/// The value of a numeric cell; a whole number stays whole. None if it is no number.
pub fn number_value(text: &str) -> Option<Value> {
    let text = read(text);
    let text = text.trim();
    // Digits with a leading 0, or more than a number can hold, are kept as text.
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_text = digits.len() > 18 || digits.len() > 1 && digits.starts_with('0');
    if is_text && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Value::from(text));
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    // In a column of numbers, a single comma is the decimal comma.
    let decimal = if text.matches(',').count() == 1 && !text.contains('.') { text.replace(',', ".") } else { text.to_owned() };
    number(&decimal).map(Value::from)
}

/// True or false in Vietnamese words.
pub fn truth(yes: bool) -> &'static str {
    if yes { "có" } else { "không" }
}

/// A value's text, with numbers as they are written; none for lists and objects.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(match number.as_f64() {
            // 12.0 is a 12 that went through a column of decimal numbers.
            Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        }),
        Value::Bool(yes) => Some(truth(*yes).to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// True for a word that programs write into an empty cell.
pub fn is_null_word(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "null" | "<null>" | "(null)" | "#n/a" | "nan")
}

/// True for what a spreadsheet writes where it could not calculate or show a value: `#REF!`, `#VALUE!`, `#####`.
pub fn is_error_word(text: &str) -> bool {
    let text = text.trim();
    let is_hashes = text.len() >= 3 && text.bytes().all(|byte| byte == b'#');
    let name = text.strip_prefix('#').and_then(|rest| rest.strip_suffix(['!', '?']));
    is_hashes || name.is_some_and(|name| matches!(name, "REF" | "VALUE" | "NAME" | "DIV/0" | "NUM" | "NULL" | "SPILL" | "CALC"))
}

/// True for a mark that says “as above” in a list: `-nt-`, `như trên`, `"`.
pub fn is_ditto(text: &str) -> bool {
    let bare: String = crate::words::fold::fold(text).chars().filter(|c| c.is_alphanumeric()).collect();
    matches!(bare.as_str(), "nt" | "nhutren") || matches!(text.trim(), "\"" | "''" | "〃" | "″" | "”")
}

/// True for a number in scientific notation, as programs write it: `9.00000001E+8`.
pub fn is_scientific(text: &str) -> bool {
    let upper = text.trim().to_ascii_uppercase();
    upper.split_once('E').is_some_and(|(number, power)| {
        number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-'))
            && !number.is_empty()
            && power.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit())
            && power.len() > 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_written_as_people_write_them() {
        assert_eq!(compact_date("20261201").as_deref(), Some("1/12/2026"));
        assert_eq!(compact_date("20261301"), None);
        assert_eq!(time(27_000), "7:30");
        assert_eq!(time(27_005), "7:30:05");
        assert_eq!(date_time(20_788, 27_000).as_deref(), Some("1/12/2026 7:30"));
        for text in ["1/12/2026", "01-12-2026", "2026-12-01", "2026-12-01T00:00:00", "1/12/2026 7:30"] {
            assert_eq!(as_day(text), Some(jiff::civil::date(2026, 12, 1)), "{text}");
        }
        for text in ["7:30 - 17:00", "24/7", "Thứ 2 - Thứ 6", "7h30-11h30", "1/12"] {
            assert_eq!(as_day(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_sheet_made_of_a_house_number_or_of_hours_is_noticed() {
        for text in ["12-Thg5", "12-May", "5-Dec", "Jul-17", "Thg5-12", "17-Thg7", "12-Thg5 đường Âu Cơ", "12-May-26", "8-nov"] {
            assert!(as_day_of_sheet(text).is_some(), "{text}");
        }
        for text in ["12-5", "7-17", "Tổ 12-May Tơ", "Ngõ 5", "Thg", "Mar", "12-Maya", "7h30-11h30", "2026-05-12"] {
            assert_eq!(as_day_of_sheet(text).is_some(), text == "Tổ 12-May Tơ", "{text}");
        }
    }

    #[test]
    fn a_value_is_text_as_its_author_sees_it() {
        use serde_json::json;
        assert_eq!(text(&json!(12)).as_deref(), Some("12"));
        assert_eq!(text(&json!(12.0)).as_deref(), Some("12"));
        assert_eq!(text(&json!(1234.56)).as_deref(), Some("1234.56"));
        assert_eq!(text(&json!([1])), None);
        assert!(is_scientific("9.00000001E+08") && !is_scientific("E5") && !is_scientific("Khu 3E"));
    }
}
