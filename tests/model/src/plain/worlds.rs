//! The worlds around a plain store.

use super::World;

/// Row 0, whose tag is known from the arguments.
const KNOWN: u8 = 0;
/// Row 1, whose tag is known only from the result.
const LATE: u8 = 1;

worlds! { World;
    /// A write under the tag that is known before.
    three_readers_and_a_writer = World::new().remembering(3).unheld(KNOWN);
    /// A write under the late tag.
    three_readers_and_a_writer_of_the_late_row = World::new().readers(3).unheld(LATE);
    /// Only some lookups know the late tag's name already; nothing exists at the beginning.
    some_remember = World::new().cold().readers(1).remembering(1).unheld(LATE);
    /// The same in a store that reads one key after the other.
    entry_first = World::new().entry_first().readers(1).remembering(1).unheld(LATE);
    /// The same in a store that hands out records before entries.
    records_first = World::new().records_first().readers(1).remembering(1).unheld(LATE);
    /// The same where lookups take two trips.
    records_first_and_late = World::new().records_first().warm().readers(2).unheld(LATE);
    /// Two writers of one tag.
    two_writers_of_the_known_row = World::new().remembering(2).unheld(KNOWN).unheld(KNOWN);
    /// Two writers of the late tag.
    two_writers_of_the_late_row = World::new().readers(2).unheld(LATE).unheld(LATE);
    /// The records are all there from the beginning.
    warm = World::new().warm().readers(3).unheld(LATE);
    /// One record, the order record or the entry is lost.
    warm_and_a_loss = World::new().warm().remembering(2).unheld(KNOWN).may_lose();
    /// The same with a write of the late row.
    late_row_and_a_loss = World::new().readers(2).unheld(LATE).may_lose();
    /// The same where nothing exists at the beginning.
    cold_and_a_loss = World::new().cold().readers(2).unheld(LATE).may_lose();
    /// Two accidents.
    two_losses = World::new().warm().remembering(2).unheld(KNOWN).may_lose().may_lose();
    /// A flush of the store.
    everything_lost = World::new().readers(2).unheld(LATE).may_lose_everything();
    /// A computation that reads a row, and then uses a value of the same row: that may be newer.
    nested_after_a_read = World::new().warm().nested_after_a_read().readers(2).unheld(LATE);
    /// The same where only some know the late tag's name.
    nested_and_some_remember = World::new().nested_after_a_read().readers(1).remembering(1).unheld(LATE);
    /// The same with an accident.
    nested_and_a_loss = World::new().warm().nested_after_a_read().readers(1).unheld(LATE).may_lose();
    /// A removal of the key.
    keyed_removal = World::new().remembering(3).remover();
    /// A removal, a writer, and an accident.
    keyed_removal_and_a_loss = World::new().readers(1).remembering(1).remover().may_lose();
    /// A writer that holds a tag whose record is there: nothing is served that is older than what is committed.
    held_writer = World::new().warm().strict().remembering(3).writer(KNOWN);
    /// The same with the late tag.
    held_writer_of_the_late_row = World::new().warm().strict().readers(2).writer(LATE);
    /// Two writers that hold, each a tag of its own.
    two_writers_of_two_rows = World::new().warm().strict().remembering(2).writer(KNOWN).writer(LATE);
    /// Two writers that hold one tag: what is acknowledged is safe.
    two_holders_of_one_tag = World::new().warm().readers(2).writer(LATE).writer(LATE);
    /// A rollback beside an invalidation of the same tag.
    rollback_and_writer = World::new().warm().remembering(2).rollback(KNOWN).unheld(KNOWN);
    /// A transaction whose outcome nobody learns.
    crash = World::new().warm().strict().remembering(2).crash(KNOWN);
    /// The same where the tag has no record yet, in a store that can add one without replacing a marker.
    crash_before_the_record = World::new().strict().adds().remembering(2).crash(KNOWN);
    /// Callers share a computation.
    flight = World::new().callers(3).unheld(KNOWN);
    /// The same with a reader elsewhere, and the late tag.
    flight_and_a_reader = World::new().callers(2).readers(1).unheld(LATE);
    /// The same where everything is known before.
    warm_flight = World::new().warm().callers(3).unheld(KNOWN);
}

/// What this protocol does not promise, and a store with scripts does: each of these worlds shows how it happens.
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
    fn two_writers_of_one_tag_end_each_others_holds() {
        shows(World::new().warm().strict().remembering(2).writer(KNOWN).writer(KNOWN));
    }

    #[test]
    fn an_invalidation_ends_the_hold_of_another_writer() {
        shows(World::new().warm().strict().remembering(2).crash(KNOWN).unheld(KNOWN));
    }

    #[test]
    fn the_first_fill_under_a_tag_ends_a_hold() {
        shows(World::new().strict().remembering(3).writer(KNOWN));
    }

    #[test]
    fn a_lost_record_takes_its_hold_along() {
        shows(World::new().warm().strict().remembering(2).writer(KNOWN).may_lose());
    }
}
