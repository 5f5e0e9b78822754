//! What is promised of responses in memory, promised of responses in a store outside the process: the same tests, over a store.
#![cfg(test)]

#[path = "../layer/door.rs"]
mod door;

#[path = "../../../tests/doors/support.rs"]
mod support;

#[path = "../../../tests/doors/client.rs"]
mod client;

#[path = "../../../tests/doors/list.rs"]
mod list;

mod near;
#[path = "../layer/nested.rs"]
mod nested;
#[path = "../layer/network.rs"]
mod network;
mod place;
#[path = "../layer/races.rs"]
mod races;
#[path = "../layer/readiness.rs"]
mod readiness;
#[path = "../layer/router.rs"]
mod router;
mod two;

/// By how much fewer rounds tests that try their luck make.
const SLOWER: usize = 10;
