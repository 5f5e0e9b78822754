//! What readers and writers do to one cache over one small database, and what has to be true of every answer.

#![expect(clippy::missing_panics_doc, reason = "to panic when a promise is broken is what all of this is for")]

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{fmt, pin};

use easy_cache_core::testing::Remote;
use easy_cache_core::{Cache, Hold, Joined, ManualClock, Near, Policy, Scope, Tag, scope};

use crate::explorer::thread::{self, JoinHandle};
use crate::explorer::{AtomicU64, Mutex, MutexGuard, block_on};

/// How long a writer may hold.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long some values are fresh.
pub const MOMENT: Duration = Duration::from_secs(1);
const FOLLOWERS_PATIENCE: Duration = Duration::from_secs(30);

/// A cache, the database behind it, and the time. Clones share everything.
#[derive(Clone, Debug)]
pub struct Shop(Arc<Shared>);

struct Shared {
    cache: Cache,
    /// That of another process, if there is one.
    elsewhere: Cache,
    /// The store that both use then.
    remote: Option<Remote>,
    clock: ManualClock,
    rows: [Row; 2],
    computations: AtomicU64,
    /// Writers between their hold and their COMMIT: time stands still for them, as no cache can see a COMMIT after its deadline.
    committing: Mutex<u64>,
}

/// A row of the database: a number that only grows.
struct Row {
    value: AtomicU64,
    /// The newest value whose invalidation has returned.
    acknowledged: AtomicU64,
    /// The same where only the row's own entry was removed.
    removed: AtomicU64,
}

impl Row {
    fn new() -> Self {
        Self { value: AtomicU64::new(0), acknowledged: AtomicU64::new(0), removed: AtomicU64::new(0) }
    }

    /// A database does not answer with something older than it has: an addition of nothing reads the latest value.
    fn read(&self) -> u64 {
        self.value.fetch_add(0, Ordering::SeqCst)
    }

    fn write(&self) -> u64 {
        self.value.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn acknowledge(&self, value: u64) {
        self.acknowledged.fetch_max(value, Ordering::SeqCst);
    }

    fn floor(&self) -> u64 {
        self.acknowledged.fetch_add(0, Ordering::SeqCst)
    }

    fn floor_of_own_entry(&self) -> u64 {
        self.floor().max(self.removed.fetch_add(0, Ordering::SeqCst))
    }
}

fn key(row: usize) -> String {
    format!("row {row}")
}

fn tag(row: usize) -> Tag {
    Tag::row("rows", row)
}

impl Default for Shop {
    fn default() -> Self {
        Self::new()
    }
}

impl Shop {
    /// A shop with room for everything.
    #[must_use]
    pub fn new() -> Self {
        Self::with_room_for(1_000)
    }

    /// A shop that has to evict.
    #[must_use]
    pub fn with_room_for(entries: u64) -> Self {
        let clock = ManualClock::new();
        let builder = Cache::builder().clock(clock.clock()).flight_wait(FOLLOWERS_PATIENCE);
        let cache = builder.expected_entries(4).max_weight(entries * 300).build();
        Self::over(cache.clone(), cache, None, clock)
    }

    /// A shop with a store outside, copies of what is there near, and another process; news arrive at once.
    #[must_use]
    pub fn near() -> Self {
        let clock = ManualClock::new();
        let remote = Remote::new(clock.clock());
        let builder = Cache::builder().clock(clock.clock()).expected_entries(4).store(remote.clone());
        let (cache, elsewhere) = (builder.clone().near(Near::within(PATIENCE)).build(), builder.build());
        remote.prove();
        Self::over(cache, elsewhere, Some(remote), clock)
    }

    /// A shop with a store outside and nothing near, and another process.
    #[must_use]
    pub fn outside() -> Self {
        let clock = ManualClock::new();
        let remote = Remote::new(clock.clock());
        let builder = Cache::builder().clock(clock.clock()).expected_entries(4).store(remote.clone());
        Self::over(builder.clone().build(), builder.build(), Some(remote), clock)
    }

