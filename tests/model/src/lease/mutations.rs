//! What happens when one rule of leases is left out.

use super::worlds;

mutations! {
    caught {
        /// Who gets the lease computes without another look.
        NoSecondLook, no_second_look by worlds::processes;
        /// The fence is the one of the look before the lease: an invalidation in between costs a computation that is not kept.
        FenceOfTheFirstLook, fence_of_the_first_look by worlds::processes_and_a_writer;
        /// A lease is ended when the value is computed, and not when it is stored.
        EndedBeforeFill, ended_before_fill by worlds::processes;
        /// A lease has no deadline.
        NoDeadline, no_deadline by worlds::processes_that_die;
        /// Who has the lease needs no fence.
        FenceUnchecked, fence_unchecked by worlds::processes_and_a_writer;
    }
    harmless {
        /// A lease ends whoever has it. Allowed, not needed: who ends it has filled, or was refused for an invalidation, and either is
        /// reason enough for what follows.
        AnyLeaseEnded, any_lease_ended;
    }
}
