//! The memory image of the log: catalogue, history, feature sets. It is rebuilt at the start and then follows
//! the log.
//!
//! Architecture invariant: reading never asks the event store, except for the bytes of a blob, and never asks
//! an aggregate's rules.

pub mod blobs;
mod boards;
pub mod bounded_cache;
pub mod coverage;
mod desk;
pub mod exchanges;
pub mod feature_cache;
pub mod here;
pub mod image;
pub mod layers;
mod merchants;
pub mod nearby;
pub mod nearest;
mod place;
pub mod questions;
pub mod search;
pub mod standings;
pub mod streets;
pub mod today;
mod words;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::disk::Disks;
use crate::domain::families;
use crate::domain::publication::view::View;
use crate::domain::schema::Further;
use crate::domain::{Code, Digest};
use crate::event_store::StoreError;
use crate::features::Features;
use crate::features::geojson::FeatureHead;
use crate::read_model::feature_cache::FeatureCache;
use blobs::Blobs;
use image::Image;
use layers::Layers;

/// Number of features from which on a tile may show too many to tell apart.
const MANY: usize = 2_000;

/// Items that are looked at under one lock.
const TURN: usize = 256;

/// Whether the image keeps up with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The image keeps up.
    Following,
    /// The store does not answer, or a disk is full. Reads go on with what is known.
    Degraded(String),
    /// An event cannot be read: the program is too old or the log is damaged.
    Stopped(String),
}

/// What reading needs: the image, the blobs, and how far the image has followed the log.
pub struct ReadModel {
    image: RwLock<Image>,
    /// Blobs by digest.
    pub blobs: Blobs,
    features: Arc<FeatureCache>,
    layers: Layers,
    exchanges: exchanges::Exchanges,
    /// Held while a large set is written out.
    writing: Arc<tokio::sync::Mutex<()>>,
    search: RwLock<Option<Arc<search::Index>>>,
    /// Held while the search index is made.
    indexing: tokio::sync::Mutex<()>,
    position: watch::Sender<i64>,
    health: watch::Sender<Health>,
    /// Disks that are full.
    pub disks: Disks,
}

impl ReadModel {
    /// A read model with an image, over the blobs of a store. `cache_bytes` bounds the feature sets in memory.
    pub fn new(image: Image, blobs: Blobs, cache_bytes: u64) -> Self {
        let (position, disks) = (watch::Sender::new(image.position), blobs.disks.clone());
        Self {
            image: RwLock::new(image),
            blobs,
            features: Arc::new(FeatureCache::new(cache_bytes)),
            layers: Layers::default(),
            exchanges: exchanges::Exchanges::default(),
            writing: Arc::default(),
            search: RwLock::default(),
            indexing: tokio::sync::Mutex::new(()),
            position,
            health: watch::Sender::new(Health::Following),
            disks,
        }
    }

