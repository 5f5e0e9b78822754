//! Asynchronous connections to MariaDB by diesel-async: the suite that PostgreSQL has as well, and what only they do.
#![cfg(test)]

mod home;
mod mysql;
#[path = "../asynchronous/shop.rs"]
mod shop;
#[path = "../asynchronous/suite.rs"]
mod suite;
