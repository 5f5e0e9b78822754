//! A computation in parts, for integrations that cannot express theirs as one future: join, compute in their own way
//! (a response whose body streams), then fill, decline or let go.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::backend::memory::List;
use crate::clock::{Moment, NEVER};
use crate::engine::flight::Lead;
use crate::engine::frame;
use crate::engine::join::{Arrival, Join, Terms};
use crate::engine::outside::Keeping;
use crate::engine::ticket::Ticket;
use crate::engine::{Engine, Found, Side};
use crate::freshness::Freshness;
use crate::shelf::Berth;
use crate::value::Shared;
use crate::{Cache, Policy, Scope, Task};

impl Cache {
    /// The value under the key; or the duty to compute it, after waiting for those who had it before.
    ///
    /// Callers of one key wait for the one that computes. It hands its value to them with [`Computation::fill`], or sends
    /// them off with [`Computation::decline`] or [`Computation::scatter`]; if it is dropped, one of them takes over.
    ///
    /// # Example: what `get_or_compute` does inside
    /// ```
    /// use std::sync::Arc;
    /// use easy_cache_core::{Cache, Joined, Policy, Scope};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let cache = Cache::new();
    /// let Joined::Compute(computation) = cache.join("report").await else { unreachable!() };
    /// let mut scope = Scope::new();
    /// let report = scope.wrap(async { String::from("all is well") }).await;
    /// assert!(computation.fill(Arc::new(report), &Policy::new().tags(["reports"]), scope));
    /// assert_eq!(cache.get::<String>("report").await.as_deref(), Some("all is well"));
    /// # }
    /// ```
    pub fn join<K: AsRef<[u8]>>(&self, key: K) -> JoinFuture<'_, K> {
        JoinFuture { cache: self, key, join: Join::new(Side::Async), accept: None, polled: false }
    }

    /// The value under the key if it may be served now: neither waits nor computes. Its tags go to the scope around.
    ///
    /// # Example
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set("answer", 42).await;
    /// let stored = cache.look("answer").and_then(|stored| stored.value.downcast::<i32>().ok());
    /// assert_eq!(stored.as_deref(), Some(&42));
    /// # }
    /// ```
    #[must_use]
    pub fn look(&self, key: impl AsRef<[u8]>) -> Option<Stored> {
        let found = self.engine().hit(key.as_ref());
        if found.is_none() {
            self.engine().tell_nothing_found(key.as_ref());
        }
        found.map(|found| Stored::new(self, found, false))
    }

    /// What [`join`](Self::join) yields if it need not wait, for who has looked and found nothing: the duty to compute the value, or the
    /// value if it was stored since. `None` if somebody computes it already. Costs one more look, and no future.
    ///
    /// # Example: the first does not wait, the second would have to
    /// ```
    /// use easy_cache_core::{Cache, Joined};
    ///
    /// let cache = Cache::new();
    /// let first = cache.join_at_once("report");
    /// assert!(matches!(first, Some(Joined::Compute(_))) && cache.join_at_once("report").is_none());
    /// ```
    #[must_use]
    pub fn join_at_once(&self, key: impl AsRef<[u8]>) -> Option<Joined> {
        let terms = Terms { wishes: &Freshness::PLAIN, accept: None };
        match Join::new(Side::Async).at_once(self.engine(), key.as_ref(), terms)? {
            Arrival::Found(found) => Some(Joined::Found(Stored::new(self, found, false))),
            Arrival::Compute(ticket, _) => Some(Joined::Compute(Computation::of(ticket))),
        }
    }

    /// The duty to compute the value, unless somebody has it already. Never waits, and does not ask what is stored: for who
    /// has found something that may be served, but should be computed anew.
    ///
    /// Others who miss, or do not accept what is stored, wait for this one.
    ///
    /// # Example: one renews, the others serve what there is
    /// ```
    /// # let cache = easy_cache_core::Cache::new();
    /// let renewal = cache.try_lead("page");
    /// assert!(renewal.is_some() && cache.try_lead("page").is_none());
    /// ```
    #[must_use]
    pub fn try_lead(&self, key: impl AsRef<[u8]>) -> Option<Computation> {
        let (engine, key) = (self.engine(), key.as_ref());
        let lead = engine.is_usable().then(|| engine.try_lead(Side::Async, key)).flatten()?;
        Some(Computation::of(Ticket::new(engine, key, Some(lead))))
    }

    /// A computation that nobody waits for, whatever is stored or under way: its fence is taken now.
    pub fn begin(&self, key: impl AsRef<[u8]>) -> Computation {
        Computation::of(Ticket::alone(self.engine(), key.as_ref()))
    }

    /// Sees to something that nobody waits for: at once as far as that goes, which is all the way where everything is in memory;
    /// the rest goes on behind the caller, where detached computations run, and else on a thread of its own. For where nothing
    /// can be awaited and nothing may block, such as a `Drop`.
    ///
    /// # Example
    /// ```
    /// # let cache = easy_cache_core::Cache::new();
    /// let own = cache.clone();
    /// cache.see_to(async move { drop(own.invalidate_tags(["books"]).await) });
    /// ```
    pub fn see_to(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut work: Task = Box::pin(work);
        if work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.engine().spawner.run_errand(work);
        }
    }
}

