//! `hitbox`: memoised async functions over `moka`, with `bincode`. Without its protection against concurrent loads: a caller
//! that waits behind a leader that was dropped waits for ever (see the benchmark `stampede`), so few will switch it on.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hitbox::policy::PolicyConfig;
use hitbox_backend::format::BincodeFormat;
use hitbox_fn::Cache;
use hitbox_fn::prelude::{CacheableResponse, cached};
use hitbox_moka::MokaBackend;
use serde::{Deserialize, Serialize};

use super::CAPACITY;
use crate::candidate::{Candidate, Loads, candidate, ready};

const TTL: Duration = Duration::from_secs(3_600);

static LOADS: Loads = Loads::new();

type Functions = Cache<MokaBackend<BincodeFormat>>;

static CACHE: LazyLock<Functions> = LazyLock::new(|| {
    let backend = MokaBackend::builder().max_entries(CAPACITY as u64).value_format(BincodeFormat).build();
    Cache::builder().backend(backend).policy(PolicyConfig::builder().ttl(TTL).build()).build()
});

#[derive(Clone, Serialize, Deserialize, CacheableResponse)]
struct Orders {
    bytes: Vec<u8>,
}

#[cached(prefix = "orders")]
async fn orders(user: u64, month: String) -> Result<Orders, Infallible> {
    let _ = (user, month);
    Ok(Orders { bytes: LOADS.instant().to_vec() })
}

/// The one form.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![candidate("hitbox 0.2.4 async, moka, bincode", &LOADS, |user, month| {
        match ready(orders(user, month.to_owned()).cache(&*CACHE).into_future()) {
            Ok(orders) => Arc::new(orders.bytes),
        }
    })]
}