    /// Locks the image for reading. Hold the lock as briefly as possible.
    pub fn image(&self) -> RwLockReadGuard<'_, Image> {
        self.image.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A feature set; none if it is damaged, which is logged, because one damaged set must not hide the others.
    /// Errors: the set is not in memory and the store does not answer.
    pub async fn readable(&self, digest: Digest) -> Result<Option<Arc<Features>>, StoreError> {
        match self.features(digest).await {
            Ok(features) => Ok(Some(features)),
            Err(StoreError::Damaged(what)) => {
                tracing::error!("{what}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The further sets of an item. Errors: one of them cannot be read.
    pub async fn further(&self, view: &View) -> Result<Vec<(Further, Arc<Features>)>, StoreError> {
        let mut sets = Vec::new();
        for further in families::further(view.family) {
            if let Some(set) = view.set_of(Some(further)) {
                sets.push((further, self.features(set.sha256).await?));
            }
        }
        Ok(sets)
    }

    /// The further sets of an item that are not damaged: a page shows what is there.
    pub async fn readable_further(&self, view: &View) -> Result<Vec<(Further, Arc<Features>)>, StoreError> {
        let mut sets = Vec::new();
        for further in families::further(view.family) {
            if let Some(set) = view.set_of(Some(further)) {
                sets.extend(self.readable(set.sha256).await?.map(|features| (further, features)));
            }
        }
        Ok(sets)
    }

    /// Changes the image under its write lock, and wakes those who wait for a position.
    pub fn change<T>(&self, change: impl FnOnce(&mut Image) -> T) -> T {
        let (changed, position) = {
            let mut image = self.image.write().unwrap_or_else(PoisonError::into_inner);
            (change(&mut image), image.position)
        };
        self.position.send_replace(position);
        changed
    }

    /// Records whether the image keeps up; true if that has changed.
    pub fn set_health(&self, health: Health) -> bool {
        self.health.send_if_modified(|known| {
            *known != health && {
                *known = health;
                true
            }
        })
    }

    /// Looks at many items, a few under each lock, so that the follower never waits long.
    fn in_turns(&self, codes: &[Code], mut look: impl FnMut(&Image, &Code)) {
        for few in codes.chunks(TURN) {
            let image = self.image();
            few.iter().for_each(|code| look(&image, code));
        }
    }

    /// True if the image keeps up with the log.
    pub fn follows(&self) -> bool {
        *self.health.borrow() == Health::Following
    }

    /// Whether the image keeps up and the disks have room. With a full disk reads go on, but nothing else does.
    pub fn health(&self) -> Health {
        let health = self.health.borrow().clone();
        match (health, self.disks.words()) {
            (Health::Following, Some(full)) => Health::Degraded(full),
            (Health::Degraded(what), Some(full)) => Health::Degraded(format!("{what}; {full}")),
            (health, _) => health,
        }
    }

    /// Waits until the image has reached `position`; false if that takes longer than `limit`.
    pub async fn wait_for(&self, position: i64, limit: Duration) -> bool {
        let mut receiver = self.position.subscribe();
        tokio::time::timeout(limit, receiver.wait_for(|reached| *reached >= position)).await.is_ok_and(|r| r.is_ok())
    }

    /// Bytes of the feature sets in memory, as GeoJSON.
    pub fn cached_set_bytes(&self) -> u64 {
        self.features.text_bytes()
    }

    /// A feature set, from memory or parsed from its blob.
    pub async fn features(&self, digest: Digest) -> Result<Arc<Features>, StoreError> {
        // If many ask at once, only one reads and parses the set.
        self.features.get_or_make(digest, self.parsed(digest)).await
    }

    /// Takes a feature set that is not stored, for as long as it is kept in memory: what a draft would show.
    pub async fn lend(&self, digest: Digest, bytes: Bytes) -> Result<Arc<Features>, StoreError> {
        let parse = async {
            let parsed = tokio::task::spawn_blocking(move || apart(|| Features::parse(&bytes))).await;
            parsed.ok().flatten().map(Arc::new).ok_or_else(|| StoreError::Damaged(format!("{digest} is not a feature set")))
        };
        self.features.get_or_make(digest, parse).await
    }

    /// A feature set that is in memory.
    pub fn in_memory(&self, digest: Digest) -> Option<Arc<Features>> {
        self.features.get(&digest)
    }

    async fn parsed(&self, digest: Digest) -> Result<Arc<Features>, StoreError> {
        let bytes = self.blobs.read(digest).await?;
        let parsed = tokio::task::spawn_blocking(move || apart(|| Features::parse(&bytes))).await;
        let features = parsed.ok().flatten().ok_or_else(|| StoreError::Damaged(format!("blob {digest} is not a feature set")))?;
        let features = Arc::new(features);
        if features.list.len() >= MANY {
            // Tiles of so many zones are drawn from a coarse copy. It is made in the background, before tiles
            // are asked for.
            let features = Arc::clone(&features);
            std::thread::spawn(move || {
                apart(|| features.coarse().is_some());
            });
        }
        Ok(features)
    }

    /// A feature set with its features written out under `head`, unless something that is shown now needs them
    /// under another head. A large set is written out in the background, and returned as it is until then.
    pub async fn written(&self, digest: Digest, head: &FeatureHead) -> Result<Arc<Features>, StoreError> {
        let features = self.features(digest).await?;
        let is_settled = |features: &Features| features.head().is_some_and(|held| held == head || self.layers.show(held));
        // A set that would be too large for the cache when written out is kept as it is.
        if is_settled(&features) || !self.features.has_room_for(features.weight_under(head)) {
            return Ok(features);
        }
        let is_large = features.list.len() >= MANY;
        let writing = if is_large { Arc::clone(&self.writing).try_lock_owned().ok() } else { None };
        if is_large && (writing.is_none() || self.features.get(&digest).is_some_and(|features| is_settled(&features))) {
            return Ok(features);
        }
        let (as_it_is, head, cache) = (Arc::clone(&features), head.clone(), Arc::clone(&self.features));
        let write = tokio::task::spawn_blocking(move || {
            let _writing = writing;
            let written = Arc::new(features.under(&head));
            cache.insert(digest, Arc::clone(&written));
            written
        });
        if is_large { Ok(as_it_is) } else { write.await.map_err(|error| StoreError::Damaged(error.to_string())) }
    }
}

/// Does work on its own threads. When they end, they free the memory that they had set aside, which lasting
/// threads would keep.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}
