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
use crate::words::text::{Lang, text};

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
                    br; code { (line.event) } " · "
                    @match line.about.split_once('/') {
                        Some((family, code)) if !matches!(family, "token" | "subject" | "report" | "account") => a href={ "/q/" (code) (lang.query()) } { (code) },
                        _ => (line.about),
                    }
                    " · #" (line.position)
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
    let mut write = |record: [String; 5]| table.write_record(record.map(harmless)).is_ok();
    write(["#".into(), t("audit-day"), t("audit-person"), t("audit-what"), t("audit-about")]);
    for line in lines {
        write([line.position.to_string(), line.at.to_string(), line.who.clone(), line.event.clone(), line.about.clone()]);
    }
    let bytes = table.into_inner().unwrap_or_default();
    // Without this byte order mark, spreadsheets assume another encoding.
    format!("\u{feff}{}", String::from_utf8_lossy(&bytes))
}
