//! Dates and numbers as people here write them, independent of the machine's locale.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::text::Lang;

/// A number with grouped thousands, `2.159,6`: dot for thousands, comma for decimals.
///
/// ```
/// assert_eq!(bangtin::render::format::decimal(2159.6, 1), "2.159,6");
/// ```
pub fn decimal(value: f64, places: usize) -> String {
    grouped(value, places, '.', ',')
}

/// A number in the reader's language; English uses comma and point.
pub fn number(lang: Lang, value: f64, places: usize) -> String {
    match lang {
        Lang::En => grouped(value, places, ',', '.'),
        _ => decimal(value, places),
    }
}

fn grouped(value: f64, places: usize, thousands: char, point: char) -> String {
    let text = format!("{:.places$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let negative = value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    let mut result = String::from(if negative { "−" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            result.push(thousands);
        }
        result.push(digit);
    }
    if !fraction.is_empty() {
        result.push(point);
        result.push_str(fraction);
    }
    result
}

/// A number with as many decimals as it needs, two at the most.
pub fn short(lang: Lang, value: f64) -> String {
    let places = if value.fract() == 0.0 {
        0
    } else if (value * 10.0).fract().abs() < 1e-9 {
        1
    } else {
        2
    };
    number(lang, value, places)
}

/// `15/9/2020` in both languages: day, month, year.
pub fn date(date: Date) -> String {
    format!("{}/{}/{}", date.day(), date.month(), date.year())
}

/// `14:05 ngày 15/9/2020` in the city's time.
pub fn moment(lang: Lang, zone: &TimeZone, at: Timestamp) -> String {
    let local = zone.to_datetime(at);
    let on = lang.pick("ngày", "on");
    format!("{}:{:02} {on} {}", local.hour(), local.minute(), date(local.date()))
}

/// `1,2 MB` for people.
pub fn bytes(lang: Lang, bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", number(lang, bytes as f64 / 1e3, 0)),
        _ => format!("{} MB", number(lang, bytes as f64 / 1e6, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_dots_with_a_decimal_comma() {
        assert_eq!(decimal(1_234_567.891, 2), "1.234.567,89");
        assert_eq!(decimal(999.0, 0), "999");
        assert_eq!(decimal(-1_000.5, 1), "−1.000,5");
        assert_eq!(decimal(-0.001, 1), "0,0");
        assert_eq!(number(Lang::En, 2159.6, 1), "2,159.6");
    }

    #[test]
    fn dates_have_no_leading_zeros() {
        assert_eq!(date(jiff::civil::date(2020, 9, 5)), "5/9/2020");
    }
}
