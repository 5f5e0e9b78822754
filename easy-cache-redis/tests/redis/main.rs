//! The store against real servers, most of them behind a proxy that counts and breaks.
#![cfg(test)]

mod connections;
mod contract;
mod fleet;
mod follow;
mod holds;
mod losses;
mod names;
mod outage;
mod protocol;
mod sentinel;
mod together;
mod trips;
mod world;
