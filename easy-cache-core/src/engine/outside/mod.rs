//! The store outside the process, as the engine uses it: every operation ends in time, and an invalidation that could not be
//! delivered is delivered before anything from the store is trusted again.

pub(crate) mod arrived;
mod keeping;
mod label;
mod throttle;
mod travel;
mod undelivered;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::backend::memory::Kept;
use crate::clock::{Clock, Moment};
use crate::store::{Fill, Filled, Look, Looked, Mark, Store, StoreFence, Version};
use crate::timer::Deadline;
use crate::{Error, ErrorKind, Format, Tag};
pub(crate) use arrived::Errand;
pub(crate) use keeping::Keeping;
pub(crate) use label::Label;
use throttle::Throttle;
pub(crate) use travel::{Landed, Travel};
pub(crate) use undelivered::Names;
use undelivered::{Sending, Undelivered};

/// Larger values are not offered to a store, unless the builder says otherwise: half of what Redis takes at most is a hundred times of what it
/// is good at.
const LARGEST: usize = 16 << 20;

/// An operation on the store that owns all it needs.
pub(crate) type Trip<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// One store with what is said about its use. Cloning yields the same.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    store: Arc<dyn Store>,
    timeout: Duration,
    clock: Clock,
    pub(crate) format: Format,
    /// Larger values are not kept.
    pub(crate) max_value: usize,
    undelivered: Arc<Undelivered>,
    throttle: Arc<Throttle>,
}

/// What a computation brings along from its lookup.
#[derive(Debug)]
pub(crate) struct Sight {
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
    const fn nothing(kind: u64) -> Self {
        Self { fence: None, is_reached: false, kind, before: None }
    }

    pub(crate) const fn of(fence: Option<StoreFence>, kind: u64) -> Self {
        Self { fence, is_reached: true, kind, before: None }
    }
}

/// A value on its way out, with everything that it depends on.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) key: Box<[u8]>,
    pub(crate) kind: u64,
    pub(crate) payload: Vec<u8>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) fence: Option<StoreFence>,
    pub(crate) ttl: Option<Duration>,
    /// For how much of that it is fresh, if not for all of it.
    pub(crate) fresh: Option<Duration>,
    pub(crate) awaited: bool,
}

/// What a writer holds.
#[derive(Debug, Clone)]
pub(crate) struct Marked {
    writer: Version,
    tags: Option<Arc<[Tag]>>,
}

impl Outside {
    pub(crate) fn new(store: Arc<dyn Store>, timeout: Duration, clock: Clock, format: Format) -> Self {
        let (undelivered, throttle) = (Arc::default(), Arc::new(Throttle::new()));
        Self { store, timeout, clock, format, max_value: LARGEST, undelivered, throttle }
    }

    /// Delivers what is owed to the store, then looks.
    pub(crate) fn look(&self, key: &[u8], kind: u64, tags: &[Tag]) -> Trip<Looked> {
        self.throttle.note_kind(key, kind);
        let (outside, key, tags) = (self.clone(), Box::<[u8]>::from(key), tags.to_vec());
        Box::pin(async move {
            outside.deliver().await?;
            outside.in_time("look up an entry", outside.store.look(Look { kind, ..Look::new(&key, &tags) })).await
        })
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
            outside.deliver().await?;
            let fill = Fill {
                kind: parcel.kind,
                tags: &parcel.tags,
                ttl: parcel.ttl,
                fresh: parcel.fresh,
                awaited: parcel.awaited,
                ..Fill::new(&parcel.key, &parcel.payload, parcel.fence.as_ref())
            };
            outside.in_time("store a value", outside.store.fill(fill)).await
        })
    }

    /// Invalidates names here and now; if that fails, or if it is not waited for, before the next look.
    pub(crate) async fn invalidate(&self, names: Names) -> Result<(), Error> {
        let sending = Sending::new(&self.undelivered, names);
        self.send(sending.names()).await?;
        sending.delivered();
        Ok(())
    }

    async fn deliver(&self) -> Result<(), Error> {
        let Some(owed) = self.undelivered.take() else { return Ok(()) };
        self.send(owed.names()).await?;
        owed.delivered();
        Ok(())
    }

    async fn send(&self, names: &Names) -> Result<(), Error> {
        if names.everything {
            return self.in_time("invalidate everything", self.store.invalidate_all()).await;
        }
        let keys: Vec<&[u8]> = names.keys.iter().map(|key| &**key).collect();
        self.in_time("invalidate", self.store.invalidate(&names.tags, &keys)).await
    }

    /// Marks the tags, or everything, for a new writer. If that fails nothing is held: the writer goes on all the same.
    pub(crate) async fn hold(&self, tags: Option<Arc<[Tag]>>, within: Duration) -> Option<Marked> {
        let held = async {
            let marked = Marked { writer: Version::random()?, tags };
            self.in_time("hold tags", self.store.hold(marked.mark(), within)).await?;
            Ok::<_, Error>(marked)
        };
        held.await.inspect_err(|error| tracing::warn!(%error, "a writer goes on without its hold")).ok()
    }

    /// Takes the marks away. If that fails, their deadline does it.
    pub(crate) async fn release(&self, marked: &Marked) {
        if let Err(error) = self.in_time("release tags", self.store.release(marked.mark())).await {
            tracing::warn!(%error, "held tags are not served before their deadline");
        }
    }

    async fn in_time<T>(
        &self,
        what: &str,
        operation: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let mut operation = std::pin::pin!(operation);
        let mut deadline = Deadline::after(&self.clock, self.timeout);
        let timed = std::future::poll_fn(|cx: &mut Context<'_>| match operation.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending if deadline.has_passed(&self.clock, cx) => Poll::Ready(Err(self.late(what))),
            Poll::Pending => Poll::Pending,
        });
        timed.await
    }

    fn late(&self, what: &str) -> Error {
        Error::new(ErrorKind::TimedOut, format!("failed to {what}: the store did not answer within {:?}", self.timeout))
    }
}

impl Marked {
    fn mark(&self) -> Mark<'_> {
        Mark::new(self.writer, self.tags.as_deref())
    }
}
