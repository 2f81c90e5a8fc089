//! What a place where people pay sells, offers and makes easy; whom one pays there; and the merchant's own link.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Code;
use super::access::AccountId;
use super::days::Weekday;
use super::subject::SubjectId;
use crate::words::civil::{self, date_schema, optional_date_schema};
use crate::words::fold::typed;
use crate::words::format::date;

/// Names of all kinds of place where people pay.
pub const KINDS: [&str; 6] = ["shop", "market", "eatery", "pharmacy", "school", "public-office"];

/// Longest address on the web, characters.
const LONGEST_LINK: usize = 500;

/// What makes a place easier to use for some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// No step at the entrance, or a ramp.
    StepFree,
    /// A door and ways wide enough for a wheelchair.
    WideDoor,
    /// A toilet for wheelchairs.
    AccessibleToilet,
    /// Somebody helps with reading and with the phone.
    Help,
    /// It is brought home.
    Delivery,
}

impl Access {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::StepFree, Self::WideDoor, Self::AccessibleToilet, Self::Help, Self::Delivery];

    /// Its name in forms and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StepFree => "step-free",
            Self::WideDoor => "wide-door",
            Self::AccessibleToilet => "accessible-toilet",
            Self::Help => "help",
            Self::Delivery => "delivery",
        }
    }

    /// The key of its name in the catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::StepFree => "access-step-free",
            Self::WideDoor => "access-wide-door",
            Self::AccessibleToilet => "access-accessible-toilet",
            Self::Help => "access-help",
            Self::Delivery => "access-delivery",
        }
    }
}

/// What is offered, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// “Giảm 5 %”.
    pub what: String,
    /// To whom, for what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Days of the week; none means every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub from: Option<Date>,
    /// Not after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_schema")]
    pub to: Option<Date>,
    /// Only on the days of that campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Code>,
}

/// What is sold there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// “Chè Bát Tiên”.
    pub name: String,
    /// When there is some, in words: “tháng 3–11”.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<String>,
    /// Who sells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<String>,
    /// Its page on a marketplace: an `https:` address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The cells of a line, without blanks around them; empty ones are none.
fn cells(line: &str) -> Vec<Option<String>> {
    line.split('|').map(typed).map(|cell| (!cell.is_empty()).then_some(cell)).collect()
}

/// Cells as a line, without empty ones at its end.
fn line_of(cells: &[String]) -> String {
    cells.join(" | ").trim_end_matches([' ', '|']).to_owned()
}

impl Offer {
    /// Reads a line: `Giảm 5 % | hóa đơn từ 100.000 đồng | T6, T7 | 1/12/2026 | 31/12/2026 | mã chiến dịch`. Only the first cell
    /// is needed.
    pub fn read(line: &str) -> Option<Self> {
        let cells = cells(line);
        let cell = |at: usize| cells.get(at).cloned().flatten();
        let day = |at: usize| cell(at).map(|text| civil::written(&text).ok_or(())).transpose().ok();
        (cells.len() <= 6).then_some(())?;
        Some(Self {
            what: cell(0)?,
            condition: cell(1),
            days: Weekday::read_list(&cell(2).unwrap_or_default())?,
            from: day(3)?,
            to: day(4)?,
            campaign: cell(5).map(|code| code.parse()).transpose().ok()?,
        })
    }

    /// As [`Offer::read`] reads it.
    pub fn written(&self) -> String {
        let day = |day: Option<Date>| day.map(date).unwrap_or_default();
        line_of(&[
            self.what.clone(),
            self.condition.clone().unwrap_or_default(),
            Weekday::written(&self.days),
            day(self.from),
            day(self.to),
            self.campaign.map(|code| code.to_string()).unwrap_or_default(),
        ])
    }
}

impl Product {
    /// Reads a line: `Chè Bát Tiên | tháng 3–11 | HTX Minh Bảo | https://…`. Only the first cell is needed.
    pub fn read(line: &str) -> Option<Self> {
        let cells = cells(line);
        let cell = |at: usize| cells.get(at).cloned().flatten();
        (cells.len() <= 4).then_some(())?;
        Some(Self { name: cell(0)?, season: cell(1), seller: cell(2), link: cell(3) })
    }

    /// As [`Product::read`] reads it.
    pub fn written(&self) -> String {
        let text = |cell: &Option<String>| cell.clone().unwrap_or_default();
        line_of(&[self.name.clone(), text(&self.season), text(&self.seller), text(&self.link)])
    }
}

/// How a clerk made sure whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Checked {
    /// The bank's app showed the name when the code was read at the place.
    Scanned,
    /// A paper of the bank names the account and its holder.
    BankPaper,
    /// A small payment arrived, as the holder showed.
    Payment,
}

impl Checked {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Scanned, Self::BankPaper, Self::Payment];

    /// Its name in forms and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scanned => "scanned",
            Self::BankPaper => "bank-paper",
            Self::Payment => "payment",
        }
    }

    /// The key of its name in the catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Scanned => "checked-scanned",
            Self::BankPaper => "checked-bank-paper",
            Self::Payment => "checked-payment",
        }
    }
}

/// `merchant.register-payee`, `merchant.payee_registered`: whom one pays there. Account and name are in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PayeeRegistered {
    /// The account's holder.
    pub payee: SubjectId,
    /// The day on which a clerk made sure whose account it is.
    #[schemars(schema_with = "date_schema")]
    pub checked_on: Date,
    /// How.
    pub checked: Checked,
}

/// `merchant.link_issued`: whoever has the link may suggest changes. An earlier link ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkIssued {
    /// 1 for the first link of the place.
    pub number: u32,
    /// The last day on which it works.
    #[schemars(schema_with = "date_schema")]
    pub until: Date,
    /// Who issued it; none where no person is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
}

/// True for an address on the web that a page may link to: a name with a dot, not a number or this machine.
pub fn is_web_address(link: &str) -> bool {
    let Some(rest) = link.strip_prefix("https://") else { return false };
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
    let (host, is_port) = (host.strip_suffix('.').unwrap_or(host), port.is_none_or(|port| port.parse::<u16>().is_ok()));
    let is_name = host.contains('.') && host.split('.').all(|part| !part.is_empty());
    let ends_in_word = host.rsplit('.').next().is_some_and(|last| last != "localhost" && !last.starts_with(|c: char| c.is_ascii_digit()));
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '"' | '\'' | '\\' | '`');
    link.chars().count() <= LONGEST_LINK && link.chars().all(is_plain) && is_name && ends_in_word && is_port && !place.contains('@')
}

#[cfg(test)]
mod tests {
    use super::is_web_address;

    #[test]
    fn a_page_links_to_addresses_on_the_web_only() {
        for right in ["https://postmart.example/che-bat-tien", "https://a.example/?x=1#y", "https://chè.example/é"] {
            assert!(is_web_address(right), "{right}");
        }
        for wrong in [
            "http://a.example",
            "javascript:alert(1)",
            "https://localhost/",
            "https://localhost./",
            "https://foo.localhost/",
            "https://127.0.0.1/",
            "https://10.0.0.1:8443/x",
            "https://[::1]/",
            "https://.example/",
            "https://a.example:99999/",
            "https://a.example/ x",
            "https://me@a.example/",
            "https://a.example/\"x",
            "",
        ] {
            assert!(!is_web_address(wrong), "{wrong}");
        }
    }
}
