//! What the database tells: relays over synchronous and asynchronous connections, notifications, what is asked at the start, and audits.
#![cfg(test)]

mod audit;
mod introspection;
mod notifications;
mod postgres;
mod relay;
mod site;
