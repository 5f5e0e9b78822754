//! The reverse proxy on real sockets: the whole list of behaviours, what is about connections alone, what one client can do to
//! another, and what many can do to the proxy.
#![cfg(test)]

mod abuse;
mod bodies;
mod conformance_list;
mod connections;
mod stores;
mod support;
mod upgrades;
mod users;
