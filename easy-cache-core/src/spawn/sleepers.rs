//! Errands that mostly sleep, where there is no runtime: one thread for all of them, as long as there are any. What they do when they
//! wake up must not block; what may block has a thread of its own, and is none of these. As timers do, it decides nothing together with
//! anything else, and explorers take it as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use parking_lot::Mutex;

use super::Task;

/// The errands of one cache.
#[derive(Default)]
pub(super) struct Sleepers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// Not yet begun.
    new: Vec<Task>,
    /// The thread that has all others.
    thread: Option<Thread>,
}

/// One errand on the thread.
struct Sleeper {
    task: Task,
    bell: Arc<Bell>,
    waker: Waker,
}

/// Rings for one errand.
struct Bell {
    rung: AtomicBool,
    thread: Thread,
}

impl Sleepers {
    /// Adds an errand. Without a thread to be had it is dropped, and the answer is no.
    pub(super) fn add(self: &Arc<Self>, task: Task) -> bool {
        let mut waiting = self.0.lock();
        waiting.new.push(task);
        if let Some(thread) = &waiting.thread {
            thread.unpark();
            return true;
        }
        let own = Arc::clone(self);
        match thread::Builder::new().name("easy-cache-errands".into()).spawn(move || own.work()) {
            Ok(handle) => {
                waiting.thread = Some(handle.thread().clone());
                true
            }
            Err(_) => {
                let dropped = std::mem::take(&mut waiting.new);
                drop(waiting);
                drop(dropped);
                false
            }
        }
    }

    /// Until there is none left.
    fn work(&self) {
        let mut sleepers: Vec<Sleeper> = Vec::new();
        while self.take_new(&mut sleepers) {
            sleepers.retain_mut(|sleeper| !sleeper.is_done());
            if !sleepers.is_empty() && sleepers.iter().all(|sleeper| !sleeper.bell.rung.load(Ordering::Acquire)) {
                thread::park();
            }
        }
    }

    /// Whether there are any; if not, the next one has to start another thread.
    fn take_new(&self, sleepers: &mut Vec<Sleeper>) -> bool {
        let mut waiting = self.0.lock();
        if waiting.new.is_empty() && sleepers.is_empty() {
            waiting.thread = None;
            return false;
        }
        sleepers.extend(waiting.new.drain(..).map(Sleeper::new));
        true
    }
}

impl Sleeper {
    fn new(task: Task) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), thread: thread::current() });
        Self { task, waker: Waker::from(Arc::clone(&bell)), bell }
    }

    /// One that panics is done as well: what it panics about is somebody else's code, and no reason to forget the others.
    fn is_done(&mut self) -> bool {
        if !self.bell.rung.swap(false, Ordering::AcqRel) {
            return false;
        }
        let poll = || self.task.as_mut().poll(&mut Context::from_waker(&self.waker));
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll));
        !matches!(polled, Ok(Poll::Pending))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl std::fmt::Debug for Sleepers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sleepers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;
    use crate::ManualClock;

    type Told = Arc<Mutex<Vec<(u64, std::thread::ThreadId)>>>;

    /// An errand that tells its number, and on which thread, after so many seconds.
    fn errand(clock: &ManualClock, told: &Told, number: u64) -> Task {
        let (clock, told) = (clock.clock(), Arc::clone(told));
        let until = clock.deadline(Duration::from_secs(number));
        Box::pin(async move {
            clock.sleep_until(until).await;
            told.lock().push((number, std::thread::current().id()));
            assert!(number != 13, "an errand that panics");
        })
    }

    fn until(is_so: impl Fn() -> bool) {
        let begun = std::time::Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never comes");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_crowd_of_errands_shares_one_thread_and_each_wakes_at_its_own_time() {
        let (clock, told, sleepers) = (ManualClock::new(), Told::default(), Arc::new(Sleepers::default()));
        // The later ones first: who comes with an earlier moment is not late.
        (1..=1_000).rev().for_each(|number| assert!(sleepers.add(errand(&clock, &told, number))));
        for seconds in [10, 990] {
            clock.advance(Duration::from_secs(seconds));
            let due = if seconds == 10 { 10 } else { 1_000 };
            until(|| told.lock().len() == due);
        }
        let threads: HashSet<_> = told.lock().iter().map(|(_, thread)| *thread).collect();
        assert_eq!(threads.len(), 1);
    }

    #[test]
    fn the_thread_ends_with_the_last_errand_and_the_next_one_has_another() {
        let (clock, told, sleepers) = (ManualClock::new(), Told::default(), Arc::new(Sleepers::default()));
        for round in 1..=3 {
            assert!(sleepers.add(errand(&clock, &told, 1)));
            clock.advance(Duration::from_secs(1));
            until(|| told.lock().len() == round && sleepers.0.lock().thread.is_none());
        }
    }

    #[test]
    fn an_errand_that_panics_takes_nobody_along() {
        let (clock, told, sleepers) = (ManualClock::new(), Told::default(), Arc::new(Sleepers::default()));
        [13, 14].into_iter().for_each(|number| assert!(sleepers.add(errand(&clock, &told, number))));
        clock.advance(Duration::from_secs(14));
        until(|| told.lock().len() == 2);
    }
}
