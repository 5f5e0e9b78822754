//! What happens when one rule of the shared store's protocol is left out.

use super::worlds;

mutations! {
    caught {
        /// The fence is what the fill finds.
        FenceAfterCompute, fence_after_compute by worlds::three_readers_and_a_writer;
        /// A fill does not look at the order of names.
        OrderUnchecked, order_unchecked by worlds::three_readers_and_a_writer;
        /// ... of the tags known from the arguments.
        OrderUncheckedForKnown, order_unchecked_for_known by worlds::three_readers_and_a_writer;
        /// ... of the late tags.
        OrderUncheckedForLate, order_unchecked_for_late by worlds::three_readers_and_a_writer_of_the_late_row;
        /// ... of the key.
        OrderUncheckedForKey, order_unchecked_for_key by worlds::keyed_removal;
        /// A fill does not compare the epoch with its fence.
        EpochUnchecked, epoch_unchecked by worlds::the_order_lost;
        /// An invalidation does not advance the sequence.
        SequenceStill, sequence_still by worlds::three_readers_and_a_writer;
        /// An invalidation keeps the records of the tags.
        RecordKept, record_kept by worlds::three_readers_and_a_writer;
        /// A writer does not hold.
        NoHold, no_hold by worlds::three_readers_and_a_writer;
        /// A lookup serves what is held.
        HeldIsServed, held_is_served by worlds::three_readers_and_a_writer;
        /// An expired hold is dropped without an invalidation.
        ExpiredHoldForgotten, expired_hold_forgotten by worlds::crash;
        /// A removal deletes the entry and leaves no trace in the order.
        KeyWithoutOrder, key_without_order by worlds::keyed_removal;
        /// No epoch in the fence and no epoch in the store count as equal.
        MissingOrderMatches, missing_order_matches by worlds::flight_reader_and_a_loss;
        /// A fill does not compare the version that came with a near copy.
        SeenVersionUnchecked, seen_version_unchecked by worlds::nested;
        /// A flight stays open until its outcome is told.
        FlightClosedAfterFill, flight_closed_after_fill by worlds::flight;
        /// A follower takes whatever it gets.
        AlwaysTaken, always_taken by worlds::flight;
        /// A follower takes what was fenced at the tick of its own call.
        TakenAtTheSameTick, taken_at_the_same_tick by worlds::flight;
    }
    harmless {
        /// Fills are refused while a tag is held. Allowed, not needed: lookups do not serve what is held anyway.
        FillsRefusedWhileHeld, fills_refused_while_held;
        /// Entries outlive their epoch. Allowed, not needed: they die so that a new epoch empties the namespace.
        AnyEpochIsServed, any_epoch_is_served;
        /// A newer fence's entry is replaced. Allowed, not needed: both passed the same checks in one atomic step.
        NewerFenceReplaced, newer_fence_replaced;
    }
}
