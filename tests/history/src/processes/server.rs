//! The server of a history, as faults see it.

use std::net::SocketAddr;

use easy_cache_servers::{Memcached, Redis};

use super::stores::Server;

/// A running server.
#[derive(Debug)]
pub enum Running {
    /// One Redis.
    Redis(Redis),
    /// One memcached.
    Memcached(Memcached),
}

impl Running {
    /// Starts it.
    ///
    /// # Panics
    /// If it is not installed.
    #[must_use]
    pub fn start(server: Server) -> Self {
        match server {
            Server::Redis => Self::Redis(Redis::start()),
            Server::Memcached => Self::Memcached(Memcached::start()),
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        match self {
            Self::Redis(redis) => redis.address(),
            Self::Memcached(memcached) => memcached.address(),
        }
    }

    /// The Redis, for faults that only it can have.
    #[must_use]
    pub const fn redis(&self) -> Option<&Redis> {
        match self {
            Self::Redis(redis) => Some(redis),
            Self::Memcached(_) => None,
        }
    }

    /// Stops answering.
    pub fn pause(&self) {
        match self {
            Self::Redis(redis) => redis.pause(),
            Self::Memcached(memcached) => memcached.pause(),
        }
    }

    /// Goes on.
    pub fn resume(&self) {
        match self {
            Self::Redis(redis) => redis.resume(),
            Self::Memcached(memcached) => memcached.resume(),
        }
    }

    /// Ends at once.
    pub fn kill(&self) {
        match self {
            Self::Redis(redis) => redis.kill(),
            Self::Memcached(memcached) => memcached.kill(),
        }
    }

    /// Comes back, empty.
    ///
    /// # Panics
    /// If it does not.
    pub fn start_again(&self) {
        match self {
            Self::Redis(redis) => redis.start_again(),
            Self::Memcached(memcached) => memcached.start_again(),
        }
    }

    /// Forgets everything.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn flush(&self) {
        match self {
            Self::Redis(redis) => drop(redis.command(["FLUSHALL"])),
            Self::Memcached(memcached) => drop(memcached.command("flush_all")),
        }
    }
}
