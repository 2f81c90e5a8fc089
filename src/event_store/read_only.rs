//! A log that is only read: on a standby, from a copy, or during maintenance.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::dump::{Sink, Source};
use super::{
    Append, AppendError, Appended, BlobBytes, Cell, CommandRow, Double, EventLog, Head, Renewal, StoreError, StoredEvent, VaultRow,
};
use crate::domain::Digest;

/// Gives what the log gives, and refuses whatever would write to it.
pub(super) struct ReadOnly(pub(super) Arc<dyn EventLog>);

fn refused<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable(sentence!("node-read-only").to_string()))
}

#[async_trait]
impl EventLog for ReadOnly {
    async fn append(&self, _: Append) -> Result<Appended, AppendError> {
        Err(AppendError::Unavailable(sentence!("node-read-only").to_string()))
    }

    async fn renew_claims(&self, _: Renewal) -> Result<bool, StoreError> {
        refused()
    }

    async fn put_blob(&self, _: Digest, _: BlobBytes) -> Result<(), StoreError> {
        refused()
    }

    async fn change_rows(&self, _: &'static str, _: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError> {
        refused()
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        refused()
    }

    async fn load(&self, _: Source) -> Result<(), StoreError> {
        refused()
    }

    async fn try_room(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn is_read_only(&self) -> bool {
        true
    }

    async fn read(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.read(after, limit).await
    }

    async fn read_facts(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.read_facts(after, limit).await
    }

    async fn read_aggregate(&self, aggregate: &str, after: i64) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.read_aggregate(aggregate, after).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.0.head().await
    }

    async fn find_command(&self, scope: &str, id: &str) -> Result<Option<CommandRow>, StoreError> {
        self.0.find_command(scope, id).await
    }

    async fn find_claim(&self, kind: &str, key: &str) -> Result<Option<String>, StoreError> {
        self.0.find_claim(kind, key).await
    }

    async fn claim_rule(&self) -> Result<i64, StoreError> {
        self.0.claim_rule().await
    }

    async fn claim_doubles(&self) -> Result<Vec<Double>, StoreError> {
        self.0.claim_doubles().await
    }

    async fn get_blob(&self, sha256: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get_blob(sha256).await
    }

    async fn blobs(&self) -> Result<Vec<(Digest, i64)>, StoreError> {
        self.0.blobs().await
    }

    async fn vault_row(&self, subject: &str) -> Result<Option<VaultRow>, StoreError> {
        self.0.vault_row(subject).await
    }

    async fn vault_rows(&self) -> Result<Vec<VaultRow>, StoreError> {
        self.0.vault_rows().await
    }

    async fn read_rows(&self, sql: &'static str, values: Vec<Cell>) -> Result<Vec<Vec<Cell>>, StoreError> {
        self.0.read_rows(sql, values).await
    }

    fn hint(&self) -> watch::Receiver<i64> {
        self.0.hint()
    }

    async fn dump(&self, vault: bool, sink: Sink) -> Result<(), StoreError> {
        self.0.dump(vault, sink).await
    }

    async fn check_room(&self) -> Result<(), StoreError> {
        self.0.check_room().await
    }

    fn folder(&self) -> Option<PathBuf> {
        self.0.folder()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}
