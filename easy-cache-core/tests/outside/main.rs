//! What is promised of values in memory, promised of values in a store outside the process: the same tests, over a store.
//!
//! And what is true only there: what leaves the process, and what other processes make of it.
#![cfg(test)]

#[path = "../engine/batches.rs"]
mod batches;
mod codecs;
#[path = "../engine/detached.rs"]
mod detached;
#[path = "../engine/failures.rs"]
mod failures;
#[path = "../engine/listener.rs"]
mod listener;
#[path = "../engine/results.rs"]
mod results;
#[path = "../engine/stale.rs"]
mod stale;
mod support;
