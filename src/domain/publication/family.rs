//! What a family of published items states of itself.

use std::fmt::Debug;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::view::{Moment, View};
use super::{Claim, Event, Publication};
use crate::domain::access::Role;
use crate::domain::document::Document;
use crate::domain::feature_set::{FeatureSet, Takes};
use crate::domain::figures::{Asked, Measure, Table};
use crate::domain::schema::{FeatureCollection, Property, Shape};
use crate::domain::subject::SubjectId;
use crate::domain::unit::UnitId;
use crate::domain::{Code, Context, Refusal};

/// What a family without commands and events of its own has in their place: no value at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Nothing {}

/// A family of published items. The implementing type is *what one revision states*.
///
/// A new family is one folder with an implementation of this and one line in
/// [`crate::domain::families`].
pub trait Family: Clone + Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Prefix of its event and command types, `plan`.
    const NAME: &'static str;
    /// Its collections: name and the kind they hold (all kinds where empty).
    const COLLECTIONS: &'static [(&'static str, &'static str)];
    /// Collections of the single features of its feature set; the first has those of every item.
    const FEATURES: &'static [FeatureCollection] = &[];
    /// Shape of its items on a map.
    const SHAPE: Shape;
    /// The fields of its facts that hold feature sets, with what each takes. Files are imported into them.
    const SETS: &'static [(&'static str, Takes)] = &[];
    /// Roles that may publish it, besides the editor's.
    const ROLES: &'static [Role] = &[];
    /// Its items are named to people whose place lies within so many metres of them, under the heading with that key
    /// of the catalogue.
    const NEARBY: Option<(&'static str, f64)> = None;
    /// True where people go to its items, on days.
    const OCCASIONS: bool = false;
    /// An id of a feature of each of its collections, as an example for programmers.
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[];
    /// Version of what its `drafted`, `published` and `corrected` events state. Other families keep theirs when it
    /// grows.
    const FACTS_VERSION: u32 = 1;
    /// Brings facts of an older version to today's form. None for a version that was never written.
    fn upcast_facts(_version: u32, _facts: serde_json::Value) -> Option<serde_json::Value> {
        None
    }
    /// Its own commands, beyond the shared life cycle.
    type Change: Clone + Debug + PartialEq + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// The events of those commands.
    type Changed: Clone + Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// The state that those events add up to.
    type State: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Properties of items of `kind`, beyond those that all items have. An empty `kind` means all kinds.
    fn properties(kind: &str) -> Vec<Property>;
    /// Its kind, `land-use-plan`.
    fn kind(&self) -> &'static str;
    /// Title for people.
    fn title(&self) -> &str;
    /// Units it concerns; none means the whole city.
    fn units(&self) -> &[UnitId];
    /// Attached files.
    fn documents(&self) -> &[Document] {
        &[]
    }
    /// Its feature set.
    fn features(&self) -> Option<&FeatureSet> {
        None
    }
    /// Its further feature sets, by the fields that hold them.
    fn further(&self) -> Vec<(&'static str, &FeatureSet)> {
        Vec::new()
    }
    /// Its outline on the map, where it has no feature set.
    fn outline(&self) -> Option<&FeatureSet> {
        None
    }
    /// A person it names.
    fn person(&self) -> Option<&SubjectId> {
        None
    }
    /// First and last day in force where the command names none.
    fn effective(&self, today: Date) -> (Date, Option<Date>) {
        (today, None)
    }
    /// Refuses a statement that breaks the family's rules.
    fn check(&self, effective_from: Date, context: &Context) -> Result<(), Refusal>;
    /// Refuses a revision or a correction that changes something an item must keep for ever.
    fn check_keeps(&self, _previous: &Self) -> Result<(), Refusal> {
        Ok(())
    }
    /// Refuses a correction that contradicts what its own events say; `previous` is what the revision states.
    fn check_corrects(&self, _previous: &Self, _state: &Self::State, _context: &Context) -> Result<(), Refusal> {
        Ok(())
    }
    /// Refuses a revision that may not follow `previous`.
    fn check_follows(&self, _previous: &Self) -> Result<(), Refusal> {
        Ok(())
    }
    /// Refuses first and last days in force that do not fit the days on which it takes place.
    fn check_days(&self, _from: Date, _to: Option<Date>) -> Result<(), Refusal> {
        Ok(())
    }
    /// Keys that no two items may share.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }
    /// Names of the fields in which two statements differ.
    fn differences(&self, other: &Self) -> Vec<String> {
        let (Ok(serde_json::Value::Object(a)), Ok(serde_json::Value::Object(b))) =
            (serde_json::to_value(self), serde_json::to_value(other))
        else {
            return Vec::new();
        };
        let mut names: Vec<String> = a.keys().chain(b.keys()).cloned().collect();
        names.sort();
        names.dedup();
        names.retain(|name| a.get(name) != b.get(name));
        names
    }
    /// Items of any family that the statement refers to.
    fn refers(&self) -> Vec<Code> {
        Vec::new()
    }
    /// Items of any family that one of its own commands refers to.
    fn change_refers(_change: &Self::Change) -> Vec<Code> {
        Vec::new()
    }
    /// Reads one of its own commands. A family with several commands tells them apart by the action.
    fn read_change(_action: &str, body: serde_json::Value) -> serde_json::Result<Self::Change> {
        serde_json::from_value(body)
    }
    /// Schema of one of its own commands.
    fn change_schema(_action: &str) -> Schema {
        schema_for!(Self::Change)
    }
    /// Reads one of its own events. A family with several events tells them apart by the type.
    fn read_changed(_name: &str, payload: &str) -> serde_json::Result<Self::Changed> {
        serde_json::from_str(payload)
    }
    /// Writes one of its own events as it is stored.
    fn write_changed(changed: &Self::Changed) -> serde_json::Result<String> {
        serde_json::to_string(changed)
    }
    /// Schema of one of its own events.
    fn changed_schema(_name: &str) -> Schema {
        schema_for!(Self::Changed)
    }
    /// The units that one of its own commands is about, where a right for these is enough. None where the item's own
    /// units count.
    fn change_units(_change: &Self::Change) -> Option<Vec<UnitId>> {
        None
    }
    /// What it measures, where its items have figures.
    fn measure(&self) -> Option<Measure> {
        None
    }
    /// The figures of an item for a period; none where it has none.
    fn table(_item: &Publication<Self>, _asked: &Asked<'_>) -> Option<Table> {
        None
    }
    /// True for a change of its own that publishes something for which the city may ask for a second person.
    fn is_publishing(_change: &Self::Change) -> bool {
        false
    }
    /// True for an event of its own that the public neither sees nor can notice.
    fn is_private(_changed: &Self::Changed) -> bool {
        false
    }
    /// True when the state of its own events names other items.
    fn mentions_others(_state: &Self::State) -> bool {
        false
    }
    /// The number by which prints name it.
    fn number(&self) -> Option<u32> {
        None
    }
    /// Decides one of the family's own commands. It may lead to shared events too: a postponement corrects the days.
    fn decide(current: &Publication<Self>, change: Self::Change, context: &Context) -> Result<Vec<Event<Self>>, Refusal>;
    /// Applies one of the family's own events.
    fn apply(state: &mut Self::State, changed: &Self::Changed);
    /// Actions of its own commands, `set-duty`.
    const CHANGES: &'static [&'static str] = &[];
    /// Types of its own events with their current versions.
    const CHANGED: &'static [(&'static str, u32)] = &[];
    /// Type and current version of one of its own events.
    fn changed_form(_changed: &Self::Changed) -> (&'static str, u32) {
        Self::CHANGED.first().copied().unwrap_or_default()
    }
    /// Adds the family's own facts and properties to the shared view.
    fn describe(&self, state: &Self::State, moment: &Moment, view: &mut View);
}

