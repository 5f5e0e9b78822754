//! From a request to its stored response, or to the duty to call the handler: one look, and if need be a wait for
//! others who are at it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use easy_cache_core::Joined;
use easy_cache_http::Forward;
use http::HeaderMap;

use crate::exchange::{Exchange, Task};
use crate::layer::Settings;
use crate::stored::{Hit, Value, Varies};

/// How often a request starts over because the fields that tell variants apart changed while it waited.
const DETOURS: usize = 4;

/// What a single look finds.
pub(crate) enum Held {
    Response(Hit),
    /// Responses for this key are not to be waited for.
    Unshared(Forward),
    Nothing(Forward),
}

/// One look, or two where there are variants. Waits for nobody.
pub(crate) fn look(settings: &Settings, base: &[u8], headers: &HeaderMap) -> Held {
    match settings.cache.look(base).map(Value::of) {
        None => Held::Nothing(Forward::UriMiss),
        Some(Value::Response(hit)) => Held::Response(hit),
        Some(Value::Unshared) => Held::Unshared(Forward::UriMiss),
        Some(Value::Varies(varies)) => match settings.cache.look(varies.key(base, headers)).map(Value::of) {
            Some(Value::Response(hit)) => Held::Response(hit),
            Some(Value::Unshared | Value::Varies(_)) => Held::Unshared(Forward::VaryMiss),
            None => Held::Nothing(Forward::VaryMiss),
        },
    }
}

/// Where a wait ends.
pub(crate) enum Arrival {
    Found(Box<Exchange>, Hit),
    Compute(Box<Task>),
}

/// A request that waits for its turn.
pub(crate) type Arriving = Pin<Box<dyn Future<Output = Arrival> + Send>>;

/// Waits for those who are at the same key, if there are any.
pub(crate) async fn arrive(mut exchange: Box<Exchange>) -> Arrival {
    let settings = Arc::clone(&exchange.settings);
    let mut known: Option<Arc<Varies>> = None;
    for _ in 0..DETOURS {
        let key = key(&exchange, known.as_deref());
        match settings.recordings.follow(&key, settings.cache.join(&key)).await {
            Joined::Compute(computation) if is_outdated(&exchange, known.as_deref()) => {
                computation.scatter();
                known = None;
            }
            Joined::Compute(computation) => return Arrival::Compute(Task::new(*exchange, computation, key)),
            Joined::Found(stored) => match Value::of(stored) {
                Value::Varies(varies) => {
                    exchange.forward = Forward::VaryMiss;
                    known = Some(varies);
                }
                Value::Response(hit) if hit.answers(&exchange.facts, &settings.policy) => {
                    return Arrival::Found(exchange, hit);
                }
                Value::Response(_) | Value::Unshared => return Arrival::Compute(Task::alone(*exchange, key)),
            },
        }
    }
    let key = key(&exchange, known.as_deref());
    Arrival::Compute(Task::alone(*exchange, key))
}

fn key(exchange: &Exchange, known: Option<&Varies>) -> Vec<u8> {
    known.map_or_else(|| exchange.base.clone(), |varies| varies.key(&exchange.base, &exchange.headers))
}

/// Whoever was at this variant found that responses differ by other fields: look there before calling the handler.
fn is_outdated(exchange: &Exchange, known: Option<&Varies>) -> bool {
    known.is_some_and(|known| !known.is_same(Varies::of(exchange.cache(), &exchange.base).as_deref()))
}
