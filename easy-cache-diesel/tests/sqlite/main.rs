//! SQLite: the suite, and what only SQLite does.
#![cfg(test)]

mod home;
mod own;
#[path = "../suite/mod.rs"]
mod suite;

#[path = "../suite/replacing.rs"]
mod replacing;
#[path = "../suite/standard.rs"]
mod standard;
#[path = "../suite/unfinished.rs"]
mod unfinished;
