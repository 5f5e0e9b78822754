//! What every database does with a followed connection: what each write drops and what it leaves, what reads depend on, transactions
//! and savepoints, errors, and many readers and writers at once. How a database says it is left to the `home` beside it.
//!
//! `returning`, `replacing` and `unfinished` are told only where the database has that, so they are named there.

mod changes;
mod connecting;
pub(crate) mod control;
mod errors;
mod queries;
mod races;
mod random;
pub(crate) mod reads;
mod relay;
pub(crate) mod schema;
pub(crate) mod shop;
mod threads;
mod transactions;
pub(crate) mod writes;
