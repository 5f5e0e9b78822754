//! What a real Varnish makes of purges, with the VCL of this crate.
#![cfg(test)]

mod bans;
mod client;
mod origin;
