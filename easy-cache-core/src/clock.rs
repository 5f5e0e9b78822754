//! Time, as a value that is passed in: the system's, read by a ticking thread, or one that a test moves by hand.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::sync::{AtomicU64, EXPLORED};
use crate::timer::{Deadline, Timers};

/// How often the system clock's coarse time is renewed: an entry may be served this much longer than its ttl.
pub const TICK: Duration = Duration::from_millis(5);

/// Nanoseconds since the clock's own beginning.
pub(crate) type Moment = u64;

/// The moment that never comes: the end of an entry without a ttl.
pub(crate) const NEVER: Moment = u64::MAX;

/// Where every clock begins: two years in. What was stored by another process long before this one began has its moment, too; and in
/// microseconds, six years of a process fit into 48 bits.
const BEGINNING: Moment = 2 * 365 * 24 * 3600 * 1_000_000_000;

/// The source of time of a cache. Cloning is cheap and yields the same clock.
///
/// The system clock is read on a hit as one atomic load (`Instant::now` costs 20 to 30 ns, a third of a hit), which a
/// thread of this crate renews every [`TICK`].
///
/// # Example
/// ```
/// use easy_cache_core::{Cache, Clock, ManualClock};
///
/// let real = Cache::builder().clock(Clock::system()).build(); // which is the default
/// let by_hand = Cache::builder().clock(ManualClock::new().clock()).build();
/// # let _ = (real, by_hand);
/// ```
#[derive(Clone)]
pub struct Clock {
    now: Arc<AtomicU64>,
    timers: Arc<Timers>,
    source: Source,
}

#[derive(Clone, Copy)]
enum Source {
    System { origin: Instant, ticking: bool },
    Manual { wall: SystemTime },
}

impl Clock {
    /// The system's clock: one for the whole process.
    #[must_use]
    pub fn system() -> Self {
        static CLOCK: OnceLock<Clock> = OnceLock::new();
        CLOCK.get_or_init(Self::start).clone()
    }

    fn start() -> Self {
        let now = Arc::new(AtomicU64::new(BEGINNING));
        let origin = Instant::now();
        let timers = Arc::new(Timers::default());
        let (ticked, owed) = (Arc::clone(&now), Arc::clone(&timers));
        let tick = move || {
            loop {
                thread::sleep(TICK);
                let moment = since(origin);
                ticked.store(moment, Ordering::Relaxed);
                owed.fire(moment);
            }
        };
        // What is explored has no time but the one that a test moves.
        let ticking = !EXPLORED && thread::Builder::new().name("easy-cache-clock".into()).spawn(tick).is_ok();
        Self { now, timers, source: Source::System { origin, ticking } }
    }

    /// The time as of the last tick: for the hit path.
    #[inline]
    pub(crate) fn coarse(&self) -> Moment {
        match self.source {
            Source::System { ticking: false, .. } => self.precise(),
            _ => self.now.load(Ordering::Relaxed),
        }
    }

    /// The time now.
    pub(crate) fn precise(&self) -> Moment {
        match self.source {
            Source::System { origin, .. } => since(origin),
            Source::Manual { .. } => self.now.load(Ordering::Acquire),
        }
    }

    /// The moment `after` from now, or [`NEVER`] if that is beyond what a clock can count.
    pub(crate) fn deadline(&self, after: Duration) -> Moment {
        self.precise().saturating_add(nanoseconds(after))
    }

    /// Tells clocks apart: moments of two clocks cannot be compared.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.now).addr()
    }

    /// The wake-ups that this clock owes.
    pub(crate) const fn timers(&self) -> &Arc<Timers> {
        &self.timers
    }

    /// The calendar's time, as HTTP dates want it.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        match self.source {
            Source::System { .. } => SystemTime::now(),
            Source::Manual { wall } => wall + self.elapsed(),
        }
    }

    /// Waits by this clock: real time, or until a test has moved it. Needs no runtime.
    ///
    /// # Example: a test decides when it is over
    /// ```
    /// use std::{pin::pin, task::{Context, Waker}, time::Duration};
    /// use easy_cache_core::ManualClock;
    ///
    /// let clock = ManualClock::new();
    /// let (same, mut cx) = (clock.clock(), Context::from_waker(Waker::noop()));
    /// let mut sleep = pin!(same.sleep(Duration::from_secs(1)));
    /// assert!(sleep.as_mut().poll(&mut cx).is_pending());
    /// clock.advance(Duration::from_secs(1));
    /// assert!(sleep.as_mut().poll(&mut cx).is_ready());
    /// ```
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.deadline(duration)).await;
    }

    pub(crate) async fn sleep_until(&self, moment: Moment) {
        let mut deadline = Deadline::at(moment);
        std::future::poll_fn(|cx| if deadline.has_passed(self, cx) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// How long this clock has been running: two readings tell the time between them.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.precise() - BEGINNING)
    }
}

impl Clock {
    /// The same as of the last tick, at most some milliseconds ago: costs one load.
    #[must_use]
    pub fn ticked(&self) -> Duration {
        Duration::from_nanos(self.coarse().saturating_sub(BEGINNING))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.source {
            Source::System { .. } => "system",
            Source::Manual { .. } => "manual",
        };
        f.debug_struct("Clock").field("source", &name).field("elapsed", &self.elapsed()).finish()
    }
}

/// A clock that stands still until it is told to move.
///
/// # Example: an entry expires without waiting
/// ```
/// use std::time::Duration;
/// use easy_cache_core::{Cache, ManualClock};
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let clock = ManualClock::new();
/// let cache = Cache::builder().clock(clock.clock()).build();
/// cache.set("answer", 42).ttl(Duration::from_secs(60)).wait();
/// clock.advance(Duration::from_secs(59));
/// assert_eq!(cache.get("answer").wait(), Some(42));
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(cache.get::<i32>("answer").wait(), None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Clock);

impl ManualClock {
    /// A clock at its beginning; its calendar starts at the Unix epoch plus fifty years.
    #[must_use]
    pub fn new() -> Self {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(50 * 365 * 24 * 3600);
        let now = Arc::new(AtomicU64::new(BEGINNING));
        Self(Clock { now, timers: Arc::default(), source: Source::Manual { wall } })
    }

    /// The clock to hand to [`CacheBuilder::clock`](crate::CacheBuilder::clock).
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.0.clone()
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let by = nanoseconds(by);
        let now = self.0.now.fetch_add(by, Ordering::AcqRel).saturating_add(by);
        self.0.timers.fire(now);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

/// A duration as clocks count it.
fn since(origin: Instant) -> Moment {
    BEGINNING.saturating_add(nanoseconds(origin.elapsed()))
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new();
        let (before, wall) = (clock.clock().elapsed(), clock.clock().wall());
        clock.advance(Duration::from_secs(3));
        assert_eq!(clock.clock().elapsed() - before, Duration::from_secs(3));
        assert_eq!(clock.clock().wall().duration_since(wall).unwrap(), Duration::from_secs(3));
    }

    #[test]
    fn a_deadline_beyond_counting_is_never() {
        assert_eq!(ManualClock::new().clock().deadline(Duration::MAX), NEVER);
    }
}
