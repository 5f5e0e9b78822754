//! What can be put to the test, by name, and what each promises.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::Clock;
use easy_cache_core::store::{Adapter, Store};

use super::plain_redis::PlainRedis;

/// A store that processes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Redis as a store that can get, set and delete.
    Plain,
}

/// A server that a store needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// One Redis.
    Redis,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Plain];

    /// What it is called on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What has to run for it.
    #[must_use]
    pub const fn server(self) -> Server {
        match self {
            Self::Plain => Server::Redis,
        }
    }

    /// How old an answer may be, counted from the acknowledgement.
    #[must_use]
    pub const fn bound(self) -> Duration {
        match self {
            Self::Plain => Duration::ZERO,
        }
    }

    /// Whether a hold lasts until its writer ends it or its deadline passes, whatever other writers do.
    #[must_use]
    pub const fn holds_well(self) -> bool {
        match self {
            Self::Plain => false,
        }
    }

    /// Connects to it.
    #[must_use]
    pub fn open(self, server: SocketAddr, namespace: &str, clock: &Clock) -> Arc<dyn Store> {
        match self {
            Self::Plain => Arc::new(Adapter::new(PlainRedis::at(server), namespace, clock.clone())),
        }
    }
}
