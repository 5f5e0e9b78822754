//! What a store outside the process does for the engine. How it does it, in which layout and over which connection, is its
//! own business; what is in the payloads is the engine's.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{Inspect, OwnedLook, Version};
use crate::{Error, Tag};

/// What the operations of a [`Store`] return. Dropping it may leave the operation done or not done.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A store outside the process that keeps the records of the protocol and the entries of one namespace.
///
/// Implement it to keep the whole protocol in one trip for each operation. A store that can only get, set and delete
/// implements [`PlainStore`](super::PlainStore) instead, and leaves the protocol to the [`Adapter`](super::Adapter).
///
/// # What every store has to keep
///
/// - Once [`invalidate`](Self::invalidate) has returned, no lookup that starts later yields an entry that was filled behind a
///   fence from before it, under one of its names; and no fill behind such a fence is [`Filled::Kept`].
/// - Any record may be lost at any time. That may cause misses and refused fills, and nothing else.
/// - Tags known before the computation and tags known only at the fill follow the same rule.
/// - Held tags ([`hold`](Self::hold)) keep entries from being served; a hold whose deadline passes counts as an invalidation.
/// - No clock of a client is compared with anything: expiry and deadlines are the store's.
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// The entry of a key with the records that decide whether it may be served, or what a computation needs to begin.
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked>;

    /// The same by a future that borrows nothing, and so goes wherever its caller goes. Default: [`look`](Self::look), in one more piece of
    /// memory; a store that is asked very often saves that.
    fn look_owned(self: Arc<Self>, look: OwnedLook) -> StoreFuture<'static, Looked> {
        Box::pin(async move { self.look(look.borrowed()).await })
    }

    /// Offers a computed value.
    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled>;

    /// Drops the entries of tags and keys, and refuses what is being computed under them.
    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()>;

    /// The same for everything in the namespace.
    fn invalidate_all(&self) -> StoreFuture<'_, ()>;

    /// Marks tags for a writer until it releases them, or until `within` has passed by the store's clock.
    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()>;

    /// Takes a writer's marks away. What was invalidated meanwhile stays so.
    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()>;

    /// Asks to be the only process that computes a key, until the lease is ended or `within` has passed by the store's clock.
    ///
    /// A store that has none says so, which is the default: then everybody computes.
    fn lease<'a>(&'a self, key: &'a [u8], holder: Version, within: Duration) -> StoreFuture<'a, Leased> {
        let _ = (key, holder, within);
        Box::pin(std::future::ready(Ok(Leased::Unsupported)))
    }

    /// Ends a lease, if it is still this holder's.
    fn end_lease<'a>(&'a self, key: &'a [u8], holder: Version) -> StoreFuture<'a, ()> {
        let _ = (key, holder);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether it leaves alone by itself what is down in it (a node; see [`Breaker`](super::Breaker)), and answers at once for that. Then
    /// there is none around the store as a whole, which would stop asking the healthy ones as well. Default: no.
    fn guards_itself(&self) -> bool {
        false
    }

    /// What it has, for people who ask why something is served or not; `None` if it shows nothing, which is the default.
    fn inspector(&self) -> Option<&dyn Inspect> {
        None
    }

    /// Tells a near cache of every change from now on, until what is returned is dropped; `None` if the store cannot, which is
    /// the default: then nothing is kept near.
    ///
    /// It returns at once. While the connection for it is not up, or not proved, the near cache serves nothing. The store asks for a
    /// proof (see [`Mirror::ask`]) at least three times within `bound`.
    fn follow(&self, mirror: Arc<dyn Mirror>, bound: Duration) -> Option<Following> {
        let _ = (mirror, bound);
        None
    }
}

/// A near cache, as the store sees it that it follows: what keeps copies of entries in this process.
///
/// Its methods are called where news of the store is read, in the order in which it arrives, and return at once.
pub trait Mirror: Send + Sync + fmt::Debug + 'static {
    /// The records of these names may have changed (or may have been made): what depends on them is forgotten.
    fn forget(&self, tags: &[Tag], keys: &[&[u8]]);

    /// Any record may have changed: the connection was lost or is new, the store was flushed, news cannot be read. Nothing is served until
    /// the next proof.
    fn forget_everything(&self);

    /// Taken right before a proof is asked for, on the connection that carries the news.
    fn ask(&self) -> Asked;

    /// The answer has arrived, on that connection: whatever was acknowledged to anybody before the question was sent, has been told.
    fn proved(&self, asked: Asked);
}

