//! A store outside the process that is inside of it: the whole protocol, and a line of news that a test holds in its hands.
//!
//! `records` is what the store keeps and how the protocol changes it; `lines` is how its changes reach near caches.

mod lines;
mod records;

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::clock::Clock;
use crate::store::{Asked, Fill, Filled, Following, Leased, Look, Looked, Mark, Mirror, Store, StoreFuture, Version};
use crate::sync::Mutex;
use crate::{Error, Tag};
use lines::{Lines, News};
use records::Records;

/// A [`Store`] in memory, with the whole protocol, that counts its trips. Clones share everything, as processes do that share a
/// server.
///
/// It tells near caches what changes: at once, until a test says that [news wait](Self::hold_news). A proof that everything was
/// heard is given when the test [asks](Self::prove) for it. It never fails: what fails is made by the store around it.
///
/// # Example: a copy is served until its invalidation is heard
/// ```
/// use std::time::Duration;
/// use easy_cache_core::testing::{ManualClock, Remote};
/// use easy_cache_core::{Cache, Near};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), easy_cache_core::Error> {
/// let clock = ManualClock::new();
/// let remote = Remote::new(clock.clock());
/// let process = || Cache::builder().clock(clock.clock()).store(remote.clone()).near(Near::within(Duration::from_secs(1))).build();
/// let (here, there) = (process(), process());
/// remote.prove();
///
/// let read = async |value: u64| here.get_or_compute_value("k", async move { value }).tags(["t"]).await;
/// assert_eq!((read(1).await, read(2).await), (1, 1)); // computed; then brought here
/// remote.take_trips();
/// assert_eq!((read(3).await, remote.take_trips()), (1, 0));
/// there.invalidate_tags(["t"]).await?;
/// assert_eq!(read(4).await, 4);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Remote {
    clock: Clock,
    state: Arc<Mutex<State>>,
    /// Who tells news has it: what one has begun to tell is told before another returns.
    telling: Arc<Mutex<()>>,
    tells: bool,
}

#[derive(Debug)]
struct State {
    records: Records,
    lines: Lines,
    trips: u64,
    replies_wait: bool,
    invalidations_wait: bool,
    waiting: Vec<Waker>,
}

/// A question for a proof, on its way to the store.
#[derive(Debug)]
pub struct Question(Vec<(usize, Asked)>);

