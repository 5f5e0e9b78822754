//! The promise of the whole product, told against the real bookstore on a real socket: no answer to a request that was
//! sent after a write had been answered shows the state from before that write.
#![cfg(test)]

mod alike;
mod client;
mod consistency;
mod ledger;
mod row_tags;
mod shop;
mod varnish;
mod visitors;
mod writers;
