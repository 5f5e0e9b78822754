//! What the engine promises, told through the plain wrappers: values, tags, races, flights, scopes.

#![cfg(test)]

mod batches;
mod carried;
mod defaults;
mod detached;
mod events;
mod explain;
mod failures;
mod flights;
mod holds;
mod in_process;
mod listener;
mod meanwhile;
#[cfg(feature = "metrics")]
mod metered;
mod outdated;
mod parts;
#[cfg(feature = "testing")]
mod pauses;
mod races;
mod reentry;
mod results;
mod scopes;
mod stale;
mod stress;
mod support;
mod sync;
mod tags;
mod values;
#[cfg(feature = "testing")]
mod verify;
