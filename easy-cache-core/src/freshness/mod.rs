//! How long a value is good, and what may be done with it when it is not: the wishes of one call or one cache.
//! Which of them apply to a stored value is decided in `judge`; how they are carried out is the engine's.

mod judge;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use judge::{Standing, Times, Verdict, judge, replaces_failure};

/// Gives one type the options of freshness, each put into the [`Freshness`] that it keeps. What differs between the types is
/// only where that is.
macro_rules! options {
    ($kept:ident) => {
        /// Takes up to so much **off** the ttl, at random, so that values stored together do not all end together.
        ///
        /// Off and not on, so that a ttl stays what it says: an upper bound. Never more than half of it.
        pub fn jitter(mut self, at_most: ::std::time::Duration) -> Self {
            self.$kept().jitter = Some(at_most);
            self
        }

        /// For so long past its ttl the value may be served while it is computed anew.
        ///
        /// Needs it to be said by the call that stored the value and by the one that reads it; the shorter time counts.
        pub fn stale_while_revalidate(mut self, past_ttl: ::std::time::Duration) -> Self {
            self.$kept().stale_while_revalidate = Some(past_ttl);
            self
        }

        /// For so long past its ttl the value may be served because computing it anew failed.
        ///
        /// Needs it to be said by the call that stored the value and by the one that reads it; the shorter time counts.
        pub fn fail_safe(mut self, past_ttl: ::std::time::Duration) -> Self {
            self.$kept().fail_safe = Some(past_ttl);
            self
        }

        /// After a failure the value that stood in for it counts as good for so long: nobody tries again meanwhile.
        /// Default: [`DEFAULT_THROTTLE`](crate::DEFAULT_THROTTLE). No jitter is taken off.
        pub fn throttle(mut self, pause: ::std::time::Duration) -> Self {
            self.$kept().throttle = Some(pause);
            self
        }

        /// Who has a value to fall back on waits no longer than this for a new one.
        pub fn soft_timeout(mut self, wait: ::std::time::Duration) -> Self {
            self.$kept().soft_timeout = Some(wait);
            self
        }

        /// While one process computes the value, others that share the store wait for it; for so long at most, which is to be longer than
        /// the computation takes.
        ///
        /// If the process that computes dies, another one takes over when this time is over; after twice of it (or
        /// [`flight_wait`](crate::CacheBuilder::flight_wait), if that is shorter) everybody who still waits computes. Costs two trips
        /// more for each computation. For calls of one key, over stores that have [leases](crate::store::Store::lease); five methods
        /// ([`PlainStore`](crate::store::PlainStore)) cannot make one. Default: none, since most values are computed by few
        /// processes at once, and once more is cheaper than to wait.
        pub fn lease(mut self, within: ::std::time::Duration) -> Self {
            self.$kept().lease = Some(within);
            self
        }

        /// When to compute a value anew before its ttl is over.
        pub fn early_refresh(mut self, when: $crate::EarlyRefresh) -> Self {
            self.$kept().early_refresh = Some(when);
            self
        }

        /// For so long after a **tag** of it was invalidated the value may be served while it is computed anew.
        ///
        /// This gives up, within its bound, the promise that nothing outdated is served. The bound is strict, and what was
        /// invalidated by its key, or with everything else, is never served. Needs it to be said by the call that stored
        /// the value and by the one that reads it; the shorter time counts.
        pub fn serve_outdated(mut self, within: ::std::time::Duration) -> Self {
            self.$kept().serve_outdated = Some(within);
            self
        }
    };
}
pub(crate) use options;

/// How long a stand-in is good after a failure, unless a policy says otherwise: long enough that a failing database is not
/// asked by every request, short enough that its return is not missed for long.
pub const DEFAULT_THROTTLE: Duration = Duration::from_secs(5);

/// What a policy says beyond its ttl.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Freshness {
    pub(crate) jitter: Option<Duration>,
    pub(crate) stale_while_revalidate: Option<Duration>,
    pub(crate) fail_safe: Option<Duration>,
    pub(crate) throttle: Option<Duration>,
    pub(crate) soft_timeout: Option<Duration>,
    pub(crate) hard_timeout: Option<Duration>,
    pub(crate) lease: Option<Duration>,
    pub(crate) early_refresh: Option<EarlyRefresh>,
    pub(crate) serve_outdated: Option<Duration>,
    /// What the loader says of this value, for the next one.
    pub(crate) validator: Option<Arc<str>>,
}

impl Freshness {
    /// Nothing beyond the ttl.
    pub(crate) const PLAIN: Self = Self {
        jitter: None,
        stale_while_revalidate: None,
        fail_safe: None,
        throttle: None,
        soft_timeout: None,
        hard_timeout: None,
        lease: None,
        early_refresh: None,
        serve_outdated: None,
        validator: None,
    };

    /// Fills in what is not said here.
    pub(crate) fn or(&mut self, defaults: &Self) {
        self.jitter = self.jitter.or(defaults.jitter);
        self.stale_while_revalidate = self.stale_while_revalidate.or(defaults.stale_while_revalidate);
        self.fail_safe = self.fail_safe.or(defaults.fail_safe);
        self.throttle = self.throttle.or(defaults.throttle);
        self.soft_timeout = self.soft_timeout.or(defaults.soft_timeout);
        self.hard_timeout = self.hard_timeout.or(defaults.hard_timeout);
        self.lease = self.lease.or(defaults.lease);
        self.early_refresh = self.early_refresh.or(defaults.early_refresh);
        self.serve_outdated = self.serve_outdated.or(defaults.serve_outdated);
    }
}

/// When to compute a value anew although it is fresh, so that nobody has to wait when its ttl is over.
///
/// # Example: in the last fifth of its ttl
/// ```
/// use std::time::Duration;
/// use easy_cache_core::{EarlyRefresh, Policy};
///
/// let policy = Policy::new().ttl(Duration::from_secs(60)).early_refresh(EarlyRefresh::after(0.8));
/// # let _ = policy;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyRefresh(pub(crate) Early);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Early {
    After(f64),
    Probably(f64),
}

impl EarlyRefresh {
    /// As soon as this fraction of the ttl is over: between 0 (at once) and 1 (never).
    #[must_use]
    pub const fn after(fraction: f64) -> Self {
        Self(Early::After(fraction))
    }

    /// By chance, and the more probably the nearer the end is and the longer the value takes to compute (the method is
    /// known as XFetch). `beta` is 1 usually; more is earlier, 0 is never.
    #[must_use]
    pub const fn xfetch(beta: f64) -> Self {
        Self(Early::Probably(beta))
    }
}
