//! How a cache is made: its bounds, its clock, its defaults, where its values are kept, and what it tells.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::memory::Capacity;
use crate::clock::Clock;
use crate::engine::outside::{Access, LARGEST_VALUE, Outside};
use crate::engine::{Engine, Setup, switches};
use crate::events::{Events, Invalidated, Meter, OnInvalidated, OnUndelivered, Redaction, Tier, Undelivered};
use crate::parts::DELIMITER;
use crate::spawn::{Spawner, Task};
use crate::store::{Adapter, BREAKER_FAILURES, BREAKER_PAUSE, Breaker, PlainStore, Store};
use crate::{Cache, Codec, Format, Near, Policy};

/// Chooses how a [`Cache`] is made.
///
/// # Example: a bounded cache with a namespace of its own
/// ```
/// use easy_cache_core::Cache;
///
/// let cache = Cache::builder().namespace("shop").max_weight(16 << 20).build();
/// assert_eq!(cache.namespace(), "shop");
/// ```
#[derive(Clone)]
#[must_use]
pub struct CacheBuilder {
    namespace: String,
    delimiter: String,
    max_weight: u64,
    expected_entries: usize,
    clock: Clock,
    enabled: bool,
    flight_wait: Duration,
    defaults: Policy,
    spawner: Spawner,
    outside: Option<MakeStore>,
    near: Option<Near>,
    store_timeout: Duration,
    breaker: (u32, Duration),
    on_undelivered: Option<OnUndelivered>,
    on_invalidated: OnInvalidated,
    format: Format,
    largest_value: usize,
    redaction: Option<Redaction>,
    traces_hits: bool,
    #[cfg(feature = "testing")]
    pub(crate) verify: Option<crate::testing::Verify>,
}

/// Makes the store when the namespace and the clock are known.
type MakeStore = Arc<dyn Fn(&str, &Clock) -> Arc<dyn Store> + Send + Sync>;

impl Default for CacheBuilder {
    /// 64 MiB, which a small web application can spare and which holds some hundred thousand small values.
    fn default() -> Self {
        Self {
            namespace: String::new(),
            delimiter: DELIMITER.to_owned(),
            max_weight: 64 << 20,
            expected_entries: 64 << 10,
            clock: Clock::system(),
            enabled: true,
            flight_wait: Duration::from_secs(30),
            defaults: Policy::new(),
            spawner: Spawner::default(),
            outside: None,
            near: None,
            store_timeout: Duration::from_secs(1),
            breaker: (BREAKER_FAILURES, BREAKER_PAUSE),
            on_undelivered: None,
            on_invalidated: OnInvalidated::default(),
            format: Format::default(),
            largest_value: LARGEST_VALUE,
            redaction: None,
            traces_hits: false,
            #[cfg(feature = "testing")]
            verify: None,
        }
    }
}

