//! The worlds around a shared store.

use super::World;

/// Row 0, whose tag is known from the arguments.
const KNOWN: u8 = 0b01;
/// Row 1, whose tag is known only from the result.
const LATE: u8 = 0b10;
const BOTH: u8 = 0b11;

worlds! { World;
    /// A write under the tag that is known before.
    three_readers_and_a_writer = World::new().readers(3).writer(KNOWN);
    /// A write under the late tag.
    three_readers_and_a_writer_of_the_late_row = World::new().readers(3).writer(LATE);
    /// A write of both rows.
    three_readers_and_a_writer_of_both = World::new().readers(3).writer(BOTH);
    /// Two writers that meet in one tag.
    two_readers_and_two_writers = World::new().readers(2).writer(KNOWN).writer(BOTH);
    /// Two writers of the late row.
    three_readers_and_two_writers_of_the_late_row = World::new().readers(3).writer(LATE).writer(LATE);
    /// A transaction whose outcome nobody learns.
    crash = World::new().readers(3).crash(BOTH);
    /// The same beside a writer that goes on.
    crash_and_writer = World::new().readers(2).crash(BOTH).writer(BOTH);
    /// A rollback beside a commit.
    rollback_and_writer = World::new().readers(3).rollback(BOTH).writer(LATE);
    /// A record is evicted.
    a_record_lost = World::new().readers(3).writer(BOTH).may_lose_a_record();
    /// The order record is evicted.
    the_order_lost = World::new().readers(2).writer(KNOWN).writer(LATE).may_lose_the_order();
    /// Two accidents.
    two_losses = World::new().readers(3).writer(BOTH).may_lose_the_order().may_lose_a_record();
    /// A flush of the store.
    everything_lost = World::new().readers(3).writer(BOTH).may_lose_everything();
    /// A flush between two writers.
    everything_lost_and_two_writers = World::new().readers(2).writer(LATE).writer(LATE).may_lose_everything();
    /// An invalidation without a hold.
    unheld_writer = World::new().readers(3).unheld(BOTH);
    /// A removal of the key.
    keyed_removal = World::new().readers(3).remover();
    /// A removal, a writer, and an accident.
    keyed_removal_writer_and_a_loss = World::new().readers(2).remover().writer(LATE).may_lose_the_order();
    /// A computation with a near copy that the writer's push has not reached.
    nested = World::new().nested().readers(2).writer(LATE);
    /// The same with two writers.
    nested_and_two_writers = World::new().nested().readers(1).writer(LATE).writer(KNOWN);
    /// The same while the order record is lost.
    nested_and_a_loss = World::new().nested().readers(1).writer(LATE).may_lose_the_order();
    /// Callers share a computation.
    flight = World::new().callers(3).unheld(BOTH).ticks(2);
    /// The same beside a writer that holds.
    flight_and_held_writer = World::new().callers(3).writer(LATE);
    /// Two writers beside a flight.
    flight_and_two_writers = World::new().callers(2).unheld(KNOWN).unheld(LATE).ticks(1);
    /// A flight, a reader outside of it, and an accident.
    flight_reader_and_a_loss = World::new().callers(2).readers(1).unheld(LATE).may_lose_the_order();
    /// Leaders go away, with their fill sent or not.
    flight_with_drops = World::new().callers(3).drops(2).unheld(KNOWN).ticks(1);
}
