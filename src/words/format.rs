//! Dates and numbers as people in the city write them, independent of the machine's locale.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::words::text::Lang;
use crate::words::text::text;

/// A number with grouped thousands, `2.159,6`: dot for thousands, comma for decimals.
///
/// ```
/// assert_eq!(bangtin::words::format::decimal(2159.6, 1), "2.159,6");
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

/// A day as people speak of it: “hôm nay”, “ngày mai”, “thứ Sáu này, 27/11”. The year is added where it is not
/// today's. Weeks begin on Monday.
pub fn day_in_words(lang: Lang, today: Date, day: Date) -> String {
    let short = if day.year() == today.year() { format!("{}/{}", day.day(), day.month()) } else { date(day) };
    let week = |date: Date| date.saturating_sub(jiff::Span::new().days(i64::from(date.weekday().to_monday_zero_offset())));
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let name = text(lang, names[day.weekday().to_monday_zero_offset() as usize % 7]);
    let words = if day == today {
        format!("{}, {name}", text(lang, "today-word"))
    } else if today.tomorrow().is_ok_and(|tomorrow| day == tomorrow) {
        format!("{}, {name}", text(lang, "tomorrow"))
    } else if day > today && week(day) == week(today) {
        text(lang, "this-week").replace("{}", name)
    } else if week(today).saturating_add(jiff::Span::new().days(7)) == week(day) {
        text(lang, "next-week").replace("{}", name)
    } else {
        name.to_owned()
    };
    format!("{words}, {short}")
}

/// A distance in metres as people say it: `350 m`, `1,2 km`.
pub fn distance(lang: Lang, metres: f64) -> String {
    if metres < 1_000.0 {
        format!("{} m", number(lang, (metres / 10.0).round() * 10.0, 0))
    } else {
        format!("{} km", number(lang, metres / 1e3, 1))
    }
}

/// `14:05, 23/11` in the city's time; with the year where it is not today's.
pub fn clock(zone: &TimeZone, today: Date, at: Timestamp) -> String {
    let local = zone.to_datetime(at);
    let day = if local.date().year() == today.year() { format!("{}/{}", local.day(), local.month()) } else { date(local.date()) };
    format!("{}:{:02}, {day}", local.hour(), local.minute())
}

/// A moment in the city's time: `14:05 ngày 15/9/2020`.
pub fn moment(lang: Lang, zone: &TimeZone, at: Timestamp) -> String {
    let local = zone.to_datetime(at);
    let on = lang.pick("ngày", "on");
    format!("{}:{:02} {on} {}", local.hour(), local.minute(), date(local.date()))
}

/// A moment in the city's time, alike in both languages: `14:05, 15/9/2020`.
pub fn hour(zone: &TimeZone, at: Timestamp) -> String {
    let local = zone.to_datetime(at);
    format!("{}:{:02}, {}", local.hour(), local.minute(), date(local.date()))
}

/// A number of bytes for people: `1,2 MB`.
pub fn bytes(lang: Lang, bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", number(lang, bytes as f64 / 1e3, 0)),
        _ => format!("{} MB", number(lang, bytes as f64 / 1e6, 1)),
    }
}

/// A limit in bytes, exactly: `32 MiB`.
pub fn binary(bytes: usize) -> String {
    match bytes {
        0 => "0 B".into(),
        bytes if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        bytes if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} B"),
    }
}

/// A phone number as people write it, without the zero of “+84 (0)216 …”: that one is dialled within the country only.
pub fn phone(number: &str) -> String {
    let read = crate::words::alike::read(number);
    if read.trim_start().starts_with('+') { read.replacen("(0)", "", 1) } else { read.into_owned() }
}

/// A phone number as a telephone dials it: digits and plus signs only.
pub fn dialled(number: &str) -> String {
    phone(number).chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_of_a_number_from_abroad_is_not_dialled() {
        for (written, digits) in [("+84 (0)216 3852115", "+842163852115"), ("(0216) 385 2115", "02163852115"), ("(0)216 385", "0216385")] {
            assert_eq!(dialled(written), digits);
        }
        assert_eq!(phone("+84 (0)216 3852115"), "+84 216 3852115");
    }

    #[test]
    fn numbers_are_grouped_by_dots_with_a_decimal_comma() {
        assert_eq!(decimal(1_234_567.891, 2), "1.234.567,89");
        assert_eq!(decimal(999.0, 0), "999");
        assert_eq!(decimal(-1_000.5, 1), "−1.000,5");
        assert_eq!(decimal(-0.001, 1), "0,0");
        assert_eq!(number(Lang::En, 2159.6, 1), "2,159.6");
    }

    #[test]
    fn days_are_told_from_the_day_they_are_read_on() {
        use jiff::civil::date as day;
        // 25/11/2026 is a Wednesday.
        let wednesday = day(2026, 11, 25);
        let vi = |of| day_in_words(Lang::Vi, wednesday, of);
        assert_eq!(vi(day(2026, 11, 25)), "hôm nay, thứ Tư, 25/11");
        assert_eq!(vi(day(2026, 11, 26)), "ngày mai, thứ Năm, 26/11");
        assert_eq!(vi(day(2026, 11, 27)), "thứ Sáu này, 27/11");
        assert_eq!(vi(day(2026, 11, 29)), "Chủ Nhật này, 29/11");
        assert_eq!(vi(day(2026, 12, 4)), "thứ Sáu tuần sau, 4/12");
        assert_eq!(vi(day(2026, 12, 11)), "thứ Sáu, 11/12");
        assert_eq!(vi(day(2027, 1, 1)), "thứ Sáu, 1/1/2027");
        assert_eq!(day_in_words(Lang::En, wednesday, day(2026, 11, 27)), "this Friday, 27/11");
        // On a Sunday the coming Friday is next week's.
        assert_eq!(day_in_words(Lang::Vi, day(2026, 11, 22), day(2026, 11, 27)), "thứ Sáu tuần sau, 27/11");
    }

    #[test]
    fn distances_are_round() {
        assert_eq!(distance(Lang::Vi, 347.0), "350 m");
        assert_eq!(distance(Lang::Vi, 12_345.0), "12,3 km");
        assert_eq!(distance(Lang::En, 1_249.0), "1.2 km");
    }

    #[test]
    fn dates_have_no_leading_zeros() {
        assert_eq!(date(jiff::civil::date(2020, 9, 5)), "5/9/2020");
    }
}
