//! What can be asked of a cache, and of one entry, without computing anything: whether it is there and for how long, why it is served or
//! not, how much there is; and the switch. What gives values is `cache`.

use std::time::Duration;

use crate::backend::memory::Kept;
use crate::clock::Clock;
use crate::store::Found;
use crate::value::Shared;
use crate::{Cache, Error, Explanation, Operation};

impl Cache {
    /// Whether a value would be served under this key.
    ///
    /// Over a store outside the process this is about values of the kind that this process has asked for last under the key.
    ///
    /// # Example
    /// ```
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set("answer", 42).wait();
    /// assert!(cache.contains("answer").wait());
    /// ```
    pub fn contains<'a>(&'a self, key: impl AsRef<[u8]> + Send + 'a) -> Operation<'a, bool> {
        match &self.engine().outside {
            None => Operation::new(move || self.find(key.as_ref()).is_some()),
            Some(_) => Operation::later(async move { self.engine().fresh_outside_until(key.as_ref()).await.is_some() }),
        }
    }

    /// Why a value is served, or not: which tag changed when, whether its ttl has passed, whether it had to make room, and so on.
    ///
    /// For people and for tests; it looks at everything there is, and takes microseconds. What became of a key that is not stored
    /// is remembered for a thousand keys or so, the latest. A store outside the process is not asked
    /// (for that, see [`explain_in_store`](Self::explain_in_store)); of one, what is explained is the copy [near](crate::CacheBuilder::near).
    ///
    /// # Example: it had to make room
    /// ```
    /// use easy_cache_core::{Cache, Verdict};
    ///
    /// let cache = Cache::builder().max_weight(10_000).build();
    /// assert_eq!(cache.explain("n:1").verdict, Verdict::Absent);
    /// for n in 0..1_000 {
    ///     cache.set(format!("n:{n}"), n).wait();
    /// }
    /// let is_evicted = |n: &i32| matches!(cache.explain(format!("n:{n}")).verdict, Verdict::Evicted { .. });
    /// assert!((0..1_000).any(|n| is_evicted(&n)));
    /// ```
    #[must_use]
    pub fn explain(&self, key: impl AsRef<[u8]>) -> Explanation {
        self.engine().explain(key.as_ref())
    }

    /// What a store outside the process has under a key, and which of the tags that it carries were invalidated, or are held, by whomever:
    /// what the command `easy-cache explain` says, for an application to ask. About values of the kind that this process has asked for
    /// last under the key, which it remembers of some ten thousand keys. Two trips, three on a cluster, and for people: nothing is counted, and no
    /// call depends on it.
    ///
    /// # Errors
    /// If there is no store outside the process, if it shows nothing (as one of five methods), or if it could not be asked.
    ///
    /// # Example: a page for operators
    /// ```
    /// use easy_cache_core::{Cache, Error};
    ///
    /// async fn why(cache: &Cache, key: &str) -> Result<String, Error> {
    ///     let found = cache.explain_in_store(key).await?;
    ///     Ok(format!("`{key}`: {found}")) // `books:7`: not served: tag `authors:3` was invalidated since; stored 4s ago
    /// }
    /// ```
    pub fn explain_in_store<'a>(&'a self, key: impl AsRef<[u8]> + Send + 'a) -> Operation<'a, Result<Found, Error>> {
        Operation::later(async move {
            match &self.engine().outside {
                Some(outside) => outside.inspect(key.as_ref()).await,
                None => Err(Error::store("failed to look into a store", "the cache has none outside the process")),
            }
        })
    }

    /// Hands what was counted since the last time to the `metrics` recorder, and the size of the cache: to be called by what
    /// scrapes. Without the feature `metrics` it does nothing. See [`events`](crate::events).
    ///
    /// # Example
    /// ```
    /// easy_cache_core::Cache::new().publish_metrics();
    /// ```
    pub fn publish_metrics(&self) {
        self.engine().publish();
    }

    /// How long the value under this key stays fresh: `None` if there is none, or if it has no ttl.
    ///
    /// Over a store outside the process this is about values of the kind that this process has asked for last under the key.
    ///
    /// # Example
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::{Cache, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let cache = Cache::builder().clock(clock.clock()).build();
    /// cache.set("answer", 42).ttl(Duration::from_secs(60)).wait();
    /// clock.advance(Duration::from_secs(20));
    /// assert_eq!(cache.time_to_live("answer").wait(), Some(Duration::from_secs(40)));
    /// ```
    pub fn time_to_live<'a>(&'a self, key: impl AsRef<[u8]> + Send + 'a) -> Operation<'a, Option<Duration>> {
        if self.engine().outside.is_none() {
            return Operation::new(move || self.time_to_live_here(key.as_ref()));
        }
        Operation::later(async move {
            let fresh_until = self.engine().fresh_outside_until(key.as_ref()).await?;
            self.engine().store.remaining(fresh_until)
        })
    }

    /// The same for what is in this process.
    pub(crate) fn time_to_live_here(&self, key: &[u8]) -> Option<Duration> {
        let found = self.find(key)?;
        self.engine().store.remaining(found.list.times().fresh_until)
    }

    /// Switches the cache off (every call computes, nothing is stored) and on again. Entries stay; invalidations work.
    ///
    /// # Example
    /// ```
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set("answer", 42).wait();
    /// cache.set_enabled(false);
    /// assert_eq!(cache.get::<i32>("answer").wait(), None);
    /// cache.set_enabled(true);
    /// assert_eq!(cache.get("answer").wait(), Some(42));
    /// ```
    pub fn set_enabled(&self, enabled: bool) {
        self.engine().set_enabled(enabled);
    }

    /// Whether a call made here and now would use the cache: it is switched on, and the call is not inside a transaction.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.engine().is_usable()
    }

    /// Whether values are kept in a store outside the process.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.engine().outside.is_some()
    }

    /// The number of entries, those included that would not be served any more.
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine().store.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The weight of all entries, in bytes.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.engine().store.weight()
    }

    /// The namespace that this cache was built with.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.engine().namespace
    }

    /// The clock that this cache was built with.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.engine().store.clock()
    }

    /// The stored value as it is, without handing its tags to a scope.
    #[must_use]
    pub fn stored(&self, key: &[u8]) -> Option<Shared> {
        Some(self.find(key)?.value)
    }

    /// A look without handing the tags to a scope.
    fn find(&self, key: &[u8]) -> Option<Kept> {
        if self.engine().is_usable_here() { self.engine().store.lookup(key).ok() } else { None }
    }
}
