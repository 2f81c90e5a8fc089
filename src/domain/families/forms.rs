//! How events are stored and commands are written, and their schemas, for any family.

use schemars::{Schema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Encoded, parse};
use crate::domain::publication::{
    Approval, Approved, CarriedOut, Correct, Corrected, Discarded, Draft, Drafted, Emergency, Event, ExpirySet, Family, Halted, Proposed,
    Publish, Published, PublishedAlone, Return, Returned, Revise, RevisionCancelled, Second, Seconded, Suggest, Superseded, Withdrawn,
};

pub(super) fn encode_event<F: Family>(event: &Event<F>) -> serde_json::Result<Encoded> {
    let (action, payload) = match event {
        Event::Drafted(e) => ("drafted", serde_json::to_string(e)),
        Event::Published(e) => ("published", serde_json::to_string(e)),
        Event::Corrected(e) => ("corrected", serde_json::to_string(e)),
        Event::RevisionCancelled(e) => ("revision_cancelled", serde_json::to_string(e)),
        Event::ExpirySet(e) => ("expiry_set", serde_json::to_string(e)),
        Event::Superseded(e) => ("superseded", serde_json::to_string(e)),
        Event::Withdrawn(e) => ("withdrawn", serde_json::to_string(e)),
        Event::Proposed(e) => ("proposed", serde_json::to_string(e)),
        Event::Approved(e) => ("approved", serde_json::to_string(e)),
        Event::Returned(e) => ("returned", serde_json::to_string(e)),
        Event::Discarded(e) => ("discarded", serde_json::to_string(e)),
        Event::CarriedOut(e) => ("carried_out", serde_json::to_string(e)),
        Event::Halted(e) => ("halted", serde_json::to_string(e)),
        Event::PublishedAlone(e) => ("published_alone", serde_json::to_string(e)),
        Event::Seconded(e) => ("seconded", serde_json::to_string(e)),
        Event::Changed(e) => {
            let (name, version) = F::changed_form(e);
            return Ok(Encoded { name: name.to_owned(), version, payload: F::write_changed(e)? });
        }
    };
    let version = if FACTS.contains(&action) { F::FACTS_VERSION } else { 1 };
    Ok(Encoded { name: format!("{}.{action}", F::NAME), version, payload: payload? })
}

/// Events that hold a family's facts; their version is the family's own.
const FACTS: &[&str] = &["drafted", "published", "corrected"];

/// Reads an event that holds facts, those of an older version brought to today's form. None for a version that was
/// never written.
fn with_facts<T: DeserializeOwned>(
    version: u32,
    current: u32,
    payload: &str,
    upcast: impl Fn(u32, Value) -> Option<Value>,
) -> Option<serde_json::Result<T>> {
    if version == current {
        return Some(parse(payload));
    }
    let mut event = match parse::<Value>(payload) {
        Ok(event) => event,
        Err(error) => return Some(Err(error)),
    };
    let facts = event.get_mut("facts")?;
    *facts = upcast(version, facts.take())?;
    Some(serde_json::from_value(event))
}

pub(super) fn decode_event<F: Family>(name: &str, version: u32, payload: &str) -> Option<serde_json::Result<Event<F>>> {
    if F::CHANGED.contains(&(name, version)) {
        return Some(F::read_changed(name, payload).map(Event::Changed));
    }
    let action = name.split_once('.')?.1;
    if !FACTS.contains(&action) && version != 1 {
        return None;
    }
    let (current, upcast) = (F::FACTS_VERSION, F::upcast_facts);
    Some(match action {
        "drafted" => with_facts(version, current, payload, upcast)?.map(|e| Event::Drafted(Box::new(e))),
        "published" => with_facts(version, current, payload, upcast)?.map(|e| Event::Published(Box::new(e))),
        "corrected" => with_facts(version, current, payload, upcast)?.map(|e| Event::Corrected(Box::new(e))),
        "revision_cancelled" => parse(payload).map(Event::RevisionCancelled),
        "expiry_set" => parse(payload).map(Event::ExpirySet),
        "superseded" => parse(payload).map(Event::Superseded),
        "withdrawn" => parse(payload).map(Event::Withdrawn),
        "proposed" => parse(payload).map(|e| Event::Proposed(Box::new(e))),
        "approved" => parse(payload).map(Event::Approved),
        "returned" => parse(payload).map(Event::Returned),
        "discarded" => parse(payload).map(Event::Discarded),
        "carried_out" => parse(payload).map(Event::CarriedOut),
        "halted" => parse(payload).map(Event::Halted),
        "published_alone" => parse(payload).map(Event::PublishedAlone),
        "seconded" => parse(payload).map(Event::Seconded),
        _ => return None,
    })
}

