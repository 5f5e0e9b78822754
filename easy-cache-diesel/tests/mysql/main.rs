//! MariaDB through its client library, or that of MySQL: the suite, and what only they do.
#![cfg(test)]

mod home;
mod own;
#[path = "../suite/mod.rs"]
mod suite;

#[path = "../suite/replacing.rs"]
mod replacing;
