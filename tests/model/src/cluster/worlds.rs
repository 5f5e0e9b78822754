//! The worlds around a cluster.

use super::World;

/// Row 0, whose tag is known from the arguments, in group 0.
const KNOWN: u8 = 0b01;
/// Row 1, whose tag is known only from the result, in group 1.
const LATE: u8 = 0b10;
const BOTH: u8 = 0b11;

worlds! { World;
    /// A write under the tag that is known before.
    three_readers_and_a_writer = World::new().readers(3).unheld(KNOWN);
    /// A write under the late tag, in the other group.
    three_readers_and_a_writer_of_the_late_row = World::new().readers(3).unheld(LATE);
    /// A write of both rows: one script in each group.
    three_readers_and_a_writer_of_both = World::new().readers(3).unheld(BOTH);
    /// Lookups that ask both groups.
    all_remember = World::new().remembering(3).unheld(BOTH);
    /// The same where the entry's node answers last.
    entry_last = World::new().entry_last().remembering(2).unheld(BOTH);
    /// Only some lookups know the late tag's name.
    some_remember = World::new().entry_last().readers(1).remembering(1).unheld(BOTH);
    /// Sequences of two groups that advance apart.
    writers_of_two_groups = World::new().remembering(2).unheld(KNOWN).unheld(LATE);
    /// Two writers that meet in one tag.
    two_writers = World::new().readers(1).remembering(1).unheld(BOTH).unheld(LATE);
    /// A record, an order record or the entry is evicted.
    a_loss = World::new().readers(1).remembering(1).unheld(BOTH).may_lose();
    /// The order record of the late tag's group is lost between two invalidations.
    two_writers_and_a_lost_order = World::new().remembering(2).unheld(LATE).unheld(LATE).may_lose();
    /// Two accidents.
    two_losses = World::new().remembering(2).unheld(LATE).may_lose().may_lose();
    /// A master is replaced by one that has nothing.
    a_group_lost = World::new().readers(2).unheld(BOTH).may_lose_a_group();
    /// A removal of the key.
    keyed_removal = World::new().readers(3).remover();
    /// A removal and an accident.
    keyed_removal_and_a_loss = World::new().readers(1).remembering(1).remover().may_lose();
    /// A computation with a near copy that the writer's push has not reached.
    nested = World::new().nested().remembering(2).unheld(LATE);
    /// Entries that are sent together with the scripts.
    three_readers_and_a_writer_at_once = World::new().at_once().readers(3).unheld(KNOWN);
    /// ... where both groups are asked, and both are written.
    all_remember_at_once = World::new().at_once().remembering(2).unheld(BOTH);
    /// ... beside somebody who has not heard of the late tag.
    some_remember_at_once = World::new().at_once().readers(1).remembering(1).unheld(BOTH);
    /// ... and an accident.
    a_loss_at_once = World::new().at_once().readers(1).remembering(1).unheld(LATE).may_lose();
    /// ... and a group that loses everything.
    a_group_lost_at_once = World::new().at_once().remembering(2).unheld(LATE).may_lose_a_group();
    /// ... and a removal of the key.
    keyed_removal_at_once = World::new().at_once().readers(2).remover();
    /// ... and a near copy that the writer's push has not reached.
    nested_at_once = World::new().at_once().nested().remembering(1).unheld(LATE);
    /// ... and a writer that holds.
    held_writer_of_both_at_once = World::new().strict().at_once().remembering(2).writer(BOTH);
    /// A writer that holds tags in both groups.
    held_writer_of_both = World::new().strict().remembering(3).writer(BOTH);
    /// The same where the late tag costs a trip of its own.
    held_writer_of_both_and_late_lookups = World::new().strict().readers(2).writer(BOTH);
    /// Two writers that hold.
    two_held_writers = World::new().strict().remembering(2).writer(BOTH).writer(LATE);
    /// A rollback beside a commit.
    rollback_and_writer = World::new().strict().remembering(2).rollback(BOTH).writer(LATE);
    /// A transaction whose outcome nobody learns.
    crash = World::new().strict().remembering(3).crash(BOTH);
    /// The same with late lookups.
    crash_and_late_lookups = World::new().strict().readers(2).crash(BOTH);
}
