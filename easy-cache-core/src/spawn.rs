//! Where detached computations run. This crate has no runtime: it uses the one around the caller, or what the cache was given.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Wake, Waker};

use crate::engine::Side;
use crate::sync::Mutex;
use crate::sync::thread::{self, Thread};

/// A computation that is to go on by itself, for [`CacheBuilder::spawner`](crate::CacheBuilder::spawner).
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What runs the detached computations of a cache.
#[derive(Clone, Default)]
pub(crate) enum Spawner {
    /// The runtime around the caller, if there is one that is known.
    #[default]
    Around,
    Given(Arc<dyn Fn(Task) + Send + Sync>),
}

impl Spawner {
    /// Starts the task, or gives it back: then the caller runs it. What sync callers send away blocks, so it has a thread.
    pub(crate) fn spawn(&self, task: Task, side: Side) -> Result<(), Task> {
        let refused = match (side, self) {
            (Side::Sync, _) => on_a_thread(task).err(),
            (Side::Async, Self::Given(spawn)) => {
                spawn(task);
                None
            }
            (Side::Async, Self::Around) => on_the_runtime(task).err(),
        };
        refused.map_or(Ok(()), |task| {
            static SAID: Once = Once::new();
            SAID.call_once(|| tracing::warn!("nothing here can run a detached computation: its caller waits for it"));
            Err(task)
        })
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Around => "Around",
            Self::Given(_) => "Given",
        })
    }
}

#[cfg(feature = "tokio")]
fn on_the_runtime(task: Task) -> Result<(), Task> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            drop(runtime.spawn(task));
            Ok(())
        }
        Err(_) => Err(task),
    }
}

#[cfg(not(feature = "tokio"))]
const fn on_the_runtime(task: Task) -> Result<(), Task> {
    Err(task)
}

fn on_a_thread(task: Task) -> Result<(), Task> {
    let shared = Arc::new(Mutex::new(Some(task)));
    let handed = Arc::clone(&shared);
    let started = thread::Builder::new().name("easy-cache-load".into()).spawn(move || {
        let task = handed.lock().take();
        if let Some(task) = task {
            block_on(task);
        }
    });
    match started {
        Ok(_) => Ok(()),
        Err(_) => shared.lock().take().map_or(Ok(()), Err),
    }
}

/// Runs a future on this thread, which sleeps while there is nothing to do.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // Most callers do not wait: they need no waker of their own.
    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return output;
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Wakes a blocked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
