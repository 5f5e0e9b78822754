//! Cached functions as their users write and call them: signatures, keys, results, handles.

#![cfg(test)]

mod blocks;
mod bypass;
mod calls;
mod freshness;
mod handles;
mod keys;
mod meta;
mod negative;
mod policies;
mod receivers;
mod registry;
mod results;
mod signatures;
mod support;
mod traits;
mod weights;
