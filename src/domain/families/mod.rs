//! The list of families, and everything that is generated from it.
//!
//! This is the one line to extend for a new family; routes, pages, tables and the event contract
//! follow from its [`Family`] implementation.

mod forms;
mod log;

pub use log::{Audited, DecodeError, Encoded, LogEvent, event_contract};

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access::{Actor, Role};
use super::board::Board;
use super::campaign::Campaign;
use super::consultation::Consultation;
use super::faq::Faq;
use super::indicator::Indicator;
use super::map_point::MapPoint;
use super::merchant::Merchant;
use super::plan::Plan;
use super::publication::{Alone, Claim, Command, Event, Family, Proposal, ProposalState, Publication};
use super::service::Service;
use super::unit::{UnitId, Units};
use super::works::Works;
use super::{Code, Context, Refusal};
use crate::domain::feature_set::Takes;
use crate::domain::figures::{Asked, Measure, Table};
use crate::domain::publication::view::{Brief, Moment, View};
use crate::domain::schema::Further;
use forms::{decode_event, encode_event, event_schemas, schemas_of_commands};
use log::parse;

/// A family of the list: how its own types stand in the enums over all families.
pub trait Listed: Family {
    /// The item of an aggregate.
    fn item(publication: Publication<Self>) -> Item;
    /// The aggregate of an item. None for an item of another family.
    fn publication(item: &Item) -> Option<&Publication<Self>>;
    /// An event of the family among those of all families.
    fn event(event: Event<Self>) -> ItemEvent;
    /// The event as one of this family. None for an event of another one.
    fn own(event: ItemEvent) -> Option<Event<Self>>;
}

/// What is done with a command, whatever family it belongs to.
pub trait Handler {
    /// What comes of it.
    type Output;
    /// Does it.
    fn handle<F: Listed>(self, command: Command<F>) -> impl Future<Output = Self::Output> + Send;
}

