//! The command as a process, and an application that shares the store with it.

use std::process::{Command, Stdio};
use std::time::Duration;

use easy_cache_core::{Cache, Tag};
use easy_cache_memcached::MemcachedStore;
use easy_cache_redis::RedisStore;
use easy_cache_servers::{Memcached, Redis, unique};
use serde_json::Value;

/// A store, its URL, and the application's cache on it.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) namespace: String,
    pub(crate) cache: Cache,
}

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    /// What is not text in it is shown as such.
    pub(crate) out: String,
    pub(crate) length: usize,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }
}

pub(crate) fn redis() -> World {
    let (url, namespace) = (Redis::shared().url(), unique("cli"));
    let builder = RedisStore::builder(&namespace).url(&url).timeout(Duration::from_secs(30));
    let store = builder.build().unwrap();
    let cache = Cache::builder().namespace(&namespace).store_timeout(Duration::from_secs(30)).store(store).build();
    World { url, namespace, cache }
}

pub(crate) fn memcached() -> World {
    let address = Memcached::shared().address().to_string();
    let namespace = unique("cli");
    let builder = MemcachedStore::builder(&namespace).server(&address).timeout(Duration::from_secs(30));
    let store = builder.build().unwrap();
    let cache = Cache::builder().namespace(&namespace).store_timeout(Duration::from_secs(30)).store(store).build();
    World { url: format!("memcached://{address}"), namespace, cache }
}

/// Each story is one of both.
pub(crate) fn both() -> [World; 2] {
    [redis(), memcached()]
}

impl World {
    /// Runs the command on this store.
    pub(crate) fn run<'a>(&'a self, words: impl IntoIterator<Item = &'a str>) -> Ran {
        run(["--url", &self.url, "--namespace", &self.namespace, "--timeout", "30s"].into_iter().chain(words))
    }

    /// A value of an hour, under tags. Whether it was computed now.
    pub(crate) fn asks_for(&self, key: &str, tags: impl IntoIterator<Item = Tag>) -> bool {
        let mut computed = false;
        let load = || {
            computed = true;
            Some("Emma, by Jane Austen".to_owned())
        };
        let ttl = Duration::from_secs(3600);
        let value = self.cache.get_or_compute_sync(key, load).ttl(ttl).tags(tags).wait();
        assert_eq!(value.as_deref(), Some("Emma, by Jane Austen"));
        computed
    }
}

pub(crate) fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_easy-cache"));
    command.args(words).env_remove("EASY_CACHE_URL").env_remove("EASY_CACHE_NAMESPACE").stdin(Stdio::null());
    command
}

pub(crate) fn run<'a>(words: impl IntoIterator<Item = &'a str>) -> Ran {
    let output = command(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap();
    Ran { code, out: text(&output.stdout), length: output.stdout.len(), err: text(&output.stderr) }
}
