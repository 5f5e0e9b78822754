//! What is promised of responses in memory, promised of responses in a store outside the process: the same tests, over a store.

#![cfg(test)]

#[path = "../layer/door.rs"]
mod door;

#[path = "../../../tests/doors/support.rs"]
mod support;

#[expect(dead_code, reason = "these tests need no socket")]
#[path = "../../../tests/doors/client.rs"]
mod client;

mod place;

#[path = "../../../tests/doors/list.rs"]
mod list;

#[path = "../layer/races.rs"]
mod races;
mod two;
