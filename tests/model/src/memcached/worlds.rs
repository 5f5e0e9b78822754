//! The worlds around a memcached server.

use super::World;

/// Row 0, whose tag is known from the arguments.
const KNOWN: u8 = 0;
/// Row 1, whose tag is known only from the result.
const LATE: u8 = 1;

worlds! { World;
    /// A write under the tag that is known before; nothing exists at the beginning.
    three_readers_and_a_writer = World::new().remembering(3).unheld(KNOWN);
    /// A write under the late tag.
    three_readers_and_a_writer_of_the_late_row = World::new().warm().readers(3).unheld(LATE);
    /// The same where nothing exists at the beginning.
    cold = World::new().readers(2).unheld(LATE);
    /// The records are all there from the beginning.
    warm = World::new().warm().readers(2).unheld(LATE);
    /// Only some lookups know the late tag's name already.
    some_remember = World::new().readers(1).remembering(1).unheld(LATE);
    /// The same while others' commands come between those of a lookup.
    entry_first = World::new().entry_first().readers(1).remembering(1).unheld(LATE);
    /// The same in the opposite order.
    records_first = World::new().records_first().readers(1).remembering(1).unheld(LATE);
    /// Two writers of one tag.
    two_writers_of_the_known_row = World::new().remembering(2).unheld(KNOWN).unheld(KNOWN);
    /// Two writers of the late tag.
    two_writers_of_the_late_row = World::new().warm().readers(2).unheld(LATE).unheld(LATE);
    /// One record, the bucket's number or the entry is lost.
    warm_and_a_loss = World::new().warm().remembering(2).unheld(KNOWN).may_lose();
    /// The same with a write of the late row.
    warm_late_row_and_a_loss = World::new().warm().readers(2).unheld(LATE).may_lose();
    /// The same where nothing exists at the beginning.
    cold_and_a_loss = World::new().readers(2).unheld(LATE).may_lose();
    /// The same with a write under the tag that is known before.
    cold_known_row_and_a_loss = World::new().remembering(2).unheld(KNOWN).may_lose();
    /// Two accidents.
    two_losses = World::new().warm().readers(1).remembering(1).unheld(LATE).may_lose().may_lose();
    /// A flush of the server.
    flush = World::new().warm().readers(2).unheld(LATE).may_be_flushed();
    /// The server is started anew: its numbers begin again.
    restart = World::new().remembering(2).unheld(KNOWN).may_restart();
    /// The same with the late tag.
    restart_and_the_late_row = World::new().warm().readers(2).unheld(LATE).may_restart();
    /// The same between the commands of a lookup.
    restart_and_halves = World::new().entry_first().readers(1).remembering(1).unheld(LATE).may_restart();
    /// Records are compacted.
    compaction = World::new().readers(1).remembering(1).unheld(LATE).compacts();
    /// A removal of the key.
    keyed_removal = World::new().remembering(3).remover();
    /// A removal, a writer, and an accident.
    keyed_removal_and_a_loss = World::new().readers(1).remembering(1).remover().may_lose();
    /// A computation with a near copy that the writer's invalidation has not reached.
    nested = World::new().warm().nested().remembering(2).unheld(LATE);
    /// The same with an accident.
    nested_and_a_loss = World::new().warm().nested().remembering(1).unheld(LATE).may_lose();
    /// A computation that reads a row, and then uses a copy of the same row: the copy may be newer.
    nested_after_a_read = World::new().warm().nested_after_a_read().remembering(1).unheld(LATE);
    /// A writer that holds: nothing is served that is older than what is committed.
    held_writer = World::new().warm().strict().remembering(3).writer(KNOWN);
    /// The same where nothing exists at the beginning.
    cold_held_writer = World::new().strict().remembering(2).writer(KNOWN);
    /// The same with the late tag.
    held_writer_of_the_late_row = World::new().warm().strict().readers(2).writer(LATE);
    /// The same where nothing exists at the beginning.
    cold_held_writer_of_the_late_row = World::new().strict().readers(2).writer(LATE);
    /// Two writers that hold one tag.
    two_holders_of_one_tag = World::new().warm().strict().remembering(2).writer(KNOWN).writer(KNOWN);
    /// Two writers that hold the late tag.
    two_holders_of_the_late_tag = World::new().warm().strict().readers(2).writer(LATE).writer(LATE);
    /// A hold beside an invalidation of the same tag by somebody else.
    holder_and_unheld_writer = World::new().warm().remembering(2).writer(KNOWN).unheld(KNOWN);
    /// A rollback beside a commit.
    rollback_and_writer = World::new().warm().strict().remembering(2).rollback(KNOWN).writer(KNOWN);
    /// A transaction whose outcome nobody learns.
    crash = World::new().stored().strict().remembering(2).crash(KNOWN);
    /// The same with the late tag, and somebody who fills late.
    crash_and_a_late_fill = World::new().warm().strict().readers(4).crash(LATE);
    /// The same beside a writer that goes on.
    crash_and_writer = World::new().stored().strict().remembering(2).crash(KNOWN).writer(KNOWN);
    /// The same while records are compacted.
    crash_and_compaction = World::new().stored().strict().remembering(2).crash(KNOWN).compacts();
    /// A writer that dies at any of its steps.
    death = World::new().stored().strict().remembering(2).death(KNOWN);
    /// The same with the late tag.
    death_and_the_late_row = World::new().warm().strict().readers(2).death(LATE);
    /// The lease of a writer that goes on is lost: what is acknowledged is safe.
    a_lease_lost = World::new().stored().remembering(2).writer(KNOWN).may_lose_a_lease();
    /// A crash beside an accident: what is acknowledged is safe.
    crash_and_a_loss = World::new().warm().readers(2).crash(LATE).may_lose();
    /// A writer that holds, while the server is started anew: what is acknowledged is safe.
    restart_and_a_held_writer = World::new().warm().readers(2).writer(LATE).may_restart();
    /// The same with one that dies.
    restart_and_a_crash = World::new().warm().remembering(2).crash(LATE).may_restart();
    /// Callers share a computation.
    flight = World::new().callers(3).unheld(KNOWN);
    /// The same beside a reader elsewhere, and the late tag.
    flight_and_a_reader = World::new().warm().callers(2).readers(1).unheld(LATE);
    /// Callers beside a writer that holds.
    flight_and_a_held_writer = World::new().stored().strict().callers(2).writer(KNOWN);
    /// The same, but the writer dies at some step: its hold ends while some wait for the value.
    flight_and_a_crash = World::new().stored().strict().callers(2).death(KNOWN);
    /// The same where nothing exists at the beginning.
    cold_flight_and_a_crash = World::new().strict().callers(2).death(KNOWN);
    /// The same with the late tag, and a reader elsewhere who settles.
    flight_a_reader_and_a_crash = World::new().stored().strict().callers(2).readers(1).crash(LATE);
    /// The same beside another writer that goes on.
    flight_crash_and_writer = World::new().stored().strict().callers(2).crash(KNOWN).writer(KNOWN);
    /// The same while records are compacted.
    flight_crash_and_compaction = World::new().stored().strict().callers(2).crash(KNOWN).compacts();
    /// A crash beside an accident: what is acknowledged is safe.
    flight_crash_and_a_loss = World::new().warm().callers(2).crash(LATE).may_lose();
    /// A crash of a writer, and one of the server.
    flight_crash_and_a_restart = World::new().warm().callers(2).crash(LATE).may_restart();
    /// Callers, and a server that is started anew.
    flight_and_a_restart = World::new().callers(2).unheld(KNOWN).may_restart();
}

/// What this mapping does not promise: each of these worlds shows how it happens.
#[cfg(test)]
mod weaker {
    use super::super::NOT_COMMITTED;
    use super::*;

    fn shows(world: World) {
        let failure = world.explore(None).failure.expect("the weakness");
        println!("{failure}");
        assert_eq!(failure.property, NOT_COMMITTED);
    }

    #[test]
    fn a_lost_record_takes_its_marks_along() {
        shows(World::new().warm().strict().remembering(2).writer(KNOWN).may_lose());
    }

    #[test]
    fn a_lost_lease_ends_its_holds() {
        shows(World::new().stored().strict().remembering(2).writer(KNOWN).may_lose_a_lease());
    }
}
