//! `cached`'s store on Redis: one shared connection, MessagePack, no tags, so that an entry is all that it asks for.

use std::time::Duration;

use cached::{AsyncRedisCache, ConcurrentCachedAsync};

use crate::callers::{Candidate, Problem};
use crate::values::Values;

type Store = AsyncRedisCache<String, String>;

/// As it is made by default; the ttl is the only thing that has to be said.
pub(crate) async fn candidates(url: &str, values: &Values) -> Result<Vec<Candidate>, Problem> {
    let builder = AsyncRedisCache::builder("cached").connection_string(url);
    let store: Store = builder.ttl(Duration::from_secs(3_600)).build().await?;
    for named in values.iter() {
        store.async_cache_set(named.key.clone(), named.value.clone()).await?;
    }
    Ok(vec![Candidate::new("cached 4.1, AsyncRedisCache (no tags)", store, values, look)])
}

async fn look(store: Store, values: Values, place: usize) -> Result<String, Problem> {
    let found = store.async_cache_get(&values[place].key).await?;
    found.ok_or_else(|| "a miss".into())
}
