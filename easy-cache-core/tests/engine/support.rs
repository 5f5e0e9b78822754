//! Loaders and futures under the test's control: how often they ran, and when they may go on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use easy_cache_core::{Cache, ManualClock};
use tokio::sync::oneshot;

pub(crate) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(crate) const fn milliseconds(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A cache whose time stands still until the test moves it.
pub(crate) fn cache_and_clock() -> (Cache, ManualClock) {
    let clock = ManualClock::new();
    (Cache::builder().clock(clock.clock()).build(), clock)
}

/// Counts how often loaders ran.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A loader that yields the value at once.
    pub(crate) fn load<T>(&self, value: T) -> impl Future<Output = Option<T>> + use<T> {
        let calls = self.clone();
        async move {
            calls.0.fetch_add(1, Ordering::SeqCst);
            Some(value)
        }
    }

    /// The same for sync callers.
    pub(crate) fn run<T>(&self, value: T) -> impl FnOnce() -> Option<T> + use<T> {
        let calls = self.clone();
        move || {
            calls.0.fetch_add(1, Ordering::SeqCst);
            Some(value)
        }
    }

    /// A loader that has started when `started` resolves, and ends when told to with its value.
    pub(crate) fn gated<T>(
        &self,
    ) -> (impl Future<Output = Option<T>> + use<T>, oneshot::Receiver<()>, oneshot::Sender<T>) {
        let (start, started) = oneshot::channel();
        let (finish, finished) = oneshot::channel();
        let calls = self.clone();
        let load = async move {
            calls.0.fetch_add(1, Ordering::SeqCst);
            let _ = start.send(());
            finished.await.ok()
        };
        (load, started, finish)
    }
}

/// Polls a future once. It is not woken: who wants more of it polls it again, or awaits it.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Lets every other task of this thread go as far as it can.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
