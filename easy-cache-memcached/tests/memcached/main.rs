//! The store against real servers, behind a proxy that counts, and against one that answers nonsense.

#![cfg(test)]

mod connections;
mod contract;
mod garbage;
mod holds;
mod listener;
mod losses;
mod protocol;
mod slow;
mod stress;
mod trips;
mod world;
