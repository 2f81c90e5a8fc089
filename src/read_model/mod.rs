//! The memory image of the log: catalogue, history, feature sets. Rebuilt at start, follows the log.
//!
//! Architecture invariant: reading never asks the event store (but for the bytes of a blob) or an
//! aggregate's rules.

pub mod blobs;
mod boards;
pub mod feature_cache;
pub mod here;
pub mod image;
pub mod layers;
pub mod nearest;
pub mod room;
pub mod search;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::watch;

use crate::disk::Disks;
use crate::domain::{Code, Digest};
use crate::event_store::StoreError;
use crate::features::Features;
use crate::features::geojson::Head;
use crate::read_model::feature_cache::FeatureCache;
use blobs::Blobs;
use image::Image;
use layers::Layers;

/// Features of a set of which a tile may show too many to be told apart.
const MANY: usize = 2_000;

/// Items that are looked at in one turn.
const TURN: usize = 256;

/// Whether the image keeps up with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Following,
    /// The store does not answer, or a disk is full; reads go on with what is known.
    Degraded(String),
    /// An event cannot be read: the program is too old or the log is damaged.
    Stopped(String),
}

/// What reading needs: the image, the blobs, and how far the image is.
pub struct ReadModel {
    image: RwLock<Image>,
    /// Blobs by digest.
    pub blobs: Blobs,
    features: Arc<FeatureCache>,
    layers: Layers,
    /// Held while a set is parsed, so that a crowd parses it once.
    parsing: tokio::sync::Mutex<()>,
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
    /// A model with an image, over the blobs of a store.
    pub fn new(image: Image, blobs: Blobs, cache_bytes: u64) -> Self {
        let (position, disks) = (watch::Sender::new(image.position), blobs.disks.clone());
        Self {
            image: RwLock::new(image),
            blobs,
            features: Arc::new(FeatureCache::new(cache_bytes)),
            layers: Layers::default(),
            parsing: tokio::sync::Mutex::new(()),
            writing: Arc::default(),
            search: RwLock::default(),
            indexing: tokio::sync::Mutex::new(()),
            position,
            health: watch::Sender::new(Health::Following),
            disks,
        }
    }

    /// The image, for as short as possible.
    pub fn image(&self) -> RwLockReadGuard<'_, Image> {
        self.image.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A set; none where it is damaged, which is noted: one damaged set does not take the others away.
    /// Errors: it is not in memory, and the store is away.
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

    /// Changes the image while nobody reads it; whoever waits for a position is told of the new one.
    pub fn change<T>(&self, change: impl FnOnce(&mut Image) -> T) -> T {
        let (changed, position) = {
            let mut image = self.image.write().unwrap_or_else(PoisonError::into_inner);
            (change(&mut image), image.position)
        };
        self.position.send_replace(position);
        changed
    }

    /// Notes whether the image keeps up; true where that is new.
    pub fn set_health(&self, health: Health) -> bool {
        self.health.send_if_modified(|known| {
            *known != health && {
                *known = health;
                true
            }
        })
    }

    /// Looks at many items, a few at a time: the follower never waits for long.
    fn in_turns(&self, codes: &[Code], mut look: impl FnMut(&Image, &Code)) {
        for few in codes.chunks(TURN) {
            let image = self.image();
            few.iter().for_each(|code| look(&image, code));
        }
    }

    /// Whether the image keeps up.
    pub fn follows(&self) -> bool {
        *self.health.borrow() == Health::Following
    }

    /// Whether the image keeps up, and writes find room: with a full disk reads go on, and nothing else.
    pub fn health(&self) -> Health {
        let health = self.health.borrow().clone();
        match (health, self.disks.words()) {
            (Health::Following, Some(full)) => Health::Degraded(full),
            (Health::Degraded(what), Some(full)) => Health::Degraded(format!("{what}; {full}")),
            (health, _) => health,
        }
    }

    /// Waits until the image has reached `position`; false after `limit`.
    pub async fn wait_for(&self, position: i64, limit: Duration) -> bool {
        let mut receiver = self.position.subscribe();
        tokio::time::timeout(limit, receiver.wait_for(|reached| *reached >= position)).await.is_ok_and(|r| r.is_ok())
    }

    /// Bytes of the feature sets in memory, as GeoJSON.
    pub fn cached_set_bytes(&self) -> u64 {
        self.features.text_bytes()
    }

    /// A feature set, from memory or made from its blob.
    pub async fn features(&self, digest: Digest) -> Result<Arc<Features>, StoreError> {
        if let Some(features) = self.features.get(&digest) {
            return Ok(features);
        }
        let _parsing = self.parsing.lock().await;
        if let Some(features) = self.features.get(&digest) {
            return Ok(features);
        }
        let bytes = self.blobs.read(digest).await?;
        let parsed = tokio::task::spawn_blocking(move || apart(|| Features::parse(&bytes))).await;
        let features = parsed.ok().flatten().ok_or_else(|| StoreError::Damaged(format!("blob {digest} is not a feature set")))?;
        let features = Arc::new(features);
        self.features.insert(digest, Arc::clone(&features));
        if features.list.len() >= MANY {
            // Tiles of so many zones are drawn from a coarse copy: it is made beside, before they are asked for.
            let features = Arc::clone(&features);
            std::thread::spawn(move || {
                apart(|| features.coarse().is_some());
            });
        }
        Ok(features)
    }

    /// The same set, its features written out under `head` if nothing that is shown now needs them under
    /// another. A large set is written beside, and given as it is until then.
    pub async fn written(&self, digest: Digest, head: &Head) -> Result<Arc<Features>, StoreError> {
        let features = self.features(digest).await?;
        let is_settled = |features: &Features| features.head().is_some_and(|held| held == head || self.layers.show(held));
        // What cannot be kept as it is written is better kept as it is.
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

/// Does work on threads of its own: with them goes what they had set aside of memory, which threads
/// that stay would keep.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}
