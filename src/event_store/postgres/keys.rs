//! What the writer looks up before it decides about the waiting appends.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::Row;

use super::rows::command_row;
use crate::event_store::Append;
use crate::event_store::admit::Known;

/// The keys that the waiting appends mention, as arrays.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) aggregates: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) ids: Vec<String>,
    pub(super) kinds: Vec<String>,
    pub(super) names: Vec<String>,
}

impl Keys {
    pub(super) fn of(appends: &[Append]) -> Self {
        let mut keys = Self::default();
        for append in appends {
            for event in &append.events {
                if !keys.aggregates.contains(&event.aggregate) {
                    keys.aggregates.push(event.aggregate.clone());
                }
            }
            if let Some(command) = &append.command {
                keys.scopes.push(command.scope.clone());
                keys.ids.push(command.id.clone());
            }
            for claim in append.claims.iter().chain(&append.releases) {
                keys.kinds.push(claim.kind.clone());
                keys.names.push(claim.key.clone());
            }
        }
        keys
    }
}

/// What the look-ups found, in the order of the writer's statements: sequences, commands, claims.
pub(super) fn known(rows: &[Vec<Row>]) -> Known {
    let [sequences, commands, claims] = rows else { return Known::default() };
    let (claims, beside): (Vec<&Row>, Vec<&Row>) = claims.iter().partition(|row| row.get::<_, i64>(3) < 0);
    // A key that several appends mention comes several times.
    let mut doubles: HashMap<(String, String), BTreeMap<i64, String>> = HashMap::new();
    for row in beside {
        doubles.entry((row.get(0), row.get(1))).or_default().insert(row.get(3), row.get(2));
    }
    Known {
        sequences: sequences.iter().map(|row| (row.get(0), row.get(1))).collect(),
        commands: commands.iter().map(command_row).map(|row| ((row.scope.clone(), row.id.clone()), row)).collect(),
        claims: claims.into_iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect::<HashMap<_, _>>(),
        doubles: doubles.into_iter().map(|(key, holders)| (key, holders.into_values().collect())).collect(),
    }
}
