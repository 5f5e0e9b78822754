//! The response cache of a proxy: it stands before servers of others, so it guesses where they are silent, and keeps what the
//! RFCs allow a shared cache to keep. An application's own cache does less by default.

use easy_cache_core::{Cache, Error};
use easy_cache_tower::ResponseCacheLayer;

use crate::{Options, Switch, store};

/// A single response may take this part of the cache, so that one download does not push everything else out.
const LARGEST_PART: u64 = 32;

/// The layer that follows from the options.
pub(crate) fn layer(options: &Options) -> Result<ResponseCacheLayer, Error> {
    let cache = match &options.store {
        Some(url) => store::cache(url, &options.origin)?,
        None => Cache::builder().max_weight(options.size).build(),
    };
    let layer = ResponseCacheLayer::new(cache)
        .max_body((options.size / LARGEST_PART).max(1))
        .stale_if_error(options.stale_if_error)
        .targeted_by(["cdn-cache-control"])
        .languages_in_any_order()
        .ignore_request_cookies()
        .share_set_cookie_between_users()
        .keep_parts();
    Ok(match options.heuristics {
        Switch::On => layer.guess_lifetimes(),
        Switch::Off => layer,
    })
}
