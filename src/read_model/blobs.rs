//! Reads blobs by digest: from memory, then the node's disk cache, which is checked, then the store.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::disk::{self, Disk, Disks};
use crate::domain::Digest;
use crate::event_store::{EventLog, StoreError};

#[derive(Clone)]
struct ByBytes;

impl Weighter<Digest, Bytes> for ByBytes {
    fn weight(&self, _: &Digest, bytes: &Bytes) -> u64 {
        bytes.len().max(1) as u64
    }
}

/// Reads blobs. Bytes that do not match their digest are never handed out.
pub struct Blobs {
    log: Arc<dyn EventLog>,
    memory: Cache<Digest, Bytes, ByBytes>,
    folder: Option<PathBuf>,
    /// Disks that are full, among them possibly that of this cache.
    pub disks: Disks,
}

impl Blobs {
    /// A reader of a log's blobs, with at most `bytes` of them in memory. `folder` keeps copies for times when
    /// the database is away.
    pub fn new(log: Arc<dyn EventLog>, bytes: u64, folder: Option<PathBuf>) -> Self {
        Self { log, memory: Cache::with_weighter(256, bytes, ByBytes), folder, disks: Disks::default() }
    }

    /// Folder of the copies on disk.
    pub fn folder(&self) -> Option<&PathBuf> {
        self.folder.as_ref()
    }

    /// Makes sure that a copy is on this node's disk. Without a folder for copies there is nothing to do.
    pub async fn copy(&self, digest: Digest) -> Result<(), StoreError> {
        match &self.folder {
            Some(folder) if !tokio::fs::try_exists(folder.join(digest.to_string())).await.unwrap_or(false) => {
                self.read(digest).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// The bytes with that digest, kept in memory afterwards.
    pub async fn get(&self, digest: Digest) -> Result<Bytes, StoreError> {
        if let Some(bytes) = self.memory.get(&digest) {
            return Ok(bytes);
        }
        let bytes = self.read(digest).await?;
        self.memory.insert(digest, bytes.clone());
        Ok(bytes)
    }

    /// The bytes with that digest, without keeping them in memory: for callers that cache what they make of
    /// them.
    pub async fn read(&self, digest: Digest) -> Result<Bytes, StoreError> {
        if let Some(bytes) = self.read_disk(digest).await {
            return Ok(bytes);
        }
        let bytes = self.log.get_blob(digest).await?;
        let bytes = bytes.ok_or_else(|| StoreError::Damaged(format!("blob {digest} is missing")))?;
        let bytes: Bytes = checked(digest, bytes.into()).await?;
        self.write_disk(digest, &bytes).await;
        Ok(bytes)
    }

    async fn read_disk(&self, digest: Digest) -> Option<Bytes> {
        let path = self.folder.as_ref()?.join(digest.to_string());
        let bytes = tokio::fs::read(&path).await.ok()?;
        if let Ok(bytes) = checked(digest, bytes.into()).await {
            return Some(bytes);
        }
        tracing::warn!("cached blob {digest} was damaged and is fetched again");
        let _ = tokio::fs::remove_file(&path).await;
        None
    }

    /// Writes a copy to the cache. A failure costs only speed, so it is no error.
    async fn write_disk(&self, digest: Digest, bytes: &[u8]) {
        let Some(folder) = &self.folder else { return };
        let path = folder.join(digest.to_string());
        let temporary = folder.join(format!("{digest}.{}", std::process::id()));
        match tokio::fs::write(&temporary, bytes).await {
            Ok(()) => {
                let _ = tokio::fs::rename(&temporary, &path).await;
            }
            Err(error) => {
                // Half a copy would keep the disk full.
                let _ = tokio::fs::remove_file(&temporary).await;
                if disk::is_full(&error) {
                    self.disks.note(&Disk::Folder(folder.clone()));
                }
            }
        }
    }
}

async fn checked(digest: Digest, bytes: Bytes) -> Result<Bytes, StoreError> {
    let hashed = if bytes.len() < 65_536 {
        Digest::of(&bytes)
    } else {
        let bytes = bytes.clone();
        tokio::task::spawn_blocking(move || Digest::of(&bytes)).await.map_err(|e| StoreError::Unavailable(e.to_string()))?
    };
    if hashed == digest {
        return Ok(bytes);
    }
    tracing::error!("blob {digest} has the bytes of {hashed}: it is damaged and not served");
    Err(StoreError::Damaged(format!("blob {digest} is damaged: its bytes do not match its name")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_store::{self, BlobBytes};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_disk_of_copies_costs_speed_and_is_named_and_no_half_of_a_copy_stays() {
        // given copies that go to a disk on which nothing fits
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("log.sqlite").display());
        let log = event_store::open(&url, Arc::new(|| 1_i64)).await.expect("a store");
        let digest = Digest::of(b"a map");
        log.put_blob(digest, BlobBytes::memory(b"a map")).await.expect("stored");
        let copies = folder.path().join("copies");
        std::fs::create_dir(&copies).expect("a folder");
        let temporary = copies.join(format!("{digest}.{}", std::process::id()));
        std::os::unix::fs::symlink("/dev/full", &temporary).expect("a link");
        let blobs = Blobs::new(log, 1 << 20, Some(copies.clone()));
        // when a blob is read, then it is there, and the disk is named
        assert_eq!(blobs.read(digest).await.expect("read"), b"a map".as_slice());
        assert_eq!(blobs.disks.full(), [Disk::Folder(copies.clone())]);
        assert_eq!(copies.read_dir().expect("a folder").count(), 0);
        // and once there is room it is copied
        assert_eq!(blobs.read(digest).await.expect("read"), b"a map".as_slice());
        assert!(copies.join(digest.to_string()).exists());
    }
}
