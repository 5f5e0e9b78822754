//! What tests are built from: a clock that is moved by hand, stores that fail and stall on demand, places where code under test
//! waits, assertions, and the contract that every store has to fulfil.
//!
//! Behind the feature `testing`; nothing of it is compiled without.

mod assertions;
pub mod contract;
mod faults;
mod plain_memory;

pub use crate::ManualClock;
pub use assertions::Probes;
pub use contract::Contract;
pub use faults::{Attempt, Fault, Faults, Faulty, Injected};
pub use plain_memory::MemoryPlainStore;
