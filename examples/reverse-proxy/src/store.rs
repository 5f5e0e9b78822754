//! The store that several proxies share, as its URL names it. What is kept in it is left to the cache.

use std::fmt;
use std::str::FromStr;

use easy_cache_core::{Cache, CacheBuilder, Error};

use crate::Origin;

/// A store outside the process: `redis://HOST:PORT/DATABASE`, or `memcached://HOST:PORT,HOST:PORT`.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    #[cfg(feature = "redis")]
    Redis(String),
    #[cfg(feature = "memcached")]
    Memcached(Vec<String>),
}

impl fmt::Debug for StoreUrl {
    /// Without the URL: there may be a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl(..)")
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        match url.split_once("://") {
            #[cfg(feature = "redis")]
            Some(("redis" | "redis+unix", _)) => Ok(Self(Kind::Redis(url.to_owned()))),
            #[cfg(feature = "memcached")]
            Some(("memcached", servers)) => {
                let servers = servers.strip_suffix('/').unwrap_or(servers);
                Ok(Self(Kind::Memcached(servers.split(',').map(str::to_owned).collect())))
            }
            // Not with the URL: there may be a password in it.
            Some((scheme, _)) => Err(format!("no store is reached by `{scheme}://`; {}", known())),
            None => Err(format!("this is no URL of a store; {}", known())),
        }
    }
}

fn known() -> String {
    let known =
        [(cfg!(feature = "redis"), "redis://HOST:PORT"), (cfg!(feature = "memcached"), "memcached://HOST:PORT")];
    let known: Vec<_> = known.into_iter().filter_map(|(is_built, url)| is_built.then_some(url)).collect();
    if known.is_empty() {
        return "this proxy was built without the features `redis` and `memcached`".to_owned();
    }
    format!("this proxy knows {}", known.join(" and "))
}

/// A cache over that store. Proxies before the same origin share what they keep, and see none of what others keep: keys have the host
/// that a client asked for, which says nothing about the server behind it.
pub(crate) fn cache(url: &StoreUrl, origin: &Origin) -> Result<Cache, Error> {
    let namespace = format!("reverse-proxy:{}", origin.authority());
    let builder = Cache::builder().namespace(&namespace);
    Ok(connect(builder, url, &namespace)?.build())
}

#[allow(clippy::allow_attributes, unused_variables, reason = "without any of the features there is no such URL")]
fn connect(builder: CacheBuilder, url: &StoreUrl, namespace: &str) -> Result<CacheBuilder, Error> {
    match url.0 {
        #[cfg(feature = "redis")]
        Kind::Redis(ref url) => Ok(builder.store(easy_cache_redis::RedisStore::connect(url, namespace)?)),
        #[cfg(feature = "memcached")]
        Kind::Memcached(ref servers) => {
            let store = easy_cache_memcached::MemcachedStore::builder(namespace);
            Ok(builder.store(servers.iter().fold(store, |store, server| store.server(server)).build()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_none_of_a_store_is_refused_without_being_repeated() {
        for wrong in ["", "localhost:6379", "http://me:secret@localhost", "postgres://me:secret@localhost"] {
            let refusal = wrong.parse::<StoreUrl>().unwrap_err();
            assert!(!refusal.contains("secret") && refusal.contains("this proxy"), "{refusal}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn a_password_is_not_shown() {
        let url: StoreUrl = "redis://me:secret@localhost:6379/1".parse().unwrap();
        assert!(!format!("{url:?}").contains("secret"));
    }

    #[cfg(feature = "memcached")]
    #[test]
    fn several_servers_are_named_side_by_side() {
        let url: StoreUrl = "memcached://a:11211,b:11211/".parse().unwrap();
        assert!(url == StoreUrl(Kind::Memcached(vec!["a:11211".to_owned(), "b:11211".to_owned()])));
    }
}
