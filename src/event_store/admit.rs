//! Decides which of the waiting appends go into the next transaction, by the same rule for both databases.

use std::collections::HashMap;

use super::{Append, AppendError, Appended, ClaimRow, CommandRow, Head, StoredEvent, chain};

/// What the database says about the keys that the waiting appends mention.
#[derive(Debug, Default)]
pub struct Known {
    /// Highest sequence of each aggregate; 0 where absent.
    pub sequences: HashMap<String, i64>,
    /// Known commands by scope and id.
    pub commands: HashMap<(String, String), CommandRow>,
    /// Holders by kind and key.
    pub claims: HashMap<(String, String), String>,
    /// Further holders by kind and key, in order: an older rule told their keys apart.
    pub doubles: HashMap<(String, String), Vec<String>>,
}

impl Known {
    /// True when the claim's holder is a further holder of the key.
    fn is_double(&self, claim: &ClaimRow) -> bool {
        let holders = || self.doubles.get(&(claim.kind.clone(), claim.key.clone()));
        !self.doubles.is_empty() && holders().is_some_and(|holders| holders.contains(&claim.holder))
    }
}

/// What is to be written, and the answer to each append if the commit succeeds.
#[derive(Debug)]
pub struct Admitted {
    /// The new end of the log.
    pub head: Head,
    /// Rows to insert, in order.
    pub events: Vec<StoredEvent>,
    /// Commands to insert.
    pub commands: Vec<CommandRow>,
    /// Claims to insert.
    pub claims: Vec<ClaimRow>,
    /// Claims to delete before `claims` are inserted.
    pub released: Vec<ClaimRow>,
    /// Claims of further holders to delete: they gave the key up, or now hold it alone.
    pub parted: Vec<ClaimRow>,
    /// An answer for each append, in order.
    pub answers: Vec<Result<Appended, AppendError>>,
}

fn refusal(append: &Append, known: &Known) -> Option<AppendError> {
    if let Some(command) = &append.command
        && let Some(row) = known.commands.get(&(command.scope.clone(), command.id.clone()))
    {
        return Some(AppendError::Repeated(row.clone()));
    }
    let mut next: HashMap<&str, i64> = HashMap::new();
    for event in &append.events {
        let aggregate = event.aggregate.as_str();
        let last = next.entry(aggregate).or_insert_with(|| known.sequences.get(aggregate).copied().unwrap_or(0));
        *last += 1;
        if event.sequence != *last {
            return Some(AppendError::Conflict(event.aggregate.clone()));
        }
    }
    append.claims.iter().find_map(|claim| {
        let holder = known.claims.get(&(claim.kind.clone(), claim.key.clone()))?;
        (*holder != claim.holder && !known.is_double(claim))
            .then(|| AppendError::Claimed(ClaimRow { holder: holder.clone(), ..claim.clone() }))
    })
}

