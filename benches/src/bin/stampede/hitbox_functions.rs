//! `hitbox`: as it is, and with its protection against concurrent loads, which is switched on in the policy and by a
//! manager.
//!
//! Arguments are part of the key or skipped; the function's own name begins it, and each run has a cache of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hitbox::concurrency::BroadcastConcurrencyManager;
use hitbox::policy::{ConcurrencyLimit, PolicyConfig};
use hitbox_backend::format::BincodeFormat;
use hitbox_fn::Cache;
use hitbox_fn::prelude::{CacheableResponse, cached};
use hitbox_moka::MokaBackend;
use serde::{Deserialize, Serialize};

use crate::crowd::{Candidate, Load};

const TTL: Duration = Duration::from_secs(3_600);

#[derive(Clone, Serialize, Deserialize, CacheableResponse)]
struct Orders {
    bytes: Vec<u8>,
}

#[cached(prefix = "orders", skip(load))]
async fn orders(load: Load) -> Result<Orders, Infallible> {
    Ok(Orders { bytes: load.run().await.to_vec() })
}

fn backend() -> MokaBackend<BincodeFormat> {
    MokaBackend::builder().max_entries(100).value_format(BincodeFormat).build()
}

/// With and without waiting.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate {
            name: "hitbox 0.2.4 async",
            make: |load| {
                let policy = PolicyConfig::builder().ttl(TTL).build();
                let cache = Arc::new(Cache::builder().backend(backend()).policy(policy).build());
                Box::new(move || {
                    let (cache, load) = (Arc::clone(&cache), load.clone());
                    Box::pin(async move {
                        match orders(load).cache(cache).await {
                            Ok(orders) => Arc::new(orders.bytes),
                        }
                    })
                })
            },
        },
        Candidate {
            name: "hitbox 0.2.4 async, concurrency 1",
            make: |load| {
                let policy = PolicyConfig::builder().ttl(TTL).concurrency(ConcurrencyLimit::MIN).build();
                let manager = BroadcastConcurrencyManager::<Result<Orders, Infallible>>::new();
                let cache = Cache::builder().backend(backend()).policy(policy).concurrency_manager(manager).build();
                let cache = Arc::new(cache);
                Box::new(move || {
                    let (cache, load) = (Arc::clone(&cache), load.clone());
                    Box::pin(async move {
                        match orders(load).cache(cache).await {
                            Ok(orders) => Arc::new(orders.bytes),
                        }
                    })
                })
            },
        },
    ]
}
