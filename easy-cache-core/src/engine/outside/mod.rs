//! The store outside the process, as the engine uses it: every operation ends in time, and an invalidation that could not be
//! delivered is delivered before anything from the store is trusted again.

pub(crate) mod arrived;
mod courier;
mod keeping;
pub(crate) mod label;
mod lease;
mod marks;
mod question;
mod throttle;
mod travel;
mod undelivered;

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::backend::memory::Kept;
use crate::backend::shared::KeptPass;
use crate::clock::{Clock, Moment};
use crate::events::Events;
use crate::spawn::Spawner;
use crate::store::{
    Breaker, Fill, Filled, Following, Found, Look, Looked, Mirror, OwnedLook, Pass, Store, StoreFence, StoreFuture,
    Version, VersionedTag,
};
use crate::timer::Deadline;
use crate::{Error, ErrorKind, Format, Tag};
pub(crate) use arrived::Errand;
pub(crate) use keeping::Keeping;
pub(crate) use label::Label;
pub(crate) use lease::Lease;
pub(crate) use marks::{Holding, Marked};
pub(crate) use question::Looking;
use question::Question;
use throttle::Throttle;
pub(crate) use travel::{Landed, Travel};
pub(crate) use undelivered::Names;
use undelivered::Undelivered;

/// Larger values are not offered to a store, unless the builder says otherwise: half of what Redis takes at most is a hundred times of what it
/// is good at.
pub(crate) const LARGEST_VALUE: usize = 16 << 20;

/// An operation on the store that owns all it needs.
pub(crate) type Trip<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// One store with what is said about its use. Cloning yields the same.
#[derive(Debug, Clone)]
pub(crate) struct Outside(Arc<Use>);

/// A store, and what is said about its use.
#[derive(Debug)]
pub(crate) struct Use {
    store: Arc<dyn Store>,
    timeout: Duration,
    clock: Clock,
    pub(crate) format: Format,
    /// Larger values are not kept.
    pub(crate) largest_value: usize,
    throttle: Throttle,
    /// None around a store that sees to that by itself.
    breaker: Option<Breaker>,
    undelivered: Undelivered,
    spawner: Spawner,
    events: Arc<Events>,
}

impl Deref for Outside {
    type Target = Use;

    fn deref(&self) -> &Use {
        &self.0
    }
}

/// Whether the store is left alone while it is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Usual,
    /// It is asked all the same.
    Regardless,
}

/// All that is said about a store when the cache is made.
pub(crate) struct Access {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) timeout: Duration,
    pub(crate) clock: Clock,
    pub(crate) format: Format,
    pub(crate) largest_value: usize,
    pub(crate) breaker: Breaker,
    pub(crate) spawner: Spawner,
    pub(crate) events: Arc<Events>,
}

/// What a computation brings along from its lookup.
#[derive(Debug)]
pub(crate) struct Sight {
    /// The key that the store knows, if it is another than that of the computation.
    pub(crate) key: Option<Box<[u8]>>,
    /// What the store wants to see again; without it nothing is offered to it.
    pub(crate) fence: Option<StoreFence>,
    /// Whether the store has answered.
    pub(crate) is_reached: bool,
    /// The kind of value that was looked for.
    pub(crate) kind: u64,
    /// What is stored now, however old.
    pub(crate) before: Option<Kept>,
}

impl Sight {
    fn nothing(errand: Errand<'_>) -> Self {
        Self { key: errand.key.map(Into::into), fence: None, is_reached: false, kind: errand.kind, before: None }
    }

    /// The store has answered with this.
    fn reach(&mut self, fence: Option<StoreFence>) {
        (self.fence, self.is_reached) = (fence, true);
    }

    pub(crate) const fn of(fence: Option<StoreFence>, kind: u64) -> Self {
        Self { key: None, fence, is_reached: true, kind, before: None }
    }
}

/// A value on its way out, with everything that it depends on.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) key: Box<[u8]>,
    pub(crate) kind: u64,
    pub(crate) payload: Vec<u8>,
    pub(crate) tags: Vec<Tag>,
    /// The versions of them, and of the whole, that came with values that were used on the way.
    pub(crate) seen: Vec<VersionedTag>,
    pub(crate) epoch: Option<Version>,
    pub(crate) fence: Option<StoreFence>,
    pub(crate) ttl: Option<Duration>,
    /// For how much of that it is fresh, if not for all of it.
    pub(crate) fresh: Option<Duration>,
    pub(crate) awaited: bool,
}

impl Outside {
    pub(crate) fn new(access: Access) -> Self {
        let Access { store, timeout, clock, format, largest_value, breaker, spawner, events } = access;
        let breaker = (!store.guards_itself()).then_some(breaker);
        let (undelivered, throttle) = (Undelivered::default(), Throttle::new());
        Self(Arc::new(Use {
            store,
            timeout,
            clock,
            format,
            largest_value,
            throttle,
            breaker,
            undelivered,
            spawner,
            events,
        }))
    }

    /// Asks the store to tell a near cache of changes, if it can.
    pub(crate) fn follow(&self, mirror: Arc<dyn Mirror>, bound: Duration) -> Option<Following> {
        self.store.follow(mirror, bound)
    }

