//! Wake-ups at a moment of the injected clock, without any runtime: the clock's own thread, or the test that moves it, fires
//! them; and the deadlines of those who wait. What is to be done then is the sleeper's to know.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Moment};

/// All wake-ups that one clock owes.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: Mutex<BTreeMap<(Moment, u64), Waker>>,
    /// Looked at on every tick; mostly there is nothing to do.
    pending: AtomicUsize,
    next: AtomicU64,
}

impl Timers {
    /// Wakes whoever waits for a moment up to `now`. Wakers run after the lock is given back: they may set timers.
    pub(crate) fn fire(&self, now: Moment) {
        if self.pending.load(Ordering::Acquire) == 0 {
            return;
        }
        let fired = {
            let mut due = self.due.lock();
            let later = due.split_off(&(now, u64::MAX));
            let fired = std::mem::replace(&mut *due, later);
            self.pending.store(due.len(), Ordering::Release);
            fired
        };
        fired.into_values().for_each(wake);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.due.lock().len()
    }
}

/// A waker is somebody else's code. If it panics, the others are woken all the same, and the clock's own thread goes on.
fn wake(waker: Waker) {
    if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
        tracing::error!("a waker panicked");
    }
}

/// A wake-up that was asked for. Dropping it takes the request back.
#[derive(Debug)]
pub(crate) struct Timer {
    timers: Arc<Timers>,
    key: (Moment, u64),
}

impl Timer {
    pub(crate) fn set(timers: &Arc<Timers>, at: Moment, waker: Waker) -> Self {
        let key = (at, timers.next.fetch_add(1, Ordering::Relaxed));
        let mut due = timers.due.lock();
        due.insert(key, waker);
        timers.pending.store(due.len(), Ordering::Release);
        drop(due);
        Self { timers: Arc::clone(timers), key }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut due = self.timers.due.lock();
        let taken_back = due.remove(&self.key);
        self.timers.pending.store(due.len(), Ordering::Release);
        drop(due);
        // A waker's own drop may do anything: not under the lock.
        drop(taken_back);
    }
}

/// A moment that a caller waits for at most.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: Moment,
    timer: Option<(Waker, Timer)>,
}

impl Deadline {
    pub(crate) const fn at(at: Moment) -> Self {
        Self { at, timer: None }
    }

    /// So long from now.
    pub(crate) fn after(clock: &Clock, wait: Duration) -> Self {
        Self::at(clock.deadline(wait))
    }

    /// Whether it has passed. If not, the task is woken when it has.
    pub(crate) fn has_passed(&mut self, clock: &Clock, cx: &Context<'_>) -> bool {
        if clock.precise() >= self.at {
            return true;
        }
        if !self.timer.as_ref().is_some_and(|(waker, _)| waker.will_wake(cx.waker())) {
            let waker = cx.waker().clone();
            self.timer = Some((waker.clone(), Timer::set(clock.timers(), self.at, waker)));
            // The clock may have come to the moment, and gone, before the timer was set.
            return clock.precise() >= self.at;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_timer_fires_once_at_its_moment_and_not_after_it_was_taken_back() {
        let (timers, count) = (Arc::new(Timers::default()), Arc::new(Count(AtomicUsize::new(0))));
        let set = |at| Timer::set(&timers, at, Arc::clone(&count).into());
        let (early, same, late) = (set(10), set(10), set(20));
        timers.fire(9);
        assert_eq!(count.0.load(Ordering::SeqCst), 0);
        timers.fire(10);
        timers.fire(11);
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        drop((early, same, late));
        timers.fire(30);
        assert_eq!((count.0.load(Ordering::SeqCst), timers.len()), (2, 0));
    }
}
