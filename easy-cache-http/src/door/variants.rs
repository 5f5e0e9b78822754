//! Under which key a response is stored: that of its URI, or that of a variant, with the note that leads there.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::Vary;
use easy_cache_core::{Address, Computation, Policy, Scope};

use super::exchange::Exchange;
use super::key;
use super::stored::{StoredResponse, Varies};

/// What is built from something ends with it, and a confirmed response is built from the one before: room for a day of
/// confirmations, after which it is fetched as a whole. What is over by its own terms is passed over until it is evicted.
const RENEWABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long it is remembered by which fields the responses of a URI differ. Forgetting it costs one call of the handler.
const NOTED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Stores a response, and hands it to those who wait at `key`. `false` if it was refused because something that it
/// depends on was invalidated meanwhile.
pub(crate) fn store(
    exchange: &Exchange,
    key: &[u8],
    computation: Computation,
    response: Arc<StoredResponse>,
    scope: Scope,
) -> bool {
    let terms = &response.terms;
    let place = if terms.part.is_some() { key::part(&exchange.base).into() } else { place(exchange, &terms.vary) };
    let useful = terms.useful_for(response.recorded_for);
    let room = if terms.validators.is_empty() { Duration::ZERO } else { RENEWABLE };
    let policy =
        Policy::new().ttl(useful + room).tags(exchange.tags_of_the_address().cloned()).weight(response.weight());
    if let Some(place) = exchange.place {
        exchange.settings.apart.kept(place);
    }
    if *place == *key {
        computation.fill(response, &policy, scope)
    } else {
        computation.fill_elsewhere(place, response, &policy, scope)
    }
}

/// A response without `Vary` is stored under the key of its URI, unless others of that URI have variants.
fn place<'a>(exchange: &'a Exchange, vary: &Vary) -> Cow<'a, [u8]> {
    let Exchange { base, headers, .. } = exchange;
    let cache = exchange.cache();
    let known = if cache.is_shared() { exchange.varies.clone() } else { Varies::of(cache, base) };
    match known.as_deref() {
        None if vary.fields().is_empty() => return base.into(),
        Some(known) if known.covers(vary) => {
            let key = known.key(base, &exchange.settings.policy, headers);
            if known.admits(&key, exchange.settings.max_variants) {
                return key.into();
            }
        }
        None | Some(_) => {}
    }
    let varies = Varies::by(known.map_or_else(|| vary.clone(), |known| known.with(vary)));
    let key = varies.key(base, &exchange.settings.policy, headers);
    varies.admits(&key, exchange.settings.max_variants);
    note(exchange, base, varies, NOTED);
    key.into()
}

/// Leaves a note. In a store outside it arrives behind the answer: who comes before it asks the handler.
pub(crate) fn note<T: Clone + Send + Sync + 'static>(exchange: &Exchange, place: &[u8], note: T, ttl: Duration) {
    let cache = exchange.cache();
    let Some(shelf) = exchange.settings.shelf() else {
        cache.set_local(place, note).ttl(ttl).wait();
        return;
    };
    let address = Address::at(&exchange.base, place);
    cache.see_to(async move {
        shelf.put(&address, Arc::new(note), &Policy::new().ttl(ttl)).await;
    });
}
