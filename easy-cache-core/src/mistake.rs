//! Mistakes that the proofs put back into the engine, one at a time, to see whether they notice. In an ordinary build none can
//! be made, and the compiler removes every question after them; under `--cfg easy_cache_mutations` a test chooses one.

macro_rules! mistakes {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// One rule of the protocol, broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(not(easy_cache_mutations), expect(unreachable_pub, reason = "tests of mistakes alone name it"))]
        pub enum Mistake {
            $($(#[doc = $doc])+ $name,)+
        }

        #[cfg(easy_cache_mutations)]
        impl Mistake {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// What goes wrong.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

mistakes! {
    /// The fence is taken when the computation is done.
    FenceAfterCompute,
    /// A value that renews another takes its fence when it is done.
    RefreshWithoutFence,
    /// What is past its ttl is served without a look at the versions of its tags.
    StaleUncompared,
    /// An invalidation bumps the cells before it raises the buckets.
    CellsBeforeBuckets,
    /// A bucket is set rather than raised: a slow invalidation with an old number undoes a newer one.
    BucketWithoutMaximum,
    /// A fill does not look at the buckets of its tags, so that tags known only from the result are not checked.
    LateTagsUnchecked,
    /// A fill takes the tags that were seen on the way as they are now.
    SeenVersionsUncompared,
    /// An entry carries the epoch that its fill found, and not its fence's.
    EpochUnchecked,
    /// A follower takes what is held: he may have called after its deadline, or after a writer has returned that still holds.
    FollowerTakesHeld,
    /// A fill checks the key before it locks the stripe.
    KeyCheckedBeforeStripe,
    /// A removal takes the entry out before it raises the key's bucket.
    RemoveBeforeBucket,
    /// A flight stays open to joiners until its value is stored.
    FlightClosedAfterFill,
    /// A follower takes whatever it is given.
    FollowerTakesOutdated,
    /// A caller that comes after the closing takes the value as if it had come before.
    LatecomerTakes,
    /// A leader does not look again before it computes.
    LeaderLooksOnce,
    /// A lookup serves what is held.
    HeldIsServed,
    /// An expired hold is dropped without an invalidation.
    ExpiredHoldForgotten,
    /// Whoever releases clears the holds of the others as well.
    ReleaseClearsOthers,
    /// A writer releases before it invalidates.
    ReleaseBeforeInvalidate,
    /// A record is swept, and made anew beside an invalidation, while an entry still points to the old one.
    RecordRecreated,
    /// The tags of a value do not flow into the computation that uses it.
    TagsStayInside,
    /// A copy is kept near whatever was heard since its lookup was sent.
    KeptNearUnasked,
    /// What is heard of a store reaches the cells before the buckets.
    NewsBeforeBuckets,
    /// What was copied while this process invalidated it is not forgotten.
    OwnNewsAwaited,
    /// What is built from a copy is stored without the versions that came with it.
    OriginForgotten,
}

#[cfg(not(easy_cache_mutations))]
impl Mistake {
    #[inline(always)]
    pub(crate) const fn is_made(self) -> bool {
        let _ = self;
        false
    }
}

#[cfg(easy_cache_mutations)]
mod chosen {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Mistake;

    const NONE: usize = usize::MAX;

    static CHOSEN: AtomicUsize = AtomicUsize::new(NONE);

    impl Mistake {
        /// From here on every cache of this process makes it; or none, for `None`.
        pub fn make(chosen: Option<Self>) {
            CHOSEN.store(chosen.map_or(NONE, |mistake| mistake as usize), Ordering::SeqCst);
        }

        pub(crate) fn is_made(self) -> bool {
            CHOSEN.load(Ordering::Relaxed) == self as usize
        }
    }
}
