//! A store of five methods over bytes, which a user writes on one screen. The protocol on top of it is the [`Adapter`]'s.

mod adapter;
mod carried;
mod fence;
mod filling;
mod layout;
mod phase;
mod remembered;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use adapter::Adapter;
pub use remembered::Remembered;

/// A store that can get, set and delete bytes: a hash map, a folder, a table, a client of some server.
///
/// Hand it to [`CacheBuilder::plain_store`](crate::CacheBuilder::plain_store). The promises about invalidations are kept
/// without its help: it needs no transactions, no compare-and-set, and may lose anything at any time. It must
///
/// - **hand out what was set last**: once `set` or `delete` has returned, every later `get` knows it, in every process;
/// - **honour the ttl**, which is the only clock that is trusted;
/// - **not repeat a write by itself** after it has returned or failed, as clients do that retry behind one's back.
///
/// # Example: a store in thirty lines
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use std::sync::Mutex;
/// use std::time::{Duration, Instant};
/// use easy_cache_core::Cache;
/// use easy_cache_core::store::PlainStore;
///
/// #[derive(Default)]
/// struct Map(Mutex<HashMap<String, (Vec<u8>, Option<Instant>)>>);
///
/// impl PlainStore for Map {
///     type Error = Infallible;
///
///     async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Infallible> {
///         let map = self.0.lock().unwrap();
///         let fresh = map.get(key).filter(|(_, end)| end.is_none_or(|end| end > Instant::now()));
///         Ok(fresh.map(|(value, _)| value.clone()))
///     }
///
///     async fn set(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Infallible> {
///         let end = ttl.and_then(|ttl| Instant::now().checked_add(ttl));
///         self.0.lock().unwrap().insert(key.to_owned(), (value.to_owned(), end));
///         Ok(())
///     }
///
///     async fn delete(&self, key: &str) -> Result<(), Infallible> {
///         self.0.lock().unwrap().remove(key);
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let cache = Cache::builder().plain_store(Map::default()).build();
/// let books = || cache.get_or_compute_sync("books", || Some(7)).tags(["books"]).wait();
/// assert_eq!((books(), books()), (Some(7), Some(7)));
/// cache.invalidate_tags(["books"]).wait()?;
/// # Ok(()) }
/// ```
///
/// `get_many` and `set_many` ask one by one unless they are written: write them where the store can do it in one trip.
/// With them a hit costs one trip; a miss two (lookup, then the entry), one more if others wait for the value, and up to six the
/// first time that a tag is met; an invalidation two. A value that may be served past its ttl costs one trip more when it is stored: a
/// mark beside it says whether it is fresh, and the store forgets the mark in time.
///
/// # What is weaker than with a [`Store`](super::Store)
///
/// Nothing outdated is served once an invalidation has returned. Without compare-and-set, though,
///
/// - a hold ends early if a second writer holds or invalidates the same tag, if a tag's very first fill crosses it, or if its
///   record is lost. From then until the first writer's own invalidation, what it is about to change may be served; and if
///   that writer dies in between, its deadline does not invalidate anything;
/// - a rollback costs the entries of its tags, and fills that began under a hold are not kept;
/// - a hold that could not be delivered, and whose writer dies, is nobody's to settle;
/// - how old a value is, is read off the calendars of two machines. Whether it is fresh, and whether it is there at all, is not: only an
///   early refresh, and how far a caller's own shorter span past the ttl reaches, are as exact as these calendars agree;
/// - what an invalidation of a key drops is not deleted, but outdated: its space is free when its ttl has passed;
/// - values under a tag that was met for the first time are not kept if anything in the namespace was invalidated meanwhile.
pub trait PlainStore: Send + Sync + 'static {
    /// What can go wrong.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The bytes under a key.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, Self::Error>> + Send;

    /// The bytes under each of these keys, in their order.
    fn get_many(&self, keys: &[&str]) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, Self::Error>> + Send {
        async move {
            let mut values = Vec::with_capacity(keys.len());
            for key in keys {
                values.push(self.get(key).await?);
            }
            Ok(values)
        }
    }

    /// Puts bytes under a key, to be forgotten when the ttl has passed. What was there is replaced, its ttl included.
    fn set(
        &self,
        key: &str,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Puts bytes under each of these keys, all with one ttl.
    fn set_many(
        &self,
        entries: &[(&str, &[u8])],
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async move {
            for (key, value) in entries {
                self.set(key, value, ttl).await?;
            }
            Ok(())
        }
    }

    /// Forgets what is under a key.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<P: PlainStore> PlainStore for Arc<P> {
    type Error = P::Error;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, P::Error> {
        (**self).get(key).await
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, P::Error> {
        (**self).get_many(keys).await
    }

    async fn set(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), P::Error> {
        (**self).set(key, value, ttl).await
    }

    async fn set_many(&self, entries: &[(&str, &[u8])], ttl: Option<Duration>) -> Result<(), P::Error> {
        (**self).set_many(entries, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<(), P::Error> {
        (**self).delete(key).await
    }
}
