//! The candidates that meet every call of the [workload](crate::workload) for the first time: one file per library.
//!
//! All keep about ten thousand entries, load one key once where they can, and compute by [`Loads::instant`].
//!
//! [`Loads::instant`]: crate::candidate::Loads::instant

mod cached_functions;
mod ecached_functions;
#[cfg(rivals)]
mod foyer_caches;
mod hand_written;
#[cfg(rivals)]
mod hitbox_functions;
mod moka_caches;

use crate::candidate::Candidate;

const CAPACITY: usize = 10_000;

/// All of them. The first one is the measure for all others.
#[must_use]
pub fn candidates() -> Vec<Box<dyn Candidate>> {
    let all = [
        hand_written::candidates(),
        ecached_functions::candidates(),
        cached_functions::candidates(),
        moka_caches::candidates(),
        #[cfg(rivals)]
        foyer_caches::candidates(),
        #[cfg(rivals)]
        hitbox_functions::candidates(),
    ];
    all.into_iter().flatten().collect()
}
