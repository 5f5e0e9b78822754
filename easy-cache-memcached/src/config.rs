//! How a store is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::Error;
use easy_cache_core::store::Remembered;
use tokio::runtime::{Handle, Runtime};

use crate::MemcachedStore;
use crate::lane::{Lane, Limits};
use crate::layout::Keys;
use crate::servers::Servers;
use crate::store::Inner;

/// memcached's own limit for an item is 1 MiB, in which the key and its own administration are.
const MAX_VALUE: usize = (1 << 20) - 512;

/// Chooses how a [`MemcachedStore`] is made.
#[must_use]
pub struct MemcachedStoreBuilder {
    namespace: String,
    servers: Vec<String>,
    limits: Limits,
    max_value: usize,
}

impl MemcachedStoreBuilder {
    pub(crate) const fn new(namespace: String) -> Self {
        let limits = Limits { operation: Duration::from_millis(500), dial: Duration::from_secs(2) };
        Self { namespace, servers: Vec::new(), limits, max_value: MAX_VALUE }
    }

    /// One more server, as `host:port`.
    ///
    /// Which name is on which server follows from these texts, so **all processes must say the same ones**; their order does not
    /// matter. A process with another list does not hear of the others' invalidations. To change the list, stop all processes or take a new
    /// namespace; whoever comes back to an earlier list invalidates everything first.
    ///
    /// A server that does not answer is not replaced by the others, since it may come back with what it had: the names on it are not
    /// cached meanwhile.
    pub fn server(mut self, address: impl Into<String>) -> Self {
        self.servers.push(address.into());
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

    /// The largest entry in bytes: the value with its key and tags. Larger ones are not kept, and an event says so. Default: 512 bytes below
    /// 1 MiB, for a server with memcached's own limit; more if it was started with `-I`.
    pub const fn max_value(mut self, bytes: usize) -> Self {
        self.max_value = bytes;
        self
    }

    /// Makes the store.
    ///
    /// # Errors
    /// If no server was named, or something that is not `host:port`, or one twice; or if there is no runtime around, and none can be started.
    pub fn build(self) -> Result<MemcachedStore, Error> {
        check(&self.servers).map_err(|why| Error::store("failed to make a store on memcached", why))?;
        let background = Background::find()?;
        let (shown, limits) = (self.servers.join(", "), self.limits);
        let runtime = background.handle().clone();
        let keys = Keys::new(&self.namespace);
        let lane = |server: &str| Lane::new(server.to_owned(), keys.all_buckets(), runtime.clone(), limits);
        let inner = Inner {
            keys: keys.clone(),
            servers: Servers::new(self.servers, lane),
            remembered: Remembered::new(),
            background,
            limits,
            max_value: self.max_value,
            shown,
        };
        Ok(MemcachedStore { inner: Arc::new(inner) })
    }
}

fn check(servers: &[String]) -> Result<(), String> {
    if servers.is_empty() {
        return Err("no server was named: say its host and port".to_owned());
    }
    for (place, server) in servers.iter().enumerate() {
        let port = server.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(format!("`{server}` is not a host and a port, such as `127.0.0.1:11211`"));
        }
        if servers[..place].contains(server) {
            return Err(format!("`{server}` is named twice"));
        }
    }
    Ok(())
}

impl fmt::Debug for MemcachedStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("MemcachedStoreBuilder");
        debug.field("namespace", &self.namespace).field("servers", &self.servers).finish_non_exhaustive()
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
        let runtime =
            runtime.map_err(|error| Error::store("failed to start a runtime for a store on memcached", error))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_an_address_is_refused_in_words() {
        let refused =
            |servers: &[&str]| check(&servers.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap_err();
        assert!(refused(&[]).contains("no server"));
        assert!(refused(&["localhost"]).contains("`localhost`"));
        assert!(refused(&[":11211"]).contains("host"));
        assert!(refused(&["a:1", "a:1"]).contains("twice"));
        assert_eq!(check(&["a:1".to_owned(), "[::1]:11211".to_owned()]), Ok(()));
    }
}
