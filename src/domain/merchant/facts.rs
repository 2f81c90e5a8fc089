//! What a revision of a place that sells or serves states, and its own commands.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Code;
use crate::domain::days::Hours;
use crate::domain::map_point::Phone;
use crate::domain::payment::Payment;
use crate::domain::trade::{Access, LinkIssued, Offer, PayeeRegistered, Product};
use crate::domain::unit::UnitId;
use crate::geometry::Position;
use crate::words::civil::date_schema;

/// Kinds of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MerchantKind {
    /// Cửa hàng.
    Shop,
    /// Chợ.
    Market,
    /// Quán ăn, nhà hàng.
    Eatery,
    /// Nhà thuốc.
    Pharmacy,
    /// Trường học: fees.
    School,
    /// Bộ phận một cửa và nơi thu phí khác.
    PublicOffice,
}

impl MerchantKind {
    /// The name used in URLs and GeoJSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Market => "market",
            Self::Eatery => "eatery",
            Self::Pharmacy => "pharmacy",
            Self::School => "school",
            Self::PublicOffice => "public-office",
        }
    }
}

/// What a revision of a place states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merchant {
    /// Kind.
    pub kind: MerchantKind,
    /// Name.
    pub title: String,
    /// What one finds there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Where it is, WGS 84.
    pub position: Position,
    /// Address in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Units in which it lies; none means the whole city.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// Opening hours, each for all days or for some days of the week.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Hours>,
    /// What hours in words add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Ways to pay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// What is offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// What is sold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<Product>,
    /// What makes it easier to use for some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Access>,
    /// Numbers of the place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// Campaigns in which it takes part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub campaigns: Vec<Code>,
}

/// `merchant.issue-link`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueLink {
    /// The last day on which the link works.
    #[schemars(schema_with = "date_schema")]
    pub until: Date,
}

/// `merchant.end-link`, `merchant.link_ended`: the link works no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkEnded {
    /// Which link.
    pub number: u32,
}

/// Commands of a place.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MerchantChange {
    /// Whom one pays there.
    RegisterPayee(PayeeRegistered),
    /// A link for the merchant.
    IssueLink(IssueLink),
    /// The link ends.
    EndLink(LinkEnded),
}

/// Events of a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MerchantChanged {
    /// Whom one pays there.
    PayeeRegistered(PayeeRegistered),
    /// A link for the merchant.
    LinkIssued(LinkIssued),
    /// The link ended.
    LinkEnded(LinkEnded),
}

/// What the events leave behind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MerchantState {
    /// Those who were paid there, the last one last. Whoever is erased is in no vault.
    pub payees: Vec<PayeeRegistered>,
    /// How many links were issued.
    pub links: u32,
    /// The link that works.
    pub link: Option<LinkIssued>,
}
