//! Asynchronous connections: PostgreSQL by diesel-async, alone and in its pools, and SQLite on other threads. Futures that are dropped,
//! that are said to have ended too early, and that run at once.
#![cfg(test)]

mod carried;
mod followers;
mod home;
mod postgres;
mod shop;
mod store;
mod suite;
