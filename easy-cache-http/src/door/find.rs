//! From a request to its stored response, or to the duty to call the handler: one look, and if need be a wait for
//! others who are at it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{ByteRange, Forward, Headers, RequestFacts};
use bytes::Bytes;
use easy_cache_core::Joined;
use http::Response;

use super::afar;
use super::exchange::{Exchange, Task};
use super::key;
use super::pass::Passage;
use super::settings::Settings;
use super::stored::{self, Hit, Value, Varies};

/// How often a request starts over because the fields that tell variants apart changed while it waited.
pub(crate) const DETOURS: usize = 4;

/// What a single look finds.
pub(crate) enum Held {
    /// With its place, where that is not the key of the URI.
    Response(Hit, Option<Vec<u8>>),
    /// Something that is none of ours: not to be waited for.
    Foreign(Forward),
    /// With the variant that is missing, where there are variants.
    Nothing(Forward, Option<Variant>),
}

/// A variant of a URI: its place, and the note that leads there.
pub(crate) struct Variant {
    pub(crate) place: Vec<u8>,
    pub(crate) varies: Arc<Varies>,
}

/// One look, or two where there are variants. Waits for nobody.
pub(crate) fn look<H: Headers + ?Sized>(settings: &Settings, base: &[u8], headers: &H) -> Held {
    match settings.cache.look(base).map(Value::of) {
        None => Held::Nothing(Forward::UriMiss, None),
        Some(Value::Response(hit)) if hit.is_over() => Held::Nothing(Forward::UriMiss, None),
        Some(Value::Response(hit)) => Held::Response(hit, None),
        Some(Value::Foreign) => Held::Foreign(Forward::UriMiss),
        Some(Value::Varies(varies)) => {
            let place = varies.key(base, &settings.policy, headers);
            match settings.cache.look(&place).map(Value::of) {
                Some(Value::Response(hit)) if hit.is_over() => {
                    Held::Nothing(Forward::VaryMiss, Some(Variant { place, varies }))
                }
                Some(Value::Response(hit)) => Held::Response(hit, Some(place)),
                Some(Value::Foreign | Value::Varies(_)) => Held::Foreign(Forward::VaryMiss),
                None => Held::Nothing(Forward::VaryMiss, Some(Variant { place, varies })),
            }
        }
    }
}

/// The part that is kept of a URI, if what is asked for lies inside it.
pub(crate) fn look_for_part<H: Headers + ?Sized>(
    settings: &Settings,
    base: &[u8],
    facts: &RequestFacts,
    headers: &H,
) -> Option<Hit> {
    if !facts.range || !settings.policy.keeps_parts() {
        return None;
    }
    holds_part(settings, facts, headers, Value::of(settings.cache.look(key::part(base))?))
}

/// A part, if what is asked for lies inside it.
pub(crate) fn holds_part<H: Headers + ?Sized>(
    settings: &Settings,
    facts: &RequestFacts,
    headers: &H,
    value: Value,
) -> Option<Hit> {
    let range = ByteRange::of(headers)?;
    let Value::Response(hit) = value else { return None };
    let terms = &hit.response.terms;
    let part = terms.part?;
    let holds = part.was_sent_for(range) || part.offset_of(range.within(part.total())).is_some();
    let is_meant = terms.validators.allow_range(headers);
    (holds && is_meant && hit.is_served(facts, &settings.policy)).then_some(hit)
}

/// Where a wait ends.
#[derive(Debug)]
pub enum Arrival {
    /// With a stored response: see [`Exchange::answer`].
    Found(Box<Exchange>, Hit),
    /// At the handler.
    Compute(Box<Task>),
    /// With an answer.
    Answer(Response<Bytes>),
    /// With an answer, and at the handler behind it.
    Behind(Response<Bytes>, Box<Task>),
    /// At the handler, whose response is not stored.
    Pass(Passage),
}

/// A request that waits for its turn.
pub type Arriving = Pin<Box<dyn Future<Output = Arrival> + Send>>;

/// Waits for those who are at the same key, if there are any. What is stored there, and may not be served as it is, one of
/// them asks about; the others wait for what comes of that.
///
/// Where responses are kept in a store outside the process, the first look is made here as well.
pub fn arrive(exchange: Box<Exchange>) -> Arriving {
    match exchange.settings.shelf() {
        Some(shelf) => Box::pin(afar::arrive(shelf, exchange)),
        None => Box::pin(wait(exchange)),
    }
}

async fn wait(mut exchange: Box<Exchange>) -> Arrival {
    let settings = Arc::clone(&exchange.settings);
    let facts = exchange.facts;
    let mut known: Option<Arc<Varies>> = None;
    for _ in 0..DETOURS {
        let key = key_of(&exchange, known.as_deref());
        let joining = settings.cache.join(&key).accept(|stored| stored::is_accepted(stored, &facts, &settings.policy));
        match settings.recordings.follow(&key, joining).await {
            Joined::Compute(computation) if is_outdated(&exchange, known.as_deref()) => {
                computation.scatter();
                known = None;
            }
            Joined::Compute(computation) => {
                return Arrival::Compute(Task::new(*exchange, computation, Some(key.clone())).with_previous(key));
            }
            Joined::Found(stored) => match Value::of(stored) {
                Value::Varies(varies) => {
                    if exchange.forward == Forward::UriMiss {
                        exchange.forward = Forward::VaryMiss;
                    }
                    known = Some(varies);
                }
                Value::Response(hit) => return Arrival::Found(exchange, hit),
                Value::Foreign => return Arrival::Compute(Task::alone(*exchange, Some(key))),
            },
        }
    }
    let key = key_of(&exchange, known.as_deref());
    Arrival::Compute(Task::alone(*exchange, Some(key)))
}

pub(crate) fn key_of(exchange: &Exchange, known: Option<&Varies>) -> Vec<u8> {
    known.map_or_else(
        || exchange.base.clone(),
        |varies| varies.key(&exchange.base, &exchange.settings.policy, &exchange.headers),
    )
}

/// Whoever was at this variant found that responses differ by other fields: look there before calling the handler.
fn is_outdated(exchange: &Exchange, known: Option<&Varies>) -> bool {
    known.is_some_and(|known| !known.is_in_place(exchange.cache(), &exchange.base))
}
