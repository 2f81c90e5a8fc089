//! Which log a node belongs to.

use std::sync::{Mutex, PoisonError};

use super::{Head, StoreError};

/// The log that a node has read from.
///
/// A database can be swapped beneath a running node: emptied, restored under another name, or another one at the same
/// address. A node that has read events of one log neither reads nor writes another. One that has read none takes
/// what it finds.
#[derive(Debug)]
pub(super) struct Identity(Mutex<Known>);

#[derive(Debug)]
struct Known {
    log_id: String,
    has_events: bool,
}

impl Identity {
    /// The identity of the log that ends at `head`.
    pub(super) fn new(head: &Head) -> Self {
        Self(Mutex::new(Known { log_id: head.log_id.clone(), has_events: head.position > 0 }))
    }

    /// Errors: the head is another log's.
    pub(super) fn check(&self, head: &Head) -> Result<(), StoreError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.log_id != head.log_id {
            if known.has_events {
                return Err(StoreError::Unavailable(sentence!("another-log").to_string()));
            }
            known.log_id.clone_from(&head.log_id);
        }
        known.has_events |= head.position > 0;
        Ok(())
    }

    /// From now on the node belongs to the log that ends at `head`: it has loaded it itself.
    pub(super) fn becomes(&self, head: &Head) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Known { log_id: head.log_id.clone(), has_events: head.position > 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_store::chain::GENESIS;

    fn head(log_id: &str, position: i64) -> Head {
        Head { log_id: log_id.into(), position, hash: GENESIS, recorded_at: 0 }
    }

    #[test]
    fn a_node_that_has_read_events_stays_with_its_log() {
        let identity = Identity::new(&head("a", 3));
        assert!(identity.check(&head("b", 0)).is_err());
        assert!(identity.check(&head("b", 9)).is_err());
        assert!(identity.check(&head("a", 1)).is_ok(), "a restored log has the same id");
    }

    #[test]
    fn a_node_that_has_read_none_takes_the_log_it_finds_and_stays_with_that() {
        let identity = Identity::new(&head("a", 0));
        assert!(identity.check(&head("b", 5)).is_ok());
        assert!(identity.check(&head("a", 5)).is_err());
    }
}