    fn over(cache: Cache, elsewhere: Cache, remote: Option<Remote>, clock: ManualClock) -> Self {
        let (rows, computations, committing) = ([Row::new(), Row::new()], AtomicU64::new(0), Mutex::new(0));
        Self(Arc::new(Shared { cache, elsewhere, remote, clock, rows, computations, committing }))
    }

    /// The store outside.
    #[must_use]
    pub fn remote(&self) -> Option<&Remote> {
        self.0.remote.as_ref()
    }

    /// Does something on a thread of its own.
    pub fn spawn(&self, work: impl FnOnce(&Self) + Send + 'static) -> JoinHandle<()> {
        let shop = self.clone();
        thread::spawn(move || work(&shop))
    }

    /// The cache itself.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// Moves the time, unless somebody is about to COMMIT.
    pub fn advance(&self, by: Duration) -> bool {
        let committing = self.committing();
        let moves = *committing == 0;
        if moves {
            self.0.clock.advance(by);
        }
        moves
    }

    fn committing(&self) -> MutexGuard<'_, u64> {
        self.0.committing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a row was computed.
    #[must_use]
    pub fn computations(&self) -> u64 {
        self.0.computations.fetch_add(0, Ordering::SeqCst)
    }

    fn row(&self, row: usize) -> &Row {
        &self.0.rows[row]
    }

    fn compute(&self, row: usize) -> u64 {
        self.0.computations.fetch_add(1, Ordering::SeqCst);
        self.row(row).read()
    }

    /// The promise: an answer is not older than what was acknowledged before the call.
    fn answered(&self, row: usize, call: impl FnOnce() -> u64) {
        let floor = self.row(row).floor_of_own_entry();
        let value = call();
        assert!(value >= floor, "row {row}: got {value}, but {floor} was acknowledged before the call");
    }
}

/// Reading.
impl Shop {
    /// Without flights: look, or take a fence, read and fill, with a tag that is named only then.
    pub fn read_and_set(&self, row: usize) {
        self.answered(row, || {
            if let Some(value) = self.cache().get(key(row)).wait() {
                return value;
            }
            let fence = self.cache().fence();
            let value = self.compute(row);
            self.cache().set(key(row), value).tags([tag(row)]).fence(fence).wait();
            value
        });
    }

    /// A call that may wait for another thread's computation.
    pub fn call(&self, row: usize) {
        self.answered(row, || self.call_unchecked(row));
    }

    fn call_unchecked(&self, row: usize) -> u64 {
        let load = || Some(self.compute(row));
        self.cache().get_or_compute_sync(key(row), load).tags([tag(row)]).wait().unwrap_or_default()
    }

    /// The same in another process.
    pub fn call_elsewhere(&self, row: usize) {
        let load = || Some(self.compute(row));
        let call = self.0.elsewhere.get_or_compute_sync(key(row), load).tags([tag(row)]);
        self.answered(row, || call.wait().unwrap_or_default());
    }

    /// The same as a future.
    pub fn call_async(&self, row: usize) {
        let load = async { Some(self.compute(row)) };
        let call = || block_on(self.cache().get_or_compute(key(row), load).tags([tag(row)]).into_future());
        self.answered(row, || call().unwrap_or_default());
    }

    /// A computation that does not look: as a refresh behind somebody's back.
    pub fn refresh(&self, row: usize) {
        let load = || Some(self.compute(row));
        let call = self.cache().get_or_compute_sync(key(row), load).tags([tag(row)]).refresh();
        self.answered(row, || call.wait().unwrap_or_default());
    }

    /// A value that is good for a moment, and then may be served while somebody renews it. Stale is not outdated.
    pub fn call_stale(&self, row: usize) {
        let load = || Some(self.compute(row));
        let call = self.cache().get_or_compute_sync(key(row), load).tags([tag(row)]).ttl(MOMENT);
        let call = call.stale_while_revalidate(FOLLOWERS_PATIENCE).fail_safe(FOLLOWERS_PATIENCE);
        self.answered(row, || call.wait().unwrap_or_default());
    }

