//! `moka`: `get_with` computes once.

use moka::future::Cache;

use crate::crowd::Candidate;

/// The asynchronous cache.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![Candidate {
        name: "moka 0.12 future, get_with",
        make: |load| {
            let cache = Cache::new(100);
            Box::new(move || {
                let (cache, load) = (cache.clone(), load.clone());
                Box::pin(async move { cache.get_with("key", async { load.run().await }).await })
            })
        },
    }]
}