/// Decides about the waiting appends in their order. Each one sees what the ones before it wrote.
pub fn admit(head: Head, now: i64, appends: &[Append], mut known: Known) -> Admitted {
    let mut admitted = Admitted {
        head,
        events: Vec::new(),
        commands: Vec::new(),
        claims: Vec::new(),
        released: Vec::new(),
        parted: Vec::new(),
        answers: Vec::new(),
    };
    for append in appends {
        if let Some(error) = refusal(append, &known) {
            admitted.answers.push(Err(error));
            continue;
        }
        let first = admitted.head.position + 1;
        for event in &append.events {
            // No two events have the same moment: paging relies on a moment to name a position.
            let recorded_at = now.max(admitted.head.recorded_at + 1);
            let mut stored = StoredEvent {
                position: admitted.head.position + 1,
                event: event.clone(),
                recorded_at,
                actor: append.actor.clone(),
                command_id: append.command.as_ref().map(|command| command.id.clone()).unwrap_or_default(),
                hash: chain::GENESIS,
            };
            stored.hash = chain::link(&admitted.head.hash, &stored);
            admitted.head.position = stored.position;
            admitted.head.hash = stored.hash;
            admitted.head.recorded_at = recorded_at;
            known.sequences.insert(event.aggregate.clone(), event.sequence);
            admitted.events.push(stored);
        }
        let last = admitted.head.position;
        let appended = if append.events.is_empty() { Appended { first: last, last } } else { Appended { first, last } };
        if let Some(command) = &append.command {
            let row = CommandRow { first_position: appended.first, last_position: last, ..command.clone() };
            known.commands.insert((row.scope.clone(), row.id.clone()), row.clone());
            admitted.commands.push(row);
        }
        for claim in &append.claims {
            if known.is_double(claim) {
                continue;
            }
            let key = (claim.kind.clone(), claim.key.clone());
            if known.claims.insert(key, claim.holder.clone()).is_none() {
                admitted.claims.push(claim.clone());
            }
        }
        for release in &append.releases {
            let key = (release.kind.clone(), release.key.clone());
            if known.claims.get(&key) == Some(&release.holder) {
                known.claims.remove(&key);
                // A key that was claimed in this very transaction is not in the table yet.
                let waiting = admitted.claims.len();
                admitted.claims.retain(|claim| (&claim.kind, &claim.key) != (&release.kind, &release.key));
                if admitted.claims.len() == waiting {
                    admitted.released.push(release.clone());
                }
                // The first of the key's further holders takes it over.
                let heir = known.doubles.get_mut(&key).filter(|holders| !holders.is_empty()).map(|holders| holders.remove(0));
                if let Some(holder) = heir {
                    let claim = ClaimRow { holder, ..release.clone() };
                    known.claims.insert(key, claim.holder.clone());
                    admitted.parted.push(claim.clone());
                    admitted.claims.push(claim);
                }
            } else if known.is_double(release) {
                known.doubles.entry(key).or_default().retain(|holder| *holder != release.holder);
                admitted.parted.push(release.clone());
            }
        }
        admitted.answers.push(Ok(appended));
    }
    admitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_store::NewEvent;

    fn head() -> Head {
        Head { log_id: "log".into(), position: 0, hash: chain::GENESIS, recorded_at: 50 }
    }

    fn append(aggregate: &str, sequence: i64, command: &str) -> Append {
        Append {
            command: Some(CommandRow {
                scope: "local".into(),
                id: command.into(),
                digest: [0; 32],
                first_position: 0,
                last_position: 0,
                result: String::new(),
            }),
            events: vec![NewEvent { aggregate: aggregate.into(), sequence, name: "a.b".into(), version: 1, payload: "{}".into() }],
            ..Append::default()
        }
    }

    #[test]
    fn a_refused_append_does_not_fail_its_neighbours() {
        let appends = [append("a", 1, "1"), append("a", 1, "2"), append("b", 1, "3"), append("b", 1, "3")];
        let admitted = admit(head(), 100, &appends, Known::default());
        assert_eq!(admitted.answers[0], Ok(Appended { first: 1, last: 1 }));
        assert_eq!(admitted.answers[1], Err(AppendError::Conflict("a".into())));
        assert_eq!(admitted.answers[2], Ok(Appended { first: 2, last: 2 }));
        assert!(matches!(admitted.answers[3], Err(AppendError::Repeated(_))));
        assert_eq!(admitted.events.len(), 2);
    }

    fn row(holder: &str) -> ClaimRow {
        ClaimRow { kind: "decision".into(), key: "1/qd".into(), holder: holder.into() }
    }

    /// A key that a holds, with b and c as further holders.
    fn doubled() -> Known {
        let key = ("decision".to_owned(), "1/qd".to_owned());
        let sequences = ["a", "b", "c"].map(|holder| (holder.to_owned(), 1)).into();
        Known {
            sequences,
            claims: [(key.clone(), "a".into())].into(),
            doubles: [(key, vec!["b".into(), "c".into()])].into(),
            ..Known::default()
        }
    }

    #[test]
    fn who_holds_a_key_beside_another_is_not_blocked_and_who_comes_new_is() {
        let claims = |holder: &str, sequence| Append { claims: vec![row(holder)], ..append(holder, sequence, holder) };
        let admitted = admit(head(), 1, &[claims("a", 2), claims("b", 2), claims("c", 2), claims("d", 1)], doubled());
        assert!(admitted.answers[..3].iter().all(Result::is_ok));
        assert_eq!(admitted.answers[3], Err(AppendError::Claimed(row("a"))));
        assert!(admitted.claims.is_empty() && admitted.released.is_empty() && admitted.parted.is_empty());
    }

    #[test]
    fn a_key_that_is_given_up_goes_to_who_held_it_beside() {
        let gives = |holder: &str| Append { releases: vec![row(holder)], ..append(holder, 2, holder) };
        let admitted = admit(head(), 1, &[gives("a")], doubled());
        assert_eq!((admitted.released, admitted.claims, admitted.parted), (vec![row("a")], vec![row("b")], vec![row("b")]));
        let admitted = admit(head(), 1, &[gives("b")], doubled());
        assert_eq!((admitted.released, admitted.claims, admitted.parted), (vec![], vec![], vec![row("b")]));
        // All three give it up in one transaction, so nobody holds it.
        let admitted = admit(head(), 1, &[gives("a"), gives("b"), gives("c")], doubled());
        assert_eq!((admitted.released, admitted.claims), (vec![row("a")], vec![]));
        assert_eq!(admitted.parted, [row("b"), row("c")]);
    }

    #[test]
    fn recorded_time_always_increases_even_when_the_clock_steps_back() {
        let admitted = admit(head(), 10, &[append("a", 1, "1")], Known::default());
        assert_eq!(admitted.events[0].recorded_at, 51);
    }
}