pub(super) fn event_schemas<F: Family>() -> Vec<(String, u32, Schema)> {
    let shared = [
        ("drafted", schema_for!(Drafted<F>)),
        ("published", schema_for!(Published<F>)),
        ("corrected", schema_for!(Corrected<F>)),
        ("revision_cancelled", schema_for!(RevisionCancelled)),
        ("expiry_set", schema_for!(ExpirySet)),
        ("superseded", schema_for!(Superseded)),
        ("withdrawn", schema_for!(Withdrawn)),
        ("proposed", schema_for!(Proposed)),
        ("approved", schema_for!(Approved)),
        ("returned", schema_for!(Returned)),
        ("discarded", schema_for!(Discarded)),
        ("carried_out", schema_for!(CarriedOut)),
        ("halted", schema_for!(Halted)),
        ("published_alone", schema_for!(PublishedAlone)),
        ("seconded", schema_for!(Seconded)),
    ];
    let own = F::CHANGED.iter().map(|(name, version)| ((*name).to_owned(), *version, F::changed_schema(name)));
    let version = |action: &str| if FACTS.contains(&action) { F::FACTS_VERSION } else { 1 };
    shared.into_iter().map(|(action, schema)| (format!("{}.{action}", F::NAME), version(action), schema)).chain(own).collect()
}

pub(super) fn schemas_of_commands<F: Family>() -> Vec<(String, Schema)> {
    let shared = [
        ("draft", schema_for!(Draft<F>)),
        ("publish", schema_for!(Publish<F>)),
        ("revise", schema_for!(Revise<F>)),
        ("correct", schema_for!(Correct<F>)),
        ("cancel-revision", schema_for!(RevisionCancelled)),
        ("expire", schema_for!(ExpirySet)),
        ("supersede", schema_for!(Superseded)),
        ("withdraw", schema_for!(Withdrawn)),
        ("propose", schema_for!(Suggest)),
        ("approve", schema_for!(Approval)),
        ("carry-out", schema_for!(Approval)),
        ("return", schema_for!(Return)),
        ("discard", schema_for!(Approval)),
        ("publish-alone", schema_for!(Emergency)),
        ("second", schema_for!(Second)),
    ];
    let own = F::CHANGES.iter().map(|action| (*action, F::change_schema(action)));
    shared.into_iter().chain(own).map(|(action, schema)| (format!("{}.{action}", F::NAME), schema)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use serde::Deserialize;

    use super::*;
    use crate::domain::families::{DecodeError, LogEvent};

    #[test]
    fn facts_of_an_older_version_are_brought_to_todays_form_and_an_unknown_one_is_none() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Stated {
            revision: u32,
            facts: Value,
        }
        let upcast = |version: u32, facts: Value| (version == 1).then(|| json!({ "title": facts["name"] }));
        let read = |version: u32, payload: &str| with_facts::<Stated>(version, 2, payload, upcast);
        let stated = Stated { revision: 3, facts: json!({ "title": "A" }) };
        assert_eq!(read(2, r#"{"revision":3,"facts":{"title":"A"}}"#).and_then(Result::ok).as_ref(), Some(&stated));
        assert_eq!(read(1, r#"{"revision":3,"facts":{"name":"A"}}"#).and_then(Result::ok).as_ref(), Some(&stated));
        assert!(read(3, r#"{"revision":3,"facts":{"title":"A"}}"#).is_none());
        assert!(read(1, "damaged").is_some_and(|read| read.is_err()));
        assert!(LogEvent::decode("plan.published", 3, "{}").is_err_and(|error| matches!(error, DecodeError::Unknown(..))));
    }
}
