//! Handles for calls of which only the call is at hand: behind a trait, generic or `dyn`, or on a type that can have no
//! further methods. The call is made, and the cached function in it is asked before it looks anything up.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use super::Keyed;
use crate::engine::frame::{self, Frame};
use crate::{Cache, Error, ErrorKind, Mode, Scope};

/// The entry of the cached function that this call is of: `of(store.goods(1)).invalidate()`.
///
/// For callers who cannot name the handle `goods_cache`, because there is a trait between. The call must do nothing before
/// it comes to the cached function: it is run up to there, and no further unless its value is asked for. If it needs to wait
/// before that, or never comes to one, the answer is an error, and what it did is done.
///
/// # Example: behind a trait object
/// ```
/// use easy_cache_core::{Error, ecached, of};
///
/// trait Store: Sync {
///     fn goods(&self, id: u64) -> std::pin::Pin<Box<dyn Future<Output = String> + Send + '_>>;
/// }
///
/// struct Shop;
///
/// impl Shop {
///     #[ecached("goods:{id}", skip(self))]
///     async fn load(&self, id: u64) -> String {
///         format!("goods {id}")
///     }
/// }
///
/// impl Store for Shop {
///     fn goods(&self, id: u64) -> std::pin::Pin<Box<dyn Future<Output = String> + Send + '_>> {
///         Box::pin(self.load(id))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let store: &dyn Store = &Shop;
/// store.goods(1).await;
/// assert_eq!(of(store.goods(1)).key().await?, "goods:1");
/// of(store.goods(1)).invalidate().await?;
/// assert_eq!(of(store.goods(1)).peek().await?, None);
/// # Ok(()) }
/// ```
pub fn of<F: IntoFuture>(call: F) -> Of<F::IntoFuture> {
    Of { call: call.into_future() }
}

/// The same for a cached function that is not `async`. Such a call cannot be stopped half way, so it can only be refreshed.
///
/// # Example: computing anew
/// ```
/// use easy_cache_core::{Error, ecached, of_sync};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[ecached("of-ticket", no_handle)]
/// fn ticket(counter: &AtomicU64) -> u64 {
///     counter.fetch_add(1, Ordering::Relaxed)
/// }
///
/// # fn main() -> Result<(), Error> {
/// let counter = AtomicU64::new(1);
/// assert_eq!((ticket(&counter), ticket(&counter)), (1, 1));
/// assert_eq!(of_sync(|| ticket(&counter)).refresh()?, 2);
/// # Ok(()) }
/// ```
pub const fn of_sync<R, F: FnOnce() -> R>(call: F) -> OfSync<F> {
    OfSync { call }
}

/// A call of which the entry is wanted; made by [`of`].
#[must_use = "nothing happens before one of its methods is called"]
pub struct Of<F> {
    call: F,
}

/// A sync call of which the entry is wanted; made by [`of_sync`].
#[must_use = "nothing happens before its method is called"]
pub struct OfSync<F> {
    call: F,
}

impl<F: Future> Of<F> {
    /// Runs the function although there is a value, stores what it returns in its place, and returns it.
    ///
    /// # Errors
    /// [`ErrorKind::NotCached`] if the call did not come to a cached function.
    pub async fn refresh(self) -> Result<F::Output, Error> {
        let (mut call, mut scope) = (pin!(self.call), looking_away());
        let (question, first) = first(Question::Refresh, &mut scope, call.as_mut()).await;
        if question.is_some() {
            return Err(not_cached());
        }
        let output = match first {
            Poll::Ready(output) => output,
            Poll::Pending => poll_fn(|cx| scope.run(|| call.as_mut().poll(cx))).await,
        };
        scope.close();
        Ok(output)
    }

    /// What the call would get from the cache now, if anything. The function does not run, and nothing is counted. Looks into
    /// this process only.
    ///
    /// # Errors
    /// [`ErrorKind::NotCached`] if the call did not come to a cached function.
    pub async fn peek(self) -> Result<Option<F::Output>, Error> {
        match first(Question::Peek, &mut looking_away(), pin!(self.call)).await {
            (None, Poll::Ready(output)) => Ok(Some(output)),
            (None, Poll::Pending) => Ok(None),
            (Some(_), _) => Err(not_cached()),
        }
    }

