//! What every store has to fulfil, through nothing but the public face of a cache. Any runtime can drive it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::ManualClock;
use super::following::{self, Follows};
use super::together;
use crate::Cache;

/// A store under test.
///
/// # Example: a store of one's own
/// ```
/// use easy_cache_core::Cache;
/// use easy_cache_core::testing::{Contract, ManualClock, MemoryPlainStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let clock = ManualClock::new();
/// let store = MemoryPlainStore::new(clock.clock());
/// let contract = Contract::new(&clock, |namespace| {
///     Cache::builder().namespace(namespace).clock(clock.clock()).plain_store(store.clone()).build()
/// });
/// contract.shared().losing(|| store.lose(|_| true)).run().await;
/// # }
/// ```
pub struct Contract<'a> {
    make: Box<dyn Fn(&str) -> Cache + Send + Sync + 'a>,
    clock: &'a ManualClock,
    shared: bool,
    lose: Option<Box<dyn Fn() + Send + Sync + 'a>>,
    age: Option<Box<dyn Fn(Duration) + Send + Sync + 'a>>,
    follows: Option<Follows<'a>>,
}

type Running<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One promise, and the function that looks whether it is kept.
pub struct Case {
    /// The promise in words.
    pub name: &'static str,
    run: for<'a> fn(&'a Contract<'_>) -> Running<'a>,
}

impl<'a> Contract<'a> {
    /// `make` makes a cache on the store under test, as a process does when it starts. Its time is that of the clock.
    pub fn new(clock: &'a ManualClock, make: impl Fn(&str) -> Cache + Send + Sync + 'a) -> Self {
        Self { make: Box::new(make), clock, shared: false, lose: None, age: None, follows: None }
    }

    /// Two caches that were made with one namespace share what they keep.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// How to lose everything that the store keeps, as if its server had been started anew.
    #[must_use]
    pub fn losing(mut self, lose: impl Fn() + Send + Sync + 'a) -> Self {
        self.lose = Some(Box::new(lose));
        self
    }

    /// How to make everything that the store keeps older, for a store that has a clock of its own: what ends, ends so much sooner.
    #[must_use]
    pub fn aging(mut self, age: impl Fn(Duration) + Send + Sync + 'a) -> Self {
        self.age = Some(Box::new(age));
        self
    }

    /// For a store that tells of changes: `near` makes a cache with copies near, `pause` lets news arrive. It is awaited as often as it takes;
    /// ten thousand times in vain are a promise that is not kept.
    ///
    /// # Example: a store whose news arrive at once
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::testing::{Contract, ManualClock, Remote};
    /// use easy_cache_core::{Cache, Near};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let clock = ManualClock::new();
    /// let remote = Remote::new(clock.clock()); // of one namespace, which it does not look at
    /// let far = Cache::builder().clock(clock.clock()).store(remote.clone());
    /// let near = far.clone().near(Near::within(Duration::from_secs(60)));
    /// let contract = Contract::new(&clock, |_| far.clone().build()).following(
    ///     |_| {
    ///         let cache = near.clone().build();
    ///         remote.prove();
    ///         cache
    ///     },
    ///     tokio::task::yield_now,
    /// );
    /// # let _ = contract;
    /// # }
    /// ```
    #[must_use]
    pub fn following<P>(
        mut self,
        near: impl Fn(&str) -> Cache + Send + Sync + 'a,
        pause: impl Fn() -> P + Send + Sync + 'a,
    ) -> Self
    where
        P: Future<Output = ()> + Send + 'a,
    {
        self.follows = Some(Follows::new(near, pause));
        self
    }

    /// Caches of one case alone: one that asks the store each time, and one with copies near.
    pub(super) async fn far_and_near(&self, namespace: &str) -> Option<(Cache, Cache, &Follows<'a>)> {
        let follows = self.follows.as_ref()?;
        Some((self.cache(namespace).await, follows.cache(namespace), follows))
    }

    pub(super) fn lose(&self) -> Option<&(dyn Fn() + Send + Sync)> {
        self.lose.as_deref().map(|lose| lose as _)
    }

    /// Caches as three processes have them, if they share what they keep.
    pub(super) async fn processes(&self, namespace: &str) -> Option<[Cache; 3]> {
        let first = self.cache(namespace).await;
        self.shared.then(|| [first, self.another(namespace), self.another(namespace)])
    }

    /// Two processes, or twice the same one if they share nothing.
    pub(super) async fn pair(&self, namespace: &str) -> (Cache, Cache) {
        let first = self.cache(namespace).await;
        let second = if self.shared { self.another(namespace) } else { first.clone() };
        (first, second)
    }

