//! A cache of parsed feature sets.

use std::sync::Arc;

use quick_cache::Weighter;

use crate::domain::Digest;
use crate::features::Features;
use crate::read_model::bounded_cache::{BoundedCache, bounded_cache};

#[derive(Clone)]
struct ByBytes;

impl Weighter<Digest, Arc<Features>> for ByBytes {
    fn weight(&self, _: &Digest, features: &Arc<Features>) -> u64 {
        features.weight().max(1)
    }
}

/// Parsed feature sets in memory, bounded in bytes.
pub struct FeatureCache(BoundedCache<Digest, Arc<Features>, ByBytes>);

impl FeatureCache {
    /// A cache of at most `bytes`.
    pub fn new(bytes: u64) -> Self {
        Self(bounded_cache(256, bytes, ByBytes))
    }

    /// A set, if it is there.
    pub fn get(&self, digest: &Digest) -> Option<Arc<Features>> {
        self.0.get(digest)
    }

    /// A set, from the cache or made by `make`. If many ask at once, only one makes it.
    pub async fn get_or_make<E>(&self, digest: Digest, make: impl Future<Output = Result<Arc<Features>, E>>) -> Result<Arc<Features>, E> {
        self.0.get_or_insert_async(&digest, make).await
    }

    /// True if a set of that weight, in bytes, can be kept at all.
    pub fn has_room_for(&self, weight: u64) -> bool {
        weight <= self.0.capacity()
    }

    /// Size of the sets' GeoJSON text, bytes.
    pub fn text_bytes(&self) -> u64 {
        self.0.iter().map(|(_, features)| features.text_bytes()).sum()
    }

    /// Keeps a set in the cache.
    pub fn insert(&self, digest: Digest, features: Arc<Features>) {
        self.0.insert(digest, features);
    }
}
