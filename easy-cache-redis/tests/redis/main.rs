//! The store against real servers.

mod contract;
mod server;
