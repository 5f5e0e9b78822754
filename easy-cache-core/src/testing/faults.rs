//! A store that fails, or keeps others waiting, exactly when a test says so.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use event_listener::{Event, listener};
use parking_lot::Mutex;

use crate::store::{Fill, Filled, Leased, Look, Looked, Mark, PlainStore, Store, StoreFuture, Version};
use crate::{Error, Tag};

/// Wraps a [`PlainStore`] or a [`Store`]; what is injected happens to the operations that it is for.
///
/// # Example: a store that cannot be reached
/// ```
/// use easy_cache_core::store::PlainStore;
/// use easy_cache_core::testing::{Fault, Faults, ManualClock, MemoryPlainStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let store = Faults::new(MemoryPlainStore::new(ManualClock::new().clock()));
/// let down = store.inject(Fault::Fail, |_| true);
/// assert!(store.get("key").await.is_err());
/// drop(down);
/// assert!(store.get("key").await.is_ok());
/// # }
/// ```
pub struct Faults<S> {
    inner: S,
    rules: Arc<Mutex<Vec<Arc<Rule>>>>,
}

/// What happens to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It fails without having been executed.
    Fail,
    /// It is executed, and fails all the same: the reply was lost.
    LoseReply,
    /// It is executed, and what it reads comes back as something else: cut off, changed, or nonsense. For [`PlainStore::get`] and
    /// [`PlainStore::get_many`].
    Garble,
    /// It is executed when it is released.
    StallBefore,
    /// It is executed at once, and its reply comes when it is released.
    StallAfter,
}

/// An operation on its way to the store.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The name of the method.
    pub method: &'a str,
    /// The keys it names, in a plain store those of records and entries.
    pub keys: &'a [&'a str],
}

impl Attempt<'_> {
    /// Whether it is this method, on a key that contains this text.
    #[must_use]
    pub fn is(&self, method: &str, text: &str) -> bool {
        self.method == method && self.keys.iter().any(|key| key.contains(text))
    }
}

type Matches = Box<dyn Fn(&Attempt<'_>) -> bool + Send + Sync>;

struct Rule {
    fault: Fault,
    matches: Matches,
    released: AtomicBool,
    reached: AtomicUsize,
    changed: Event,
}

impl Rule {
    async fn reach(&self) {
        self.reached.fetch_add(1, Ordering::SeqCst);
        self.changed.notify(usize::MAX);
        if matches!(self.fault, Fault::StallBefore | Fault::StallAfter) {
            self.until(|| self.released.load(Ordering::SeqCst)).await;
        }
    }

    async fn until(&self, done: impl Fn() -> bool) {
        loop {
            listener!(self.changed => listener);
            if done() {
                return;
            }
            listener.await;
        }
    }
}

/// A fault while it lasts. Dropping it ends the fault, and lets go what it has stalled.
pub struct Injected {
    rules: Arc<Mutex<Vec<Arc<Rule>>>>,
    rule: Arc<Rule>,
}

impl Injected {
    /// Waits until the fault has met so many operations.
    pub async fn reached(&self, operations: usize) {
        self.rule.until(|| self.count() >= operations).await;
    }

    /// How many operations the fault has met.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rule.reached.load(Ordering::SeqCst)
    }
}

impl Drop for Injected {
    fn drop(&mut self) {
        self.rules.lock().retain(|rule| !Arc::ptr_eq(rule, &self.rule));
        self.rule.released.store(true, Ordering::SeqCst);
        self.rule.changed.notify(usize::MAX);
    }
}

impl<S> Faults<S> {
    /// Nothing happens before something is injected.
    pub fn new(inner: S) -> Self {
        Self { inner, rules: Arc::default() }
    }

    /// Makes this happen to every operation for which `matches` says so, until the result is dropped.
    pub fn inject(&self, fault: Fault, matches: impl Fn(&Attempt<'_>) -> bool + Send + Sync + 'static) -> Injected {
        let rule = Rule {
            fault,
            matches: Box::new(matches),
            released: AtomicBool::new(false),
            reached: AtomicUsize::new(0),
            changed: Event::new(),
        };
        let rule = Arc::new(rule);
        self.rules.lock().push(Arc::clone(&rule));
        Injected { rules: Arc::clone(&self.rules), rule }
    }

    /// The store underneath.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    fn matching(&self, method: &str, keys: &[&str]) -> Vec<Arc<Rule>> {
        let attempt = Attempt { method, keys };
        self.rules.lock().iter().filter(|rule| (rule.matches)(&attempt)).cloned().collect()
    }

