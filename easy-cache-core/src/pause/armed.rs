//! Pauses while there are any: a test arms one, a thread runs into it, and the test lets it go. They look after tests only, so they
//! are made of ordinary locks, which no explorer sees.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::Point;
use crate::Cache;
use crate::backend::memory::Domain;

/// So long a test, or a thread that it has stopped, waits in vain before it says so.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the next thread that comes to this point of this cache wait there. Those that come after it pass.
///
/// For tests of races: what has to happen between two steps is done while a thread stands there. **The thread is blocked**, also if
/// it runs async code: let the code under test run on a thread of its own (`std::thread::spawn`, `spawn_blocking`, or a runtime
/// of its own), never on the one that is to release it. No lock is held at any of the points, so the cache can be used
/// meanwhile by everybody else.
///
/// # Example: an invalidation exactly between the last check of a fill and its insertion
/// ```
/// use easy_cache_core::Cache;
/// use easy_cache_core::testing::{Point, pause_at};
///
/// let cache = Cache::new();
/// let pause = pause_at(&cache, Point::Insert);
/// let filling = std::thread::spawn({
///     let cache = cache.clone();
///     move || cache.get_or_compute_sync("user:1", || Some("Ada")).tags(["users"]).local().wait()
/// });
/// pause.reached();
/// cache.invalidate_tags(["users"]).wait().unwrap();
/// pause.release();
/// assert_eq!(filling.join().unwrap(), Some("Ada"));
/// assert_eq!(cache.get_local::<&str>("user:1").wait(), None);
/// ```
pub fn pause_at(cache: &Cache, point: Point) -> Pause {
    let domain = Arc::clone(cache.engine().store.domain());
    let gate = Arc::new(Gate { point, state: Mutex::new(State::Armed), changed: Condvar::new() });
    domain.pauses.arm(&gate);
    Pause { domain, gate }
}

/// A thread that waits at a point, or is going to; made by [`pause_at`]. Dropping it releases the thread.
#[must_use = "dropped at once, it stops nobody"]
pub struct Pause {
    domain: Arc<Domain>,
    gate: Arc<Gate>,
}

impl Pause {
    /// Waits until a thread stands at the point. Blocks this one meanwhile.
    ///
    /// # Panics
    /// If none comes within a minute: a test that would hang fails.
    pub fn reached(&self) {
        let came = self.gate.wait_until(|state| state != State::Armed);
        assert!(came, "no thread has come to {:?} within {PATIENCE:?}", self.gate.point);
    }

    /// Whether a thread stands at the point.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        *self.gate.state.lock() == State::Reached
    }

    /// Lets the thread go on. If none has come, none is stopped any more.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.domain.pauses.disarm(&self.gate);
        self.gate.turn(State::Released);
    }
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pause").field("point", &self.gate.point).field("is_reached", &self.is_reached()).finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Armed,
    Reached,
    Released,
}

/// Where one thread is stopped.
#[derive(Debug)]
struct Gate {
    point: Point,
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    fn turn(&self, state: State) {
        *self.state.lock() = state;
        self.changed.notify_all();
    }

    /// `false` if the time is over first.
    fn wait_until(&self, is_so: impl Fn(State) -> bool) -> bool {
        let mut state = self.state.lock();
        !self.changed.wait_while_for(&mut state, |state| !is_so(*state), PATIENCE).timed_out()
    }
}

/// The pauses of one cache.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    /// Looked at by everybody who comes to a point; mostly there are none.
    count: AtomicUsize,
    armed: Mutex<Vec<Arc<Gate>>>,
}

impl Pauses {
    /// Stops the thread if a test wants that. To be called where no lock is held.
    #[inline]
    pub(crate) fn reach(&self, point: Point) {
        if self.count.load(Ordering::Acquire) != 0 {
            self.stop(point);
        }
    }

    #[cold]
    fn stop(&self, point: Point) {
        let mut armed = self.armed.lock();
        let Some(place) = armed.iter().position(|gate| gate.point == point) else { return };
        let gate = armed.remove(place);
        self.count.store(armed.len(), Ordering::Release);
        // Before the lock is given back: who releases it meanwhile comes after this.
        *gate.state.lock() = State::Reached;
        drop(armed);
        gate.changed.notify_all();
        let released = gate.wait_until(|state| state == State::Released);
        assert!(released, "nobody has released a thread at {point:?} within {PATIENCE:?}");
    }

    fn arm(&self, gate: &Arc<Gate>) {
        let mut armed = self.armed.lock();
        armed.push(Arc::clone(gate));
        self.count.store(armed.len(), Ordering::Release);
    }

    fn disarm(&self, gate: &Arc<Gate>) {
        let mut armed = self.armed.lock();
        armed.retain(|other| !Arc::ptr_eq(other, gate));
        self.count.store(armed.len(), Ordering::Release);
    }
}
