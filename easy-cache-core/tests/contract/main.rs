//! The promises of every store, and how a cache behaves whose store is outside the process.

mod failing;
mod near;
mod promises;
mod sharing;
mod world;
