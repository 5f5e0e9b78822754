//! What a write holds, and who talks to a store outside the process about it. The callback that Diesel calls is synchronous: on an
//! asynchronous connection it must not block the runtime that the store's own connection may live on, so there a thread of ours
//! does it, and the callback waits for a moment.

#[cfg(feature = "async")]
use std::time::Duration;

use easy_cache_sql::hook::{Held, Hook, Outcome, Pending};

/// Many times what a store takes that is well, and not longer than a runtime may stand still.
#[cfg(feature = "async")]
pub(crate) const A_MOMENT: Duration = Duration::from_millis(100);

/// What a write holds while it runs.
#[derive(Debug)]
pub(crate) enum Holding {
    /// The store knows of it.
    Here(Held),
    /// A thread of ours tells the store.
    #[cfg(feature = "async")]
    Away(away::Away),
}

impl Holding {
    /// Blocks until the store knows.
    pub(crate) fn here(hook: &Hook, pending: &Pending) -> Self {
        Self::Here(hook.hold_sync(pending))
    }

    /// Ends it as the outcome of the write demands.
    pub(crate) fn settle(self, hook: &Hook, outcome: Outcome) {
        match self {
            Self::Here(held) => hook.settle_sync(held, outcome),
            #[cfg(feature = "async")]
            Self::Away(away) => away.settle(hook, outcome),
        }
    }

    /// Blocks no longer than this. In this process the hold is in force when this returns.
    #[cfg(feature = "async")]
    pub(crate) fn of(hook: &Hook, pending: &Pending, patience: Duration) -> Self {
        if hook.cache().is_shared() { away::hold(hook, pending, patience) } else { Self::here(hook, pending) }
    }
}

/// Invalidates what may have ended. Blocks no longer than this, and in this process it is done when this returns.
#[cfg(feature = "async")]
pub(crate) fn invalidate(hook: &Hook, pending: &Pending, patience: Duration) {
    if hook.cache().is_shared() && away::invalidate(hook, pending, patience) {
        return;
    }
    if let Err(error) = hook.invalidate(pending).wait() {
        tracing::error!(%error, "failed to invalidate what may be committed");
    }
}

#[cfg(feature = "async")]
pub(crate) mod away {
    //! The thread that talks to the store.

    use std::future::Future;
    use std::pin::Pin;
    use std::sync::LazyLock;
    use std::sync::mpsc::sync_channel;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use tokio::runtime::{Builder, Runtime};

    use super::{Held, Holding, Hook, Outcome, Pending};

    type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

