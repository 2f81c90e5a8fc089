//! Days of the week, and hours of a day.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::words::fold::fold;
use crate::words::sentence::{Names, Sentence};
use crate::words::text::{Lang, text};

/// Names of the days of the week as people write them, folded; Monday first.
const WRITTEN: [(Weekday, &[&str]); 7] = [
    (Weekday::Monday, &["thu hai", "thu 2", "t2", "hai", "monday"]),
    (Weekday::Tuesday, &["thu ba", "thu 3", "t3", "ba", "tuesday"]),
    (Weekday::Wednesday, &["thu tu", "thu 4", "t4", "tu", "wednesday"]),
    (Weekday::Thursday, &["thu nam", "thu 5", "t5", "nam", "thursday"]),
    (Weekday::Friday, &["thu sau", "thu 6", "t6", "sau", "friday"]),
    (Weekday::Saturday, &["thu bay", "thu 7", "t7", "bay", "saturday"]),
    (Weekday::Sunday, &["chu nhat", "cn", "sunday"]),
];

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// The key of its name in the catalogue, which is also its name in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// The day that people write so: `thứ Ba`, `T3`, `CN`.
    fn read(written: &str) -> Option<Self> {
        let folded = fold(written.trim());
        WRITTEN.iter().find(|(_, names)| names.contains(&folded.as_str())).map(|(day, _)| *day)
    }

    /// Days as people list them: `T2-T6, chủ nhật`; none for an empty text. None for what cannot be read.
    pub fn read_list(names: &str) -> Option<Vec<Self>> {
        let mut days = Vec::new();
        for name in names.replace(['–', '—'], "-").split([',', ';', '(', ')']).map(str::trim).filter(|name| !name.is_empty()) {
            match name.split_once('-') {
                None => days.push(Self::read(name)?),
                Some((first, last)) => {
                    let place = |name: &str| Self::read(name).and_then(|day| WRITTEN.iter().position(|(own, _)| *own == day));
                    days.extend(WRITTEN.get(place(first)?..=place(last)?)?.iter().map(|(day, _)| *day));
                }
            }
        }
        Some(days)
    }

    /// Days as [`Weekday::read_list`] reads them.
    pub fn written(days: &[Self]) -> String {
        days.iter().map(|day| text(Lang::Vi, day.key())).collect::<Vec<_>>().join(", ")
    }

    /// True for a date on this day of the week.
    pub fn is_of(self, date: Date) -> bool {
        date.weekday() == self.into()
    }
}

impl From<Weekday> for jiff::civil::Weekday {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// Schema of a time of day, `22:00` or `22:00:00`.
fn time_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
}

/// The hours of a day. Where `to` is not after `from`, they end on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// First minute, in the city's time.
    #[schemars(schema_with = "time_schema")]
    pub from: Time,
    /// The minute at which they end.
    #[schemars(schema_with = "time_schema")]
    pub to: Time,
    /// Days of the week on which they begin; none means every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
}

impl Hours {
    /// True where they end on the day after they began.
    pub fn end_next_day(&self) -> bool {
        self.to <= self.from
    }

    /// True where they begin on that day.
    pub fn begin_on(&self, day: Date) -> bool {
        self.days.is_empty() || self.days.iter().any(|weekday| weekday.is_of(day))
    }

    /// First and last moment of those that begin on that day.
    fn on(&self, day: Date) -> [DateTime; 2] {
        let last = if self.end_next_day() { day.saturating_add(1.day()) } else { day };
        [day.to_datetime(self.from), last.to_datetime(self.to)]
    }

    /// As people write them: `22h00–5h00`. Programs take “22:00” for a time and drop what follows.
    pub fn in_words(&self) -> String {
        let short = |time: Time| format!("{}h{:02}", time.hour(), time.minute());
        format!("{}–{}", short(self.from), short(self.to))
    }

    /// Hours as people write them, and the days of the week that have them: `7:00–11:00 thứ Ba, thứ Bảy`, `7h–17h30 T2-T6`.
    /// `24/7` and `cả ngày` are a day without its last minute. None for what cannot be read.
    pub fn read(line: &str) -> Option<Self> {
        let folded = fold(line.trim());
        if let Some(rest) = ["24/7", "24/24", "ca ngay"].into_iter().find_map(|whole| folded.strip_prefix(whole)) {
            return Some(Self { from: Time::midnight(), to: time("23:59")?, days: Weekday::read_list(rest)? });
        }
        let plain = line.replace(['–', '—'], "-");
        let (from, rest) = plain.split_once('-')?;
        let rest = rest.trim();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | ';')).unwrap_or(rest.len());
        let (to, names) = rest.split_at(end);
        let days = Weekday::read_list(names)?;
        let (from, to) = (time(from)?, time(if to.starts_with("24") { "23:59" } else { to })?);
        (from != to).then_some(Self { from, to, days })
    }

    /// As [`Hours::read`] reads it.
    pub fn written(&self) -> String {
        let clock = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        format!("{}–{} {}", clock(self.from), clock(self.to), Weekday::written(&self.days)).trim().to_owned()
    }

    /// “7h00–11h00 (thứ Bảy)”.
    pub fn said(&self) -> Sentence {
        let hours = self.in_words();
        if self.days.is_empty() {
            return sentence!("times-every-day", hours);
        }
        let listed = |lang| self.days.iter().map(|day| text(lang, day.key())).collect::<Vec<_>>().join(", ");
        sentence!("times-some-days", hours, days = Names(&listed(Lang::Vi), &listed(Lang::En)))
    }
}

