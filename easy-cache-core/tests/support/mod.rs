//! What the tests of cached functions share: a counter of calls, and an executor of one future.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

/// Counts the calls of one function.
#[derive(Debug, Default)]
pub struct Calls(AtomicU64);

impl Calls {
    /// Counts one, and says how many there were with it.
    pub fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    #[allow(dead_code, clippy::allow_attributes, reason = "not every test program needs it")]
    pub fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Runs a future that never waits for anything outside itself.
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}
