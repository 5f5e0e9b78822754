//! What people ask of a store: the entry as it is stored, whether or not it would be
//! served, beside the records that decide about it.
//!
//! Nothing here is on the way of a call. Applications ask by [`Cache::explain_in_store`](crate::Cache::explain_in_store), operators by the
//! command `easy-cache`.

use std::fmt;
use std::time::Duration;

use super::{Store, StoreFuture, Version};
use crate::Tag;

/// Is told how many names were looked at so far, where a server has to go through all of them.
pub type Progress<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// A [`Store`] that shows what it has.
///
/// # Example: why is it not served?
/// ```
/// use easy_cache_core::Error;
/// use easy_cache_core::store::{Found, Inspect};
///
/// async fn outdated(store: &impl Inspect, key: &[u8]) -> Result<bool, Error> {
///     for kind in store.kinds(key, &|_names| {}).await? {
///         if let Found::Entry(stored) = store.inspect(key, kind).await? {
///             return Ok(stored.depends_on.iter().any(|dependency| !dependency.is_current()));
///         }
///     }
///     Ok(false)
/// }
/// ```
pub trait Inspect: Store {
    /// The kinds of values that are stored under a key, in order. The server goes through the names of all that it has, in
    /// portions: a second or so for a million.
    fn kinds<'a>(&'a self, key: &'a [u8], progress: Progress<'a>) -> StoreFuture<'a, Vec<u64>>;

    /// What is stored under a key as a value of this kind, and the records that decide about it, as they are now. Two trips.
    fn inspect<'a>(&'a self, key: &'a [u8], kind: u64) -> StoreFuture<'a, Found>;

    /// What there is of the namespace, counted, and what the server says of itself. The server goes through the names of all that it has.
    fn survey<'a>(&'a self, progress: Progress<'a>) -> StoreFuture<'a, Survey>;
}

/// What is stored under a key and a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// Nothing.
    Nothing,
    /// So many bytes that are no entry of this layout.
    Unreadable(u64),
    /// An entry, which may or may not be served.
    Entry(Box<Stored>),
}

impl Found {
    /// Whether a call would be served: there is an entry, and all that it depends on is as it was.
    ///
    /// # Example
    /// ```
    /// assert!(!easy_cache_core::store::Found::Nothing.is_served());
    /// ```
    #[must_use]
    pub fn is_served(&self) -> bool {
        matches!(self, Self::Entry(stored) if stored.depends_on.iter().all(Dependency::is_current))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = match self {
            Self::Nothing => return f.write_str("nothing is stored"),
            Self::Unreadable(bytes) => return write!(f, "not served: {bytes} bytes that are no entry of this release"),
            Self::Entry(stored) => stored,
        };
        let mut changed = stored.depends_on.iter().filter(|dependency| !dependency.is_current());
        match changed.next() {
            None => f.write_str("served")?,
            Some(first) => {
                write!(f, "not served: {first}")?;
                changed.try_for_each(|other| write!(f, ", {other}"))?;
            }
        }
        write!(f, "; stored {:?} ago", stored.age)
    }
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The value, as the engine wrote it.
    pub payload: Vec<u8>,
    /// How long ago it was stored.
    pub age: Duration,
    /// How much longer the server keeps it; `None`: until it has to make room.
    pub remaining: Option<Duration>,
    /// All that has to be as it was: the namespace, the key, the tags.
    pub depends_on: Vec<Dependency>,
}

/// Something that has to be as it was if an entry is to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What it is.
    pub name: DependsOn,
    /// The version that the entry carries.
    pub stored: Version,
    /// The record as it is now.
    pub record: RecordState,
}

impl Dependency {
    /// Whether the record is as it was, and nobody holds it.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.record == RecordState::Free(self.stored)
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            DependsOn::Everything => f.write_str("the namespace ")?,
            DependsOn::Key => f.write_str("the key ")?,
            DependsOn::Tag(tag) => write!(f, "tag `{tag}` ")?,
        }
        f.write_str(match self.record {
            _ if self.is_current() => "is as it was",
            RecordState::Held => "is held by a writer",
            RecordState::Absent => "was invalidated, or its record was evicted",
            RecordState::Free(_) => "was invalidated since",
        })
    }
}

/// What an entry may depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependsOn {
    /// The namespace as a whole.
    Everything,
    /// Its own key.
    Key,
    /// A tag.
    Tag(Tag),
}

/// A record as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordState {
    /// There is none: it was invalidated, has expired, or was evicted.
    Absent,
    /// A version.
    Free(Version),
    /// A writer holds it.
    Held,
}

/// What there is of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Entries, those included that would not be served any more.
    pub entries: u64,
    /// Records of keys, tags and the namespace.
    pub records: u64,
    /// Keys that one process computes for all, now.
    pub leases: u64,
    /// The names that belong to others, as far as the server showed them.
    pub others: u64,
    /// What the server says of itself: names and values, in the server's words.
    pub server: Vec<(String, String)>,
}
