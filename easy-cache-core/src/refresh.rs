//! Loads that look at what was there before: `get_or_refresh`, and what its loader sees and answers.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::backend::memory::Kept;
use crate::engine::frame;
use crate::load::Immediate;
use crate::plan::{Anywhere, StoresPart};
use crate::policy::Notes;
use crate::{Cache, GetOrCompute, Tag};

impl Cache {
    /// [`get_or_compute`](Self::get_or_compute) for a loader that sees the value that was there before, however stale, and may
    /// answer that it has not changed.
    ///
    /// It never sees what an invalidation has outdated, neither the value nor its validator.
    ///
    /// # Errors
    /// The loader's own, unchanged.
    ///
    /// # Example: ask whether it has changed
    /// ```
    /// # use std::time::Duration;
    /// use easy_cache_core::{Cache, Loaded, Loading};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// # let cache = Cache::new();
    /// let load = async |loading: Loading<String>| {
    ///     let unchanged = loading.validator() == Some("v1"); // the origin is asked here
    ///     if let (true, Some(kept)) = (unchanged, loading.not_modified()) {
    ///         return Ok(kept.ttl(Duration::from_secs(60)));
    ///     }
    ///     Ok::<_, std::io::Error>(Loaded::new("text".to_owned()).validator("v1").ttl(Duration::from_secs(60)))
    /// };
    /// assert_eq!(cache.get_or_refresh("page", load).await?, "text");
    /// # Ok(()) }
    /// ```
    pub fn get_or_refresh<T, E, L, F>(
        &self,
        key: impl Into<String>,
        load: L,
    ) -> GetOrCompute<'_, Refresh<L, F>, StoresPart<Anywhere>>
    where
        T: Clone + Send + Sync + 'static,
        L: FnOnce(Loading<T>) -> F,
        F: Future<Output = Result<Loaded<T>, E>>,
    {
        GetOrCompute::new(self, key.into(), Refresh(Stage::Start(load)), StoresPart::PLAN).looking_back()
    }

    /// The same for callers without a runtime.
    ///
    /// # Errors
    /// The loader's own, unchanged.
    pub fn get_or_refresh_sync<T, E, L>(
        &self,
        key: impl Into<String>,
        load: L,
    ) -> GetOrCompute<'_, RefreshSync<L, T, E>, StoresPart<Anywhere>>
    where
        T: Clone + Send + Sync + 'static,
        L: FnOnce(Loading<T>) -> Result<Loaded<T>, E>,
    {
        GetOrCompute::new(self, key.into(), RefreshSync(Some(load), PhantomData), StoresPart::PLAN).looking_back()
    }
}

/// The load of [`Cache::get_or_refresh`]: looks back when it begins.
pub struct Refresh<L, F>(Stage<L, F>);

enum Stage<L, F> {
    Start(L),
    Running(Pin<Box<F>>, End),
    Done,
}

impl<L, F> Unpin for Refresh<L, F> {}

impl<T, E, L, F> Future for Refresh<L, F>
where
    T: Clone + 'static,
    L: FnOnce(Loading<T>) -> F,
    F: Future<Output = Result<Loaded<T>, E>>,
{
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let (mut running, end) = match std::mem::replace(&mut self.0, Stage::Done) {
            Stage::Start(load) => {
                let loading = Loading::begin();
                let end = loading.end();
                (Box::pin(load(loading)), end)
            }
            Stage::Running(running, end) => (running, end),
            Stage::Done => panic!("a load was polled after it was done"),
        };
        match running.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(end.note(answer)),
            Poll::Pending => {
                self.0 = Stage::Running(running, end);
                Poll::Pending
            }
        }
    }
}

/// The load of [`Cache::get_or_refresh_sync`].
pub struct RefreshSync<L, T, E>(Option<L>, PhantomData<fn() -> (T, E)>);

impl<L, T, E> Unpin for RefreshSync<L, T, E> {}

impl<T, E, L> Future for RefreshSync<L, T, E>
where
    T: Clone + 'static,
    L: FnOnce(Loading<T>) -> Result<Loaded<T>, E>,
{
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<T, E>> {
        let loading = Loading::begin();
        let end = loading.end();
        match self.0.take() {
            Some(load) => Poll::Ready(end.note(load(loading))),
            None => panic!("a load was polled after it was done"),
        }
    }
}

impl<L, T, E> Immediate for RefreshSync<L, T, E> where Self: Future {}

impl<L, F> fmt::Debug for Refresh<L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refresh")
    }
}

impl<L, T, E> fmt::Debug for RefreshSync<L, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshSync")
    }
}

