//! The hash chain over stored bytes.

use sha2::{Digest as _, Sha256};

use super::{Head, StoredEvent};

/// Hash of nothing: the start of every chain.
pub const GENESIS: [u8; 32] = [0; 32];

/// The chain's hash after `event`: SHA-256 over the previous hash and every stored field, each
/// preceded by its length, so that no two different rows have the same bytes. The event's JSON is
/// hashed as it is stored, never re-serialised.
pub fn link(previous: &[u8; 32], event: &StoredEvent) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(previous);
    field(&event.position.to_be_bytes());
    field(event.event.aggregate.as_bytes());
    field(&event.event.sequence.to_be_bytes());
    field(event.event.name.as_bytes());
    field(&event.event.version.to_be_bytes());
    field(event.event.payload.as_bytes());
    field(&event.recorded_at.to_be_bytes());
    field(event.actor.as_bytes());
    field(event.command_id.as_bytes());
    hasher.finalize().into()
}

/// Why a log does not fit its hashes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A row is missing or out of order.
    #[error("position {expected} is missing: the next row is {found}")]
    Missing {
        /// The position that should come next.
        expected: i64,
        /// The position that came.
        found: i64,
    },
    /// A row was changed.
    #[error("position {0} ({1}) does not match its hash: the row was changed, or rows were exchanged")]
    Changed(i64, String),
    /// Rows are missing from the end.
    #[error("the log ends at position {found}, but its head says {expected}: the tail was cut off")]
    Tail {
        /// The last position by the head row.
        expected: i64,
        /// The position of the last row.
        found: i64,
    },
    /// The head row does not fit the last event.
    #[error("the head row's hash does not match the last event")]
    Head,
}

/// Walks a log from its beginning, row by row.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// Last position seen.
    pub position: i64,
    /// Hash of the chain up to this position.
    pub hash: [u8; 32],
}

impl Default for Verifier {
    fn default() -> Self {
        Self { position: 0, hash: GENESIS }
    }
}

impl Verifier {
    /// Checks the next row.
    pub fn next(&mut self, event: &StoredEvent) -> Result<(), ChainError> {
        let expected = self.position + 1;
        if event.position != expected {
            return Err(ChainError::Missing { expected, found: event.position });
        }
        let hash = link(&self.hash, event);
        if hash != event.hash {
            return Err(ChainError::Changed(event.position, event.event.name.clone()));
        }
        self.position = event.position;
        self.hash = hash;
        Ok(())
    }

    /// Checks that the log ends where its head row says.
    pub fn finish(&self, head: &Head) -> Result<(), ChainError> {
        if self.position != head.position {
            return Err(ChainError::Tail { expected: head.position, found: self.position });
        }
        if self.hash != head.hash {
            return Err(ChainError::Head);
        }
        Ok(())
    }
}
