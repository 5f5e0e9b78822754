//! A server, a store on it, and the steps that stories are made of.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Hit, Look, Looked, Miss, MissReason, Store};
use easy_cache_redis::{RedisStore, RedisStoreBuilder};
use easy_cache_servers::{Redis, unique};

/// Longer than any machine that is not stuck takes for a trip.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const KEY: &[u8] = b"k";

/// Makes everything older, by so many microseconds: what expires, the deadlines of holds, the dates of entries.
const AGE: &str = r"
    local by = tonumber(ARGV[1])
    for _, key in ipairs(redis.call('KEYS', '*')) do
        local left = redis.call('PTTL', key)
        local value = redis.call('TYPE', key).ok == 'string' and redis.call('GET', key)
        if value and string.find(key, ':r:', 1, true) and #value > 16 then
            for at = 33, #value, 24 do
                local deadline = struct.pack('>I8', struct.unpack('>I8', value, at) - by)
                redis.call('SETRANGE', key, at - 1, deadline)
            end
        elseif value and string.find(key, ':e:', 1, true) and #value >= 44 then
            redis.call('SETRANGE', key, 36, struct.pack('>I8', struct.unpack('>I8', value, 37) - by))
        end
        if left > 0 then redis.call('PEXPIRE', key, left - by / 1000) end
    end
";

pub(crate) fn age(server: &Redis, by: Duration) {
    let reply = server.command(["EVAL", AGE, "0", &by.as_micros().to_string()]);
    assert_eq!(reply.to_string(), "(nil)");
}

pub(crate) fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(Tag::new).collect()
}

/// Patient, and without the question that goes along once in a while: it would be counted.
fn unasked(builder: RedisStoreBuilder) -> RedisStoreBuilder {
    builder.timeout(PATIENCE).connect_timeout(PATIENCE).check_master_every(Duration::from_secs(24 * 3600))
}

/// A namespace of its own in a server that others may share.
pub(crate) struct World {
    pub(crate) namespace: String,
    pub(crate) url: String,
    pub(crate) store: RedisStore,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(Redis::shared().url())
    }

    pub(crate) fn at(url: String) -> Self {
        Self::with(url, |builder| builder)
    }

    pub(crate) fn with(url: String, more: impl FnOnce(RedisStoreBuilder) -> RedisStoreBuilder) -> Self {
        let namespace = unique("n");
        let store = more(unasked(RedisStore::builder(&namespace).url(&url))).build().unwrap();
        Self { namespace, url, store }
    }

    /// Another process: nothing is remembered there.
    pub(crate) fn elsewhere(&self) -> Self {
        self.elsewhere_with(|builder| builder.timeout(PATIENCE))
    }

    pub(crate) fn elsewhere_with(&self, more: impl FnOnce(RedisStoreBuilder) -> RedisStoreBuilder) -> Self {
        let store = more(RedisStore::builder(&self.namespace).url(&self.url)).build().unwrap();
        Self { namespace: self.namespace.clone(), url: self.url.clone(), store }
    }

    /// The same on a way of its own.
    pub(crate) fn elsewhere_at(&self, url: String) -> Self {
        let store = unasked(RedisStore::builder(&self.namespace).url(&url)).build().unwrap();
        Self { namespace: self.namespace.clone(), url, store }
    }

    /// The name of a record, an entry, or one of the namespace's own.
    pub(crate) fn key(&self, name: &str) -> String {
        match name.strip_prefix("e:") {
            Some(_) => format!("ec1:{}:{name}", self.namespace),
            None => format!("{{ec1:{}}}:{name}", self.namespace),
        }
    }

    pub(crate) async fn look(&self, known: &[&str]) -> Looked {
        self.store.look(Look::new(KEY, &tags(known))).await.unwrap()
    }

    pub(crate) async fn miss(&self, known: &[&str]) -> Miss {
        match self.look(known).await {
            Looked::Miss(miss) => miss,
            Looked::Hit(hit) => panic!("a hit: {hit:?}"),
        }
    }

    pub(crate) async fn hit(&self, known: &[&str]) -> Hit {
        match self.look(known).await {
            Looked::Hit(hit) => hit,
            Looked::Miss(miss) => panic!("a miss: {miss:?}"),
        }
    }

    pub(crate) async fn reason(&self, known: &[&str]) -> Option<MissReason> {
        match self.look(known).await {
            Looked::Miss(miss) => Some(miss.reason),
            Looked::Hit(_) => None,
        }
    }

    pub(crate) async fn fill(&self, miss: &Miss, names: &[&str]) -> Filled {
        let tags = tags(names);
        let mut fill = Fill::new(KEY, b"value", miss.fence.as_ref());
        fill.tags = &tags;
        self.store.fill(fill).await.unwrap()
    }

    /// Puts the key in.
    pub(crate) async fn warm(&self, names: &[&str]) {
        let miss = self.miss(names).await;
        assert_eq!(self.fill(&miss, names).await, Filled::Kept);
    }

    pub(crate) async fn invalidate(&self, names: &[&str]) {
        self.store.invalidate(&tags(names), &[]).await.unwrap();
    }

    pub(crate) async fn invalidate_key(&self) {
        self.store.invalidate(&[], &[KEY]).await.unwrap();
    }
}