/// When a proof was asked for. Its meaning is the near cache's own.
#[derive(Debug, Clone, Copy)]
pub struct Asked(u64);

impl Asked {
    /// What the near cache wants to see again.
    #[must_use]
    pub const fn new(content: u64) -> Self {
        Self(content)
    }

    /// What it was made of.
    #[must_use]
    pub const fn content(self) -> u64 {
        self.0
    }
}

/// Keeps a near cache told of changes. Dropping it ends that.
pub struct Following(#[expect(dead_code, reason = "kept for its drop")] Box<dyn Any + Send + Sync>);

impl Following {
    /// Ends when `guard` is dropped.
    pub fn new<T: Send + Sync + 'static>(guard: T) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Following")
    }
}

/// The answer to a request for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    /// The caller computes.
    Yours,
    /// Somebody else has it.
    Taken,
    /// This store has no leases.
    Unsupported,
}

/// A lookup.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Look<'a> {
    /// The key of the entry: what it is invalidated by.
    pub key: &'a [u8],
    /// What kind of value it is: the same in two programs only if each can read what the other stores. Entries of one key and several
    /// kinds stand side by side, and an invalidation of the key drops all of them.
    pub kind: u64,
    /// The tags that the entry will carry as far as they are known now. Their versions are worth noting on a miss.
    pub tags: &'a [Tag],
}

impl<'a> Look<'a> {
    /// Asks for this key.
    #[must_use]
    pub const fn new(key: &'a [u8], tags: &'a [Tag]) -> Self {
        Self { key, kind: 0, tags }
    }
}

/// The answer to a [`Look`].
#[derive(Debug)]
pub enum Looked {
    /// An entry that may be served.
    Hit(Hit),
    /// There is none.
    Miss(Miss),
}

/// An entry that may be served.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Hit {
    /// What was filled.
    pub payload: Vec<u8>,
    /// The tags it carries, with their versions.
    pub tags: Vec<VersionedTag>,
    /// The version of the namespace as a whole.
    pub epoch: Version,
    /// What a computation has to carry to its fill if the caller cannot use this entry and replaces it.
    pub fence: Option<StoreFence>,
    /// How long it has been stored; zero where nobody can say.
    pub age: Duration,
    /// How much longer it is kept; `None` if it has no ttl. That is what the engine reads the entry's age off, if it can.
    pub remaining: Option<Duration>,
    /// Whether a near cache will be told when this entry is no longer good: by its tags, by its key, and with everything. Only then is
    /// it kept near.
    pub followed: bool,
}

impl Hit {
    /// An entry without ttl, stored just now.
    #[must_use]
    pub const fn new(payload: Vec<u8>, tags: Vec<VersionedTag>, epoch: Version) -> Self {
        Self { payload, tags, epoch, fence: None, age: Duration::ZERO, remaining: None, followed: false }
    }
}

/// A tag, and the version of its record that a value depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedTag {
    /// The tag.
    pub tag: Tag,
    /// Its version.
    pub version: Version,
}

/// There is nothing to serve.
#[derive(Debug)]
pub struct Miss {
    /// Why.
    pub reason: MissReason,
    /// What the computation has to carry to its fill: it was read before the computation can begin. `None`: nothing that is
    /// computed now can be kept; the attempt may create what was missing.
    pub fence: Option<StoreFence>,
}

/// Why there is nothing to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissReason {
    /// Nothing is stored under the key, or it has expired.
    Absent,
    /// A tag, the key or the namespace was invalidated, or a record is gone.
    Outdated,
    /// A writer holds one of its tags.
    Held,
    /// What is stored is not an entry that this version of the program can read.
    Unreadable,
}

/// What a lookup leaves for the fill that follows it. Its content is the store's own; it never leaves the process.
#[derive(Clone)]
pub struct StoreFence(Content);

