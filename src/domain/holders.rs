//! Who holds which keys, worked out from the log, for a store whose keys were made by another rule.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::families::{Item, LogEvent};
use crate::domain::publication::ClaimKind;

/// Kind and name of a key.
type Key = (ClaimKind, String);

/// The keys that are held after the events so far, made by today's rule.
#[derive(Default)]
pub struct Holders {
    items: HashMap<String, Item>,
    keys: BTreeMap<Key, Vec<String>>,
}

impl Holders {
    /// Applies an event of an aggregate that was recorded at `at`, microseconds since 1970.
    pub fn apply(&mut self, aggregate: &str, event: LogEvent, at: i64) {
        let LogEvent::Item(event) = event else { return };
        let Self { items, keys } = self;
        let mut hold = |key: Key| {
            let holders = keys.entry(key).or_default();
            if !holders.iter().any(|holder| holder == aggregate) {
                holders.push(aggregate.to_owned());
            }
        };
        let item = match items.entry(aggregate.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let Some((family, code)) = aggregate.split_once('/') else { return };
                let Some(fresh) = Item::new(family) else { return };
                hold((ClaimKind::Code, code.to_owned()));
                place.insert(fresh)
            }
        };
        event.claims().into_iter().for_each(|claim| hold((claim.kind, claim.key)));
        for claim in event.releases(item) {
            if let Some(holders) = keys.get_mut(&(claim.kind, claim.key)) {
                holders.retain(|holder| holder != aggregate);
            }
        }
        item.apply_at(event, at);
    }

    /// Each key that is held, with its holders, in the order in which they claimed it. A key has several holders
    /// where the rule of their time told their keys apart.
    pub fn keys(&self) -> impl Iterator<Item = (ClaimKind, &str, &[String])> {
        self.keys.iter().filter(|(_, holders)| !holders.is_empty()).map(|((kind, key), holders)| (*kind, key.as_str(), holders.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The event of a plan with this decision.
    fn published(code: &str, number: &str) -> LogEvent {
        let facts = json!({ "kind": "land-use-plan", "title": "Quy hoạch", "decision": { "authority": "UBND", "number": number, "signed": "2026-01-01" } });
        let payload = json!({ "code": code, "revision": 1, "effective_from": "2026-01-01", "facts": facts }).to_string();
        LogEvent::decode("plan.published", 1, &payload).expect("an event")
    }

    fn withdrawn() -> LogEvent {
        LogEvent::decode("plan.withdrawn", 1, &json!({ "reason": "Nhầm" }).to_string()).expect("an event")
    }

    fn of_decisions(holders: &Holders) -> Vec<Vec<String>> {
        holders.keys().filter(|(kind, ..)| *kind == ClaimKind::Decision).map(|(.., holders)| holders.to_vec()).collect()
    }

    #[test]
    fn decisions_that_look_alike_are_one_key_with_two_holders_the_first_one_first() {
        let mut holders = Holders::default();
        for (code, number) in [("QHSDD21AG", "12/QĐ-UBND"), ("QHC2020AH", "12/Q\u{d0}\u{2011}UBND"), ("QHXD2200H", "13/QĐ-UBND")] {
            holders.apply(&format!("plan/{code}"), published(code, number), 1);
        }
        assert_eq!(of_decisions(&holders), [vec!["plan/QHSDD21AG", "plan/QHC2020AH"], vec!["plan/QHXD2200H"]]);
        assert_eq!(holders.keys().filter(|(kind, ..)| *kind == ClaimKind::Code).count(), 3);
        // The next holder takes the decision over when the first gives it up. A code is never given up.
        holders.apply("plan/QHSDD21AG", withdrawn(), 2);
        assert_eq!(of_decisions(&holders)[0], ["plan/QHC2020AH"]);
        holders.apply("plan/QHC2020AH", withdrawn(), 3);
        assert_eq!(of_decisions(&holders).len(), 1);
        assert_eq!(holders.keys().filter(|(kind, ..)| *kind == ClaimKind::Code).count(), 3);
    }
}