/// The future of [`Cache::join`].
#[must_use = "futures do nothing unless polled"]
pub struct JoinFuture<'a, K> {
    cache: &'a Cache,
    key: K,
    join: Join,
    accept: Option<Accept<'a>>,
    polled: bool,
}

type Accept<'a> = Box<dyn Fn(&Stored) -> bool + Send + 'a>;

impl<'a, K> JoinFuture<'a, K> {
    /// Takes no value but one that the caller agrees to. To any other it prefers the duty to compute a new one; those who
    /// agree are served meanwhile.
    ///
    /// Who waited for a value and does not agree to it computes alone: such callers never wait one after the other.
    ///
    /// # Example: nothing that is older than a minute
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::Cache;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let cache = Cache::new();
    /// let joined = cache.join("report").accept(|stored| stored.age < Duration::from_secs(60)).await;
    /// # let _ = joined;
    /// # }
    /// ```
    pub fn accept(mut self, accept: impl Fn(&Stored) -> bool + Send + 'a) -> Self {
        self.accept = Some(Box::new(accept));
        self
    }
}

impl<K> Unpin for JoinFuture<'_, K> {}

impl<K: AsRef<[u8]>> Future for JoinFuture<'_, K> {
    type Output = Joined;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Joined> {
        let waited = std::mem::replace(&mut self.polled, true);
        let Self { cache, key, join, accept, .. } = &mut *self;
        let cache = *cache;
        let accept = accept.as_ref().map(|accept| |found: &Found| accept(&Stored::new(cache, found.clone(), waited)));
        let accept = accept.as_ref().map(|accept| accept as &dyn Fn(&Found) -> bool);
        let terms = Terms { wishes: &Freshness::PLAIN, accept };
        join.poll(cache.engine(), key.as_ref(), terms, cx).map(|arrival| match arrival {
            Arrival::Found(found) => Joined::Found(Stored::new(cache, found, waited)),
            Arrival::Compute(ticket, _) => Joined::Compute(Computation::of(ticket)),
        })
    }
}

impl<K: fmt::Debug> fmt::Debug for JoinFuture<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinFuture").field("key", &self.key).field("join", &self.join).finish_non_exhaustive()
    }
}

/// Where [`Cache::join`] arrives.
#[derive(Debug)]
pub enum Joined {
    /// A value that may be served.
    Found(Stored),
    /// Nothing may be served: the caller computes.
    Compute(Computation),
}

/// A value that may be served, with what is known about it.
#[derive(Clone)]
pub struct Stored {
    /// The value. Downcast it to the type that was filled.
    pub value: Shared,
    /// How long it has been stored.
    pub age: Duration,
    /// How much longer it is fresh; `None` if it has no ttl.
    pub remaining: Option<Duration>,
    /// Whether it was computed by another caller while this one waited.
    pub waited: bool,
    /// What it depends on.
    pub basis: Basis,
}

/// What a value depends on, as it was when the value was found.
#[derive(Debug, Clone)]
pub struct Basis(Option<List>);

impl Basis {
    /// Whether nothing of it was invalidated, or is held, in this process since: for who has kept the value for a while. Of a value that the
    /// cache did not keep nothing is known.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.0.as_ref().is_none_or(List::is_servable)
    }
}

impl Stored {
    pub(crate) fn new(cache: &Cache, found: Found, waited: bool) -> Self {
        let now = cache.engine().store.clock().coarse();
        let left = |end: Moment| Duration::from_nanos(end.saturating_sub(now));
        let (age, basis) = (Duration::from_nanos(now.saturating_sub(found.stored)), Basis(found.tags));
        let remaining = (found.expires != NEVER).then(|| left(found.expires));
        Self { age, remaining, value: found.value, waited, basis }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("age", &self.age)
            .field("remaining", &self.remaining)
            .field("waited", &self.waited)
            .finish_non_exhaustive()
    }
}

/// The duty to compute a value. Its fence was taken when it was handed out: read no data from before.
///
/// Dropping it passes the duty to a caller that waits.
#[derive(Debug)]
#[must_use = "dropping it makes another caller compute"]
pub struct Computation {
    ticket: Ticket,
    /// Where its value goes in the store outside the process.
    berth: Option<Box<Berth>>,
}

impl Computation {
    const fn of(ticket: Ticket) -> Self {
        Self { ticket, berth: None }
    }

