//! The promises of every store, and how a cache behaves whose store is outside the process.

mod circuit;
mod failing;
mod hostile;
mod leases;
mod near;
mod owed;
mod promises;
mod sharing;
mod world;
