//! Every wrong order of steps that came to mind, and what each of them does.

use super::worlds;

mutations! {
    caught {
        /// The fence is read when the computation is done.
        FenceAfterCompute, fence_after_compute by worlds::two_readers_and_a_writer;
        /// An invalidation bumps the cells before it raises the buckets.
        CellsBeforeBuckets, cells_before_buckets by worlds::two_readers_and_a_writer;
        /// An invalidation bumps the cells before anything else.
        CellsBeforeSequence, cells_before_sequence by worlds::two_readers_and_a_writer;
        /// A fill checks the buckets before it reads the cells.
        BucketsBeforeCells, buckets_before_cells by worlds::two_readers_and_a_writer;
        /// A fill checks no buckets of tags.
        BucketsUnchecked, buckets_unchecked by worlds::two_readers_and_a_writer;
        /// An invalidation raises no bucket.
        NoBucket, no_bucket by worlds::two_readers_and_a_writer;
        /// An invalidation bumps no cell.
        NoBump, no_bump by worlds::two_readers_and_a_writer;
        /// An invalidation raises the bucket to the old sequence, which it does not advance.
        SequenceStill, sequence_still by worlds::two_readers_and_a_writer;
        /// An invalidation takes the next number without advancing the sequence: safe, and nothing can be filled any more.
        SequenceNeverAdvances, sequence_never_advances by worlds::two_readers_and_a_writer;
        /// A bucket is set rather than raised, so that a slow invalidation with an old number undoes a newer one.
        BucketWithoutMaximum, bucket_without_maximum by worlds::unheld_writers;
        /// A writer does not hold.
        NoHold, no_hold by worlds::two_readers_and_a_writer;
        /// A lookup serves what is held.
        HeldIsServed, held_is_served by worlds::two_readers_and_a_writer;
        /// A lookup reads a cell's version first and its hold with a second load: a writer's whole end fits between them.
        VersionThenHold, version_then_hold by worlds::two_readers_and_a_writer;
        /// A writer invalidates before its COMMIT.
        InvalidateBeforeCommit, invalidate_before_commit by worlds::two_readers_and_a_writer;
        /// A writer releases before it invalidates.
        ReleaseBeforeInvalidate, release_before_invalidate by worlds::two_readers_and_a_writer;
        /// Whoever releases clears the holds of the others as well (a flag in place of a list).
        ReleaseClearsOthers, release_clears_others by worlds::two_readers_and_two_writers;
        /// A rollback leaves the hold behind.
        RollbackForgetsHold, rollback_forgets_hold by worlds::rollback_and_writer;
        /// An expired hold is dropped without an invalidation.
        ExpiredHoldForgotten, expired_hold_forgotten by worlds::crash;
        /// Followers, who look at no entry, are given what is held: its deadline may have passed before they called.
        FollowerTakesHeld, follower_takes_held by worlds::flight_and_crash;
        /// An expired hold is dropped, and then turned into an invalidation.
        SettleDropsFirst, settle_drops_first by worlds::crash;
        /// Settling drops what has expired by its end, not only what it had found at its beginning.
        SettleDropsLaterExpiries, settle_drops_later_expiries by worlds::two_crashes;
        /// A fill checks the key before it locks the stripe.
        KeyCheckedBeforeStripe, key_checked_before_stripe by worlds::keyed_removal;
        /// Neither fills nor removals lock the stripe.
        NoStripe, no_stripe by worlds::keyed_removal;
        /// A removal does not lock the stripe.
        RemoveWithoutStripe, remove_without_stripe by worlds::keyed_removal;
        /// A fill inserts, then checks the key, and takes the entry out again.
        InsertBeforeKeyCheck, insert_before_key_check by worlds::keyed_removal;
        /// A removal takes the entry out before it raises the key's bucket.
        RemoveBeforeBucket, remove_before_bucket by worlds::keyed_removal;
        /// A removal raises no bucket.
        KeyWithoutBucket, key_without_bucket by worlds::keyed_removal;
        /// An entry carries the epoch that its fill found, not the fence's.
        EpochAsFound, epoch_as_found by worlds::everything;
        /// A fill treats a tag that was seen on the way as a mere name.
        SeenVersionUnchecked, seen_version_unchecked by worlds::nested;
        /// What was seen on the way is remembered as a name with a version, which holds no cell in place.
        SeenByName, seen_by_name by worlds::nested_sweep;
        /// A follower inside a computation is told the names of the tags, not their versions.
        FlightTellsNames, flight_tells_names by worlds::nested_flight;
        /// A cell is swept although an entry or a fill points to it.
        SweepInUse, sweep_in_use by worlds::sweep;
        /// A cell is swept although its hold's deadline has yet to come; the writer is gone and points to nothing.
        SweepHeld, sweep_held by worlds::crash_and_sweep;
        /// A flight stays open until its outcome is told.
        FlightClosedAfterFill, flight_closed_after_fill by worlds::flight;
        /// A follower takes whatever it gets.
        AlwaysTaken, always_taken by worlds::flight;
        /// A follower takes what was led at the tick of its own miss.
        TakenAtTheSameTick, taken_at_the_same_tick by worlds::flight;
        /// The clock of the flight is read after the computation.
        FlightTimedAfterCompute, flight_timed_after_compute by worlds::flight;
        /// A new leader takes a new fence, but goes on with the rows of the old one.
        HandoverKeepsRows, handover_keeps_rows by worlds::flight_of_two_rows_with_a_drop;
    }
    harmless {
        /// A fill does not look at the epoch again. The entry carries the fence's, so it is stored dead, and those who wait are not given
        /// it, since the leader looks at all cells for them once more.
        EpochUnchecked, epoch_unchecked;
        /// The bucket is raised before the sequence advances. A fence with the new number was still read after the COMMIT,
        /// since somebody advanced the sequence after it; only a fence from between the two steps is refused in vain.
        BucketsBeforeSequence, buckets_before_sequence;
        /// The value of a newer fence is replaced by that of an older one. Both passed the same checks, so neither is
        /// outdated; but the older one may have read cells that have been bumped since, and a dead entry would push out a live one.
        NewerFenceReplaced, newer_fence_replaced;
        /// A new leader keeps the fence of the old one and computes anew. An older fence only refuses more: the value is
        /// kept or shared less often.
        HandoverKeepsFence, handover_keeps_fence;
        /// A tag that was seen is not looked up in the buckets. Its version stands in the entry as it was seen, so that
        /// a bump, the last step of an invalidation, reaches it.
        SeenSkipsBucket, seen_skips_bucket;
        /// The version that was seen is put into the entry, and never compared. An entry that was outdated on the way is
        /// stored dead.
        SeenVersionStored, seen_version_stored;
        /// A lookup reads the hold first, and the version with a second load: an unheld cell has had its bump.
        HoldThenVersion, hold_then_version;
        /// The order in which the cells of an entry are read does not matter.
        CellsInReverse, cells_in_reverse;
        /// Lookups validate an entry that others may replace or remove at the same time. They still own it, and with it its cells.
        LookupsLockNothing, lookups_lock_nothing;
    }
}
