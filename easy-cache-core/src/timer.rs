//! Wake-ups at a moment of the injected clock, without any runtime: the clock's own thread, or the test that moves it, fires
//! them; and the deadlines of those who wait. What is to be done then is the sleeper's to know.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Moment, NEVER};

/// All wake-ups that one clock owes.
///
/// Nearly all are taken back long before their moment, so that is what has to be cheap: a place in a list, found by its number.
/// Only when the first of them may be due is the list gone through.
#[derive(Debug)]
pub(crate) struct Timers {
    owed: Mutex<Owed>,
    /// Nothing is due before. Looked at on every tick.
    first: AtomicU64,
}

#[derive(Debug, Default)]
struct Owed {
    places: Vec<Option<(Moment, Waker)>>,
    free: Vec<usize>,
}

impl Default for Timers {
    fn default() -> Self {
        Self { owed: Mutex::default(), first: AtomicU64::new(NEVER) }
    }
}

impl Timers {
    /// Wakes whoever waits for a moment up to `now`. Wakers run after the lock is given back: they may set timers.
    pub(crate) fn fire(&self, now: Moment) {
        if self.first.load(Ordering::Acquire) > now {
            return;
        }
        let mut fired: Vec<_> = {
            let mut owed = self.owed.lock();
            let is_due = |place: &&mut Option<(Moment, Waker)>| place.as_ref().is_some_and(|(at, _)| *at <= now);
            let fired = owed.places.iter_mut().filter(is_due).filter_map(Option::take).collect();
            let first = owed.places.iter().flatten().map(|(at, _)| *at).min();
            self.first.store(first.unwrap_or(NEVER), Ordering::Release);
            fired
        };
        fired.sort_by_key(|(at, _)| *at);
        fired.into_iter().for_each(|(_, waker)| wake(waker));
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.owed.lock().places.iter().flatten().count()
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
    /// Nobody else's until it is given back, also when it has fired.
    place: usize,
}

impl Timer {
    pub(crate) fn set(timers: &Arc<Timers>, at: Moment, waker: Waker) -> Self {
        let mut owed = timers.owed.lock();
        let place = owed.free.pop().unwrap_or_else(|| {
            owed.places.push(None);
            owed.places.len() - 1
        });
        owed.places[place] = Some((at, waker));
        timers.first.fetch_min(at, Ordering::AcqRel);
        drop(owed);
        Self { timers: Arc::clone(timers), place }
    }

    /// Whether it will wake this task.
    fn wakes(&self, waker: &Waker) -> bool {
        self.timers.owed.lock().places[self.place].as_ref().is_some_and(|(_, other)| other.will_wake(waker))
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut owed = self.timers.owed.lock();
        let taken_back = owed.places[self.place].take();
        owed.free.push(self.place);
        drop(owed);
        // A waker's own drop may do anything: not under the lock.
        drop(taken_back);
    }
}

/// A moment that a caller waits for at most.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: Moment,
    timer: Option<Timer>,
}

impl Deadline {
    pub(crate) const fn at(at: Moment) -> Self {
        Self { at, timer: None }
    }

    /// So long from now.
    pub(crate) fn after(clock: &Clock, wait: Duration) -> Self {
        Self::at(clock.deadline(wait))
    }

    /// Whether it has passed, as of the last tick. If not, the task is woken at the first tick after it.
    pub(crate) fn has_passed(&mut self, clock: &Clock, cx: &Context<'_>) -> bool {
        if clock.coarse() >= self.at {
            return true;
        }
        if !self.timer.as_ref().is_some_and(|timer| timer.wakes(cx.waker())) {
            self.timer = Some(Timer::set(clock.timers(), self.at, cx.waker().clone()));
            // The clock may have come to the moment, and gone, before the timer was set.
            return clock.coarse() >= self.at;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
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

    #[test]
    fn a_place_that_was_given_back_is_used_again_and_wakes_nobody_else() {
        let (timers, count) = (Arc::new(Timers::default()), Arc::new(Count(AtomicUsize::new(0))));
        let set = |at| Timer::set(&timers, at, Arc::clone(&count).into());
        let fired = set(10);
        timers.fire(10);
        let early = set(20);
        drop(fired);
        let late = set(30);
        assert_eq!(timers.len(), 2, "what has fired kept its place until it was dropped");
        timers.fire(20);
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        drop(early);
        for at in 40..1_040 {
            drop(set(at));
        }
        let places = timers.owed.lock().places.len();
        assert_eq!((places, timers.len()), (2, 1));
        timers.fire(29);
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        timers.fire(30);
        assert_eq!(count.0.load(Ordering::SeqCst), 3);
        drop(late);
    }
}
