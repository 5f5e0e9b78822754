//! `#[ecached]`: one computation, and a follower that takes over when it is dropped.

use easy_cache_benches::candidate::Answer;
use easy_cache_core::{Cache, ecached};

use crate::crowd::{Candidate, Load};

/// The one form: there is nothing to switch on.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![Candidate {
        name: "#[ecached] async",
        make: |load| {
            let cache = Cache::new();
            Box::new(move || {
                let (cache, load) = (cache.clone(), load.clone());
                Box::pin(async move { orders(&cache, &load).await })
            })
        },
    }]
}

#[ecached("orders", cache = cache, skip(cache, load), tags = ["orders"], ttl = "1h")]
async fn orders(cache: &Cache, load: &Load) -> Answer {
    let _ = cache;
    load.run().await
}
