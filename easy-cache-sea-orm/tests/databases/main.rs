//! The wrapped connection on each kind of database, as a real server: SQLite, PostgreSQL, MariaDB.
#![cfg(test)]

mod beginning;
mod introspection;
mod isolation;
mod listener;
mod reads;
mod relay;
mod replica;
mod restart;
mod site;
mod writes;
