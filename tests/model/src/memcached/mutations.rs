//! What happens when one rule of the memcached mapping is left out.

use super::worlds;

mutations! {
    caught {
        /// The fence, and the records with it, are what the fill finds.
        FenceAfterCompute, fence_after_compute by worlds::three_readers_and_a_writer;
        /// A fill that adopted a version does not look at the bucket's number.
        OrderUnchecked, order_unchecked by worlds::three_readers_and_a_writer_of_the_late_row;
        /// A fill looks at the bucket's number before it adopts a version.
        OrderBeforeAdopting, order_before_adopting by worlds::warm;
        /// An invalidation gives the bucket its number after it has appended the versions.
        OrderAfterRecords, order_after_records by worlds::warm;
        /// An invalidation gives no numbers.
        OrderStill, order_still by worlds::three_readers_and_a_writer_of_the_late_row;
        /// A bucket whose number is missing counts as unchanged.
        MissingOrderMatches, missing_order_matches by worlds::warm_late_row_and_a_loss;
        /// An invalidation keeps the records.
        RecordKept, record_kept by worlds::three_readers_and_a_writer;
        /// A record that is missing does not keep an entry from being served.
        MissingRecordMatches, missing_record_matches by worlds::warm_and_a_loss;
        /// A record that is empty has a version like any other, the same for all.
        EmptyIsAVersion, empty_is_a_version by worlds::cold_known_row_and_a_loss;
        /// Records get versions that follow from their names.
        VersionsByName, versions_by_name by worlds::three_readers_and_a_writer;
        /// A record that was found empty gets a version, whatever has become of it.
        ClaimedUnconditionally, claimed_unconditionally by worlds::three_readers_and_a_writer;
        /// Numbers of one run of the server are compared with those of another.
        ConnectionForgotten, connection_forgotten by worlds::flight_and_a_restart;
        /// A removal deletes the entry, and leaves the key's record.
        KeyWithoutRecord, key_without_record by worlds::keyed_removal;
        /// The version that came with an inner value is not carried on.
        InnerVersionForgotten, inner_version_forgotten by worlds::nested;
        /// The version that came with an inner value is carried on, and the order is not asked: what else was read under that tag may be older.
        InnerVersionTrusted, inner_version_trusted by worlds::nested_after_a_read;
        /// A writer does not hold.
        NoHold, no_hold by worlds::held_writer;
        /// A lookup serves what is held.
        HeldIsServed, held_is_served by worlds::held_writer;
        /// A hold marks the record before its lease is there: it may be settled at once.
        MarkBeforeLease, mark_before_lease by worlds::held_writer;
        /// A hold does not make a record that is missing.
        OnlyRecordsMarked, only_records_marked by worlds::cold_held_writer;
        /// An invalidation replaces the record, and the marks of others with it.
        MarksOverwritten, marks_overwritten by worlds::two_holders_of_one_tag;
        /// A mark whose lease has ended is taken away without an invalidation.
        ExpiredMarkForgotten, expired_mark_forgotten by worlds::crash;
        /// Settling leaves the bucket's number as it is.
        SettledWithoutOrder, settled_without_order by worlds::crash_and_a_late_fill;
        /// Settling replaces the record, whatever has become of it.
        SettledUnconditionally, settled_unconditionally by worlds::crash_and_writer;
        /// A leader does not compare the versions for its followers.
        FollowersUnverified, followers_unverified by worlds::flight;
        /// A leader does not ask whether the holds on its value have ended.
        HoldsUnasked, holds_unasked by worlds::cold_flight_and_a_crash;
    }
    harmless {
        /// A writer's lease ends before its mark is taken back. Allowed, not needed: who comes in between settles, and entries are lost.
        LeaseEndedFirst, lease_ended_first;
    }
}
