//! The command, run as people run it: against real servers, with what it prints and how it ends.

#![expect(clippy::unwrap_used, reason = "a test may end so")]

mod cluster;
mod entries;
mod long;
mod mistakes;
mod tls;
mod world;
