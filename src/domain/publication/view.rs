//! What the read model and the pages know of an item, whatever its family.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::domain::Code;
use crate::domain::document::Document;
use crate::domain::feature_set::FeatureSet;
use crate::domain::publication::ClaimKind;
use crate::domain::publication::{Family, Publication, Revision, Status};
use crate::domain::schema::Further;
use crate::domain::unit::UnitId;
use crate::geometry::Position;
use crate::words::civil;
use crate::words::sentence::Sentence;

pub use super::sections::{BoardView, Calendar, Calls, Figure, MerchantView, Section, Usable};

/// A moment and its civil date in the city.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The moment.
    pub now: Timestamp,
    /// Its date in the city.
    pub today: Date,
    /// The city's time zone.
    pub zone: TimeZone,
}

impl Moment {
    /// The moment `now` in `zone`.
    pub fn new(now: Timestamp, zone: TimeZone) -> Self {
        Self { now, today: civil::date_in(&zone, now), zone }
    }
}

/// A value on a page; formatted by `render`, in the reader's language.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// As it stands.
    Text(String),
    /// A text of the catalogue.
    Key(String),
    /// Several texts of the catalogue.
    Keys(Vec<String>),
    /// A civil date.
    Date(Date),
    /// A day to come, in words that depend on the day of reading: “this Friday”.
    Day(Date),
    /// A moment, shown in the city's time.
    Moment(Timestamp),
    /// First and last year or number.
    Span(i64, i64),
    /// A sentence of the catalogue, or a part of one.
    Said(Sentence),
}

/// A line of facts: the key of its label in the catalogue, and the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Key of the label.
    pub label: &'static str,
    /// The value.
    pub value: Shown,
}

/// One revision in the history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// 1 for the first.
    pub number: u32,
    /// Whether it holds.
    pub status: Status,
    /// Its title.
    pub title: String,
    /// First day in force.
    pub effective_from: Date,
    /// Last day in force.
    pub effective_to: Option<Date>,
    /// Last day on which it holds, as far as is known, as in [`View::holds_to`].
    pub holds_to: Option<Date>,
    /// When it was published here.
    pub recorded_at: Timestamp,
    /// Why it will not come into force.
    pub cancelled: Option<String>,
    /// When and why its last day became known.
    pub expiries: Vec<(Timestamp, String)>,
    /// Corrections: when, why, which fields.
    pub corrections: Vec<(Timestamp, String, Vec<String>)>,
    /// Day of its last correction, or on which its last day was set; in the city's time zone.
    pub changed_on: Option<Date>,
    /// Line naming the decision.
    pub decision: Option<String>,
    /// Number of features.
    pub features: Option<FeatureSet>,
}

/// An item as it is shown at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The item.
    pub code: Code,
    /// Family, `plan`.
    pub family: &'static str,
    /// Kind, `land-use-plan`.
    pub kind: &'static str,
    /// Collection the item belongs to.
    pub collection: &'static str,
    /// Collection of its single features.
    pub feature_collection: Option<&'static str>,
    /// Title.
    pub title: String,
    /// A sentence or two.
    pub summary: Option<String>,
    /// Whether it holds.
    pub status: Status,
    /// Catalogue key of the word that pages and lists show for it: the status, or the family's own word instead.
    pub standing: String,
    /// The key for prints, where the standing changes by the hour or the day.
    pub lasting: Option<&'static str>,
    /// The revision shown.
    pub revision: u32,
    /// First day in force.
    pub effective_from: Date,
    /// Last day in force.
    pub effective_to: Option<Date>,
    /// Last day on which it holds, as far as is known: its own last day, or the day before something takes its place.
    pub holds_to: Option<Date>,
    /// Last change of the item.
    pub updated: Timestamp,
    /// Units.
    pub units: Vec<UnitId>,
    /// Facts in reading order.
    pub facts: Vec<Fact>,
    /// What only its family has.
    pub sections: Vec<Section>,
    /// Where it is, if it is a point.
    pub position: Option<Position>,
    /// Its feature set.
    pub features: Option<FeatureSet>,
    /// Its further feature sets, by the fields that hold them.
    pub further: Vec<(&'static str, FeatureSet)>,
    /// True when that set is only an outline: its features are in no collection.
    pub outline_only: bool,
    /// Attached files.
    pub documents: Vec<Document>,
    /// The last day on which the days of its calendar count, as far as is known: an end was set, or something else follows.
    pub days_end: Option<Date>,
    /// True when another revision took its place before its first day: it never holds, even if that one is moved.
    pub is_replaced: bool,
    /// The number of its entry in calendars: it grows with every change.
    pub sequence: u32,
    /// Its own properties in GeoJSON and JSON, beside the shared ones.
    pub properties: Map<String, Value>,
    /// When and why something of it was published by one person alone, and whether another has looked at it since.
    pub alone: Vec<(Timestamp, String, bool)>,
    /// Why it was withdrawn, what to look at instead, and when.
    pub withdrawn: Option<(String, Option<Code>, Timestamp)>,
    /// The item that takes its place, and from when.
    pub superseded: Option<(Code, Date)>,
    /// The next revision to come: number and first day.
    pub upcoming: Option<(u32, Date)>,
    /// All revisions, newest first.
    pub history: Vec<HistoryEntry>,
    /// When this view changes next without an event.
    pub next_change: Option<Timestamp>,
}

