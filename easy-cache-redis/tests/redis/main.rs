//! The store against real servers, most of them behind a proxy that counts and breaks.
#![expect(clippy::unwrap_used, reason = "what the tests share ends a test as they do")]
#![cfg(test)]

mod connections;
mod contract;
mod follow;
mod holds;
mod losses;
mod names;
mod protocol;
mod together;
mod trips;
mod world;
