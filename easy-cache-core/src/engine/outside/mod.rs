//! The store outside the process, as the engine uses it: every operation ends in time, and an invalidation that could not be
//! delivered is delivered before anything from the store is trusted again.

mod keeping;
mod travel;
mod undelivered;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::store::{Fill, Filled, Following, Look, Looked, Mark, Mirror, Store, StoreFence, Version, VersionedTag};
use crate::timer::Deadline;
use crate::{Error, ErrorKind, Format, Tag};
pub(crate) use keeping::Keeping;
pub(crate) use travel::{Arrived, Landed, Sight, Travel};
pub(crate) use undelivered::Names;
use undelivered::{Sending, Undelivered};

/// An operation on the store that owns all it needs.
pub(crate) type Trip<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// One store with what is said about its use. Cloning yields the same.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    store: Arc<dyn Store>,
    timeout: Duration,
    clock: Clock,
    pub(crate) format: Format,
    undelivered: Arc<Undelivered>,
}

/// A value on its way out, with everything that it depends on.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) key: Box<[u8]>,
    pub(crate) payload: Vec<u8>,
    pub(crate) tags: Vec<Tag>,
    /// The versions of them, and of the whole, that came with values that were used on the way.
    pub(crate) seen: Vec<VersionedTag>,
    pub(crate) epoch: Option<Version>,
    pub(crate) fence: Option<StoreFence>,
    pub(crate) ttl: Option<Duration>,
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
        Self { store, timeout, clock, format, undelivered: Arc::default() }
    }

    /// Asks the store to tell a near cache of changes, if it can.
    pub(crate) fn follow(&self, mirror: Arc<dyn Mirror>, bound: Duration) -> Option<Following> {
        self.store.follow(mirror, bound)
    }

    /// Tells the near cache of what this process sends itself.
    pub(crate) fn tell_near(&self, engine: &Arc<Engine>) {
        self.undelivered.tell_near(engine);
    }

    /// Delivers what is owed to the store, then looks.
    pub(crate) fn look(&self, key: &[u8], tags: &[Tag]) -> Trip<Looked> {
        let (outside, key, tags) = (self.clone(), Box::<[u8]>::from(key), tags.to_vec());
        Box::pin(async move {
            outside.deliver().await?;
            outside.in_time("look up an entry", outside.store.look(Look::new(&key, &tags))).await
        })
    }

    /// Whether there is an entry that may be served.
    pub(crate) async fn sees(&self, key: &[u8]) -> bool {
        matches!(self.look(key, &[]).await, Ok(Looked::Hit(_)))
    }

    pub(crate) fn fill(&self, parcel: Parcel) -> Trip<Filled> {
        let outside = self.clone();
        Box::pin(async move {
            outside.deliver().await?;
            let fill = Fill {
                tags: &parcel.tags,
                seen: &parcel.seen,
                epoch: parcel.epoch,
                ttl: parcel.ttl,
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
