//! The parts of a view that only some families have. A family hands them over in its `describe`.

use jiff::civil::Date;

use crate::domain::Code;
use crate::domain::days::{Days, Exception, Open};
use crate::domain::payment::Payment;
use crate::domain::posting::Posting;
use crate::domain::subject::SubjectId;
use crate::domain::trade::{LinkIssued, Offer, PayeeRegistered, Product};

/// One published figure of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// `%`, or what is counted.
    pub unit: String,
    /// The figure aimed at.
    pub target: Option<f64>,
    /// The figure reached.
    pub actual: Option<f64>,
}

/// A notice board and what was printed for it.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardView {
    /// Its number.
    pub number: u32,
    /// Where it stands, in words.
    pub address: Option<String>,
    /// Prints that were made for it.
    pub postings: Vec<Posting>,
    /// When somebody last looked at it.
    pub checked: Option<Date>,
    /// When somebody is to look again.
    pub due: Date,
    /// True when that day has come.
    pub is_due: bool,
}

/// Whether something can be used now, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usable {
    /// It can.
    Yes,
    /// Nobody knows: the last report is too old.
    Unknown,
    /// It is in use.
    Busy,
    /// It cannot.
    No,
}

/// When something takes place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its days, as far as they hold.
    pub days: Days,
    /// The next of them.
    pub next: Option<Date>,
    /// Days that were cancelled or moved, with the reason.
    pub exceptions: Vec<Exception>,
    /// True for what people go to; false for works, and for a time in which opinions are taken.
    pub is_occasion: bool,
    /// Labels of the facts that a calendar takes along.
    pub exported: &'static [&'static str],
    /// True where the end is normal: pages do not show it as a warning.
    pub ends_as_planned: bool,
}

impl Calendar {
    /// Days of something that people do not go to.
    pub fn of(days: Days, exported: &'static [&'static str]) -> Self {
        Self { days, next: None, exceptions: Vec::new(), is_occasion: false, exported, ends_as_planned: false }
    }
}

/// Whom to call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calls {
    /// Phone numbers of institutions: label, number.
    pub phones: Vec<(String, String)>,
    /// A person who may be called.
    pub contact: Option<SubjectId>,
    /// True where the city's emergency number comes first.
    pub is_emergency: bool,
}

/// A place where people pay.
#[derive(Debug, Clone, PartialEq)]
pub struct MerchantView {
    /// Whether it is open; none where no hours are known.
    pub open: Option<Open>,
    /// Ways to pay.
    pub payments: Vec<Payment>,
    /// What is offered.
    pub offers: Vec<Offer>,
    /// What is sold.
    pub products: Vec<Product>,
    /// Campaigns in which it takes part.
    pub campaigns: Vec<Code>,
    /// Whom one pays there.
    pub payee: Option<PayeeRegistered>,
    /// The merchant's link.
    pub link: Option<LinkIssued>,
}

/// A part of what is known of an item that only some families have.
#[derive(Debug, Clone, PartialEq)]
pub enum Section {
    /// Whom to call.
    Calls(Calls),
    /// When it takes place.
    Calendar(Calendar),
    /// Published figures.
    Figures(Vec<Figure>),
    /// A notice board.
    Board(BoardView),
    /// The decision behind it: when it was signed, and the EPSG code of the VN-2000 zone its areas are measured in; none
    /// means the city's zone.
    Decision(Date, Option<u32>),
    /// Opinions are asked for: the last day, and the item they are about.
    Opinions(Date, Option<Code>),
    /// Whether it can be used now.
    Duty(Usable),
    /// An address on another site.
    Link(String),
    /// A place where people pay.
    Merchant(Box<MerchantView>),
}
