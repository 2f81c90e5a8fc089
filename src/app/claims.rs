//! Keys that no two items may share. Those of a store are made anew from its log, once, if an older rule made them.

use super::{App, ExecuteError, RETRIES, decode};
use crate::domain::Refusal;
use crate::domain::holders::Holders;
use crate::domain::publication::{Claim, ClaimKind};
use crate::event_store::{Append, CLAIM_RULE, ClaimRow, Double, Renewal};

/// Events read at a time.
const PAGE: usize = 5_000;

impl App {
    /// Refuses an append whose keys are held by another aggregate. Writes nothing.
    pub(super) async fn would_claim(&self, append: &Append) -> Result<(), ExecuteError> {
        for claim in &append.claims {
            let holder = self.log.find_claim(&claim.kind, &claim.key).await?;
            if let Some(holder) = holder.filter(|holder| *holder != claim.holder) {
                // An older rule told the two keys apart, so both aggregates keep the key.
                let is_double = |double: &Double| double.kind == claim.kind && double.key == claim.key && double.other == claim.holder;
                if self.log.claim_doubles().await?.iter().any(is_double) {
                    continue;
                }
                return Err(claimed(&ClaimRow { holder, ..claim.clone() }).into());
            }
        }
        Ok(())
    }

    /// Makes the claims anew if an older rule made their keys. Several nodes may start at once: the first
    /// to finish writes, the others find it done. If two items now have the same key, both keep it.
    pub(super) async fn renew_claims(&self) -> Result<(), ExecuteError> {
        let mut holders = Holders::default();
        let mut position = 0;
        for _ in 0..RETRIES {
            if self.log.claim_rule().await? >= CLAIM_RULE {
                return Ok(());
            }
            loop {
                let page = self.log.read_facts(position, PAGE).await?;
                let Some(last) = page.last() else { break };
                position = last.position;
                for stored in page {
                    match decode(&stored.event) {
                        Ok(event) => holders.apply(&stored.event.aggregate, event, stored.recorded_at),
                        Err(error) => {
                            // The follower reports the event. The claims stay until the program knows all events.
                            tracing::warn!("claims were not made anew, position {}: {error}", stored.position);
                            return Ok(());
                        }
                    }
                }
            }
            let renewal = renewal(&holders, position);
            let (count, doubles) = (renewal.claims.len(), renewal.doubles.len());
            if self.log.renew_claims(renewal).await? {
                tracing::info!("{count} claims were made anew from {position} events; {doubles} are held by another item too");
                return Ok(());
            }
        }
        tracing::warn!("claims were not made anew: others keep writing; the next start tries again");
        Ok(())
    }

    /// Keys that two items hold because an older rule told them apart. People should look at them.
    pub async fn doubles(&self) -> Result<Vec<Double>, ExecuteError> {
        Ok(self.log.claim_doubles().await?)
    }
}

fn renewal(holders: &Holders, position: i64) -> Renewal {
    let mut renewal = Renewal { rule: CLAIM_RULE, position, claims: Vec::new(), doubles: Vec::new() };
    for (kind, key, holders) in holders.keys() {
        for (place, holder) in holders.iter().enumerate() {
            let row = ClaimRow { kind: kind.name().into(), key: key.into(), holder: holder.clone() };
            if place == 0 { renewal.claims.push(row) } else { renewal.doubles.push(row) }
        }
    }
    renewal
}

/// The rows of keys that an item holds.
pub(super) fn claims(list: Vec<Claim>, holder: &str) -> impl Iterator<Item = ClaimRow> {
    list.into_iter().map(move |claim| ClaimRow { kind: claim.kind.name().into(), key: claim.key, holder: holder.to_owned() })
}

/// The refusal of a key that another item holds.
pub(super) fn claimed(claim: &ClaimRow) -> Refusal {
    let code = claim.holder.rsplit('/').next().unwrap_or_default();
    match ClaimKind::named(&claim.kind) {
        Some(ClaimKind::Decision) => Refusal::conflict("decision-published", sentence!("decision-published", code)),
        Some(ClaimKind::Board) => Refusal::conflict("board-number-taken", sentence!("board-number-taken", key = claim.key, code)),
        Some(ClaimKind::Code) | None => Refusal::conflict("code-taken", sentence!("code-taken", code)),
    }
}