    /// Drops the entry: whoever calls after this is done computes anew.
    ///
    /// # Errors
    /// [`ErrorKind::NotCached`] if the call did not come to a cached function; otherwise those of
    /// [`Cache::invalidate_key`].
    pub async fn invalidate(self) -> Result<(), Error> {
        let (cache, key) = self.entry().await?;
        cache.invalidate_key(key).await
    }

    /// The key of the entry.
    ///
    /// # Errors
    /// [`ErrorKind::NotCached`] if the call did not come to a cached function.
    pub async fn key(self) -> Result<String, Error> {
        self.entry().await.map(|(_, key)| key)
    }

    async fn entry(self) -> Result<(Cache, String), Error> {
        match first(Question::Entry(None), &mut looking_away(), pin!(self.call)).await {
            (Some(Question::Entry(Some(entry))), _) => Ok(*entry),
            _ => Err(not_cached()),
        }
    }
}

impl<R, F: FnOnce() -> R> OfSync<F> {
    /// Runs the function although there is a value, stores what it returns in its place, and returns it.
    ///
    /// # Errors
    /// [`ErrorKind::NotCached`] if no cached function was called. What was called has run then.
    pub fn refresh(self) -> Result<R, Error> {
        let mut scope = looking_away();
        let (question, output) = asking(Question::RefreshSync, || scope.run(self.call));
        if question.is_some() {
            return Err(not_cached());
        }
        scope.close();
        Ok(output)
    }
}

/// What the next cached function is asked. It takes the question away, or leaves an answer in it.
enum Question {
    Refresh,
    RefreshSync,
    Peek,
    Entry(Option<Box<(Cache, String)>>),
}

thread_local! {
    static QUESTION: Cell<Option<Question>> = const { Cell::new(None) };
}

/// What an async function is to do that was about to look into the cache.
pub(super) enum Told<R> {
    Go(Mode),
    Return(R),
    /// Its future is dropped next.
    Stay,
}

/// Asks whether somebody wants the entry and not the call.
pub(super) fn told<R>(keyed: &Keyed<R>, mode: Mode) -> Told<R> {
    match take() {
        None => Told::Go(mode),
        Some(Question::Refresh) => {
            frame::look_again();
            Told::Go(Mode::Refresh)
        }
        Some(Question::Peek) => keyed.peek_anyway().map_or(Told::Stay, Told::Return),
        Some(Question::Entry(None)) => {
            let entry = Box::new((keyed.cache().clone(), keyed.key().to_owned()));
            QUESTION.set(Some(Question::Entry(Some(entry))));
            Told::Stay
        }
        Some(other) => {
            QUESTION.set(Some(other));
            Told::Go(mode)
        }
    }
}

/// The same for a sync function, which can only be told to compute.
pub(super) fn told_sync(mode: Mode) -> Mode {
    match take() {
        Some(Question::RefreshSync) => {
            frame::look_again();
            Mode::Refresh
        }
        other => {
            let _ = QUESTION.try_with(|question| question.set(other));
            mode
        }
    }
}

/// Nobody asks anything while a thread ends.
fn take() -> Option<Question> {
    QUESTION.try_with(Cell::take).ok().flatten()
}

fn looking_away() -> Scope {
    Scope::of_frame(Frame::looking_away())
}

/// One poll with the question in the air; what became of both.
async fn first<F: Future>(
    question: Question,
    scope: &mut Scope,
    mut call: Pin<&mut F>,
) -> (Option<Question>, Poll<F::Output>) {
    let mut question = Some(question);
    poll_fn(|cx| {
        let Some(question) = question.take() else { return Poll::Pending };
        Poll::Ready(asking(question, || scope.run(|| call.as_mut().poll(cx))))
    })
    .await
}

/// Runs `f` with the question in the air, and gives back what became of it.
fn asking<T>(question: Question, f: impl FnOnce() -> T) -> (Option<Question>, T) {
    let around = Around(QUESTION.replace(Some(question)));
    let output = f();
    let question = QUESTION.take();
    drop(around);
    (question, output)
}

/// The question of an `of` around this one, back in its place also after a panic.
struct Around(Option<Question>);

impl Drop for Around {
    fn drop(&mut self) {
        QUESTION.set(self.0.take());
    }
}

fn not_cached() -> Error {
    Error::new(
        ErrorKind::NotCached,
        "failed to find the entry of a call: it came to no cached function; put the call itself into `of(..)`, and nothing before it",
    )
}

impl<F> fmt::Debug for Of<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Of(not asked)")
    }
}

impl<F> fmt::Debug for OfSync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfSync(not asked)")
    }
}
