//! What the middleware promises, told as requests and answers: through a plain service where that is enough, through a server on
//! a real socket where the network matters. What is the same on every door is in `tests/doors` of the workspace.
#![cfg(test)]

mod door;

#[path = "../../../tests/doors/support.rs"]
mod support;

#[path = "../../../tests/doors/client.rs"]
mod client;

#[path = "../../../tests/doors/list.rs"]
mod list;

#[path = "../../../tests/doors/place.rs"]
mod place;

mod extract;
mod nested;
mod network;
