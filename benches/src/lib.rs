//! What the benchmarks share: candidates that do the same work, measured in turns in one process.
//!
//! Numbers from two runs cannot be compared, let alone from two machines: the clock, the neighbours and the layout of
//! memory differ. So all candidates run in one process, one short batch each per round, in another order every round,
//! and what is reported is the ratio. `cargo xtask bench NAME` runs one; the programs are in `src/bin`.
//!
//! - [`candidate`]: what is compared; [`hits`] and [`misses`] have one file per library
//! - [`workload`]: the calls that every candidate answers
//! - [`rounds`]: the measurement
//! - [`instructions`]: what a call costs apart from time
//! - [`report`]: the table and the JSON file
//! - [`allocations`]: the allocator that counts
//! - [`options`]: the command line
//!
//! `foyer` and `hitbox` are part of it only where `cfg(rivals)` is set, as `cargo xtask bench` does: they take longer to
//! compile than all the rest.

pub mod allocations;
pub mod candidate;
pub mod hits;
pub mod instructions;
pub mod misses;
pub mod options;
pub mod report;
pub mod rounds;
pub mod workload;