#[derive(Clone)]
enum Content {
    Any(Arc<dyn Any + Send + Sync>),
    Words([u64; 4]),
}

impl StoreFence {
    /// Wraps what the store wants to see again, at the cost of one allocation.
    pub fn new<T: Send + Sync + 'static>(content: T) -> Self {
        Self(Content::Any(Arc::new(content)))
    }

    /// The same for what is said in a few numbers: without an allocation.
    ///
    /// # Example
    /// ```
    /// use easy_cache_core::store::StoreFence;
    ///
    /// let fence = StoreFence::of_words([1, 2, 3, 4]);
    /// assert_eq!((fence.words(), fence.content::<u64>()), (Some([1, 2, 3, 4]), None));
    /// assert_eq!(StoreFence::new(5_u64).words(), None);
    /// ```
    #[must_use]
    pub const fn of_words(words: [u64; 4]) -> Self {
        Self(Content::Words(words))
    }

    /// What was wrapped, if it is of this type.
    #[must_use]
    pub fn content<T: 'static>(&self) -> Option<&T> {
        match &self.0 {
            Content::Any(content) => content.downcast_ref(),
            Content::Words(_) => None,
        }
    }

    /// The numbers, if it was made of numbers.
    #[must_use]
    pub const fn words(&self) -> Option<[u64; 4]> {
        match &self.0 {
            Content::Any(_) => None,
            Content::Words(words) => Some(*words),
        }
    }
}

impl fmt::Debug for StoreFence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreFence")
    }
}

/// A computed value on its way into the store.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Fill<'a> {
    /// The key of the entry.
    pub key: &'a [u8],
    /// What kind of value it is; see [`Look::kind`].
    pub kind: u64,
    /// What is to be stored.
    pub payload: &'a [u8],
    /// All tags of the entry, each once.
    pub tags: &'a [Tag],
    /// Those of them that came with a value that was used on the way, with the version seen there. The entry depends on that
    /// version.
    pub seen: &'a [VersionedTag],
    /// The same for the namespace as a whole.
    pub epoch: Option<Version>,
    /// What the lookup before the computation left.
    pub fence: Option<&'a StoreFence>,
    /// How long the entry is to be kept; `None`: until it is invalidated, or has to make room.
    pub ttl: Option<Duration>,
    /// For how much of that it is fresh, if not for all of it. Only of use to a store that cannot tell how much longer it keeps an entry
    /// ([`Hit::remaining`]): the engine tells by that.
    pub fresh: Option<Duration>,
    /// Whether others wait for this value and will take it if it is kept. They may have started after invalidations that the
    /// computation has not seen, so "kept" must mean that there were none; and after a writer has returned that still holds a tag, so it
    /// must mean that none is held.
    pub awaited: bool,
}

impl<'a> Fill<'a> {
    /// A value without tags and without ttl, that nobody waits for.
    #[must_use]
    pub const fn new(key: &'a [u8], payload: &'a [u8], fence: Option<&'a StoreFence>) -> Self {
        Self { key, kind: 0, payload, tags: &[], seen: &[], epoch: None, fence, ttl: None, fresh: None, awaited: false }
    }

    /// The version of a tag that was seen on the way.
    #[must_use]
    pub fn seen_version(&self, tag: &Tag) -> Option<Version> {
        self.seen.iter().find(|seen| seen.tag == *tag).map(|seen| seen.version)
    }
}

/// What became of a [`Fill`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filled {
    /// It is stored.
    Kept,
    /// Something it depends on was invalidated, or may have been.
    Outdated,
    /// It was not stored for another reason: the fence is missing, a writer holds a tag, it is too large.
    NotKept,
}

/// A writer and what it holds.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Mark<'a> {
    /// The writer, unique in the world.
    pub writer: Version,
    /// The tags; `None` for everything in the namespace.
    pub tags: Option<&'a [Tag]>,
}

impl<'a> Mark<'a> {
    /// A writer's mark on tags, or on everything.
    #[must_use]
    pub const fn new(writer: Version, tags: Option<&'a [Tag]>) -> Self {
        Self { writer, tags }
    }
}
