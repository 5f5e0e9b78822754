//! Which store an URL names. Nothing is dialled before the first question.

use std::env;
use std::sync::Arc;

use easy_cache_core::store::Inspect;
use easy_cache_memcached::MemcachedStore;
use easy_cache_redis::{RedisClusterStore, RedisStore};

use crate::answer::Failure;
use crate::arguments::Common;
use crate::command::bench;

/// The store that is asked.
pub(crate) struct Target {
    pub(crate) store: Arc<dyn Inspect>,
    /// Where it is, without a password.
    pub(crate) shown: String,
    pub(crate) namespace: String,
}

impl Target {
    /// The store of the common options.
    pub(crate) async fn open(common: &Common) -> Result<Self, Failure> {
        let named = common.namespace.clone().or_else(|| env::var("EASY_CACHE_NAMESPACE").ok());
        let namespace = named.ok_or_else(|| {
            Failure::usage(
                "no namespace: say --namespace NAME, as the application says it to its store (it may be empty: \"\")",
            )
        })?;
        Self::of(common, namespace).await
    }

    /// The same for a namespace that was said otherwise.
    pub(crate) async fn of(common: &Common, namespace: String) -> Result<Self, Failure> {
        let url = common.url.clone().or_else(|| env::var("EASY_CACHE_URL").ok());
        let url = url.ok_or_else(|| Failure::usage("no store: say --url, such as redis://127.0.0.1:6379"))?;
        let shown = without_password(&url);
        let (scheme, rest) = url.split_once("://").ok_or_else(|| unknown(&shown))?;
        let store: Arc<dyn Inspect> = match scheme {
            "redis" | "rediss" | "redis+unix" | "unix" | "redis-sentinel" | "rediss-sentinel" => {
                Arc::new(redis(common, &url, &namespace)?)
            }
            "memcached" => Arc::new(memcached(common, rest, &namespace)?),
            "redis+cluster" => Arc::new(cluster(common, "redis", rest, &namespace).await?),
            "rediss+cluster" => Arc::new(cluster(common, "rediss", rest, &namespace).await?),
            _ => return Err(unknown(&shown)),
        };
        Ok(Self { store, shown, namespace })
    }

    /// For a store that could not be asked: what happened, and what to do.
    pub(crate) fn failed(&self, error: &easy_cache_core::Error) -> Failure {
        Failure::store(error, &self.shown)
    }
}

/// It changes nothing by being looked at: a server that was started anew keeps what it has until an application decides.
fn redis(common: &Common, url: &str, namespace: &str) -> Result<RedisStore, Failure> {
    let builder = RedisStore::builder(namespace).url(url).timeout(common.timeout).connect_timeout(common.timeout);
    builder.keep_across_restarts().build().map_err(|error| Failure::usage_of(&error))
}

/// The number of groups is the one that the applications use: with another one their records would not be found.
async fn cluster(common: &Common, scheme: &str, nodes: &str, namespace: &str) -> Result<RedisClusterStore, Failure> {
    let said = common.groups.map(usize::from);
    let store = divided(common, scheme, nodes, namespace, said.unwrap_or(1))?;
    let failed = |error| Failure::store(&error, &without_password(&format!("{scheme}+cluster://{nodes}")));
    match (said, store.groups_in_use().await.map_err(failed)?) {
        (Some(said), Some(used)) if said != used => Err(Failure::usage(format!(
            "--groups {said} is wrong: the applications that use the namespace `{namespace}` divide its records into {used} groups. \
             Without --groups the cluster is asked"
        ))),
        (None, Some(used)) => divided(common, scheme, nodes, namespace, used),
        (None, None) if namespace != bench::NAMESPACE => Err(Failure::cannot(format!(
            "no application uses the namespace `{namespace}` on this cluster: is that its name? If it is, say --groups as they do"
        ))),
        _ => Ok(store),
    }
}

/// The user and the password before the first node count for all.
fn divided(
    common: &Common,
    scheme: &str,
    nodes: &str,
    namespace: &str,
    groups: usize,
) -> Result<RedisClusterStore, Failure> {
    let nodes = nodes.trim_end_matches('/').split(',').filter(|node| !node.is_empty());
    let builder = RedisClusterStore::builder(namespace).urls(nodes.map(|node| format!("{scheme}://{node}")));
    let builder = builder.groups(groups).timeout(common.timeout).connect_timeout(common.timeout);
    builder.keep_across_restarts().build().map_err(|error| Failure::usage_of(&error))
}

fn memcached(common: &Common, servers: &str, namespace: &str) -> Result<MemcachedStore, Failure> {
    let builder = MemcachedStore::builder(namespace).timeout(common.timeout).connect_timeout(common.timeout);
    let servers = servers.trim_end_matches('/').split(',').filter(|server| !server.is_empty());
    let builder = servers.fold(builder, |builder, server| {
        let has_port = server.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        builder.server(if has_port { server.to_owned() } else { format!("{server}:11211") })
    });
    builder.build().map_err(|error| Failure::usage_of(&error))
}

fn unknown(shown: &str) -> Failure {
    Failure::usage(format!(
        "`{shown}` names no store: it begins with redis://, rediss://, redis+unix://, redis-sentinel://, redis+cluster:// or \
         memcached://"
    ))
}

fn without_password(url: &str) -> String {
    // Sentinels have a password of their own, which stands there.
    let has_more = url.split_once("://").is_some_and(|(scheme, _)| scheme.ends_with("-sentinel"));
    let url = url.split_once('?').filter(|_| has_more).map_or(url, |(url, _)| url);
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let Some((_, place)) = rest.rsplit_once('@') else { return url.to_owned() };
    let colon = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{colon}…@{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("redis://ada:se@cret@host:1/2"), "redis://…@host:1/2");
        assert_eq!(without_password("ada:secret@host"), "…@host");
        assert_eq!(
            without_password("redis-sentinel://:secret@one,two/name?sentinel_password=secr@t"),
            "redis-sentinel://…@one,two/name"
        );
        assert_eq!(
            without_password("redis-sentinel://one/name?protocol=3&sentinel_password=x"),
            "redis-sentinel://one/name"
        );
        assert_eq!(without_password("redis://host:1/2"), "redis://host:1/2");
    }
}
