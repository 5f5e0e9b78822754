//! What happens when one rule of the plain store's protocol is left out.

use super::worlds;

mutations! {
    caught {
        /// The fence is what the fill finds.
        FenceAfterCompute, fence_after_compute by worlds::three_readers_and_a_writer;
        /// A fill that adopted a version does not compare the order record.
        OrderUnchecked, order_unchecked by worlds::three_readers_and_a_writer_of_the_late_row;
        /// A version that only an inner value brought counts as seen before the computation.
        InnerVersionTrusted, inner_version_trusted by worlds::nested_after_a_read;
        /// A fill compares the order record before it adopts versions.
        OrderBeforeAdopting, order_before_adopting by worlds::three_readers_and_a_writer_of_the_late_row;
        /// An invalidation replaces the order record after the tags' records.
        OrderAfterRecords, order_after_records by worlds::three_readers_and_a_writer_of_the_late_row;
        /// An invalidation leaves the order record as it is.
        OrderStill, order_still by worlds::three_readers_and_a_writer_of_the_late_row;
        /// An invalidation keeps the tags' records.
        RecordKept, record_kept by worlds::three_readers_and_a_writer;
        /// No order record at the lookup and none at the fill count as equal.
        MissingOrderMatches, missing_order_matches by worlds::cold_and_a_loss;
        /// A record that is missing does not keep an entry from being served.
        MissingRecordMatches, missing_record_matches by worlds::warm_and_a_loss;
        /// Records are created with versions that follow from their names.
        VersionsByName, versions_by_name by worlds::three_readers_and_a_writer;
        /// A removal deletes the entry, and leaves the key's record.
        KeyWithoutRecord, key_without_record by worlds::keyed_removal;
        /// A writer does not hold.
        NoHold, no_hold by worlds::held_writer;
        /// The marker of a writer is a version like any other.
        MarkersAreVersions, markers_are_versions by worlds::held_writer;
        /// A hold leaves the order record as it is.
        OrderStillWhileHeld, order_still_while_held by worlds::crash_before_the_record;
        /// What was computed under a hold is kept, once the marker is gone.
        MarkerForgotten, marker_forgotten by worlds::crash;
        /// After a rollback the version from before the hold comes back.
        ReleaseRestores, release_restores by worlds::rollback_and_writer;
        /// A marker that expires leaves the version from before the hold.
        ExpiredHoldForgotten, expired_hold_forgotten by worlds::crash;
        /// A leader whose versions were all seen before it computed does not look at them again for its followers.
        FollowersUnverified, followers_unverified by worlds::flight;
    }
    harmless {
        /// A removal leaves the entry. Allowed, not needed: the key's record has changed; it saves the space.
        RemovedEntryKept, removed_entry_kept;
    }
}
