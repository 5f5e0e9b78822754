//! Mistakes put back into the engine, to see after how many operations the checker notices them. Needs
//! `--cfg easy_cache_mutations`, without which the engine cannot make them.

/// Says that this build makes no mistakes.
#[cfg(not(easy_cache_mutations))]
#[must_use]
pub const fn run_all() -> bool {
    false
}

#[cfg(easy_cache_mutations)]
pub use made::run_all;

#[cfg(easy_cache_mutations)]
mod made {
    #![expect(clippy::print_stdout, reason = "prints a table")]

    use easy_cache_core::Mistake;

    use crate::memory::Memory;
    use crate::{Plan, run};

    /// Noticed by the explorers alone: threads on real processors meet in these places once in a very long time, or the mistake
    /// costs a computation and no truth.
    const LEFT_TO_EXPLORERS: &[Mistake] = &[
        Mistake::CellsBeforeBuckets,
        Mistake::BucketWithoutMaximum,
        Mistake::SeenVersionsUncompared,
        Mistake::KeyCheckedBeforeStripe,
        Mistake::RemoveBeforeBucket,
        Mistake::FlightClosedAfterFill,
        Mistake::LatecomerTakes,
        Mistake::LeaderLooksOnce,
        Mistake::ReleaseBeforeInvalidate,
        // Of near caches, which it has none of.
        Mistake::KeptNearUnasked,
        Mistake::NewsBeforeBuckets,
        Mistake::OwnNewsAwaited,
        Mistake::OriginForgotten,
    ];

    /// Makes every mistake, and prints after how many operations it was noticed. `false` if one was not that should have been.
    #[must_use]
    pub fn run_all() -> bool {
        let unnoticed: Vec<_> = Mistake::ALL.iter().copied().filter(|mistake| !is_noticed(*mistake)).collect();
        println!("{} of {} mistakes noticed by the checker", Mistake::ALL.len() - unnoticed.len(), Mistake::ALL.len());
        unnoticed.iter().all(|mistake| LEFT_TO_EXPLORERS.contains(mistake))
    }

    /// How many million operations, each with another seed, a mistake is given before it counts as unnoticed. Threads that meet
    /// are a matter of luck, so what is always found sooner or later is given the time for it.
    const fn patience(is_left: bool) -> u64 {
        if is_left { 1 } else { 20 }
    }

    fn is_noticed(mistake: Mistake) -> bool {
        Mistake::make(Some(mistake));
        let attempts = patience(LEFT_TO_EXPLORERS.contains(&mistake));
        let before = Plan::default().seed;
        let mut reports = (before..before + attempts).map(|seed| {
            run(&Plan { operations: 1_000_000, seed, ..Plan::default() }, Memory::with_room_for(64), |_| {})
        });
        let mut operations = 0;
        let noticed = reports.find_map(|report| {
            operations += report.tally.operations();
            report.tally.first
        });
        Mistake::make(None);
        let name = format!("{mistake:?}");
        match &noticed {
            Some(first) => println!("{name:<24} {operations:>9} operations  {first}"),
            None => println!("{name:<24} not noticed in {operations} operations"),
        }
        noticed.is_some()
    }
}
