//! How a store is made: from a URL, from a configuration, or over a pool that the application has.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::{AsyncConnectionConfig, ConnectionInfo, IntoConnectionInfo};
use deadpool_redis::{Config, Manager, Pool};
use easy_cache_core::Error;
use easy_cache_core::store::Remembered;
use tokio::runtime::{Handle, Runtime};

use crate::RedisStore;
use crate::greeting::Greeting;
use crate::lane::{Lane, Limits};
use crate::layout::Keys;
use crate::store::Inner;

/// Where the connections come from.
#[derive(Clone)]
enum Source {
    Nothing,
    Url(String),
    Info(Box<ConnectionInfo>),
    Pool(Pool),
}

/// Chooses how a [`RedisStore`] is made.
#[must_use]
pub struct RedisStoreBuilder {
    namespace: String,
    source: Source,
    limits: Limits,
    lanes: usize,
    keeps_across_restarts: bool,
}

impl RedisStoreBuilder {
    pub(crate) const fn new(namespace: String) -> Self {
        let limits = Limits { operation: Duration::from_millis(500), dial: Duration::from_secs(2) };
        Self { namespace, source: Source::Nothing, limits, lanes: 1, keeps_across_restarts: false }
    }

    /// The server: `redis://user:password@host:port/database`, `rediss://` for TLS (feature `tls`), `redis+unix:///path`.
    pub fn url(mut self, url: impl AsRef<str>) -> Self {
        self.source = Source::Url(url.as_ref().to_owned());
        self
    }

    /// The server of a configuration, as an application reads it for its own pool. What it says of the pool is not used: a store
    /// needs one connection, or as many as it has lanes.
    pub fn config(mut self, config: &Config) -> Self {
        self.source = match (&config.url, &config.connection) {
            (Some(url), _) => Source::Url(url.clone()),
            (None, Some(info)) => Source::Info(Box::new(info.clone().into())),
            (None, None) => Source::Nothing,
        };
        self
    }

    /// A pool that the application has. The store takes connections out of it and keeps them; the pool makes others.
    pub fn pool(mut self, pool: Pool) -> Self {
        self.source = Source::Pool(pool);
        self
    }

    /// How long an operation may take, connecting included. Default: 500 ms.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.operation = timeout;
        self
    }

    /// How long connecting may take. It goes on when the operation that began it has ended. Default: 2 s.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.dial = timeout;
        self
    }

    /// The number of connections. Default: 1, which is the fastest up to values of some kilobytes; 4 help from 16 KiB on.
    ///
    /// # Panics
    /// If it is 0.
    pub const fn lanes(mut self, lanes: usize) -> Self {
        assert!(lanes > 0, "a store needs a lane");
        self.lanes = lanes;
        self
    }

    /// Uses what a server still has when it was started anew, or has taken another one's place.
    ///
    /// By default the namespace is emptied then, since data that was loaded from a disk, or copied from a master that has died, may
    /// lack the latest invalidations. To be said where a cold cache is worse than a value from before an invalidation.
    pub const fn keep_across_restarts(mut self) -> Self {
        self.keeps_across_restarts = true;
        self
    }

    /// Makes the store.
    ///
    /// # Errors
    /// If no server was named, or the URL is none.
    pub fn build(self) -> Result<RedisStore, Error> {
        let (pool, server) = self.supply()?;
        let background = Background::find()?;
        let keys = Keys::new(&self.namespace);
        let greeting = Greeting { keys: keys.clone(), keeps_across_restarts: self.keeps_across_restarts };
        let lane = |_| {
            let runtime = background.handle().clone();
            Arc::new(Lane::new(pool.clone(), runtime, self.limits, greeting.clone()))
        };
        let lanes = (0..self.lanes).map(lane).collect();
        let inner = Inner { keys, lanes, remembered: Remembered::new(), background, server };
        Ok(RedisStore { inner: Arc::new(inner) })
    }

    fn supply(&self) -> Result<(Pool, String), Error> {
        let attempted = "failed to make a store on redis";
        let info = match &self.source {
            Source::Nothing => {
                return Err(Error::store(attempted, "no server was named: say a URL, a configuration or a pool"));
            }
            Source::Pool(pool) => return Ok((pool.clone(), "of the given pool".to_owned())),
            Source::Info(info) => (**info).clone(),
            Source::Url(url) => url.as_str().into_connection_info().map_err(|error| Error::store(attempted, error))?,
        };
        let server = format!("{}", info.addr());
        // Answers are waited for by the store, not by each connection once more.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(self.limits.dial)).set_response_timeout(None);
        let manager = Manager::new_with_config(info, config).map_err(|error| Error::store(attempted, error))?;
        let pool =
            Pool::builder(manager).max_size(self.lanes).build().map_err(|error| Error::store(attempted, error))?;
        Ok((pool, server))
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// The runtime that sockets and timers live on: the one around the caller who made the store, or one of the store's own.
#[derive(Debug)]
pub(crate) enum Background {
    Around(Handle),
    Own(Option<Runtime>, Handle),
}

impl Background {
    fn find() -> Result<Self, Error> {
        if let Ok(handle) = Handle::try_current() {
            return Ok(Self::Around(handle));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::store("failed to start a runtime for a store on redis", error))?;
        let handle = runtime.handle().clone();
        Ok(Self::Own(Some(runtime), handle))
    }

    pub(crate) const fn handle(&self) -> &Handle {
        match self {
            Self::Around(handle) | Self::Own(_, handle) => handle,
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Self::Own(runtime, _) = self
            && let Some(runtime) = runtime.take()
        {
            // The last clone may be dropped where nothing may block.
            runtime.shutdown_background();
        }
    }
}
