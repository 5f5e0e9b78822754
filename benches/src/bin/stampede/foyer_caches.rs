//! `foyer`: `get_or_fetch` computes once, in a task of its own, which a caller's end does not stop.

use std::convert::Infallible;
use std::sync::Arc;

use easy_cache_benches::candidate::Answer;
use foyer_memory::{Cache, CacheBuilder};

use crate::crowd::Candidate;

/// The one form.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![Candidate {
        name: "foyer 0.22 memory, get_or_fetch",
        make: |load| {
            let cache: Cache<String, Answer> = CacheBuilder::new(100).build();
            Box::new(move || {
                let (cache, load) = (cache.clone(), load.clone());
                Box::pin(async move {
                    let fetch = || async move { Ok::<_, Infallible>(load.run().await) };
                    match cache.get_or_fetch("key", fetch).await {
                        Ok(entry) => Arc::clone(entry.value()),
                        Err(error) => panic!("a fetch that cannot fail has failed: {error}"),
                    }
                })
            })
        },
    }]
}