/// Microseconds since 1970 as a moment.
pub fn moment_of(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl View {
    fn section<'v, T>(&'v self, read: impl FnMut(&'v Section) -> Option<T>) -> Option<T> {
        self.sections.iter().find_map(read)
    }

    /// Whom to call.
    pub fn calls(&self) -> Option<&Calls> {
        self.section(|section| if let Section::Calls(calls) = section { Some(calls) } else { None })
    }

    /// Phone numbers of institutions: label, number.
    pub fn phones(&self) -> &[(String, String)] {
        self.calls().map_or(&[], |calls| &calls.phones)
    }

    /// When it takes place.
    pub fn calendar(&self) -> Option<&Calendar> {
        self.section(|section| if let Section::Calendar(calendar) = section { Some(calendar) } else { None })
    }

    /// The next day on which it takes place.
    pub fn next_day(&self) -> Option<Date> {
        self.calendar()?.next
    }

    /// Published figures.
    pub fn figures(&self) -> &[Figure] {
        self.sections
            .iter()
            .find_map(|section| if let Section::Figures(figures) = section { Some(figures) } else { None })
            .map_or(&[], Vec::as_slice)
    }

    /// What is known of a notice board.
    pub fn board(&self) -> Option<&BoardView> {
        self.section(|section| if let Section::Board(board) = section { Some(board) } else { None })
    }

    /// What is known of a place where people pay.
    pub fn merchant(&self) -> Option<&MerchantView> {
        self.section(|section| if let Section::Merchant(merchant) = section { Some(&**merchant) } else { None })
    }

    /// Its address on another site.
    pub fn link(&self) -> Option<&str> {
        self.section(|section| if let Section::Link(link) = section { Some(link.as_str()) } else { None })
    }

    /// Day on which its decision was signed.
    pub fn signed(&self) -> Option<Date> {
        self.section(|section| if let Section::Decision(signed, _) = section { Some(*signed) } else { None })
    }

    /// EPSG code of the VN-2000 zone its areas are measured in; none means the city's zone.
    pub fn plane(&self) -> Option<u32> {
        self.sections.iter().find_map(|section| if let Section::Decision(_, plane) = section { *plane } else { None })
    }

    /// Last day on which it takes opinions.
    pub fn opinions_until(&self) -> Option<Date> {
        self.section(|section| if let Section::Opinions(until, _) = section { Some(*until) } else { None })
    }

    /// The item it is about.
    pub fn about(&self) -> Option<Code> {
        self.sections.iter().find_map(|section| if let Section::Opinions(_, about) = section { *about } else { None })
    }

    /// Whether it can be used now, for what is on duty.
    pub fn duty(&self) -> Option<Usable> {
        self.section(|section| if let Section::Duty(usable) = section { Some(*usable) } else { None })
    }

    /// The set that a collection of single features is made from; none where the item has none, or only an outline.
    pub fn set_of(&self, further: Option<Further>) -> Option<&FeatureSet> {
        match further {
            None => self.features.as_ref().filter(|_| !self.outline_only),
            Some(Further { field, .. }) => self.further.iter().find(|(own, _)| *own == field).map(|(_, set)| set),
        }
    }

    /// The value of a fact, by its label.
    pub fn fact(&self, label: &str) -> Option<&Shown> {
        self.facts.iter().find(|fact| fact.label == label).map(|fact| &fact.value)
    }

    /// The text of a fact, by its label; none where its value is not a text.
    pub fn told(&self, label: &str) -> Option<&str> {
        match self.fact(label)? {
            Shown::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// An item as it is shown on a day, in short: far sooner made than a [`View`].
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a> {
    /// Title.
    pub title: &'a str,
    /// Kind.
    pub kind: &'static str,
    /// Units it concerns; none means the whole city.
    pub units: &'a [UnitId],
    /// How it stands.
    pub status: Status,
    /// Its features, or its outline where it has none.
    pub set: Option<&'a FeatureSet>,
}

impl<F: Family> Publication<F> {
    /// The item as shown at `moment`, or one of its revisions; none for a draft.
    pub fn view(&self, revision: Option<u32>, moment: &Moment) -> Option<View> {
        let code = self.code?;
        let shown = match revision {
            None => self.shown_on(moment.today)?,
            Some(number) => self.revisions.iter().find(|r| r.number == number)?,
        };
        let status = match revision {
            None => self.status_on(moment.today),
            Some(_) => self.revision_status(shown, moment.today),
        };
        let facts = &shown.facts;
        let kind = facts.kind();
        let collection = F::COLLECTIONS.iter().find(|(_, k)| k.is_empty() || *k == kind).map_or("", |(name, _)| name);
        let mut view = View {
            code,
            family: F::NAME,
            kind,
            collection,
            feature_collection: F::FEATURES.first().map(|collection| collection.name),
            title: facts.title().to_owned(),
            summary: None,
            status,
            standing: status.as_str().to_owned(),
            lasting: None,
            revision: shown.number,
            effective_from: shown.effective_from,
            effective_to: shown.effective_to,
            holds_to: self.holds_to(shown, moment),
            updated: moment_of(self.updated_at),
            units: facts.units().to_vec(),
            facts: Vec::new(),
            sections: Vec::new(),
            position: None,
            features: facts.features().or(facts.outline()).cloned(),
            further: facts.further().into_iter().map(|(field, set)| (field, set.clone())).collect(),
            outline_only: facts.features().is_none(),
            documents: facts.documents().to_vec(),
            days_end: self.days_end(shown),
            is_replaced: self.is_replaced(shown),
            sequence: self.sequence(),
            properties: Map::new(),
            alone: self.alone.iter().map(|alone| (moment_of(alone.at), alone.reason.clone(), alone.is_seconded())).collect(),
            withdrawn: self.withdrawn.as_ref().map(|(w, at)| (w.reason.clone(), w.replaced_by, moment_of(*at))),
            superseded: self.superseded.as_ref().map(|s| (s.by, s.from)),
            upcoming: self
                .revisions
                .iter()
                .filter(|r| r.number != shown.number && self.revision_status(r, moment.today) == Status::Upcoming)
                .filter(|_| matches!(status, Status::InForce | Status::Upcoming | Status::Expired))
                .min_by_key(|r| r.effective_from)
                .map(|r| (r.number, r.effective_from)),
            history: self.revisions.iter().rev().map(|r| self.history_entry(r, moment)).collect(),
            next_change: self.next_change(moment),
        };
        facts.describe(&self.state, moment, &mut view);
        Some(view)
    }

    /// The revision's last day as far as is known; its own where it never holds.
    fn holds_to(&self, revision: &Revision<F>, moment: &Moment) -> Option<Date> {
        self.holds(revision, moment).map_or(revision.effective_to, |(_, last)| last)
    }

    fn history_entry(&self, revision: &Revision<F>, moment: &Moment) -> HistoryEntry {
        let changes = revision.corrections.iter().map(|c| c.recorded_at).chain(revision.expiries.iter().map(|(at, _)| *at));
        HistoryEntry {
            number: revision.number,
            expiries: revision.expiries.iter().map(|(at, reason)| (moment_of(*at), reason.clone())).collect(),
            changed_on: changes.max().map(|at| civil::date_in(&moment.zone, moment_of(at))),
            status: self.revision_status(revision, moment.today),
            title: revision.facts.title().to_owned(),
            effective_from: revision.effective_from,
            effective_to: revision.effective_to,
            holds_to: self.holds_to(revision, moment),
            recorded_at: moment_of(revision.recorded_at),
            cancelled: revision.cancelled.clone(),
            corrections: revision.corrections.iter().map(|c| (moment_of(c.recorded_at), c.reason.clone(), c.fields.clone())).collect(),
            decision: revision.facts.claims().into_iter().find(|c| c.kind == ClaimKind::Decision).map(|c| c.key),
            features: revision.facts.features().or(revision.facts.outline()).cloned(),
        }
    }
}