impl CacheBuilder {
    /// The name that tells this cache's keys and tags from those of others. Default: empty.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// What stands between the parts of keys and tags that are put together by [`Cache::key_of`] and [`Cache::tag_of`].
    /// Default: `:`, as in the lists of attributes, which are written when the program is compiled.
    pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
        self.delimiter = delimiter.into();
        self
    }

    /// The most that all entries together may weigh, in bytes. Default: 64 MiB. What does not fit is evicted.
    pub const fn max_weight(mut self, bytes: u64) -> Self {
        self.max_weight = bytes;
        self
    }

    /// The number of entries to prepare for; more or fewer only cost a little memory. Default: 65,536.
    pub const fn expected_entries(mut self, entries: usize) -> Self {
        self.expected_entries = entries;
        self
    }

    /// The source of time. Default: the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long a caller waits while another one computes its key. Default: 30 s, which most clients do not wait.
    ///
    /// A computation may be alive and yet not go on: its caller may have stopped polling it. After this time one of those who
    /// wait computes, and the others wait for that one.
    pub const fn flight_wait(mut self, wait: Duration) -> Self {
        self.flight_wait = wait;
        self
    }

    /// Whether the cache starts switched on (the default). See [`Cache::set_enabled`].
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// What a call does not say for itself, its cache says: ttl, weight, and all about freshness. Tags of both count.
    ///
    /// # Example: a cache for sessions
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::{Cache, Policy};
    ///
    /// let half_an_hour = Policy::new().ttl(Duration::from_secs(1800)).jitter(Duration::from_secs(60));
    /// let cache = Cache::builder().namespace("sessions").defaults(half_an_hour).build();
    /// # let _ = cache;
    /// ```
    pub fn defaults(mut self, policy: Policy) -> Self {
        self.defaults = policy;
        self
    }

    /// What runs the detached computations of async callers. Default: the runtime around the caller, if it is one that is
    /// known (feature `tokio`); otherwise the caller runs them. Those of sync callers have a thread each.
    ///
    /// # Example: on a runtime of one's own
    /// ```
    /// use easy_cache_core::Cache;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let handle = runtime.handle().clone();
    /// let cache = Cache::builder().spawner(move |task| drop(handle.spawn(task))).build();
    /// # let _ = cache;
    /// # Ok(()) }
    /// ```
    pub fn spawner(mut self, spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        self.spawner = Spawner::given(spawn);
        self
    }

    /// Keeps the values in a store outside the process, which other processes share. Default: in memory.
    ///
    /// Nothing is kept in this process then, unless it is [kept near](Self::near): every hit asks the store. Values that cannot leave the process (`local`) are
    /// computed each time. If the store does not answer, calls compute, and nothing is kept; an invalidation that could not be
    /// delivered is an error, stays in force in this process, and is delivered before the store is asked for anything else.
    pub fn store(mut self, store: impl Store) -> Self {
        let store: Arc<dyn Store> = Arc::new(store);
        self.outside = Some(Arc::new(move |_, _| Arc::clone(&store)));
        self
    }

    /// The same for a store that can get, set and delete bytes, under this cache's namespace: see [`PlainStore`].
    pub fn plain_store(mut self, store: impl PlainStore) -> Self {
        let store = Arc::new(store);
        self.outside = Some(Arc::new(move |namespace, clock| {
            Arc::new(Adapter::new(Arc::clone(&store), namespace, clock.clone()))
        }));
        self
    }

    /// Keeps copies of the store's values in this process, up to [`max_weight`](Self::max_weight), and serves them without a trip. Default:
    /// none. Needs a store that tells what changes; one that cannot is asked for every hit, and a warning says so.
    ///
    /// A hit costs what a hit of a memory cache costs. What others invalidate is not served any longer than the bound says; what this
    /// process invalidates, not at all. What is built from a copy is compared with the store before it is kept there.
    ///
    /// # Example: up to 16 MiB of copies
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::store::Store;
    /// use easy_cache_core::{Cache, Near};
    ///
    /// fn cache_over(store: impl Store) -> Cache {
    ///     Cache::builder().store(store).near(Near::within(Duration::from_secs(1))).max_weight(16 << 20).build()
    /// }
    /// ```
    pub const fn near(mut self, near: Near) -> Self {
        self.near = Some(near);
        self
    }

    /// How long an operation of the store may take before it counts as failed. Default: 1 s, which is long for a store and
    /// short for a request.
    pub const fn store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// When a store that fails is left alone, and for how long: after so many failures in a row, calls compute at once for the length
    /// of the pause; then one of them tries again. Default: [`BREAKER_FAILURES`], [`BREAKER_PAUSE`]. No failures: never.
    ///
    /// A caller that gives up waiting after a quarter of [`store_timeout`](Self::store_timeout) or more counts as a failure. A store
    /// that [sees to this by itself](Store::guards_itself) is never left alone as a whole.
    ///
    /// # Example: a store that is worth waiting for
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::Cache;
    ///
    /// let builder = Cache::builder().store_timeout(Duration::from_secs(3)).store_breaker(10, Duration::from_millis(500));
    /// # let _ = builder.build();
    /// ```
    pub const fn store_breaker(mut self, failures: u32, pause: Duration) -> Self {
        self.breaker = (failures, pause);
        self
    }

    /// Called for each invalidation that a store outside the process did not acknowledge at the first attempt, whoever asked for it:
    /// also for writes of which nobody hears, since they are committed already. It stays in force here and is delivered later; other
    /// processes may serve what it should have dropped until then. The last call wins.
    ///
    /// It is called where the invalidation was made, and should return soon.
    ///
    /// # Example: an alarm
    /// ```
    /// use easy_cache_core::Cache;
    ///
    /// let builder = Cache::builder().on_undelivered(|undelivered| eprintln!("others may serve {:?}", undelivered.tags));
    /// # let _ = builder.build();
    /// ```
    pub fn on_undelivered(mut self, call: impl Fn(&Undelivered<'_>) + Send + Sync + 'static) -> Self {
        self.on_undelivered = Some(OnUndelivered(Arc::new(call)));
        self
    }

    /// Called for each invalidation that was made by this cache: by tags, by key, of everything, by a database hook, by a writer's hold
    /// whose outcome nobody learned. It is in force by then, in the store outside the process as well, so that a cache in front
    /// that is told to drop what it has gets nothing outdated when it asks again. One that the store did not acknowledge is told twice: at
    /// once, and when it was delivered. May be said several times; each is called.
    ///
    /// It is called where the invalidation was made, and sometimes where locks of the cache are held: it should note what
    /// it hears, return at once, and not call the cache.
    ///
    /// # Example: hand on what was invalidated
    /// ```
    /// use easy_cache_core::Cache;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let cache = Cache::builder().on_invalidated(move |what| drop(sender.send(what.tags.to_vec()))).build();
    /// cache.invalidate_tags(["books"]).wait()?;
    /// assert_eq!(receiver.recv().unwrap(), ["books".into()]);
    /// # Ok::<(), easy_cache_core::Error>(())
    /// ```
    pub fn on_invalidated(mut self, call: impl Fn(&Invalidated<'_>) + Send + Sync + 'static) -> Self {
        self.on_invalidated.push(call);
        self
    }

    /// How values are written for a store outside the process. Default: [`Codec::Bincode`]. What another codec wrote is read by that one,
    /// if its feature is on: see [`Codec`].
    pub const fn codec(mut self, codec: Codec) -> Self {
        self.format.codec = codec;
        self
    }

    /// Compresses values (lz4) that are written in more than this many bytes, and come to fewer. Default: none. Feature `lz4`.
    ///
    /// Worth it where the network, or the store's memory, costs more than the time that it takes. Compressed values are read whatever is
    /// said here, if the feature is on. Responses that an integration of HTTP keeps are left as they are: their bodies may be compressed
    /// already.
    ///
    /// # Example: from 4 KiB on
    /// ```
    /// use easy_cache_core::Cache;
    ///
    /// let builder = Cache::builder().compress_above(4 << 10);
    /// # let _ = builder.build();
    /// ```
    #[cfg(feature = "lz4")]
    pub const fn compress_above(mut self, bytes: usize) -> Self {
        self.format.compress_above = Some(bytes);
        self
    }

    /// The largest value that is sent to a store, in bytes as it is written (and compressed). Default: 16 MiB, which is a hundred times of
    /// what Redis is good at. Larger ones are not kept, which an event tells; each call computes them.
    ///
    /// No value that comes to more than 64 MiB uncompressed is written or read, whatever is said here, except responses that an
    /// integration of HTTP keeps. A store may have a limit of its own: memcached's is 1 MiB.
    ///
    /// # Example: nothing above a megabyte
    /// ```
    /// use easy_cache_core::Cache;
    ///
    /// let builder = Cache::builder().largest_value(1 << 20);
    /// # let _ = builder.build();
    /// ```
    pub const fn largest_value(mut self, bytes: usize) -> Self {
        self.largest_value = bytes;
        self
    }

    /// To be raised when a stored type changes: values of other versions are not read, but computed and replaced.
    pub const fn values_version(mut self, version: u32) -> Self {
        self.format.version = version;
        self
    }

    /// What of keys and tags is shown in events, errors and explanations. Default: all of it.
    ///
    /// # Example: only what kind of thing it is
    /// ```
    /// use easy_cache_core::Cache;
    /// use easy_cache_core::events::Redaction;
    ///
    /// let cache = Cache::builder().redact_keys(Redaction::FirstPart).build();
    /// assert!(cache.explain("user:ada@example.org").to_string().starts_with("`user:…`"));
    /// ```
    pub const fn redact_keys(mut self, redaction: Redaction) -> Self {
        self.redaction = Some(redaction);
        self
    }

    /// Whether hits are told to `tracing` subscribers (at trace level). Default: no, since even asking them whether they listen is
    /// a noticeable part of a hit.
    pub const fn trace_hits(mut self, traces: bool) -> Self {
        self.traces_hits = traces;
        self
    }

    /// Makes the cache.
    #[must_use]
    pub fn build(self) -> Cache {
        let is_near = self.near.is_some() && self.outside.is_some();
        let events = Events::new(&self.namespace, self.clock.clone(), self.redaction)
            .with(self.on_undelivered.clone(), self.on_invalidated.clone());
        let events = events.of_tier(if is_near { Tier::Near } else { Tier::Memory });
        let events = Arc::new(events);
        let outside = self.outside.as_ref().map(|make| self.access(make(&self.namespace, &self.clock), &events));
        let capacity = Capacity { weight: self.max_weight, entries: self.expected_entries };
        let engine = Engine::new(Setup {
            capacity,
            clock: self.clock,
            namespace: self.namespace.into(),
            delimiter: self.delimiter.into(),
            flight_wait: self.flight_wait,
            defaults: self.defaults,
            events,
            spawner: self.spawner,
            near: self.near.filter(|_| outside.is_some()),
            outside: outside.map(Outside::new),
            #[cfg(feature = "testing")]
            verification: self.verify.map(|verify| verify.of_format(self.format)),
        });
        engine.set_enabled(self.enabled);
        engine.switches.listen_to_hits(Meter::COUNTS_HITS, self.traces_hits);
        #[cfg(feature = "testing")]
        engine.switches.set_verifying(engine.verification.is_some());
        let engine = Arc::new(engine);
        switches::register(&engine);
        engine.follow();
        Cache::over(engine)
    }

    fn access(&self, store: Arc<dyn Store>, events: &Arc<Events>) -> Access {
        let (failures, pause) = self.breaker;
        Access {
            store,
            timeout: self.store_timeout,
            clock: self.clock.clone(),
            format: self.format,
            largest_value: self.largest_value,
            breaker: Breaker::new(self.clock.clone()).failures(failures).pause(pause),
            spawner: self.spawner.clone(),
            events: Arc::clone(events),
        }
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("namespace", &self.namespace)
            .field("max_weight", &self.max_weight)
            .field("has_store", &self.outside.is_some())
            .finish_non_exhaustive()
    }
}