    async fn run<T, E>(
        &self,
        method: &str,
        keys: &[&str],
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Faulty<E>> {
        self.run_by(&self.matching(method, keys), operation).await
    }

    /// The rules are asked once for each operation: they may count.
    async fn run_by<T, E>(
        &self,
        rules: &[Arc<Rule>],
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Faulty<E>> {
        let (before, after): (Vec<_>, Vec<_>) =
            rules.iter().partition(|rule| matches!(rule.fault, Fault::Fail | Fault::StallBefore));
        for rule in before {
            rule.reach().await;
            if rule.fault == Fault::Fail {
                return Err(Faulty::Injected);
            }
        }
        let result = operation.await;
        for rule in after {
            rule.reach().await;
            if rule.fault == Fault::LoseReply {
                return Err(Faulty::Injected);
            }
        }
        result.map_err(Faulty::Store)
    }
}

impl<S> Faults<S> {
    /// What comes back may be garbled, each time in another way.
    async fn read<E>(
        &self,
        method: &str,
        keys: &[&str],
        operation: impl Future<Output = Result<Vec<Option<Vec<u8>>>, E>>,
    ) -> Result<Vec<Option<Vec<u8>>>, Faulty<E>> {
        let rules = self.matching(method, keys);
        let mut values = self.run_by(&rules, operation).await?;
        if let Some(rule) = rules.iter().find(|rule| rule.fault == Fault::Garble) {
            let turn = rule.reached.load(Ordering::SeqCst);
            for (place, value) in values.iter_mut().enumerate() {
                garble(value, turn + place);
            }
        }
        Ok(values)
    }
}

fn garble(value: &mut Option<Vec<u8>>, turn: usize) {
    let Some(bytes) = value else { return };
    let middle = bytes.len() / 2;
    match turn % 4 {
        0 => bytes.truncate(middle),
        1 => bytes.iter_mut().skip(middle).take(1).for_each(|byte| *byte = !*byte),
        2 => *bytes = vec![0xff; bytes.len() + 1],
        _ => bytes.clear(),
    }
}

impl<S: Clone> Clone for Faults<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), rules: Arc::clone(&self.rules) }
    }
}

/// What went wrong: by order of the test, or in the store.
#[derive(Debug)]
pub enum Faulty<E> {
    /// The test wanted it.
    Injected,
    /// The store's own error.
    Store(E),
}

impl<E: fmt::Display> fmt::Display for Faulty<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Injected => f.write_str("a fault was injected"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error> std::error::Error for Faulty<E> {}

impl<S: PlainStore> PlainStore for Faults<S> {
    type Error = Faulty<S::Error>;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Self::Error> {
        let read = async { self.inner.get(key).await.map(|value| vec![value]) };
        Ok(self.read("get", &[key], read).await?.pop().flatten())
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, Self::Error> {
        self.read("get_many", keys, self.inner.get_many(keys)).await
    }

    async fn set(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Self::Error> {
        self.run("set", &[key], self.inner.set(key, value, ttl)).await
    }

    async fn set_many(&self, entries: &[(&str, &[u8])], ttl: Option<Duration>) -> Result<(), Self::Error> {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
        self.run("set_many", &keys, self.inner.set_many(entries, ttl)).await
    }

    async fn delete(&self, key: &str) -> Result<(), Self::Error> {
        self.run("delete", &[key], self.inner.delete(key)).await
    }
}

impl Faulty<Error> {
    fn into_error(self, method: &str) -> Error {
        match self {
            Self::Injected => Error::store(format!("failed to {method}"), Self::Injected),
            Self::Store(error) => error,
        }
    }
}

impl<S: Store> Faults<S> {
    async fn forward<T>(
        &self,
        method: &'static str,
        keys: Vec<String>,
        operation: StoreFuture<'_, T>,
    ) -> Result<T, Error> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.run(method, &keys, operation).await.map_err(|error| error.into_error(method))
    }
}

fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

fn names(mark: &Mark<'_>) -> Vec<String> {
    mark.tags.unwrap_or_default().iter().map(Tag::to_string).collect()
}

impl<S: Store> Store for Faults<S> {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        Box::pin(self.forward("look", vec![text(look.key)], self.inner.look(look)))
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        Box::pin(self.forward("fill", vec![text(fill.key)], self.inner.fill(fill)))
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        let names = tags.iter().map(Tag::to_string).chain(keys.iter().map(|key| text(key))).collect();
        Box::pin(self.forward("invalidate", names, self.inner.invalidate(tags, keys)))
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.forward("invalidate_all", Vec::new(), self.inner.invalidate_all()))
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        Box::pin(self.forward("hold", names(&mark), self.inner.hold(mark, within)))
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        Box::pin(self.forward("release", names(&mark), self.inner.release(mark)))
    }

    fn lease<'a>(&'a self, key: &'a [u8], holder: Version, within: Duration) -> StoreFuture<'a, Leased> {
        Box::pin(self.forward("lease", vec![text(key)], self.inner.lease(key, holder, within)))
    }

    fn end_lease<'a>(&'a self, key: &'a [u8], holder: Version) -> StoreFuture<'a, ()> {
        Box::pin(self.forward("end_lease", vec![text(key)], self.inner.end_lease(key, holder)))
    }

    fn guards_itself(&self) -> bool {
        self.inner.guards_itself()
    }
}

impl<S: fmt::Debug> fmt::Debug for Faults<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("inner", &self.inner).field("rules", &self.rules.lock().len()).finish()
    }
}

impl fmt::Debug for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injected").field("fault", &self.rule.fault).field("reached", &self.count()).finish()
    }
}