impl Remote {
    /// An empty store; what ends there, ends by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let (records, lines) = (Records::new(), Lines::default());
        let state =
            State { records, lines, trips: 0, replies_wait: false, invalidations_wait: false, waiting: Vec::new() };
        Self { clock, state: Arc::new(Mutex::new(state)), telling: Arc::default(), tells: true }
    }

    /// The same for one that cannot tell what changes.
    #[must_use]
    pub fn silent(clock: Clock) -> Self {
        Self { tells: false, ..Self::new(clock) }
    }

    /// How often it was asked for something, since the last time this was called.
    pub fn take_trips(&self) -> u64 {
        std::mem::take(&mut self.state.lock().trips)
    }

    /// From here on lookups are executed at once, and their replies wait. Other operations do not.
    pub fn hold_replies(&self) {
        self.state.lock().replies_wait = true;
    }

    /// The replies arrive, and no more are held.
    pub fn release_replies(&self) {
        self.open(|state| state.replies_wait = false);
    }

    /// From here on invalidations are sent, and not executed.
    pub fn hold_invalidations(&self) {
        self.state.lock().invalidations_wait = true;
    }

    /// They are executed now, and no more are held.
    pub fn release_invalidations(&self) {
        self.open(|state| state.invalidations_wait = false);
    }

    /// Loses the entry of a key, as a server does that runs out of memory. That is no news to anybody.
    pub fn lose(&self, key: impl AsRef<[u8]>) {
        self.state.lock().records.lose(key.as_ref());
    }

    /// Loses everything, and says so.
    pub fn flush(&self) {
        self.change(|records| ((), records.invalidate_all()));
    }

    /// Says of the entry of a key that its changes are not told.
    pub fn leave_out(&self, key: impl AsRef<[u8]>) {
        self.state.lock().records.leave_out(key.as_ref());
    }

    /// From here on news wait.
    pub fn hold_news(&self) {
        self.state.lock().lines.hold();
    }

    /// All news arrive that have waited, and from here on they arrive at once.
    pub fn release_news(&self) {
        self.state.lock().lines.release();
        self.deliver();
    }

    /// Every near cache hears that everything up to now was told: behind what it has not heard yet.
    pub fn prove(&self) {
        let question = self.ask();
        self.answer(question);
    }

    /// Every near cache asks whether it has heard everything. The question takes its time.
    #[must_use]
    pub fn ask(&self) -> Question {
        let mirrors = self.state.lock().lines.mirrors();
        Question(mirrors.into_iter().map(|(line, mirror)| (line, mirror.ask())).collect())
    }

    /// The question has reached the store, and the answer is on its way.
    pub fn answer(&self, question: Question) {
        let mut state = self.state.lock();
        question.0.into_iter().for_each(|(line, asked)| state.lines.put_on(line, News::Answer(asked)));
        drop(state);
        self.deliver();
    }

    /// The connections for news are gone, with all that was under way, and nobody has noticed yet.
    pub fn cut(&self) {
        self.state.lock().lines.cut();
    }

    /// It is noticed that they are gone, and there are new ones.
    pub fn reconnect(&self) {
        self.state.lock().lines.reconnect();
        self.deliver();
    }

    /// How many near caches are told.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.state.lock().lines.mirrors().len()
    }

    /// One operation of the store, and the news that it makes.
    fn change<T>(&self, operation: impl FnOnce(&mut Records) -> (T, News)) -> T {
        let mut state = self.state.lock();
        let (answer, news) = operation(&mut state.records);
        let is_told = state.lines.tell(&news);
        drop(state);
        // Who has no news does not hurry those of others.
        if is_told {
            self.deliver();
        }
        answer
    }

    /// A near cache drops values: what they do when they are dropped must not use this store.
    fn deliver(&self) {
        let _telling = self.telling.lock();
        loop {
            let Some((mirror, news)) = self.state.lock().lines.next() else { return };
            match news {
                News::Of(tags, keys) => {
                    let keys: Vec<&[u8]> = keys.iter().map(|key| &**key).collect();
                    mirror.forget(&tags, &keys);
                }
                News::OfEverything => mirror.forget_everything(),
                News::Answer(asked) => mirror.proved(asked),
            }
        }
    }

    fn operate<'a, T: Send + 'a>(
        &'a self,
        operation: impl FnOnce(&mut Records, u64) -> (T, News) + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let now = self.clock.precise();
            self.state.lock().trips += 1;
            Ok(self.change(|records| operation(records, now)))
        })
    }

    fn open(&self, gate: impl FnOnce(&mut State)) {
        let waiting = {
            let mut state = self.state.lock();
            gate(&mut state);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits while the gate is closed.
    fn pass(&self, is_closed: fn(&State) -> bool) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(move |cx| {
            let mut state = self.state.lock();
            if !is_closed(&state) {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
    }

    async fn invalidating(&self, operation: impl FnOnce(&mut Records) -> News + Send) -> Result<(), Error> {
        self.pass(|state| state.invalidations_wait).await;
        self.operate(|records, _| ((), operation(records))).await
    }
}

impl Store for Remote {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        let looked = self.operate(move |records, now| records.look(look, now));
        Box::pin(async move {
            let looked: Result<Looked, Error> = looked.await;
            self.pass(|state| state.replies_wait).await;
            looked
        })
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.operate(move |records, now| records.fill(&fill, now))
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        Box::pin(self.invalidating(move |records| records.invalidate(tags, keys)))
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.invalidating(Records::invalidate_all))
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        let deadline = self.clock.deadline(within);
        self.operate(move |records, _| ((), records.hold(mark, deadline)))
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        self.operate(move |records, _| ((), records.release(mark)))
    }

    fn lease<'a>(&'a self, _: &'a [u8], _: Version, _: Duration) -> StoreFuture<'a, Leased> {
        Box::pin(std::future::ready(Ok(Leased::Yours)))
    }

    fn follow(&self, mirror: Arc<dyn Mirror>, _: Duration) -> Option<Following> {
        if !self.tells {
            return None;
        }
        let line = self.state.lock().lines.add(mirror);
        self.deliver();
        Some(Following::new(Line { state: Arc::clone(&self.state), line }))
    }
}

/// Ends what a near cache is told.
struct Line {
    state: Arc<Mutex<State>>,
    line: usize,
}

impl Drop for Line {
    fn drop(&mut self) {
        let removed = self.state.lock().lines.remove(self.line);
        drop(removed);
    }
}
