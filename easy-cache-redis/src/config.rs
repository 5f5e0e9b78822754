//! How a store is made: from a URL, from a configuration, by sentinels, or over a pool that the application has.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use deadpool_redis::redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use deadpool_redis::{Config, Pool};
use easy_cache_core::Error;
use easy_cache_core::store::StoreFuture;
use pin_project_lite::pin_project;
use tokio::runtime::{Handle, Runtime};

use crate::RedisStore;
use crate::combine::Combiner;
use crate::failure::Failure;
use crate::follow::Origin;
use crate::greeting::Greeting;
use crate::lane::{Lane, Limits};
use crate::layout::Keys;
use crate::recent::Recent;
use crate::recipe::Recipes;
use crate::sentinel::{Leave, Plan, Sentinels};
use crate::store::Inner;
use crate::wire::Supply;

/// Where the connections come from.
#[derive(Clone)]
enum Source {
    Nothing,
    Url(String),
    Info(Box<ConnectionInfo>),
    Pool(Pool),
    Sentinels(Plan),
}

/// Chooses how a [`RedisStore`] is made.
///
/// # Example: a server nearby, and short patience
/// ```
/// use std::time::Duration;
/// use easy_cache_redis::RedisStore;
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let store = RedisStore::builder("shop").url("redis://127.0.0.1:6379").timeout(Duration::from_millis(50)).build()?;
/// # let _ = store; Ok(()) }
/// ```
#[must_use]
pub struct RedisStoreBuilder {
    namespace: String,
    source: Source,
    limits: Limits,
    lanes: usize,
    keeps_across_restarts: bool,
    combines: bool,
    /// Where a near cache hears of changes, if not from where everything else comes.
    news: Option<String>,
    /// Of the servers that sentinels name.
    servers: Option<String>,
}

impl RedisStoreBuilder {
    pub(crate) const fn new(namespace: String) -> Self {
        let limits = Limits {
            operation: Duration::from_millis(500),
            dial: Duration::from_secs(2),
            master: Duration::from_secs(1),
        };
        Self {
            namespace,
            source: Source::Nothing,
            limits,
            lanes: 1,
            keeps_across_restarts: false,
            combines: true,
            news: None,
            servers: None,
        }
    }

    /// The server: `redis://user:password@host:port/database`, `rediss://` for TLS (feature `tls`), `redis+unix:///path`.
    ///
    /// [Sentinels](Self::sentinels) in one line: `redis-sentinel://user:password@host:26379,host:26379/name/database`, where user and
    /// password are those at the servers; behind it `?sentinel_user=…&sentinel_password=…` if the sentinels expect any. `rediss-sentinel://` speaks
    /// TLS with all of them.
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
    ///
    /// A lookup costs more processor time than with a [`url`](Self::url) or [`config`](Self::config): over a plain socket that the store has dialled itself it
    /// needs less of the client library.
    pub fn pool(mut self, pool: Pool) -> Self {
        self.source = Source::Pool(pool);
        self
    }

    /// Redis Sentinel: these sentinels are asked who the master of this name is (the one that `sentinel monitor` has in their configuration, often
    /// `mymaster`), at every dial and all at once, so that those that are down cost little. The server is used if it says itself that it is the master.
    ///
    /// When another one becomes the master, all connections move there, that of a near cache as well: where the former one breaks them, refuses writes, or
    /// a sentinel announces the next. What that means for what was stored is what any promotion means: see
    /// [`keep_across_restarts`](Self::keep_across_restarts).
    ///
    /// A URL of a sentinel has the user and the password that *it* expects, if any; the port is 26379 unless said. What the servers expect,
    /// [`servers_as`](Self::servers_as) says.
    ///
    /// # Example: three sentinels, and servers with a password
    /// ```
    /// use easy_cache_redis::RedisStore;
    ///
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let store = RedisStore::builder("shop")
    ///     .sentinels("mymaster", ["redis://sentinel1", "redis://sentinel2", "redis://sentinel3"])
    ///     .servers_as("redis://shop:secret@master/2")
    ///     .build()?;
    /// # let _ = store; Ok(()) }
    /// ```
    pub fn sentinels(mut self, master: impl Into<String>, urls: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let sentinels = urls.into_iter().map(|url| url.as_ref().to_owned()).collect();
        self.source = Source::Sentinels(Plan { name: master.into(), sentinels, servers: None });
        self
    }

    /// How the servers that [sentinels](Self::sentinels) name are reached: user, password, database, and TLS by `rediss://`. The host and the port in it
    /// are not used: these are what the sentinels say. (With TLS a certificate has to be made out to that, so sentinels best say
    /// names: `resolve-hostnames`, `announce-hostnames`.)
    ///
    /// By default there is no password, the database is 0, and nothing is encrypted.
    pub fn servers_as(mut self, url: impl AsRef<str>) -> Self {
        self.servers = Some(url.as_ref().to_owned());
        self
    }

