//! Followed connections on real SQLite databases: what each write drops and what it leaves, what reads depend on, transactions
//! and savepoints, errors, and many readers and writers at once.
#![cfg(test)]

mod changes;
mod connecting;
mod control;
mod errors;
mod queries;
mod races;
mod random;
mod reads;
mod schema;
mod shop;
mod threads;
mod transactions;
mod writes;
