//! What is stated of a notice board, and what happens to the prints on it.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Code;
use crate::domain::document::Document;
use crate::domain::posting::Posting;
use crate::domain::unit::UnitId;
use crate::geometry::Position;
use crate::words::civil::optional_date_schema;

/// What is stated of a notice board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Its number in the city, 1 to 32,767: prints for it carry it.
    pub number: u32,
    /// Where it stands, in words: "Bảng tin UBND phường Yên Bái".
    pub title: String,
    /// Where it stands, WGS 84.
    pub position: Position,
    /// Address in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The units it serves; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// Days after which somebody is to look at it again; 1 to 730, 90 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_days: Option<u16>,
    /// Who looks after it: an office, no person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<String>,
    /// Pictures of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
}

/// The state of a board's own events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BoardState {
    /// Prints that were made for the board, one for each item, in the order in which the items were first printed.
    pub postings: Vec<Posting>,
    /// When somebody last looked at it.
    pub checked: Option<Date>,
}

/// `board.print`, `board.printed`: a print was made for the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    /// The item.
    pub item: Code,
    /// The revision that is printed; the newest where a command names none.
    #[serde(default)]
    pub revision: u32,
    /// When; today where a command names no day.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub on: Option<Date>,
}

/// `board.hang`, `board.hung`: the print hangs on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hung {
    /// The item.
    pub item: Code,
    /// The revision on the print; the one printed last where a command names none.
    #[serde(default)]
    pub revision: u32,
    /// Since when; today where a command names no day.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub on: Option<Date>,
    /// Who hung it: an office or a function, no name of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// `board.remove`, `board.removed`: the print was taken down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// The item.
    pub item: Code,
    /// When; today where a command names no day.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub on: Option<Date>,
}

/// `board.revoke`, `board.revoked`: prints of the item for this board are not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// The item.
    pub item: Code,
    /// Why, for residents.
    pub reason: String,
}

/// `board.check`, `board.checked`: somebody looked at the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// When; today where a command names no day.
    #[serde(default)]
    #[schemars(schema_with = "optional_date_schema")]
    pub on: Option<Date>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What may be asked of a board beside the shared life cycle.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum BoardChange {
    Print(Printed),
    Hang(Hung),
    Remove(Removed),
    Revoke(Revoked),
    Check(Checked),
}

/// What happened to a board beside the shared life cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum BoardChanged {
    Printed(Printed),
    Hung(Hung),
    Removed(Removed),
    Revoked(Revoked),
    Checked(Checked),
}
