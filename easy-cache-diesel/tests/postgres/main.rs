//! PostgreSQL through libpq: the suite, and what only PostgreSQL does.
#![cfg(test)]

mod home;
mod own;
#[path = "../suite/mod.rs"]
mod suite;

#[path = "../suite/standard.rs"]
mod standard;
#[path = "../suite/unfinished.rs"]
mod unfinished;