/// Writes the part of [`Family`] that tells several own commands and events apart. For each command its action, its variant
/// and what the variant holds; for each event its type, its current version, its variant and what the variant holds.
macro_rules! own_changes {
    ($change:ident { $($action:literal => $command:ident($body:ty)),+ $(,)? }
     $changed:ident { $($name:literal, $version:literal => $event:ident($payload:ty)),+ $(,)? }) => {
        const CHANGES: &'static [&'static str] = &[$($action),+];
        const CHANGED: &'static [(&'static str, u32)] = &[$(($name, $version)),+];

        fn read_change(action: &str, body: serde_json::Value) -> serde_json::Result<$change> {
            match action {
                $($action => serde_json::from_value(body).map($change::$command),)+
                other => Err(serde::de::Error::unknown_variant(other, Self::CHANGES)),
            }
        }

        fn change_schema(action: &str) -> schemars::Schema {
            match action {
                $($action => schemars::schema_for!($body),)+
                _ => schemars::Schema::default(),
            }
        }

        fn changed_form(changed: &$changed) -> (&'static str, u32) {
            match changed {
                $($changed::$event(_) => ($name, $version),)+
            }
        }

        fn read_changed(name: &str, payload: &str) -> serde_json::Result<$changed> {
            match name {
                $($name => serde_json::from_str(payload).map($changed::$event),)+
                other => Err(serde::de::Error::unknown_variant(other, &[$($name),+])),
            }
        }

        fn write_changed(changed: &$changed) -> serde_json::Result<String> {
            match changed {
                $($changed::$event(event) => serde_json::to_string(event),)+
            }
        }

        fn changed_schema(name: &str) -> schemars::Schema {
            match name {
                $($name => schemars::schema_for!($payload),)+
                _ => schemars::Schema::default(),
            }
        }
    };
}
pub(crate) use own_changes;
