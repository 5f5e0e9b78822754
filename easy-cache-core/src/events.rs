//! What a cache tells about itself: `tracing` events and spans, metrics through the `metrics` facade, and the reasons by
//! which both, and [`Cache::explain`](crate::Cache::explain), call what happened.
//!
//! # Metrics
//!
//! With the feature `metrics`. Each carries the label `namespace`, the one of [`CacheBuilder::namespace`]. Install a recorder
//! first: what happens before it is there is not counted. The names are constants in [`names`].
//!
//! | metric | kind, unit | further label | tells |
//! |---|---|---|---|
//! | `easy_cache_hits_total` | counter | `tier`: see [`Tier`] | calls answered from what is stored and fresh, and where it was |
//! | `easy_cache_misses_total` | counter | `reason`: see [`MissReason`] | calls that were not, and why |
//! | `easy_cache_stale_served_total` | counter | `reason`: see [`Staleness`] | calls answered with a value past its ttl, or outdated within its bound; not those that a stand-in answers during its throttle, which are hits |
//! | `easy_cache_loads_total` | counter | `outcome`: see [`LoadOutcome`] | computations that ended, and how; a load of many keys counts for each of them |
//! | `easy_cache_load_seconds` | histogram, seconds | | how long they took |
//! | `easy_cache_waits_total` | counter | | calls that waited for another caller's computation |
//! | `easy_cache_fills_refused_total` | counter | `reason`: see [`Refusal`] | values that were computed and not kept |
//! | `easy_cache_evictions_total` | counter | `reason`: `room`, `too_large` | entries dropped for lack of room |
//! | `easy_cache_invalidations_total` | counter | `kind`: see [`Invalidation`] | invalidations, each counted once however many tags it names |
//! | `easy_cache_circuit_changes_total` | counter | `to`: `open`, `closed` | how often a store outside the process was left alone, and asked again |
//! | `easy_cache_undelivered_total` | counter | | invalidations that a store did not acknowledge at the first attempt |
//! | `easy_cache_entries` | gauge | | entries, those included that would not be served any more |
//! | `easy_cache_bytes` | gauge, bytes | | the weight of all entries |
//!
//! Hits are counted on the side, by core, and handed on together with the gauges: at most every [`PUBLISH_EVERY`], along with
//! some other event. [`Cache::publish_metrics`](crate::Cache::publish_metrics) does it at once, for whoever scrapes.
//!
//! ## What to look at
//!
//! - *Does the cache help?* Hits against hits and misses. If there are many misses, their reason says what to do: `absent` (too
//!   many different keys: look at what is in the key), `evicted` (too small: more
//!   [`max_weight`](crate::CacheBuilder::max_weight)), `expired` (the ttl is short against how often it is asked for),
//!   `outdated` (tags change often: are they narrow enough?), `held` (long transactions).
//! - *Is it worth it?* `load_seconds` is what a hit saves. Loads far above the misses mean that results are not stored.
//! - *Do writers disturb readers?* Refused fills by reason `tag`: the value was outdated before it was ready. Many of them with one
//!   tag (the event names it) point to a tag that is written all the time.
//! - *Is a backend in trouble?* Stale values served by reason `fail_safe`, and loads with outcome `not_stored`.
//! - *Do computations pile up?* Waits against loads. A steady high number is what spares the database; an abrupt one is a slow query.
//!
//! # Events
//!
//! Target `easy_cache`. Fields: `namespace`, `key`, and what is named below. One line is enough to follow a key:
//! `RUST_LOG=easy_cache=debug`.
//!
//! | message | level | further fields |
//! |---|---|---|
//! | `HIT` | trace, if [`CacheBuilder::trace_hits`] | `tier` |
//! | `MISS` | debug | `reason` |
//! | `REFRESH` | debug | a computation although there may be a value |
//! | `STORED` | debug | `tags` |
//! | `REFUSED` | debug | `reason`, `name` of the tag |
//! | `STALE` | debug | `reason` |
//! | `WAIT` | debug | |
//! | `EVICTED` | debug | `reason` |
//! | `INVALIDATED` | debug | `kind`, `tags` (not `key`, unless the kind is `key`) |
//! | sentences | warn | what an operator should know: a hold past its deadline, a computation that keeps others waiting, two types under one key |
//!
//! Each computation runs inside the span `load` (debug), with `namespace` and `key` (or the number of `keys`), so that what a loader logs says for whom.
//!
//! Keys and tags often contain what belongs to a person. [`CacheBuilder::redact_keys`] replaces both in events, in spans, in
//! errors and in what [`Explanation`](crate::Explanation) prints.
//!
//! # Cost
//!
//! A hit reads one byte that says whether anybody wants to know; without `metrics` and `trace_hits` nobody does. All other
//! events stand beside work that takes microseconds.
//!
//! [`CacheBuilder::namespace`]: crate::CacheBuilder::namespace
//! [`CacheBuilder::redact_keys`]: crate::CacheBuilder::redact_keys
//! [`CacheBuilder::trace_hits`]: crate::CacheBuilder::trace_hits

