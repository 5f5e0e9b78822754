//! The reasons for what a cache does, as values for programs and as the words that metrics and events use for them.

use crate::Tag;

/// Why a call found nothing to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissReason {
    /// Nothing is stored under the key, and nothing is remembered of it.
    Absent,
    /// The entry had to make room.
    Evicted,
    /// The key was invalidated.
    Removed,
    /// A value was computed, and not kept: see [`Refusal`].
    Refused,
    /// The ttl has passed.
    Expired,
    /// A tag, or the whole namespace, was invalidated.
    Outdated,
    /// A writer holds a tag: its transaction is under way.
    Held,
    /// The value is of another type: two functions use one key.
    OtherType,
    /// The cache is switched off.
    Disabled,
    /// The call is made inside a transaction.
    Bypassed,
}

impl MissReason {
    /// The word for it in metrics and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Evicted => "evicted",
            Self::Removed => "removed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Outdated => "outdated",
            Self::Held => "held",
            Self::OtherType => "other_type",
            Self::Disabled => "disabled",
            Self::Bypassed => "bypassed",
        }
    }
}

/// Why a value that is not fresh was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Staleness {
    /// Past its ttl and within its grace, while it is computed anew.
    Grace,
    /// Computing it anew failed. Counted once for each failure; afterwards it is good for its throttle, and found like any hit.
    FailSafe,
    /// Computing it anew takes too long.
    Slow,
    /// A tag of it was invalidated not long ago, and its policy bears that.
    Outdated,
}

impl Staleness {
    /// The word for it in metrics and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grace => "grace",
            Self::FailSafe => "fail_safe",
            Self::Slow => "slow",
            Self::Outdated => "outdated",
        }
    }
}

/// How a computation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadOutcome {
    /// Its value is kept.
    Stored,
    /// Its value was offered and not kept: see [`Refusal`].
    Refused,
    /// Its result is not to be stored: an error, say, or one that a condition excludes.
    NotStored,
    /// It panicked, or nobody waited for it any longer.
    Abandoned,
}

impl LoadOutcome {
    /// The word for it in metrics and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::NotStored => "not_stored",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Why a computed value was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Its key was invalidated while it was computed.
    Key,
    /// This tag was invalidated while it was computed, or after it was seen.
    Tag(Tag),
    /// The whole namespace was invalidated while it was computed.
    Everything,
    /// It saw what others may not see, or was built from something that is not kept itself.
    Tainted,
    /// It was built from a value that is not fresh.
    Stale,
    /// The cache was switched off meanwhile, or a transaction began.
    Unusable,
    /// It depends on tags whose invalidations would not all be heard of where it would be kept: those of another cache, if one of
    /// the two has a store outside the process.
    Foreign,
}

impl Refusal {
    /// The word for it in metrics and events.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Tag(_) => "tag",
            Self::Everything => "everything",
            Self::Tainted => "tainted",
            Self::Stale => "stale",
            Self::Unusable => "unusable",
            Self::Foreign => "foreign",
        }
    }

    /// The tag that was in the way.
    #[must_use]
    pub const fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            _ => None,
        }
    }
}

/// Where a call found its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// In this process, which is where the values are kept.
    Memory,
    /// In this process, as a [copy](crate::CacheBuilder::near) of what a store outside has.
    Near,
    /// In a store outside the process.
    Store,
}

impl Tier {
    /// The word for it in metrics and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Near => "near",
            Self::Store => "store",
        }
    }
}

/// What was invalidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invalidation {
    /// One key.
    Key,
    /// Tags, or a prefix, which is one.
    Tags,
    /// The whole namespace.
    Everything,
    /// A tag that a writer held beyond its deadline.
    Deadline,
}

impl Invalidation {
    /// The word for it in metrics and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Tags => "tags",
            Self::Everything => "everything",
            Self::Deadline => "deadline",
        }
    }
}