    /// For a value that leaves the process.
    pub(crate) fn afar(ticket: Ticket, berth: Berth) -> Self {
        Self { ticket, berth: Some(Box::new(berth)) }
    }

    /// The scope in which to compute. It knows the key: a call for that same key from inside computes alone, instead of
    /// waiting for itself. A [`Scope::new`] does as well where that cannot happen.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::of_frame(self.ticket.frame())
    }

    /// What the store outside the process had when it was asked for this computation, if that was not invalidated; fresh or not. What it depends
    /// on goes to the scope around.
    #[must_use]
    pub fn found(&self) -> Option<Stored> {
        self.berth.as_ref()?;
        let (kept, _) = self.ticket.previous()?;
        frame::collect_list(&kept.list);
        Some(Stored::new(&Cache::over(Arc::clone(&self.ticket.engine)), kept.into(), false))
    }

    /// Whether others may wait for this one: not so for [`Cache::begin`], and after a [`scatter`](Self::scatter).
    #[must_use]
    pub fn is_joinable(&self) -> bool {
        self.ticket.lead().is_some()
    }

    /// Whether others are waiting for it at this moment.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.ticket.lead().is_some_and(Lead::is_awaited)
    }

    /// Stores the value, with the scope's tags, and hands it to those who wait.
    ///
    /// `false` if it was not kept: something it depends on was invalidated since, or the scope is tainted. The value is
    /// still good for the caller that computed it. On a [`Shelf`](crate::Shelf): `true` if it is on its way to the store.
    pub fn fill<T: Send + Sync + 'static>(self, value: Arc<T>, policy: &Policy, scope: Scope) -> bool {
        let engine = Arc::clone(&self.ticket.engine);
        match self.berth {
            Some(berth) => keep_behind(&engine, send(self.ticket, &berth, value, policy, scope)),
            None => self.ticket.fill(value, &engine.completed(policy), scope.into_frame()),
        }
    }

    /// The same on a shelf, once the store has answered.
    pub(crate) async fn fill_and_wait<T>(self, value: Arc<T>, policy: &Policy, scope: Scope) -> bool
    where
        T: Send + Sync + 'static,
    {
        let Some(berth) = self.berth else { return self.fill(value, policy, scope) };
        let sent = send(self.ticket, &berth, value, policy, scope);
        match sent {
            Some(keeping) => keeping.await,
            None => false,
        }
    }

    /// Stores the value under another key, behind the same fence; those who wait look again. On a shelf: at another place of the same
    /// key.
    pub fn fill_elsewhere<T: Send + Sync + 'static>(
        self,
        key: impl AsRef<[u8]>,
        value: Arc<T>,
        policy: &Policy,
        scope: Scope,
    ) -> bool {
        let engine = Arc::clone(&self.ticket.engine);
        match self.berth.map(|berth| berth.elsewhere(key.as_ref())) {
            Some(berth) => {
                let ticket = self.ticket.elsewhere(berth.kind());
                keep_behind(&engine, send(ticket, &berth, value, policy, scope))
            }
            None => self.ticket.fill_elsewhere(key.as_ref(), value, &engine.completed(policy), scope.into_frame()),
        }
    }

    /// The result is not to be stored: one of those who wait tries once more, then everybody computes alone.
    ///
    /// # Example: an error is nobody else's
    /// ```
    /// use easy_cache_core::{Cache, Joined, Policy, Scope};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let cache = Cache::new();
    /// let Joined::Compute(computation) = cache.join("report").await else { unreachable!() };
    /// let failed = Err::<String, &str>("no paper");
    /// if failed.is_err() {
    ///     computation.decline(&Policy::new(), Scope::new());
    /// }
    /// assert!(!cache.contains("report").await);
    /// # }
    /// ```
    pub fn decline(self, policy: &Policy, scope: Scope) {
        self.ticket.decline(policy, scope.into_frame());
    }

    /// The result can never be shared: those who wait compute alone, all at once, without waiting any longer.
    pub fn scatter(self) {
        self.ticket.scatter();
    }
}

/// A value on its way to the store; none if it may not be kept.
fn send<T: Send + Sync + 'static>(
    ticket: Ticket,
    berth: &Berth,
    value: Arc<T>,
    policy: &Policy,
    scope: Scope,
) -> Option<Keeping> {
    let policy = ticket.engine.completed(policy);
    let value: Shared = value;
    let payload = berth.write(&value);
    ticket.send(value, payload, &policy, scope.into_frame())
}

/// Nobody waits for the store's answer but those who wait for the value.
fn keep_behind(engine: &Arc<Engine>, sent: Option<Keeping>) -> bool {
    let is_sent = sent.is_some();
    if let Some(keeping) = sent {
        Cache::over(Arc::clone(engine)).see_to(async {
            keeping.await;
        });
    }
    is_sent
}