mod invalidated;
mod load;
#[cfg(feature = "metrics")]
mod meter;
pub mod names;
mod reason;
mod redaction;
mod undelivered;
#[cfg(not(feature = "metrics"))]
mod unmetered;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::explain::fates::{Ending, Fates};
use crate::store::Circuit;
use crate::{Error, ErrorKind, Tag};
pub use invalidated::Invalidated;
pub(crate) use invalidated::OnInvalidated;
pub(crate) use load::Load;
#[cfg(feature = "metrics")]
pub(crate) use meter::Meter;
pub use reason::{Invalidation, LoadOutcome, MissReason, Refusal, Staleness, Tier};
pub use redaction::Redaction;
use redaction::{Redactor, ShownTags};
pub(crate) use undelivered::OnUndelivered;
pub use undelivered::Undelivered;
#[cfg(not(feature = "metrics"))]
pub(crate) use unmetered::Meter;

/// How often hits and gauges are handed to the recorder, at most: often enough for any scrape interval, and seldom enough
/// not to be noticed.
pub const PUBLISH_EVERY: Duration = Duration::from_millis(100);

/// Where a cache reports to. Off the hit path, but for the hits of those who asked for them.
#[derive(Debug)]
pub(crate) struct Events {
    namespace: Arc<str>,
    clock: Clock,
    redactor: Redactor,
    /// How entries came to be missing.
    pub(crate) fates: Fates,
    pub(crate) meter: Meter,
    /// Where hits are that are made in this process.
    tier: Tier,
    on_undelivered: Option<OnUndelivered>,
    on_invalidated: OnInvalidated,
}

impl Events {
    pub(crate) fn new(namespace: &str, clock: Clock, redaction: Option<Redaction>) -> Self {
        let namespace: Arc<str> = namespace.into();
        let meter = Meter::new(&namespace);
        let (redactor, fates) = (Redactor::new(redaction), Fates::new());
        let (on_undelivered, on_invalidated) = (None, OnInvalidated::default());
        Self { namespace, clock, redactor, fates, meter, tier: Tier::Memory, on_undelivered, on_invalidated }
    }

    /// Says what is found in this process: [`Tier::Memory`] if this is never said.
    pub(crate) fn of_tier(self, tier: Tier) -> Self {
        Self { tier, ..self }
    }

    pub(crate) fn with(self, on_undelivered: Option<OnUndelivered>, on_invalidated: OnInvalidated) -> Self {
        Self { on_undelivered, on_invalidated, ..self }
    }

    /// Whether anybody else is to hear of invalidations.
    pub(crate) fn are_heard(&self) -> bool {
        !self.on_invalidated.is_empty()
    }

    /// An invalidation is in force, as far as it will be for now: caches in front may ask again.
    pub(crate) fn invalidated(&self, tags: &[Tag], keys: &[&[u8]], everything: bool) {
        if self.are_heard() {
            self.on_invalidated.tell(&Invalidated { tags, keys, everything });
        }
    }

    /// Whether hits and sizes have not been handed on for a while. Says so to one caller at a time.
    pub(crate) fn is_due(&self) -> bool {
        self.meter.is_due(|| self.now())
    }

    fn now(&self) -> Moment {
        self.clock.precise()
    }

    /// A key as it may be shown.
    pub(crate) fn show<'a>(&'a self, key: &'a [u8]) -> impl std::fmt::Display + 'a {
        self.redactor.key(key)
    }

    /// A tag as it may be shown.
    pub(crate) fn show_tag<'a>(&'a self, tag: &'a Tag) -> impl std::fmt::Display + 'a {
        self.redactor.tag(tag)
    }

    /// For hits in this process that somebody wants to know of.
    pub(crate) fn hit(&self, key: &[u8], traced: bool) {
        self.meter.hit();
        if traced {
            self.trace_hit(key, self.tier);
        }
    }

