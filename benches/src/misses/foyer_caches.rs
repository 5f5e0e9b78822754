//! `foyer`, its memory half. Loads of one key run once, each in a task of its own: the runtime is part of the price.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use ahash::RandomState;
use foyer_memory::{Cache, CacheBuilder, S3FifoConfig};
use tokio::runtime::Runtime;

use super::CAPACITY;
use crate::candidate::{Answer, Candidate, Loads};
use crate::workload::{self, Request};

static LOADS: Loads = Loads::new();

struct Foyer {
    cache: Cache<String, Answer, RandomState>,
    runtime: Runtime,
}

impl Foyer {
    async fn get(&self, user: u64, month: &str) -> Answer {
        let load = || async { Ok::<_, Infallible>(LOADS.instant()) };
        match self.cache.get_or_fetch(&workload::key(user, month), load).await {
            Ok(entry) => Arc::clone(entry.value()),
            Err(_) => Answer::default(),
        }
    }
}

impl Candidate for Foyer {
    fn name(&self) -> &'static str {
        "foyer 0.22 memory, get_or_fetch"
    }

    fn call(&self, user: u64, month: &str) -> Answer {
        self.runtime.block_on(self.get(user, month))
    }

    fn loads(&self) -> u64 {
        LOADS.count()
    }

    /// One entry into the runtime for all calls.
    fn batch(&self, requests: &[Request]) {
        self.runtime.block_on(async {
            for request in requests {
                black_box(self.get(black_box(request.user), black_box(&request.month)).await);
            }
        });
    }
}

/// The one form.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    // Without a runtime there is nothing to measure: the row is missing then.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let cache = CacheBuilder::new(CAPACITY)
        .with_eviction_config(S3FifoConfig::default())
        .with_hash_builder(RandomState::new())
        .build();
    runtime.into_iter().map(|runtime| Box::new(Foyer { cache: cache.clone(), runtime }) as Box<dyn Candidate>).collect()
}
