//! What a cache is told that is to verify its hits: how many of them, and whom to tell of a difference. How a hit is verified
//! is in `engine/verify`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{CacheBuilder, Format};

/// Whom to tell.
type Report = Arc<dyn Fn(&Difference) + Send + Sync>;

impl CacheBuilder {
    /// Computes that share of the hits once more, and reports what would be another value now: for the tests of an application,
    /// and for a small part of what it serves. 0.0 verifies nothing, 0.01 every hundredth hit, 1.0 every hit.
    ///
    /// What is found is mostly a tag that was forgotten. The caller gets the stored value, when the computation is over; what
    /// that returned is dropped, with the tags that it used. Its panic counts as no answer, and so does a failure. No difference is
    /// reported if the entry is not served any more by then: an invalidation that came meanwhile explains it.
    ///
    /// - Compared is what would be written to a store outside the process. Values that say `local` are not verified, and a value
    ///   that is written in another order each time, as a `HashMap` is, seems to differ.
    /// - Verified are hits of cached functions and of [`Cache::get_or_compute`](crate::Cache::get_or_compute) with its kin, in this
    ///   process: there has to be a load. Beside a store outside the process nothing is verified, and neither are batches.
    /// - A value that may be old by agreement (it has a ttl, and no tags) differs as soon as its source has changed.
    /// - A writer that commits and only then invalidates, without a [`Hold`](crate::Hold), leaves a moment in which the two differ.
    /// - The report is made in the call that hit. If it panics, that call does: which is what a test wants.
    ///
    /// # Example: a tag was forgotten
    /// ```
    /// use std::sync::Mutex;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use easy_cache_core::Cache;
    ///
    /// static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());
    /// let cache = Cache::builder().verify(1.0, |difference| FOUND.lock().unwrap().push(difference.key().to_owned())).build();
    ///
    /// let price = AtomicU64::new(7);
    /// let load = || Some(price.load(Ordering::SeqCst));
    /// cache.get_or_compute_sync("price:1", load).wait();
    /// price.store(8, Ordering::SeqCst);
    /// cache.invalidate_tags(["prices"]).wait().unwrap();
    ///
    /// assert_eq!(cache.get_or_compute_sync("price:1", load).wait(), Some(7));
    /// assert_eq!(*FOUND.lock().unwrap(), ["price:1"]);
    /// ```
    pub fn verify(mut self, share: f64, report: impl Fn(&Difference) + Send + Sync + 'static) -> Self {
        self.verify = Some(Verify { share: share.clamp(0.0, 1.0), report: Arc::new(report) });
        self
    }
}

/// What is stored is not what would be computed now: told to the report of [`CacheBuilder::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    pub(crate) key: String,
    pub(crate) tags: Vec<String>,
    pub(crate) stored: Vec<u8>,
    pub(crate) computed: Option<Vec<u8>>,
}

impl Difference {
    /// The key, as far as it may be shown: see [`CacheBuilder::redact_keys`].
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The tags under which it is stored, as far as they may be shown.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// The stored value as it would be written, in the cache's format.
    #[must_use]
    pub fn stored(&self) -> &[u8] {
        &self.stored
    }

    /// The computed value, written in the same way; `None` if nothing would be stored now, since there is nothing any more.
    #[must_use]
    pub fn computed(&self) -> Option<&[u8]> {
        self.computed.as_deref()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = if self.computed.is_some() { "another value" } else { "nothing" };
        write!(f, "`{}` is served, and {now} would be computed for it now: ", self.key)?;
        match &*self.tags {
            [] => f.write_str("it carries no tags"),
            tags => write!(
                f,
                "what it was computed from has changed, and none of its tags was invalidated ({})",
                tags.join(", ")
            ),
        }
    }
}

// Without the values: they may be anybody's.
impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Difference").field("key", &self.key).field("tags", &self.tags).finish_non_exhaustive()
    }
}

/// What the builder was told.
#[derive(Clone)]
pub(crate) struct Verify {
    share: f64,
    report: Report,
}

impl Verify {
    /// For one cache: each counts its own hits.
    pub(crate) fn of_format(self, format: Format) -> Verification {
        Verification { verify: self, format, hits: AtomicU64::new(0) }
    }
}

/// Which hits of a cache are verified, and how they are compared.
pub(crate) struct Verification {
    verify: Verify,
    pub(crate) format: Format,
    hits: AtomicU64,
}

impl Verification {
    /// Whether the next hit is one of the share. The share is kept exactly, and spread evenly.
    pub(crate) fn is_due(&self) -> bool {
        let before = self.hits.fetch_add(1, Ordering::Relaxed);
        let due = |hits: u64| (hits as f64 * self.verify.share).floor();
        due(before + 1) > due(before)
    }

    pub(crate) fn report(&self, difference: &Difference) {
        (self.verify.report)(difference);
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("share", &self.verify.share)
            .field("hits", &self.hits)
            .finish_non_exhaustive()
    }
}