    /// The same for hits in the store outside.
    pub(crate) fn hit_outside(&self, key: &[u8], traced: bool) {
        self.meter.count(names::HITS, Some(("tier", Tier::Store.as_str())));
        if traced {
            self.trace_hit(key, Tier::Store);
        }
    }

    fn trace_hit(&self, key: &[u8], tier: Tier) {
        tracing::trace!(
            target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), outcome = "hit", tier = tier.as_str(), "HIT"
        );
    }

    /// Hands hits and sizes to the recorder.
    pub(crate) fn publish(&self, size: impl FnOnce() -> (usize, u64)) {
        self.meter.publish(self.tier, size);
    }

    /// The store outside cannot tell of changes: nothing is kept near.
    pub(crate) fn not_followed(&self) {
        tracing::warn!(
            target: "easy_cache", namespace = &*self.namespace,
            "the store cannot tell what changes: nothing is kept near, and every hit asks the store"
        );
    }

    /// A call found nothing to serve. What is not there at all has a fate, if it is remembered.
    pub(crate) fn missed(&self, key: &[u8], reason: MissReason) {
        let reason = if reason == MissReason::Absent { self.fates.reason(key) } else { reason };
        self.meter.count(names::MISSES, Some(("reason", reason.as_str())));
        tracing::debug!(
            target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), outcome = "miss", reason = reason.as_str(), "MISS"
        );
    }

    /// A computation that was asked for although there may be a value.
    pub(crate) fn refreshing(&self, key: &[u8]) {
        tracing::debug!(target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), outcome = "refresh", "REFRESH");
    }

    /// A call waits for another caller's computation.
    pub(crate) fn waiting(&self, key: &[u8]) {
        self.meter.count(names::WAITS, None);
        tracing::debug!(target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), outcome = "wait", "WAIT");
    }

    /// A value past its ttl, or outdated, is served because its policy allows it.
    pub(crate) fn served_stale(&self, key: &[u8], why: Staleness) {
        self.meter.count(names::STALE, Some(("reason", why.as_str())));
        tracing::debug!(
            target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), outcome = "stale", reason = why.as_str(), "STALE"
        );
    }

    /// A computation failed, and the former value stands in for its result.
    pub(crate) fn stood_in(&self, key: &[u8]) {
        tracing::warn!(
            target: "easy_cache", namespace = &*self.namespace, key = %self.show(key),
            "computing a value anew failed: the former one stands in for it"
        );
    }

    /// The span of a computation.
    pub(crate) fn load(&self, key: &[u8]) -> tracing::Span {
        tracing::debug_span!(target: "easy_cache", "load", namespace = &*self.namespace, key = %self.show(key))
    }

    /// The span of a computation for several keys.
    pub(crate) fn load_many(&self, keys: usize) -> tracing::Span {
        tracing::debug_span!(target: "easy_cache", "load", namespace = &*self.namespace, keys)
    }

    /// A computation that began at `began` has ended.
    pub(crate) fn loaded(&self, began: Moment, outcome: LoadOutcome) {
        if !Meter::MEASURES {
            return; // not even the clock is read
        }
        let took = Duration::from_nanos(self.now().saturating_sub(began));
        self.meter.count(names::LOADS, Some(("outcome", outcome.as_str())));
        self.meter.measure(names::LOAD_SECONDS, took);
    }

    pub(crate) fn stored<'a>(&self, key: &[u8], tags: impl Iterator<Item = &'a Tag> + Clone) {
        let tags = ShownTags(&self.redactor, tags);
        tracing::debug!(target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), tags = %tags, "STORED");
    }

    /// A computed value was not kept.
    pub(crate) fn refused(&self, key: &[u8], why: Refusal) {
        self.meter.count(names::REFUSED, Some(("reason", why.as_str())));
        tracing::debug!(
            target: "easy_cache",
            namespace = &*self.namespace,
            key = %self.show(key),
            reason = why.as_str(),
            name = why.tag().map(|tag| tracing::field::display(self.show_tag(tag))),
            "REFUSED"
        );
        self.fates.note(key, self.now(), Ending::Refused(why));
    }

    /// An entry had to go because another one needed its room, or is itself too large for the cache.
    pub(crate) fn evicted(&self, key: &[u8], too_large: bool) {
        let reason = if too_large { "too_large" } else { "room" };
        self.meter.count(names::EVICTIONS, Some(("reason", reason)));
        tracing::debug!(target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), reason, "EVICTED");
        // In a full cache this comes with every miss: as of the last tick is good enough.
        self.fates.note(key, self.clock.coarse(), if too_large { Ending::TooLarge } else { Ending::Evicted });
    }

    pub(crate) fn key_invalidated(&self, key: &[u8]) {
        let kind = Invalidation::Key.as_str();
        self.meter.count(names::INVALIDATIONS, Some(("kind", kind)));
        tracing::debug!(target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), kind, "INVALIDATED");
        self.fates.note(key, self.now(), Ending::Removed);
    }

    pub(crate) fn tags_invalidated(&self, tags: &[Tag]) {
        let kind = Invalidation::Tags.as_str();
        self.meter.count(names::INVALIDATIONS, Some(("kind", kind)));
        let tags = ShownTags(&self.redactor, tags.iter());
        tracing::debug!(target: "easy_cache", namespace = &*self.namespace, kind, tags = %tags, "INVALIDATED");
    }

    pub(crate) fn everything_invalidated(&self) {
        let kind = Invalidation::Everything.as_str();
        self.meter.count(names::INVALIDATIONS, Some(("kind", kind)));
        tracing::debug!(target: "easy_cache", namespace = &*self.namespace, kind, "INVALIDATED");
        self.fates.note_emptied(self.now());
    }

    /// A hold's deadline has passed.
    pub(crate) fn hold_expired(&self, tag: &Tag) {
        self.meter.count(names::INVALIDATIONS, Some(("kind", Invalidation::Deadline.as_str())));
        tracing::warn!(
            target: "easy_cache", namespace = &*self.namespace, tag = %self.show_tag(tag),
            "a writer's hold passed its deadline: its tag counts as invalidated"
        );
        if tag.is_everything() {
            self.invalidated(&[], &[], true);
        } else {
            self.invalidated(std::slice::from_ref(tag), &[], false);
        }
    }

    /// The store outside the process is left alone from now on, or asked again.
    pub(crate) fn circuit(&self, to: Circuit) {
        let (is_open, label) = (to == Circuit::Open, if to == Circuit::Open { "open" } else { "closed" });
        self.meter.count(names::CIRCUIT, Some(("to", label)));
        if is_open {
            tracing::warn!(
                target: "easy_cache", namespace = &*self.namespace, "the store fails: calls compute at once, and nothing is kept"
            );
        } else {
            tracing::info!(target: "easy_cache", namespace = &*self.namespace, "the store answers again");
        }
    }

    /// A call does without the store outside the process. While that is left alone, it has been told.
    pub(crate) fn unreached(&self, key: &[u8], error: &Error) {
        if error.kind() == ErrorKind::Unavailable {
            tracing::debug!(target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), "the cache is not used for this call");
        } else {
            tracing::warn!(target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), %error, "the cache is not used for this call");
        }
    }

    /// An invalidation was not acknowledged by the store.
    pub(crate) fn not_delivered(&self, undelivered: &Undelivered<'_>) {
        self.meter.count(names::UNDELIVERED, None);
        let tags = ShownTags(&self.redactor, undelivered.tags.iter());
        tracing::warn!(
            target: "easy_cache", namespace = &*self.namespace, tags = %tags, keys = undelivered.keys.len(),
            everything = undelivered.everything, error = undelivered.error.map(tracing::field::display),
            "an invalidation was not acknowledged: it is in force here, and is delivered before the store is asked for anything else"
        );
        if let Some(call) = &self.on_undelivered {
            call.tell(undelivered);
        }
    }

    /// What the store was owed has reached it.
    pub(crate) fn delivered(&self, names: usize) {
        tracing::info!(
            target: "easy_cache", namespace = &*self.namespace, names, "invalidations that the store was owed were delivered"
        );
    }

    /// Two functions use one key.
    pub(crate) fn unwritable(&self, key: &[u8], why: &dyn fmt::Display) {
        tracing::warn!(
            target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), %why,
            "a value was not kept: it cannot be written"
        );
    }

    pub(crate) fn unreadable(&self, key: &[u8], why: &dyn fmt::Display) {
        tracing::warn!(
            target: "easy_cache", namespace = &*self.namespace, key = %self.show(key), %why,
            "what is stored cannot be read, counts as missing, and will be overwritten"
        );
    }

    pub(crate) fn types_differ(&self, key: &[u8]) {
        self.meter.count(names::MISSES, Some(("reason", MissReason::OtherType.as_str())));
        tracing::warn!(
            target: "easy_cache", namespace = &*self.namespace, key = %self.show(key),
            "two functions use one key for values of different types"
        );
    }
}
