//! The server of a history, as faults see it: one process, or the nodes of a cluster.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use easy_cache_servers::{Cluster, Memcached, Redis};

use super::stores::Server;

/// A replica takes the place of a master that has been silent for so long; longer than any fault but a death.
const NODE_TIMEOUT: Duration = Duration::from_millis(1_500);

/// To start one takes seconds, so all histories of a run share it; each has a namespace of its own.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::options().node_timeout(NODE_TIMEOUT).start());

/// What runs.
#[derive(Debug)]
pub enum Running {
    /// One Redis.
    Redis(Redis),
    /// One memcached.
    Memcached(Memcached),
    /// Three masters, and a replica of each.
    Cluster(&'static Cluster),
}

/// One process of it.
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    /// A Redis, or a node of a cluster.
    Redis(&'a Redis),
    /// A memcached.
    Memcached(&'a Memcached),
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
            Server::Cluster => {
                CLUSTER.wait_until_well();
                Self::Cluster(&CLUSTER)
            }
        }
    }

    /// All processes, always in the same order.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node<'_>> {
        match self {
            Self::Redis(redis) => vec![Node::Redis(redis)],
            Self::Memcached(memcached) => vec![Node::Memcached(memcached)],
            Self::Cluster(cluster) => cluster.nodes().iter().map(Node::Redis).collect(),
        }
    }

    /// The cluster, if it is one.
    #[must_use]
    pub const fn cluster(&self) -> Option<&'static Cluster> {
        match self {
            Self::Cluster(cluster) => Some(cluster),
            Self::Redis(_) | Self::Memcached(_) => None,
        }
    }
}

impl<'a> Node<'a> {
    /// Where it is.
    #[must_use]
    pub const fn address(self) -> SocketAddr {
        match self {
            Self::Redis(redis) => redis.address(),
            Self::Memcached(memcached) => memcached.address(),
        }
    }

    /// The Redis, for faults that only it can have.
    #[must_use]
    pub const fn redis(self) -> Option<&'a Redis> {
        match self {
            Self::Redis(redis) => Some(redis),
            Self::Memcached(_) => None,
        }
    }

    /// Stops answering.
    pub fn pause(self) {
        match self {
            Self::Redis(redis) => redis.pause(),
            Self::Memcached(memcached) => memcached.pause(),
        }
    }

    /// Goes on.
    pub fn resume(self) {
        match self {
            Self::Redis(redis) => redis.resume(),
            Self::Memcached(memcached) => memcached.resume(),
        }
    }

    /// Ends at once.
    pub fn kill(self) {
        match self {
            Self::Redis(redis) => redis.kill(),
            Self::Memcached(memcached) => memcached.kill(),
        }
    }

    /// Comes back, empty.
    ///
    /// # Panics
    /// If it does not.
    pub fn start_again(self) {
        match self {
            Self::Redis(redis) => redis.start_again(),
            Self::Memcached(memcached) => memcached.start_again(),
        }
    }

    /// Forgets everything. A replica refuses: its master tells it.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn flush(self) {
        match self {
            Self::Redis(redis) => drop(redis.command(["FLUSHALL"])),
            Self::Memcached(memcached) => drop(memcached.command("flush_all")),
        }
    }
}