/// A time of day: `7:00`, `7h`, `17h30`.
fn time(written: &str) -> Option<Time> {
    let (hour, minute) = written.trim().split_once([':', 'h', 'H', '.']).unwrap_or((written.trim(), ""));
    Time::new(hour.parse().ok()?, if minute.is_empty() { 0 } else { minute.parse().ok()? }, 0, 0).ok()
}

/// Whether it is open at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// It is, until then.
    Until(DateTime),
    /// It is not, and opens then.
    From(DateTime),
    /// It does not open within a week.
    Closed,
}

/// Whether something with these hours is open at a moment of the city's time; none where no hours are known.
pub fn open(hours: &[Hours], now: DateTime) -> Option<Open> {
    if hours.is_empty() {
        return None;
    }
    let spans = |day: Date| hours.iter().filter(move |hours| hours.begin_on(day)).map(move |hours| hours.on(day));
    let yesterday = now.date().saturating_sub(1.day());
    let days = std::iter::successors(Some(yesterday), |day| day.tomorrow().ok()).take(9);
    let mut all: Vec<[DateTime; 2]> = days.flat_map(spans).collect();
    all.sort();
    // Spans that touch or overlap are one.
    let mut until = None;
    for [from, to] in &all {
        if *from <= until.unwrap_or(now) && *to > until.unwrap_or(now) {
            until = Some(*to);
        }
    }
    if let Some(until) = until {
        return Some(Open::Until(until));
    }
    Some(all.iter().map(|[from, _]| *from).find(|from| *from > now).map_or(Open::Closed, Open::From))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn hours(line: &str) -> Hours {
        Hours::read(line).unwrap_or_else(|| panic!("{line}"))
    }

    #[test]
    fn hours_are_read_as_people_write_them_and_written_so_that_they_are_read() {
        let at = |hour, minute| Time::constant(hour, minute, 0, 0);
        assert_eq!(hours("7:00–11:00"), Hours { from: at(7, 0), to: at(11, 0), days: vec![] });
        let days = vec![Weekday::Tuesday, Weekday::Saturday, Weekday::Sunday];
        assert_eq!(hours("7h - 17h30 (T3, thứ Bảy, CN)"), Hours { from: at(7, 0), to: at(17, 30), days });
        assert_eq!(hours("7h30-17h T2-T6").days.len(), 5);
        assert_eq!(hours("22h–5h, chủ nhật").days, [Weekday::Sunday]);
        for line in ["7:00–11:00", "07:30–17:00 thứ Hai, chủ Nhật", "22h–5h T7"] {
            assert_eq!(hours(&hours(line).written()), hours(line), "{line}");
        }
        for line in ["sáng", "7:00–11:00 thứ Chín", "25:00–26:00", "7:00", "7h–7h", "7h–11h T6-T2", "", "-", "7h-"] {
            assert_eq!(Hours::read(line), None, "{line}");
        }
    }

    #[test]
    fn it_is_open_until_its_hours_end_and_opens_with_the_next() {
        let market = [hours("5h30–11h"), hours("11h–14h CN"), hours("22h–2h T7")];
        // 28 November 2026 is a Saturday.
        let at = |day, hour, minute| date(2026, 11, day).at(hour, minute, 0, 0);
        assert_eq!(open(&market, at(27, 5, 0)), Some(Open::From(at(27, 5, 30))));
        assert_eq!(open(&market, at(27, 5, 30)), Some(Open::Until(at(27, 11, 0))));
        assert_eq!(open(&market, at(27, 11, 0)), Some(Open::From(at(28, 5, 30))), "the minute at which they end is outside");
        assert_eq!(open(&market, at(29, 1, 59)), Some(Open::Until(at(29, 2, 0))), "Saturday's night");
        assert_eq!(open(&market, at(29, 9, 0)), Some(Open::Until(at(29, 14, 0))), "spans that touch are one");
        assert_eq!(open(&[hours("7h–8h T2")], at(30, 8, 0)), Some(Open::From(date(2026, 12, 7).at(7, 0, 0, 0))));
        assert_eq!(open(&[], at(28, 9, 0)), None);
    }
}
