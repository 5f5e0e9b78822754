//! The wrapped connection on each kind of database, as a real server: SQLite, PostgreSQL, MariaDB.
#![cfg(test)]

mod beginning;
mod listener;
mod relay;
mod replica;
mod site;
