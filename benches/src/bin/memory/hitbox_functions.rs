//! `hitbox` over `moka`, with `bincode`. Its keys are lists of named parts.

use std::convert::Infallible;
use std::time::Duration;

use easy_cache_benches::candidate::ready;
use hitbox::policy::PolicyConfig;
use hitbox_backend::format::BincodeFormat;
use hitbox_fn::Cache;
use hitbox_fn::prelude::{CacheableResponse, cached};
use hitbox_moka::MokaBackend;
use serde::{Deserialize, Serialize};

use crate::{Candidate, Filled, key};

#[derive(Clone, Serialize, Deserialize, CacheableResponse)]
struct Number {
    number: u64,
}

#[cached(prefix = "entry", skip(number))]
async fn entry(key: String, number: u64) -> Result<Number, Infallible> {
    let _ = key;
    Ok(Number { number })
}

type Functions = Cache<MokaBackend<BincodeFormat>>;

struct Entries {
    cache: Functions,
    entries: usize,
}

impl Filled for Entries {
    /// It cannot say: all are asked for once more, and must be what was stored.
    fn count(&self) -> usize {
        (0..self.entries).filter(|number| ask(&self.cache, *number, u64::MAX) == *number as u64).count()
    }
}

/// The one form.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![Candidate { name: "hitbox 0.2.4, moka, ttl", tags: 0, fill: filled }]
}

fn filled(entries: usize) -> Box<dyn Filled> {
    let backend = MokaBackend::builder().max_entries(2 * entries as u64).value_format(BincodeFormat).build();
    let policy = PolicyConfig::builder().ttl(Duration::from_secs(3_600)).build();
    let cache = Cache::builder().backend(backend).policy(policy).build();
    for number in 0..entries {
        ask(&cache, number, number as u64);
    }
    Box::new(Entries { cache, entries })
}

fn ask(cache: &Functions, index: usize, number: u64) -> u64 {
    match ready(entry(key(index), number).cache(cache.clone()).into_future()) {
        Ok(entry) => entry.number,
    }
}
