//! Where detached computations run. This crate has no runtime: it uses the one around the caller, or what the cache was given.

mod sleepers;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Wake, Waker};

use event_listener::{Event, listener};

use self::sleepers::Sleepers;
use crate::engine::Side;
use crate::sync::Mutex;
use crate::sync::thread::{self, Thread};

/// A computation that is to go on by itself, for [`CacheBuilder::spawner`](crate::CacheBuilder::spawner).
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What runs the detached computations of a cache, and knows how many are under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spawner {
    place: Place,
    running: Arc<Running>,
    sleepers: Arc<Sleepers>,
}

#[derive(Clone, Default)]
enum Place {
    /// The runtime around the caller, if there is one that is known.
    #[default]
    Around,
    Given(Arc<dyn Fn(Task) + Send + Sync>),
}

impl Spawner {
    pub(crate) fn given(spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self { place: Place::Given(Arc::new(spawn)), ..Self::default() }
    }

    /// Starts the task, or gives it back: then the caller runs it. What sync callers send away blocks, so it has a thread.
    pub(crate) fn spawn(&self, task: Task, side: Side) -> Result<(), Task> {
        let task = self.running.count(task);
        let refused = match side {
            Side::Sync => on_a_thread(task).err(),
            Side::Async => self.try_spawn(task).err(),
        };
        refused.map_or(Ok(()), |task| {
            static SAID: Once = Once::new();
            SAID.call_once(|| tracing::warn!("nothing here can run a detached computation: its caller waits for it"));
            Err(task)
        })
    }

    /// Starts an errand of the cache's own, on a thread if there is no runtime. It is not one of those that are waited for.
    pub(crate) fn run_errand(&self, task: Task) {
        if let Err(task) = self.try_spawn(task)
            && on_a_thread(task).is_err()
        {
            tracing::warn!("nothing here can run an errand of the cache: it waits for the next call");
        }
    }

    /// The same for one that sleeps until some moment, and does not block when it wakes up: a crowd of them has one thread.
    pub(crate) fn run_sleeper(&self, task: Task) {
        if let Err(task) = self.try_spawn(task)
            && !self.sleepers.add(task)
        {
            tracing::warn!("nothing here can wait for a deadline: what was to be told then is not");
        }
    }

    fn try_spawn(&self, task: Task) -> Result<(), Task> {
        match &self.place {
            Place::Given(spawn) => {
                spawn(task);
                Ok(())
            }
            Place::Around => on_the_runtime(task),
        }
    }

    /// How many detached computations are under way.
    pub(crate) fn running(&self) -> usize {
        self.running.count.load(Ordering::SeqCst)
    }

    /// Resolves when none is under way.
    pub(crate) async fn idle(&self) {
        loop {
            listener!(self.running.ended => ended);
            if self.running() == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// Detached computations that have not ended.
#[derive(Debug, Default)]
struct Running {
    count: AtomicUsize,
    ended: Event,
}

impl Running {
    /// Counts the task until it has ended, or is dropped.
    fn count(self: &Arc<Self>, task: Task) -> Task {
        struct Counted(Arc<Running>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.count.fetch_sub(1, Ordering::SeqCst);
                self.0.ended.notify(usize::MAX);
            }
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(Arc::clone(self));
        Box::pin(async move {
            let _counted = counted;
            task.await;
        })
    }
}

impl fmt::Debug for Place {
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
