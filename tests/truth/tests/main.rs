//! The truth table: many ways to write, on three databases, through every door; what each of them invalidates, and what it changed.
//!
//! `library` is the database that all of this happens to, `site` a fresh one with a cache before it, `state` all of its rows as text,
//! `table` reads `statements.txt`. The tests: `statements` (the table), `orm` (the same through calls of SeaORM), `random` (transactions
//! that nobody thought of), `diesel` (the table through the other ORM).
#![cfg(test)]

mod diesel;
mod library;
mod orm;
mod random;
mod site;
mod state;
mod statements;
mod table;
