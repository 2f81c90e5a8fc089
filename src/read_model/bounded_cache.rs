//! Caches bounded in bytes.

use std::hash::Hash;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// A cache that is bounded in bytes.
pub type BoundedCache<K, V, W> = Cache<K, V, W>;

/// Makes a cache for about `values` values of at most `bytes` bytes in total. It has a single shard, so that
/// one large value may take most of it.
pub fn bounded_cache<K: Eq + Hash, V: Clone, W: Weighter<K, V> + Clone>(values: usize, bytes: u64, weight: W) -> BoundedCache<K, V, W> {
    let options = OptionsBuilder::new().estimated_items_capacity(values).weight_capacity(bytes).shards(1).build();
    match options {
        Ok(options) => Cache::with_options(options, weight, DefaultHashBuilder::default(), DefaultLifecycle::default()),
        Err(_) => Cache::with_weighter(values, bytes, weight),
    }
}
