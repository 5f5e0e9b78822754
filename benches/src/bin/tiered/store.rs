//! A store outside in which nothing ever changes: what is measured is the hit in front of it.

use std::collections::HashMap;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{
    Fill, Filled, Following, Hit, Look, Looked, Mark, Mirror, Miss, MissReason, Store, StoreFence, StoreFuture,
    Version, VersionedTag,
};

const VERSION: Version = Version::from_bytes([7; Version::LEN]);

/// Keeps what it is given, and counts how often it is asked. Clones share everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    entries: Mutex<HashMap<Vec<u8>, Hit>>,
    looks: AtomicU64,
}

impl Counting {
    /// How many lookups there were.
    pub(crate) fn looks(&self) -> u64 {
        self.0.looks.load(Ordering::Relaxed)
    }

    fn find(&self, key: &[u8]) -> Looked {
        self.0.looks.fetch_add(1, Ordering::Relaxed);
        let entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let miss = || Looked::Miss(Miss { reason: MissReason::Absent, fence: Some(StoreFence::new(())) });
        entries.get(key).cloned().map_or_else(miss, Looked::Hit)
    }

    fn put(&self, fill: Fill<'_>) {
        let versioned = |tag: &Tag| VersionedTag { tag: tag.clone(), version: VERSION };
        let mut hit = Hit::new(fill.payload.to_vec(), fill.tags.iter().map(versioned).collect(), VERSION);
        (hit.followed, hit.remaining) = (true, fill.ttl);
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(fill.key.to_vec(), hit);
    }
}

impl Store for Counting {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        Box::pin(ready(Ok(self.find(look.key))))
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.put(fill);
        Box::pin(ready(Ok(Filled::Kept)))
    }

    fn invalidate<'a>(&'a self, _: &'a [Tag], _: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        Box::pin(ready(Ok(())))
    }

    fn hold<'a>(&'a self, _: Mark<'a>, _: Duration) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn release<'a>(&'a self, _: Mark<'a>) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn follow(&self, mirror: Arc<dyn Mirror>, _: Duration) -> Option<Following> {
        mirror.proved(mirror.ask());
        Some(Following::new(()))
    }
}
