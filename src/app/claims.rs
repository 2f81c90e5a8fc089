//! Makes the claims of a store anew from its log, once, if an older rule made their keys.

use super::{App, ExecuteError, RETRIES, decode};
use crate::domain::holders::Holders;
use crate::event_store::{CLAIM_RULE, ClaimRow, Double, Renewal};

/// Events read at a time.
const PAGE: usize = 5_000;

impl App {
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