    /// The same, renewed on a thread behind the caller, who is given what was there before.
    pub fn call_detached(&self, row: usize) {
        let shop = self.clone();
        let load = move || Some(shop.compute(row));
        let call = self.cache().get_or_compute_sync(key(row), load).tags([tag(row)]).ttl(MOMENT);
        let call = call.stale_while_revalidate(FOLLOWERS_PATIENCE).detach();
        self.answered(row, || call.wait().unwrap_or_default());
    }

    /// The same for a loader that fails, and has to make do with what was there before.
    pub fn call_in_vain(&self, row: usize) {
        let call = self.cache().get_or_compute_sync(key(row), || None).tags([tag(row)]).ttl(MOMENT);
        let call = call.stale_while_revalidate(FOLLOWERS_PATIENCE).fail_safe(FOLLOWERS_PATIENCE);
        self.answered(row, || call.wait().unwrap_or(u64::MAX));
    }

    /// Both rows, the first collected when it is read, the second through its own entry.
    pub fn call_pair(&self) {
        let floors = [0, 1].map(|row| self.row(row).floor());
        let load = || {
            scope::depend(self.cache(), [tag(0)]);
            Some((self.compute(0), self.call_unchecked(1)))
        };
        let pair = self.cache().get_or_compute_sync("pair", load).wait().unwrap_or_default();
        assert!(pair.0 >= floors[0] && pair.1 >= floors[1], "got {pair:?}, but {floors:?} was acknowledged before");
    }

    /// One row through two entries, neither of which names a tag: the inner one is looked up, or computed.
    pub fn call_nested(&self) {
        let nested = || self.cache().get_or_compute_sync("outer", || Some(self.call_unchecked(0))).wait();
        self.answered_through_others(|| nested().unwrap_or_default());
    }

    /// The same without flights: looks for the inner value, then fills the outer one with what it has seen.
    pub fn read_nested_and_fill(&self) {
        self.answered_through_others(|| {
            if let Some(value) = self.cache().get("outer").wait() {
                return value;
            }
            let (computation, mut scope) = (self.cache().begin("outer"), Scope::new());
            let value = scope.run(|| self.cache().get(key(0)).wait().unwrap_or_else(|| self.inner()));
            computation.fill(Arc::new(value), &Policy::new(), scope);
            value
        });
    }

    /// An answer that was built from the row's entry, and outlives the removal of that.
    fn answered_through_others(&self, call: impl FnOnce() -> u64) {
        let floor = self.row(0).floor();
        let value = call();
        assert!(value >= floor, "through another entry: got {value}, but {floor} was acknowledged before the call");
    }

    fn inner(&self) -> u64 {
        scope::depend(self.cache(), [tag(0)]);
        self.compute(0)
    }

    /// With holds, a hit is exactly what is committed: not older than before the look, not newer than after it.
    pub fn look_strictly(&self, row: usize) {
        let before = self.row(row).read();
        if let Some(hit) = self.cache().get::<u64>(key(row)).wait() {
            let after = self.row(row).read();
            assert!((before..=after).contains(&hit), "hit {hit}, but committed was {before}, and {after} afterwards");
        }
    }

    /// A caller that leads and then goes away without a value. If somebody else leads, it waits for that one's value.
    pub fn join_and_leave(&self, row: usize) {
        drop(block_on(self.cache().join(key(row))));
    }

    /// A caller that leads and may not share what it gets.
    pub fn join_and_decline(&self, row: usize) {
        if let Joined::Compute(computation) = block_on(self.cache().join(key(row))) {
            let scope = computation.scope();
            self.compute(row);
            computation.decline(&Policy::new(), scope);
        }
    }

    /// A caller whose future is polled once, and then dropped wherever it is.
    pub fn poll_once_and_leave(&self, row: usize) {
        self.poll_once(row, || {});
    }

