//! Who takes part: one line for each world. Those in `small` are explored to the end by loom; `crowd` is for shuttle.

mod crowd;
mod near;
mod outside;
mod small;

/// A few threads around one shop.
#[derive(Debug)]
pub struct World {
    /// What happens in it.
    pub name: &'static str,
    /// How often a thread that could go on is interrupted in each interleaving that loom tries; none: loom passes it by.
    pub preemptions: usize,
    /// How many seeds shuttle tries.
    pub seeds: usize,
    /// One run of it.
    pub run: fn(),
}

impl World {
    /// Whether this build's explorer can explore it.
    #[must_use]
    pub const fn is_for_this_explorer(&self) -> bool {
        !cfg!(easy_cache_loom) || self.preemptions > 0
    }

    /// The world called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        WORLDS.iter().find(|world| world.name == name)
    }
}

macro_rules! worlds {
    ($($module:ident { $($name:ident: $preemptions:expr, $seeds:expr;)+ })+) => {
        /// All worlds.
        pub const WORLDS: &[World] = &[$($(
            World { name: stringify!($name), preemptions: $preemptions, seeds: $seeds, run: $module::$name },
        )+)+];
    };
}

worlds! {
    small {
        a_fill_and_a_write: 8, 2_000;
        two_fills_and_a_write: 2, 2_000;
        a_fill_and_two_writes: 3, 20_000;
        a_fill_and_a_removal: 8, 10_000;
        a_fill_and_the_end_of_everything: 5, 2_000;
        a_held_write_under_a_strict_look: 8, 2_000;
        two_held_writes_under_a_strict_look: 3, 2_000;
        a_rollback_beside_a_held_write: 3, 2_000;
        a_writer_that_dies: 5, 2_000;
        a_writer_that_dies_beside_one_that_does_not: 3, 2_000;
        a_sweep_beside_a_fill_and_a_write: 3, 2_000;
        a_call_and_a_write: 8, 2_000;
        a_stale_value_and_a_write: 5, 2_000;
        a_stale_value_and_a_loader_that_fails: 8, 2_000;
        a_stale_value_a_loader_that_fails_and_a_removal: 5, 2_000;
        a_detached_renewal_and_a_write: 3, 2_000;
        two_callers_of_a_stale_value_and_a_write: 2, 2_000;
        two_callers_compute_once: 4, 2_000;
        two_callers_and_a_write: 3, 2_000;
        two_callers_and_a_removal: 3, 2_000;
        two_callers_and_a_writer_that_dies: 2, 2_000;
        two_callers_and_a_writer_that_returns_before_its_end: 2, 2_000;
        a_refresh_and_a_write: 8, 2_000;
        a_leader_that_leaves: 4, 2_000;
        a_leader_that_stalls: 4, 2_000;
        a_leader_that_may_not_share: 4, 2_000;
        a_nested_fill_and_a_write: 8, 2_000;
        a_nested_call_and_a_write: 4, 2_000;
        a_nested_hit_and_a_write: 8, 2_000;
        a_pair_and_two_writes: 2, 2_000;
    }
    near {
        a_lookup_and_a_write_elsewhere: 3, 2_000;
        a_lookup_and_a_removal_elsewhere: 3, 2_000;
        a_copy_and_a_write_elsewhere: 8, 2_000;
        what_is_built_from_a_copy_and_a_write_elsewhere: 3, 2_000;
        a_copy_and_a_write_here_that_is_not_heard: 3, 2_000;
        a_copy_and_a_removal_here_that_is_not_heard: 3, 2_000;
    }
    outside {
        a_lookup_outside_and_a_write_here: 3, 2_000;
        a_lookup_outside_and_a_held_write_here: 2, 2_000;
        a_lookup_outside_and_the_end_of_everything_here: 3, 2_000;
    }
    crowd {
        everybody: 0, 4_000;
        everybody_in_a_small_shop: 0, 4_000;
        a_crowd_at_one_row: 0, 4_000;
    }
}
