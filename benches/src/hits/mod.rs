//! The candidates that answer the calls of the [workload](crate::workload) from memory: one file per library.
//!
//! A library is added with a file, and a line in [`candidates`].

mod cached_functions;
mod ecached_functions;
#[cfg(rivals)]
mod foyer_caches;
pub(crate) mod hand_written;
#[cfg(rivals)]
mod hitbox_functions;
mod moka_caches;

use crate::candidate::Candidate;

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