/// What a loader sees of the value that was there before.
pub struct Loading<T> {
    previous: Option<Previous<T>>,
    no_stand_in: Arc<AtomicBool>,
}

/// The value that was there before, as it is and as it is stored.
struct Previous<T> {
    value: T,
    kept: Kept,
    age: Duration,
}

impl<T: Clone + 'static> Loading<T> {
    fn begin() -> Self {
        let previous = frame::take_previous().and_then(|(kept, age)| {
            let value = kept.value.downcast_ref::<T>()?.clone();
            Some(Previous { value, kept, age })
        });
        Self { previous, no_stand_in: Arc::default() }
    }

    fn end(&self) -> End {
        End { no_stand_in: Arc::clone(&self.no_stand_in) }
    }

    /// The value that was there before, if it is of this type and nothing has outdated it.
    #[must_use]
    pub fn previous(&self) -> Option<&T> {
        self.previous.as_ref().map(|previous| &previous.value)
    }

    /// What was said of that value with [`Loaded::validator`].
    #[must_use]
    pub fn validator(&self) -> Option<&str> {
        self.previous.as_ref()?.kept.list.times().validator().map(|validator| &**validator)
    }

    /// How long ago it was stored.
    #[must_use]
    pub const fn age(&self) -> Option<Duration> {
        match &self.previous {
            Some(previous) => Some(previous.age),
            None => None,
        }
    }

    /// Keeps the value that was there before, as good as new: with the ttl of this call, with its former tags and those of this
    /// call, and with its validator. It is dropped by whatever is invalidated from the beginning of **this** load on.
    #[must_use]
    pub fn not_modified(&self) -> Option<Loaded<T>> {
        let Previous { value, kept, .. } = self.previous.as_ref()?;
        let validator = kept.list.times().validator().cloned();
        let notes = Notes { validator, ..Notes::default() };
        Some(Loaded { value: value.clone(), notes, kept: Some(kept.clone()) })
    }

    /// Says that nothing is to stand in for this load if it fails, whatever the policy allows.
    pub fn without_fail_safe(&self) {
        self.no_stand_in.store(true, Ordering::Relaxed);
    }
}

impl<T> fmt::Debug for Loading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading")
            .field("previous", &self.previous.is_some())
            .field("age", &self.previous.as_ref().map(|previous| previous.age))
            .finish_non_exhaustive()
    }
}

/// What a loader answers: a value, and what is to be said of it.
///
/// # Example: a value with all that is known of it
/// ```
/// use std::time::Duration;
/// use easy_cache_core::{Cache, Loaded};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
/// let cache = Cache::new();
/// let load = async |_| Ok::<_, std::io::Error>(Loaded::new(7).ttl(Duration::from_secs(60)).tags(["stock"]).validator("v1"));
/// assert_eq!(cache.get_or_refresh("stock:1", load).await?, 7);
/// # Ok(()) }
/// ```
#[must_use]
pub struct Loaded<T> {
    value: T,
    notes: Notes,
    kept: Option<Kept>,
}

impl<T> Loaded<T> {
    /// A new value.
    pub fn new(value: T) -> Self {
        Self { value, notes: Notes::default(), kept: None }
    }

    /// A value that is returned, and not stored.
    pub fn skip(value: T) -> Self {
        Self { value, notes: Notes { skip: true, ..Notes::default() }, kept: None }
    }

    /// How long the value is fresh, whatever the call says.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.notes.ttl = Some(ttl);
        self
    }

    /// Adds tags to those of the call.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        self.notes.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// What tells this version of the value from others, for the next load: an entity tag, a revision, a checksum.
    pub fn validator(mut self, validator: impl Into<Arc<str>>) -> Self {
        self.notes.validator = Some(validator.into());
        self
    }
}

impl<T> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("notes", &self.notes).finish_non_exhaustive()
    }
}

/// What remains to be said when the loader has answered.
struct End {
    no_stand_in: Arc<AtomicBool>,
}

impl End {
    /// Notes what the loader said, and yields what the caller gets.
    fn note<T, E>(self, answer: Result<Loaded<T>, E>) -> Result<T, E> {
        let no_stand_in = self.no_stand_in.load(Ordering::Relaxed);
        match answer {
            Ok(Loaded { value, notes, kept }) => {
                // Its tags, with the versions that it was built under: but its ttl, which may be over, limits nothing.
                let tags = kept.iter().flat_map(|kept| kept.list.tags().iter().cloned());
                frame::collect_seen(tags);
                frame::note(Notes { renews: kept, ..notes });
                Ok(value)
            }
            Err(error) => {
                frame::note(Notes { no_stand_in, ..Notes::default() });
                Err(error)
            }
        }
    }
}
