//! The wrapped connection on each kind of database, as a real server: SQLite, PostgreSQL, MariaDB.
#![cfg(test)]

mod beginning;
mod introspection;
mod isolation;
mod lending;
mod listener;
mod reads;
mod related;
mod relay;
mod replica;
mod restart;
mod site;
mod writes;
