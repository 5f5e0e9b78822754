//! The store against real servers, most of them behind a proxy that counts and breaks.
#![cfg(test)]

mod connections;
mod contract;
mod demoted;
mod fleet;
mod follow;
mod holds;
mod losses;
mod names;
mod protocol;
mod sentinel;
mod slow;
mod together;
mod trips;
mod world;
