//! What the engine promises, told through the plain wrappers: values, tags, races, flights, scopes.

#![cfg(test)]

mod defaults;
mod failures;
mod flights;
mod holds;
mod parts;
mod races;
mod reentry;
mod scopes;
mod stale;
mod stress;
mod support;
mod tags;
mod values;
