//! Threads that read and write at random, on a real store with real threads, and a checker that follows them.
//!
//! The checker remembers a few numbers for each row, so that a history may be as long as one has time for. Its rules:
//!
//! - **Acknowledged**: no answer is older than what was acknowledged before the call, by anybody, the caller included.
//! - **Rolled back**: what was written in a transaction that was rolled back, or is still open, is in nobody else's answer.
//! - **Not from the future**: no answer has a row that the database does not have yet.
//! - **Strict**: where every writer holds, a hit is what was committed at some moment of the look.
//!
//! Reading order: [`database`] (the rows, and what was acknowledged), [`store`] (what a store must offer to be checked),
//! [`cached`] (a cache behind that), [`memory`] (the memory cache), [`session`] (one thread's random operations, and the rules), [`mod@run`]. Several processes
//! with one store outside are the matter of `processes`; with a database as well, of `databases`; the writers of both die at `steps`.

pub mod cached;
pub mod database;
#[cfg(feature = "databases")]
pub mod databases;
pub mod memory;
pub mod mistakes;
#[cfg(feature = "processes")]
pub mod processes;
pub mod random;
pub mod run;
pub mod session;
#[cfg(feature = "processes")]
pub mod steps;
pub mod store;
#[cfg(feature = "processes")]
pub mod workers;

pub use run::{Plan, Report, run};
