//! The worlds around a lease.

use super::World;

worlds! { World;
    /// One computes, the others wait for it.
    processes = World::new().processes(4);
    /// Holders die: one computation more for each.
    processes_that_die = World::new().processes(4).deaths(2);
    /// Leases that are too short.
    processes_that_are_slow = World::new().processes(4).delays(2);
    /// An invalidation while somebody computes.
    processes_and_a_writer = World::new().processes(3).writer();
    /// Two of them.
    processes_and_two_writers = World::new().processes(3).writer().writer();
    /// All of it.
    processes_with_everything = World::new().processes(3).deaths(1).delays(1).writer();
}