/// Generates the enums over all families and their dispatch.
macro_rules! families {
    ($($family:ident),+) => {
        /// An item of any family, as its events left it.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names say it")]
        pub enum Item { $($family(Box<Publication<$family>>)),+ }

        /// An event of an item of any family.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "the names say it")]
        pub enum ItemEvent { $($family(Event<$family>)),+ }

        /// A command to an item of any family.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "the names say it")]
        pub enum ItemCommand { $($family(Box<Command<$family>>)),+ }

        $(impl Listed for $family {
            fn item(publication: Publication<Self>) -> Item {
                Item::$family(Box::new(publication))
            }

            fn publication(item: &Item) -> Option<&Publication<Self>> {
                match item {
                    Item::$family(publication) => Some(publication),
                    _ => None,
                }
            }

            fn event(event: Event<Self>) -> ItemEvent {
                ItemEvent::$family(event)
            }

            fn own(event: ItemEvent) -> Option<Event<Self>> {
                match event {
                    ItemEvent::$family(event) => Some(event),
                    _ => None,
                }
            }
        })+

        impl ItemCommand {
            /// Hands the command to `handler` as one of its own family.
            pub async fn handled_by<H: Handler + Send>(self, handler: H) -> H::Output {
                match self { $(Self::$family(command) => handler.handle(*command).await),+ }
            }
        }

        impl Item {
            /// A new item of a family, by the family's name.
            pub fn new(family: &str) -> Option<Self> {
                match family {
                    $(<$family as Family>::NAME => Some(Self::$family(Box::default())),)+
                    _ => None,
                }
            }

            /// Its family's name.
            pub fn family(&self) -> &'static str {
                match self { $(Self::$family(_) => $family::NAME),+ }
            }

            /// Applies an event that was recorded at `at`, microseconds since 1970.
            pub fn apply_at(&mut self, event: ItemEvent, at: i64) {
                match (self, event) {
                    $((Self::$family(item), ItemEvent::$family(event)) => item.apply_at(event, at),)+
                    _ => {}
                }
            }

            /// The item as shown at `moment`, or one of its revisions; none for a draft.
            pub fn view(&self, revision: Option<u32>, moment: &Moment) -> Option<View> {
                match self { $(Self::$family(item) => item.view(revision, moment)),+ }
            }

            /// The item as it was known at `at`, microseconds since 1970; none before it was public.
            pub fn as_of(&self, at: i64) -> Option<Self> {
                match self { $(Self::$family(item) => item.as_of(at).map(|then| Self::$family(Box::new(then)))),+ }
            }

            /// Numbers of the revisions that hold on some day from `from` to `to`, oldest first.
            pub fn holding(&self, from: Option<jiff::civil::Date>, to: Option<jiff::civil::Date>, moment: &Moment) -> Vec<u32> {
                match self { $(Self::$family(item) => item.holding(from, to, moment)),+ }
            }

            /// First and last day on which each revision holds, oldest first; those that never do are left out.
            pub fn validity(&self, moment: &Moment) -> Vec<(u32, jiff::civil::Date, Option<jiff::civil::Date>)> {
                match self {
                    $(Self::$family(item) => {
                        let days = item.revisions.iter().filter_map(|r| Some((r.number, item.holds(r, moment)?)));
                        days.map(|(number, (from, to))| (number, from, to)).collect()
                    })+
                }
            }

            /// Its title on the day `today`; none for a draft.
            pub fn title(&self, today: jiff::civil::Date) -> Option<&str> {
                match self { $(Self::$family(item) => item.shown_on(today).map(|r| r.facts.title())),+ }
            }

            /// How it is shown on the day `today`, in short; none for a draft.
            pub fn brief(&self, today: jiff::civil::Date) -> Option<Brief<'_>> {
                match self {
                    $(Self::$family(item) => item.shown_on(today).map(|r| Brief {
                        title: r.facts.title(),
                        kind: r.facts.kind(),
                        units: r.facts.units(),
                        status: item.status_on(today),
                        set: r.facts.features().or(r.facts.outline()),
                    })),+
                }
            }

            /// The collection it belongs to; none for a draft.
            pub fn collection(&self) -> Option<&'static str> {
                match self {
                    $(Self::$family(item) => {
                        let kind = item.revisions.first()?.facts.kind();
                        let mut all = <$family as Family>::COLLECTIONS.iter();
                        all.find(|(_, k)| k.is_empty() || *k == kind).map(|(name, _)| *name)
                    })+
                }
            }

            /// Its kind; none for a draft.
            pub fn kind(&self) -> Option<&'static str> {
                match self { $(Self::$family(item) => Some(item.revisions.first()?.facts.kind())),+ }
            }

            /// True when its page shows the titles of other items.
            pub fn mentions_others(&self) -> bool {
                match self { $(Self::$family(item) => <$family as Family>::mentions_others(&item.state) || item.latest().is_some_and(|r| !r.facts.refers().is_empty())),+ }
            }

            /// The number by which prints name it; none while it is a draft.
            pub fn number(&self) -> Option<u32> {
                match self { $(Self::$family(item) => item.latest()?.facts.number()),+ }
            }

            /// True when items of its family are areas on a map.
            pub fn has_areas(&self) -> bool {
                match self { $(Self::$family(_) => <$family as Family>::SHAPE == crate::domain::schema::Shape::Areas),+ }
            }

            /// True when items of its family have places of their own, each a point on a map.
            pub fn has_places(&self) -> bool {
                match self {
                    $(Self::$family(_) => <$family as Family>::FEATURES.iter().any(|own| own.further.is_none() && own.shape == crate::domain::schema::Shape::Point)),+
                }
            }

            /// What it measures, where it has figures.
            pub fn measure(&self) -> Option<Measure> {
                match self { $(Self::$family(item) => item.latest().and_then(|revision| revision.facts.measure())),+ }
            }

            /// Its figures for a period; none where it has none.
            pub fn table(&self, asked: &Asked<'_>) -> Option<Table> {
                match self { $(Self::$family(item) => <$family as Family>::table(item, asked)),+ }
            }

            /// True when a revision names that person.
            pub fn names(&self, subject: &crate::domain::subject::SubjectId) -> bool {
                match self { $(Self::$family(item) => item.revisions.iter().any(|r| r.facts.person() == Some(subject))),+ }
            }

            /// True when `code` already supersedes it.
            pub fn is_superseded_by(&self, code: &Code) -> bool {
                match self { $(Self::$family(item) => item.superseded.as_ref().is_some_and(|s| s.by == *code)),+ }
            }

            /// True once it was taken back.
            pub fn is_withdrawn(&self) -> bool {
                match self { $(Self::$family(item) => item.withdrawn.is_some()),+ }
            }

            /// The feature sets of all its revisions.
            pub fn sets(&self) -> Vec<crate::domain::Digest> {
                match self {
                    $(Self::$family(item) => {
                        let of = |r: &'_ crate::domain::publication::Revision<$family>| {
                            let main = r.facts.features().or(r.facts.outline());
                            main.into_iter().chain(r.facts.further().into_iter().map(|(_, set)| set)).map(|set| set.sha256).collect::<Vec<_>>()
                        };
                        item.revisions.iter().flat_map(of).collect()
                    })+
                }
            }

            /// True once a revision of it was published.
            pub fn is_public(&self) -> bool {
                match self { $(Self::$family(item) => !item.revisions.is_empty()),+ }
            }

            /// Microseconds since 1970 of its last event.
            pub fn updated_at(&self) -> i64 {
                match self { $(Self::$family(item) => item.updated_at),+ }
            }

            /// Number of the highest revision that was not cancelled.
            pub fn latest(&self) -> Option<u32> {
                match self { $(Self::$family(item) => item.latest().map(|r| r.number)),+ }
            }

            /// The command that is in preparation or waits for a second person.
            pub fn proposal(&self) -> Option<&Proposal> {
                match self { $(Self::$family(item) => item.proposal.as_deref()),+ }
            }

            /// The proposal that was discarded last.
            pub fn discarded(&self) -> Option<&Proposal> {
                match self { $(Self::$family(item) => item.discarded.as_deref()),+ }
            }

            /// Number of its state in the office, for calendars.
            pub fn touched(&self) -> u32 {
                match self { $(Self::$family(item) => item.touched),+ }
            }

            /// The item as it would be if its proposal were approved now, or why that would be refused. None without a
            /// proposal.
            pub fn foreseen(&self, context: &Context) -> Option<Result<Self, Refusal>> {
                match self {
                    $(Self::$family(item) => item.foreseen(context).map(|after| after.map(|after| Self::$family(Box::new(after))))),+
                }
            }

            /// Codes that the proposed command mentions, as [`Command::mentions`] and [`Command::refers`] give them.
            pub fn proposal_refers(&self) -> (Option<Code>, Vec<Code>) {
                match self {
                    $(Self::$family(item) => {
                        let command = item.proposal.as_ref().and_then(|proposal| proposal.command::<$family>());
                        command.map_or_else(Default::default, |command| (command.mentions(), command.refers()))
                    }),+
                }
            }

            /// What its highest revision that was not cancelled states, as JSON; none for a draft.
            pub fn latest_facts(&self) -> Option<Value> {
                match self { $(Self::$family(item) => item.latest().and_then(|r| serde_json::to_value(&r.facts).ok())),+ }
            }

            /// The first day after `day` with which it begins or ceases to hold, as far as is known.
            pub fn turns_after(&self, day: jiff::civil::Date) -> Option<jiff::civil::Date> {
                match self { $(Self::$family(item) => item.turns_after(day)),+ }
            }

            /// The next moment at which it begins or ceases to hold, as far as is known.
            pub fn next_change(&self, moment: &Moment) -> Option<jiff::Timestamp> {
                match self { $(Self::$family(item) => item.next_change(moment)),+ }
            }

            /// The number of its highest revision that was not cancelled.
            pub fn latest_number(&self) -> Option<u32> {
                match self { $(Self::$family(item) => item.latest().map(|r| r.number)),+ }
            }

            /// What was published alone and nobody else has looked at yet, with its number.
            pub fn unseconded(&self) -> Option<(u32, &Alone)> {
                match self { $(Self::$family(item) => item.unseconded()),+ }
            }

            /// True when this actor may look at what was published alone.
            pub fn may_second(&self, actor: &Actor, units: &Units, today: jiff::civil::Date) -> bool {
                let is_other = |person| self.unseconded().is_some_and(|(_, alone)| alone.by.as_ref() != Some(person) && !alone.seconded.contains(person));
                actor.person().is_some_and(is_other) && match self {
                    $(Self::$family(item) => item.units_now().iter().all(|own| actor.check_as(Role::Approver, own, units, today).is_ok())),+
                }
            }

            /// True when this actor may approve the proposal or return it now.
            pub fn may_judge(&self, actor: &Actor, units: &Units, today: jiff::civil::Date) -> bool {
                let has_approved = |person| self.proposal().is_some_and(|proposal| proposal.approvals.contains(person));
                self.is_judged_in(&[ProposalState::Submitted], actor, units, today) && !actor.person().is_some_and(has_approved)
            }

            /// True when this actor may return the proposal now: also one that is approved and waits for its hour.
            pub fn may_return(&self, actor: &Actor, units: &Units, today: jiff::civil::Date) -> bool {
                self.is_judged_in(&[ProposalState::Submitted, ProposalState::Scheduled], actor, units, today)
            }

            /// True when the proposal is in one of these states, and this actor is an approver of it and no author.
            fn is_judged_in(&self, states: &[ProposalState], actor: &Actor, units: &Units, today: jiff::civil::Date) -> bool {
                let waits = self.proposal().is_some_and(|proposal| {
                    let is_other = |person| !proposal.authors.contains(person);
                    states.contains(&proposal.state) && actor.person().is_some_and(is_other)
                });
                waits && match self {
                    $(Self::$family(item) => item.units_now().iter().all(|own| actor.check_as(Role::Approver, own, units, today).is_ok())),+
                }
            }

            /// True when what is proposed waits for a second person, and this actor may do it alone in an emergency.
            pub fn may_publish_alone(&self, actor: &Actor, units: &Units, today: jiff::civil::Date) -> bool {
                self.proposal().is_some_and(|proposal| proposal.state == ProposalState::Submitted) && match self {
                    $(Self::$family(item) => item.units_now().iter().all(|own| actor.check_as(Role::Administrator, own, units, today).is_ok())),+
                }
            }

            /// True when this actor may see the proposal: as one who may work on it, approve it, or do it alone.
            pub fn shows_proposal_to(&self, actor: &Actor, units: &Units, today: jiff::civil::Date) -> bool {
                let works = |own: &[UnitId], roles| actor.check(roles, own, units, today).is_ok();
                let judges = |own: &[UnitId]| actor.check_as(Role::Approver, own, units, today).is_ok();
                self.may_publish_alone(actor, units, today) || match self {
                    $(Self::$family(item) => item.units_now().iter().all(|own| works(own, <$family as Family>::ROLES) || judges(own))),+
                }
            }
        }

        impl ItemEvent {
            /// Type, version and stored text of the event.
            pub fn encode(&self) -> serde_json::Result<Encoded> {
                match self { $(Self::$family(event) => encode_event(event)),+ }
            }

            /// Its family's name.
            pub fn family(&self) -> &'static str {
                match self { $(Self::$family(_) => $family::NAME),+ }
            }

            /// True for what the public neither sees nor can notice.
            pub fn is_private(&self) -> bool {
                match self { $(Self::$family(event) => event.is_private()),+ }
            }

            /// Keys that the event gives up; `before` is the item before the event.
            pub fn releases(&self, before: &Item) -> Vec<Claim> {
                match (self, before) {
                    $((Self::$family(event), Item::$family(item)) => item.releases(event),)+
                    _ => Vec::new(),
                }
            }

            /// Keys that the event lays claim to.
            pub fn claims(&self) -> Vec<Claim> {
                match self {
                    $(Self::$family(Event::Published(published)) => published.facts.claims(),
                      Self::$family(Event::Corrected(corrected)) => corrected.facts.claims(),)+
                    _ => Vec::new(),
                }
            }
        }

        impl ItemCommand {
            /// Reads a command of `family`; none for an unknown family or action. The error says what is missing.
            pub fn parse(family: &str, action: &str, body: Value) -> Option<serde_json::Result<Self>> {
                match family {
                    $(<$family as Family>::NAME => {
                        Command::read(action, body).map(|c| c.map(|c| Self::$family(Box::new(c))))
                    })+
                    _ => None,
                }
            }

            /// True when the family takes that action.
            pub fn is_known(family: &str, action: &str) -> bool {
                match family {
                    $(<$family as Family>::NAME => ACTIONS.contains(&action) || $family::CHANGES.contains(&action),)+
                    _ => false,
                }
            }
        }

        fn decode_item(family: &str, name: &str, version: u32, payload: &str) -> Option<serde_json::Result<ItemEvent>> {
            match family {
                $(<$family as Family>::NAME => decode_event(name, version, payload).map(|e| e.map(ItemEvent::$family)),)+
                _ => None,
            }
        }

        /// Every collection of items: name, family and kind (empty: all kinds).
        pub fn collections() -> Vec<(&'static str, &'static str, &'static str)> {
            let mut list = Vec::new();
            $(list.extend($family::COLLECTIONS.iter().map(|(name, kind)| (*name, $family::NAME, *kind)));)+
            list
        }

        /// Properties of a collection's items, beyond those that all items have.
        pub fn item_properties(family: &str, kind: &str) -> Vec<crate::domain::schema::Property> {
            match family {
                $(<$family as Family>::NAME => <$family as Family>::properties(kind),)+
                _ => Vec::new(),
            }
        }

        /// The fields that hold feature sets: family, field, and what it takes.
        pub fn sets() -> Vec<(&'static str, &'static str, Takes)> {
            let mut list = Vec::new();
            $(list.extend(<$family as Family>::SETS.iter().map(|(field, takes)| ($family::NAME, *field, *takes)));)+
            list
        }

        /// Roles that may publish a family, besides the editor's.
        pub fn roles(family: &str) -> &'static [Role] {
            match family {
                $(<$family as Family>::NAME => <$family as Family>::ROLES,)+
                _ => &[],
            }
        }

        /// Families whose items are named to people near them: name, heading, and metres.
        pub fn nearby() -> Vec<(&'static str, &'static str, f64)> {
            let mut list = Vec::new();
            $(list.extend(<$family as Family>::NEARBY.map(|(heading, metres)| ($family::NAME, heading, metres)));)+
            list
        }

        /// Collections of what people go to, on days.
        pub fn occasions() -> Vec<&'static str> {
            let mut list = Vec::new();
            $(list.extend($family::COLLECTIONS.iter().filter(|_| <$family as Family>::OCCASIONS).map(|(name, _)| *name));)+
            list
        }

        /// An example of a feature's id for each collection of the families.
        pub fn examples() -> Vec<(&'static str, &'static str)> {
            [$(<$family as Family>::EXAMPLES),+].concat()
        }

        /// Names of the schemas of all families' facts.
        pub fn facts() -> Vec<String> {
            vec![$(<$family as JsonSchema>::schema_name().into_owned()),+]
        }

        /// Schema of a family's facts.
        pub fn facts_schema(family: &str) -> Option<Schema> {
            match family {
                $(<$family as Family>::NAME => Some(schema_for!($family)),)+
                _ => None,
            }
        }

        /// Shape of a family's items.
        pub fn shape(family: &str) -> Option<crate::domain::schema::Shape> {
            match family {
                $(<$family as Family>::NAME => Some(<$family as Family>::SHAPE),)+
                _ => None,
            }
        }

        /// Every collection of single features, with its family.
        pub fn feature_collections() -> Vec<(&'static crate::domain::schema::FeatureCollection, &'static str)> {
            let mut list = Vec::new();
            $(list.extend(<$family as Family>::FEATURES.iter().map(|collection| (collection, $family::NAME)));)+
            list
        }

        /// Type, current version and JSON schema of every event of every family.
        fn item_schemas() -> Vec<(String, u32, Schema)> {
            let mut list = Vec::new();
            $(list.extend(event_schemas::<$family>());)+
            list
        }

        /// Type and JSON schema of every command of every family.
        pub fn command_schemas() -> Vec<(String, Schema)> {
            let mut list = Vec::new();
            $(list.extend(schemas_of_commands::<$family>());)+
            list
        }
    };
}
families! { Plan, MapPoint, Merchant, Campaign, Consultation, Indicator, Faq, Service, Board, Works }

/// The fields of facts that hold feature sets, each once.
pub fn fields() -> Vec<&'static str> {
    let mut fields: Vec<&str> = Vec::new();
    for (_, field, _) in sets() {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields
}

/// The further sets that items of a family may have.
pub fn further(family: &str) -> Vec<Further> {
    feature_collections().into_iter().filter(|(_, of)| *of == family).filter_map(|(own, _)| own.further).collect()
}

/// What the feature set in a field of facts takes.
pub fn takes(field: &str) -> Option<Takes> {
    sets().into_iter().find(|(_, known, _)| *known == field).map(|(.., takes)| takes)
}

/// Actions that every family takes.
const ACTIONS: &[&str] = &[
    "draft",
    "publish",
    "revise",
    "correct",
    "cancel-revision",
    "expire",
    "supersede",
    "withdraw",
    "propose",
    "approve",
    "return",
    "discard",
    "carry-out",
    "publish-alone",
    "second",
];
