//! Who did what: the audit trail, as a page and as a table for spreadsheets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use maud::html;

use super::{Who, frame};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::words::copied::in_query;
use crate::words::format;
use crate::words::sheet::harmless;
use crate::words::text::{Lang, has, text};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of a person or token.
    pub person: Option<String>,
    /// Code of an item.
    pub item: Option<String>,
    /// A day in the city.
    pub day: Option<Date>,
}

impl Filter {
    fn query(&self) -> String {
        let person = self.person.iter().map(|person| format!("&person={}", in_query(person)));
        let item = self.item.iter().map(|item| format!("&item={item}"));
        person.chain(item).chain(self.day.iter().map(|day| format!("&day={day}"))).collect()
    }
}

/// One event.
pub struct Line {
    /// Its place in the log.
    pub position: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who did it.
    pub who: String,
    /// What happened, `plan.published`.
    pub event: String,
    /// To what, `plan/CODE`.
    pub about: String,
    /// Its title or name; empty where it has none.
    pub name: String,
}

/// The key of an event in words: that of its family where there is one, else the one of all families.
fn did(event: &str) -> String {
    let own = format!("did-{event}");
    let action = event.split_once('.').map_or(event, |(_, action)| action);
    if has(&own) { own } else { format!("did-{action}") }
}

/// The page.
#[expect(clippy::too_many_arguments, reason = "a page shows what it is given")]
pub fn list(
    lang: Lang,
    city: &City,
    who: &Who<'_>,
    moment: &Moment,
    filter: &Filter,
    people: &BTreeMap<String, String>,
    lines: &[Line],
    older: Option<i64>,
) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        form.column action="/office/audit" method="get" {
            (super::language_field(lang))
            label { (t("audit-person"))
                select name="person" {
                    option value="" { (t("audit-everybody")) }
                    @for (id, name) in people { option value=(id) selected[filter.person.as_ref() == Some(id)] { (name) } }
                }
            }
            label { (t("office-item-code")) input type="text" name="item" value=(filter.item.as_deref().unwrap_or_default()) maxlength="20"; }
            label { (t("audit-day")) input type="date" name="day" value=[filter.day]; }
            button.plain { (t("search")) }
        }
        @if lines.is_empty() { p { (t("audit-nothing")) } }
        ul.list {
            @for line in lines {
                li {
                    (format::moment(lang, &moment.zone, line.at)) " · " b { (line.who) }
                    br; (text(lang, &did(&line.event))) ": "
                    @if !line.name.is_empty() { (line.name) " · " }
                    @match line.about.split_once('/') {
                        Some((family, code)) if !matches!(family, "token" | "subject" | "report" | "question" | "account") => a href={ "/q/" (code) (lang.query()) } { (code) },
                        _ => span.note { (line.about) },
                    }
                    span.note { " · " (line.event) " · #" (line.position) }
                }
            }
        }
        p {
            @if let Some(before) = older { a href={ "/office/audit?before=" (before) (filter.query()) (lang.and()) } { (t("audit-older")) } " · " }
            a href={ "/office/audit?f=csv" (filter.query()) (lang.and()) } { "CSV" }
        }
    };
    frame(lang, city, who, t("audit"), "/office/audit", content)
}

/// The same for a spreadsheet.
pub fn csv(lang: Lang, lines: &[Line]) -> String {
    let mut table = csv::Writer::from_writer(Vec::new());
    let t = |key| text(lang, key).to_owned();
    let mut write = |record: [String; 7]| table.write_record(record.map(harmless)).is_ok();
    write(["#".into(), t("audit-day"), t("audit-person"), t("audit-what"), t("audit-about"), t("audit-event"), t("audit-id")]);
    for line in lines {
        let (at, what) = (line.at.to_string(), text(lang, &did(&line.event)).to_owned());
        write([line.position.to_string(), at, line.who.clone(), what, line.name.clone(), line.event.clone(), line.about.clone()]);
    }
    let bytes = table.into_inner().unwrap_or_default();
    // Without this byte order mark, spreadsheets assume another encoding.
    format!("\u{feff}{}", String::from_utf8_lossy(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::families::event_contract;

    #[test]
    fn every_event_of_the_log_has_words() {
        for (event, ..) in event_contract() {
            assert!(has(&did(&event)), "{event}");
        }
    }
}