    /// One more process, which starts now.
    pub(super) fn another(&self, namespace: &str) -> Cache {
        (self.make)(namespace)
    }

    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        if let Some(age) = &self.age {
            age(by);
        }
    }

    /// Looks whether every promise is kept.
    ///
    /// # Panics
    /// At the first that is not, with its name.
    pub async fn run(&self) {
        for case in CASES {
            case.run(self).await;
        }
    }

    /// A cache of this case alone, warmed up: a store may keep nothing of what is computed first in a namespace.
    pub(super) async fn cache(&self, namespace: &str) -> Cache {
        let cache = (self.make)(namespace);
        done(cache.invalidate_all().await);
        get(&cache, "warm-up", 0).await;
        cache
    }
}

impl Case {
    /// Looks whether this promise is kept.
    ///
    /// # Panics
    /// If it is not.
    pub async fn run(&self, contract: &Contract<'_>) {
        (self.run)(contract).await;
    }
}

macro_rules! cases {
    ($($(#[$doc:meta])* async fn $name:ident($contract:ident) $body:block)*) => {
        $($(#[$doc])* async fn $name($contract: &Contract<'_>) $body)*

        /// Every promise.
        pub const CASES: &[Case] = &[$(Case { name: stringify!($name), run: |contract| Box::pin($name(contract)) },)*];
    };
}

/// A call whose loader yields `new`.
async fn get(cache: &Cache, key: &str, new: u64) -> u64 {
    tagged(cache, key, &[], new).await
}

pub(super) async fn tagged(cache: &Cache, key: &str, tags: &[&str], new: u64) -> u64 {
    let answer = cache.get_or_compute(key, async { Some(new) }).tags(tags.iter().copied()).await;
    answer.unwrap_or_else(|| panic!("the loader's answer is the caller's"))
}

/// A tag that only the result knows.
fn late_tag(value: &u64) -> [String; 1] {
    [format!("late:{}", value % 10)]
}

/// Invalidates what is stored under a key, by one of several names: `t`, the [late tag](late_tag) of 7, the key, or everything.
pub(super) async fn invalidate(cache: &Cache, by: &str, key: &str) {
    done(match by {
        "tag" => cache.invalidate_tags(["t"]).await,
        "late" => cache.invalidate_tags(["late:7"]).await,
        "key" => cache.invalidate_key(key).await,
        _ => cache.invalidate_all().await,
    });
}

/// The same as [`get`] under a tag that only the result knows.
async fn late(cache: &Cache, key: &str, new: u64) -> u64 {
    let answer = cache.get_or_compute(key, async { Some(new) }).tags_of(late_tag);
    answer.await.unwrap_or_else(|| panic!("the loader's answer is the caller's"))
}

#[track_caller]
pub(super) fn done(result: Result<(), crate::Error>) {
    result.unwrap_or_else(|error| panic!("{error}"));
}

pub(super) const HELD: Duration = Duration::from_secs(30);

cases! {
    /// One computation serves all that follow.
    async fn a_value_is_computed_once(contract) {
        let cache = contract.cache("once").await;
        assert_eq!(get(&cache, "k", 1).await, 1);
        assert_eq!(get(&cache, "k", 2).await, 1);
        assert!(cache.contains("k").await);
        assert!(!cache.contains("other").await);
    }

    /// `None` is not stored unless it is asked for.
    async fn no_value_is_not_stored(contract) {
        let cache = contract.cache("none").await;
        assert_eq!(cache.get_or_compute("k", async { None::<u64> }).await, None);
        assert_eq!(get(&cache, "k", 2).await, 2);
    }

    /// A tag that was named drops what carries it, and nothing else.
    async fn a_tag_drops_what_carries_it(contract) {
        let cache = contract.cache("tags").await;
        tagged(&cache, "a", &["s", "t"], 1).await;
        tagged(&cache, "b", &["u"], 1).await;
        done(cache.invalidate_tags(["t"]).await);
        assert_eq!(tagged(&cache, "a", &["s", "t"], 2).await, 2);
        assert_eq!(tagged(&cache, "b", &["u"], 2).await, 1);
    }

    /// A tag that only the result knew does so as well.
    async fn a_late_tag_drops_what_carries_it(contract) {
        let cache = contract.cache("late").await;
        late(&cache, "a", 11).await;
        assert_eq!(late(&cache, "a", 12).await, 11);
        done(cache.invalidate_tags(["late:1"]).await);
        assert_eq!(late(&cache, "a", 12).await, 12);
        done(cache.invalidate_tags(["late:1"]).await);
        assert_eq!(late(&cache, "a", 13).await, 12);
    }

    /// A key drops its own entry.
    async fn a_key_drops_its_entry(contract) {
        let cache = contract.cache("keys").await;
        get(&cache, "a", 1).await;
        get(&cache, "b", 1).await;
        done(cache.invalidate_key("a").await);
        assert_eq!((get(&cache, "a", 2).await, get(&cache, "b", 2).await), (2, 1));
    }

    /// A prefix drops what was built with it.
    async fn a_prefix_drops_what_was_built_with_it(contract) {
        let cache = contract.cache("prefix").await;
        let read = |value| cache.get_or_compute("k", async move { Some(value) }).prefix("größe:7");
        assert_eq!((read(1_u64).await, read(2).await), (Some(1), Some(1)));
        done(cache.invalidate_prefix("größe:7").await);
        assert_eq!(read(3).await, Some(3));
    }

    /// A flush drops everything in its namespace, and nothing in another one.
    async fn a_flush_stays_within_its_namespace(contract) {
        let (here, other) = (contract.cache("flush").await, contract.cache("flush:other").await);
        tagged(&here, "k", &["t"], 1).await;
        tagged(&other, "k", &["t"], 1).await;
        done(here.invalidate_all().await);
        assert_eq!((tagged(&here, "k", &["t"], 2).await, tagged(&other, "k", &["t"], 2).await), (2, 1));
        done(here.invalidate_tags(["t"]).await);
        done(here.invalidate_key("k").await);
        assert_eq!(tagged(&other, "k", &["t"], 3).await, 1);
    }

    /// An invalidation that arrives during the computation is not lost, whatever it names.
    async fn an_invalidation_during_the_computation_is_not_lost(contract) {
        let cache = contract.cache("race").await;
        for round in 0..2 {
            for by in ["tag", "late", "key", "all"] {
                let (key, new) = (format!("{by}{}", round % 2), 10 * (round + 1) + 7);
                let load = async {
                    invalidate(&cache, by, &key).await;
                    Some(new)
                };
                let slow = cache.get_or_compute(&key, load).tags(["t"]).tags_of(late_tag);
                assert_eq!(slow.refresh().await, Some(new), "a refused value is still its caller's");
                assert_eq!(get(&cache, &key, new + 10).await, new + 10, "the invalidation by {by} was lost");
            }
        }
    }

    /// What was built from other values falls with them.
    async fn tags_flow_outward(contract) {
        let cache = contract.cache("nested").await;
        let outer = |new| {
            let cache = cache.clone();
            async move {
                let inner = cache.clone();
                let load = async move { Some(tagged(&inner, "inner", &["t"], new).await) };
                cache.get_or_compute("outer", load).await
            }
        };
        assert_eq!(outer(1).await, Some(1));
        assert_eq!(outer(2).await, Some(1));
        done(cache.invalidate_tags(["t"]).await);
        assert_eq!(outer(3).await, Some(3));
    }

    /// A refresh replaces the value, and its tags.
    async fn a_refresh_replaces_value_and_tags(contract) {
        let cache = contract.cache("refresh").await;
        tagged(&cache, "k", &["old"], 1).await;
        let refreshed = cache.get_or_compute("k", async { Some(2_u64) }).tags(["new"]).refresh().await;
        assert_eq!((refreshed, tagged(&cache, "k", &[], 3).await), (Some(2), 2));
        done(cache.invalidate_tags(["new"]).await);
        assert_eq!(get(&cache, "k", 4).await, 4);
    }

    /// A value is served as long as its ttl says, and no longer. (Real time passes as well, in a store that has a clock of its own.)
    async fn a_value_ends_with_its_ttl(contract) {
        let cache = contract.cache("ttl").await;
        let read = |value| cache.get_or_compute("k", async move { Some(value) }).ttl(Duration::from_secs(1000));
        assert_eq!(read(1_u64).await, Some(1));
        contract.advance(Duration::from_secs(970));
        assert_eq!(read(2).await, Some(1));
        contract.advance(Duration::from_secs(30));
        assert_eq!(read(3).await, Some(3));
    }

    /// What is held is not served; after the COMMIT it is computed anew.
    async fn a_held_tag_is_not_served(contract) {
        let cache = contract.cache("hold").await;
        tagged(&cache, "k", &["t"], 1).await;
        let hold = cache.hold(["t"], HELD).await;
        assert_eq!(tagged(&cache, "k", &["t"], 2).await, 2);
        done(hold.commit().await);
        assert_eq!(tagged(&cache, "k", &["t"], 3).await, 3);
        assert_eq!(tagged(&cache, "k", &["t"], 4).await, 3);
    }

    /// After a rollback everything goes on.
    async fn a_rollback_ends_a_hold(contract) {
        let cache = contract.cache("rollback").await;
        done(cache.hold_all(HELD).await.rollback().await);
        tagged(&cache, "k", &["t"], 1).await;
        assert_eq!(tagged(&cache, "k", &["t"], 2).await, 1);
    }

    /// A writer that disappears invalidates what it held, at the latest by its deadline.
    async fn a_hold_without_an_outcome_counts_as_an_invalidation(contract) {
        let cache = contract.cache("deadline").await;
        tagged(&cache, "k", &["t"], 1).await;
        drop(cache.hold(["t"], HELD).await);
        contract.advance(HELD);
        assert_eq!(tagged(&cache, "k", &["t"], 2).await, 2);
        tagged(&cache, "k", &["t"], 3).await; // the first may have found no record of the tag to be stored under
        let kept = tagged(&cache, "k", &["t"], 4).await;
        assert_eq!(tagged(&cache, "k", &["t"], 5).await, kept, "the hold has ended");
    }

    /// What one process computes serves another, and what one invalidates is gone everywhere.
    async fn processes_share_values_and_invalidations(contract) {
        if !contract.shared {
            return;
        }
        let (here, there) = (contract.cache("shared").await, (contract.make)("shared"));
        tagged(&here, "k", &["t"], 1).await;
        assert_eq!(tagged(&there, "k", &["t"], 2).await, 1);
        assert_eq!(get(&there, "k", 2).await, 1, "also if it does not know the tags");
        done(there.invalidate_tags(["t"]).await);
        assert_eq!(tagged(&here, "k", &["t"], 3).await, 3);
        done(here.invalidate_key("k").await);
        assert_eq!(tagged(&there, "k", &["t"], 4).await, 4);
        let hold = here.hold(["t"], HELD).await;
        assert_eq!(tagged(&there, "k", &["t"], 5).await, 5, "what is held here is not served there");
        done(hold.commit().await);
    }

    /// An invalidation from elsewhere during the computation is not lost.
    async fn an_invalidation_from_elsewhere_is_not_lost(contract) {
        if !contract.shared {
            return;
        }
        let (here, there) = (contract.cache("elsewhere").await, (contract.make)("elsewhere"));
        for by in ["tag", "late", "key", "all"] {
            let load = async {
                invalidate(&there, by, by).await;
                Some(7)
            };
            here.get_or_compute(by, load).tags(["t"]).tags_of(late_tag).await;
            assert_eq!(get(&here, by, 8).await, 8, "the invalidation by {by} was lost");
        }
    }

    /// A store that loses everything causes misses, and nothing outdated.
    async fn a_loss_causes_misses_and_nothing_worse(contract) {
        let Some(lose) = &contract.lose else { return };
        let cache = contract.cache("loss").await;
        tagged(&cache, "k", &["t"], 1).await;
        lose();
        done(cache.invalidate_tags(["t"]).await);
        assert_eq!(tagged(&cache, "k", &["t"], 2).await, 2);
        let load = async {
            lose();
            done(cache.invalidate_tags(["t"]).await);
            lose();
            Some(3)
        };
        cache.get_or_compute("k", load).tags(["t"]).refresh().await;
        assert_eq!(tagged(&cache, "k", &["t"], 4).await, 4);
    }

    /// Many callers of a cold key are one computation.
    async fn a_crowd_at_a_cold_key_is_one_load(contract) {
        // case 34
        together::one_load_answers_a_crowd(contract).await;
    }

    /// What raced a flush is gone after the next one.
    async fn a_second_flush_removes_what_raced_the_first(contract) {
        // case 59
        together::a_second_flush_removes_what_raced_the_first(contract).await;
    }

    /// Several tags fall together, in every process; unknown ones do no harm, and none at all change nothing.
    async fn several_tags_fall_in_all_processes(contract) {
        // case 42
        together::several_tags_fall_in_all_processes(contract).await;
    }

    /// An invalidation ends what was there before it, and never what was computed since.
    async fn what_was_computed_since_an_invalidation_stays(contract) {
        // case 57
        together::what_was_computed_since_stays(contract).await;
    }

    /// A copy near ends when what it depends on changes elsewhere.
    async fn a_copy_ends_with_what_it_depends_on(contract) {
        following::ends_with_what_it_depends_on(contract).await;
    }

    /// What this process invalidates or holds is not served from its copies when that has returned.
    async fn a_copy_ends_at_once_with_what_this_process_does(contract) {
        following::ends_at_once_with_what_is_done_here(contract).await;
    }

    /// No copy survives a store that loses everything.
    async fn a_copy_ends_with_a_loss(contract) {
        following::ends_with_a_loss(contract).await;
    }
}

impl fmt::Debug for Contract<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}
