//! `hitbox`: memoised async functions over `moka`. A ttl, no tags; values are serialised also in memory.
//!
//! With `bincode`, its fastest format that works with `serde` (the default is JSON, which writes bytes as decimal numbers),
//! and without its protection against concurrent loads, which a hit does not need. Its functions take owned arguments, and
//! cannot return an `Arc`: one allocation each for the text and for the answer is the price of the comparison, not its own.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hitbox::policy::PolicyConfig;
use hitbox_backend::format::BincodeFormat;
use hitbox_fn::Cache;
use hitbox_fn::prelude::{CacheableResponse, cached};
use hitbox_moka::MokaBackend;
use serde::{Deserialize, Serialize};

use crate::candidate::{Candidate, Loads, candidate, ready};

const CAPACITY: u64 = 10_000;
const TTL: Duration = Duration::from_secs(3_600);

static LOADS: Loads = Loads::new();

type Functions = Cache<MokaBackend<BincodeFormat>>;

static CACHE: LazyLock<Functions> = LazyLock::new(|| {
    let backend = MokaBackend::builder().max_entries(CAPACITY).value_format(BincodeFormat).build();
    Cache::builder().backend(backend).policy(PolicyConfig::builder().ttl(TTL).build()).build()
});

#[derive(Clone, Serialize, Deserialize, CacheableResponse)]
struct Orders {
    bytes: Vec<u8>,
}

#[cached(prefix = "orders")]
async fn orders(user: u64, month: String) -> Result<Orders, Infallible> {
    Ok(Orders { bytes: LOADS.load(user, &month).to_vec() })
}

/// The one form.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![candidate("hitbox 0.2.4 async, moka, bincode", &LOADS, |user, month| {
        match ready(orders(user, month.to_owned()).cache(&*CACHE).into_future()) {
            Ok(orders) => Arc::new(orders.bytes),
        }
    })]
}
