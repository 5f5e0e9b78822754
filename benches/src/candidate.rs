//! What is compared: some way to answer the calls of a [workload](crate::workload) from memory.
//!
//! How it is measured is left to [`rounds`](crate::rounds).

use std::fmt;
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use crate::workload::Request;

/// What every candidate answers with.
pub type Answer = Arc<Vec<u8>>;

/// How often a candidate had to compute. A `static`, because a memoised function has no other place to count.
#[derive(Debug, Default)]
pub struct Loads(AtomicU64);

impl Loads {
    /// A counter at zero.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Computes the answer to a call, and counts it.
    pub fn load(&self, user: u64, month: &str) -> Answer {
        self.0.fetch_add(1, Ordering::Relaxed);
        crate::workload::answer(user, month)
    }

    /// Answers at once with a value that is there already, and counts: for measuring what is around a load.
    pub fn instant(&self) -> Answer {
        static ANSWER: LazyLock<Answer> = LazyLock::new(|| crate::workload::answer(0, ""));
        self.0.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&ANSWER)
    }

    /// How often [`load`](Self::load) or [`instant`](Self::instant) was called.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One way to answer, on any thread.
pub trait Candidate: Send + Sync {
    /// The name in the table.
    fn name(&self) -> &'static str;

    /// Answers one call.
    fn call(&self, user: u64, month: &str) -> Answer;

    /// How many calls were not answered from memory.
    fn loads(&self) -> u64;

    /// Answers many calls in a row: one dynamic call for the batch, none within it. Neither the arguments nor that the
    /// answer is used can be guessed by the compiler.
    fn batch(&self, requests: &[Request]) {
        for request in requests {
            black_box(self.call(black_box(request.user), black_box(&request.month)));
        }
    }

    /// Whether its calls may ask for memory. Who says no is held to it.
    fn may_allocate(&self) -> bool {
        true
    }
}

struct Function<F> {
    name: &'static str,
    loads: &'static Loads,
    call: F,
    may_allocate: bool,
}

impl<F: Fn(u64, &str) -> Answer + Send + Sync> Candidate for Function<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn call(&self, user: u64, month: &str) -> Answer {
        (self.call)(user, month)
    }

    fn loads(&self) -> u64 {
        self.loads.count()
    }

    fn may_allocate(&self) -> bool {
        self.may_allocate
    }
}

/// A candidate from a function that counts its computations in `loads`.
pub fn candidate(
    name: &'static str,
    loads: &'static Loads,
    call: impl Fn(u64, &str) -> Answer + Send + Sync + 'static,
) -> Box<dyn Candidate> {
    Box::new(Function { name, loads, call, may_allocate: true })
}

/// The same for a candidate that promises to answer without the heap.
pub fn without_allocations(
    name: &'static str,
    loads: &'static Loads,
    call: impl Fn(u64, &str) -> Answer + Send + Sync + 'static,
) -> Box<dyn Candidate> {
    Box::new(Function { name, loads, call, may_allocate: false })
}

impl fmt::Debug for dyn Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Runs a future that is expected to be ready at once, as a hit is: no runtime, no waking, no cost but the poll.
pub fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
