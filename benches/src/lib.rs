//! What the benchmarks share: candidates that do the same work, measured in turns in one process.
//!
//! Numbers from two runs cannot be compared, let alone from two machines: the clock, the neighbours and the layout of
//! memory differ. So all candidates run in one process, one short batch each per round, in another order every round,
//! and what is reported is the ratio. `cargo xtask bench NAME` runs one; the programs are in `src/bin`.
//!
//! - [`candidate`]: what is compared
//! - [`workload`]: the calls that every candidate answers
//! - [`rounds`]: the measurement
//! - [`report`]: the table and the JSON file
//! - [`allocations`]: the allocator that counts
//! - [`options`]: the command line

pub mod allocations;
pub mod candidate;
pub mod options;
pub mod report;
pub mod rounds;
pub mod workload;
