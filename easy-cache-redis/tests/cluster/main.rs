//! The store on real clusters of three masters and three replicas, some of which lose a master or move slots under load.
#![cfg(test)]

mod agreement;
mod commands;
mod contract;
mod failover;
mod fences;
mod follow;
mod groups;
mod moving;
mod outage;
mod proxied;
mod stress;
mod trips;
mod world;
