//! What tests are built from: clocks that are moved by hand, stores that fail and stall on demand, places where code under test
//! waits, assertions, and the contract that every store has to fulfil; and what a cache reports that verifies its hits.
//!
//! Behind the feature `testing`; nothing of it is compiled without.

mod assertions;
mod clocks;
pub mod contract;
mod faults;
mod following;
#[doc(hidden)]
pub mod hostile;
mod plain_memory;
mod remote;
mod together;
#[cfg(feature = "testing")]
mod verify;

pub use crate::ManualClock;
#[cfg(feature = "testing")]
pub use crate::pause::{Pause, Point, pause_at};
pub use assertions::Probes;
pub use clocks::Clocks;
pub use contract::Contract;
pub use faults::{Attempt, Fault, Faults, Faulty, Injected};
pub use plain_memory::MemoryPlainStore;
pub use remote::{Question, Remote};
#[cfg(feature = "testing")]
pub use verify::Difference;
#[cfg(feature = "testing")]
pub(crate) use verify::{Verification, Verify};
