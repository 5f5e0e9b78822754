//! What happens when one rule of the cluster's protocol is left out.

use super::worlds;

mutations! {
    caught {
        /// The fences are what the fill finds.
        FenceAfterCompute, fence_after_compute by worlds::three_readers_and_a_writer;
        /// A group that the lookup did not ask is fenced when the value is offered.
        UnaskedGroupFencedLate, unasked_group_fenced_late by worlds::three_readers_and_a_writer_of_the_late_row;
        /// The sequence of one group is compared with those of another.
        OneFenceForAll, one_fence_for_all by worlds::writers_of_two_groups;
        /// A fill does not look at the order of a tag that is known from the arguments.
        OrderUncheckedForKnown, order_unchecked_for_known by worlds::three_readers_and_a_writer;
        /// ... of a late tag.
        OrderUncheckedForLate, order_unchecked_for_late by worlds::three_readers_and_a_writer_of_the_late_row;
        /// ... of the key.
        OrderUncheckedForKey, order_unchecked_for_key by worlds::keyed_removal;
        /// An invalidation does not advance the sequence.
        SequenceStill, sequence_still by worlds::three_readers_and_a_writer;
        /// An invalidation keeps the records.
        RecordKept, record_kept by worlds::three_readers_and_a_writer;
        /// An invalidation returns when the first group has answered.
        FirstAnswerIsEnough, first_answer_is_enough by worlds::three_readers_and_a_writer_of_the_late_row;
        /// A removal deletes the entry, and leaves the key's record and order.
        KeyWithoutRecord, key_without_record by worlds::keyed_removal;
        /// A writer does not hold.
        NoHold, no_hold by worlds::held_writer_of_both;
        /// A lookup serves what is held.
        HeldIsServed, held_is_served by worlds::held_writer_of_both;
        /// An expired hold is dropped without an invalidation.
        ExpiredHoldForgotten, expired_hold_forgotten by worlds::crash;
        /// A fill does not compare the version that came with a near copy.
        InnerVersionUnchecked, inner_version_unchecked by worlds::nested;
        /// What is proposed for missing records is the same in all fills.
        ProposalsAlike, proposals_alike by worlds::three_readers_and_a_writer_at_once;
    }
    harmless {
        /// A fill does not compare a group's epoch with its fence. Allowed where nobody waits: the entry carries the epoch of its fence, so it is dead.
        EpochUnchecked, epoch_unchecked;
        /// No epoch in the fence and none in the group count as equal. The same.
        MissingOrderMatches, missing_order_matches;
        /// All versions were seen before, and yet the scripts are run. Allowed, not needed unless others wait for the value.
        AlwaysAcquired, always_acquired;
    }
}
