//! The worlds around a near cache.

use super::World;

worlds! { World;
    /// Three callers, one of which may come late.
    callers_and_a_writer = World::new().callers(3).writer();
    /// A proof comes in between.
    callers_writer_and_a_ping = World::new().callers(3).writer().ping();
    /// The connection breaks.
    callers_writer_and_a_break = World::new().callers(2).writer().breaks();
    /// ... and a proof follows, or does not.
    callers_writer_a_break_and_a_ping = World::new().callers(2).writer().breaks().ping();
    /// Two proofs around a break.
    callers_writer_a_break_and_two_pings = World::new().callers(2).writer().breaks().ping().ping();
    /// Two writers.
    callers_two_writers_and_a_ping = World::new().callers(2).writer().writer().ping();
    /// A computation uses a near copy, and fills the shared store.
    nested = World::new().callers(2).nested().writer();
    /// The same with a break.
    nested_and_a_break = World::new().callers(1).nested().writer().breaks();
}
