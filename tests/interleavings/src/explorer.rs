//! The threads, locks and atomics of whoever explores: loom, shuttle, or, in an ordinary build, nobody. And how a world is run.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64 as Count, Ordering};
use std::task::{Context, Poll, Wake};

#[cfg(easy_cache_loom)]
use loom as explorer;
#[cfg(easy_cache_shuttle)]
use shuttle as explorer;
#[cfg(not(any(easy_cache_loom, easy_cache_shuttle)))]
use std as explorer;

pub use explorer::sync::atomic::AtomicU64;
pub use explorer::sync::{Mutex, MutexGuard};
pub use explorer::thread;

use crate::World;

/// What explores in this build.
pub const NAME: &str = if cfg!(easy_cache_loom) {
    "loom"
} else if cfg!(easy_cache_shuttle) {
    "shuttle"
} else {
    "threads"
};

static RUNS: Count = Count::new(0);

/// The number of interleavings that this process has begun.
#[must_use]
pub fn runs() -> u64 {
    RUNS.load(Ordering::Relaxed)
}

/// Runs the world in as many interleavings as this build's explorer is asked for.
///
/// # Panics
/// If something outdated was served, or somebody waits for ever, in one of them.
pub fn explore(world: &World) {
    let run = world.run;
    let counted = move || {
        RUNS.fetch_add(1, Ordering::Relaxed);
        run();
    };
    explore_with(world, counted);
}

/// Every interleaving with at most so many moments at which a thread that could go on is interrupted.
#[cfg(easy_cache_loom)]
fn explore_with(world: &World, run: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(world.preemptions);
    model.max_branches = 20_000;
    model.check(run);
}

/// Half of the seeds with few interruptions, half with interruptions anywhere: each finds what the other hardly meets.
#[cfg(easy_cache_shuttle)]
fn explore_with(world: &World, run: impl Fn() + Send + Sync + 'static) {
    use shuttle::scheduler::{PctScheduler, RandomScheduler};
    let (run, half) = (Arc::new(run), world.seeds / 2);
    let again = Arc::clone(&run);
    shuttle::Runner::new(PctScheduler::new_from_seed(1, 3, half), shuttle::Config::new()).run(move || run());
    shuttle::Runner::new(RandomScheduler::new_from_seed(2, half), shuttle::Config::new()).run(move || again());
}

/// A few runs on real threads: the world works, which says little about what it shows.
#[cfg(not(any(easy_cache_loom, easy_cache_shuttle)))]
fn explore_with(_world: &World, run: impl Fn()) {
    (0..50).for_each(|_| run());
}

/// A random number below `limit`.
#[cfg(easy_cache_shuttle)]
#[must_use]
pub fn random(limit: usize) -> usize {
    use shuttle::rand::Rng;
    shuttle::rand::thread_rng().gen_range(0..limit)
}

/// A number below `limit`, another one on each call.
#[cfg(not(easy_cache_shuttle))]
#[must_use]
pub fn random(limit: usize) -> usize {
    static NEXT: Count = Count::new(1);
    let mixed = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 33) as usize % limit
}

/// Runs a future on this thread, which is parked while there is nothing to do.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Arc::new(Unpark(thread::current())).into();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
