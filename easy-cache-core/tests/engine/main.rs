//! What the engine promises, told through the plain wrappers: values, tags, races, flights, scopes.

#![cfg(test)]

mod batches;
mod defaults;
mod detached;
mod failures;
mod flights;
mod holds;
mod parts;
mod races;
mod reentry;
mod results;
mod scopes;
mod stale;
mod stress;
mod support;
mod tags;
mod values;
