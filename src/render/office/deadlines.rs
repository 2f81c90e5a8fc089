//! Deadlines by law, as a page, a table for spreadsheets and a calendar; and what is due.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};

use super::{Who, frame};
use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::deadlines::{Deadline, Standing};
use crate::render::calendar::{escaped, line, stamp};
use crate::words::format;
use crate::words::sheet::harmless;
use crate::words::text::{Lang, text};

/// Most deadlines on the page; the table has all.
pub const MOST: usize = 100;
/// Most lines of what is due on the first page.
pub const MOST_DUE: usize = 30;

/// A deadline of an item.
pub struct Row {
    /// The deadline.
    pub deadline: Deadline,
    /// Title of the item.
    pub title: String,
    /// Its code.
    pub code: Code,
    /// True for what is proposed only.
    pub is_proposed: bool,
    /// True when the day has passed.
    pub is_over: bool,
    /// Number of the item's state, for calendars.
    pub sequence: u32,
    /// True when nobody needs to keep it any more; calendars that know it are told so.
    pub is_settled: bool,
}

impl Row {
    /// Where it is dealt with.
    pub fn link(&self) -> String {
        format!("/office/{}/{}", if self.is_proposed { "proposals" } else { "items" }, self.code)
    }
}

/// Something that is due.
pub struct Due {
    /// The day; none for what is due now.
    pub day: Option<Date>,
    /// Key of what it is.
    pub what: &'static str,
    /// Title of the item.
    pub title: String,
    /// Where it is dealt with.
    pub link: String,
    /// True when the day has passed.
    pub is_over: bool,
}

/// The rule in words: law only where it was read.
fn basis(lang: Lang, deadline: &Deadline) -> String {
    match deadline.rule.standing {
        Standing::Law => deadline.rule.basis.clone(),
        Standing::ToBeChecked => format!("{}: {}", text(lang, "deadline-to-be-checked"), deadline.rule.basis),
    }
}

/// The page.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, rows: &[Row]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        p.note { (t("deadlines-note")) }
        @if rows.is_empty() { p { (t("deadlines-none")) } }
        ul.list {
            @for row in rows.iter().take(MOST) {
                li {
                    b { (format::date(row.deadline.last)) } " "
                    @if row.is_over { span.tag { (t("deadline-over")) } " " }
                    (t(row.deadline.rule.duty.key()))
                    br; a href={ (row.link()) (lang.query()) } { (row.title) }
                    br; span.note {
                        (basis(lang, &row.deadline)) " · " (t("deadline-counted-from")) " " (format::date(row.deadline.event))
                        @if row.deadline.counted != row.deadline.last { " · " (t("deadline-moved")) " " (format::date(row.deadline.counted)) }
                        @if !row.deadline.is_firm { " · " (t("deadline-not-firm")) }
                    }
                }
            }
        }
        @if rows.len() > MOST { p.note { "+ " (rows.len() - MOST) " " (t("deadlines-more")) } }
        @if !rows.is_empty() {
            p { a href={ "/office/deadlines?f=csv" (lang.and()) } { "CSV" } " · " a href={ "/office/deadlines?f=ics" (lang.and()) } { (t("add-to-calendar")) } }
        }
    };
    frame(lang, city, who, t("deadlines"), "/office/deadlines", content)
}

/// The same for a spreadsheet.
pub fn csv(lang: Lang, city: &City, rows: &[Row]) -> String {
    let mut table = csv::Writer::from_writer(Vec::new());
    let t = |key| text(lang, key).to_owned();
    let head = [
        t("deadline-last-day"),
        t("deadline-duty"),
        t("field-title"),
        t("deadline-basis"),
        t("deadline-counted-from"),
        t("deadline-over"),
        "URL".into(),
    ];
    let mut write = |record: [String; 7]| table.write_record(record.map(harmless)).is_ok();
    write(head);
    for row in rows {
        let over = if row.is_over { "x" } else { "" };
        let link = format!("{}{}", city.public_url, row.link());
        write([
            row.deadline.last.to_string(),
            t(row.deadline.rule.duty.key()),
            row.title.clone(),
            basis(lang, &row.deadline),
            row.deadline.event.to_string(),
            over.into(),
            link,
        ]);
    }
    // Without this byte order mark, spreadsheets assume another encoding.
    let bytes = table.into_inner().unwrap_or_default();
    format!("\u{feff}{}", String::from_utf8_lossy(&bytes))
}

/// The same as a calendar.
pub fn calendar(lang: Lang, city: &City, rows: &[Row], now: Timestamp) -> String {
    let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bangtin//VI\r\nCALSCALE:GREGORIAN\r\n");
    for row in rows {
        let day = row.deadline.last;
        out.push_str("BEGIN:VEVENT\r\n");
        line(&mut out, "UID", &format!("{}.{}@{}.bangtin", row.code, row.deadline.rule.id, city.id));
        line(&mut out, "DTSTAMP", &stamp(now));
        line(&mut out, "SEQUENCE", &row.sequence.to_string());
        line(&mut out, "STATUS", if row.is_settled { "CANCELLED" } else { "CONFIRMED" });
        line(&mut out, "DTSTART;VALUE=DATE", &day.strftime("%Y%m%d").to_string());
        line(&mut out, "DTEND;VALUE=DATE", &day.tomorrow().unwrap_or(day).strftime("%Y%m%d").to_string());
        line(&mut out, "SUMMARY", &escaped(&format!("{}: {}", text(lang, row.deadline.rule.duty.key()), row.title)));
        line(&mut out, "DESCRIPTION", &escaped(&basis(lang, &row.deadline)));
        line(&mut out, "URL", &format!("{}{}", city.public_url, row.link()));
        line(&mut out, "TRANSP", "TRANSPARENT");
        out.push_str("END:VEVENT\r\n");
    }
    out.push_str("END:VCALENDAR\r\n");
    out
}

/// What is due, on the office's first page.
pub(super) fn due(lang: Lang, due: &[Due]) -> Markup {
    html! {
        ul.list {
            @for one in due.iter().take(MOST_DUE) {
                li {
                    @if let Some(day) = one.day { b { (format::date(day)) } " " }
                    @if one.is_over { span.tag { (text(lang, "deadline-over")) } " " }
                    (text(lang, one.what)) ": "
                    a href={ (one.link) (lang.query()) } { (one.title) }
                }
            }
        }
        @if due.len() > MOST_DUE { p.note { "+ " (due.len() - MOST_DUE) " " (text(lang, "due-more")) " " a href={ "/office/deadlines" (lang.query()) } { (text(lang, "deadlines")) } } }
    }
}
