//! `quick_cache` by hand: its own way to load one key once, and the plain one that lets everybody load.

use std::convert::Infallible;
use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::crowd::{Candidate, Load};

/// With and without waiting.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate {
            name: "by hand, quick_cache, get_or_insert_async",
            make: |load| {
                let cache = Arc::new(Cache::new(100));
                Box::new(move || {
                    let (cache, load) = (Arc::clone(&cache), load.clone());
                    Box::pin(async move {
                        match cache.get_or_insert_async("key", async { Ok::<_, Infallible>(load.run().await) }).await {
                            Ok(answer) => answer,
                        }
                    })
                })
            },
        },
        Candidate {
            name: "by hand, quick_cache, get, then insert",
            make: |load: Load| {
                let cache = Arc::new(Cache::new(100));
                Box::new(move || {
                    let (cache, load) = (Arc::clone(&cache), load.clone());
                    Box::pin(async move {
                        if let Some(answer) = cache.get("key") {
                            return answer;
                        }
                        let answer = load.run().await;
                        cache.insert("key", Arc::clone(&answer));
                        answer
                    })
                })
            },
        },
    ]
}