    /// A caller whose future is polled once, and then kept until those who wait for it have no patience left.
    pub fn poll_once_and_stall(&self, row: usize) {
        self.poll_once(row, || {
            self.advance(FOLLOWERS_PATIENCE);
        });
    }

    fn poll_once(&self, row: usize, meanwhile: impl FnOnce()) {
        let load = async {
            std::future::pending::<()>().await;
            Some(0_u64)
        };
        let mut call = pin::pin!(self.cache().get_or_compute(key(row), load).tags([tag(row)]).into_future());
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(!matches!(polled, Poll::Ready(None)));
        meanwhile();
    }
}

/// Writing.
impl Shop {
    /// Writes the row and invalidates its tag.
    pub fn write(&self, row: usize) {
        let value = self.row(row).write();
        self.done(self.cache().invalidate_tags([tag(row)]).wait(), row, value);
    }

    /// Writes the row and invalidates its tag in another process.
    pub fn write_elsewhere(&self, row: usize) {
        let value = self.row(row).write();
        self.done(self.0.elsewhere.invalidate_tags([tag(row)]).wait(), row, value);
    }

    /// Writes the row and removes its entry in another process.
    pub fn write_by_key_elsewhere(&self, row: usize) {
        let value = self.row(row).write();
        assert!(self.0.elsewhere.invalidate_key(key(row)).wait().is_ok());
        self.row(row).removed.fetch_max(value, Ordering::SeqCst);
    }

    /// Writes the row and removes its entry.
    pub fn write_by_key(&self, row: usize) {
        let value = self.row(row).write();
        assert!(self.cache().invalidate_key(key(row)).wait().is_ok());
        self.row(row).removed.fetch_max(value, Ordering::SeqCst);
    }

    /// Writes the row and invalidates everything.
    pub fn write_everything(&self, row: usize) {
        let value = self.row(row).write();
        self.done(self.cache().invalidate_all().wait(), row, value);
    }

    /// Writes the row as a transaction does: hold, COMMIT, invalidate and release.
    pub fn write_held(&self, row: usize) {
        let (hold, value) = self.hold_and_commit(row);
        self.done(hold.commit().wait(), row, value);
    }

    /// The same, of a writer whose caller goes on from COMMIT on, while the hold is all that the cache has heard.
    pub fn write_and_settle_later(&self, row: usize) {
        let (hold, value) = self.hold_and_commit(row);
        self.row(row).acknowledge(value);
        assert!(hold.commit().wait().is_ok());
    }

    /// A transaction that comes to nothing.
    pub fn roll_back(&self, row: usize) {
        let hold = self.hold(row);
        assert!(hold.rollback().wait().is_ok());
    }

    /// A transaction whose writer dies after its COMMIT: it counts as acknowledged once its deadline has passed.
    pub fn write_and_die(&self, row: usize) {
        let (hold, value) = self.hold_and_commit(row);
        drop(hold);
        if self.advance(PATIENCE) {
            self.row(row).acknowledge(value);
        }
    }

    fn hold_and_commit(&self, row: usize) -> (Hold, u64) {
        *self.committing() += 1;
        let hold = self.hold(row);
        let value = self.row(row).write();
        *self.committing() -= 1;
        (hold, value)
    }

    fn hold(&self, row: usize) -> Hold {
        self.cache().hold([tag(row)], PATIENCE).wait()
    }

    fn done(&self, outcome: Result<(), easy_cache_core::Error>, row: usize, value: u64) {
        assert!(outcome.is_ok(), "nothing here can fail to invalidate");
        self.row(row).acknowledge(value);
    }

    /// Uses many tags once, so that those that nobody carries are swept.
    pub fn browse(&self) {
        for n in 0..3 {
            Scope::new().run(|| scope::depend(self.cache(), [Tag::row("visits", n)]));
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("cache", &self.cache).finish_non_exhaustive()
    }
}
