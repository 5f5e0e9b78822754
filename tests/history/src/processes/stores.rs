//! What can be put to the test, by name, and what each promises.

use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::store::{Adapter, Store};
use easy_cache_core::{CacheBuilder, Clock, Error, Near};
use easy_cache_memcached::MemcachedStore;
use easy_cache_redis::{RedisClusterStore, RedisStore};

use super::plain_redis::PlainRedis;
use super::ways::Ways;

/// A store that processes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Redis as a store that can get, set and delete.
    Plain,
    /// Redis by the store that is made for it.
    Redis,
    /// The same, with copies kept near.
    Near,
    /// A Redis Cluster.
    Cluster,
    /// memcached.
    Memcached,
}

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whether it trusts what a server has brought back: the one mistake that is the store's own to make.
    pub is_trusting: bool,
    /// What it waits for an answer.
    pub timeout: Duration,
}

impl Default for Opening {
    fn default() -> Self {
        Self { is_trusting: false, timeout: Duration::from_millis(500) }
    }
}

/// How long a near copy may be served after an invalidation elsewhere.
pub const NEAR: Duration = Duration::from_millis(200);

/// A server that a store needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// One Redis.
    Redis,
    /// One memcached.
    Memcached,
    /// Three masters of a Redis Cluster, with a replica each.
    Cluster,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Plain, Self::Redis, Self::Near, Self::Cluster, Self::Memcached];

    /// What it is called on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Redis => "redis",
            Self::Near => "near",
            Self::Cluster => "cluster",
            Self::Memcached => "memcached",
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
            Self::Plain | Self::Redis | Self::Near => Server::Redis,
            Self::Memcached => Server::Memcached,
            Self::Cluster => Server::Cluster,
        }
    }

    /// How old an answer may be, counted from the acknowledgement.
    #[must_use]
    pub const fn bound(self) -> Duration {
        match self {
            Self::Plain | Self::Redis | Self::Cluster | Self::Memcached => Duration::ZERO,
            Self::Near => NEAR,
        }
    }

    /// Whether a hold lasts until its writer ends it or its deadline passes, whatever other writers do.
    #[must_use]
    pub const fn holds_well(self) -> bool {
        match self {
            Self::Plain => false,
            Self::Redis | Self::Near | Self::Cluster | Self::Memcached => true,
        }
    }

    /// Whether a hit is what is committed, where all writers hold. Near copies hear of holds as they hear of invalidations: a little later.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        self.holds_well() && self.bound().is_zero()
    }

    /// Whether it notices that a server has gone back in time, by a restart or by the promotion of a copy.
    #[must_use]
    pub const fn notices_the_past(self) -> bool {
        match self {
            // memcached keeps nothing on disk, and has no copies.
            Self::Plain | Self::Memcached => false,
            Self::Redis | Self::Near | Self::Cluster => true,
        }
    }

    /// With copies near, if they are a part of it.
    pub fn near(self, builder: CacheBuilder) -> CacheBuilder {
        if self.bound().is_zero() { builder } else { builder.near(Near::within(self.bound())) }
    }

    /// Connects to it.
    ///
    /// # Errors
    /// If the store refuses its own settings; a server that is down is no error.
    pub fn open(
        self,
        ways: &Ways,
        namespace: &str,
        clock: &Clock,
        Opening { is_trusting, timeout }: Opening,
    ) -> Result<Arc<dyn Store>, Error> {
        Ok(match self {
            Self::Plain => Arc::new(Adapter::new(PlainRedis::at(ways.first()), namespace, clock.clone())),
            Self::Memcached => {
                let builder = MemcachedStore::builder(namespace).server(ways.first().to_string());
                Arc::new(builder.timeout(timeout).build()?)
            }
            Self::Redis | Self::Near => {
                let builder = RedisStore::builder(namespace).url(format!("redis://{}", ways.first())).timeout(timeout);
                Arc::new(if is_trusting { builder.keep_across_restarts() } else { builder }.build()?)
            }
            Self::Cluster => {
                let (proxied, host) = (ways.clone(), ways.first().ip().to_string());
                // A mistake is looked for where it would show.
                let groups = if mistake.is_some() { 1 } else { groups_of(namespace) };
                let builder = RedisClusterStore::builder(namespace).urls(ways.urls()).groups(groups).timeout(timeout);
                let builder = builder.reached_at(move |_, port| (host.clone(), proxied.port_to(port)));
                Arc::new(if is_trusting { builder.keep_across_restarts() } else { builder }.build()?)
            }
        })
    }
}

/// Over how many groups a history divides its records: one, or in every other history several, so that what a fault befalls may be the
/// node with their number. All its processes say the same.
fn groups_of(namespace: &str) -> usize {
    let is_odd = namespace.bytes().next_back().is_some_and(|last| last % 2 == 1);
    if is_odd { 3 } else { 1 }
}
