//! From a request to its stored response, or to the duty to call the handler: one look, and if need be a wait for
//! others who are at it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use easy_cache_core::{Computation, Joined};
use easy_cache_http::{ByteRange, Forward, RequestFacts, Reuse};
use http::HeaderMap;

use crate::exchange::{Exchange, Task};
use crate::key;
use crate::layer::Settings;
use crate::stored::{Hit, Value, Varies};

/// How often a request starts over because the fields that tell variants apart changed while it waited.
const DETOURS: usize = 4;

/// What a single look finds.
pub(crate) enum Held {
    /// With its place, where that is not the key of the URI.
    Response(Hit, Option<Vec<u8>>),
    /// Responses for this key are not to be waited for.
    Unshared(Forward),
    Nothing(Forward),
}

/// One look, or two where there are variants. Waits for nobody.
pub(crate) fn look(settings: &Settings, base: &[u8], headers: &HeaderMap) -> Held {
    match settings.cache.look(base).map(Value::of) {
        None => Held::Nothing(Forward::UriMiss),
        Some(Value::Response(hit)) => Held::Response(hit, None),
        Some(Value::Unshared) => Held::Unshared(Forward::UriMiss),
        Some(Value::Varies(varies)) => {
            let place = varies.key(base, &settings.policy, headers);
            match settings.cache.look(&place).map(Value::of) {
                Some(Value::Response(hit)) => Held::Response(hit, Some(place)),
                Some(Value::Unshared | Value::Varies(_)) => Held::Unshared(Forward::VaryMiss),
                None => Held::Nothing(Forward::VaryMiss),
            }
        }
    }
}

/// The part that is kept of a URI, if what is asked for lies inside it.
pub(crate) fn look_for_part(
    settings: &Settings,
    base: &[u8],
    facts: &RequestFacts,
    headers: &HeaderMap,
) -> Option<Hit> {
    let range = ByteRange::of(headers).filter(|_| facts.range && settings.policy.keeps_parts())?;
    let Value::Response(hit) = Value::of(settings.cache.look(key::part(base))?) else { return None };
    let terms = &hit.response.terms;
    let part = terms.part?;
    let holds = part.offset_of(range.within(part.total())).is_some() && terms.validators.allow_range(headers);
    (holds && hit.is_served(facts, &settings.policy)).then_some(hit)
}

/// Where a wait ends.
pub(crate) enum Arrival {
    Found(Box<Exchange>, Hit),
    Compute(Box<Task>),
}

/// A request that waits for its turn.
pub(crate) type Arriving = Pin<Box<dyn Future<Output = Arrival> + Send>>;

/// Waits for those who are at the same key, if there are any.
pub(crate) async fn arrive(exchange: Box<Exchange>, stale: Option<Vec<u8>>) -> Arrival {
    match stale {
        Some(place) => arrive_at_stale(exchange, place).await,
        None => arrive_at_nothing(exchange).await,
    }
}

async fn arrive_at_nothing(mut exchange: Box<Exchange>) -> Arrival {
    let settings = Arc::clone(&exchange.settings);
    let mut known: Option<Arc<Varies>> = None;
    for _ in 0..DETOURS {
        let key = key_of(&exchange, known.as_deref());
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
                Value::Response(hit) => return arrive_at_response(exchange, hit, key),
                Value::Unshared => return Arrival::Compute(Task::alone(*exchange, key)),
            },
        }
    }
    let key = key_of(&exchange, known.as_deref());
    Arrival::Compute(Task::alone(*exchange, key))
}

/// Somebody else stored it meanwhile. If it has to be asked about, that is everybody's own affair: a response that never
/// answers without asking is not waited for.
fn arrive_at_response(exchange: Box<Exchange>, hit: Hit, place: Vec<u8>) -> Arrival {
    match hit.reuse(&exchange.facts, &exchange.settings.policy) {
        Reuse::Stale | Reuse::Unwanted => {
            let task = Task::alone(*exchange, place.clone());
            Arrival::Compute(task.with_previous(place))
        }
        Reuse::Declined => Arrival::Compute(Task::alone(*exchange, place)),
        _ => Arrival::Found(exchange, hit),
    }
}

/// One of those who find a response stale asks about it; the others wait for what comes of that.
async fn arrive_at_stale(exchange: Box<Exchange>, place: Vec<u8>) -> Arrival {
    let settings = Arc::clone(&exchange.settings);
    let key = key::refresh(&place);
    let Joined::Compute(computation) = settings.recordings.follow(&key, settings.cache.join(&key)).await else {
        return Arrival::Compute(Task::alone(*exchange, key).with_previous(place));
    };
    match settings.cache.look(&place).map(Value::of) {
        Some(Value::Response(hit)) if hit.is_served(&exchange.facts, &settings.policy) => {
            computation.scatter(); // and so do all others who waited
            Arrival::Found(exchange, Hit { waited: true, ..hit })
        }
        _ => Arrival::Compute(Task::new(*exchange, computation, key).with_previous(place)),
    }
}

/// The lead among those who find a response stale, if nobody has it. Does not wait.
pub(crate) fn lead_refresh(settings: &Settings, place: &[u8]) -> Option<(Computation, Vec<u8>)> {
    let key = key::refresh(place);
    let mut joining = settings.cache.join(&key);
    match Pin::new(&mut joining).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Joined::Compute(computation)) => {
            drop(joining);
            Some((computation, key))
        }
        Poll::Ready(Joined::Found(_)) | Poll::Pending => None,
    }
}

fn key_of(exchange: &Exchange, known: Option<&Varies>) -> Vec<u8> {
    known.map_or_else(
        || exchange.base.clone(),
        |varies| varies.key(&exchange.base, &exchange.settings.policy, &exchange.headers),
    )
}

/// Whoever was at this variant found that responses differ by other fields: look there before calling the handler.
fn is_outdated(exchange: &Exchange, known: Option<&Varies>) -> bool {
    known.is_some_and(|known| !known.is_same(Varies::of(exchange.cache(), &exchange.base).as_deref()))
}