    /// One for the process. Without it (the system has no thread left) callbacks wait themselves.
    static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("easy-cache-diesel").enable_all().build();
        runtime.inspect_err(|error| tracing::error!(%error, "failed to start a thread for holds")).ok()
    });

    /// A hold that is settled over there, whoever has made it.
    #[derive(Debug)]
    pub(crate) struct Away {
        runtime: &'static Runtime,
        hold: Hold,
        patience: Duration,
    }

    #[derive(Debug)]
    enum Hold {
        /// Nobody had to be waited for. That says nothing about how long the store will take to settle it.
        Made(Box<Held>),
        /// The store has not said yet that it knows.
        Making(tokio::task::JoinHandle<Held>),
    }

    impl Hold {
        async fn made(self) -> Option<Held> {
            match self {
                Self::Made(held) => Some(*held),
                Self::Making(held) => held.await.ok(),
            }
        }
    }

    /// Lets the store connect from our thread, so that its connection needs no runtime that a callback may block.
    pub(crate) fn prepare(hook: &Hook) {
        if let Some(runtime) = RUNTIME.as_ref().filter(|_| hook.cache().is_shared()) {
            let cache = hook.cache().clone();
            drop(runtime.spawn(async move { cache.contains("easy-cache-diesel").await }));
        }
    }

    pub(super) fn hold(hook: &Hook, pending: &Pending, patience: Duration) -> Holding {
        let Some(runtime) = RUNTIME.as_ref() else { return Holding::here(hook, pending) };
        let (hook, pending) = (hook.clone(), pending.clone());
        let hold = match started(runtime, async move { hook.hold(&pending).await }) {
            Ok(held) => Hold::Made(Box::new(held)),
            Err(task) => Hold::Making(in_time(runtime, task, patience)),
        };
        Holding::Away(Away { runtime, hold, patience })
    }

    /// Whether there is a thread that does it.
    pub(super) fn invalidate(hook: &Hook, pending: &Pending, patience: Duration) -> bool {
        let Some(runtime) = RUNTIME.as_ref() else { return false };
        let (hook, pending) = (hook.clone(), pending.clone());
        let invalidating = async move {
            // What could not be delivered is owed by the cache, and the hold is still there.
            if let Err(error) = hook.invalidate(&pending).await {
                tracing::error!(%error, "failed to invalidate what may be committed");
            }
        };
        if let Err(task) = started(runtime, invalidating) {
            drop(in_time(runtime, task, patience));
        }
        true
    }

    impl Away {
        pub(super) fn settle(self, hook: &Hook, outcome: Outcome) {
            let Self { runtime, hold, patience } = self;
            let hook = hook.clone();
            let settling = async move {
                if let Some(held) = hold.made().await {
                    hook.settle(held, outcome).await;
                }
            };
            if let Err(task) = started(runtime, settling) {
                drop(in_time(runtime, task, patience));
            }
        }
    }

    /// Does the first step at once, on this thread: what concerns this process alone. Gives back the rest.
    fn started<T>(runtime: &Runtime, future: impl Future<Output = T> + Send + 'static) -> Result<T, Task<T>> {
        let _entered = runtime.enter();
        let mut task: Task<T> = Box::pin(future);
        match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Ok(done),
            Poll::Pending => Err(task),
        }
    }

    /// The rest goes on over there, however long it takes.
    fn in_time<T: Send + 'static>(runtime: &Runtime, task: Task<T>, patience: Duration) -> tokio::task::JoinHandle<T> {
        let (done, end) = sync_channel(1);
        let running = runtime.spawn(async move {
            let output = task.await;
            let _nobody_waits_any_more = done.send(());
            output
        });
        if end.recv_timeout(patience).is_err() {
            tracing::warn!(
                "a store is slow to learn of a write: the write goes on, and the store learns of it behind it"
            );
        }
        running
    }
}

#[cfg(all(test, feature = "async"))]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use easy_cache_core::store::PlainStore;
    use easy_cache_core::{Cache, Tag};
    use easy_cache_sql::hook::HOLD_FOR;
    use easy_cache_sql::{Analyzer, Dialect};

    use super::*;

    /// Longer than anything here takes, and shorter than what nobody waits for.
    const LONG: Duration = Duration::from_secs(30);

    /// Empty, and answers at once, or never.
    #[derive(Clone, Default)]
    struct Store {
        is_stuck: Arc<AtomicBool>,
    }

    impl Store {
        async fn answer(&self) {
            if self.is_stuck.load(Ordering::SeqCst) {
                pending::<()>().await;
            }
        }
    }

    impl PlainStore for Store {
        type Error = Infallible;

        async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Infallible> {
            self.answer().await;
            Ok(None)
        }

        async fn set(&self, _: &str, _: &[u8], _: Option<Duration>) -> Result<(), Infallible> {
            self.answer().await;
            Ok(())
        }

        async fn delete(&self, _: &str) -> Result<(), Infallible> {
            self.answer().await;
            Ok(())
        }
    }

    #[test]
    fn a_hold_that_was_made_at_once_is_settled_without_waiting_for_a_store_that_is_stuck_since() {
        let store = Store::default();
        let cache = Cache::builder().plain_store(store.clone()).store_timeout(LONG * 100).build();
        let hook = Hook::new(Analyzer::builder(Dialect::Postgres).build(), cache, HOLD_FOR);
        let hold = Holding::of(&hook, &Pending::of([Tag::table("books")]), A_MOMENT);
        store.is_stuck.store(true, Ordering::SeqCst);
        let (done, is_done) = channel();
        thread::spawn(move || {
            hold.settle(&hook, Outcome::Committed);
            let _nobody_waits = done.send(());
        });
        assert_eq!(is_done.recv_timeout(LONG), Ok(()));
    }
}
