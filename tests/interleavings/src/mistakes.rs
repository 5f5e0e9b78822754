//! Mistakes put back into the engine, each with the world that notices it. Needs `--cfg easy_cache_mutations`, without which the
//! engine cannot make them.

#[cfg(easy_cache_mutations)]
pub use made::{run, run_all};

/// Says that this build makes no mistakes.
#[cfg(not(easy_cache_mutations))]
#[must_use]
pub fn run_all() -> bool {
    false
}

/// Says that this build makes no mistakes.
#[cfg(not(easy_cache_mutations))]
#[must_use]
pub fn run(_world: &str, _mistake: &str) -> bool {
    false
}

#[cfg(easy_cache_mutations)]
mod made {
    #![expect(clippy::print_stdout, reason = "prints a table")]

    use std::process::Command;

    use easy_cache_core::Mistake;

    use crate::{WORLDS, World, explorer};

    /// Which world notices which mistake.
    const NOTICED: &[(Mistake, &str)] = &[
        (Mistake::FenceAfterCompute, "a_call_and_a_write"),
        (Mistake::RefreshWithoutFence, "a_refresh_and_a_write"),
        (Mistake::StaleUncompared, "two_callers_of_a_stale_value_and_a_write"),
        (Mistake::CellsBeforeBuckets, "a_fill_and_a_write"),
        (Mistake::BucketWithoutMaximum, "a_fill_and_two_writes"),
        (Mistake::LateTagsUnchecked, "a_fill_and_a_write"),
        (Mistake::SeenVersionsUncompared, "a_nested_fill_and_a_write"),
        (Mistake::EpochUnchecked, "a_fill_and_the_end_of_everything"),
        (Mistake::FollowerTakesHeld, "two_callers_and_a_writer_that_returns_before_its_end"),
        (Mistake::KeyCheckedBeforeStripe, "a_fill_and_a_removal"),
        (Mistake::RemoveBeforeBucket, "a_fill_and_a_removal"),
        (Mistake::FlightClosedAfterFill, "two_callers_and_a_write"),
        (Mistake::FollowerTakesOutdated, "two_callers_and_a_write"),
        (Mistake::LatecomerTakes, "two_callers_and_a_write"),
        (Mistake::LeaderLooksOnce, "two_callers_compute_once"),
        (Mistake::HeldIsServed, "a_held_write_under_a_strict_look"),
        (Mistake::ExpiredHoldForgotten, "a_writer_that_dies"),
        (Mistake::ReleaseClearsOthers, "a_rollback_beside_a_held_write"),
        (Mistake::ReleaseBeforeInvalidate, "a_held_write_under_a_strict_look"),
        (Mistake::RecordRecreated, "a_sweep_beside_a_fill_and_a_write"),
        (Mistake::TagsStayInside, "a_nested_hit_and_a_write"),
        (Mistake::KeptNearUnasked, "a_lookup_and_a_removal_elsewhere"),
        (Mistake::NewsBeforeBuckets, "a_lookup_and_a_write_elsewhere"),
        (Mistake::OwnNewsAwaited, "a_copy_and_a_write_here_that_is_not_heard"),
        (Mistake::OriginForgotten, "what_is_built_from_a_copy_and_a_write_elsewhere"),
    ];

    /// Makes every mistake in a process of its own, and prints after how many runs it was noticed. `false` if one was not.
    #[must_use]
    pub fn run_all() -> bool {
        let noticed = NOTICED.iter().filter(|(mistake, world)| child(world, *mistake)).count();
        println!("{noticed} of {} mistakes noticed by {}", Mistake::ALL.len(), explorer::NAME);
        noticed == Mistake::ALL.len()
    }

    /// One world with one mistake; `all` stands for each of them.
    #[must_use]
    pub fn run(world: &str, mistake: &str) -> bool {
        let worlds = WORLDS.iter().filter(|each| each.is_for_this_explorer() && (world == "all" || each.name == world));
        let mistakes = Mistake::ALL.iter().filter(|each| mistake == "all" || format!("{each:?}") == mistake);
        let pairs: Vec<_> = mistakes.flat_map(|mistake| worlds.clone().map(move |world| (world, *mistake))).collect();
        if let [(world, mistake)] = pairs[..] {
            return is_noticed_here(world, mistake);
        }
        pairs.into_iter().fold(false, |any, (world, mistake)| child(world.name, mistake) || any)
    }

    /// A panic in the middle of an exploration leaves nothing to go on with, so each mistake has a process of its own.
    fn child(world: &str, mistake: Mistake) -> bool {
        let Ok(program) = std::env::current_exe() else { return false };
        let Ok(output) = Command::new(program).args([world, &format!("{mistake:?}")]).output() else { return false };
        let printed = String::from_utf8_lossy(&output.stdout);
        let noticed = output.status.success();
        let how = printed.lines().find(|line| line.contains("runs")).unwrap_or("not noticed");
        println!("{:<24} {how:<16} {world}", format!("{mistake:?}"));
        noticed
    }

    fn is_noticed_here(world: &World, mistake: Mistake) -> bool {
        std::panic::set_hook(Box::new(|panic| {
            println!("{:>9} runs", explorer::runs());
            println!("{panic}");
            std::process::exit(0);
        }));
        Mistake::make(Some(mistake));
        // Random orders meet some mistakes late; the runs end when it is noticed.
        explorer::explore(&World { seeds: 10 * world.seeds, ..*world });
        false
    }
}
