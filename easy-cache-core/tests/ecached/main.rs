//! Cached functions as their users write and call them: signatures, keys, results, handles.

#![cfg(test)]

mod bypass;
mod handles;
mod keys;
mod policies;
mod registry;
mod results;
mod signatures;
mod support;