    /// Delivers what is owed to the store, then looks. To be polled at once: what is owed is asked for here.
    pub(crate) fn look(&self, key: &[u8], kind: u64, tags: &[Tag]) -> Looking {
        self.throttle.note_kind(key, kind);
        let look = OwnedLook::of(Look { kind, ..Look::new(key, tags) });
        if self.undelivered.is_clear() {
            return Looking::Now(self.clone().look_now(look, None));
        }
        let outside = self.clone();
        Looking::Later(Box::pin(async move {
            let by = outside.delivered_first().await?;
            outside.look_now(look, by).await
        }))
    }

    fn look_now(self, look: OwnedLook, by: Option<Moment>) -> Question<'static, Looked, Self> {
        let looking = Arc::clone(&self.store).look_owned(look);
        Question::new(self, "look up an entry", by, Asking::Usual, looking)
    }

    /// What the store has under a key, for people. What is owed to it is delivered before, so that it says what a call would find.
    pub(crate) async fn inspect(&self, key: &[u8]) -> Result<Found, Error> {
        let nothing = || Error::store("failed to look into a store", "it shows nothing of what it has");
        let inspector = self.store.inspector().ok_or_else(nothing)?;
        let by = self.delivered_first().await?;
        self.ask("look at an entry", by, Asking::Usual, inspector.inspect(key, self.kind_of(key))).await
    }

    /// Nobody in this process tries to compute the key anew before this moment, since it has failed.
    pub(crate) fn throttle(&self, key: &[u8], kind: u64, until: Moment) {
        self.throttle.set(key, kind, until);
    }

    fn retry_at(&self, key: &[u8], kind: u64) -> Option<Moment> {
        self.throttle.until(key, kind)
    }

    /// The kind of value that was last asked for under a key, as far as this process remembers.
    pub(crate) fn kind_of(&self, key: &[u8]) -> u64 {
        self.throttle.kind_of(key)
    }

    pub(crate) fn fill(&self, parcel: Parcel) -> Trip<Filled> {
        let outside = self.clone();
        Box::pin(async move {
            let by = outside.delivered_first().await?;
            let fill = Fill {
                kind: parcel.kind,
                tags: &parcel.tags,
                seen: &parcel.seen,
                epoch: parcel.epoch,
                ttl: parcel.ttl,
                fresh: parcel.fresh,
                awaited: parcel.awaited,
                ..Fill::new(&parcel.key, &parcel.payload, parcel.fence.as_ref())
            };
            outside.ask("store a value", by, Asking::Usual, outside.store.fill(fill)).await
        })
    }

    /// What is owed, if anything is. Then one deadline counts for that and for what is done after it.
    fn delivered_first(&self) -> Delivered<'_> {
        if self.undelivered.is_clear() {
            return Delivered { by: None, delivery: None };
        }
        let by = self.deadline();
        Delivered { by: Some(by), delivery: Some(Box::pin(self.deliver(by, Asking::Usual))) }
    }

    /// Until when an operation that begins now may take, with all that has to be done before it.
    fn deadline(&self) -> Moment {
        self.clock.deadline(self.timeout)
    }

    /// One operation, unless the store is left alone. How it goes is what the circuit depends on. Without a deadline that counts
    /// already, it has the whole of the timeout.
    fn ask<'a, T>(
        &'a self,
        what: &'static str,
        by: Option<Moment>,
        asking: Asking,
        operation: StoreFuture<'a, T>,
    ) -> Question<'a, T> {
        Question::new(&self.0, what, by, asking, operation)
    }

    async fn in_time<T>(
        &self,
        what: &str,
        by: Moment,
        operation: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let mut operation = std::pin::pin!(operation);
        let mut deadline = Deadline::at(by);
        let timed = std::future::poll_fn(|cx: &mut Context<'_>| match operation.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending if deadline.has_passed(&self.clock, cx) => Poll::Ready(Err(self.late(what))),
            Poll::Pending => Poll::Pending,
        });
        timed.await
    }
}

impl Use {
    fn enter(&self, asking: Asking) -> Result<Option<Pass<'_>>, Error> {
        match &self.breaker {
            Some(breaker) if asking == Asking::Usual => breaker.enter().map(Some),
            _ => Ok(None),
        }
    }

    /// The pass of who was let through, for its last step.
    fn pass(&self, kept: &mut Option<KeptPass>) -> Option<Pass<'_>> {
        let kept = kept.take()?;
        self.breaker.as_ref().map(|breaker| breaker.resume(kept))
    }

    fn late(&self, what: &str) -> Error {
        Error::new(ErrorKind::TimedOut, format!("failed to {what}: the store did not answer within {:?}", self.timeout))
    }
}

/// Waits for what is owed to the store, which is mostly nothing. Yields the deadline for what comes next, if it counts already.
struct Delivered<'a> {
    by: Option<Moment>,
    delivery: Option<StoreFuture<'a, ()>>,
}

impl Future for Delivered<'_> {
    type Output = Result<Option<Moment>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let by = self.by;
        match &mut self.delivery {
            None => Poll::Ready(Ok(by)),
            Some(delivery) => delivery.as_mut().poll(cx).map_ok(|()| by),
        }
    }
}
