//! The wrapped connection on real SQLite databases: what each write drops and what it leaves, what reads depend on,
//! transactions and savepoints, holds, and many readers and writers at once.
#![cfg(test)]

mod bypass;
mod changes;
mod entities;
mod holds;
mod lending;
mod mock;
mod open_text;
mod queries;
mod reads;
mod savepoints;
mod shop;
mod streams;
mod stress;
mod strict;
mod text;
mod transactions;
mod writes;