    /// Where the server of a [pool](Self::pool) is, for a near cache: it needs a connection that a pool does not make.
    pub fn news_from(mut self, url: impl AsRef<str>) -> Self {
        self.news = Some(url.as_ref().to_owned());
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

    /// How often the server is asked whether it still is the master, along with a lookup, in the same write: one that was replaced refuses
    /// writes only, and would go on answering those who do nothing but read. Default: 1 s.
    ///
    /// No call that begins twice as long after a master was replaced is served by it.
    pub const fn check_master_every(mut self, interval: Duration) -> Self {
        self.limits.master = interval;
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

    /// Sends every lookup by itself. By default those that wait together travel together.
    pub const fn separate_lookups(mut self) -> Self {
        self.combines = false;
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
        let (supply, server, news) = match self.sentinels_named()? {
            Some(sentinels) => Self::by_sentinels(sentinels),
            None => self.by_server()?,
        };
        let background = Background::find()?;
        let keys = Keys::new(&self.namespace);
        let recent = Arc::new(Recent::default());
        let greeting = Greeting {
            whose: Some((keys.clone(), Arc::clone(&recent))),
            keeps_across_restarts: self.keeps_across_restarts,
        };
        let lane = |_| {
            let lane = Arc::new(Lane::new(supply.clone(), self.limits, greeting.clone()));
            if let Supply::Sentinels(sentinels) = &supply {
                sentinels.head().bind(Arc::downgrade(&lane) as Weak<dyn Leave>);
            }
            Arc::new(Combiner::new(lane, &keys, self.combines))
        };
        let lanes = (0..self.lanes).map(lane).collect();
        let (recipes, limits) = (Recipes::default(), self.limits);
        let inner = Inner { keys, lanes, recipes, recent, background, server, news, limits };
        Ok(RedisStore { inner: Arc::new(inner) })
    }

    fn by_server(&self) -> Result<(Supply, String, Option<Origin>), Error> {
        let info = self.info()?;
        #[cfg(feature = "tls")]
        crate::tls::prepare(info.iter().chain(self.news_info()?.as_ref()));
        let news = self.news(info.clone())?.map(Origin::from);
        let (supply, server) = self.supply(info)?;
        Ok((supply, server, news))
    }

    fn by_sentinels(sentinels: Sentinels) -> (Supply, String, Option<Origin>) {
        #[cfg(feature = "tls")]
        crate::tls::prepare(sentinels.connections());
        let (server, sentinels) = (sentinels.to_string(), Arc::new(sentinels));
        (Supply::Sentinels(Arc::clone(&sentinels)), server, Some(Origin::Sentinels(sentinels)))
    }

    /// The sentinels, if that is what was named.
    fn sentinels_named(&self) -> Result<Option<Sentinels>, Error> {
        let plan = match &self.source {
            Source::Sentinels(plan) => Some(Ok(plan.clone())),
            Source::Url(url) => Plan::read(url),
            _ => None,
        };
        let Some(mut plan) = plan.transpose()? else { return Ok(None) };
        plan.servers = self.servers.clone().or(plan.servers);
        plan.sentinels(self.limits.dial).map(Some)
    }

    /// Where the server is, if that was said.
    fn info(&self) -> Result<Option<ConnectionInfo>, Error> {
        match &self.source {
            Source::Nothing => {
                Err(Error::store(ATTEMPTED, "no server was named: say a URL, a configuration or a pool"))
            }
            Source::Pool(_) | Source::Sentinels(_) => Ok(None),
            Source::Info(info) => Ok(Some((**info).clone())),
            Source::Url(url) => url.as_str().into_connection_info().map(Some).map_err(failed),
        }
    }

    fn news_info(&self) -> Result<Option<ConnectionInfo>, Error> {
        self.news.as_deref().map(|url| url.into_connection_info().map_err(failed)).transpose()
    }

    /// The client of near caches: the newer of the two protocols, in which a server can speak first.
    fn news(&self, info: Option<ConnectionInfo>) -> Result<Option<Client>, Error> {
        let Some(info) = self.news_info()?.or(info) else { return Ok(None) };
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Client::open(info.set_redis_settings(settings)).map(Some).map_err(failed)
    }

    fn supply(&self, info: Option<ConnectionInfo>) -> Result<(Supply, String), Error> {
        let info = match (&self.source, info) {
            (Source::Pool(pool), _) => return Ok((Supply::Pool(pool.clone()), "of the given pool".to_owned())),
            (_, Some(info)) => info,
            (_, None) => return Err(Error::store(ATTEMPTED, "no server was named")),
        };
        let server = info.addr().to_string();
        Ok((Supply::to(info, self.lanes, self.limits).map_err(failed)?, server))
    }
}

pub(crate) const ATTEMPTED: &str = "failed to make a store on redis";

pub(crate) fn failed(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::store(ATTEMPTED, source)
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// The runtime for callers that have none around them: the one around who made the store, or one of the store's own.
#[derive(Debug)]
pub(crate) enum Background {
    Around(Handle),
    Own(Option<Runtime>, Handle),
}

impl Background {
    pub(crate) fn find() -> Result<Self, Error> {
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

    /// Runs an operation where timers and sockets work, whoever polls it; with words for its failure.
    pub(crate) fn run<'a, T: 'a>(
        &'a self,
        what: &'static str,
        server: &'a str,
        operation: impl Future<Output = Result<T, Failure>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(self.running(what, server, operation))
    }

    /// The same as a part of another future.
    pub(crate) const fn running<'a, T: 'a, F>(
        &'a self,
        what: &'static str,
        server: &'a str,
        operation: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + 'a
    where
        F: Future<Output = Result<T, Failure>> + Send + 'a,
    {
        Operation { background: self, what, server, operation }
    }
}

pin_project! {
    /// An operation under way: in one piece of memory, beyond a kilobyte of which each would cost more.
    struct Operation<'a, F> {
        background: &'a Background,
        what: &'static str,
        server: &'a str,
        #[pin]
        operation: F,
    }
}

impl<T, F: Future<Output = Result<T, Failure>>> Future for Operation<'_, F> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The caller's own runtime first: the one on which the store was made may have ended.
        let _entered = Handle::try_current().is_err().then(|| this.background.handle().enter());
        this.operation.poll(cx).map_err(|failure| failure.told(this.what, this.server))
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
