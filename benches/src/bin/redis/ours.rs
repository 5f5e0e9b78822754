//! This project: the store alone, and a cache over it, as applications use it; each as it is, and with lookups that never travel together.

use std::time::Duration;

use easy_cache_core::store::{Fill, Filled, Look, Looked, Store};
use easy_cache_core::{Cache, Tag};
use easy_cache_redis::RedisStore;

use crate::callers::{Candidate, Problem};
use crate::values::Values;

/// A timer is set for every lookup, and is not to go off although a profiler, or a busy machine, slows everything down.
const PATIENCE: Duration = Duration::from_secs(10);

/// All four.
pub(crate) async fn candidates(url: &str, values: &Values) -> Result<Vec<Candidate>, Problem> {
    let [alone, alone_separate, below, below_separate] =
        [("alone", true), ("separate", false), ("below", true), ("below separate", false)].map(
            |(namespace, combines)| {
                let builder = RedisStore::builder(namespace).url(url).timeout(PATIENCE).connect_timeout(PATIENCE);
                if combines { builder.build() } else { builder.separate_lookups().build() }
            },
        );
    let (alone, alone_separate) = (alone?, alone_separate?);
    fill(&alone, values).await?;
    fill(&alone_separate, values).await?;
    let [cache, separate] =
        [below?, below_separate?].map(|store| Cache::builder().store(store).store_timeout(PATIENCE).build());
    compute(&cache, values).await?;
    compute(&separate, values).await?;
    Ok(vec![
        Candidate::new("RedisStore, separate lookups", alone_separate, values, look),
        Candidate::new("RedisStore", alone, values, look),
        Candidate::new("Cache, separate lookups", separate, values, hit),
        Candidate::new("Cache", cache, values, hit),
    ])
}

fn tags(names: &[String; 2]) -> [Tag; 2] {
    names.each_ref().map(Tag::new)
}

async fn fill(store: &RedisStore, values: &Values) -> Result<(), Problem> {
    for named in values.iter() {
        let (key, tags) = (named.key.as_bytes(), tags(&named.tags));
        let Looked::Miss(miss) = store.look(Look::new(key, &tags)).await? else { continue };
        let mut fill = Fill::new(key, named.value.as_bytes(), miss.fence.as_ref());
        fill.tags = &tags;
        match store.fill(fill).await? {
            Filled::Kept => {}
            other => return Err(format!("a fill was {other:?}").into()),
        }
    }
    Ok(())
}

async fn look(store: RedisStore, values: Values, place: usize) -> Result<String, Problem> {
    let named = &values[place];
    match store.look(Look::new(named.key.as_bytes(), &tags(&named.tags))).await? {
        Looked::Hit(hit) => Ok(String::from_utf8(hit.payload)?),
        Looked::Miss(miss) => Err(format!("a miss: {miss:?}").into()),
    }
}

async fn compute(cache: &Cache, values: &Values) -> Result<(), Problem> {
    for named in values.iter() {
        let value = async { Ok::<_, Problem>(named.value.clone()) };
        cache.get_or_compute(&named.key, value).tags(&named.tags).await?;
    }
    Ok(())
}

/// What is computed in a measured call is an error: then it is not a hit that was measured.
async fn hit(cache: Cache, values: Values, place: usize) -> Result<String, Problem> {
    let named = &values[place];
    cache.get_or_compute(&named.key, async { Err("it was computed".into()) }).tags(&named.tags).await
}
