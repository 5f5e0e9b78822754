//! The store against real servers, most of them behind a proxy that counts and breaks.
#![expect(clippy::unwrap_used, reason = "what the tests share ends a test as they do")]

mod connections;
mod contract;
mod fleet;
mod follow;
mod holds;
mod losses;
mod names;
mod protocol;
mod together;
mod trips;
mod world;
