//! A cache as a [`Store`](crate::store::Store): its calls in every shape, whatever it keeps its values in.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::Duration;

use easy_cache_core::{Cache, Scope, Tag, scope};

use crate::database::Rows;
use crate::store::{Built, Shape};

const FRESH: Duration = Duration::from_secs(600);
const STALE: Duration = Duration::from_secs(100_000);

/// A cache under test.
#[derive(Debug)]
pub struct Cached {
    /// The cache itself.
    pub cache: Cache,
    visits: AtomicU64,
}

/// The key of a row in a shape.
#[must_use]
pub fn key(shape: Shape, row: usize) -> String {
    format!("{shape:?} {row}")
}

/// What says that a row has changed.
#[must_use]
pub fn tag(row: usize) -> Tag {
    Tag::row("rows", row)
}

impl Cached {
    /// Puts this cache to the test.
    #[must_use]
    pub const fn new(cache: Cache) -> Self {
        Self { cache, visits: AtomicU64::new(0) }
    }

    /// The value that is there, if one would be served.
    pub fn look(&self, shape: Shape, row: usize) -> Option<Built> {
        self.cache.get(key(shape, row)).wait()
    }

    /// Reads past the cache, as within a transaction.
    pub fn call_past(&self, shape: Shape, row: usize, rows: &dyn Rows) -> Built {
        block_on(scope::bypass(async { self.call(shape, row, rows, false) }))
    }

    /// The value, from the cache or built from the rows; built from them in any case if `anew`.
    pub fn call(&self, shape: Shape, row: usize, rows: &dyn Rows, anew: bool) -> Built {
        let key = key(shape, row);
        let one = || Some([rows.read(row), 0]);
        let nothing = [0; 2];
        match shape {
            Shape::Known => {
                let call = self.cache.get_or_compute_sync(key, one).tags([tag(row)]);
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Late => {
                let call = self.cache.get_or_compute_sync(key, one).tags_of(move |_: &Built| [tag(row)]);
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Async => {
                let call = self.cache.get_or_compute(key, async { one() }).tags([tag(row)]);
                block_on(if anew { call.refresh() } else { call }.into_future())
            }
            Shape::Stale => {
                let call = self.cache.get_or_compute_sync(key, one).tags([tag(row)]).ttl(FRESH);
                let call = call.stale_while_revalidate(STALE).fail_safe(STALE);
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Pair => {
                let call = self.cache.get_or_compute_sync(key, || Some(self.pair(row, rows)));
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Nested => {
                let pair = || Some(self.call(Shape::Pair, row, rows, false));
                let call = self.cache.get_or_compute_sync(key, pair);
                if anew { call.refresh().wait() } else { call.wait() }
            }
        }
        .unwrap_or(nothing)
    }

    /// Uses a few tags once, so that the records of those that nobody carries are swept again and again.
    pub fn visit(&self) {
        let first = self.visits.fetch_add(8, Ordering::Relaxed);
        Scope::new().run(|| scope::depend(&self.cache, (first..first + 8).map(|visit| Tag::row("visits", visit))));
    }

    fn pair(&self, row: usize, rows: &dyn Rows) -> Built {
        let next = (row + 1) % rows.count();
        scope::depend(&self.cache, [tag(row)]);
        [rows.read(row), self.call(Shape::Known, next, rows, false)[0]]
    }
}

/// Runs a future on this thread, which sleeps while there is nothing to do.
fn block_on<F: Future>(future: impl IntoFuture<IntoFuture = F>) -> F::Output {
    let mut future = pin!(future.into_future());
    let waker = Arc::new(Unpark(thread::current())).into();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
