//! The worlds of the memory store.

use super::World;

/// Row 0 and its tag.
const FIRST: u8 = 0b01;
/// Row 1 and its tag.
const SECOND: u8 = 0b10;
const BOTH: u8 = 0b11;
/// No rows at all: a write that nobody understands holds and invalidates everything.
const EVERYTHING: u8 = 0;

worlds! { World;
    /// The smallest world in which something can go wrong.
    two_readers_and_a_writer = World::new().readers(2, 0).key_with_tags(FIRST).writer(FIRST);
    /// Readers of one tag.
    four_readers_and_a_writer = World::new().readers(4, 0).key_with_tags(FIRST).writer(FIRST);
    /// Readers of two tags, whose cells are read one by one.
    two_readers_of_two_tags_and_a_writer_of_both = World::new().readers(2, 0).writer(BOTH);
    /// A third reader, to meet an entry that the second has left.
    three_readers_of_two_tags_and_a_writer_of_one = World::new().readers(3, 0).writer(SECOND);
    /// Two writers of different tags of one entry.
    two_readers_and_a_writer_of_each_tag = World::new().readers(2, 0).writer(FIRST).writer(SECOND);
    /// Two writers of one tag, with holds of their own.
    two_readers_and_two_writers = World::new().readers(2, 0).key_with_tags(FIRST).writer(FIRST).writer(FIRST);
    /// Names that share a bucket refuse each other's fills, and nothing worse.
    colliding_names = World::new().readers(2, 0).one_bucket().writer(FIRST).unheld(SECOND);
    /// The same with two keys.
    colliding_keys = World::new().readers(2, 0).readers(1, 1).key_with_tags(FIRST).one_bucket().remover();
    /// Nothing is held, so strictness is not promised.
    unheld_writers = World::new().readers(2, 0).key_with_tags(FIRST).unheld(FIRST).unheld(FIRST);
    /// A rollback beside a commit.
    rollback_and_writer = World::new().readers(2, 0).rollback(BOTH).writer(SECOND);
    /// A transaction whose outcome nobody learns: its hold expires, and somebody meets it.
    crash = World::new().readers(2, 0).crash(BOTH).settler();
    /// Two readers meet the hold at the same time.
    crash_met_twice = World::new().readers(2, 0).key_with_tags(FIRST).crash(FIRST).settler().settler();
    /// A writer comes back to find its hold expired, and perhaps settled.
    late_writer = World::new().readers(2, 0).key_with_tags(FIRST).late(FIRST).settler();
    /// Two such transactions; one hold may expire while the other is settled.
    two_crashes = World::new().readers(2, 0).key_with_tags(FIRST).crash(FIRST).crash(FIRST).settler();
    /// A crash beside a writer who goes on.
    crash_and_writer = World::new().readers(2, 0).key_with_tags(FIRST).crash(FIRST).writer(FIRST).settler();
    /// A hold whose writer is gone must survive the sweep of cells.
    crash_and_sweep = World::new().readers(2, 0).key_with_tags(FIRST).crash(FIRST).settler().sweeper(2);
    /// A key is removed while it is being filled.
    keyed_removal = World::new().readers(3, 0).key_with_tags(FIRST).remover();
    /// Two removals of one key.
    two_removals = World::new().readers(2, 0).key_with_tags(FIRST).remover().remover();
    /// A key is removed, and its other tag invalidated.
    keyed_removal_and_writer = World::new().readers(2, 0).remover().writer(SECOND);
    /// Cells leave the map, and come back with version 0.
    sweep = World::new().readers(3, 0).key_with_tags(FIRST).writer(FIRST).evictor(0).sweeper(2);
    /// The same with two writers.
    sweep_and_two_writers = World::new().readers(2, 0).key_with_tags(FIRST).writer(FIRST).unheld(FIRST).evictor(0).sweeper(2);
    /// Everything is invalidated at once.
    everything = World::new().readers(3, 0).key_with_tags(FIRST).writer(EVERYTHING);
    /// Everything beside a tag.
    everything_and_writer = World::new().readers(2, 0).key_with_tags(FIRST).writer(EVERYTHING).writer(FIRST);
    /// A crash that holds everything.
    everything_crash = World::new().readers(2, 0).key_with_tags(FIRST).crash(EVERYTHING).settler();
    /// A computation that takes a cached value into its own.
    nested = World::new().outer().readers(1, 0).readers(1, 1).unheld(SECOND);
    /// The same beside a writer that holds.
    nested_and_writer = World::new().key_with_tags(SECOND).outer().readers(1, 0).readers(1, 1).writer(SECOND);
    /// The same, where the inner entry is evicted and the cell of its tag swept.
    nested_sweep = World::new().key_with_tags(SECOND).outer().readers(1, 0).readers(1, 1).unheld(SECOND).evictor(1).sweeper(1);
    /// The same, where the inner value comes from a flight.
    nested_flight = World::new().key_with_tags(SECOND).outer().readers(1, 0).callers(1, 1).unheld(SECOND).ticks(1);
    /// The same with a dropped leader of the inner flight.
    nested_flight_with_a_drop = World::new().key_with_tags(SECOND).outer().callers(2, 1).drops(1).unheld(SECOND).ticks(1);
    /// The inner value beside an invalidation of everything.
    nested_everything = World::new().key_with_tags(SECOND).outer().readers(1, 0).readers(1, 1).unheld(EVERYTHING);
    /// Callers share a computation.
    flight = World::new().key_with_tags(FIRST).callers(3, 0).unheld(FIRST).ticks(2);
    /// A computation of two rows, so that a write comes between them.
    flight_of_two_rows = World::new().callers(2, 0).unheld(BOTH).ticks(1);
    /// The leader goes away, and so may its successor.
    flight_with_drops = World::new().key_with_tags(FIRST).callers(3, 0).drops(2).unheld(FIRST).ticks(1);
    /// A drop between two rows.
    flight_of_two_rows_with_a_drop = World::new().callers(3, 0).drops(1).unheld(BOTH);
    /// A flight beside a reader of its own.
    flight_and_reader = World::new().key_with_tags(FIRST).callers(2, 0).readers(1, 0).unheld(FIRST).ticks(1);
    /// Two writers of the row that a flight computes.
    flight_and_two_writers = World::new().key_with_tags(FIRST).callers(2, 0).unheld(FIRST).writer(FIRST).ticks(1);
    /// A flight beside a writer that dies after its COMMIT: its hold expires, and perhaps nobody meets it before the fill.
    flight_and_crash = World::new().key_with_tags(FIRST).callers(2, 0).crash(FIRST).settler().ticks(1);
    /// A flight for a key that is removed.
    flight_and_keyed_removal = World::new().key_with_tags(FIRST).callers(3, 0).remover().ticks(1);
    /// A flight beside an invalidation of everything.
    flight_and_everything = World::new().key_with_tags(FIRST).callers(3, 0).unheld(EVERYTHING).ticks(1);
}
